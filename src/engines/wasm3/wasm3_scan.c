#include "wasm3_scan.h"

#include "heap.h"
#include "wasm3_body.h"

#define RESULTS_MAX 16
#define PARAMS_MAX 1000
#define LOOPS_MAX 500
#define COUNT_MAX 100000 /* of types and functions: wasm3's own ceiling */

enum {
    TYPE = 1,
    IMPORT = 2,
    FUNCTION = 3,
    TABLE = 4,
    MEMORY = 5,
    EXPORT = 7,
    ELEMENT = 9,
    CODE = 10,
    DATA = 11
};
enum { KIND_FUNCTION = 0, TYPE_FUNC = 0x60, FLAG_HAS_MAX = 1 };

typedef struct swapci_wasm_reader reader;

struct scan {
    struct swapci_wasm3_type *types;
    uint32_t type_count;
    uint32_t *functions; /* type indices */
    uint32_t function_count;
    uint32_t import_count; /* of functions */
    uint32_t body_count;
    uint64_t table_min; /* entries; 0 without a table */
    struct swapci_wasm3_shape *out;
    swapc_error *error;
};

static enum swapc_status unsupported(struct scan *s, const char *what) {
    return swapc_error_set(s->error, SWAPC_UNSUPPORTED,
                           "the module uses %s, which wasm3 does not have; build an mvp flavour of "
                           "it",
                           what);
}

static enum swapc_status no_memory(struct scan *s) {
    return swapc_error_set(s->error, SWAPC_NO_MEMORY, "no memory to read the module");
}

static bool skip_value_types(reader *r, uint64_t *count) {
    *count = swapci_wasm_leb(r);
    for (uint64_t i = 0; i < *count && !r->bad; i++) {
        uint8_t type = swapci_wasm_byte(r);
        if (type < 0x7c || type > 0x7f) return false;
    }
    return true;
}

static enum swapc_status read_type(struct scan *s, reader *r, struct swapci_wasm3_type *type) {
    uint64_t params, results;
    if (swapci_wasm_byte(r) != TYPE_FUNC || !skip_value_types(r, &params) ||
        !skip_value_types(r, &results))
        return r->bad ? SWAPC_OK
                      : unsupported(s, "types later than the MVP (SIMD, references, GC)");
    if (params > PARAMS_MAX || results > RESULTS_MAX)
        return unsupported(s, "a function type with very many parameters or results");
    *type = (struct swapci_wasm3_type){(uint16_t)params, (uint16_t)results};
    return SWAPC_OK;
}

static enum swapc_status read_types(struct scan *s, reader *r) {
    uint64_t count = swapci_wasm_leb(r);
    if (count > COUNT_MAX) return unsupported(s, "more than 100000 types");
    if (s->types) {
        r->bad = true; /* a second type section would void the indices read so far */
        return SWAPC_OK;
    }
    s->types = swapci_heap_zeroed(count + 1, sizeof *s->types);
    if (!s->types) return no_memory(s);
    enum swapc_status status = SWAPC_OK;
    for (s->type_count = 0; s->type_count < count && !r->bad && status == SWAPC_OK; s->type_count++)
        status = read_type(s, r, &s->types[s->type_count]);
    return status;
}

static enum swapc_status reserve_functions(struct scan *s, uint64_t more) {
    if (more > COUNT_MAX || s->function_count + more > COUNT_MAX)
        return unsupported(s, "more than 100000 functions");
    uint32_t *grown =
        swapci_heap_resize(s->functions, (s->function_count + more + 1) * sizeof *grown);
    if (!grown) return no_memory(s);
    s->functions = grown;
    return SWAPC_OK;
}

static void add_function(struct scan *s, reader *r) {
    uint64_t type = swapci_wasm_leb(r);
    if (type >= s->type_count) r->bad = true;
    else s->functions[s->function_count++] = (uint32_t)type;
}

static void skip_name(reader *r) {
    swapci_wasm_skip(r, swapci_wasm_leb(r));
}

static enum swapc_status read_imports(struct scan *s, reader *r) {
    uint64_t count = swapci_wasm_leb(r);
    enum swapc_status status = reserve_functions(s, count);
    for (uint64_t i = 0; i < count && !r->bad && status == SWAPC_OK; i++) {
        skip_name(r);
        skip_name(r);
        if (swapci_wasm_byte(r) != KIND_FUNCTION)
            return r->bad ? SWAPC_OK : unsupported(s, "an import that is no function");
        add_function(s, r);
    }
    s->import_count = s->function_count;
    return status;
}

