#include "lower.h"

#include <stdio.h>

#include "lower_impl.h"

enum { EXPORT_NAME_MAX = 1000 };
enum { LIMITS_HAVE_MAX = 1, SEGMENT_PASSIVE = 1, SEGMENT_EXPLICIT = 2, SEGMENT_EXPRESSIONS = 4 };

uint32_t swapci_lower_function(const struct swapci_lower *l, uint32_t index) {
    return index + (l->how->metered && index >= l->m->functions_imported);
}

static const char *owner(uint32_t function, char text[32]) {
    if (function == SWAPCI_LOWER_NO_FUNCTION) return "the module";
    snprintf(text, 32, "function %u", function);
    return text;
}

void swapci_lower_unsupported(struct swapci_lower *l, uint32_t function, const uint8_t *at,
                              const char *what) {
    char text[32];
    if (l->status != SWAPC_OK) return;
    l->status = swapc_error_set(
        l->error, SWAPC_UNSUPPORTED,
        "%s uses %s at byte %zu, which %s does not have; build an mvp flavour of the module",
        owner(function, text), what, swapci_wasm_place(l->m, at), l->how->engine);
}

void swapci_lower_damaged(struct swapci_lower *l, uint32_t function, const uint8_t *at) {
    char text[32];
    if (l->status != SWAPC_OK) return;
    l->status = swapc_error_set(l->error, SWAPC_MODULE_MALFORMED,
                                "%s is damaged at byte %zu: build or copy the module again",
                                owner(function, text), swapci_wasm_place(l->m, at));
}

static void unsupported(struct swapci_lower *l, const uint8_t *at, const char *what) {
    swapci_lower_unsupported(l, SWAPCI_LOWER_NO_FUNCTION, at, what);
}

static bool going(const struct swapci_lower *l, const struct swapci_wasm_reader *r) {
    return l->status == SWAPC_OK && l->w.status == SWAPC_OK && !r->bad;
}

static void put_name(struct swapci_lower *l, const char *name) {
    swapci_wasm_put_name(&l->w, swapc_bytes_str(name));
}

/* ---- what declares ---- */

static void check_values(struct swapci_lower *l, const uint8_t *types, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (types[i] < SWAPCI_WASM_F64)
            unsupported(l, types + i,
                        types[i] == SWAPCI_WASM_V128 ? "v128 in a function type (SIMD)"
                                                     : "references in a function type");
}

static void lower_types(struct swapci_lower *l) {
    swapci_wasm_put_u32(&l->w, l->m->type_count + l->how->metered);
    for (uint32_t i = 0; i < l->m->type_count; i++) {
        const struct swapci_wasm_type *type = &l->m->types[i];
        check_values(l, type->params, type->param_count);
        check_values(l, type->results, type->result_count);
        swapci_wasm_put_byte(&l->w, SWAPCI_WASM_FUNC_TYPE);
        swapci_wasm_put_name(&l->w, swapc_bytes_of(type->params, type->param_count));
        swapci_wasm_put_name(&l->w, swapc_bytes_of(type->results, type->result_count));
    }
    if (l->how->metered)
        swapci_wasm_put(&l->w, (const uint8_t[]){SWAPCI_WASM_FUNC_TYPE, 0, 1, SWAPCI_WASM_I32}, 4);
}

static void lower_imports(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    uint32_t count = r->at ? swapci_wasm_count(r) : 0;
    swapci_wasm_put_u32(&l->w, count + l->how->metered);
    for (uint32_t i = 0; i < count && going(l, r); i++) {
        const uint8_t *at = r->at;
        struct swapci_wasm_import item;
        swapci_wasm_read_import(r, &item);
        if (item.kind != SWAPCI_WASM_FUNCTION) unsupported(l, at, "an import that is no function");
        swapci_wasm_put_name(&l->w, item.module);
        swapci_wasm_put_name(&l->w, item.name);
        swapci_wasm_put_byte(&l->w, SWAPCI_WASM_FUNCTION);
        swapci_wasm_put_u32(&l->w, item.type_index);
    }
    if (!l->how->metered) return;
    put_name(l, SWAPCI_METER_MODULE);
    put_name(l, SWAPCI_METER_NAME);
    swapci_wasm_put_byte(&l->w, SWAPCI_WASM_FUNCTION);
    swapci_wasm_put_u32(&l->w, l->m->type_count);
}

