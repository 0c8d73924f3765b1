#include "redis_script.h"

#include <string.h>

#include "redis_refusal.h"
#include "redis_reply.h"

void swapci_redis_script_fini(swapci_redis_script *script) {
    swapci_buffer_fini(&script->text);
    swapci_buffer_fini(&script->head);
}

/* Learns the script's name. */
static enum swapc_status load(swapci_redis_script *script, swapc_error *error) {
    redisReply *reply = NULL;
    swapc_bytes text = swapci_buffer_bytes(&script->text);
    enum swapc_status status =
        swapci_redis_appendf(script->redis, error, "SCRIPT LOAD %b", text.ptr, text.len);
    if (status == SWAPC_OK) status = swapci_redis_get_any(script->redis, &reply, error);
    if (status != SWAPC_OK) return status;
    swapc_bytes sha = swapci_reply_bytes(reply);
    script->as_text = swapci_redis_is_error(reply, "NOPERM");
    if (sha.len == sizeof script->sha - 1) memcpy(script->sha, sha.ptr, sha.len);
    freeReplyObject(reply);
    return SWAPC_OK;
}

static enum swapc_status write_head(swapci_redis_script *script, size_t count) {
    bool by_name = script->sha[0] && !script->text_once;
    swapci_buffer *head = &script->head;
    swapci_buffer_clear(head);
    enum swapc_status status = swapci_resp_head(head, 2 + count);
    if (status == SWAPC_OK) status = swapci_resp_str(head, by_name ? "EVALSHA" : "EVAL");
    if (status == SWAPC_OK)
        status = by_name ? swapci_resp_str(head, script->sha)
                         : swapci_resp_bulk(head, swapci_buffer_bytes(&script->text));
    return status;
}

enum swapc_status swapci_redis_script_send(swapci_redis_script *script,
                                           const swapci_redis_arguments *arguments,
                                           swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    if (!script->sha[0] && !script->as_text) status = load(script, error);
    if (status != SWAPC_OK) return status;
    if (write_head(script, arguments->count) != SWAPC_OK)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    script->text_once = false;
    const swapc_bytes parts[] = {swapci_buffer_bytes(&script->head), arguments->first,
                                 arguments->rest};
    for (unsigned i = 0; i < 3 && status == SWAPC_OK; i++)
        status = swapci_redis_append_raw(script->redis, parts[i], i == 2, error);
    return status == SWAPC_OK ? swapci_redis_flush(script->redis, error) : status;
}

enum swapc_status swapci_redis_script_take(swapci_redis_script *script, const char *what,
                                           redisReply **reply, bool *again, swapc_error *error) {
    redisReply *got = NULL;
    *again = false;
    *reply = NULL;
    enum swapc_status status = swapci_redis_get_any(script->redis, &got, error);
    if (status != SWAPC_OK) return status;
    *again = script->text_once = swapci_redis_is_error(got, "NOSCRIPT");
    if (!*again) status = swapci_redis_check(script->redis, got, what, error);
    if (*again || status != SWAPC_OK) freeReplyObject(got);
    else *reply = got;
    return status;
}
