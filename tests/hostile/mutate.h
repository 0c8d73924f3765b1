/* mutate.h - damages bytes in ways that files are damaged in, and attackers damage them.
 *
 * A mutation is a function of its seed and number alone, so that one that finds a fault can be made
 * again. What it cuts, swaps and doubles are pieces: the sections of a wasm module, the lines of a
 * text, blocks of 64 bytes of anything else.
 *
 * Threads: any. Ownership: out is the caller's.
 */
#ifndef SWAPCI_MUTATE_H
#define SWAPCI_MUTATE_H

#include "buffer.h"

enum swapci_mutation {
    SWAPCI_MUTATE_CUT,    /* the file ends early */
    SWAPCI_MUTATE_BITS,   /* one to four bits are flipped */
    SWAPCI_MUTATE_BYTES,  /* a run of bytes is overwritten: noise, zeros or ones */
    SWAPCI_MUTATE_INSERT, /* a run of noise is put in */
    SWAPCI_MUTATE_REMOVE, /* a run is taken out */
    SWAPCI_MUTATE_COPY,   /* a run is written over another place */
    SWAPCI_MUTATE_SWAP,   /* two pieces change places */
    SWAPCI_MUTATE_DOUBLE, /* a piece is there twice */
    SWAPCI_MUTATE_DROP,   /* a piece is not there */
    SWAPCI_MUTATE_NOISE,  /* nothing of it is left, but for its first bytes at times */
    SWAPCI_MUTATIONS
};

/* A generator of numbers: xorshift64*, the same on any machine. */
struct swapci_random {
    uint64_t state; /* not 0 */
};
struct swapci_random swapci_random_of(uint64_t seed, uint64_t number);
/* 0 … limit - 1; limit is not 0. */
uint32_t swapci_random_below(struct swapci_random *random, uint32_t limit);

/* Fills out with a mutation of original (which is not empty) and stores its kind. Returns SWAPC_OK,
 * NO_MEMORY. */
enum swapc_status swapci_mutate(struct swapci_random *random, swapc_bytes original,
                                swapci_buffer *out, enum swapci_mutation *kind);

#endif
