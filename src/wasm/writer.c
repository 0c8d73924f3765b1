#include "writer.h"

enum { LATER = 5 }; /* bytes of a number that is written before its value is known */

void swapci_wasm_put(struct swapci_wasm_writer *w, const void *bytes, size_t len) {
    if (w->status == SWAPC_OK) w->status = swapci_buffer_append(w->out, swapc_bytes_of(bytes, len));
}

/* Shifts of negative numbers are arithmetic with the compilers that build this. */
void swapci_wasm_put_signed(struct swapci_wasm_writer *w, int64_t value) {
    for (; value < -64 || value >= 64; value >>= 7)
        swapci_wasm_put_byte(w, (uint8_t)(0x80 | (value & 0x7f)));
    swapci_wasm_put_byte(w, (uint8_t)(value & 0x7f));
}

void swapci_wasm_put_bits(struct swapci_wasm_writer *w, uint64_t bits, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) swapci_wasm_put_byte(w, (uint8_t)(bits >> 8 * i));
}

void swapci_wasm_put_name(struct swapci_wasm_writer *w, swapc_bytes name) {
    swapci_wasm_put_u32(w, (uint32_t)name.len);
    swapci_wasm_put(w, name.ptr, name.len);
}

size_t swapci_wasm_put_later(struct swapci_wasm_writer *w) {
    static const uint8_t zero[LATER] = {0x80, 0x80, 0x80, 0x80, 0};
    size_t at = w->out->len;
    swapci_wasm_put(w, zero, sizeof zero);
    return at;
}

void swapci_wasm_set_later(struct swapci_wasm_writer *w, size_t at, uint32_t value) {
    if (w->status != SWAPC_OK) return;
    for (unsigned i = 0; i < LATER; i++)
        w->out->ptr[at + i] = (uint8_t)((value >> 7 * i & 0x7f) | (i + 1 < LATER ? 0x80 : 0));
}

size_t swapci_wasm_begin_section(struct swapci_wasm_writer *w, uint8_t id) {
    swapci_wasm_put_byte(w, id);
    return swapci_wasm_put_later(w);
}

void swapci_wasm_end_section(struct swapci_wasm_writer *w, size_t at) {
    swapci_wasm_set_later(w, at, (uint32_t)(w->out->len - at - LATER));
}
