/* redis_keys.h - which keys the commands have whose answers are owed: a server that refuses a key does not name it.
 *
 * Kept are only the keys, once for commands in a row that have the same ones.
 *
 * Threads: one at a time. Ownership: the caller's storage, zeroed at first; views are void once more is sent.
 * Limits: of a pipeline with more than about SWAPCI_REDIS_KEYS_MAX bytes of them, or when memory is wanting, the rest are
 *     not known.
 */
#ifndef SWAPCI_REDIS_KEYS_H
#define SWAPCI_REDIS_KEYS_H

#include <stdbool.h>

#include "buffer.h"

enum { SWAPCI_REDIS_KEYS_MAX = 65536 };

typedef struct swapci_redis_keys {
    swapci_buffer
        runs; /* private, as all that follows: the commands that have the same keys, one behind the other */
    size_t last;    /* where the last run begins */
    size_t next;    /* where the run of the next answer does */
    unsigned taken; /* answers of it */
    size_t at;      /* where the run of the answer that was taken last begins */
    bool known;     /* there is such a one */
    bool lost;      /* what follows is not known */
} swapci_redis_keys;

void swapci_redis_keys_fini(swapci_redis_keys *keys);

/* No answer is owed. */
void swapci_redis_keys_forget(swapci_redis_keys *keys);

/* `count` commands, 1 or more, with the keys of the first one, which is given as RESP, were put into the pipeline. */
void swapci_redis_keys_sent(swapci_redis_keys *keys, swapc_bytes command, unsigned count);

/* The next answer came. */
void swapci_redis_keys_taken(swapci_redis_keys *keys);

/* The keys of the command whose answer was taken last, as RESP, for swapci_redis_keys_next; no bytes: it has none, or they
 * are not known. */
swapc_bytes swapci_redis_keys_of_last(const swapci_redis_keys *keys);

/* Takes the first key off the list. Returns false when there is none. */
bool swapci_redis_keys_next(swapc_bytes *list, swapc_bytes *key);

#endif