static void lower_functions(struct swapci_lower *l) {
    swapci_wasm_put_u32(&l->w, l->m->function_count - l->m->functions_imported);
    for (uint32_t i = l->m->functions_imported; i < l->m->function_count; i++)
        swapci_wasm_put_u32(&l->w, l->m->functions[i]);
}

static void put_limits(struct swapci_lower *l, const struct swapci_wasm_limits *limits) {
    bool bounded = limits->flags & LIMITS_HAVE_MAX;
    swapci_wasm_put_byte(&l->w, bounded);
    swapci_wasm_put_u32(&l->w, (uint32_t)limits->min);
    if (bounded) swapci_wasm_put_u32(&l->w, (uint32_t)limits->max);
}

static void lower_tables(struct swapci_lower *l, const uint8_t *at) {
    const struct swapci_wasm_module *m = l->m;
    if (m->table_count > 1) {
        char what[64];
        snprintf(what, sizeof what, "%u tables (reference types)", m->table_count);
        unsupported(l, at, what);
    }
    swapci_wasm_put_u32(&l->w, m->table_count);
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (m->tables[i].type != SWAPCI_WASM_FUNCREF || m->tables[i].limits.flags > LIMITS_HAVE_MAX)
            unsupported(l, at, "a table that is not of functions (reference types)");
        swapci_wasm_put_byte(&l->w, m->tables[i].type);
        put_limits(l, &m->tables[i].limits);
    }
}

static void lower_memories(struct swapci_lower *l, const uint8_t *at) {
    if (l->m->memory_count != 1) unsupported(l, at, "other than one memory");
    else if (l->m->memories[0].flags > LIMITS_HAVE_MAX)
        unsupported(l, at, "a shared, 64-bit or custom-page memory");
    swapci_wasm_put_u32(&l->w, l->m->memory_count);
    for (uint32_t i = 0; i < l->m->memory_count; i++) put_limits(l, &l->m->memories[i]);
}

/* One constant or another global, and the end. */
static void lower_constant(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    const uint8_t *at = r->at;
    struct swapci_wasm_instruction in, end;
    swapci_wasm_instruction_read(r, l->m, &in);
    swapci_wasm_instruction_read(r, l->m, &end);
    if (r->bad) return;
    bool plain = in.code == SWAPCI_WASM_OP_GLOBAL_GET ||
                 (in.code >= SWAPCI_WASM_OP_I32_CONST && in.code <= SWAPCI_WASM_OP_F64_CONST);
    if (!plain || end.code != SWAPCI_WASM_OP_END) {
        unsupported(l, at,
                    in.code == SWAPCI_WASM_OP_REF_NULL || in.code == SWAPCI_WASM_OP_REF_FUNC
                        ? "a reference (reference types)"
                        : "an extended constant expression");
        return;
    }
    swapci_wasm_instruction_write(&l->w, &in);
    swapci_wasm_instruction_write(&l->w, &end);
}

/* The budget starts at 0, so that the first entry asks. */
static void lower_globals(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    static const uint8_t zero[] = {SWAPCI_WASM_I32, 1, SWAPCI_WASM_OP_I32_CONST, 0,
                                   SWAPCI_WASM_OP_END};
    uint32_t count = r->at ? swapci_wasm_count(r) : 0;
    swapci_wasm_put_u32(&l->w, count + 2 * l->how->metered);
    for (uint32_t i = 0; i < count && going(l, r); i++) {
        const uint8_t *at = r->at;
        uint8_t type = swapci_wasm_byte(r);
        if (type < SWAPCI_WASM_F64)
            unsupported(l, at,
                        type == SWAPCI_WASM_V128
                            ? "a global of type v128 (SIMD)"
                            : "a global that is a reference (reference types)");
        swapci_wasm_put_byte(&l->w, type);
        swapci_wasm_put_byte(&l->w, swapci_wasm_byte(r) != 0);
        lower_constant(l, r);
    }
    if (!l->how->metered) return;
    swapci_wasm_put(&l->w, zero, sizeof zero);
    swapci_wasm_put(&l->w, zero, sizeof zero);
}

/* ---- what names functions ---- */

