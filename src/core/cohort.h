/* cohort.h - counting who still holds old generations of a slot.
 *
 * Pins are counted by cohorts, one a generation: each publish moves to a counter that is at zero.
 * Some are there from the start; when all are held, one more is allocated and stays. Waiting for
 * old generations is waiting for counters to fall to zero, and costs whoever pins or lets go one
 * atomic addition.
 *
 * Threads: move, enter and held under the slot's lock; leave and wait without it. close once, by
 *     the slot's end, while nothing but leave is called any more.
 * Ownership: the set frees itself when it is closed and the last pin has left.
 */
#ifndef SWAPCI_COHORT_H
#define SWAPCI_COHORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SWAPCI_COHORTS = 8 }; /* from the start */

struct swapci_cohort {
    _Atomic uint32_t pins; /* with two flags above the count */
    uint64_t generation;   /* that is counted here; under the slot's lock */
    struct swapci_cohorts *set;
    struct swapci_cohort *next; /* in the ring of the set; under the slot's lock */
};

struct swapci_cohorts {
    struct swapci_cohort cohort[SWAPCI_COHORTS];
    struct swapci_cohort *current; /* under the slot's lock */
    atomic_uint open;              /* cohorts not yet left for good, and one for the slot */
};

/* Returns NULL when there is no memory. */
struct swapci_cohorts *swapci_cohorts_new(void);

/* The slot is gone; pins may still be held. */
void swapci_cohorts_close(struct swapci_cohorts *set);

/* Moves to a counter at zero for generation. Returns false, and has moved nothing, when all are
 * held and there is no memory for one more. */
bool swapci_cohorts_move(struct swapci_cohorts *set, uint64_t generation);

/* Counts one pin of the current generation; returns where. */
struct swapci_cohort *swapci_cohorts_enter(struct swapci_cohorts *set);

/* The pin has let go. cohort must not be touched afterwards. */
void swapci_cohort_leave(struct swapci_cohort *cohort);

/* Returns a cohort in which a pin of a generation before `generation` is held, or NULL; *seen is
 * what swapci_cohort_wait waits with. */
struct swapci_cohort *swapci_cohorts_held(struct swapci_cohorts *set, uint64_t generation,
                                          uint32_t *seen);

/* Waits until something has changed at cohort since it was seen so: its pins, or the generation
 * that it counts. Needs no exclusion. Returns false when deadline_ns (on CLOCK_MONOTONIC) has
 * passed before. */
bool swapci_cohort_wait(struct swapci_cohort *cohort, uint32_t seen, uint64_t deadline_ns);

#endif
