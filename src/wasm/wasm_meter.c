#include "wasm_meter.h"

#include "wasm_meter_body.h"

typedef struct swapci_wasm_reader reader;

enum {
    CUSTOM = 0,
    TYPE = 1,
    IMPORT = 2,
    FUNCTION = 3,
    GLOBAL = 6,
    EXPORT = 7,
    START = 8,
    ELEMENT = 9,
    CODE = 10,
    DATA = 11,
    DATA_COUNT = 12
};
enum { KIND_FUNCTION, KIND_TABLE, KIND_MEMORY, KIND_GLOBAL };
enum { LIMITS_HAVE_MAX = 1, COUNT_MAX = 1000000, PLACE_END = 100 };

/* ---- writing ---- */

void swapci_meter_put(struct swapci_meter *m, const void *bytes, size_t len) {
    if (m->status == SWAPC_OK) m->status = swapci_buffer_append(m->out, swapc_bytes_of(bytes, len));
}

void swapci_meter_put_byte(struct swapci_meter *m, uint8_t byte) {
    swapci_meter_put(m, &byte, 1);
}

void swapci_meter_put_number(struct swapci_meter *m, uint32_t value) {
    for (; value > 0x7f; value >>= 7) swapci_meter_put_byte(m, (uint8_t)(value | 0x80));
    swapci_meter_put_byte(m, (uint8_t)value);
}

size_t swapci_meter_put_later(struct swapci_meter *m) {
    static const uint8_t zero[SWAPCI_METER_NUMBER] = {0x80, 0x80, 0x80, 0x80, 0};
    size_t at = m->out->len;
    swapci_meter_put(m, zero, sizeof zero);
    return at;
}

void swapci_meter_set(struct swapci_meter *m, size_t at, uint32_t value) {
    if (m->status != SWAPC_OK) return;
    for (unsigned i = 0; i < SWAPCI_METER_NUMBER; i++, value >>= 7)
        m->out->ptr[at + i] = (uint8_t)((value & 0x7f) | (i + 1 < SWAPCI_METER_NUMBER ? 0x80 : 0));
}

void swapci_meter_put_function(struct swapci_meter *m, reader *r) {
    uint64_t index = swapci_wasm_leb(r);
    if (index >= UINT32_MAX) r->bad = true;
    else swapci_meter_put_number(m, (uint32_t)index + (index >= m->imported));
}

void swapci_meter_put_since(struct swapci_meter *m, const reader *r, const uint8_t *from) {
    swapci_meter_put(m, from, (size_t)(r->at - from));
}

void swapci_meter_unsupported(struct swapci_meter *m, const char *what) {
    if (m->status != SWAPC_OK) return;
    m->status = swapc_error_set(m->error, SWAPC_UNSUPPORTED,
                                "the module uses %s, which cannot be held to a deadline here; "
                                "build an mvp flavour of it",
                                what);
}

static void put_rest(struct swapci_meter *m, reader *r) {
    const uint8_t *from = r->at;
    r->at = r->end;
    swapci_meter_put_since(m, r, from);
}

static size_t begin_section(struct swapci_meter *m, uint8_t id) {
    swapci_meter_put_byte(m, id);
    return swapci_meter_put_later(m);
}

static void end_sized(struct swapci_meter *m, size_t at) {
    swapci_meter_set(m, at, (uint32_t)(m->out->len - at - SWAPCI_METER_NUMBER));
}

/* The number of a section's items; a missing section is an empty one. */
static uint32_t read_count(reader *r) {
    uint64_t count = r->at < r->end ? swapci_wasm_leb(r) : 0;
    if (count > COUNT_MAX) r->bad = true;
    return r->bad ? 0 : (uint32_t)count;
}

/* ---- sections that gain something ---- */

