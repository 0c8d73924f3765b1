/* wt_ticker.h - the clock that interrupts wasmtime guests: it advances the epoch of the engines.
 *
 * A guest notices that its epoch has passed at the next loop or function entry and calls the
 * store's epoch callback, which looks at deadline and cancel flag. Every millisecond is enough for
 * that, and nothing ticks while nobody needs it.
 *
 * Threads: start and stop once each, alone; need and wake from any thread at any time between.
 */
#ifndef SWAPCI_WT_TICKER_H
#define SWAPCI_WT_TICKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <wasmtime.h>

#include "swapc/error.h"

struct swapci_wt_ticker {
    atomic_bool wanted; /* somebody needed a tick since the flag was cleared */
    uint64_t now;       /* CLOCK_MONOTONIC at the last tick; 0 while it sleeps; by __atomic */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stopping;
    wasm_engine_t *engines[2];
    pthread_t thread;
};

/* Starts the thread. engines: the second one may be NULL; they outlive the ticker.
 * Returns SWAPC_OK, or SYSTEM when there can be no thread. */
enum swapc_status swapci_wt_ticker_start(struct swapci_wt_ticker *ticker, wasm_engine_t *first,
                                         wasm_engine_t *second, swapc_error *error);

/* Joins the thread. */
void swapci_wt_ticker_stop(struct swapci_wt_ticker *ticker);

/* Starts the ticking again when it has gone to sleep. */
void swapci_wt_ticker_wake(struct swapci_wt_ticker *ticker);

/* Called before guest code runs that must be interruptible: it will see ticks. A load, mostly. */
static inline void swapci_wt_ticker_need(struct swapci_wt_ticker *ticker) {
    if (!atomic_load_explicit(&ticker->wanted, memory_order_relaxed)) swapci_wt_ticker_wake(ticker);
}

#endif