static enum swapc_status read_functions(struct scan *s, reader *r) {
    uint64_t count = swapci_wasm_leb(r);
    enum swapc_status status = reserve_functions(s, count);
    for (uint64_t i = 0; i < count && !r->bad && status == SWAPC_OK; i++) add_function(s, r);
    return status;
}

static enum swapc_status read_memory(struct scan *s, reader *r) {
    if (swapci_wasm_leb(r) != 1) return r->bad ? SWAPC_OK : unsupported(s, "other than one memory");
    if (swapci_wasm_byte(r) > FLAG_HAS_MAX)
        return unsupported(s, "a shared, 64-bit or custom-page memory");
    uint64_t pages = swapci_wasm_leb(r);
    if (pages > 65536) r->bad = true;
    s->out->pages_min = (uint32_t)pages;
    return SWAPC_OK;
}

static enum swapc_status read_tables(struct scan *s, reader *r) {
    uint64_t count = swapci_wasm_leb(r);
    if (count > 1) return unsupported(s, "more than one table");
    if (count == 1) {
        swapci_wasm_skip(r, 2); /* element type, flags */
        s->table_min = swapci_wasm_leb(r);
    }
    return SWAPC_OK;
}

/* The i32 that a constant expression gives; LEB128 of a negative one has its sign in the last byte. */
static uint32_t read_i32(reader *r) {
    const uint8_t *from = r->at;
    uint64_t value = swapci_wasm_leb(r);
    unsigned bits = 7 * (unsigned)(r->at - from);
    if (bits > 0 && bits < 64 && value >> (bits - 1) & 1) value |= UINT64_MAX << bits;
    return (uint32_t)value;
}

/* wasm3 grows the table to whatever an element segment asks for, be it gigabytes. */
static enum swapc_status read_elements(struct scan *s, reader *r) {
    for (uint64_t n = swapci_wasm_leb(r); n > 0 && !r->bad; n--) {
        if (swapci_wasm_leb(r) != 0) return unsupported(s, "element segments later than the MVP");
        uint8_t opcode = swapci_wasm_byte(r);
        uint64_t offset = read_i32(r);
        if (opcode != 0x41 || swapci_wasm_byte(r) != 0x0b)
            return r->bad ? SWAPC_OK : unsupported(s, "extended constant expressions");
        uint64_t count = swapci_wasm_leb(r);
        if (!r->bad && (count > s->table_min || offset > s->table_min - count))
            return swapc_error_set(s->error, SWAPC_MODULE_MALFORMED,
                                   "an element segment does not fit its table; build the module "
                                   "anew");
        for (; count > 0 && !r->bad; count--) swapci_wasm_leb(r);
    }
    return SWAPC_OK;
}

/* wasm3 takes the flag before a data segment for a memory's index: a passive one is misread. */
static enum swapc_status read_data(struct scan *s, reader *r) {
    for (uint64_t n = swapci_wasm_leb(r); n > 0 && !r->bad; n--) {
        if (swapci_wasm_leb(r) != 0) return unsupported(s, "passive data segments");
        uint8_t opcode = swapci_wasm_byte(r);
        if (opcode != 0x41 && opcode != 0x23)
            return r->bad ? SWAPC_OK : unsupported(s, "extended constant expressions");
        swapci_wasm_leb(r);
        if (swapci_wasm_byte(r) != 0x0b)
            return r->bad ? SWAPC_OK : unsupported(s, "extended constant expressions");
        skip_name(r);
    }
    return SWAPC_OK;
}

static enum swapc_status note_loops(struct scan *s, uint32_t index, uint32_t loops) {
    if (loops > LOOPS_MAX)
        return swapc_error_set(
            s->error, SWAPC_UNSUPPORTED,
            "function %u has %u loops, the limit on wasm3 is %d; split it or use "
            "another engine",
            index, loops, LOOPS_MAX);
    if (loops > s->out->loops_max) s->out->loops_max = loops;
    return SWAPC_OK;
}

static enum swapc_status read_code(struct scan *s, reader *r) {
    const struct swapci_wasm3_types types = {s->types, s->type_count, s->functions,
                                             s->function_count};
    uint64_t count = swapci_wasm_leb(r);
    if (count != s->function_count - s->import_count) r->bad = true;
    enum swapc_status status = SWAPC_OK;
    for (uint64_t i = 0; i < count && !r->bad && status == SWAPC_OK; i++) {
        uint32_t loops;
        uint32_t index = s->import_count + (uint32_t)i;
        reader part = swapci_wasm_part(r, swapci_wasm_leb(r));
        if (part.bad) return SWAPC_OK;
        status = swapci_wasm3_body_scan(part, index, &types, &loops, s->error);
        if (status == SWAPC_OK) status = note_loops(s, index, loops);
        s->body_count++;
    }
    return status;
}

