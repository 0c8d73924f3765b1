/* The part of stream.h that deals with entries given out and not acknowledged. */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "embedded.h"
#include "lease.h"
#include "redis_refusal.h"
#include "stream.h"
#include "stream_command.h"

enum { ADOPT_PAGE = 256 };

enum swapc_status swapci_claim_append(swapci_redis *redis, const swapci_stream_names *names,
                                      const char *consumer, uint32_t idle_ms,
                                      const swapci_pending *pending, size_t count,
                                      const char *option, swapc_error *error) {
    swapci_buffer command = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_resp_head(&command, 5 + count + (option != NULL));
    const char *fixed[] = {"XCLAIM", names->messages, names->group, consumer};
    for (size_t i = 0; i < 4 && status == SWAPC_OK; i++)
        status = swapci_resp_str(&command, fixed[i]);
    if (status == SWAPC_OK) status = swapci_resp_u64(&command, idle_ms);
    for (size_t i = 0; i < count && status == SWAPC_OK; i++)
        status = swapci_resp_id(&command, pending[i].id);
    if (option && status == SWAPC_OK) status = swapci_resp_str(&command, option);
    if (status == SWAPC_OK)
        status = swapci_redis_append_raw(redis, swapci_buffer_bytes(&command), 1, error);
    else swapc_error_set(error, status, "out of memory");
    swapci_buffer_fini(&command);
    return status;
}

/* [id, consumer, idle, deliveries]. Returns false when it is not. */
static bool take_pending(const redisReply *reply, swapci_pending *out) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 ||
        reply->element[3]->type != REDIS_REPLY_INTEGER ||
        !swapci_stream_id_parse(swapci_reply_bytes(reply->element[0]), &out->id))
        return false;
    out->deliveries = (uint64_t)reply->element[3]->integer;
    return true;
}

/* As swapci_stream_pending, of a consumer of any name: others' may be of any bytes, and any length. */
static enum swapc_status pending_of(swapci_redis *redis, const swapci_stream_names *names,
                                    swapc_bytes consumer, swapci_stream_id after,
                                    swapci_pending *out, size_t *count, swapc_error *error) {
    char from[SWAPCI_STREAM_AFTER_SIZE];
    redisReply *reply = NULL;
    size_t limit = *count;
    *count = 0;
    if (!swapci_stream_after(after, from)) return SWAPC_OK;
    enum swapc_status status = swapci_redis_call(
        redis, "the pending list", &reply, error, "XPENDING %s %s %s + %llu %b", names->messages,
        names->group, from, (unsigned long long)limit, consumer.ptr, consumer.len);
    if (status != SWAPC_OK) return status;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements > limit)
        status = swapci_reply_unexpected(redis, "XPENDING", error);
    for (size_t i = 0; status == SWAPC_OK && i < reply->elements; i++)
        if (!take_pending(reply->element[i], &out[i]))
            status = swapci_reply_unexpected(redis, "XPENDING", error);
        else *count = i + 1;
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_stream_pending(swapci_redis *redis, const swapci_stream_names *names,
                                        const char *consumer, swapci_stream_id after,
                                        swapci_pending *out, size_t *count, swapc_error *error) {
    return pending_of(redis, names, swapc_bytes_str(consumer), after, out, count, error);
}

/* What is wanted of one row of XINFO CONSUMERS, [name, …, pending, …, …]. */
typedef struct consumer_row {
    swapc_bytes name; /* in the reply */
    uint64_t pending;
} consumer_row;

static void take_consumer(const redisReply *reply, consumer_row *out) {
    *out = (consumer_row){.pending = 0};
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        swapc_bytes key = swapci_reply_bytes(reply->element[i]);
        const redisReply *value = reply->element[i + 1];
        if (swapc_bytes_equal(key, swapc_bytes_str("name"))) out->name = swapci_reply_bytes(value);
        else if (swapc_bytes_equal(key, swapc_bytes_str("pending")))
            out->pending = (uint64_t)value->integer;
    }
}

static enum swapc_status consumers(swapci_redis *redis, const swapci_stream_names *names,
                                   redisReply **out, swapc_error *error) {
    enum swapc_status status =
        swapci_redis_call(redis, "the list of consumers", out, error, "XINFO CONSUMERS %s %s",
                          names->messages, names->group);
    if (status == SWAPC_OK && (*out)->type != REDIS_REPLY_ARRAY) {
        freeReplyObject(*out);
        *out = NULL;
        status = swapci_reply_unexpected(redis, "XINFO CONSUMERS", error);
    }
    return status;
}

/* A lease that never ends is nobody's: its owner would have renewed it. One that ends later than any is given would
 * outlive its owner, as the server's clock went back: it gets the end that it would have had. */
static enum swapc_status has_lease(swapci_redis *redis, const swapci_stream_names *names,
                                   swapc_bytes consumer, bool *out, swapc_error *error) {
    static const char script[] = "local left = redis.pcall('PTTL', KEYS[1]) "
                                 "if type(left) == 'table' then return {'PTTL', left.err} end "
                                 "if left <= tonumber(ARGV[1]) then return left end "
                                 "local held = redis.pcall('GET', KEYS[1]) "
                                 "if type(held) == 'table' then return {'GET', held.err} end "
                                 "local done = redis.pcall('SET', KEYS[1], held, 'PX', ARGV[1]) "
                                 "if done.err then return {'SET', done.err} end "
                                 "return left";
    redisReply *reply = NULL;
    enum swapc_status status =
        swapci_redis_call(redis, "a lease", &reply, error, "EVAL %s 1 %s:lease:%b %d", script,
                          names->prefix, consumer.ptr, consumer.len, (int)SWAPCI_LEASE_MS);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_check_script(redis, reply, "a lease", error);
    if (status == SWAPC_OK) *out = reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
    freeReplyObject(reply);
    return status;
}

