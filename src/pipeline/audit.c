#include "audit.h"

#include "buffer.h"
#include "embedded.h"
#include "redis_refusal.h"
#include "stream_command.h"

/* audit.lua, embedded. */
extern const struct swapci_embedded swapci_audit_lua[];

static bool is_report(const redisReply *reply) {
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
           reply->element[0]->type == REDIS_REPLY_INTEGER;
}

static enum swapc_status read_report(swapci_redis *redis, const redisReply *reply,
                                     swapci_audit *out, swapc_error *error) {
    if (!is_report(reply)) return swapci_reply_unexpected(redis, "the script of the audit", error);
    if (reply->element[0]->integer < 0)
        return swapci_redis_refused(redis, swapci_reply_bytes(reply->element[2]),
                                    "to look for messages that are left over",
                                    swapci_reply_bytes(reply->element[1]), error);
    if (reply->element[2]->type != REDIS_REPLY_INTEGER)
        return swapci_reply_unexpected(redis, "the script of the audit", error);
    swapc_bytes first = swapci_reply_bytes(reply->element[1]);
    out->taken = (uint64_t)reply->element[0]->integer;
    out->lost = (int64_t)reply->element[2]->integer;
    out->fresh = out->lost == -2;
    if (out->fresh) out->lost = -1;
    if (first.len > 0 && !swapci_stream_id_parse(first, &out->first_open))
        return swapci_reply_unexpected(redis, "the script of the audit", error);
    return SWAPC_OK;
}

enum swapc_status swapci_audit_look(swapci_redis *redis, const swapci_stream_names *names,
                                    const swapci_lease *lease, const char *consumer, size_t most,
                                    swapci_audit *out, swapc_error *error) {
    redisReply *reply = NULL;
    *out = (swapci_audit){.lost = -1};
    enum swapc_status status =
        swapci_redis_call(redis, "to look for messages that are left over", &reply, error,
                          "EVAL %b 2 %s %s %s %s %s %llu", swapci_audit_lua[0].bytes,
                          swapci_audit_lua[0].len, names->messages, lease->key, names->group,
                          consumer, lease->token, (unsigned long long)most);
    if (status != SWAPC_OK) return status;
    status = read_report(redis, reply, out, error);
    freeReplyObject(reply);
    return status;
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
