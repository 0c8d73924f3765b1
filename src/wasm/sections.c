#include "sections.h"

#include "heap.h"
#include "instruction.h"

enum { LIMIT_HAS_MAX = 1, LIMIT_64 = 4, LIMIT_FLAGS = 7, TABLE_WITH_INIT = 0x40 };

bool swapci_wasm_is_module(swapc_bytes bytes) {
    static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    return bytes.len >= sizeof magic && memcmp(bytes.ptr, magic, sizeof magic) == 0;
}

size_t swapci_wasm_place(const struct swapci_wasm_module *m, const uint8_t *at) {
    return (size_t)(at - m->bytes.ptr);
}

const struct swapci_wasm_type *swapci_wasm_type_at(const struct swapci_wasm_module *m,
                                                   uint64_t index) {
    return index < m->type_count ? &m->types[index] : NULL;
}

const struct swapci_wasm_type *swapci_wasm_function_type(const struct swapci_wasm_module *m,
                                                         uint64_t index) {
    return index < m->function_count ? swapci_wasm_type_at(m, m->functions[index]) : NULL;
}

char swapci_wasm_letter(uint8_t type) {
    switch (type) {
    case SWAPCI_WASM_I32:
        return 'i';
    case SWAPCI_WASM_I64:
        return 'I';
    case SWAPCI_WASM_F32:
        return 'f';
    case SWAPCI_WASM_F64:
        return 'F';
    case SWAPCI_WASM_V128:
        return 'v';
    default:
        return 'r';
    }
}

uint32_t swapci_wasm_count(struct swapci_wasm_reader *r) {
    uint32_t count = swapci_wasm_u32(r);
    if (count > (size_t)(r->end - r->at)) r->bad = true;
    return r->bad ? 0 : count;
}

/* Reading a module: what fails says why in status, or leaves the section's reader bad. */
struct reading {
    struct swapci_wasm_module *m;
    swapc_error *error;
    enum swapc_status status;
};

static void unsupported(struct reading *rd, const uint8_t *at, const char *what) {
    if (rd->status == SWAPC_OK)
        rd->status = swapc_error_set(
            rd->error, SWAPC_UNSUPPORTED,
            "the module uses %s (at byte %zu), which no engine here has: build it without", what,
            swapci_wasm_place(rd->m, at));
}

/* Room for count more of size bytes behind used ones. */
static void *room(struct reading *rd, void *at, size_t used, size_t count, size_t size) {
    void *grown = swapci_heap_resize(at, (used + count + 1) * size);
    if (!grown)
        rd->status = swapc_error_set(rd->error, SWAPC_NO_MEMORY, "no memory to read the module");
    return grown ? grown : at;
}

static bool going(const struct reading *rd, const struct swapci_wasm_reader *r) {
    return rd->status == SWAPC_OK && !r->bad;
}

static bool is_value_type(uint8_t byte) {
    return (byte >= SWAPCI_WASM_V128 && byte <= SWAPCI_WASM_I32) || byte == SWAPCI_WASM_FUNCREF ||
           byte == SWAPCI_WASM_EXTERNREF;
}

static uint8_t read_value_type(struct reading *rd, struct swapci_wasm_reader *r) {
    const uint8_t *at = r->at;
    uint8_t byte = swapci_wasm_byte(r);
    if (r->bad || is_value_type(byte)) return byte;
    if (byte >= 0x63 && byte < 0x80) unsupported(rd, at, "references later than externref (GC)");
    else r->bad = true;
    return byte;
}

static const uint8_t *read_values(struct reading *rd, struct swapci_wasm_reader *r,
                                  uint16_t *count) {
    const uint8_t *from = r->at;
    uint32_t values = swapci_wasm_count(r);
    if (values > SWAPCI_WASM_VALUES_MAX) {
        unsupported(rd, from, "a function type of more than 1000 values");
        return r->at;
    }
    from = r->at;
    for (uint32_t i = 0; i < values && going(rd, r); i++) read_value_type(rd, r);
    *count = (uint16_t)values;
    return from;
}

static void read_types(struct reading *rd, struct swapci_wasm_reader *r) {
    struct swapci_wasm_module *m = rd->m;
    uint32_t count = swapci_wasm_count(r);
    m->types = room(rd, m->types, 0, count, sizeof *m->types);
    for (uint32_t i = 0; i < count && going(rd, r); i++) {
        const uint8_t *at = r->at;
        uint8_t form = swapci_wasm_byte(r);
        if (r->bad) return;
        if (form != SWAPCI_WASM_FUNC_TYPE) {
            unsupported(rd, at, "types of the GC proposal");
            return;
        }
        struct swapci_wasm_type *type = &m->types[i];
        *type = (struct swapci_wasm_type){NULL, NULL, 0, 0};
        type->params = read_values(rd, r, &type->param_count);
        type->results = read_values(rd, r, &type->result_count);
        m->type_count = i + 1;
    }
}

