#include "cli.h"
#include "cmd_module.h"
#include "suggest.h"

struct verb {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
    {"new", "writes a guest to start from", swapci_cmd_module_new},
    {"check", "checks a bundle whole: files, signature, imports, engines, self-test",
     swapci_cmd_module_check},
    {"keygen", "makes a key pair to sign with", swapci_cmd_module_keygen},
    {"sign", "writes a bundle's digests and signs it", swapci_cmd_module_sign},
    {"list", "the modules of a running process", swapci_cmd_module_list},
    {"swap", "has a running process take another module", swapci_cmd_module_swap},
    {"rollback", "goes back to the module before, or admits an older version",
     swapci_cmd_module_rollback},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

static int help(void) {
    printf("usage: swapc module COMMAND [options]\n\n"
           "Makes, checks and signs bundles, and swaps them in running processes.\n\n");
    for (int i = 0; i < VERBS; i++) printf("  %-12s %s\n", verbs[i].name, verbs[i].summary);
    printf(
        "\nexample:\n  swapc module swap schnorr ./schnorr-1.2 --target unix:/run/verifier.sock\n");
    return SWAPCI_EXIT_OK;
}

int swapci_cmd_module(int argc, char **argv) {
    if (argc < 2) return swapci_cli_usage("swapc module", "which command?");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return help();
    struct swapci_suggestion suggestion = {.word = argv[1]};
    for (int i = 0; i < VERBS; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) return verbs[i].run(argc - 1, argv + 1);
        swapci_suggest_offer(&suggestion, verbs[i].name);
    }
    return swapci_cli_usage("swapc module", "no command is called \"%s\"%s", argv[1],
                            swapci_suggest_text(&suggestion));
}
