/* ring_wait.h - one sleeper and one waker over a counter in shared memory.
 *
 * The sleeper waits until a counter that the waker raises has reached a place. Used so:
 *     sleeper: seq = begin(w, place); if (counter >= place) ...; else sleep(w, seq, ms); end(w);
 *     waker:   counter = new (sequentially consistent); notify(w, new);
 *
 * Threads: see the design note in ring_wait.c. wake is async-signal-safe.
 */
#ifndef SWAPCI_RING_WAIT_H
#define SWAPCI_RING_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct swapci_ring_waiter {
    _Atomic uint32_t seq;      /* the futex word: raised by each wake */
    _Atomic uint32_t sleeping; /* 1: the waker must wake */
    _Atomic uint64_t place;    /* of the counter, where the wake is wanted */
} swapci_ring_waiter;

/* Announces a sleep until the counter reaches place. Returns the value for sleep. The caller then
 * reads the counter (sequentially consistent) and sleeps only if it is not there yet. */
uint32_t swapci_ring_wait_begin(swapci_ring_waiter *waiter, uint64_t place);

/* Sleeps for at most ms, or until woken; at once when a wake came since begin. Spurious returns are
 * allowed. Returns 1 when it slept its time, 0 when it was cut short. */
bool swapci_ring_wait_sleep(swapci_ring_waiter *waiter, uint32_t seq, uint32_t ms);

/* Takes the announcement back. */
void swapci_ring_wait_end(swapci_ring_waiter *waiter);

/* Wakes the sleeper if it has announced itself and counter has reached its place.
 * Returns 1 when a system call was made. */
bool swapci_ring_wait_notify(swapci_ring_waiter *waiter, uint64_t counter);

/* Wakes a sleeper that has announced itself, before its place is reached; it has to announce itself again.
 * Returns 1 when a system call was made. */
bool swapci_ring_wait_rouse(swapci_ring_waiter *waiter);

/* Cuts a sleep short whatever it waits for. */
void swapci_ring_wait_wake(swapci_ring_waiter *waiter);

#endif