struct swapci_wasm_limits swapci_wasm_read_limits(struct swapci_wasm_reader *r) {
    struct swapci_wasm_limits limits = {0, UINT64_MAX, swapci_wasm_byte(r)};
    unsigned bits = limits.flags & LIMIT_64 ? 64 : 32;
    limits.min = swapci_wasm_leb(r, bits, false);
    if (limits.flags & LIMIT_HAS_MAX) limits.max = swapci_wasm_leb(r, bits, false);
    if (limits.flags > LIMIT_FLAGS) r->bad = true;
    return limits;
}

void swapci_wasm_read_import(struct swapci_wasm_reader *r, struct swapci_wasm_import *out) {
    memset(out, 0, sizeof *out);
    out->module = swapci_wasm_name(r);
    out->name = swapci_wasm_name(r);
    out->kind = swapci_wasm_byte(r);
    switch (out->kind) {
    case SWAPCI_WASM_FUNCTION:
        out->type_index = swapci_wasm_u32(r);
        break;
    case SWAPCI_WASM_TABLE:
        out->table.type = swapci_wasm_byte(r);
        out->table.limits = swapci_wasm_read_limits(r);
        break;
    case SWAPCI_WASM_MEMORY:
        out->table.limits = swapci_wasm_read_limits(r);
        break;
    case SWAPCI_WASM_GLOBAL:
        out->global.type = swapci_wasm_byte(r);
        out->global.mutable = swapci_wasm_byte(r) != 0;
        break;
    case SWAPCI_WASM_TAG:
        swapci_wasm_byte(r);
        out->type_index = swapci_wasm_u32(r);
        break;
    default:
        r->bad = true;
    }
}

static void keep_import(struct swapci_wasm_module *m, const struct swapci_wasm_import *item) {
    switch (item->kind) {
    case SWAPCI_WASM_FUNCTION:
        m->functions[m->function_count++] = item->type_index;
        break;
    case SWAPCI_WASM_TABLE:
        m->tables[m->table_count++] = item->table;
        break;
    case SWAPCI_WASM_MEMORY:
        m->memories[m->memory_count++] = item->table.limits;
        break;
    case SWAPCI_WASM_GLOBAL:
        m->globals[m->global_count++] = item->global;
        break;
    default:
        break;
    }
}

static void read_imports(struct reading *rd, struct swapci_wasm_reader *r) {
    struct swapci_wasm_module *m = rd->m;
    uint32_t count = swapci_wasm_count(r);
    m->functions = room(rd, m->functions, 0, count, sizeof *m->functions);
    m->tables = room(rd, m->tables, 0, count, sizeof *m->tables);
    m->memories = room(rd, m->memories, 0, count, sizeof *m->memories);
    m->globals = room(rd, m->globals, 0, count, sizeof *m->globals);
    for (uint32_t i = 0; i < count && going(rd, r); i++) {
        struct swapci_wasm_import item;
        swapci_wasm_read_import(r, &item);
        if (!r->bad) keep_import(m, &item);
    }
    m->functions_imported = m->function_count;
    m->tables_imported = m->table_count;
    m->memories_imported = m->memory_count;
    m->globals_imported = m->global_count;
}

static void read_functions(struct reading *rd, struct swapci_wasm_reader *r) {
    struct swapci_wasm_module *m = rd->m;
    uint32_t count = swapci_wasm_count(r);
    m->functions = room(rd, m->functions, m->function_count, count, sizeof *m->functions);
    for (uint32_t i = 0; i < count && going(rd, r); i++) {
        m->functions[m->function_count] = swapci_wasm_u32(r);
        if (!r->bad) m->function_count++;
    }
}

static void read_tables(struct reading *rd, struct swapci_wasm_reader *r) {
    struct swapci_wasm_module *m = rd->m;
    uint32_t count = swapci_wasm_count(r);
    m->tables = room(rd, m->tables, m->table_count, count, sizeof *m->tables);
    for (uint32_t i = 0; i < count && going(rd, r); i++) {
        const uint8_t *at = r->at;
        struct swapci_wasm_table table = {.type = 0};
        if (r->at < r->end && *r->at == TABLE_WITH_INIT) {
            unsupported(rd, at, "tables with a value to begin with (typed function references)");
            return;
        }
        table.type = read_value_type(rd, r);
        table.limits = swapci_wasm_read_limits(r);
        if (going(rd, r)) m->tables[m->table_count++] = table;
    }
}

