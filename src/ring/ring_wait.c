/* What is shared: the waiter, and the counter beside it, in memory of two processes (so the futex
 * is not private). Two orders matter.
 *   The sleeper stores `sleeping`, then loads the counter; the waker stores the counter, then loads
 *   `sleeping`. All four are sequentially consistent: one of the two sees the other's store, so
 *   either the sleeper finds its place reached or the waker finds it asleep.
 *   The sleeper reads `seq` before it announces, the waker raises `seq` before the system call: a
 *   wake between the look and the sleep makes the kernel refuse the sleep.
 * The peer may be dead or hostile: no sleep is longer than the caller's slice. */
#include "ring_wait.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint32_t swapci_ring_wait_begin(swapci_ring_waiter *waiter, uint64_t place) {
    uint32_t seq = atomic_load(&waiter->seq);
    atomic_store_explicit(&waiter->place, place, memory_order_relaxed);
    atomic_store(&waiter->sleeping, 1);
    return seq;
}

bool swapci_ring_wait_sleep(swapci_ring_waiter *waiter, uint32_t seq, uint32_t ms) {
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    long rc = syscall(SYS_futex, &waiter->seq, FUTEX_WAIT, seq, &limit, NULL, 0);
    return rc != 0 && atomic_load(&waiter->seq) == seq;
}

void swapci_ring_wait_end(swapci_ring_waiter *waiter) {
    atomic_store_explicit(&waiter->sleeping, 0, memory_order_relaxed);
}

void swapci_ring_wait_wake(swapci_ring_waiter *waiter) {
    atomic_fetch_add(&waiter->seq, 1);
    syscall(SYS_futex, &waiter->seq, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* `sleeping` is cleared before `seq` is raised: who announced itself in between, and was cleared, has read
 * the old seq, so the kernel refuses its sleep and it announces itself anew. */
bool swapci_ring_wait_rouse(swapci_ring_waiter *waiter) {
    if (!atomic_load(&waiter->sleeping)) return false;
    atomic_store_explicit(&waiter->sleeping, 0, memory_order_relaxed);
    swapci_ring_wait_wake(waiter);
    return true;
}

bool swapci_ring_wait_notify(swapci_ring_waiter *waiter, uint64_t counter) {
    if (!atomic_load(&waiter->sleeping)) return false;
    uint64_t place = atomic_load_explicit(&waiter->place, memory_order_relaxed);
    return (int64_t)(counter - place) >= 0 && swapci_ring_wait_rouse(waiter);
}