/* Functions alone are exported: the host finds the memory without its name. */
static void lower_exports(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    uint32_t count = swapci_wasm_count(r), kept = 0;
    size_t kept_at = swapci_wasm_put_later(&l->w);
    for (uint32_t i = 0; i < count && going(l, r); i++) {
        swapc_bytes name = swapci_wasm_name(r);
        uint8_t kind = swapci_wasm_byte(r);
        uint32_t index = swapci_wasm_u32(r);
        if (r->bad || kind != SWAPCI_WASM_FUNCTION || name.len > EXPORT_NAME_MAX) continue;
        kept++;
        swapci_wasm_put_name(&l->w, name);
        swapci_wasm_put_byte(&l->w, kind);
        swapci_wasm_put_u32(&l->w, swapci_lower_function(l, index));
    }
    swapci_wasm_set_later(&l->w, kept_at, kept);
}

static void lower_start(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    swapci_wasm_put_u32(&l->w, swapci_lower_function(l, swapci_wasm_u32(r)));
}

/* Whether an active segment, whose place is what r stands at, puts nothing at place 0: always
 * right, and wasm3 asks for a table of no bytes, which it takes for a lack of memory. Reads past
 * it if so. */
static bool skip_empty_element(struct swapci_lower *l, struct swapci_wasm_reader *r, bool typed) {
    struct swapci_wasm_reader ahead = *r;
    struct swapci_wasm_instruction place, end;
    swapci_wasm_instruction_read(&ahead, l->m, &place);
    swapci_wasm_instruction_read(&ahead, l->m, &end);
    if (typed) swapci_wasm_byte(&ahead);
    bool empty = swapci_wasm_count(&ahead) == 0 && !ahead.bad &&
                 place.code == SWAPCI_WASM_OP_I32_CONST && place.value == 0;
    if (empty) *r = ahead;
    return empty;
}

/* Of a passive or declared segment nothing is written: nothing that is lowered can reach it. */
static void lower_element(struct swapci_lower *l, struct swapci_wasm_reader *r, uint32_t *kept) {
    const uint8_t *at = r->at;
    uint32_t flags = swapci_wasm_u32(r);
    bool active = !(flags & SEGMENT_PASSIVE), expressions = flags & SEGMENT_EXPRESSIONS;
    if (flags > 7) r->bad = true;
    if (active) {
        if (flags & SEGMENT_EXPLICIT && swapci_wasm_u32(r) != 0)
            unsupported(l, at, "more than one table (reference types)");
        if (skip_empty_element(l, r, flags & SEGMENT_EXPLICIT)) return;
        ++*kept;
        swapci_wasm_put_byte(&l->w, 0);
        lower_constant(l, r);
    }
    if (flags & (SEGMENT_PASSIVE | SEGMENT_EXPLICIT)) swapci_wasm_byte(r); /* kind or type */
    uint32_t count = swapci_wasm_count(r);
    if (active) swapci_wasm_put_u32(&l->w, count);
    for (uint32_t i = 0; i < count && going(l, r); i++) {
        struct swapci_wasm_instruction in = {.index = 0}, end;
        at = r->at;
        if (!expressions) in.index = swapci_wasm_u32(r);
        else {
            swapci_wasm_instruction_read(r, l->m, &in);
            swapci_wasm_instruction_read(r, l->m, &end);
            if (active && !r->bad && in.code != SWAPCI_WASM_OP_REF_FUNC)
                unsupported(l, at, "an element that is no function (reference types)");
        }
        if (active) swapci_wasm_put_u32(&l->w, swapci_lower_function(l, in.index));
    }
}

static void lower_elements(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    uint32_t count = swapci_wasm_count(r), kept = 0;
    size_t kept_at = swapci_wasm_put_later(&l->w);
    for (uint32_t i = 0; i < count && going(l, r); i++) lower_element(l, r, &kept);
    swapci_wasm_set_later(&l->w, kept_at, kept);
}

static void lower_data(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    uint32_t count = swapci_wasm_count(r), kept = 0;
    size_t kept_at = swapci_wasm_put_later(&l->w);
    for (uint32_t i = 0; i < count && going(l, r); i++) {
        const uint8_t *at = r->at;
        uint32_t flags = swapci_wasm_u32(r);
        if (flags > SEGMENT_EXPLICIT) r->bad = true;
        if (flags == SEGMENT_EXPLICIT && swapci_wasm_u32(r) != 0)
            unsupported(l, at, "more than one memory");
        if (flags == SEGMENT_PASSIVE) {
            swapci_wasm_name(r);
            continue;
        }
        kept++;
        swapci_wasm_put_byte(&l->w, 0);
        lower_constant(l, r);
        swapci_wasm_put_name(&l->w, swapci_wasm_name(r));
    }
    swapci_wasm_set_later(&l->w, kept_at, kept);
}

