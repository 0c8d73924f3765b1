#include "cli.h"

int swapci_cmd_version(int argc, char **argv) {
    if (argc > 1)
        return swapci_cli_usage("swapc", "--version takes nothing more, not \"%s\"", argv[1]);
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    printf("swapc %s\n", swapc_version());
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        printf("  %-10s %s\n", info.name, info.built ? info.version : "not in this build");
    return SWAPCI_EXIT_OK;
}
