#include "wasm3_scan.h"

#include "wasm3_body.h"

#define RESULTS_MAX 16
#define LOOPS_MAX 500
#define COUNT_MAX 100000 /* of types and functions: wasm3's own ceiling */

struct scan {
    struct swapci_wasm_module m;
    struct swapci_wasm_stack stack;
    struct swapci_wasm3_shape *out;
    uint32_t shift;
    swapc_error *error;
};

static enum swapc_status unsupported(struct scan *s, const char *what) {
    return swapc_error_set(s->error, SWAPC_UNSUPPORTED,
                           "the module uses %s, which wasm3 does not have; build an mvp flavour of "
                           "it",
                           what);
}

static enum swapc_status damaged(struct scan *s) {
    return swapc_error_set(s->error, SWAPC_MODULE_MALFORMED,
                           "not a whole wasm module; build or copy it again");
}

static enum swapc_status scan_declared(struct scan *s) {
    if (s->m.type_count > COUNT_MAX) return unsupported(s, "more than 100000 types");
    if (s->m.function_count > COUNT_MAX) return unsupported(s, "more than 100000 functions");
    for (uint32_t i = 0; i < s->m.type_count; i++)
        if (s->m.types[i].result_count > RESULTS_MAX)
            return unsupported(s, "a function type with more than 16 results");
    if (s->m.memory_count != 1) return unsupported(s, "other than one memory");
    if (s->m.memories[0].min > 65536) return damaged(s);
    s->out->pages_min = (uint32_t)s->m.memories[0].min;
    uint64_t most = s->m.memories[0].max;
    s->out->pages_max = most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
    return SWAPC_OK;
}

/* wasm3 grows the table to whatever an element segment asks for, be it gigabytes. */
static enum swapc_status scan_elements(struct scan *s) {
    struct swapci_wasm_reader r = s->m.sections[SWAPCI_WASM_ELEMENTS];
    uint64_t entries = s->m.table_count > 0 ? s->m.tables[0].limits.min : 0;
    for (uint32_t n = r.at ? swapci_wasm_count(&r) : 0; n > 0 && !r.bad; n--) {
        struct swapci_wasm_instruction in, end;
        swapci_wasm_u32(&r); /* 0: active, of the first table */
        swapci_wasm_instruction_read(&r, &s->m, &in);
        swapci_wasm_instruction_read(&r, &s->m, &end);
        if (!r.bad && in.code != SWAPCI_WASM_OP_I32_CONST)
            return unsupported(s, "an element segment whose place is no constant");
        uint32_t count = swapci_wasm_count(&r);
        if (!r.bad && (count > entries || (uint32_t)in.value > entries - count))
            return swapc_error_set(s->error, SWAPC_MODULE_MALFORMED,
                                   "an element segment does not fit its table; build the module "
                                   "anew");
        for (; count > 0 && !r.bad; count--) swapci_wasm_u32(&r);
    }
    return r.bad ? damaged(s) : SWAPC_OK;
}

static enum swapc_status report_body(struct scan *s, uint32_t function, enum swapc_status status,
                                     uint32_t loops) {
    if (status == SWAPC_NO_MEMORY)
        return swapc_error_set(s->error, status, "no memory to read the module");
    if (status == SWAPC_UNSUPPORTED)
        return swapc_error_set(s->error, status,
                               "function %u keeps more values at once than wasm3 holds (%d); split "
                               "it or use another engine",
                               function, SWAPCI_WASM3_VALUES);
    if (status == SWAPC_OK && loops > LOOPS_MAX)
        return swapc_error_set(
            s->error, SWAPC_UNSUPPORTED,
            "function %u has %u loops, the limit on wasm3 is %d; split it or use "
            "another engine",
            function, loops, LOOPS_MAX);
    if (status != SWAPC_OK)
        return swapc_error_set(s->error, status,
                               "the body of function %u is damaged; build the module again",
                               function);
    return SWAPC_OK;
}

static enum swapc_status scan_code(struct scan *s) {
    struct swapci_wasm_reader r = s->m.sections[SWAPCI_WASM_CODE];
    uint32_t count = r.at ? swapci_wasm_count(&r) : 0;
    enum swapc_status status = SWAPC_OK;
    if (count != s->m.function_count - s->m.functions_imported) return damaged(s);
    for (uint32_t i = 0; i < count && !r.bad && status == SWAPC_OK; i++) {
        uint32_t index = s->m.functions_imported + i, loops;
        const struct swapci_wasm_type *type = swapci_wasm_function_type(&s->m, index);
        struct swapci_wasm_reader body = swapci_wasm_part(&r, swapci_wasm_u32(&r));
        if (!type || body.bad) return damaged(s);
        status = swapci_wasm3_body_scan(body, type, &s->stack, &loops);
        status = report_body(s, index - s->shift, status, loops);
        if (loops > s->out->loops_max) s->out->loops_max = loops;
    }
    return status == SWAPC_OK && r.bad ? damaged(s) : status;
}

static bool find_in_exports(struct swapci_wasm_reader r, const char *name, uint32_t *function) {
    for (uint32_t n = r.at ? swapci_wasm_count(&r) : 0; n > 0 && !r.bad; n--) {
        swapc_bytes found = swapci_wasm_name(&r);
        uint8_t kind = swapci_wasm_byte(&r);
        uint32_t index = swapci_wasm_u32(&r);
        if (r.bad || kind != SWAPCI_WASM_FUNCTION) continue;
        if (!swapc_bytes_equal(found, swapc_bytes_str(name))) continue;
        *function = index;
        return true;
    }
    return false;
}

static enum swapc_status scan_exports(struct scan *s) {
    static const uint8_t i32[2] = {SWAPCI_WASM_I32, SWAPCI_WASM_I32};
    uint32_t index;
    const struct swapci_wasm_type *type = NULL;
    if (find_in_exports(s->m.sections[SWAPCI_WASM_EXPORTS], "__guest_call", &index))
        type = swapci_wasm_function_type(&s->m, index);
    if (!type || type->param_count != 2 || memcmp(type->params, i32, 2) != 0 ||
        type->result_count != 1 || type->results[0] != SWAPCI_WASM_I32)
        return swapc_error_set(s->error, SWAPC_MODULE_EXPORT,
                               "the module does not export __guest_call of type (i32, i32) -> i32: "
                               "it is no waPC module");
    s->out->guest_call = index;
    return SWAPC_OK;
}

enum swapc_status swapci_wasm3_scan(swapc_bytes lowered, uint32_t shift,
                                    struct swapci_wasm3_shape *out, swapc_error *error) {
    struct scan s = {.out = out, .shift = shift, .error = error};
    *out = (struct swapci_wasm3_shape){.loops_max = 0};
    enum swapc_status status = swapci_wasm_module_read(&s.m, lowered, error);
    if (status != SWAPC_OK) return status;
    swapci_wasm_stack_init(&s.stack, &s.m);
    status = scan_exports(&s);
    if (status == SWAPC_OK) status = scan_declared(&s);
    if (status == SWAPC_OK) status = scan_elements(&s);
    if (status == SWAPC_OK) status = scan_code(&s);
    swapci_wasm_stack_fini(&s.stack);
    swapci_wasm_module_fini(&s.m);
    return status;
}

bool swapci_wasm3_find_export(swapc_bytes bytes, const char *name, uint32_t *function) {
    struct swapci_wasm_module m;
    if (swapci_wasm_module_read(&m, bytes, NULL) != SWAPC_OK) return false;
    bool found = find_in_exports(m.sections[SWAPCI_WASM_EXPORTS], name, function);
    swapci_wasm_module_fini(&m);
    return found;
}
