#include "audit.h"

#include "buffer.h"
#include "embedded.h"
#include "redis_refusal.h"
#include "stream_command.h"

/* audit.lua, embedded. */
extern const struct swapci_embedded swapci_audit_lua[];

enum { MESSAGE_CAME = -2, LEASE_IS_ANOTHERS = -3 };

/* {added, verdicts, open, gone}, {command, error}, {} or nothing. Returns false when it is none of them. */
static bool read_counts(const redisReply *reply, swapci_audit *out) {
    if (reply->type == REDIS_REPLY_NIL) return true;
    if (reply->type != REDIS_REPLY_ARRAY) return false;
    out->counted = reply->elements == 0 ? SWAPCI_COUNTED_NEVER : SWAPCI_COUNTED_REFUSED;
    if (reply->elements < 4) return reply->elements % 2 == 0;
    for (size_t i = 0; i < 4; i++)
        if (reply->element[i]->type != REDIS_REPLY_INTEGER) return false;
    out->counted = SWAPCI_COUNTED;
    out->counts = (swapci_counts){.added = (uint64_t)reply->element[0]->integer,
                                  .verdicts = (uint64_t)reply->element[1]->integer,
                                  .open = (uint64_t)reply->element[2]->integer,
                                  .gone = (int64_t)reply->element[3]->integer};
    return true;
}

static enum swapc_status read_report(swapci_redis *redis, const redisReply *reply,
                                     swapci_audit *out, swapc_error *error) {
    static const char what[] = "the script of the audit";
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER)
        return swapci_reply_unexpected(redis, what, error);
    long long taken = reply->element[0]->integer;
    out->fresh = taken == MESSAGE_CAME;
    if (out->fresh || taken == LEASE_IS_ANOTHERS) return SWAPC_OK;
    if (reply->elements < 2) return swapci_reply_unexpected(redis, what, error);
    if (taken < 0)
        return swapci_redis_refused(redis,
                                    reply->elements > 2 ? swapci_reply_bytes(reply->element[2])
                                                        : swapc_bytes_of(0, 0),
                                    "to look for messages that are left over",
                                    swapci_reply_bytes(reply->element[1]), error);
    swapc_bytes first = swapci_reply_bytes(reply->element[1]);
    out->taken = (uint64_t)taken;
    if ((first.len > 0 && !swapci_stream_id_parse(first, &out->first_open)) ||
        (reply->elements > 2 && !read_counts(reply->element[2], out)))
        return swapci_reply_unexpected(redis, what, error);
    return SWAPC_OK;
}

static enum swapc_status run_script(swapci_redis *redis, const swapci_stream_names *names,
                                    const swapci_lease *lease, const char *consumer, size_t most,
                                    swapci_audit *out, swapc_error *error) {
    redisReply *reply = NULL;
    *out = (swapci_audit){.counted = SWAPCI_COUNTED_NOT_NOW};
    enum swapc_status status = swapci_redis_call(
        redis, "to look for messages that are left over", &reply, error,
        "EVAL %b 3 %s %s %s %s %s %s %llu %d", swapci_audit_lua[0].bytes, swapci_audit_lua[0].len,
        names->messages, lease ? lease->key : names->messages, names->verdicts, names->group,
        consumer, lease ? lease->token : "", (unsigned long long)most, lease ? 0 : 1);
    if (status != SWAPC_OK) return status;
    status = read_report(redis, reply, out, error);
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_audit_look(swapci_redis *redis, const swapci_stream_names *names,
                                    const swapci_lease *lease, const char *consumer, size_t most,
                                    swapci_audit *out, swapc_error *error) {
    return run_script(redis, names, lease, consumer, most, out, error);
}

enum swapc_status swapci_audit_count(swapci_redis *redis, const swapci_stream_names *names,
                                     swapci_audit *out, swapc_error *error) {
    return run_script(redis, names, NULL, "", 0, out, error);
}

/* EVAL script 1 key ids… */
static enum swapc_status ask_deleted(swapci_redis *redis, const swapci_stream_names *names,
                                     const swapci_pending *pending, size_t count, redisReply **out,
                                     swapc_error *error) {
    /* XREVRANGE, as the rights for it are needed anyway. */
    static const char script[] =
        "local gone = {} "
        "for i, id in ipairs(ARGV) do "
        "local found = redis.pcall('XREVRANGE', KEYS[1], id, id, 'COUNT', 1) "
        "if found.err then return {'XREVRANGE', found.err} end "
        "if #found == 0 then gone[#gone + 1] = i end end "
        "return gone";
    swapci_buffer command = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_resp_head(&command, 4 + count);
    const char *fixed[] = {"EVAL", script, "1", names->messages};
    for (size_t i = 0; i < 4 && status == SWAPC_OK; i++)
        status = swapci_resp_str(&command, fixed[i]);
    for (size_t i = 0; i < count && status == SWAPC_OK; i++)
        status = swapci_resp_id(&command, pending[i].id);
    if (status == SWAPC_OK)
        status = swapci_redis_append_raw(redis, swapci_buffer_bytes(&command), 1, error);
    else swapc_error_set(error, status, "out of memory");
    swapci_buffer_fini(&command);
    return status == SWAPC_OK ? swapci_redis_get(redis, "to look at pending messages", out, error)
                              : status;
}

enum swapc_status swapci_audit_deleted(swapci_redis *redis, const swapci_stream_names *names,
                                       swapci_pending *pending, size_t *count, swapci_pending *gone,
                                       size_t *gone_count, swapc_error *error) {
    redisReply *reply = NULL;
    size_t kept = 0, next = 0;
    *gone_count = 0;
    if (*count == 0) return SWAPC_OK;
    enum swapc_status status = ask_deleted(redis, names, pending, *count, &reply, error);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_check_script(redis, reply, "to look at pending messages", error);
    if (status != SWAPC_OK) {
        freeReplyObject(reply);
        return status;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements > *count)
        status = swapci_reply_unexpected(redis, "XREVRANGE", error);
    for (size_t i = 0; i < *count && status == SWAPC_OK; i++) {
        bool deleted = next < reply->elements && reply->element[next]->integer == (long long)i + 1;
        next += deleted;
        if (deleted) gone[(*gone_count)++] = pending[i];
        else pending[kept++] = pending[i];
    }
    freeReplyObject(reply);
    if (status == SWAPC_OK) *count = kept;
    return status;
}
