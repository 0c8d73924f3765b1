/* What processes died on. While entries are recovered that a process may have died on, each is called with no other beside it, and
 * the state says which it is, until its call is over: should this process die, the next one knows. */
#include <stdio.h>
#include <string.h>

#include "process_impl.h"
#include "redis_reply.h"

/* Deaths while it was called alone, after one that it had a part in: three in all. */
enum { DEATHS_MOST = 2 };

static enum swapc_status note(swapci_process *p, const char *text, swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(p->redis, "to note what is called", &reply, error,
                                                 "HSET %s trying %s", p->names->state, text);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

/* "ID DEATHS", or nothing. */
static void read_note(swapci_process *p, swapc_bytes text) {
    const uint8_t *blank = text.len ? memchr(text.ptr, ' ', text.len) : NULL;
    size_t at = blank ? (size_t)(blank - text.ptr) : 0;
    p->deaths = 0;
    if (blank && swapci_stream_id_parse(swapc_bytes_of(text.ptr, at), &p->suspect) &&
        !swapci_decimal_parse(swapc_bytes_of(blank + 1, text.len - at - 1), &p->deaths))
        p->deaths = 0;
}

enum swapc_status swapci_process_suspects_begin(swapci_process *p, swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(p->redis, "what was called last", &reply, error,
                                                 "HGET %s trying", p->names->state);
    if (status != SWAPC_OK) return status;
    read_note(p, swapci_reply_bytes(reply));
    freeReplyObject(reply);
    p->suspicious = true;
    p->noted = p->deaths > 0;
    return status;
}

enum swapc_status swapci_process_suspects_called(swapci_process *p, swapc_error *error) {
    enum swapc_status status = p->noted ? note(p, "", error) : SWAPC_OK;
    if (status == SWAPC_OK) p->noted = false;
    return status;
}

enum swapc_status swapci_process_suspects_end(swapci_process *p, swapc_error *error) {
    enum swapc_status status = swapci_process_suspects_called(p, error);
    if (status == SWAPC_OK) p->suspicious = false;
    return status;
}

enum swapc_status swapci_process_suspect(swapci_process *p, swapci_stream_id id, bool *poisoned,
                                         swapc_error *error) {
    char text[SWAPCI_STREAM_ID_SIZE + 24];
    size_t len = swapci_stream_id_format(id, text);
    bool again = p->deaths > 0 && swapci_stream_id_compare(id, p->suspect) == 0;
    *poisoned = again && p->deaths >= DEATHS_MOST;
    if (*poisoned) return SWAPC_OK;
    snprintf(text + len, sizeof text - len, " %llu",
             again ? (unsigned long long)p->deaths + 1 : 1ull);
    p->noted = true;
    return note(p, text, error);
}
