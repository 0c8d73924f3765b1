/* reader.h - reads the bytes of a wasm binary without ever leaving them.
 *
 * Numbers are LEB128 as the specification has it: no longer than their width needs, nothing set in
 * the unused bits of the last byte; redundant bytes within that are fine. A reader that met the end
 * or a number that is none is bad from then on and gives zeroes: callers check `bad` where it
 * matters, not after each read.
 *
 * Threads: pure. Ownership: a view of the caller's bytes.
 */
#ifndef SWAPCI_WASM_READER_H
#define SWAPCI_WASM_READER_H

#include <stdbool.h>

#include "swapc/bytes.h"

struct swapci_wasm_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct swapci_wasm_reader swapci_wasm_reader_of(swapc_bytes bytes) {
    return (struct swapci_wasm_reader){bytes.ptr, bytes.ptr ? bytes.ptr + bytes.len : NULL, false};
}

static inline bool swapci_wasm_at_end(const struct swapci_wasm_reader *r) {
    return r->bad || r->at == r->end;
}

static inline uint8_t swapci_wasm_byte(struct swapci_wasm_reader *r) {
    if (r->at < r->end) return *r->at++;
    r->bad = true;
    return 0;
}

/* A number of so many bits, sign-extended to 64 when it is signed. */
uint64_t swapci_wasm_leb(struct swapci_wasm_reader *r, unsigned bits, bool is_signed);

static inline uint32_t swapci_wasm_u32(struct swapci_wasm_reader *r) {
    if (r->at < r->end && *r->at < 0x80) return *r->at++;
    return (uint32_t)swapci_wasm_leb(r, 32, false);
}

static inline int32_t swapci_wasm_s32(struct swapci_wasm_reader *r) {
    return (int32_t)(uint32_t)swapci_wasm_leb(r, 32, true);
}

static inline int64_t swapci_wasm_s64(struct swapci_wasm_reader *r) {
    return (int64_t)swapci_wasm_leb(r, 64, true);
}

static inline void swapci_wasm_skip(struct swapci_wasm_reader *r, uint64_t count) {
    if (count <= (uint64_t)(r->end - r->at)) r->at += count;
    else r->bad = true;
}

/* Little-endian bits of a floating constant. */
static inline uint64_t swapci_wasm_bits(struct swapci_wasm_reader *r, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)swapci_wasm_byte(r) << 8 * i;
    return value;
}

/* The next count bytes as a reader of their own; a bad and empty one when they are not there. */
static inline struct swapci_wasm_reader swapci_wasm_part(struct swapci_wasm_reader *r,
                                                         uint64_t count) {
    struct swapci_wasm_reader part = {r->at, r->at, false};
    swapci_wasm_skip(r, count);
    if (!r->bad) part.end = r->at;
    part.bad = r->bad;
    return part;
}

/* A length and so many bytes; empty when the reader is bad. */
static inline swapc_bytes swapci_wasm_name(struct swapci_wasm_reader *r) {
    struct swapci_wasm_reader part = swapci_wasm_part(r, swapci_wasm_u32(r));
    return swapc_bytes_of(part.at, (size_t)(part.end - part.at));
}

#endif
