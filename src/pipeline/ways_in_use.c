#include "ways_in_use.h"

#include <stdio.h>
#include <string.h>

#include "redis_reply.h"

/* Asks; *out NULL: refused, or nothing. */
static enum swapc_status ask(swapci_redis *redis, enum swapc_status appended, redisReply **out,
                             swapc_error *error) {
    *out = NULL;
    enum swapc_status status =
        appended == SWAPC_OK ? swapci_redis_get_any(redis, out, error) : appended;
    if (status != SWAPC_OK) return status;
    if ((*out)->type == REDIS_REPLY_ARRAY || (*out)->type == REDIS_REPLY_STRING) return status;
    freeReplyObject(*out);
    *out = NULL;
    return status;
}

static swapc_bytes name_of(const redisReply *row) {
    for (size_t i = 0; i + 1 < row->elements; i += 2)
        if (swapc_bytes_equal(swapci_reply_bytes(row->element[i]), swapc_bytes_str("name")))
            return swapci_reply_bytes(row->element[i + 1]);
    return swapc_bytes_of(NULL, 0);
}

static void take_text(char *out, size_t size, swapc_bytes text) {
    snprintf(out, size, "%.*s", (int)text.len, (const char *)text.ptr);
}

/* token, blank, place: boot/device/inode, and of a ring its name behind them. */
static void take_lease(swapci_ways_in_use *out, swapc_bytes consumer, swapc_bytes lease) {
    unsigned slashes = 0;
    size_t at = 0;
    for (size_t i = 0; i < lease.len && slashes < 3; i++)
        if (lease.ptr[i] == '/') slashes++, at = i + 1;
    bool ring = slashes == 3;
    if (ring ? out->rings++ == 0 : out->redis++ + out->rings == 0)
        take_text(out->consumer, sizeof out->consumer, consumer);
    if (ring && !out->ring[0])
        take_text(out->ring, sizeof out->ring, swapc_bytes_of(lease.ptr + at, lease.len - at));
}

enum swapc_status swapci_ways_in_use_look(swapci_redis *redis, const swapci_stream_names *names,
                                          swapci_ways_in_use *out, swapc_error *error) {
    redisReply *rows = NULL, *lease = NULL;
    *out = (swapci_ways_in_use){.rings = 0};
    enum swapc_status status = ask(
        redis,
        swapci_redis_appendf(redis, error, "XINFO CONSUMERS %s %s", names->messages, names->group),
        &rows, error);
    for (size_t i = 0; status == SWAPC_OK && rows && i < rows->elements; i++) {
        swapc_bytes name = name_of(rows->element[i]);
        status = ask(redis,
                     swapci_redis_appendf(redis, error, "GET %s:lease:%b", names->prefix, name.ptr,
                                          name.len),
                     &lease, error);
        if (lease) take_lease(out, name, swapci_reply_bytes(lease));
        freeReplyObject(lease);
        lease = NULL;
    }
    freeReplyObject(rows);
    return status;
}
