/* verdict.h - stores verdicts and acknowledges their messages, in one atomic step.
 *
 * A server-side script (verdict.lua) stores the verdicts of those messages of a batch that are
 * pending, acknowledges these messages and deletes them. Whatever command of it Redis refuses, a
 * message either has its verdict and is gone, or is pending still and has none; a refusal is reported
 * with the command's name. A message that was judged twice, after a crash or a lost answer, has one
 * verdict: the first.
 *
 * Verdicts are collected; a full batch is sent while the next one fills, and its answer is taken
 * when that one is sent. What Redis refuses is tried again, as redis_retry.h says; meanwhile the
 * writer's caller waits.
 *
 * Threads: one at a time per writer, and that thread alone uses the connection while verdicts are
 *     under way. Ownership: the connection is borrowed and must outlive the writer.
 */
#ifndef SWAPCI_VERDICT_H
#define SWAPCI_VERDICT_H

#include <stdbool.h>

#include "stream.h"

enum { SWAPCI_VERDICT_BATCH = 256, SWAPCI_VERDICT_DIGEST = 16 };

/* The fields of a verdict, in the order of its entry in P:verdicts, each with its kind, its member in
 * swapci_verdict, its name in the entry, and whether it is there ALWAYS or, after those, only MAYBE:
 * when it is not empty. This list makes the struct, the entry and its reader: a new field is a row.
 *
 * id: of the message. method: its name; "" when unknown. status: "Valid", "NotValid",
 * "Error". digest: of the module, in hex, of which the first 16 digits are stored; "" when no module
 * judged. generation: 0 when no module judged. t_us: when the message was added, microseconds since
 * 1970, 0: its id's ms; stored is the time from then to the storing, by the server's clock, 0 where
 * the clocks disagree. reason: of an Error and of some NotValid. */
#define SWAPCI_VERDICT_FIELDS(X)                                                                   \
    X(ID, id, "id", ALWAYS)                                                                        \
    X(TEXT, method, "method", ALWAYS)                                                              \
    X(TEXT, status, "status", ALWAYS)                                                              \
    X(DIGEST, digest, "digest", ALWAYS)                                                            \
    X(NUMBER, generation, "generation", ALWAYS)                                                    \
    X(SINCE, t_us, "latency_us", ALWAYS)                                                           \
    X(TEXT, reason, "reason", MAYBE)

/* The kinds: what the member is. A text may be NULL: empty. */
#define SWAPCI_VERDICT_TYPE_ID swapci_stream_id
#define SWAPCI_VERDICT_TYPE_TEXT const char *
#define SWAPCI_VERDICT_TYPE_DIGEST const char *
#define SWAPCI_VERDICT_TYPE_NUMBER uint64_t
#define SWAPCI_VERDICT_TYPE_SINCE uint64_t

#define SWAPCI_VERDICT_MEMBER(kind, member, name, presence) SWAPCI_VERDICT_TYPE_##kind member;
#define SWAPCI_VERDICT_INDEX(kind, member, name, presence) SWAPCI_VERDICT_FIELD_##member,

typedef struct swapci_verdict {
    SWAPCI_VERDICT_FIELDS(SWAPCI_VERDICT_MEMBER)
} swapci_verdict;

/* SWAPCI_VERDICT_FIELD_id, …: places in a stored verdict. */
enum swapci_verdict_field {
    SWAPCI_VERDICT_FIELDS(SWAPCI_VERDICT_INDEX) SWAPCI_VERDICT_FIELD_COUNT
};

/* Reads the list of names and values of an entry of P:verdicts; a field that is not there is empty,
 * others are passed over. Views borrow from the reply. Returns false when it is no such list. */
bool swapci_verdict_read(const redisReply *fields, swapc_bytes out[SWAPCI_VERDICT_FIELD_COUNT]);

typedef struct swapci_verdict_writer swapci_verdict_writer;

/* keep: P:verdicts is trimmed to about so many; 0: never. names is copied.
 * Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_verdict_writer_new(swapci_redis *redis, const swapci_stream_names *names,
                                            uint64_t keep, swapci_verdict_writer **out,
                                            swapc_error *error);

/* Frees; verdicts not flushed are dropped: their messages stay pending. NULL does nothing. */
void swapci_verdict_writer_free(swapci_verdict_writer *writer);

/* Asks whether verdicts could be stored. To be called before the first one. Returns SWAPC_OK, UNREACHABLE, INTERRUPTED, PROTOCOL
 * (names the command that is refused), NO_MEMORY. */
enum swapc_status swapci_verdict_check(swapci_verdict_writer *writer, swapc_error *error);

/* Adds one; sends when that fills a batch. Strings are copied.
 * Returns SWAPC_OK, UNREACHABLE, INTERRUPTED, PROTOCOL, NO_MEMORY. */
enum swapc_status swapci_verdict_add(swapci_verdict_writer *writer, const swapci_verdict *verdict,
                                     swapc_error *error);

/* Sends what was collected without waiting for its answer (for that of the batch before, it does).
 * The same returns. */
enum swapc_status swapci_verdict_submit(swapci_verdict_writer *writer, swapc_error *error);

/* Sends, and waits until everything is stored. The same returns. */
enum swapc_status swapci_verdict_flush(swapci_verdict_writer *writer, swapc_error *error);

/* What is kept of a message that is given up, in P:dead: an entry with the fields `id` (of the message),
 * `m` (its body), `method`, `reason`, `t` (when it was added) and `strikes`. */
typedef struct swapci_dead_letter {
    swapc_bytes body;
    const char *reason;
    uint64_t strikes;
} swapci_dead_letter;

/* Flushes, then stores a verdict and its message's dead letter, acknowledges and deletes the message and
 * forgets its strikes: all of it or, whatever is refused, nothing. The same returns. */
enum swapc_status swapci_verdict_bury(swapci_verdict_writer *writer, const swapci_verdict *verdict,
                                      const swapci_dead_letter *letter, swapc_error *error);

/* Verdicts added and not known to be stored. */
size_t swapci_verdict_open(const swapci_verdict_writer *writer);

typedef struct swapci_verdict_stats {
    uint64_t stored;   /* new ones */
    uint64_t repeated; /* whose message had its verdict already */
} swapci_verdict_stats;

swapci_verdict_stats swapci_verdict_stats_get(const swapci_verdict_writer *writer);

#endif
