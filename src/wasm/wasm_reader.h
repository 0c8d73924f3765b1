/* wasm_reader.h - reads the bytes of a wasm binary without ever leaving them.
 *
 * A reader that met the end or an overlong number is bad from then on and gives zeroes: callers
 * check `bad` where it matters, not after each read.
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

static inline uint8_t swapci_wasm_byte(struct swapci_wasm_reader *r) {
    if (r->at < r->end) return *r->at++;
    r->bad = true;
    return 0;
}

/* An unsigned or signed LEB128 of at most 64 bits; of a signed one only "negative or not" and small
 * values matter here, so the raw bits are returned. */
static inline uint64_t swapci_wasm_leb(struct swapci_wasm_reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = swapci_wasm_byte(r);
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    r->bad = true;
    return 0;
}

static inline void swapci_wasm_skip(struct swapci_wasm_reader *r, uint64_t count) {
    if (count <= (uint64_t)(r->end - r->at)) r->at += count;
    else r->bad = true;
}

/* The next count bytes as a reader of their own; a bad one when they are not there. */
static inline struct swapci_wasm_reader swapci_wasm_part(struct swapci_wasm_reader *r,
                                                         uint64_t count) {
    struct swapci_wasm_reader part = {r->at, r->at, false};
    swapci_wasm_skip(r, count);
    part.end = r->at;
    part.bad = r->bad;
    return part;
}

#endif
