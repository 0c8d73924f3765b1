/* What is shared: `pins`, an atomic word. Only entering raises it, under the slot's lock, and only
 * in the current cohort; leaving lowers it from anywhere (release, so that who sees zero sees all
 * that was done under the pins). Whoever lowers it to zero touches nothing of the set after that
 * but the address, to wake a waiter: the slot, and the set with it, may be gone by then. CLOSED is
 * added when the slot ends; from then on the one that lowers a cohort to zero gives back the
 * cohort's share of the set, and the last share frees it. */
#include "cohort.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "heap.h"

#define WAITED (UINT32_C(1) << 31) /* somebody sleeps until the count is zero */
#define CLOSED (UINT32_C(1) << 30)
#define COUNT (CLOSED - 1)

struct swapci_cohorts *swapci_cohorts_new(void) {
    struct swapci_cohorts *set = swapci_heap_zeroed(1, sizeof *set);
    if (!set) return NULL;
    for (unsigned i = 0; i < SWAPCI_COHORTS; i++) {
        set->cohort[i].set = set;
        set->cohort[i].next = &set->cohort[(i + 1) % SWAPCI_COHORTS];
    }
    set->current = &set->cohort[0];
    atomic_init(&set->open, SWAPCI_COHORTS + 1);
    return set;
}

static bool is_own(const struct swapci_cohorts *set, const struct swapci_cohort *cohort) {
    return cohort >= set->cohort && cohort < set->cohort + SWAPCI_COHORTS;
}

static void free_set(struct swapci_cohorts *set) {
    for (struct swapci_cohort *c = set->cohort[0].next, *next; c != &set->cohort[0]; c = next) {
        next = c->next;
        if (!is_own(set, c)) swapci_heap_free(c);
    }
    swapci_heap_free(set);
}

static void give_back(struct swapci_cohorts *set, unsigned shares) {
    if (atomic_fetch_sub_explicit(&set->open, shares, memory_order_acq_rel) == shares)
        free_set(set);
}

void swapci_cohorts_close(struct swapci_cohorts *set) {
    unsigned shares = 1; /* ours is given back last: until then the ring stands */
    struct swapci_cohort *cohort = set->current;
    do {
        uint32_t before = atomic_fetch_or_explicit(&cohort->pins, CLOSED, memory_order_acq_rel);
        shares += (before & COUNT) == 0;
        cohort = cohort->next;
    } while (cohort != set->current);
    give_back(set, shares);
}

/* After the current one, so that the ring stays one. */
static struct swapci_cohort *add_cohort(struct swapci_cohorts *set) {
    struct swapci_cohort *cohort = swapci_heap_zeroed(1, sizeof *cohort);
    if (!cohort) return NULL;
    cohort->set = set;
    cohort->next = set->current->next;
    set->current->next = cohort;
    atomic_fetch_add_explicit(&set->open, 1, memory_order_relaxed);
    return cohort;
}

static struct swapci_cohort *free_cohort(struct swapci_cohorts *set) {
    struct swapci_cohort *cohort = set->current;
    do {
        if ((atomic_load_explicit(&cohort->pins, memory_order_acquire) & COUNT) == 0) return cohort;
        cohort = cohort->next;
    } while (cohort != set->current);
    return add_cohort(set);
}

bool swapci_cohorts_move(struct swapci_cohorts *set, uint64_t generation) {
    struct swapci_cohort *cohort = free_cohort(set);
    if (!cohort) return false;
    atomic_fetch_and_explicit(&cohort->pins, ~WAITED, memory_order_relaxed);
    cohort->generation = generation;
    set->current = cohort;
    return true;
}

struct swapci_cohort *swapci_cohorts_enter(struct swapci_cohorts *set) {
    atomic_fetch_add_explicit(&set->current->pins, 1, memory_order_relaxed);
    return set->current;
}

static void wake(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void swapci_cohort_leave(struct swapci_cohort *cohort) {
    uint32_t before = atomic_fetch_sub_explicit(&cohort->pins, 1, memory_order_acq_rel);
    if ((before & COUNT) != 1) return;
    if (before & CLOSED) give_back(cohort->set, 1);
    else if (before & WAITED) wake(&cohort->pins);
}

/* WAITED is put there under the lock, as it is taken away when the cohort moves on: who waits for a
 * generation that is gone then sees it, and does not wait for the pins of the next one. */
struct swapci_cohort *swapci_cohorts_held(struct swapci_cohorts *set, uint64_t generation,
                                          uint32_t *seen) {
    struct swapci_cohort *cohort = set->current;
    do {
        if (cohort->generation < generation &&
            (atomic_load_explicit(&cohort->pins, memory_order_acquire) & COUNT) != 0) {
            *seen = atomic_fetch_or_explicit(&cohort->pins, WAITED, memory_order_acq_rel) | WAITED;
            if (*seen & COUNT) return cohort;
        }
        cohort = cohort->next;
    } while (cohort != set->current);
    return NULL;
}

bool swapci_cohort_wait(struct swapci_cohort *cohort, uint32_t seen, uint64_t deadline_ns) {
    struct timespec until = {(time_t)(deadline_ns / 1000000000u),
                             (long)(deadline_ns % 1000000000u)};
    /* FUTEX_WAIT_BITSET takes an absolute time. */
    long woken = syscall(SYS_futex, &cohort->pins, FUTEX_WAIT_BITSET_PRIVATE, seen, &until, NULL,
                         FUTEX_BITSET_MATCH_ANY);
    return woken == 0 || errno != ETIMEDOUT;
}
