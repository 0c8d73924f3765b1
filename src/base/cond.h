/* cond.h - condition variables that are waited for up to a time of swapci_clock_monotonic_ns.
 *
 * Threads: as pthread's. Ownership: the caller's storage; pthread_cond_destroy ends it.
 */
#ifndef SWAPCI_COND_H
#define SWAPCI_COND_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* On that clock. */
static inline void swapci_cond_init(pthread_cond_t *cond) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &clock);
    pthread_condattr_destroy(&clock);
}

/* Under the lock, which is given up meanwhile. It may return early, as pthread's may. */
static inline void swapci_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock,
                                          uint64_t until_ns) {
    const struct timespec until = {(time_t)(until_ns / 1000000000u),
                                   (long)(until_ns % 1000000000u)};
    pthread_cond_timedwait(cond, lock, &until);
}

#endif
