#include "wasm_scan.h"

#include "heap.h"

enum {
    SECTION_TYPE = 1,
    SECTION_IMPORT = 2,
    SECTION_FUNCTION = 3,
    SECTION_MEMORY = 5,
    SECTION_EXPORT = 7
};
enum { TYPE_FUNC = 0x60, LIMIT_HAS_MAX = 1, LIMIT_64 = 4 };

/* Engines take no more parameters or results either; and the types of imports and exports are read
 * again for each of them, so that without a bound a small module could keep the host busy for long. */
enum { VALUES_MAX = 1000 };

/* A reader over one section; pos runs past end only by being set to it together with bad. */
struct reader {
    const uint8_t *base;
    size_t pos;
    size_t end;
    bool bad;
};

struct index_list {
    uint32_t *at;
    size_t count;
    size_t capacity;
};

struct scan {
    swapc_bytes bytes;
    struct index_list types;     /* offset of each function type's parameter count; 0: not one */
    struct index_list functions; /* type index of each function, imported ones first */
    struct index_list memories;  /* minimum pages of each memory */
    swapci_wasm_item_fn fn;
    void *user;
    swapc_error *error;
};

static uint8_t read_byte(struct reader *r) {
    if (r->pos >= r->end) {
        r->bad = true;
        return 0;
    }
    return r->base[r->pos++];
}

static uint64_t read_leb(struct reader *r, unsigned bits) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte = read_byte(r);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    r->bad = true;
    return 0;
}

static uint32_t read_u32(struct reader *r) {
    return (uint32_t)read_leb(r, 32);
}

static swapc_bytes read_name(struct reader *r) {
    uint32_t len = read_u32(r);
    if (r->bad || len > r->end - r->pos) {
        r->bad = true;
        return swapc_bytes_of(NULL, 0);
    }
    swapc_bytes name = swapc_bytes_of(r->base + r->pos, len);
    r->pos += len;
    return name;
}

static enum swapc_status push(struct index_list *list, uint32_t value, swapc_error *error) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        uint32_t *at = swapci_heap_resize(list->at, capacity * sizeof *at);
        if (!at) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to read the module");
        list->at = at;
        list->capacity = capacity;
    }
    list->at[list->count++] = value;
    return SWAPC_OK;
}

/* A value type is one byte, except the typed references, which carry a heap type. */
static char read_value_type(struct reader *r) {
    uint8_t byte = read_byte(r);
    switch (byte) {
    case 0x7f:
        return 'i';
    case 0x7e:
        return 'I';
    case 0x7d:
        return 'f';
    case 0x7c:
        return 'F';
    case 0x7b:
        return 'v';
    case 0x63:
    case 0x64:
        read_leb(r, 35);
        return 'r';
    default:
        return 'r';
    }
}

/* Returns false when there are more than VALUES_MAX. */
static bool skip_types(struct reader *r) {
    uint32_t count = read_u32(r);
    for (uint32_t n = count; n > 0 && !r->bad; n--) read_value_type(r);
    return r->bad || count <= VALUES_MAX;
}

static enum swapc_status read_types(struct scan *s, struct reader *r) {
    for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--) {
        uint8_t form = read_byte(r);
        if (r->bad) return SWAPC_OK; /* reported as damage by the caller */
        if (form != TYPE_FUNC)
            return swapc_error_set(
                s->error, SWAPC_UNSUPPORTED,
                "the module uses types of the GC proposal; build it without them");
        enum swapc_status status = push(&s->types, (uint32_t)r->pos, s->error);
        if (status != SWAPC_OK) return status;
        if (!skip_types(r) || !skip_types(r))
            return swapc_error_set(s->error, SWAPC_UNSUPPORTED,
                                   "the module has a function type of more than %d values",
                                   VALUES_MAX);
    }
    return SWAPC_OK;
}

/* Leaves room for the dots and the NUL; after the dots nothing more is added. */
static void append(char *text, size_t *used, char letter) {
    if (*used + 4 < SWAPCI_WASM_SIGNATURE_MAX) {
        text[(*used)++] = letter;
    } else if (text[*used - 1] != '.') {
        memcpy(text + *used, "...", 3);
        *used += 3;
    }
}

static void append_types(struct reader *r, char *text, size_t *used) {
    for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--) append(text, used, read_value_type(r));
}

/* Spells the type; an index that is not there leaves "?", which matches nothing. */
static void signature_of(const struct scan *s, uint64_t type, char *text) {
    text[0] = '?', text[1] = '\0';
    if (type >= s->types.count) return;
    struct reader r = {s->bytes.ptr, s->types.at[type], s->bytes.len, false};
    size_t used = 0;
    append_types(&r, text, &used);
    struct reader results = r;
    if (read_u32(&results) > 0) {
        append(text, &used, ':');
        append_types(&r, text, &used);
    }
    text[used] = '\0';
}