static void lower_bodies(struct swapci_lower *l, struct swapci_wasm_reader *r) {
    const struct swapci_wasm_module *m = l->m;
    uint32_t count = swapci_wasm_count(r);
    if (count != m->function_count - m->functions_imported) r->bad = true;
    swapci_wasm_put_u32(&l->w, count);
    for (uint32_t i = 0; i < count && going(l, r); i++) {
        struct swapci_wasm_reader body = swapci_wasm_part(r, swapci_wasm_u32(r));
        if (!body.bad) swapci_lower_body(l, m->functions_imported + i, body);
    }
}

/* ---- the module ---- */

static void lower_content(struct swapci_lower *l, unsigned id, struct swapci_wasm_reader *r) {
    const uint8_t *at = r->at;
    switch (id) {
    case SWAPCI_WASM_TYPES:
        lower_types(l);
        r->at = r->end;
        break;
    case SWAPCI_WASM_IMPORTS:
        lower_imports(l, r);
        break;
    case SWAPCI_WASM_FUNCTIONS:
        lower_functions(l);
        r->at = r->end;
        break;
    case SWAPCI_WASM_TABLES:
        lower_tables(l, at);
        r->at = r->end;
        break;
    case SWAPCI_WASM_MEMORIES:
        lower_memories(l, at);
        r->at = r->end;
        break;
    case SWAPCI_WASM_GLOBALS:
        lower_globals(l, r);
        break;
    case SWAPCI_WASM_EXPORTS:
        lower_exports(l, r);
        break;
    case SWAPCI_WASM_START:
        lower_start(l, r);
        break;
    case SWAPCI_WASM_ELEMENTS:
        lower_elements(l, r);
        break;
    case SWAPCI_WASM_CODE:
        lower_bodies(l, r);
        break;
    case SWAPCI_WASM_DATA:
        lower_data(l, r);
        break;
    default:
        unsupported(l, at, "a section later than the MVP (exceptions)");
    }
}

static bool gains(const struct swapci_lower *l, unsigned id) {
    return l->how->metered &&
           (id == SWAPCI_WASM_TYPES || id == SWAPCI_WASM_IMPORTS || id == SWAPCI_WASM_GLOBALS);
}

static void lower_sections(struct swapci_lower *l) {
    for (unsigned id = SWAPCI_WASM_TYPES; id < SWAPCI_WASM_SECTIONS; id++) {
        struct swapci_wasm_reader r = l->m->sections[id];
        if ((!r.at && !gains(l, id)) || id == SWAPCI_WASM_DATA_COUNT) continue;
        size_t size = swapci_wasm_begin_section(&l->w, (uint8_t)id);
        lower_content(l, id, &r);
        swapci_wasm_end_section(&l->w, size);
        if (l->status != SWAPC_OK || l->w.status != SWAPC_OK) return;
        if (r.bad || r.at != r.end) swapci_lower_damaged(l, SWAPCI_LOWER_NO_FUNCTION, r.at);
    }
}

static enum swapc_status outcome(struct swapci_lower *l) {
    if (l->w.status != SWAPC_OK && l->status == SWAPC_OK)
        l->status = swapc_error_set(l->error, l->w.status, "no memory to rewrite the module");
    if (l->status == SWAPC_OK && l->w.out->len > UINT32_MAX)
        unsupported(l, l->m->bytes.ptr, "more than 4 GiB");
    return l->status;
}

enum swapc_status swapci_wasm_lower(const struct swapci_wasm_module *module,
                                    const struct swapci_wasm_lowering *how, swapci_buffer *out,
                                    swapc_error *error) {
    struct swapci_lower l = {.m = module, .how = how, .w = {out, SWAPC_OK}, .error = error};
    if (how->metered) l.w.status = swapci_wasm_leaves_find(module, &l.leaves);
    swapci_wasm_put(&l.w, module->bytes.ptr, 8); /* magic and version */
    lower_sections(&l);
    if (l.status == SWAPC_OK && !module->sections[SWAPCI_WASM_CODE].at &&
        module->function_count > module->functions_imported)
        swapci_lower_damaged(&l, SWAPCI_LOWER_NO_FUNCTION, module->bytes.ptr + module->bytes.len);
    swapci_buffer_fini(&l.code);
    swapci_lower_body_fini(&l);
    swapci_wasm_leaves_fini(&l.leaves);
    return outcome(&l);
}
