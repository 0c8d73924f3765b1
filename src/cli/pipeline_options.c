#include "pipeline_options.h"

#include <string.h>

#include "cli.h"

const char *const swapci_method_choices[] = {"schnorr", "ecdsa", "random", NULL};
/* In the order of enum swapci_swap_mode. */
const char *const swapci_swap_choices[] = {"none", "warm", "disk", "cold", NULL};

enum swapc_status swapci_pipeline_modules(const char *method, char paths[SWAPCI_METHODS][4096],
                                          swapci_judges_config *config, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (int m = 0; m < SWAPCI_METHODS && status == SWAPC_OK; m++) {
        const char *name = swapci_method_name((enum swapci_method)m);
        if (strcmp(method, "random") != 0 && strcmp(method, name) != 0) continue;
        status = swapci_cli_module_path(name, paths[m], 4096, error);
        config->paths[m] = paths[m];
    }
    return status;
}

void swapci_pipeline_swap(const char *swap, const char *method, swapci_judges_config *config) {
    config->every_message = strcmp(method, "random") != 0;
    config->swap = SWAPCI_SWAP_NONE;
    for (int mode = 0; swapci_swap_choices[mode]; mode++)
        if (strcmp(swap, swapci_swap_choices[mode]) == 0)
            config->swap = (enum swapci_swap_mode)mode;
}
