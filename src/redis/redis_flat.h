/* redis_flat.h - an answer without an object for each of its parts: for those that have thousands.
 *
 * The parts lie one after the other as they came, an array before its elements; the bytes of all texts lie in one
 * buffer. Both stay for the next answer, which comes behind them, or, once they are cleared, instead.
 *
 * Threads: as the connection. Ownership: the caller's storage; views are void after the next answer.
 */
#ifndef SWAPCI_REDIS_FLAT_H
#define SWAPCI_REDIS_FLAT_H

#include "buffer.h"
#include "redis.h"

typedef struct swapci_flat_part {
    int type;    /* REDIS_REPLY_… */
    size_t size; /* bytes of a text, elements of an array, pairs twice of a map */
    size_t at;   /* private */
} swapci_flat_part;

typedef struct swapci_redis_flat {
    swapci_flat_part *parts;
    size_t count;
    size_t capacity; /* private */
    swapci_buffer bytes;
    redisReply stand_in; /* private: what hiredis takes for the answer */
} swapci_redis_flat;

void swapci_redis_flat_fini(swapci_redis_flat *flat);

/* Nothing lies in it any more. */
static inline void swapci_redis_flat_clear(swapci_redis_flat *flat) {
    flat->count = 0;
    swapci_buffer_clear(&flat->bytes);
}

/* As swapci_redis_get; the answer's parts come behind those that are there. After failure flat is as it was. */
enum swapc_status swapci_redis_get_flat(swapci_redis *redis, const char *what,
                                        swapci_redis_flat *flat, swapc_error *error);

/* The bytes of a text; nothing of another part. */
static inline swapc_bytes swapci_flat_bytes(const swapci_redis_flat *flat, size_t part) {
    const swapci_flat_part *p = &flat->parts[part];
    bool text = p->type == REDIS_REPLY_STRING || p->type == REDIS_REPLY_STATUS ||
                p->type == REDIS_REPLY_ERROR;
    return text ? swapc_bytes_of(flat->bytes.ptr + p->at, p->size) : swapc_bytes_of(NULL, 0);
}

#endif
