/* writer.h - writes the bytes of a wasm binary at the end of a buffer.
 *
 * Numbers are LEB128 as short as can be, but where room is left for one that is known later.
 * Writing never fails on the spot: the first failure stays in status, and nothing is written after.
 *
 * Threads: one at a time per writer. Ownership: the caller's buffer.
 */
#ifndef SWAPCI_WASM_WRITER_H
#define SWAPCI_WASM_WRITER_H

#include "buffer.h"

struct swapci_wasm_writer {
    swapci_buffer *out;
    enum swapc_status status; /* SWAPC_OK, NO_MEMORY */
};

void swapci_wasm_put(struct swapci_wasm_writer *w, const void *bytes, size_t len);

static inline void swapci_wasm_put_byte(struct swapci_wasm_writer *w, uint8_t byte) {
    swapci_buffer *out = w->out;
    if (w->status != SWAPC_OK) return;
    if (out->len < out->capacity) out->ptr[out->len++] = byte;
    else w->status = swapci_buffer_append_u8(out, byte);
}

static inline void swapci_wasm_put_u32(struct swapci_wasm_writer *w, uint32_t value) {
    for (; value >= 0x80; value >>= 7) swapci_wasm_put_byte(w, (uint8_t)(value | 0x80));
    swapci_wasm_put_byte(w, (uint8_t)value);
}

void swapci_wasm_put_signed(struct swapci_wasm_writer *w, int64_t value);
/* Little-endian bits of a floating constant. */
void swapci_wasm_put_bits(struct swapci_wasm_writer *w, uint64_t bits, unsigned bytes);
/* A length and so many bytes. */
void swapci_wasm_put_name(struct swapci_wasm_writer *w, swapc_bytes name);

/* Leaves room for an unsigned number (a signed one below 2^31 as well) and returns where; set fills
 * it in. */
size_t swapci_wasm_put_later(struct swapci_wasm_writer *w);
void swapci_wasm_set_later(struct swapci_wasm_writer *w, size_t at, uint32_t value);

/* A section with room for its size, which end fills in. */
size_t swapci_wasm_begin_section(struct swapci_wasm_writer *w, uint8_t id);
void swapci_wasm_end_section(struct swapci_wasm_writer *w, size_t at);

#endif
