/* wasi_memory.h - what the WASI functions share: errno values, and little-endian numbers in the
 * guest's memory. Pointers come out of swapci_span and need no alignment. */
#ifndef SWAPCI_WASI_MEMORY_H
#define SWAPCI_WASI_MEMORY_H

#include "wapc.h"

/* errno values of WASI preview 1 */
enum {
    SWAPCI_WASI_SUCCESS = 0,
    SWAPCI_WASI_BADF = 8,
    SWAPCI_WASI_INVAL = 28,
    SWAPCI_WASI_IO = 29,
    SWAPCI_WASI_NOSYS = 52,
    SWAPCI_WASI_SPIPE = 70,
    SWAPCI_WASI_NOTCAPABLE = 76
};

/* Vectors of a write and subscriptions of a poll: more of them are INVAL, so that one call's work
 * is bounded (some 0.1 ms). Linux takes 1024 vectors. */
enum { SWAPCI_WASI_LIST_MAX = 16384 };

static inline uint32_t swapci_wasi_load32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t swapci_wasi_load64(const uint8_t *at) {
    return swapci_wasi_load32(at) | (uint64_t)swapci_wasi_load32(at + 4) << 32;
}

static inline void swapci_wasi_store(uint8_t *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static inline enum swapc_status swapci_wasi_outside(swapc_call *call, const char *name) {
    return swapci_call_stop(call, SWAPC_TRAP_MEMORY,
                            "module \"%s\" passed WASI %s a span outside its memory",
                            call->module_name, name);
}

#endif
