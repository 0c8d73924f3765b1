/* redis.h - one blocking connection to a Redis server, with pipelines.
 *
 * Commands are appended, then their answers are taken in the same order; the first get sends what
 * was appended. Every wait, to connect, to send and for an answer, ends early when the caller's stop
 * flag is raised. A lost connection is
 * reported once as SWAPC_IO: all answers still owed are gone with it. A refusal is PROTOCOL, and the
 * connection remembers its class (redis_refusal.h). What may be repeated after either is repeated by
 * redis_retry.h. It knows nothing of streams.
 *
 * Threads: one at a time per connection; the stop flag may be raised by anyone.
 * Ownership: `out` is freed by swapci_redis_free; a redisReply taken is the caller's, freed by
 *     freeReplyObject. Arguments are copied when they are appended.
 * Limits: an answer that is silent for answer_ms breaks the connection, and so does a server that
 *     takes nothing for as long; one of SWAPCI_REDIS_SILENT_MS counts as not answering.
 */
#ifndef SWAPCI_REDIS_H
#define SWAPCI_REDIS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "swapc/bytes.h"
#include "swapc/error.h"
#include "swapc/log.h"

typedef struct swapci_redis swapci_redis;

enum {
    SWAPCI_REDIS_RETRY_MS = 30000, /* retry_ms for a server of the user's */
    SWAPCI_REDIS_SLICE_MS = 100,   /* how late a raised stop flag may be seen */
    SWAPCI_REDIS_SILENT_MS = 2000
};

#define SWAPCI_REDIS_FOREVER UINT32_MAX

/* Whether Redis answers, over all connections that name it in their config: any thread may ask. Its
 * fields are redis.c's; zeroed: it answers. */
typedef struct swapci_redis_health {
    _Atomic uint64_t answered_ns,
        silent_ns;              /* when the last answer came, and the last one failed to */
    atomic_uint stuck;          /* connections that try something again and again */
    const swapci_redis *why_of; /* the one of them whose refusal is the last */
    char why[SWAPC_ERROR_TEXT_MAX];
} swapci_redis_health;

static inline bool swapci_redis_up(const swapci_redis_health *health) {
    return atomic_load(&health->stuck) == 0 &&
           atomic_load(&health->silent_ns) <= atomic_load(&health->answered_ns);
}

/* Whether Redis counts as not answering as it refuses something that is tried again. Out: the sentence, cut to size (5 or more),
 * else untouched. Any thread. */
bool swapci_redis_refuses(const swapci_redis_health *health, char *out, size_t size);

typedef struct swapci_redis_config {
    const char *url;     /* see redis_url.h; copied */
    uint32_t connect_ms; /* of one attempt; 0: 2000 */
    uint32_t answer_ms;  /* longest silence while an answer is owed; 0: 30000 */
    uint32_t
        retry_ms; /* how long what is refused is tried again; 0: once more if the connection was
                          lost (the private server); SWAPCI_REDIS_FOREVER */
    bool service; /* also the first connection is tried for so long, and what will never do once
                          it has done before; a job ends at once then */
    const swapc_log *log;        /* told of each change of state; NULL: nobody; borrowed */
    const char *role;            /* who speaks in the log: "signer"; static */
    const atomic_int *stop;      /* not 0: waits end with SWAPC_INTERRUPTED; NULL: none; borrowed */
    swapci_redis_health *health; /* NULL: nobody asks; borrowed */
} swapci_redis_config;

/* Connects, logs in and selects the database: one attempt, as a wrong URL should not take 30 s; a
 * service's as long as retry_ms says.
 * Returns INVALID, TOO_LARGE, UNSUPPORTED (the URL), UNREACHABLE (names URL and remedy), PROTOCOL
 * (refused: password, no Redis), INTERRUPTED, NO_MEMORY. After failure *out is untouched. */
enum swapc_status swapci_redis_open(const swapci_redis_config *config, swapci_redis **out,
                                    swapc_error *error);

