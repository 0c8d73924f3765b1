/* stream_watch.h - how full the streams are, for who looks on from outside: a thread that asks Redis now and
 * then over a connection of its own, so that nobody who works on messages, and nobody who asks, waits for
 * the answer.
 *
 * What Redis refuses (an ACL without +xlen, +xpending, +xinfo|groups, +info; a server before 7 has no lag)
 * is not known: the rest is. Of several sets of streams it tells the sums, and each one's; of a set whose server does
 * not answer nothing is known, nor the sums, and the others are asked all the same.
 *
 * Threads: start, stop by one thread; get from any, does not wait for Redis.
 * Ownership: start gives, stop frees. What is given is copied; a config's log, stop flag and health are not used.
 */
#ifndef SWAPCI_STREAM_WATCH_H
#define SWAPCI_STREAM_WATCH_H

#include "redis.h"
#include "stream.h"

enum { SWAPCI_STREAM_WATCH_MS = 1000 };

#define SWAPCI_STREAM_UNKNOWN UINT64_MAX

/* Each SWAPCI_STREAM_UNKNOWN where it is not known. */
typedef struct swapci_stream_facts {
    uint64_t messages;          /* in P:messages: without a verdict */
    uint64_t lag;               /* of them: given to no signer yet */
    uint64_t pending;           /* of them: given to a signer */
    uint64_t added;             /* to P:messages since the group was made */
    uint64_t verdicts;          /* in P:verdicts */
    uint64_t dead;              /* in P:dead */
    uint64_t used_memory_bytes; /* of Redis */
    uint64_t age_ms;            /* of all this */
} swapci_stream_facts;

typedef struct swapci_stream_watch swapci_stream_watch;

/* One set of streams. */
typedef struct swapci_stream_place {
    const char *url; /* of its server */
    swapci_stream_names names;
} swapci_stream_place;

/* Returns SWAPC_OK, NO_MEMORY, SYSTEM. A Redis that does not answer is no failure: it is asked again. */
enum swapc_status swapci_stream_watch_start(const swapci_redis_config *redis,
                                            const swapci_stream_names *names,
                                            swapci_stream_watch **out, swapc_error *error);

/* The same for several, of which each has its server. owners: the hash on the first one's that
 * tells whose each is (balance.h); NULL: nobody has them. */
enum swapc_status swapci_stream_watch_start_all(const swapci_stream_place *places, unsigned count,
                                                const char *owners, swapci_stream_watch **out,
                                                swapc_error *error);

void swapci_stream_watch_get(swapci_stream_watch *watch, swapci_stream_facts *out);

enum { SWAPCI_STREAM_WATCH_TEXT_MAX = 128 };

/* Set number k of those that were given. Out: its figures, all but the memory; its server
 * without user and password, and the consumer's name of who has it, "" where that is not known:
 * cut to their sizes. */
void swapci_stream_watch_get_one(swapci_stream_watch *watch, unsigned k, swapci_stream_facts *out,
                                 char server[SWAPCI_STREAM_WATCH_TEXT_MAX],
                                 char owner[SWAPCI_STREAM_WATCH_TEXT_MAX]);

/* Waits for the thread: at most some 100 ms. NULL does nothing. */
void swapci_stream_watch_stop(swapci_stream_watch *watch);

#endif
