/* stream.h - the streams of the pipeline: names, entries, pending lists, leases.
 *
 * Redis contract (for other producers and readers). P is the prefix, `swapc` unless --stream says
 * otherwise:
 *   P:messages         stream, group `swapc`. Fields of an entry: `m` the message, any bytes;
 *                      optional `method`, schnorr or ecdsa; optional `t`, microseconds since 1970
 *                      UTC when it was added (without it latencies have the entry id's 1 ms).
 *                      Other fields are ignored.
 *   P:verdicts         stream, written by verdict.h.
 *   P:signed           stream of signed records (record.h), for more than one host (transport_redis.h).
 *   P:tampered         set of the ids whose messages the signer altered on purpose. Who keeps the
 *                      books takes his ids out (ledger.h does); where nobody does it grows, and is
 *                      deleted by the user.
 *   P:dead             stream, messages that were given up (verdict.h); `swapc dead` shows them.
 *   P:strikes          hash of the ids whose call ran when a verifier died, and how often.
 *   P:lease:CONSUMER   string that expires when its signer has died (lease.h). Entries of a consumer
 *                      without one are taken over by another signer.
 *   P:lease:CONSUMER:recall   string: the owner shall take up again what is pending.
 * In a Redis Cluster the prefix needs a hash tag, "{swapc}".
 *
 * Threads: as the connection. Ownership: a batch is the caller's, freed by swapci_batch_fini; its
 * views are void after the next read into it.
 * Statuses: those of redis.h. After IO the call can be repeated once restored.
 */
#ifndef SWAPCI_STREAM_H
#define SWAPCI_STREAM_H

#include "redis.h"

enum {
    SWAPCI_STREAM_PREFIX_MAX = 64,
    SWAPCI_STREAM_NAME_MAX = 159,
    SWAPCI_STREAM_CONSUMER_MAX = 127,
    SWAPCI_STREAM_ID_SIZE = 42,   /* bytes of an id's text with its NUL */
    SWAPCI_STREAM_AFTER_SIZE = 43 /* and of swapci_stream_after's */
};

#define SWAPCI_STREAM_GROUP "swapc"

/* A Redis stream id, ordered by ms, then seq. */
typedef struct swapci_stream_id {
    uint64_t ms;
    uint64_t seq;
} swapci_stream_id;

/* Returns < 0, 0, > 0 as a is before, the same as, after b. */
int swapci_stream_id_compare(swapci_stream_id a, swapci_stream_id b);
/* Writes "ms-seq" with a NUL; returns its length. */
size_t swapci_stream_id_format(swapci_stream_id id, char out[SWAPCI_STREAM_ID_SIZE]);
/* Writes "(ms-seq" with a NUL, where a range begins that holds all ids after this one. Returns false when
 * there are none after it, as it is the last one that can be: such a range is refused by Redis. */
bool swapci_stream_after(swapci_stream_id id, char out[SWAPCI_STREAM_AFTER_SIZE]);
/* Reads "ms-seq" as Redis writes it. Returns false when it is none. */
bool swapci_stream_id_parse(swapc_bytes text, swapci_stream_id *out);

typedef struct swapci_stream_names {
    char prefix[SWAPCI_STREAM_NAME_MAX + 1];
    char messages[SWAPCI_STREAM_NAME_MAX + 1];
    char verdicts[SWAPCI_STREAM_NAME_MAX + 1];
    char signed_records[SWAPCI_STREAM_NAME_MAX + 1];
    char tampered[SWAPCI_STREAM_NAME_MAX + 1];
    char dead[SWAPCI_STREAM_NAME_MAX + 1];
    char strikes[SWAPCI_STREAM_NAME_MAX + 1];
    char group[SWAPCI_STREAM_NAME_MAX + 1]; /* that reads messages */
} swapci_stream_names;

/* Makes the names of prefix (NULL: "swapc"). Returns SWAPC_OK, or INVALID: empty, too long, or
 * with characters other than letters, digits and . _ - : { }. */
enum swapc_status swapci_stream_names_init(swapci_stream_names *out, const char *prefix,
                                           swapc_error *error);

/* Makes stream and group where they are missing, from the first entry on. */
enum swapc_status swapci_stream_create(swapci_redis *redis, const swapci_stream_names *names,
                                       swapc_error *error);
/* The same. Out: *made: the group was not there. */
enum swapc_status swapci_stream_join(swapci_redis *redis, const swapci_stream_names *names,
                                     bool *made, swapc_error *error);

/* One message to be added. */
typedef struct swapci_message {
    swapc_bytes body;
    const char *method; /* NULL: no such field */
    uint64_t t_us;      /* 0: no such field */
} swapci_message;

/* Appends an XADD to the pipeline; its answer is taken by swapci_stream_added. */
enum swapc_status swapci_stream_append(swapci_redis *redis, const swapci_stream_names *names,
                                       const swapci_message *message, swapc_error *error);
enum swapc_status swapci_stream_added(swapci_redis *redis, swapci_stream_id *out,
                                      swapc_error *error);

/* Adds count messages in one pipeline; ids[i] is that of messages[i]. After a failure some may be
 * in the stream all the same. */
enum swapc_status swapci_stream_add(swapci_redis *redis, const swapci_stream_names *names,
                                    const swapci_message *messages, size_t count,
                                    swapci_stream_id *ids, swapc_error *error);

