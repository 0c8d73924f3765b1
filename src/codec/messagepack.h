/* messagepack.h - reading and writing MessagePack in the caller's storage.
 *
 * A pull reader and a push writer, value by value; no tree, no allocation, no recursion, nothing of
 * the C library but memory copies, so that guests hold the same code as the host. It is not a
 * schema: see verify_message.h for one.
 *
 * Threads: none shared. Ownership: values read borrow from the input.
 * Limits: as the format's, strings and counts below 4 GiB. Nesting is not limited, because nothing
 *     here grows with it.
 */
#ifndef SWAPCI_MESSAGEPACK_H
#define SWAPCI_MESSAGEPACK_H

#include <stdbool.h>

#include "swapc/bytes.h"

enum swapci_mp_type {
    SWAPCI_MP_NIL,
    SWAPCI_MP_BOOL,
    SWAPCI_MP_UINT, /* 0 or above, however it was written */
    SWAPCI_MP_INT,  /* below 0 */
    SWAPCI_MP_FLOAT,
    SWAPCI_MP_STR, /* bytes may be no UTF-8 */
    SWAPCI_MP_BIN,
    SWAPCI_MP_EXT,
    SWAPCI_MP_ARRAY, /* its elements follow */
    SWAPCI_MP_MAP    /* its keys and values follow, in turn */
};

struct swapci_mp_value {
    enum swapci_mp_type type;
    bool boolean;      /* BOOL */
    uint64_t uint;     /* UINT; INT: the two's complement */
    double real;       /* FLOAT */
    swapc_bytes bytes; /* STR, BIN, EXT */
    int8_t ext_type;   /* EXT */
    uint32_t count;    /* ARRAY: elements, MAP: pairs */
};

struct swapci_mp_reader {
    const uint8_t *at;
    const uint8_t *end;
};

/* Reads from bytes, which stay the caller's. */
static inline struct swapci_mp_reader swapci_mp_reader_of(swapc_bytes bytes) {
    struct swapci_mp_reader r;
    r.at = bytes.ptr;
    r.end = bytes.len > 0 ? bytes.ptr + bytes.len : bytes.ptr;
    return r;
}

/* Reads one value; of an array or a map its head alone. Only the fields of its type are set.
 * Returns 1, or 0 at the end, when the input is cut, or at the byte 0xc1, which is no value. After
 * failure the reader is where it was. */
int swapci_mp_read(struct swapci_mp_reader *r, struct swapci_mp_value *out);

/* Passes over one value with all that is in it. Returns 1; or 0 as above, the reader anywhere. */
int swapci_mp_skip(struct swapci_mp_reader *r);

/* Writes up to size bytes at out and counts further: len is what the document takes, also when it
 * is more than size (its content is then unfinished). out may be NULL when size is 0. */
struct swapci_mp_writer {
    uint8_t *out;
    size_t size;
    size_t len;
};

/* Each writes one value in the shortest form of its type. */
void swapci_mp_write_nil(struct swapci_mp_writer *w);
void swapci_mp_write_bool(struct swapci_mp_writer *w, bool value);
void swapci_mp_write_uint(struct swapci_mp_writer *w, uint64_t value);
void swapci_mp_write_int(struct swapci_mp_writer *w, int64_t value);
void swapci_mp_write_double(struct swapci_mp_writer *w, double value);
/* bytes.len is below 4 GiB. */
void swapci_mp_write_str(struct swapci_mp_writer *w, swapc_bytes bytes);
void swapci_mp_write_bin(struct swapci_mp_writer *w, swapc_bytes bytes);
/* The head; the caller writes count elements, or count keys and values, after it. */
void swapci_mp_write_array(struct swapci_mp_writer *w, uint32_t count);
void swapci_mp_write_map(struct swapci_mp_writer *w, uint32_t count);

#endif
