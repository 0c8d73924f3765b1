/* What is shared: nothing. The threads' default stack is set here, before there are any. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "c_stack.h"
#include "cli.h"
#include "commands.h"
#include "fail_point.h"

/* A closed one would be given to a file or socket of ours, which stray output would then damage. Before
 * main and before the constructors of libraries, since gRPC's opens a descriptor. Standard output is opened so that
 * it cannot be written to: results that nobody gets are a failure, as on a disk that is full. */
static void occupy_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const first_of_all)(void) = occupy_standard_descriptors;

static int dispatch(int argc, char **argv) {
    if (argc < 2)
        return swapci_cli_usage("swapc",
                                "which command? swapc run shows all of it, swapc help lists them");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return swapci_cmd_help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) return swapci_cmd_version(argc - 1, argv + 1);
    return swapci_commands_run(swapci_commands, "swapc", argc - 1, argv + 1);
}

/* Results that did not arrive are a failure, whatever was done for them. */
static int deliver(int exit_status) {
    errno = 0;
    bool delivered = fflush(stdout) == 0 && !ferror(stdout);
    if (delivered || exit_status != SWAPCI_EXIT_OK) return exit_status;
    fprintf(stderr, "swapc: cannot write to standard output%s%s: the results are not complete\n",
            errno ? ": " : "", errno ? strerror(errno) : "");
    return SWAPCI_EXIT_FAILED;
}

/* What a thread gets that asks for no size: gRPC's, too. */
#define THREAD_STACK ((size_t)2 * 1024 * 1024)

/* A shell's `ulimit -s` is the size of the first thread's stack and, unless somebody says otherwise, of each
 * later one's; gRPC's C core takes more than 64 KiB. So we say otherwise. */
static void give_threads_stack(void) {
    pthread_attr_t attributes;
    size_t size;
    if (pthread_getattr_default_np(&attributes) != 0) return;
    if (pthread_attr_getstacksize(&attributes, &size) == 0 && size < THREAD_STACK &&
        pthread_attr_setstacksize(&attributes, THREAD_STACK) == 0)
        (void)pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

struct command_line {
    int argc, exit_status;
    char **argv;
};

static void run(void *user) {
    struct command_line *line = user;
    line->exit_status = deliver(dispatch(line->argc, line->argv));
}

int main(int argc, char **argv) {
    struct command_line line = {.argc = argc, .exit_status = SWAPCI_EXIT_FAILED, .argv = argv};
    swapci_fail_point(SWAPCI_FAIL_before_command);
    signal(SIGXFSZ,
           SIG_IGN); /* a file that `ulimit -f` does not let grow is an error of its writer's */
    prctl(PR_SET_NAME, "swapc"); /* a child that was started as /proc/self/exe is called "exe" */
    swapci_options_each = swapci_commands_each;
    give_threads_stack();
    swapci_c_stack_must(SWAPCI_C_STACK_LOAD, run, &line);
    return line.exit_status;
}