static bool find_in_exports(reader *r, const char *name, uint32_t *function) {
    for (uint64_t n = swapci_wasm_leb(r); n > 0 && !r->bad; n--) {
        reader text = swapci_wasm_part(r, swapci_wasm_leb(r));
        uint8_t kind = swapci_wasm_byte(r);
        uint64_t index = swapci_wasm_leb(r);
        swapc_bytes found = swapc_bytes_of(text.at, (size_t)(text.end - text.at));
        if (!r->bad && kind == KIND_FUNCTION && swapc_bytes_equal(found, swapc_bytes_str(name))) {
            *function = (uint32_t)index;
            return true;
        }
    }
    return false;
}

static enum swapc_status read_exports(struct scan *s, reader *r) {
    uint32_t index;
    bool found = find_in_exports(r, "__guest_call", &index) && index < s->function_count;
    struct swapci_wasm3_type type = {0, 0};
    if (found) type = s->types[s->functions[index]];
    if (!found || type.params != 2 || type.results != 1)
        return swapc_error_set(s->error, SWAPC_MODULE_EXPORT,
                               "the module does not export __guest_call of type (i32, i32) -> i32: "
                               "it is no waPC module");
    s->out->guest_call = index;
    return SWAPC_OK;
}

static enum swapc_status read_section(struct scan *s, uint8_t id, reader *r) {
    switch (id) {
    case TYPE:
        return read_types(s, r);
    case IMPORT:
        return read_imports(s, r);
    case FUNCTION:
        return read_functions(s, r);
    case TABLE:
        return read_tables(s, r);
    case MEMORY:
        return read_memory(s, r);
    case EXPORT:
        return read_exports(s, r);
    case ELEMENT:
        return read_elements(s, r);
    case CODE:
        return read_code(s, r);
    case DATA:
        return read_data(s, r);
    default:
        return id > 12 ? unsupported(s, "a section later than the MVP (tags)") : SWAPC_OK;
    }
}

static reader open_module(swapc_bytes bytes) {
    static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    reader r = {bytes.ptr, bytes.ptr + bytes.len, false};
    reader head = swapci_wasm_part(&r, sizeof magic);
    r.bad = head.bad || bytes.len > UINT32_MAX || memcmp(head.at, magic, sizeof magic) != 0;
    return r;
}

static enum swapc_status scan_sections(struct scan *s, swapc_bytes bytes) {
    enum swapc_status status = SWAPC_OK;
    reader all = open_module(bytes);
    while (!all.bad && all.at < all.end && status == SWAPC_OK) {
        uint8_t id = swapci_wasm_byte(&all);
        reader section = swapci_wasm_part(&all, swapci_wasm_leb(&all));
        if (!all.bad) status = read_section(s, id, &section);
        all.bad = all.bad || section.bad;
    }
    all.bad = all.bad || s->body_count != s->function_count - s->import_count;
    if (status == SWAPC_OK && all.bad)
        return swapc_error_set(s->error, SWAPC_MODULE_MALFORMED,
                               "not a whole wasm module; build or copy it again");
    return status;
}

enum swapc_status swapci_wasm3_scan(swapc_bytes bytes, struct swapci_wasm3_shape *out,
                                    swapc_error *error) {
    *out = (struct swapci_wasm3_shape){0, 0, UINT32_MAX};
    struct scan s = {.out = out, .error = error};
    enum swapc_status status = scan_sections(&s, bytes);
    if (status == SWAPC_OK && out->guest_call == UINT32_MAX) {
        reader none = {NULL, NULL, false};
        status = read_exports(&s, &none);
    }
    swapci_heap_free(s.types);
    swapci_heap_free(s.functions);
    return status;
}

bool swapci_wasm3_find_export(swapc_bytes bytes, const char *name, uint32_t *function) {
    reader all = open_module(bytes);
    while (!all.bad && all.at < all.end) {
        uint8_t id = swapci_wasm_byte(&all);
        reader section = swapci_wasm_part(&all, swapci_wasm_leb(&all));
        if (id == EXPORT) return find_in_exports(&section, name, function);
    }
    return false;
}
