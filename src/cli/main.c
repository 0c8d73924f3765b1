#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli.h"
#include "suggest.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"run", "the whole pipeline in one command", swapci_cmd_run},
    {"signer", "reads messages, signs them, writes them to the ring", swapci_cmd_signer},
    {"verifier", "takes signed messages off the ring and stores verdicts", swapci_cmd_verifier},
    {"generate", "adds messages to the stream", swapci_cmd_generate},
    {"bench", "measures engines against native code", swapci_cmd_bench},
    {"call", "calls one operation of a module", swapci_cmd_call},
    {"inspect", "shows what a module is and imports", swapci_cmd_inspect},
    {"module", "makes, checks, signs, lists, swaps and rolls back modules", swapci_cmd_module},
    {"dead", "lists, gives back or drops messages that were given up", swapci_cmd_dead},
    {"status", "asks a running process how it is", swapci_cmd_status},
    {"conformance", "runs the waPC conformance suite on an engine", swapci_cmd_conformance},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int help(void) {
    printf("usage: swapc COMMAND [options]\n\n"
           "Moves signed messages through hot-swappable WebAssembly modules.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-12s %s\n", commands[i].name, commands[i].summary);
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
    struct swapci_suggestion suggestion = {.word = argv[0]};
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) return commands[i].run(argc, argv);
        swapci_suggest_offer(&suggestion, commands[i].name);
    }
    return swapci_cli_usage("swapc", "no command is called \"%s\"%s", argv[0],
                            swapci_suggest_text(&suggestion));
}

static int help_on(char *command) {
    static char option[] = "--help";
    char *argv[] = {command, option, NULL};
    return run_command(2, argv);
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) return swapci_cli_usage("swapc", "which command?");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return argc == 2 ? help() : help_on(argv[2]);
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
    return deliver(dispatch(argc, argv));
}