/* Closes and frees; answers still owed are dropped. NULL does nothing. */
void swapci_redis_free(swapci_redis *redis);

/* Connects again: one attempt. What was appended and not answered is forgotten. Returns UNREACHABLE,
 * INTERRUPTED, PROTOCOL, NO_MEMORY. */
enum swapc_status swapci_redis_attempt(swapci_redis *redis, swapc_error *error);

/* Asks whether Redis answers, for who has had nothing to ask for a while: PING, or one attempt to
 * connect when there is no connection. No answer may be owed. Returns what that returned: after a
 * failure other than INTERRUPTED, the next command says IO. */
enum swapc_status swapci_redis_probe(swapci_redis *redis, swapc_error *error);

/* Says that the caller tries what Redis refuses again and again (true), and that it is through with it
 * (false): meanwhile Redis counts as not answering. Each true is followed by one false. */
void swapci_redis_stuck(swapci_redis *redis, bool stuck);

/* From now on this flag ends the waits, not the config's; borrowed. */
void swapci_redis_stopped_by(swapci_redis *redis, const atomic_int *stop);

/* From now on attempts to connect and answers are waited for so long at most. */
void swapci_redis_hurry(swapci_redis *redis, uint32_t ms);

/* The URL without user and password; borrowed. */
const char *swapci_redis_name(const swapci_redis *redis);

/* Appends one command of argc arguments, any bytes. Returns SWAPC_OK, IO (not connected),
 * NO_MEMORY. */
enum swapc_status swapci_redis_append(swapci_redis *redis, size_t argc, const swapc_bytes *argv,
                                      swapc_error *error);

/* Appends one command by hiredis's format: %s, %b (pointer, size_t), %llu; no quoting. */
enum swapc_status swapci_redis_appendf(swapci_redis *redis, swapc_error *error, const char *format,
                                       ...);

/* Appends `replies` commands that are formatted already, or a part of one (replies 0). */
enum swapc_status swapci_redis_append_raw(swapci_redis *redis, swapc_bytes bytes, unsigned replies,
                                          swapc_error *error);

/* Sends what was appended, without waiting for answers. Returns SWAPC_OK, IO, INTERRUPTED (a part may
 * have been sent: the connection is gone); PROTOCOL: likewise, and the server said why. */
enum swapc_status swapci_redis_flush(swapci_redis *redis, swapc_error *error);

/* Sends what was appended and takes the next answer, an error answer included. At least one must
 * be owed. Returns SWAPC_OK; IO (connection lost); INTERRUPTED (the answer is still owed, so the
 * connection is of use only to restore or free); NO_MEMORY. After failure *out is untouched. */
enum swapc_status swapci_redis_get_any(swapci_redis *redis, redisReply **out, swapc_error *error);

/* The same, where an error answer is a failure too: PROTOCOL, with a sentence that names what the
 * command was for ("add messages") and the remedy. */
enum swapc_status swapci_redis_get(swapci_redis *redis, const char *what, redisReply **out,
                                   swapc_error *error);

/* From now on an answer of more than about so many bytes ends the connection as soon as that is seen, and
 * getting it returns TOO_LARGE: no more of it was held than that. 0, as at first: no limit. */
void swapci_redis_limit(swapci_redis *redis, size_t bytes);

/* Takes `count` answers and drops them. Returns the first failure; after PROTOCOL the rest have
 * been taken all the same. */
enum swapc_status swapci_redis_skip(swapci_redis *redis, unsigned count, const char *what,
                                    swapc_error *error);

/* Appends one command and takes its answer; format as swapci_redis_appendf. */
enum swapc_status swapci_redis_call(swapci_redis *redis, const char *what, redisReply **out,
                                    swapc_error *error, const char *format, ...);

/* Sleeps in slices. Returns SWAPC_OK, or INTERRUPTED when stop is raised. */
enum swapc_status swapci_redis_sleep(const atomic_int *stop, uint32_t ms, swapc_error *error);

#endif