/* retire.lua, embedded. */
extern const struct swapci_embedded swapci_retire_lua[];

static enum swapc_status retire(swapci_redis *redis, const swapci_stream_names *names,
                                swapc_bytes consumer, const char *token, swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(
        redis, "to remove a consumer", &reply, error, "EVAL %b 2 %s %s:lease:%b %s %b %s",
        swapci_retire_lua[0].bytes, swapci_retire_lua[0].len, names->messages, names->prefix,
        consumer.ptr, consumer.len, names->group, consumer.ptr, consumer.len, token);
    if (status != SWAPC_OK) return status;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3)
        status = swapci_redis_refused(redis, swapci_reply_bytes(reply->element[2]),
                                      "to remove a consumer", swapci_reply_bytes(reply->element[1]),
                                      error);
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_stream_retire(swapci_redis *redis, const swapci_stream_names *names,
                                       const char *consumer, const char *token,
                                       swapc_error *error) {
    return retire(redis, names, swapc_bytes_str(consumer), token, error);
}

/* Who takes over, and how. */
typedef struct heir {
    swapci_redis *redis;
    const swapci_stream_names *names;
    const char *consumer;
    uint32_t idle_ms;
    size_t limit, moved, fresh;
    swapci_stream_gone_fn gone; /* NULL: nobody is told */
    void *user;
} heir;

/* Leaves those that can be moved. Inout: *count. */
static enum swapc_status tell_gone(const heir *h, swapci_pending *page, size_t *count,
                                   swapc_error *error) {
    swapci_pending gone[ADOPT_PAGE];
    size_t gone_count = 0;
    if (!h->gone) return SWAPC_OK;
    enum swapc_status status =
        swapci_audit_deleted(h->redis, h->names, page, count, gone, &gone_count, error);
    for (size_t i = 0; i < gone_count && status == SWAPC_OK; i++)
        status = h->gone(h->user, gone[i].id, error);
    return status;
}

/* Moves up to limit entries of one dead consumer. */
static enum swapc_status adopt_from(heir *h, swapc_bytes dead, swapc_error *error) {
    swapci_pending page[ADOPT_PAGE];
    swapci_stream_id after = {0, 0};
    enum swapc_status status = SWAPC_OK;
    while (status == SWAPC_OK && h->moved < h->limit) {
        redisReply *reply = NULL;
        size_t count = h->limit - h->moved < ADOPT_PAGE ? h->limit - h->moved : ADOPT_PAGE;
        status = pending_of(h->redis, h->names, dead, after, page, &count, error);
        if (status != SWAPC_OK || count == 0) break;
        after = page[count - 1].id;
        status = tell_gone(h, page, &count, error);
        if (status != SWAPC_OK || count == 0) continue;
        status = swapci_claim_append(h->redis, h->names, h->consumer, h->idle_ms, page, count,
                                     "JUSTID", error);
        if (status == SWAPC_OK)
            status = swapci_redis_get(h->redis, "to claim messages", &reply, error);
        if (status == SWAPC_OK) {
            h->moved += reply->elements;
            h->fresh += count - reply->elements;
            freeReplyObject(reply);
        }
    }
    return status;
}

enum swapc_status swapci_stream_adopt(swapci_redis *redis, const swapci_stream_names *names,
                                      const char *consumer, uint32_t idle_ms, size_t limit,
                                      swapci_stream_gone_fn gone, void *user, size_t *moved,
                                      size_t *fresh, swapc_error *error) {
    heir h = {redis, names, consumer, idle_ms, limit, 0, 0, gone, user};
    redisReply *reply = NULL;
    enum swapc_status status = consumers(redis, names, &reply, error);
    for (size_t i = 0; status == SWAPC_OK && i < reply->elements && h.moved < limit; i++) {
        consumer_row row;
        bool alive = true;
        take_consumer(reply->element[i], &row);
        if (swapc_bytes_equal(row.name, swapc_bytes_str(consumer))) continue;
        status = has_lease(redis, names, row.name, &alive, error);
        if (status == SWAPC_OK && !alive && row.pending > 0)
            status = adopt_from(&h, row.name, error);
        if (status == SWAPC_OK && !alive) status = retire(redis, names, row.name, "", error);
    }
    *moved = h.moved;
    *fresh = h.fresh;
    freeReplyObject(reply);
    return status;
}

static enum swapc_status run_and_drop(swapci_redis *redis, enum swapc_status appended,
                                      const char *what, swapc_error *error) {
    return appended == SWAPC_OK ? swapci_redis_skip(redis, 1, what, error) : appended;
}

enum swapc_status swapci_stream_tampered_add(swapci_redis *redis, const swapci_stream_names *names,
                                             const swapci_stream_id *ids, size_t count,
                                             swapc_error *error) {
    swapci_buffer command = SWAPCI_BUFFER_INIT;
    if (count == 0) return SWAPC_OK;
    enum swapc_status status = swapci_resp_head(&command, 2 + count);
    if (status == SWAPC_OK) status = swapci_resp_str(&command, "SADD");
    if (status == SWAPC_OK) status = swapci_resp_str(&command, names->tampered);
    for (size_t i = 0; i < count && status == SWAPC_OK; i++)
        status = swapci_resp_id(&command, ids[i]);
    if (status == SWAPC_OK)
        status = swapci_redis_append_raw(redis, swapci_buffer_bytes(&command), 1, error);
    else swapc_error_set(error, status, "out of memory");
    swapci_buffer_fini(&command);
    return run_and_drop(redis, status, "the set of tampered ids", error);
}
