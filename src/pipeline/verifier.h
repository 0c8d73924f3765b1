/* verifier.h - takes signed records, judges them, stores the verdicts.
 *
 * Workers share the receiver behind a lock: each takes a batch of records in stream order,
 * judges it on its own, together or one by one, and stores verdicts in batches over a Redis connection of
 * its own. Who is judged together with whom changes no verdict. A verdict
 * is stored before it is forgotten: what a dying verifier leaves is still pending in Redis, and the
 * signer sends it again.
 *
 * Threads: new, start, stop and free by one thread; the workers are the verifier's own. stop is
 *     async-signal-safe.
 * Ownership: free after join; the judges and the receiver are the caller's and outlive the verifier,
 *     which alone uses the receiver until free.
 * Limits: at most SWAPCI_VERIFIER_UNSTORED verdicts are not stored yet, over all workers, beside what each
 *     has just taken: SWAPCI_VERIFIER_BATCH records. One that is SWAPCI_VERIFIER_STORE_MS old is sent with the next one,
 *     however slow the calls are.
 */
#ifndef SWAPCI_VERIFIER_H
#define SWAPCI_VERIFIER_H

#include "judge.h"
#include "redis.h"
#include "stream.h"
#include "tally.h"
#include "transport.h"

enum {
    SWAPCI_VERIFIER_WORKERS_MAX = 64,
    SWAPCI_VERIFIER_UNSTORED = 512,
    SWAPCI_VERIFIER_STORE_MS = 1000,
    SWAPCI_VERIFIER_BATCH = 256 /* messages that are judged together at most */
};

typedef struct swapci_verifier_config {
    swapci_judges *judges;
    swapci_receiver *receiver; /* of the signers' records */
    swapci_redis_config redis; /* its stop flag must not be raised before the last verdict is
                                  stored: leave it NULL, or raise it to give up */
    const swapci_stream_names *names;
    uint64_t keep;    /* P:verdicts is trimmed to about so many; 0: never */
    unsigned workers; /* 1 to SWAPCI_VERIFIER_WORKERS_MAX */
    /* How many messages may be judged together where the module offers it, up to SWAPCI_VERIFIER_BATCH;
     * below SWAPCI_BATCH_LEAST: each by itself. Taken is what is there: no message waits for others. */
    unsigned batch;
    /* Whether the stream is this verifier's still: while it is not, nothing is taken. Must not wait. NULL: it
     * always is. */
    bool (*may)(void *may_user);
    void *may_user;
    swapc_log log;
} swapci_verifier_config;

typedef struct swapci_verifier swapci_verifier;

/* Connects each worker. Returns as swapci_redis_open, NO_MEMORY. */
enum swapc_status swapci_verifier_new(const swapci_verifier_config *config, swapci_verifier **out,
                                      swapc_error *error);

/* Starts the workers. Returns SWAPC_OK, SYSTEM. */
enum swapc_status swapci_verifier_start(swapci_verifier *verifier, swapc_error *error);

/* Asks the workers to store what they have and end. */
void swapci_verifier_stop(swapci_verifier *verifier);

/* Waits for the workers. Returns SWAPC_OK, or the first failure of one (Redis gone), which has
 * stopped the others. */
enum swapc_status swapci_verifier_join(swapci_verifier *verifier, swapc_error *error);

typedef struct swapci_verifier_stats {
    uint64_t valid, not_valid, errors; /* judged */
    uint64_t unknown_keys;             /* of not_valid: their key is not in keys.pub */
    uint64_t in_flight;                /* judged and not stored */
    unsigned
        hindered; /* workers that have tried for a while to judge one message, and go on trying */
    char last_reason[SWAPCI_TALLY_REASON_MAX]; /* of the last Error; "": none */
} swapci_verifier_stats;

/* Any thread. */
swapci_verifier_stats swapci_verifier_stats_get(swapci_verifier *verifier);

/* What a verifier has done with one method's messages. */
typedef struct swapci_verifier_slot {
    uint64_t valid, not_valid, errors;
    swapci_live_counts call_ns; /* as judge.h's verify_ns */
} swapci_verifier_slot;

/* What one or more verifiers have done; some 10 KB. */
typedef struct swapci_verifier_sum {
    swapci_verifier_stats stats;
    swapci_verifier_slot slots[SWAPCI_METHODS_MAX]; /* by the method's number */
    swapci_live_counts age_ns; /* of messages when they had their verdict, from XADD on */
} swapci_verifier_sum;

/* Adds one's. Any thread, while the workers work: nobody waits. */
void swapci_verifier_sum_add(swapci_verifier *verifier, swapci_verifier_sum *sum);

/* Whether a worker failed: the others stop, join tells why. Any thread. */
bool swapci_verifier_failed(const swapci_verifier *verifier);

/* Whether all workers have ended. Any thread. */
bool swapci_verifier_ended(const swapci_verifier *verifier);

/* Adds up the workers' CPU times of calls. After join. */
void swapci_verifier_times(const swapci_verifier *verifier, swapci_histogram *verify_ns);

void swapci_verifier_free(swapci_verifier *verifier);

#endif
