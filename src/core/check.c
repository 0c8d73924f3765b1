#include "check.h"

#include "ceilings.h"
#include "imports.h"
#include "wasm_scan.h"

const char *const swapci_init_exports[] = {"_start", "_initialize", "wapc_init", NULL};

struct seen {
    bool memory;
    bool guest_call;
};

/* A name out of the module as one line of text: it may hold anything. */
enum { NAME_SHOWN = 128 };

static const char *shown(swapc_bytes name, char out[NAME_SHOWN + 1]) {
    size_t len = name.len < NAME_SHOWN ? name.len : NAME_SHOWN;
    for (size_t i = 0; i < len; i++)
        out[i] = name.ptr[i] < 0x20 || name.ptr[i] >= 0x7f ? '?' : (char)name.ptr[i];
    out[len] = '\0';
    return out;
}

static enum swapc_status check_import(const struct swapci_wasm_item *item, swapc_error *error) {
    char module[NAME_SHOWN + 1], name[NAME_SHOWN + 1];
    const swapc_import *row = swapci_imports_find(item->module, item->name);
    if (!row || item->kind != SWAPCI_WASM_FUNCTION)
        return swapc_error_set(error, SWAPC_MODULE_IMPORT,
                               "the module imports %s.%s, which this host does not have: it "
                               "offers the functions of waPC and a WASI subset",
                               shown(item->module, module), shown(item->name, name));
    if (strcmp(row->signature, item->signature) != 0)
        return swapc_error_set(error, SWAPC_MODULE_IMPORT,
                               "the module imports %s.%s as \"%s\"; its type is \"%s\" "
                               "(i: i32, I: i64, result after the colon)",
                               row->module, row->name, item->signature, row->signature);
    return SWAPC_OK;
}

static bool named(const struct swapci_wasm_item *item, const char *name) {
    return swapc_bytes_equal(item->name, swapc_bytes_str(name));
}

static enum swapc_status check_export(const struct swapci_wasm_item *item, struct seen *seen,
                                      swapc_error *error) {
    if (named(item, "memory") && item->kind == SWAPCI_WASM_MEMORY) seen->memory = true;
    if (named(item, "__guest_call")) {
        if (strcmp(item->signature, "ii:i") != 0)
            return swapc_error_set(
                error, SWAPC_MODULE_EXPORT,
                "__guest_call is not a function (i32, i32) -> i32: build it as a waPC "
                "guest");
        seen->guest_call = true;
    }
    for (const char *const *init = swapci_init_exports; *init; init++)
        if (named(item, *init) &&
            (item->kind != SWAPCI_WASM_FUNCTION || item->signature[0] != '\0'))
            return swapc_error_set(
                error, SWAPC_MODULE_EXPORT,
                "%s is not a function () -> (): give it that type, or do not export it", *init);
    return SWAPC_OK;
}

static enum swapc_status check_item(const struct swapci_wasm_item *item, void *user,
                                    swapc_error *error) {
    return item->import ? check_import(item, error) : check_export(item, user, error);
}

static enum swapc_status check_exports(const struct seen *seen, swapc_error *error) {
    if (!seen->guest_call)
        return swapc_error_set(error, SWAPC_MODULE_EXPORT,
                               "the module does not export __guest_call: build it as a waPC guest");
    if (!seen->memory)
        return swapc_error_set(error, SWAPC_MODULE_EXPORT,
                               "the module does not export memory: build it as a waPC guest");
    return SWAPC_OK;
}

enum swapc_status swapci_check_wasm(swapc_bytes bytes, uint64_t compile_ms,
                                    struct swapci_wasm_work *work, swapc_error *error) {
    struct seen seen = {false, false};
    struct swapci_wasm_module module;
    enum swapc_status status = swapci_wasm_module_read(&module, bytes, error);
    if (status != SWAPC_OK) return status;
    status = swapci_wasm_scan_module(&module, check_item, &seen, error);
    if (status == SWAPC_OK) status = check_exports(&seen, error);
    if (status == SWAPC_OK) status = swapci_wasm_check_ceilings(&module, compile_ms, work, error);
    swapci_wasm_module_fini(&module);
    return status;
}
