/* redis_script.h - a server-side script that is called again and again: by its name once the server has it, by its
 * text where that name is not known (the server was restarted or flushed) or this user may not load scripts.
 *
 * Threads: one at a time per script, and that thread uses its connection.
 * Ownership: the caller's storage; the connection is borrowed.
 */
#ifndef SWAPCI_REDIS_SCRIPT_H
#define SWAPCI_REDIS_SCRIPT_H

#include "buffer.h"
#include "redis.h"

typedef struct swapci_redis_script {
    swapci_redis *redis;
    swapci_buffer text;
    char sha[41];   /* private: its name on the server; "": not loaded yet */
    bool as_text;   /* private: its text goes each time */
    bool text_once; /* private: it goes the next time */
    swapci_buffer head;
} swapci_redis_script;

void swapci_redis_script_fini(swapci_redis_script *script);

/* Arguments behind the script itself, as RESP: the number of keys, the keys, and so on. */
typedef struct swapci_redis_arguments {
    swapc_bytes first, rest; /* one after the other; either may be empty */
    size_t count;            /* of both */
} swapci_redis_arguments;

/* Puts a call into the pipeline and sends it, without waiting for its answer. The first time, and no answer may be owed
 * then, it loads the script. Returns as swapci_redis_flush, NO_MEMORY. */
enum swapc_status swapci_redis_script_send(swapci_redis_script *script,
                                           const swapci_redis_arguments *arguments,
                                           swapc_error *error);

/* Takes the answer, the next one that is owed. Out: *again: the server has forgotten the script, which has
 * done nothing, and *reply is NULL; sent once more it goes as text. what: as of swapci_redis_get, which this
 * returns as. */
enum swapc_status swapci_redis_script_take(swapci_redis_script *script, const char *what,
                                           redisReply **reply, bool *again, swapc_error *error);

#endif
