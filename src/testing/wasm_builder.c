#include "wasm_builder.h"

#include "swapc/log.h"

static void put(swapci_buffer *to, swapc_bytes bytes) {
    SWAPC_CHECK(swapci_buffer_append(to, bytes) == SWAPC_OK);
}

static void put_byte(swapci_buffer *to, uint8_t byte) {
    put(to, swapc_bytes_of(&byte, 1));
}

static void put_leb(swapci_buffer *to, uint32_t value) {
    for (; value >= 0x80; value >>= 7) put_byte(to, (uint8_t)(value | 0x80));
    put_byte(to, (uint8_t)value);
}

static void put_name(swapci_buffer *to, const char *name) {
    put_leb(to, (uint32_t)strlen(name));
    put(to, swapc_bytes_str(name));
}

void swapci_wasm_begin(struct swapci_wasm_builder *b) {
    static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    *b = (struct swapci_wasm_builder){.id = 0};
    put(&b->bytes, swapc_bytes_of(magic, sizeof magic));
}

void swapci_wasm_builder_fini(struct swapci_wasm_builder *b) {
    swapci_buffer_fini(&b->bytes);
    swapci_buffer_fini(&b->section);
}

void swapci_wasm_section(struct swapci_wasm_builder *b, uint8_t id) {
    swapci_buffer_clear(&b->section);
    b->id = id;
    b->items = 0;
}

void swapci_wasm_section_end(struct swapci_wasm_builder *b) {
    swapci_buffer count = SWAPCI_BUFFER_INIT;
    put_leb(&count, b->items);
    put_byte(&b->bytes, b->id);
    put_leb(&b->bytes, (uint32_t)(count.len + b->section.len));
    put(&b->bytes, swapci_buffer_bytes(&count));
    put(&b->bytes, swapci_buffer_bytes(&b->section));
    swapci_buffer_fini(&count);
}

static uint8_t value_type(char letter) {
    switch (letter) {
    case 'i':
        return 0x7f;
    case 'I':
        return 0x7e;
    case 'f':
        return 0x7d;
    case 'F':
        return 0x7c;
    case 'v':
        return 0x7b;
    default:
        return 0x70;
    }
}

static void put_types(swapci_buffer *to, const char *letters, size_t count) {
    put_leb(to, (uint32_t)count);
    for (size_t i = 0; i < count; i++) put_byte(to, value_type(letters[i]));
}

void swapci_wasm_type(struct swapci_wasm_builder *b, const char *signature) {
    const char *colon = strchr(signature, ':');
    size_t params = colon ? (size_t)(colon - signature) : strlen(signature);
    put_byte(&b->section, 0x60);
    put_types(&b->section, signature, params);
    put_types(&b->section, colon ? colon + 1 : "", colon ? strlen(colon + 1) : 0);
    b->items++;
}

void swapci_wasm_import(struct swapci_wasm_builder *b, const char *module, const char *name,
                        uint32_t type) {
    put_name(&b->section, module);
    put_name(&b->section, name);
    put_byte(&b->section, 0);
    put_leb(&b->section, type);
    b->items++;
}

void swapci_wasm_function(struct swapci_wasm_builder *b, uint32_t type) {
    put_leb(&b->section, type);
    b->items++;
}

void swapci_wasm_memory(struct swapci_wasm_builder *b, uint32_t pages) {
    put_byte(&b->section, 0);
    put_leb(&b->section, pages);
    b->items++;
}

void swapci_wasm_export(struct swapci_wasm_builder *b, const char *name, uint8_t kind,
                        uint32_t index) {
    put_name(&b->section, name);
    put_byte(&b->section, kind);
    put_leb(&b->section, index);
    b->items++;
}

void swapci_wasm_item(struct swapci_wasm_builder *b, swapc_bytes bytes) {
    put(&b->section, bytes);
    b->items++;
}

swapc_bytes swapci_wasm_bytes(const struct swapci_wasm_builder *b) {
    return swapci_buffer_bytes(&b->bytes);
}