static void meter_types(struct swapci_meter *m, reader *r) {
    static const uint8_t tick[] = {0x60, 0, 1, 0x7f};
    m->type = read_count(r);
    swapci_meter_put_number(m, m->type + 1);
    put_rest(m, r);
    swapci_meter_put(m, tick, sizeof tick);
}

static void skip_name(reader *r) {
    swapci_wasm_skip(r, swapci_wasm_leb(r));
}

static void skip_limits(reader *r) {
    uint8_t flags = swapci_wasm_byte(r);
    swapci_wasm_leb(r);
    if (flags & LIMITS_HAVE_MAX) swapci_wasm_leb(r);
}

static void read_import(struct swapci_meter *m, reader *r) {
    skip_name(r);
    skip_name(r);
    switch (swapci_wasm_byte(r)) {
    case KIND_FUNCTION:
        swapci_wasm_leb(r);
        m->imported++;
        break;
    case KIND_TABLE:
        swapci_wasm_byte(r);
        skip_limits(r);
        break;
    case KIND_MEMORY:
        skip_limits(r);
        break;
    case KIND_GLOBAL:
        swapci_wasm_skip(r, 2);
        m->globals++;
        break;
    default:
        swapci_meter_unsupported(m, "an import later than the MVP (tags)");
    }
}

static void put_name(struct swapci_meter *m, const char *name) {
    swapci_meter_put_number(m, (uint32_t)strlen(name));
    swapci_meter_put(m, name, strlen(name));
}

static void meter_imports(struct swapci_meter *m, reader *r) {
    uint32_t count = read_count(r);
    const uint8_t *from = r->at;
    for (uint32_t i = 0; i < count && !r->bad && m->status == SWAPC_OK; i++) read_import(m, r);
    swapci_meter_put_number(m, count + 1);
    swapci_meter_put_since(m, r, from);
    put_name(m, SWAPCI_METER_MODULE);
    put_name(m, SWAPCI_METER_NAME);
    swapci_meter_put_byte(m, KIND_FUNCTION);
    swapci_meter_put_number(m, m->type);
}

/* The budget starts at 0, so that the first entry asks. */
static void meter_globals(struct swapci_meter *m, reader *r) {
    static const uint8_t zero[] = {0x7f, 1, 0x41, 0, 0x0b};
    uint32_t count = read_count(r);
    m->globals += count;
    swapci_meter_put_number(m, count + 2);
    put_rest(m, r);
    swapci_meter_put(m, zero, sizeof zero);
    swapci_meter_put(m, zero, sizeof zero);
}

/* ---- sections that name functions ---- */

static void meter_exports(struct swapci_meter *m, reader *r) {
    uint32_t count = read_count(r);
    swapci_meter_put_number(m, count);
    for (uint32_t i = 0; i < count && !r->bad && m->status == SWAPC_OK; i++) {
        const uint8_t *from = r->at;
        skip_name(r);
        bool function = swapci_wasm_byte(r) == KIND_FUNCTION;
        if (!function) swapci_wasm_leb(r);
        swapci_meter_put_since(m, r, from);
        if (function) swapci_meter_put_function(m, r);
    }
}

static void meter_element(struct swapci_meter *m, reader *r) {
    const uint8_t *from = r->at;
    uint64_t flags = swapci_wasm_leb(r);
    uint8_t opcode = swapci_wasm_byte(r);
    swapci_wasm_leb(r);
    if (flags != 0 || (opcode != 0x41 && opcode != 0x23) || swapci_wasm_byte(r) != 0x0b) {
        if (!r->bad) swapci_meter_unsupported(m, "element segments later than the MVP");
        return;
    }
    swapci_meter_put_since(m, r, from);
    uint32_t count = read_count(r);
    swapci_meter_put_number(m, count);
    for (uint32_t i = 0; i < count && !r->bad && m->status == SWAPC_OK; i++)
        swapci_meter_put_function(m, r);
}

