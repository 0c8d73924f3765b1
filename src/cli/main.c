#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "embedded.h"

/* docs/WORDS.txt, by cmake/Embed.cmake. */
extern const struct swapci_embedded swapci_glossary[];

enum { HELP_WORDS_MAX = 2 };

static int help(void) {
    printf("usage: swapc COMMAND [options]\n\n"
           "Moves signed messages through hot-swappable WebAssembly modules: swapc run\n"
           "shows all of it in a second, swapc help words says what the words mean.\n\n");
    swapci_commands_list(swapci_commands);
    printf("  %-12s %s\n\nexample:\n  swapc run --messages 1024 --method random\n", "--version",
           "versions of swapc and its engines");
    return SWAPCI_EXIT_OK;
}

/* A closed one would be given to a file or socket of ours, which stray output would then damage. Before
 * main and before the constructors of libraries, since gRPC's opens a descriptor. */
static void occupy_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const first_of_all)(void) = occupy_standard_descriptors;

static int run_command(int argc, char **argv) {
    return swapci_commands_run(swapci_commands, "swapc", argc, argv);
}

/* "help words", or of a command, "help module swap". */
static int help_on(int argc, char **argv) {
    static char option[] = "--help";
    char *words[HELP_WORDS_MAX + 2] = {argv[0]};
    if (argc == 1 && strcmp(argv[0], "words") == 0) {
        fwrite(swapci_glossary->bytes, 1, swapci_glossary->len, stdout);
        return SWAPCI_EXIT_OK;
    }
    if (argc > HELP_WORDS_MAX)
        return swapci_cli_usage("swapc", "help takes the name of a command, not also \"%s\"",
                                argv[HELP_WORDS_MAX]);
    for (int i = 1; i < argc; i++) words[i] = argv[i];
    words[argc] = option;
    return run_command(argc + 1, words);
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) return swapci_cli_usage("swapc", "which command?");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return argc == 2 ? help() : help_on(argc - 2, argv + 2);
    if (strcmp(argv[1], "--version") == 0) return swapci_cmd_version(argc - 1, argv + 1);
    return run_command(argc - 1, argv + 1);
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

int main(int argc, char **argv) {
    signal(SIGXFSZ,
           SIG_IGN); /* a file that `ulimit -f` does not let grow is an error of its writer's */
    prctl(PR_SET_NAME, "swapc"); /* a child that was started as /proc/self/exe is called "exe" */
    swapci_options_each = swapci_commands_each;
    return deliver(dispatch(argc, argv));
}
