#include "wasm_generator.h"

#include "swapc/log.h"
#include "wasm_generator_impl.h"

enum { TYPES_FIXED = 3, FUEL = 100, PAGES_MOST = 3 };

static const uint8_t value_types[] = {SWAPCI_WASM_I32, SWAPCI_WASM_I32, SWAPCI_WASM_I64,
                                      SWAPCI_WASM_F32, SWAPCI_WASM_F64};

void swapci_wasm_choices(uint64_t seed, uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u; /* splitmix64 */
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        bytes[i] = (uint8_t)(z >> 56);
    }
}

uint32_t swapci_generator_pick(struct swapci_generator *g, uint32_t limit) {
    uint32_t value = g->choices.at < g->choices.end ? *g->choices.at++ : 0;
    return limit ? value % limit : 0;
}

static uint8_t pick_type(struct swapci_generator *g) {
    return value_types[swapci_generator_pick(g, sizeof value_types)];
}

static void put_name(struct swapci_wasm_writer *w, const char *name) {
    swapci_wasm_put_name(w, swapc_bytes_str(name));
}

static void put_types(struct swapci_generator *g, struct swapci_wasm_writer *w) {
    static const uint8_t fixed[] = {0x60, 2,    0x7f, 0x7f, 1,    0x7f, 0x60,
                                    2,    0x7f, 0x7f, 0,    0x60, 0,    0};
    static const uint8_t counts[] = {0, 1, 1, 2, 2, 3, 5, 12};
    uint32_t count = swapci_generator_pick(g, 6);
    size_t at = swapci_wasm_begin_section(w, SWAPCI_WASM_TYPES);
    swapci_wasm_put_u32(w, TYPES_FIXED + count);
    swapci_wasm_put(w, fixed, sizeof fixed);
    for (uint32_t i = 0; i < count; i++) {
        swapci_wasm_put_byte(w, SWAPCI_WASM_FUNC_TYPE);
        for (int side = 0; side < 2; side++) {
            uint32_t values = counts[swapci_generator_pick(g, sizeof counts)];
            swapci_wasm_put_u32(w, values);
            for (uint32_t k = 0; k < values; k++) swapci_wasm_put_byte(w, pick_type(g));
        }
    }
    swapci_wasm_end_section(w, at);
    at = swapci_wasm_begin_section(w, SWAPCI_WASM_IMPORTS);
    swapci_wasm_put_u32(w, 1);
    put_name(w, "wapc");
    put_name(w, "__guest_response");
    swapci_wasm_put(w, (const uint8_t[]){SWAPCI_WASM_FUNCTION, 1}, 2);
    swapci_wasm_end_section(w, at);
    uint32_t functions = 2 + swapci_generator_pick(g, 5);
    at = swapci_wasm_begin_section(w, SWAPCI_WASM_FUNCTIONS);
    swapci_wasm_put_u32(w, functions);
    for (uint32_t i = 0; i < functions; i++)
        swapci_wasm_put_u32(w, i == 0 ? 0 : swapci_generator_pick(g, TYPES_FIXED + count));
    swapci_wasm_end_section(w, at);
}

static void put_memory(struct swapci_generator *g, struct swapci_wasm_writer *w) {
    uint8_t entries = (uint8_t)(1 + swapci_generator_pick(g, SWAPCI_GENERATOR_ENTRIES));
    size_t at = swapci_wasm_begin_section(w, SWAPCI_WASM_TABLES);
    swapci_wasm_put(w, (const uint8_t[]){1, SWAPCI_WASM_FUNCREF, 1, entries, entries}, 5);
    swapci_wasm_end_section(w, at);
    at = swapci_wasm_begin_section(w, SWAPCI_WASM_MEMORIES);
    uint8_t pages = (uint8_t)(1 + swapci_generator_pick(g, 2));
    swapci_wasm_put(w, (const uint8_t[]){1, 1, pages, PAGES_MOST}, 4);
    swapci_wasm_end_section(w, at);
}

static void put_constant(struct swapci_generator *g, struct swapci_wasm_writer *w, uint8_t type) {
    swapci_wasm_put_byte(w, (uint8_t)(SWAPCI_WASM_OP_I32_CONST + (SWAPCI_WASM_I32 - type)));
    uint32_t value = swapci_generator_pick(g, 256);
    if (type >= SWAPCI_WASM_I64) swapci_wasm_put_signed(w, (int64_t)value - 128);
    else if (type == SWAPCI_WASM_F32) swapci_wasm_put_bits(w, value << 23, 4);
    else swapci_wasm_put_bits(w, (uint64_t)value << 55, 8);
    swapci_wasm_put_byte(w, SWAPCI_WASM_OP_END);
}