static void meter_elements(struct swapci_meter *m, reader *r) {
    uint32_t count = read_count(r);
    swapci_meter_put_number(m, count);
    for (uint32_t i = 0; i < count && !r->bad && m->status == SWAPC_OK; i++) meter_element(m, r);
}

static void meter_code(struct swapci_meter *m, reader *r) {
    uint32_t count = read_count(r);
    swapci_meter_put_number(m, count);
    for (uint32_t i = 0; i < count && !r->bad && m->status == SWAPC_OK; i++) {
        reader body = swapci_wasm_part(r, swapci_wasm_leb(r));
        size_t size = swapci_meter_put_later(m);
        if (!body.bad) swapci_meter_body(m, &body);
        end_sized(m, size);
        r->bad = r->bad || body.bad;
    }
}

/* ---- the module ---- */

static void meter_content(struct swapci_meter *m, uint8_t id, reader *r) {
    switch (id) {
    case TYPE:
        meter_types(m, r);
        break;
    case IMPORT:
        meter_imports(m, r);
        break;
    case GLOBAL:
        meter_globals(m, r);
        break;
    case EXPORT:
        meter_exports(m, r);
        break;
    case START:
        swapci_meter_put_function(m, r);
        break;
    case ELEMENT:
        meter_elements(m, r);
        break;
    case CODE:
        meter_code(m, r);
        break;
    default:
        put_rest(m, r);
    }
}

static void meter_section(struct swapci_meter *m, uint8_t id, reader *r) {
    size_t size = begin_section(m, id);
    meter_content(m, id, r);
    end_sized(m, size);
    r->bad = r->bad || r->at != r->end;
}

/* Where a section stands: the number of data segments lies between elements and code. */
static unsigned place_of(uint8_t id) {
    return id == DATA_COUNT ? 2 * ELEMENT + 1 : 2u * id;
}

/* Writes those sections that must gain something and are not there, up to the place `to`. */
static void add_missing(struct swapci_meter *m, unsigned from, unsigned to) {
    static const uint8_t needed[] = {TYPE, IMPORT, GLOBAL};
    for (size_t i = 0; i < sizeof needed; i++) {
        reader none = {NULL, NULL, false};
        unsigned place = place_of(needed[i]);
        if (place > from && place < to) meter_section(m, needed[i], &none);
    }
}

static void meter_sections(struct swapci_meter *m, reader *all) {
    unsigned last = 0;
    while (!all->bad && all->at < all->end && m->status == SWAPC_OK) {
        uint8_t id = swapci_wasm_byte(all);
        reader section = swapci_wasm_part(all, swapci_wasm_leb(all));
        if (section.bad || id == CUSTOM) continue;
        if (id > DATA_COUNT) {
            swapci_meter_unsupported(m, "a section later than the MVP (tags)");
            return;
        }
        all->bad = place_of(id) <= last;
        if (all->bad) return;
        add_missing(m, last, place_of(id));
        last = place_of(id);
        meter_section(m, id, &section);
        all->bad = section.bad;
    }
    add_missing(m, last, PLACE_END);
}

enum swapc_status swapci_wasm_meter(swapc_bytes module, swapci_buffer *out, swapc_error *error) {
    static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct swapci_meter m = {.out = out, .error = error};
    reader all = {module.ptr, module.ptr + module.len, false};
    reader head = swapci_wasm_part(&all, sizeof magic);
    all.bad = head.bad || memcmp(head.at, magic, sizeof magic) != 0;
    swapci_meter_put(&m, magic, sizeof magic);
    if (!all.bad) meter_sections(&m, &all);
    if (m.status == SWAPC_OK && out->len > UINT32_MAX)
        swapci_meter_unsupported(&m, "more than 4 GiB");
    if (m.status == SWAPC_OK && all.bad)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                               "not a whole wasm module; build or copy it again");
    if (m.status == SWAPC_NO_MEMORY)
        return swapc_error_set(error, m.status, "no memory to meter the module");
    return m.status;
}
