#include "redis_flat.h"

#include <stdlib.h>

#include "redis_impl.h"

void swapci_redis_flat_fini(swapci_redis_flat *flat) {
    free(flat->parts);
    swapci_buffer_fini(&flat->bytes);
    *flat = (swapci_redis_flat){.parts = NULL};
}

static swapci_flat_part *next_part(swapci_redis_flat *flat) {
    if (flat->count == flat->capacity) {
        size_t capacity = flat->capacity ? 2 * flat->capacity : 64;
        swapci_flat_part *parts = realloc(flat->parts, capacity * sizeof *parts);
        if (!parts) return NULL;
        flat->parts = parts;
        flat->capacity = capacity;
    }
    return &flat->parts[flat->count++];
}

/* Returns what hiredis keeps as the object of the part; NULL: no memory. */
static void *add_of(const redisReadTask *task, int type, size_t size, size_t at) {
    swapci_redis_flat *flat = task->privdata;
    swapci_flat_part *part = next_part(flat);
    if (!part) return NULL;
    *part = (swapci_flat_part){.type = type, .size = size, .at = at};
    return &flat->stand_in;
}

static void *add(const redisReadTask *task, size_t size, size_t at) {
    return add_of(task, task->type, size, at);
}

static void *add_string(const redisReadTask *task, char *text, size_t len) {
    swapci_redis_flat *flat = task->privdata;
    size_t at = flat->bytes.len;
    if (swapci_buffer_append(&flat->bytes, swapc_bytes_of(text, len)) != SWAPC_OK) return NULL;
    return add(task, len, at);
}

static void *add_array(const redisReadTask *task, size_t elements) {
    return add(task, elements, 0);
}

static void *add_integer(const redisReadTask *task, long long value) {
    (void)value;
    return add(task, 0, 0);
}

static void *add_double(const redisReadTask *task, double value, char *text, size_t len) {
    (void)value, (void)text, (void)len;
    return add(task, 0, 0);
}

/* The task says what it would have been. */
static void *add_nil(const redisReadTask *task) {
    return add_of(task, REDIS_REPLY_NIL, 0, 0);
}

static void *add_bool(const redisReadTask *task, int value) {
    (void)value;
    return add(task, 0, 0);
}

static void keep(void *object) {
    (void)object;
}

static redisReplyObjectFunctions functions = {
    .createString = add_string,
    .createArray = add_array,
    .createInteger = add_integer,
    .createDouble = add_double,
    .createNil = add_nil,
    .createBool = add_bool,
    .freeObject = keep,
};

/* hiredis asks for the objects of the next answer only when it is got, so that they can be others than
 * those of the one before. */
static enum swapc_status get(swapci_redis *redis, swapci_redis_flat *flat, swapc_error *error) {
    redisReply *reply;
    if (!redis->context) return swapci_redis_get_any(redis, &reply, error);
    redisReader *reader = redis->context->reader;
    redisReplyObjectFunctions *plain = reader->fn;
    reader->fn = &functions;
    reader->privdata = flat;
    enum swapc_status status = swapci_redis_get_any(redis, &reply, error);
    if (!redis->context) return status; /* and its reader is gone */
    redis->context->reader->fn = plain;
    redis->context->reader->privdata = NULL;
    return status;
}

enum swapc_status swapci_redis_get_flat(swapci_redis *redis, const char *what,
                                        swapci_redis_flat *flat, swapc_error *error) {
    const size_t count = flat->count, len = flat->bytes.len;
    flat->stand_in.type = REDIS_REPLY_NIL;
    enum swapc_status status = get(redis, flat, error);
    if (status == SWAPC_OK && flat->parts[count].type == REDIS_REPLY_ERROR)
        status = swapci_redis_refused(redis, swapci_flat_bytes(flat, count), what,
                                      swapc_bytes_of(NULL, 0), error);
    if (status == SWAPC_OK) return status;
    flat->count = count;
    flat->bytes.len = len;
    return status;
}