static void put_globals(struct swapci_generator *g, struct swapci_wasm_writer *w) {
    uint32_t count = swapci_generator_pick(g, 7);
    size_t at = swapci_wasm_begin_section(w, SWAPCI_WASM_GLOBALS);
    swapci_wasm_put_u32(w, 1 + count);
    swapci_wasm_put(w, (const uint8_t[]){SWAPCI_WASM_I32, 1, SWAPCI_WASM_OP_I32_CONST}, 3);
    swapci_wasm_put_signed(w, FUEL);
    swapci_wasm_put_byte(w, SWAPCI_WASM_OP_END);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t type = pick_type(g);
        swapci_wasm_put_byte(w, type);
        swapci_wasm_put_byte(w, swapci_generator_pick(g, 5) != 4);
        put_constant(g, w, type);
    }
    swapci_wasm_end_section(w, at);
    at = swapci_wasm_begin_section(w, SWAPCI_WASM_EXPORTS);
    swapci_wasm_put_u32(w, 2);
    put_name(w, "memory");
    swapci_wasm_put(w, (const uint8_t[]){SWAPCI_WASM_MEMORY, 0}, 2);
    put_name(w, "__guest_call");
    swapci_wasm_put(w, (const uint8_t[]){SWAPCI_WASM_FUNCTION, SWAPCI_GENERATOR_MAIN}, 2);
    swapci_wasm_end_section(w, at);
}

static void put_elements(struct swapci_generator *g, struct swapci_wasm_writer *w) {
    size_t at = swapci_wasm_begin_section(w, SWAPCI_WASM_ELEMENTS);
    uint32_t entries = (uint32_t)g->m.tables[0].limits.min;
    swapci_wasm_put(w, (const uint8_t[]){1, 0, SWAPCI_WASM_OP_I32_CONST, 0, SWAPCI_WASM_OP_END}, 5);
    swapci_wasm_put_u32(w, entries);
    uint32_t others = g->m.function_count - 1 - SWAPCI_GENERATOR_MAIN;
    for (uint32_t i = 0; i < entries; i++) {
        g->entries[i] = SWAPCI_GENERATOR_MAIN;
        if (others > 0) g->entries[i] += 1 + swapci_generator_pick(g, others);
        swapci_wasm_put_u32(w, g->entries[i]);
    }
    swapci_wasm_end_section(w, at);
}

static void put_code(struct swapci_generator *g, struct swapci_wasm_writer *w) {
    size_t at = swapci_wasm_begin_section(w, SWAPCI_WASM_CODE);
    swapci_wasm_put_u32(w, g->m.function_count - 1);
    for (uint32_t i = SWAPCI_GENERATOR_MAIN; i < g->m.function_count; i++) {
        swapci_generator_body(g, i);
        if (g->w.status != SWAPC_OK) w->status = g->w.status;
        swapci_wasm_put_name(w, swapci_buffer_bytes(&g->body));
    }
    swapci_wasm_end_section(w, at);
    at = swapci_wasm_begin_section(w, SWAPCI_WASM_DATA);
    swapci_wasm_put(w, (const uint8_t[]){1, 0, SWAPCI_WASM_OP_I32_CONST}, 3);
    swapci_wasm_put_signed(w, 256);
    swapci_wasm_put_byte(w, SWAPCI_WASM_OP_END);
    swapci_wasm_put_u32(w, 64);
    for (uint32_t i = 0; i < 64; i++)
        swapci_wasm_put_byte(w, (uint8_t)(17 * i + swapci_generator_pick(g, 256)));
    swapci_wasm_end_section(w, at);
}

/* The declarations are written first and read back: the bodies are made from what they say. */
enum swapc_status swapci_wasm_generate(swapc_bytes choices, swapci_buffer *out) {
    static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct swapci_generator g = {.choices = swapci_wasm_reader_of(choices)};
    swapci_buffer declared = SWAPCI_BUFFER_INIT;
    struct swapci_wasm_writer w = {&declared, SWAPC_OK};
    swapci_wasm_put(&w, magic, sizeof magic);
    put_types(&g, &w);
    put_memory(&g, &w);
    put_globals(&g, &w);
    enum swapc_status status = w.status;
    if (status == SWAPC_OK)
        status = swapci_wasm_module_read(&g.m, swapci_buffer_bytes(&declared), NULL);
    SWAPC_CHECK(status == SWAPC_OK || status == SWAPC_NO_MEMORY);
    if (status == SWAPC_OK) {
        struct swapci_wasm_writer whole = {out, SWAPC_OK};
        swapci_wasm_stack_init(&g.stack, &g.m);
        swapci_wasm_put(&whole, declared.ptr, declared.len);
        put_elements(&g, &whole);
        put_code(&g, &whole);
        status = whole.status;
    }
    swapci_wasm_stack_fini(&g.stack);
    swapci_wasm_module_fini(&g.m);
    swapci_buffer_fini(&g.body);
    swapci_buffer_fini(&declared);
    return status;
}
