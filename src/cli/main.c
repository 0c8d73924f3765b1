#include <stdlib.h>
#include <sys/prctl.h>

#include "cli.h"

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
    {"status", "asks a running process how it is", swapci_cmd_status},
    {"conformance", "runs the waPC conformance suite on an engine",
     swapci_cmd_conformance},
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

int main(int argc, char **argv) {
    prctl(PR_SET_NAME, "swapc"); /* a child that was started as /proc/self/exe is called "exe" */
    if (argc < 2)
        return swapci_cli_usage("swapc", "which command?");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help();
    if (strcmp(argv[1], "--version") == 0)
        return swapci_cmd_version(argc - 1, argv + 1);
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return swapci_cli_usage("swapc", "no command is called \"%s\"", argv[1]);
}
