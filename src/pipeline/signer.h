/* signer.h - reads messages, signs them, and sends the records to the verifiers; loses none.
 *
 * A message stays pending in Redis until its verdict is stored. What is pending for this consumer
 * is sent again by event, never by idle time: when the signer starts, when the transport
 * tells of a loss, when the Redis connection was lost, when a dead consumer's entries were adopted; each
 * time once what was sent is taken. A message whose call ran when a verifier died goes alone from then
 * on, so that one that kills verifiers does not take others with it; with three such strikes
 * (strikes.h) it is answered Error, reason `poisoned`, and kept in P:dead. Other messages that cannot be
 * signed are answered Error here: `malformed`
 * (no field m), `unknown method`, `too large`, and with Redis 6.2 `deleted`.
 *
 * A consumer's name has one owner at a time (lease.h): a signer that finds another's lease takes nothing
 * until that ends, and one that was stopped beyond its own changes nothing before it has it again.
 *
 * A signer that ends, drained or stopped, ends its lease, and with nothing pending leaves the group; with something
 * pending it stays there, so that its successor, or another signer, finds it.
 *
 * Bounds: at most SWAPCI_SIGNER_IN_FLIGHT records are under way (the verifier bounds what it has
 *     taken); a lease (lease.h) says that the consumer lives.
 * Threads: new, start, join and free by one thread; the others from any. The work is done by a thread
 *     of the signer's own, on which the callbacks are called.
 * Ownership: what the config points at is copied, but for pairs, stop and the sender,
 *     which must outlive the signer. The sender is the signer's alone until free.
 */
#ifndef SWAPCI_SIGNER_H
#define SWAPCI_SIGNER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "method.h"
#include "stream.h"
#include "swapc/log.h"
#include "transport.h"

enum { SWAPCI_SIGNER_IN_FLIGHT = 512 };

typedef struct swapci_signer swapci_signer;

/* The thread is ending: drained, stopped or failed; join does not wait any more. */
typedef void (*swapci_signer_ended_fn)(void *user);

/* SWAPC_OK: all is signed. CLOSED: the signer ended before that. stream: the name of what it reads. */
typedef void (*swapci_signer_sent_fn)(enum swapc_status status, const char *stream, void *user);

typedef struct swapci_signer_config {
    const char *redis_url;
    uint32_t redis_retry_ms; /* as in redis.h */
    const char *prefix;      /* of the streams; NULL: "swapc" */
    const char *consumer;  /* the signer's name: the same after a restart, its own among signers */
    swapci_sender *sender; /* to the verifiers */
    const swapci_key_pairs *pairs;
    const swapci_method *method; /* of messages that name none; NULL: the first of the table */
    double tamper;               /* probability, 0 to 1 */
    uint64_t seed;               /* of the choice of tampered messages and keys */
    swapc_log log;
    atomic_int
        *stop; /* what swapci_signer_stop raises, and who else wants the signer to end, also while
                         it is being made; NULL: one of its own; borrowed */
    uint32_t lease_ms; /* how long the consumer's name stays a dead signer's; 0: SWAPCI_LEASE_MS */
    uint32_t
        leave_ms; /* how long each answer may take by which who was stopped gives its name back; 0: 400 */
    /* Whether the stream is this signer's still: asked before and after entries are taken, and while it is not,
     * nothing is taken or sent. Must not wait. NULL: it always is. */
    bool (*may)(void *may_user);
    void *may_user;
    swapci_redis_health *health;  /* as in redis.h; NULL: none */
    swapci_signer_ended_fn ended; /* NULL: none */
    void *user;
} swapci_signer_config;

/* Connects, and makes the group; takes no message yet.
 * Returns INVALID (config), the failures of swapci_redis_open, NO_MEMORY. */
enum swapc_status swapci_signer_new(const swapci_signer_config *config, swapci_signer **out,
                                    swapc_error *error);

/* Starts the thread: takes up what is pending, and begins to read. Once. Returns SWAPC_OK, SYSTEM. */
enum swapc_status swapci_signer_start(swapci_signer *signer, swapc_error *error);

/* Calls fn once every entry that is in the stream now (in fact: within SWAPCI_REDIS_SLICE_MS from
 * now) has been signed; CLOSED when the signer ends first, at once when it has ended already.
 * Returns SWAPC_OK, or NO_MEMORY: fn is then not called. */
enum swapc_status swapci_signer_when_sent(swapci_signer *signer, swapci_signer_sent_fn fn,
                                          void *user);

/* Takes a question back whose answer nobody waits for. Returns true when it was still open: its fn is
 * then not called; false: fn has been called, or is just being called. user was given once only. */
bool swapci_signer_forget(swapci_signer *signer, const void *user);

/* Asks the signer to read no more, to wait until nothing is pending, to finish the sender's
 * stream, and to end. */
void swapci_signer_drain(swapci_signer *signer);

/* Asks the signer to end soon, leaving messages pending and the stream unfinished. May be called
 * from a signal handler. */
void swapci_signer_stop(swapci_signer *signer);

enum swapci_signer_state {
    SWAPCI_SIGNER_RECOVERING, /* sends again what was pending */
    SWAPCI_SIGNER_READING,
    SWAPCI_SIGNER_DRAINING,
    SWAPCI_SIGNER_WAITING, /* another signer has the consumer's name: takes nothing */
    SWAPCI_SIGNER_ENDED
};

/* "recovering", "reading", … Static. */
const char *swapci_signer_state_name(enum swapci_signer_state state);

/* What is counted. A new counter is a row here and the place that counts. Of the records sent: of
 * messages delivered before, tampered with; messages answered Error here; entries taken over from dead
 * consumers, or that were nobody's; messages that others deleted before they had a verdict. */
#define SWAPCI_SIGNER_COUNTERS(X)                                                                  \
    X(sent)                                                                                        \
    X(resent)                                                                                      \
    X(tampered)                                                                                    \
    X(refused)                                                                                     \
    X(adopted)                                                                                     \
    X(deleted)

typedef struct swapci_signer_stats {
    enum swapci_signer_state state;
#define SWAPCI_SIGNER_FIELD(name) uint64_t name;
    SWAPCI_SIGNER_COUNTERS(SWAPCI_SIGNER_FIELD)
#undef SWAPCI_SIGNER_FIELD
    bool owns;          /* the consumer's name is this signer's: it serves */
    uint64_t waiting;   /* messages in the stream that have no verdict yet, as of the last 2 s */
    uint64_t in_flight; /* records sent and not taken */
    bool full;          /* what is to be sent finds no room */
} swapci_signer_stats;

swapci_signer_stats swapci_signer_stats_get(const swapci_signer *signer);

/* Waits for the thread, if one was started and not joined yet. Returns SWAPC_OK (drained, or never
 * started), INTERRUPTED (stopped), or why it failed: UNREACHABLE, PROTOCOL, CORRUPT, SYSTEM, NO_MEMORY. */
enum swapc_status swapci_signer_join(swapci_signer *signer, swapc_error *error);

/* Frees; joined before. The sender is left as it is. NULL does nothing. */
void swapci_signer_free(swapci_signer *signer);

/* Bytes of the largest message whose record has at most record_max bytes. */
size_t swapci_signer_message_max(size_t record_max);

#endif