static void read_memories(struct reading *rd, struct swapci_wasm_reader *r) {
    struct swapci_wasm_module *m = rd->m;
    uint32_t count = swapci_wasm_count(r);
    m->memories = room(rd, m->memories, m->memory_count, count, sizeof *m->memories);
    for (uint32_t i = 0; i < count && going(rd, r); i++) {
        struct swapci_wasm_limits limits = swapci_wasm_read_limits(r);
        if (!r->bad) m->memories[m->memory_count++] = limits;
    }
}

static void read_globals(struct reading *rd, struct swapci_wasm_reader *r) {
    struct swapci_wasm_module *m = rd->m;
    uint32_t count = swapci_wasm_count(r);
    m->globals = room(rd, m->globals, m->global_count, count, sizeof *m->globals);
    for (uint32_t i = 0; i < count && going(rd, r); i++) {
        struct swapci_wasm_global global;
        struct swapci_wasm_instruction in;
        global.type = read_value_type(rd, r);
        global.mutable = swapci_wasm_byte(r) != 0;
        for (bool more = true; more && going(rd, r);) {
            const uint8_t *at = r->at;
            swapci_wasm_instruction_read(r, m, &in);
            if (!r->bad && !in.opcode) unsupported(rd, at, swapci_wasm_unknown(in.code));
            more = in.code != SWAPCI_WASM_OP_END;
        }
        if (going(rd, r)) m->globals[m->global_count++] = global;
    }
}

static bool read_section(struct reading *rd, unsigned id, struct swapci_wasm_reader *r) {
    switch (id) {
    case SWAPCI_WASM_TYPES:
        read_types(rd, r);
        break;
    case SWAPCI_WASM_IMPORTS:
        read_imports(rd, r);
        break;
    case SWAPCI_WASM_FUNCTIONS:
        read_functions(rd, r);
        break;
    case SWAPCI_WASM_TABLES:
        read_tables(rd, r);
        break;
    case SWAPCI_WASM_MEMORIES:
        read_memories(rd, r);
        break;
    case SWAPCI_WASM_GLOBALS:
        read_globals(rd, r);
        break;
    default:
        return !r->bad;
    }
    return rd->status != SWAPC_OK || (!r->bad && r->at == r->end);
}

/* Where a section stands: tags lie behind memories, the number of data segments before the code. */
static unsigned place_of(unsigned id) {
    if (id == SWAPCI_WASM_TAGS) return 2 * SWAPCI_WASM_MEMORIES + 1;
    return id == SWAPCI_WASM_DATA_COUNT ? 2 * SWAPCI_WASM_ELEMENTS + 1 : 2 * id;
}

static enum swapc_status read_sections(struct reading *rd) {
    struct swapci_wasm_module *m = rd->m;
    struct swapci_wasm_reader all = swapci_wasm_reader_of(m->bytes);
    unsigned last = 0;
    swapci_wasm_skip(&all, 8);
    while (all.at < all.end && rd->status == SWAPC_OK) {
        size_t at = swapci_wasm_place(m, all.at);
        unsigned id = swapci_wasm_byte(&all);
        struct swapci_wasm_reader part = swapci_wasm_part(&all, swapci_wasm_u32(&all));
        bool right = !part.bad && id < SWAPCI_WASM_SECTIONS;
        if (right && id == SWAPCI_WASM_CUSTOM) {
            swapci_wasm_name(&part); /* each has one: padding of zeroes has none */
            right = !part.bad;
        } else if (right) {
            right = place_of(id) > last;
            last = place_of(id);
            m->sections[id] = part;
            right = right && read_section(rd, id, &part);
        }
        if (!right)
            return swapc_error_set(
                rd->error, SWAPC_MODULE_MALFORMED,
                "truncated or damaged in section %u at byte %zu: build or copy it again", id, at);
    }
    return rd->status;
}

enum swapc_status swapci_wasm_module_read(struct swapci_wasm_module *m, swapc_bytes bytes,
                                          swapc_error *error) {
    *m = (struct swapci_wasm_module){.bytes = bytes};
    if (!swapci_wasm_is_module(bytes) || bytes.len > UINT32_MAX)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                               "not a wasm module (no magic bytes): build or copy it again");
    struct reading rd = {m, error, SWAPC_OK};
    enum swapc_status status = read_sections(&rd);
    if (status != SWAPC_OK) swapci_wasm_module_fini(m);
    return status;
}

void swapci_wasm_module_fini(struct swapci_wasm_module *m) {
    swapci_heap_free(m->types);
    swapci_heap_free(m->functions);
    swapci_heap_free(m->tables);
    swapci_heap_free(m->memories);
    swapci_heap_free(m->globals);
    *m = (struct swapci_wasm_module){.bytes = m->bytes};
}
