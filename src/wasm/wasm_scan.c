#include "wasm_scan.h"

struct text {
    char *at;
    size_t used;
};

/* Leaves room for the dots and the NUL; after the dots nothing more is added. */
static void append(struct text *text, char letter) {
    if (text->used + 4 < SWAPCI_WASM_SIGNATURE_MAX) {
        text->at[text->used++] = letter;
    } else if (text->at[text->used - 1] != '.') {
        memcpy(text->at + text->used, "...", 3);
        text->used += 3;
    }
}

/* Spells the type; one that is not there leaves "?", which matches nothing. */
static void spell(const struct swapci_wasm_type *type, char *out) {
    struct text text = {out, 0};
    if (!type) append(&text, '?');
    for (uint32_t i = 0; type && i < type->param_count; i++)
        append(&text, swapci_wasm_letter(type->params[i]));
    if (type && type->result_count > 0) append(&text, ':');
    for (uint32_t i = 0; type && i < type->result_count; i++)
        append(&text, swapci_wasm_letter(type->results[i]));
    out[text.used] = '\0';
}

struct scan {
    const struct swapci_wasm_module *m;
    swapci_wasm_item_fn fn;
    void *user;
    swapc_error *error;
};

static enum swapc_status damaged(struct scan *s, unsigned id) {
    return swapc_error_set(s->error, SWAPC_MODULE_MALFORMED,
                           "truncated or damaged in section %u at byte %zu: build or copy it again",
                           id, swapci_wasm_place(s->m, s->m->sections[id].at));
}

static enum swapc_status scan_imports(struct scan *s) {
    struct swapci_wasm_reader r = s->m->sections[SWAPCI_WASM_IMPORTS];
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = r.at ? swapci_wasm_count(&r) : 0; n > 0 && status == SWAPC_OK; n--) {
        struct swapci_wasm_import import;
        swapci_wasm_read_import(&r, &import);
        struct swapci_wasm_item item = {.import = true,
                                        .module = import.module,
                                        .name = import.name,
                                        .kind = (enum swapci_wasm_kind)import.kind};
        if (item.kind == SWAPCI_WASM_FUNCTION)
            spell(swapci_wasm_type_at(s->m, import.type_index), item.signature);
        if (item.kind == SWAPCI_WASM_MEMORY) item.pages_min = import.table.limits.min;
        status = s->fn(&item, s->user, s->error);
    }
    return status;
}

static enum swapc_status scan_exports(struct scan *s) {
    struct swapci_wasm_reader r = s->m->sections[SWAPCI_WASM_EXPORTS];
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = r.at ? swapci_wasm_count(&r) : 0; n > 0 && status == SWAPC_OK; n--) {
        struct swapci_wasm_item item = {.import = false};
        item.name = swapci_wasm_name(&r);
        item.kind = (enum swapci_wasm_kind)swapci_wasm_byte(&r);
        uint32_t index = swapci_wasm_u32(&r);
        if (r.bad) return damaged(s, SWAPCI_WASM_EXPORTS);
        if (item.kind == SWAPCI_WASM_FUNCTION)
            spell(swapci_wasm_function_type(s->m, index), item.signature);
        if (item.kind == SWAPCI_WASM_MEMORY && index < s->m->memory_count)
            item.pages_min = s->m->memories[index].min;
        status = s->fn(&item, s->user, s->error);
    }
    return status != SWAPC_OK || r.at == r.end ? status : damaged(s, SWAPCI_WASM_EXPORTS);
}

enum swapc_status swapci_wasm_scan_module(const struct swapci_wasm_module *module,
                                          swapci_wasm_item_fn fn, void *user, swapc_error *error) {
    struct scan s = {module, fn, user, error};
    enum swapc_status status = scan_imports(&s);
    return status == SWAPC_OK ? scan_exports(&s) : status;
}

enum swapc_status swapci_wasm_scan(swapc_bytes bytes, swapci_wasm_item_fn fn, void *user,
                                   swapc_error *error) {
    struct swapci_wasm_module m;
    enum swapc_status status = swapci_wasm_module_read(&m, bytes, error);
    if (status != SWAPC_OK) return status;
    status = swapci_wasm_scan_module(&m, fn, user, error);
    swapci_wasm_module_fini(&m);
    return status;
}
