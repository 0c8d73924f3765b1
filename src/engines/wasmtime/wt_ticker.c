/* What is shared: `wanted` and `stopping`, both set under the lock (so that the sleeping thread
 * cannot miss them) and read without it.
 *
 * The warm call must not write shared memory, so there is no count of running calls. Instead the
 * thread clears `wanted` now and then and goes to sleep only when nobody has set it again for a
 * whole period of TICKS_IDLE ticks. `now` is written by the thread alone, and 0 while it sleeps.
 * Why no running guest is missed: who enters after the clearing sees `wanted` false and sets it;
 * who was inside already is interrupted by one of the period's ticks (a guest's epoch is always the
 * next one) and its epoch callback calls need; who was inside a host function meanwhile calls
 * need when it returns to the guest. */
#include "wt_ticker.h"

#include <signal.h>
#include <time.h>

#include "clock.h"
#include "signal_mask.h"

#define TICK_NS 1000000
#define TICKS_IDLE 100

static void show_time(struct swapci_wt_ticker *ticker, uint64_t now) {
    __atomic_store_n(&ticker->now, now, __ATOMIC_RELAXED);
}

static void tick(struct swapci_wt_ticker *ticker) {
    const struct timespec pause = {0, TICK_NS};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    show_time(ticker, swapci_clock_monotonic_ns());
    for (unsigned i = 0; i < 2; i++)
        if (ticker->engines[i]) wasmtime_engine_increment_epoch(ticker->engines[i]);
}

/* Sleeps until somebody needs ticks. Returns false when the ticker stops. */
static bool wait_for_need(struct swapci_wt_ticker *ticker) {
    pthread_mutex_lock(&ticker->lock);
    if (!atomic_load(&ticker->wanted)) show_time(ticker, 0); /* it would be an old one soon */
    while (!atomic_load(&ticker->stopping) && !atomic_load(&ticker->wanted))
        pthread_cond_wait(&ticker->wake, &ticker->lock);
    pthread_mutex_unlock(&ticker->lock);
    show_time(ticker, swapci_clock_monotonic_ns());
    return !atomic_load(&ticker->stopping);
}

static void *ticker_main(void *arg) {
    struct swapci_wt_ticker *ticker = arg;
    while (wait_for_need(ticker)) {
        atomic_store(&ticker->wanted, false);
        for (unsigned i = 0; i < TICKS_IDLE && !atomic_load(&ticker->stopping); i++) tick(ticker);
    }
    return NULL;
}

enum swapc_status swapci_wt_ticker_start(struct swapci_wt_ticker *ticker, wasm_engine_t *first,
                                         wasm_engine_t *second, swapc_error *error) {
    atomic_init(&ticker->wanted, false);
    atomic_init(&ticker->stopping, false);
    ticker->now = 0;
    ticker->engines[0] = first;
    ticker->engines[1] = second;
    pthread_mutex_init(&ticker->lock, NULL);
    pthread_cond_init(&ticker->wake, NULL);

    /* The embedder's signals are for the embedder's threads. */
    sigset_t before;
    swapci_signal_mask_all(&before);
    const int failed = pthread_create(&ticker->thread, NULL, ticker_main, ticker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        pthread_cond_destroy(&ticker->wake);
        pthread_mutex_destroy(&ticker->lock);
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed,
                                     "wasmtime's deadline thread cannot be started");
    }
    return SWAPC_OK;
}

void swapci_wt_ticker_wake(struct swapci_wt_ticker *ticker) {
    pthread_mutex_lock(&ticker->lock);
    atomic_store(&ticker->wanted, true);
    pthread_cond_signal(&ticker->wake);
    pthread_mutex_unlock(&ticker->lock);
}

void swapci_wt_ticker_stop(struct swapci_wt_ticker *ticker) {
    pthread_mutex_lock(&ticker->lock);
    atomic_store(&ticker->stopping, true);
    pthread_cond_signal(&ticker->wake);
    pthread_mutex_unlock(&ticker->lock);
    pthread_join(ticker->thread, NULL);
    pthread_cond_destroy(&ticker->wake);
    pthread_mutex_destroy(&ticker->lock);
}
