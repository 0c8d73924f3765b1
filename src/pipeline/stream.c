#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_point.h"
#include "redis_refusal.h"
#include "stream_command.h"
#include "swapc/log.h"

int swapci_stream_id_compare(swapci_stream_id a, swapci_stream_id b) {
    if (a.ms != b.ms) return a.ms < b.ms ? -1 : 1;
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

size_t swapci_stream_id_format(swapci_stream_id id, char out[SWAPCI_STREAM_ID_SIZE]) {
    return (size_t)snprintf(out, SWAPCI_STREAM_ID_SIZE, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

bool swapci_stream_after(swapci_stream_id id, char out[SWAPCI_STREAM_AFTER_SIZE]) {
    out[0] = '(';
    swapci_stream_id_format(id, out + 1);
    return id.ms != UINT64_MAX ||
           id.seq != UINT64_MAX; /* Redis refuses a range behind the last id */
}

bool swapci_stream_id_parse(swapc_bytes text, swapci_stream_id *out) {
    const uint8_t *dash = text.len ? memchr(text.ptr, '-', text.len) : NULL;
    if (!dash) return false;
    swapc_bytes ms = swapc_bytes_of(text.ptr, (size_t)(dash - text.ptr));
    swapc_bytes seq = swapc_bytes_of(dash + 1, text.len - ms.len - 1);
    return swapci_decimal_parse(ms, &out->ms) && swapci_decimal_parse(seq, &out->seq);
}

static bool allowed_in_prefix(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("._-:{}", c));
}

enum swapc_status swapci_stream_names_init(swapci_stream_names *out, const char *prefix,
                                           swapc_error *error) {
    prefix = prefix ? prefix : "swapc";
    size_t len = strlen(prefix);
    bool fine = len > 0 && len <= SWAPCI_STREAM_PREFIX_MAX;
    for (size_t i = 0; i < len && fine; i++) fine = allowed_in_prefix(prefix[i]);
    if (!fine) {
        return swapc_error_set(
            error, SWAPC_INVALID,
            "'%.80s' is no stream prefix: 1 to %d letters, digits or . _ - : { }", prefix,
            SWAPCI_STREAM_PREFIX_MAX);
    }
    memset(out, 0, sizeof *out);
    memcpy(out->prefix, prefix, len);
    snprintf(out->group, sizeof out->group, "%s", SWAPCI_STREAM_GROUP);
    snprintf(out->messages, sizeof out->messages, "%s:messages", prefix);
    snprintf(out->verdicts, sizeof out->verdicts, "%s:verdicts", prefix);
    snprintf(out->signed_records, sizeof out->signed_records, "%s:signed", prefix);
    snprintf(out->tampered, sizeof out->tampered, "%s:tampered", prefix);
    snprintf(out->dead, sizeof out->dead, "%s:dead", prefix);
    snprintf(out->strikes, sizeof out->strikes, "%s:strikes", prefix);
    return SWAPC_OK;
}

enum swapc_status swapci_stream_create(swapci_redis *redis, const swapci_stream_names *names,
                                       swapc_error *error) {
    bool made;
    return swapci_stream_join(redis, names, &made, error);
}

enum swapc_status swapci_stream_join(swapci_redis *redis, const swapci_stream_names *names,
                                     bool *made, swapc_error *error) {
    redisReply *reply = NULL;
    *made = false;
    enum swapc_status status = swapci_redis_appendf(redis, error, "XGROUP CREATE %s %s 0 MKSTREAM",
                                                    names->messages, names->group);
    if (status == SWAPC_OK) status = swapci_redis_get_any(redis, &reply, error);
    if (status != SWAPC_OK) return status;
    if (!swapci_redis_is_error(reply, "BUSYGROUP")) {
        status = swapci_redis_check(redis, reply, "the consumer group", error);
        *made = status == SWAPC_OK;
    }
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_stream_append(swapci_redis *redis, const swapci_stream_names *names,
                                       const swapci_message *message, swapc_error *error) {
    char time[24];
    size_t argc = 0;
    swapc_bytes argv[9];
    argv[argc++] = swapc_bytes_str("XADD");
    argv[argc++] = swapc_bytes_str(names->messages);
    argv[argc++] = swapc_bytes_str("*");
    argv[argc++] = swapc_bytes_str("m");
    argv[argc++] = message->body;
    if (message->method) {
        argv[argc++] = swapc_bytes_str("method");
        argv[argc++] = swapc_bytes_str(message->method);
    }
    if (message->t_us) {
        int len = snprintf(time, sizeof time, "%" PRIu64, message->t_us);
        argv[argc++] = swapc_bytes_str("t");
        argv[argc++] = swapc_bytes_of(time, (size_t)len);
    }
    return swapci_redis_append(redis, argc, argv, error);
}

enum swapc_status swapci_stream_added(swapci_redis *redis, swapci_stream_id *out,
                                      swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_get(redis, "to add a message", &reply, error);
    if (status != SWAPC_OK) return status;
    if (!swapci_stream_id_parse(swapci_reply_bytes(reply), out))
        status = swapci_reply_unexpected(redis, "XADD", error);
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_stream_add(swapci_redis *redis, const swapci_stream_names *names,
                                    const swapci_message *messages, size_t count,
                                    swapci_stream_id *ids, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    size_t asked = 0;
    while (asked < count && status == SWAPC_OK) {
        status = swapci_stream_append(redis, names, &messages[asked], error);
        asked += status == SWAPC_OK;
    }
    for (size_t i = 0; i < asked; i++) { /* all are taken, or the next command meets them */
        enum swapc_status one = swapci_stream_added(redis, &ids[i], error);
        status = status == SWAPC_OK ? one : status;
        if (one != SWAPC_OK && one != SWAPC_PROTOCOL) return one;
    }
    return status;
}

void swapci_batch_fini(swapci_batch *batch) {
    freeReplyObject(batch->reply);
    freeReplyObject(batch->rest);
    free(batch->entries);
    *batch = (swapci_batch)SWAPCI_BATCH_INIT;
}

/* Makes room for count entries. */
static enum swapc_status batch_reserve(swapci_batch *batch, size_t count, swapc_error *error) {
    if (count > batch->capacity) {
        swapci_entry *entries = realloc(batch->entries, count * sizeof *entries);
        if (!entries) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
        batch->entries = entries;
        batch->capacity = count;
    }
    return SWAPC_OK;
}

static void take_field(swapci_entry *entry, swapc_bytes name, swapc_bytes value) {
    if (swapc_bytes_equal(name, swapc_bytes_str("m"))) {
        entry->has_body = true;
        entry->body = value;
    } else if (swapc_bytes_equal(name, swapc_bytes_str("method"))) {
        entry->method = value;
    } else if (swapc_bytes_equal(name, swapc_bytes_str("t")) &&
               !swapci_decimal_parse(value, &entry->t_us)) {
        entry->t_us = 0;
    }
}

/* [id, [name, value, …]], the list nil for a deleted entry. Returns false when it is neither. */
static bool take_entry(const redisReply *reply, swapci_entry *entry) {
    memset(entry, 0, sizeof *entry);
    entry->deliveries = 1;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        !swapci_stream_id_parse(swapci_reply_bytes(reply->element[0]), &entry->id)) {
        return false;
    }
    const redisReply *fields = reply->element[1];
    if (fields->type == REDIS_REPLY_NIL) return true;
    if (fields->type != REDIS_REPLY_ARRAY || fields->elements % 2) return false;
    for (size_t i = 0; i < fields->elements; i += 2) {
        take_field(entry, swapci_reply_bytes(fields->element[i]),
                   swapci_reply_bytes(fields->element[i + 1]));
    }
    return true;
}

/* Adds to the batch an array of entries that lies inside one of its replies. Skips nil entries, which
 * 6.2 puts for deleted ones. */
static enum swapc_status batch_fill(swapci_batch *batch, const redisReply *list, const char *what,
                                    const swapci_redis *redis, swapc_error *error) {
    if (list->type != REDIS_REPLY_ARRAY) return swapci_reply_unexpected(redis, what, error);
    enum swapc_status status = batch_reserve(batch, batch->count + list->elements, error);
    for (size_t i = 0; i < list->elements && status == SWAPC_OK; i++) {
        if (list->element[i]->type == REDIS_REPLY_NIL) continue;
        if (!take_entry(list->element[i], &batch->entries[batch->count]))
            return swapci_reply_unexpected(redis, what, error);
        batch->count++;
    }
    return status;
}

static void batch_clear(swapci_batch *batch) {
    freeReplyObject(batch->reply);
    freeReplyObject(batch->rest);
    batch->reply = batch->rest = NULL;
    batch->count = 0;
}

static enum swapc_status append_read(swapci_redis *redis, const swapci_stream_names *names,
                                     const char *consumer, unsigned count, uint32_t block_ms,
                                     swapc_error *error) {
    if (block_ms)
        return swapci_redis_appendf(
            redis, error, "XREADGROUP GROUP %s %s COUNT %u BLOCK %u STREAMS %s >", names->group,
            consumer, count, (unsigned)block_ms, names->messages);
    return swapci_redis_appendf(redis, error, "XREADGROUP GROUP %s %s COUNT %u STREAMS %s >",
                                names->group, consumer, count, names->messages);
}

/* Adds what an answer of XREADGROUP has, which lies in the batch. */
static enum swapc_status take_read(const swapci_redis *redis, const redisReply *reply,
                                   swapci_batch *batch, swapc_error *error) {
    if (reply->type == REDIS_REPLY_NIL) return SWAPC_OK;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 ||
        reply->element[0]->type != REDIS_REPLY_ARRAY || reply->element[0]->elements != 2)
        return swapci_reply_unexpected(redis, "XREADGROUP", error);
    return batch_fill(batch, reply->element[0]->element[1], "XREADGROUP", redis, error);
}

enum swapc_status swapci_stream_ask(swapci_redis *redis, const swapci_stream_names *names,
                                    const char *consumer, unsigned count, uint32_t block_ms,
                                    unsigned *answers, swapc_error *error) {
    bool waits = block_ms > 0 && count > 1;
    *answers = waits ? 2 : 1;
    enum swapc_status status =
        append_read(redis, names, consumer, waits ? 1 : count, block_ms, error);
    return status == SWAPC_OK && waits ? append_read(redis, names, consumer, count - 1, 0, error)
                                       : status;
}

enum swapc_status swapci_stream_hear(unsigned answers, swapci_stream_hear_fn hear, void *user,
                                     swapc_error *error) {
    bool some = false, more = false;
    enum swapc_status status = hear(user, &some, error);
    if (answers < 2 || (status != SWAPC_OK && status != SWAPC_PROTOCOL)) return status;
    enum swapc_status rest = hear(user, &more, status == SWAPC_OK ? error : NULL);
    if (rest != SWAPC_OK && rest != SWAPC_PROTOCOL) return rest;
    if (status == rest || !(some || more)) return status == SWAPC_OK ? rest : status;
    if (error) swapc_error_clear(error);
    return SWAPC_OK;
}

struct hearer {
    swapci_redis *redis;
    swapci_batch *batch;
    redisReply **next;
};

static enum swapc_status hear_one(void *user, bool *some, swapc_error *error) {
    struct hearer *h = user;
    redisReply **out = h->next;
    h->next = &h->batch->rest;
    enum swapc_status status = swapci_redis_get(h->redis, "to read messages", out, error);
    *some = status == SWAPC_OK && (*out)->type != REDIS_REPLY_NIL;
    return status;
}

enum swapc_status swapci_stream_read(swapci_redis *redis, const swapci_stream_names *names,
                                     const char *consumer, unsigned count, uint32_t block_ms,
                                     swapci_batch *batch, swapc_error *error) {
    struct hearer hearer = {redis, batch, &batch->reply};
    unsigned answers = 0;
    batch_clear(batch);
    enum swapc_status status =
        swapci_stream_ask(redis, names, consumer, count, block_ms, &answers, error);
    if (status == SWAPC_OK) status = swapci_stream_hear(answers, hear_one, &hearer, error);
    if (status == SWAPC_OK && batch->reply) status = take_read(redis, batch->reply, batch, error);
    if (status == SWAPC_OK && batch->rest) status = take_read(redis, batch->rest, batch, error);
    if (batch->count > 0) swapci_fail_point(SWAPCI_FAIL_after_xreadgroup);
    return status;
}

enum swapc_status swapci_stream_claim(swapci_redis *redis, const swapci_stream_names *names,
                                      const char *consumer, uint32_t idle_ms,
                                      const swapci_pending *pending, size_t count,
                                      swapci_batch *batch, swapc_error *error) {
    batch_clear(batch);
    if (count == 0) return SWAPC_OK;
    enum swapc_status status =
        swapci_claim_append(redis, names, consumer, idle_ms, pending, count, NULL, error);
    if (status == SWAPC_OK)
        status = swapci_redis_get(redis, "to claim messages", &batch->reply, error);
    if (status == SWAPC_OK) status = batch_fill(batch, batch->reply, "XCLAIM", redis, error);
    size_t at = 0; /* XCLAIM answers in the order in which it was asked, with gaps */
    for (size_t i = 0; i < batch->count && status == SWAPC_OK; i++) {
        while (at < count && swapci_stream_id_compare(pending[at].id, batch->entries[i].id) != 0)
            at++;
        batch->entries[i].deliveries = at < count ? pending[at].deliveries + 1 : 1;
    }
    return status;
}

enum swapc_status swapci_stream_try(swapci_redis *redis, const swapci_stream_names *names,
                                    const char *consumer, swapc_error *error) {
    static const char last_id[] =
        "18446744073709551615-0"; /* the very last is another word for > */
    const char *stream = names->messages;
    enum swapc_status status =
        swapci_redis_appendf(redis, error, "XREADGROUP GROUP %s %s COUNT 1 STREAMS %s %s",
                             names->group, consumer, stream, last_id);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(redis, error, "XPENDING %s %s 0-0 0-0 1 %s", stream,
                                      names->group, consumer);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(redis, error, "XCLAIM %s %s %s 0 0-0 JUSTID", stream,
                                      names->group, consumer);
    return status == SWAPC_OK ? swapci_redis_skip(redis, 3, "to read messages", error) : status;
}

enum swapc_status swapci_stream_length(swapci_redis *redis, const swapci_stream_names *names,
                                       uint64_t *out, swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status =
        swapci_redis_call(redis, "the stream's length", &reply, error, "XLEN %s", names->messages);
    if (status == SWAPC_OK) {
        *out = (uint64_t)reply->integer;
        freeReplyObject(reply);
    }
    return status;
}

enum swapc_status swapci_stream_last_id(swapci_redis *redis, const char *key, swapci_stream_id *out,
                                        swapc_error *error) {
    /* Its id alone: others may have put entries there of hundreds of megabytes. */
    static const char script[] =
        "local e = redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1) "
        "if e.err then return {'XREVRANGE', e.err} end "
        "return e[1] and e[1][1] or '0-0'";
    static const char what[] = "the stream's last id";
    redisReply *reply = NULL;
    enum swapc_status status =
        swapci_redis_call(redis, what, &reply, error, "EVAL %s 1 %s", script, key);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_check_script(redis, reply, what, error);
    if (status == SWAPC_OK && !swapci_stream_id_parse(swapci_reply_bytes(reply), out))
        status = swapci_reply_unexpected(redis, "XREVRANGE", error);
    freeReplyObject(reply);
    return status;
}
