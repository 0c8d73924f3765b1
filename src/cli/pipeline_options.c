#include "pipeline_options.h"

#include <string.h>

#include "cli.h"

const char *const swapci_method_choices[] = {"schnorr", "ecdsa", "random", NULL};
const char *const swapci_swap_choices[] = {"none", "warm", "disk", "cold", NULL};

enum swapc_status swapci_pipeline_modules(const char *method, char paths[SWAPCI_METHODS][4096],
                                          swapci_judges_config *config, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (int m = 0; m < SWAPCI_METHODS && status == SWAPC_OK; m++) {
        const char *name = swapci_method_name((enum swapci_method)m);
        if (strcmp(method, "random") != 0 && strcmp(method, name) != 0)
            continue;
        status = swapci_cli_module_path(name, paths[m], 4096, error);
        config->paths[m] = paths[m];
    }
    return status;
}

enum swapc_status swapci_pipeline_swap(const char *swap, const char *method,
                                       swapci_judges_config *config, swapc_error *error) {
    config->every_message = strcmp(method, "random") != 0;
    if (strcmp(swap, "disk") == 0)
        return swapc_error_set(error, SWAPC_INVALID,
                               "--swap disk is not built yet; none, warm and cold are");
    config->swap = strcmp(swap, "warm") == 0   ? SWAPCI_SWAP_WARM
                   : strcmp(swap, "cold") == 0 ? SWAPCI_SWAP_COLD
                                               : SWAPCI_SWAP_NONE;
    return SWAPC_OK;
}
