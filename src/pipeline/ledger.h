/* ledger.h - the books of a run: which ids were sent, and what P:verdicts says of each.
 *
 * It believes Redis only: the ids that XADD answered, the stream of verdicts as it stands, and the
 * set of tampered ids. Verdicts of other producers' messages are counted and otherwise ignored.
 *
 * Memory: ids are kept as runs {ms, first sequence, count, t}, some hundred ids a run in a busy
 *     pipeline, and three bits a message.
 * Threads: one at a time: the generator adds, and after it the ledger reads.
 * Ownership: `out` is freed by swapci_ledger_free; a result borrows from the ledger.
 * Statuses: those of redis.h; what is refused is read again, as redis_retry.h says.
 */
#ifndef SWAPCI_LEDGER_H
#define SWAPCI_LEDGER_H

#include "histogram.h"
#include "stream.h"

typedef struct swapci_ledger swapci_ledger;

typedef struct swapci_ledger_result {
    uint64_t messages;
    uint64_t valid, not_valid, errors; /* by the first verdict of each message */
    uint64_t lost;                     /* ids without a verdict */
    uint64_t duplicates;               /* verdicts too many */
    uint64_t wrong; /* not NotValid though tampered, not Valid though not; Error is always wrong */
    uint64_t tampered; /* of the messages */
    uint64_t foreign;  /* verdicts of other ids, or that cannot be read */
    uint64_t last_us;  /* when the last verdict was stored, µs since 1970 (of messages whose time
                          is not known: cut to ms); 0: none */
    swapci_stream_id first_lost, first_wrong; /* {0, 0}: none */
    swapci_stream_id first_error;             /* {0, 0}: none */
    const char *first_reason;                 /* of first_error; "" when it gave none */
    const swapci_histogram *latency_us;
} swapci_ledger_result;

/* Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_ledger_new(swapci_ledger **out, swapc_error *error);
void swapci_ledger_free(swapci_ledger *ledger);

/* Before the first message: verdicts that are there now are not of this run. (Their end is
 * remembered rather than the first message's time: server clocks can be set back.) */
enum swapc_status swapci_ledger_start(swapci_ledger *ledger, swapci_redis *redis,
                                      const swapci_stream_names *names, swapc_error *error);

/* Books an id that XADD answered; t_us: the message's field `t`, 0: none. Ids must rise: a lower one
 * is INVALID. Returns SWAPC_OK, NO_MEMORY, INVALID. */
enum swapc_status swapci_ledger_add(swapci_ledger *ledger, swapci_stream_id id, uint64_t t_us,
                                    swapc_error *error);

uint64_t swapci_ledger_count(const swapci_ledger *ledger);

/* The runs in which the ids are kept: for tests and diagnostics. */
size_t swapci_ledger_runs(const swapci_ledger *ledger);

/* Reads the verdicts stored since the last call. May be called during the run as well, once the
 * generator is done. Out: *answered messages so far (NULL: not wanted). */
enum swapc_status swapci_ledger_read(swapci_ledger *ledger, swapci_redis *redis,
                                     const swapci_stream_names *names, uint64_t *answered,
                                     swapc_error *error);

/* What the verdicts that were read so far say, each for itself: which messages were tampered with is
 * not asked. */
typedef struct swapci_ledger_standing {
    uint64_t valid, not_valid, errors;
    uint64_t unknown_keys;   /* of not_valid: a key that the verifier does not know */
    const char *last_reason; /* of the last of errors and unknown_keys; "": none, or it gave none */
} swapci_ledger_standing;

swapci_ledger_standing swapci_ledger_standing_get(const swapci_ledger *ledger);

/* Reads all verdicts since swapci_ledger_start once more, so that one that was deleted or altered
 * after it was read shows, then the set of the tampered (from which it removes this run's ids), and
 * sums up. */
enum swapc_status swapci_ledger_join(swapci_ledger *ledger, swapci_redis *redis,
                                     const swapci_stream_names *names, swapci_ledger_result *out,
                                     swapc_error *error);

#endif
