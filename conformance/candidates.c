#include "candidates.h"

#include <stdio.h>

static enum swapc_status load_flavours(swapc_host *host, const char *path,
                                       const swapc_engine_info *engine,
                                       struct swapci_candidates *out, swapc_error *error) {
    for (const char *const *flavour = engine->flavours; *flavour; flavour++) {
        swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
        options.engine = engine->name;
        options.flavour = *flavour;
        swapc_error said = SWAPC_ERROR_INIT;
        if (out->count == SWAPCI_CANDIDATES_MAX) return SWAPC_OK;
        enum swapc_status status =
            swapc_module_load(host, path, &options, &out->module[out->count], &said);
        if (status == SWAPC_OK) out->count++;
        else if (status != SWAPC_NO_FLAVOUR) return swapc_error_set(error, status, "%s", said.text);
    }
    return SWAPC_OK;
}

enum swapc_status swapci_candidates_load(swapc_host *host, const char *folder, const char *bundle,
                                         const char *engine, struct swapci_candidates *out,
                                         swapc_error *error) {
    char path[4096];
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    enum swapc_status status = SWAPC_OK;
    snprintf(path, sizeof path, "%s/%s", folder, bundle);
    out->count = 0;
    for (unsigned i = 0; status == SWAPC_OK && swapc_engine_at(i, &info); i++)
        if (info.built && (!engine || strcmp(engine, info.name) == 0))
            status = load_flavours(host, path, &info, out, error);
    if (status == SWAPC_OK && out->count == 0)
        status = swapc_error_set(error, SWAPC_NO_ENGINE, "%s runs on no engine asked for", path);
    if (status != SWAPC_OK) swapci_candidates_fini(out);
    return status;
}

void swapci_candidates_fini(struct swapci_candidates *candidates) {
    for (size_t i = 0; i < candidates->count; i++) swapc_module_release(candidates->module[i]);
    candidates->count = 0;
}
