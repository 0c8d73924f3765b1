/* batch_credit.h - when to judge messages together, so that nobody can make it slower than one by one.
 *
 * A batch of right messages costs less than its members; a batch with a wrong one says only that there
 * is one, has cost what it cost, and is done again in halves, then one by one. Whoever knows where
 * batches begin can put a wrong message into each. So batches are paid for: what one saves is credit,
 * what a failed one cost is taken from it, and none is tried that the credit does not cover whole. The
 * credit is capped, so that a quiet hour buys no bad minute, and trickles in while messages are judged
 * alone, so that batches come back after an attack. The bound: over any run of N messages the cost is
 * at most that of N alone, and SWAPCI_BATCH_CREDIT_CAP + N / SWAPCI_BATCH_CREDIT_INCOME of them more:
 * 3.6 % at N = 10 000. (As far as a message alone costs what the ones before cost.)
 *
 * Threads: one at a time: each worker has its own.
 * Ownership: the caller's plain storage.
 * Units: nanoseconds of whatever clock the caller reads; credit counts messages judged alone.
 */
#ifndef SWAPCI_BATCH_CREDIT_H
#define SWAPCI_BATCH_CREDIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SWAPCI_BATCH_LEAST = 16,       /* smaller ones save nothing */
    SWAPCI_BATCH_CREDIT_CAP = 280, /* the most that can be lost at once */
    SWAPCI_BATCH_CREDIT_START = 96,
    SWAPCI_BATCH_CREDIT_INCOME = 128 /* one more for so many messages judged alone */
};

struct swapci_batch_credit {
    uint32_t size_max;    /* of a batch; below SWAPCI_BATCH_LEAST: never */
    uint64_t time_max_ns; /* a batch is kept below it (its deadline); 0: not at all */
    uint32_t size;        /* of the next batch, if it is paid for: halved by a failure */
    uint32_t streak;      /* batches that came out right in a row */
    uint32_t singles;     /* measured so far, up to some */
    double single_ns;     /* what a message alone costs: a moving mean */
    double credit;
    uint64_t together, failed, alone; /* batches tried, of them failed; messages judged alone */
};

/* How messages are judged; user is handed through. Indices count from 0 in what judge was given. */
struct swapci_batch_judging {
    /* Judges count messages from first on in one call. Returns whether all are right (and their
     * verdicts taken); false when one is not, or the call failed, trapped or was late: none of them has
     * a verdict then. Out: what it cost. */
    bool (*together)(uint32_t first, uint32_t count, uint64_t *cost_ns, void *user);
    /* Judges one message and takes its verdict. Returns what that cost. */
    uint64_t (*alone)(uint32_t index, void *user);
    void *user;
};

/* size_max: members of a batch at most. time_max_ns: 0, or what one may take. */
void swapci_batch_credit_init(struct swapci_batch_credit *credit, uint32_t size_max,
                              uint64_t time_max_ns);

/* How many messages the next batch takes at most, if there are as many; 0: they are judged alone. */
uint32_t swapci_batch_credit_next(const struct swapci_batch_credit *credit);

/* Judges count messages, each exactly once, in order. */
void swapci_batch_credit_judge(struct swapci_batch_credit *credit,
                               const struct swapci_batch_judging *how, uint32_t count);

#endif
