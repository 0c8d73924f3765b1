#include "cli.h"
#include "cmd_module.h"
#include "commands.h"

const struct swapci_command swapci_module_commands[] = {
    {"new", "writes a guest to start from", swapci_cmd_module_new, NULL, SWAPCI_ENDS_BY_SIGNAL},
    {"check", "checks a bundle whole: files, signature, imports, engines, self-test",
     swapci_cmd_module_check, NULL, SWAPCI_ENDS_BY_SIGNAL},
    {"keygen", "makes a key pair to sign with", swapci_cmd_module_keygen, NULL,
     SWAPCI_ENDS_BY_SIGNAL},
    {"sign", "writes a bundle's digests and signs it", swapci_cmd_module_sign, NULL,
     SWAPCI_ENDS_BY_SIGNAL},
    {"list", "the modules of a running process", swapci_cmd_module_list, NULL,
     SWAPCI_ENDS_BY_SIGNAL},
    {"swap", "has a running process take another module", swapci_cmd_module_swap, NULL,
     SWAPCI_ENDS_BY_SIGNAL},
    {"rollback", "goes back to the module before, or admits an older version",
     swapci_cmd_module_rollback, NULL, SWAPCI_ENDS_BY_SIGNAL},
    {.name = NULL},
};

static int help(void) {
    printf("usage: swapc module COMMAND [options]\n\n"
           "Makes, checks and signs bundles, and swaps them in running processes.\n\n");
    swapci_commands_list(swapci_module_commands);
    printf(
        "\nexample:\n  swapc module swap schnorr ./schnorr-1.2 --target unix:/run/verifier.sock\n");
    return SWAPCI_EXIT_OK;
}

int swapci_cmd_module(int argc, char **argv) {
    if (argc < 2)
        return swapci_cli_usage("swapc module", "which command? %s",
                                "new, check, keygen, sign, list, swap or rollback");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return help();
    return swapci_commands_run(swapci_module_commands, "swapc module", argc - 1, argv + 1);
}
