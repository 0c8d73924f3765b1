/* wt_runtime.h - the state behind swapc_engine_wasmtime: wasmtime's engines, linkers and the pool.
 *
 * Two wasmtime engines with the same code settings: `pool` places instances in slots that were
 * reserved once (a fresh one costs a few microseconds), `demand` maps memory for each. A module is
 * built for the pool; when more instances live than the pool has slots, or the module does not fit
 * into a slot, it runs on demand. Where the address space for a pool cannot be had there is only
 * `demand`.
 *
 * Threads: open and close alone; the rest is const afterwards, but for the atomics.
 */
#ifndef SWAPCI_WT_RUNTIME_H
#define SWAPCI_WT_RUNTIME_H

#include <stdatomic.h>

#include <wasmtime.h>

#include "swapc/sys/engine.h"
#include "wt_ticker.h"

/* An import row, taken apart for the trampoline. */
struct swapci_wt_import {
    swapc_import_fn fn;
    unsigned params;
    unsigned wide_params; /* bit n: parameter n is an i64 */
    char result;          /* 'i', 'I' or 0 */
};

struct swapci_wt_runtime {
    wasm_engine_t *engine;     /* NULL: there is no such runtime */
    wasmtime_linker_t *linker; /* holds every row of the import table */
};

struct swapc_engine_state {
    swapc_log log;
    struct swapci_wt_runtime pool;
    struct swapci_wt_runtime demand;
    bool memory_moves;     /* a memory's base may change when it grows */
    unsigned pool_size;    /* slots */
    atomic_uint pool_used; /* slots taken; may pass pool_size for a moment */
    struct swapci_wt_ticker ticker;
    struct swapci_wt_import *imports;
};

/* Makes the runtimes with the import table. Returns SWAPC_OK, NO_MEMORY, SYSTEM, or INVALID for a
 * row whose signature cannot be read. state is zeroed storage; after failure fini must not be
 * called. */
enum swapc_status swapci_wt_runtime_init(swapc_engine_state *state,
                                         const swapc_engine_config *config, swapc_error *error);

void swapci_wt_runtime_fini(swapc_engine_state *state);

/* Whether so much address space is free: for want of it wasmtime ends the process where others
 * return an error. */
bool swapci_wt_space_available(uint64_t bytes);

/* An engine that compiles without optimisation, and whose time is therefore the size's and no
 * shape's; its product runs in both runtimes. The caller deletes it. NULL: no memory. */
wasm_engine_t *swapci_wt_quick_engine_new(const swapc_engine_state *state);

/* Takes a slot of the pool. Returns false when there is none free. */
bool swapci_wt_pool_take(swapc_engine_state *state);
void swapci_wt_pool_give(swapc_engine_state *state);

#endif