static uint64_t read_limits(struct reader *r) {
    uint8_t flags = read_byte(r);
    uint64_t min = read_leb(r, flags & LIMIT_64 ? 64 : 32);
    if (flags & LIMIT_HAS_MAX) read_leb(r, flags & LIMIT_64 ? 64 : 32);
    return min;
}

static uint32_t clamp32(uint64_t value) {
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static enum swapc_status read_import(struct scan *s, struct reader *r) {
    struct swapci_wasm_item item = {.import = true};
    item.module = read_name(r);
    item.name = read_name(r);
    item.kind = (enum swapci_wasm_kind)read_byte(r);
    enum swapc_status status = SWAPC_OK;
    switch (item.kind) {
    case SWAPCI_WASM_FUNCTION: {
        uint32_t type = read_u32(r);
        signature_of(s, type, item.signature);
        status = push(&s->functions, type, s->error);
        break;
    }
    case SWAPCI_WASM_TABLE:
        read_value_type(r);
        read_limits(r);
        break;
    case SWAPCI_WASM_MEMORY:
        item.pages_min = read_limits(r);
        status = push(&s->memories, clamp32(item.pages_min), s->error);
        break;
    case SWAPCI_WASM_GLOBAL:
        read_value_type(r);
        read_byte(r);
        break;
    case SWAPCI_WASM_TAG:
        read_byte(r);
        read_u32(r);
        break;
    default:
        r->bad = true;
    }
    return status != SWAPC_OK || r->bad ? status : s->fn(&item, s->user, s->error);
}

static enum swapc_status read_imports(struct scan *s, struct reader *r) {
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = read_u32(r); n > 0 && !r->bad && status == SWAPC_OK; n--)
        status = read_import(s, r);
    return status;
}

static enum swapc_status read_functions(struct scan *s, struct reader *r) {
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = read_u32(r); n > 0 && !r->bad && status == SWAPC_OK; n--)
        status = push(&s->functions, read_u32(r), s->error);
    return status;
}

static enum swapc_status read_memories(struct scan *s, struct reader *r) {
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = read_u32(r); n > 0 && !r->bad && status == SWAPC_OK; n--)
        status = push(&s->memories, clamp32(read_limits(r)), s->error);
    return status;
}

static enum swapc_status read_exports(struct scan *s, struct reader *r) {
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = read_u32(r); n > 0 && !r->bad && status == SWAPC_OK; n--) {
        struct swapci_wasm_item item = {.import = false};
        item.name = read_name(r);
        item.kind = (enum swapci_wasm_kind)read_byte(r);
        uint32_t index = read_u32(r);
        if (item.kind == SWAPCI_WASM_FUNCTION)
            signature_of(s, index < s->functions.count ? s->functions.at[index] : UINT32_MAX,
                         item.signature);
        if (item.kind == SWAPCI_WASM_MEMORY && index < s->memories.count)
            item.pages_min = s->memories.at[index];
        if (!r->bad) status = s->fn(&item, s->user, s->error);
    }
    return status;
}

static enum swapc_status read_section(struct scan *s, uint8_t id, struct reader *r) {
    switch (id) {
    case SECTION_TYPE:
        return read_types(s, r);
    case SECTION_IMPORT:
        return read_imports(s, r);
    case SECTION_FUNCTION:
        return read_functions(s, r);
    case SECTION_MEMORY:
        return read_memories(s, r);
    case SECTION_EXPORT:
        return read_exports(s, r);
    default:
        return SWAPC_OK;
    }
}

bool swapci_wasm_is_module(swapc_bytes bytes) {
    static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    return bytes.len >= sizeof magic && memcmp(bytes.ptr, magic, sizeof magic) == 0;
}

static enum swapc_status scan_sections(struct scan *s) {
    struct reader all = {s->bytes.ptr, 8, s->bytes.len, false};
    while (all.pos < all.end) {
        size_t at = all.pos;
        uint8_t id = read_byte(&all);
        uint32_t size = read_u32(&all);
        struct reader section = {all.base, all.pos, all.pos + size, false};
        enum swapc_status status = SWAPC_OK;
        if (all.bad || size > all.end - all.pos) section.bad = true;
        else status = read_section(s, id, &section);
        if (section.bad)
            return swapc_error_set(
                s->error, SWAPC_MODULE_MALFORMED,
                "truncated or damaged in section %u at byte %zu: build or copy it "
                "again",
                id, at);
        if (status != SWAPC_OK) return status;
        all.pos += size;
    }
    return SWAPC_OK;
}

enum swapc_status swapci_wasm_scan(swapc_bytes bytes, swapci_wasm_item_fn fn, void *user,
                                   swapc_error *error) {
    if (!swapci_wasm_is_module(bytes) || bytes.len > UINT32_MAX)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                               "not a wasm module (no magic bytes): build or copy it again");
    struct scan s = {.bytes = bytes, .fn = fn, .user = user, .error = error};
    enum swapc_status status = scan_sections(&s);
    swapci_heap_free(s.types.at);
    swapci_heap_free(s.functions.at);
    swapci_heap_free(s.memories.at);
    return status;
}
