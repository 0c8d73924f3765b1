/* verifier_impl.h - the verifier's parts: verifier.c (its workers' life, taking and storing),
 * verifier_judge.c (from records to verdicts).
 *
 * What is shared: the receiver, under `lock` (but for interrupt), which is held while
 * a worker waits for a record: the others then wait for the lock instead, and take the next batches
 * in turn; `waiting` tells them to store first what they have. `stop` is an atomic that every wait
 * looks at. `calls` is held shared by each call, and alone by one that must have no other beside it. A
 * worker's judge, connection, verdicts and slot of notes are its own.
 */
#ifndef SWAPCI_VERIFIER_IMPL_H
#define SWAPCI_VERIFIER_IMPL_H

#include <pthread.h>

#include "batch_credit.h"
#include "log_limit.h"
#include "verifier.h"

enum { SWAPCI_VERIFIER_WAIT_MS = 250 };

/* Of a verdict's status. */
enum { SWAPCI_GIVEN_VALID, SWAPCI_GIVEN_NOT_VALID, SWAPCI_GIVEN_ERROR, SWAPCI_GIVEN_COUNT };

typedef struct swapci_worker {
    struct swapci_verifier *verifier;
    unsigned number; /* of its notes */
    pthread_t thread;
    bool started;
    swapci_redis *redis;
    swapci_judge judge;
    struct swapci_batch_credit credit[SWAPCI_METHODS_MAX]; /* by the method's number */
    swapci_verdict_writer *verdicts;
    unsigned collected, collect_max;
    uint64_t collected_us; /* when the first of them was */
    uint8_t *arena;        /* records of one batch, one after the other */
    size_t arena_size;
    swapc_bytes taken[SWAPCI_VERIFIER_BATCH]; /* views into arena */
    unsigned taken_count;
    swapci_record records[SWAPCI_VERIFIER_BATCH];        /* taken, decoded; views into arena */
    const swapci_record *members[SWAPCI_VERIFIER_BATCH]; /* those that may be judged together */
    unsigned member_count;
    enum swapc_status status; /* of what is taken, as far as it is judged */
    bool ends;                /* the rest of it stays pending */
    swapc_error error;
    atomic_uint open; /* judged and not stored */
    /* Written by the worker alone, read by any: how old messages are at their verdict, and verdicts. */
    swapci_live_histogram age_ns;
    _Atomic uint64_t given[SWAPCI_METHODS_MAX][SWAPCI_GIVEN_COUNT];
    uint64_t probe_due_ns; /* when Redis is asked next whether it answers */
} swapci_worker;

struct swapci_verifier {
    swapci_verifier_config config;
    swapci_receiver *receiver; /* under lock, but for interrupt */
    pthread_mutex_t lock;
    pthread_rwlock_t calls;
    atomic_int waiting; /* a worker sleeps under the lock */
    atomic_int stop;
    atomic_int failed;
    swapci_log_limit dropped_limit; /* under lock; of what is said when something is dropped */
    atomic_bool told_version;       /* of a record of another release */
    atomic_uint hindered;           /* workers that have long tried to judge one message */
    atomic_uint running;
    swapci_tally tally;
    unsigned worker_count;
    swapci_worker workers[];
};

/* Under the lock: says, though not each time, that what is under way is dropped, and why. */
void swapci_verifier_tell_dropped(swapci_verifier *verifier, const char *what,
                                  const swapc_error *why);

/* How many records a worker takes at once. */
unsigned swapci_verifier_take_max(const swapci_worker *worker);

/* Judges all that was taken, and collects the verdicts. */
enum swapc_status swapci_verifier_judge_taken(swapci_worker *worker);

/* Before the first record: what batches may cost. */
void swapci_verifier_judge_init(swapci_worker *worker);

#endif
