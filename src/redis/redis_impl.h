/* redis_impl.h - the parts of a connection: redis.c (socket and pipelines), redis_refusal.c (what an
 * error answer means), redis_retry.c (what is tried again). All of it belongs to the thread that uses
 * the connection.
 */
#ifndef SWAPCI_REDIS_IMPL_H
#define SWAPCI_REDIS_IMPL_H

#include "log_limit.h"
#include "redis.h"
#include "redis_keys.h"
#include "redis_refusal.h"
#include "redis_retry.h"
#include "redis_tls.h"
#include "redis_url.h"

enum { REDIS_CODE_SIZE = 32, REDIS_SAID_MAX = 6 };

struct swapci_redis {
    swapci_redis_url url;
    swapci_redis_config config;
    redisContext *context;   /* NULL while not connected */
    redisContextFuncs funcs; /* hiredis's, with ours to read and write */
    ssize_t (*plain_read)(redisContext *context, char *buffer, size_t size);
    swapci_redis_tls *tls;  /* NULL: none */
    char tls_refused[96];   /* what the server said of our side of it; "": nothing */
    bool interrupted;       /* the write ended for the stop flag */
    uint64_t owed;          /* answers not taken yet */
    swapci_redis_keys keys; /* of their commands */
    size_t part_at; /* where in the output the command begins of which a part was appended */
    bool in_part;   /* there is such a one */
    size_t limit, received; /* bytes of the answer that is waited for: the most, and so far */

    enum swapci_redis_refusal refusal; /* of the last refused answer, and its first word */
    char code[REDIS_CODE_SIZE];
    bool hangs;    /* the last connection was given up as no answer came */
    bool outsized; /* it ended the connection as an argument had more bytes than it takes */

    uint64_t epoch;                             /* connections made, and losses of what was there */
    bool settled;                               /* the start is over */
    bool troubled;                              /* something is tried again */
    uint64_t troubled_since_ns;                 /* … since */
    uint32_t pause_ms;                          /* before the next try */
    char said[REDIS_SAID_MAX][REDIS_CODE_SIZE]; /* codes that the log was told since then */
    unsigned said_count;
    bool quiet;            /* of this trouble the log is told when it lasts */
    swapci_log_limit told; /* of troubles that are told */
};

/* As a refusal that somebody has to do something about: the connection could not be made because of
 * `why`. Returns PROTOCOL. */
enum swapc_status swapci_redis_refused_tls(swapci_redis *redis, const char *why,
                                           swapc_error *error);

/* For who asks for health: what was refused last; "": nothing is, as far as this connection goes. */
void swapci_redis_note_refusal(swapci_redis *redis, const char *text);

/* Closes the connection, whatever is owed: the next command says IO. */
void swapci_redis_drop(swapci_redis *redis);

/* The first connection, as the config says. */
enum swapc_status swapci_redis_first(swapci_redis *redis, swapc_error *error);

#endif
