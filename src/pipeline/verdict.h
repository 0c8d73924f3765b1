/* verdict.h - stores verdicts and acknowledges their messages, in one atomic step.
 *
 * A server-side script does, for each verdict of a batch: if XACK of the message answers 1, then
 * XADD the verdict and XDEL the message. So a message that was judged twice, after a crash or a
 * lost answer, has one verdict. An entry of P:verdicts has the fields `id` (of the message),
 * `method`, `status` (Valid, NotValid, Error), `digest`, `generation`, `latency_us` (from the
 * message's `t` to the storing, by the server's clock; 0 where the clocks disagree), and
 * `reason` where there is one.
 *
 * Verdicts are collected; a full batch is sent while the next one fills, and its answer is taken
 * when that one is sent. A lost connection is restored, as redis.h says, and the batch sent again.
 *
 * Threads: one at a time per writer, and that thread alone uses the connection while verdicts are
 *     under way. Ownership: the connection is borrowed and must outlive the writer.
 */
#ifndef SWAPCI_VERDICT_H
#define SWAPCI_VERDICT_H

#include "stream.h"

enum { SWAPCI_VERDICT_BATCH = 256 };

typedef struct swapci_verdict {
    swapci_stream_id id;
    const char *method;  /* "schnorr", "ecdsa"; "" when unknown */
    const char *status;  /* "Valid", "NotValid", "Error" */
    const char *digest;  /* of the module, hex; "" when no module judged */
    uint64_t generation; /* 0 when no module judged */
    uint64_t t_us;       /* when the message was added, microseconds since 1970; 0: its id's ms */
    const char *reason;  /* NULL: none */
} swapci_verdict;

typedef struct swapci_verdict_writer swapci_verdict_writer;

/* keep: P:verdicts is trimmed to about so many; 0: never. names is copied.
 * Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_verdict_writer_new(swapci_redis *redis, const swapci_stream_names *names,
                                            uint64_t keep, swapci_verdict_writer **out,
                                            swapc_error *error);

/* Frees; verdicts not flushed are dropped: their messages stay pending. NULL does nothing. */
void swapci_verdict_writer_free(swapci_verdict_writer *writer);

/* Adds one; sends when that fills a batch. Strings are copied.
 * Returns SWAPC_OK, UNREACHABLE, INTERRUPTED, PROTOCOL, NO_MEMORY. */
enum swapc_status swapci_verdict_add(swapci_verdict_writer *writer, const swapci_verdict *verdict,
                                     swapc_error *error);

/* Sends what was collected without waiting for its answer (for that of the batch before, it does).
 * The same returns. */
enum swapc_status swapci_verdict_submit(swapci_verdict_writer *writer, swapc_error *error);

/* Sends, and waits until everything is stored. The same returns. */
enum swapc_status swapci_verdict_flush(swapci_verdict_writer *writer, swapc_error *error);

/* Verdicts added and not known to be stored. */
size_t swapci_verdict_open(const swapci_verdict_writer *writer);

typedef struct swapci_verdict_stats {
    uint64_t stored;   /* new ones */
    uint64_t repeated; /* whose message had its verdict already */
} swapci_verdict_stats;

swapci_verdict_stats swapci_verdict_stats_get(const swapci_verdict_writer *writer);

#endif