/* An entry as a consumer gets it. */
typedef struct swapci_entry {
    swapci_stream_id id;
    bool has_body; /* false: no field `m`, or the entry was deleted while it was pending */
    swapc_bytes body;
    swapc_bytes method;  /* empty: no such field */
    uint64_t t_us;       /* 0: no such field */
    uint64_t deliveries; /* this one included */
} swapci_entry;

typedef struct swapci_batch {
    swapci_entry *entries;
    size_t count;
    size_t capacity;   /* private */
    redisReply *reply; /* private: what the views look into, and the next one */
    redisReply *rest;
} swapci_batch;

#define SWAPCI_BATCH_INIT {0, 0, 0, 0, 0}

void swapci_batch_fini(swapci_batch *batch);

/* Takes up to count entries that the group has given to nobody yet; waits up to block_ms for one
 * (0: does not wait). An empty batch: none came. One that came while it waited brings those
 * along that came with it in one pipeline: Redis answers who waits after the first of them, so
 * the rest is asked for behind that. */
enum swapc_status swapci_stream_read(swapci_redis *redis, const swapci_stream_names *names,
                                     const char *consumer, unsigned count, uint32_t block_ms,
                                     swapci_batch *batch, swapc_error *error);

/* The read of swapci_stream_read, appended: for who takes its answers himself. Out: *answers: how many are owed: one, or two of a
 * read that waits. */
enum swapc_status swapci_stream_ask(swapci_redis *redis, const swapci_stream_names *names,
                                    const char *consumer, unsigned count, uint32_t block_ms,
                                    unsigned *answers, swapc_error *error);

/* Takes the next answer. Out: *some: it has entries. Returns as swapci_redis_get. */
typedef enum swapc_status (*swapci_stream_hear_fn)(void *user, bool *some, swapc_error *error);

/* Takes the answers of swapci_stream_ask by `hear`. Where one of two is refused and the other has entries, these are given to
 * nobody else any more: OK is returned for them, and the next read meets what was refused. Else returns the first failure; after
 * PROTOCOL both have been taken. */
enum swapc_status swapci_stream_hear(unsigned answers, swapci_stream_hear_fn hear, void *user,
                                     swapc_error *error);

/* Asks for all that reading, and reading again, needs, in ways that do nothing: a command that is denied is
 * known before it is needed. */
enum swapc_status swapci_stream_try(swapci_redis *redis, const swapci_stream_names *names,
                                    const char *consumer, swapc_error *error);

/* An entry that a consumer was given and that nobody has acknowledged. */
typedef struct swapci_pending {
    swapci_stream_id id;
    uint64_t deliveries;
} swapci_pending;

/* Lists up to *count pending entries of consumer with ids after `after`, in their order, without
 * counting as a delivery. Out: *count. */
enum swapc_status swapci_stream_pending(swapci_redis *redis, const swapci_stream_names *names,
                                        const char *consumer, swapci_stream_id after,
                                        swapci_pending *out, size_t *count, swapc_error *error);

/* Delivers pending entries to consumer once more, whoever had them, if they have been idle for
 * idle_ms. deliveries rises by one. A pending entry whose message was deleted is left out and is
 * from Redis 7 on no longer pending; one that was acknowledged meanwhile is left out too. */
enum swapc_status swapci_stream_claim(swapci_redis *redis, const swapci_stream_names *names,
                                      const char *consumer, uint32_t idle_ms,
                                      const swapci_pending *pending, size_t count,
                                      swapci_batch *batch, swapc_error *error);

/* Is told of an entry that is pending with a dead consumer and no longer in the stream: it cannot be
 * moved. */
typedef enum swapc_status (*swapci_stream_gone_fn)(void *user, swapci_stream_id id,
                                                   swapc_error *error);

/* Moves up to `limit` entries to consumer's pending list from those of consumers without a lease, whatever
 * their names are, without counting as a delivery, and takes those that have none left out of the group. gone: NULL: such
 * entries are dropped. Out: *moved; *fresh: entries that were not, as they have not been idle for idle_ms by the
 * server's clock, which may have gone back. (XAUTOCLAIM cannot be told whose entries to take, so
 * this is XPENDING and XCLAIM by consumer.) */
enum swapc_status swapci_stream_adopt(swapci_redis *redis, const swapci_stream_names *names,
                                      const char *consumer, uint32_t idle_ms, size_t limit,
                                      swapci_stream_gone_fn gone, void *user, size_t *moved,
                                      size_t *fresh, swapc_error *error);

/* Takes consumer out of the group, with its lease, in one atomic step; with pending entries it stays, without its
 * lease. token: the consumer's own (lease.h), and the lease must be its own or none; "": of another
 * consumer, which must have no lease. */
enum swapc_status swapci_stream_retire(swapci_redis *redis, const swapci_stream_names *names,
                                       const char *consumer, const char *token, swapc_error *error);

/* How many messages are unanswered: they leave the stream with their verdict. */
enum swapc_status swapci_stream_length(swapci_redis *redis, const swapci_stream_names *names,
                                       uint64_t *out, swapc_error *error);

/* The id of the last entry of stream `key`; {0, 0} when it is empty. */
enum swapc_status swapci_stream_last_id(swapci_redis *redis, const char *key, swapci_stream_id *out,
                                        swapc_error *error);

/* Puts ids into the set of the tampered. */
enum swapc_status swapci_stream_tampered_add(swapci_redis *redis, const swapci_stream_names *names,
                                             const swapci_stream_id *ids, size_t count,
                                             swapc_error *error);

#endif
