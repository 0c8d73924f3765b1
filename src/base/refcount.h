/* refcount.h - an atomic reference count.
 *
 * Shared: one counter. Retain is relaxed, as whoever retains holds a reference already. Release
 * orders the holder's writes before the decrement, and the last holder acquires them all
 * before it frees the object.
 *
 * Threads: any. Dropping below zero or retaining a dead object is a broken contract (panic).
 */
#ifndef SWAPCI_REFCOUNT_H
#define SWAPCI_REFCOUNT_H

#include <stdatomic.h>
#include <stdint.h>

#include "swapc/log.h"

typedef struct swapci_refcount {
    _Atomic uint32_t count;
} swapci_refcount;

/* One reference: the maker's. */
static inline void swapci_refcount_init(swapci_refcount *ref) {
    atomic_init(&ref->count, 1);
}

static inline void swapci_refcount_retain(swapci_refcount *ref) {
    uint32_t before = atomic_fetch_add_explicit(&ref->count, 1, memory_order_relaxed);
    SWAPC_CHECK(before > 0 && before < UINT32_MAX / 2);
}

/* Returns 1 when this was the last reference: the caller must free the object. */
static inline int swapci_refcount_release(swapci_refcount *ref) {
    /* acq_rel rather than a fence: the thread sanitizer understands it, and x86 pays the same */
    uint32_t before = atomic_fetch_sub_explicit(&ref->count, 1, memory_order_acq_rel);
    SWAPC_CHECK(before > 0);
    return before == 1;
}

/* The count at some moment: for tests and diagnostics only. */
static inline uint32_t swapci_refcount_read(const swapci_refcount *ref) {
    return atomic_load_explicit(&ref->count, memory_order_relaxed);
}

#endif
