#include "strikes.h"

#include <stdlib.h>

#include "redis_refusal.h"
#include "redis_reply.h"

void swapci_strikes_fini(swapci_strikes *book) {
    free(book->items);
    *book = (swapci_strikes)SWAPCI_STRIKES_INIT;
}

/* Those of a page that were among the many: their first strike. Out: how many these are. */
static enum swapc_status strike_page(swapci_redis *redis, const swapci_stream_names *names,
                                     const swapci_pending *page, size_t count, uint64_t last_ms,
                                     size_t *struck, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    *struck = 0;
    while (*struck < count && page[*struck].id.ms <= last_ms && status == SWAPC_OK) {
        char id[SWAPCI_STREAM_ID_SIZE];
        swapci_stream_id_format(page[*struck].id, id);
        status = swapci_redis_appendf(redis, error, "HSETNX %s %s 1", names->strikes, id);
        *struck += status == SWAPC_OK;
    }
    return status == SWAPC_OK
               ? swapci_redis_skip(redis, (unsigned)*struck, "to count strikes", error)
               : status;
}

static enum swapc_status strike_many(swapci_redis *redis, const swapci_stream_names *names,
                                     const char *consumer, const swapci_transport_note *note,
                                     swapc_error *error) {
    enum { PAGE = 128 };
    swapci_pending page[PAGE];
    swapci_stream_id after = {note->ms ? note->ms - 1 : 0, note->ms ? UINT64_MAX : 0};
    size_t count, struck;
    enum swapc_status status;
    do {
        count = PAGE;
        status = swapci_stream_pending(redis, names, consumer, after, page, &count, error);
        if (status != SWAPC_OK) return status;
        status = strike_page(redis, names, page, count, note->last_ms, &struck, error);
        if (struck == 0 || swapci_stream_id_compare(page[struck - 1].id, after) <= 0) break;
        after = page[struck - 1].id;
    } while (status == SWAPC_OK && struck == PAGE);
    return status;
}

enum swapc_status swapci_strikes_add(swapci_redis *redis, const swapci_stream_names *names,
                                     const char *consumer, const swapci_transport_note *note,
                                     swapc_error *error) {
    if (note->last_ms) return strike_many(redis, names, consumer, note, error);
    char id[SWAPCI_STREAM_ID_SIZE];
    redisReply *reply = NULL;
    swapci_stream_id_format((swapci_stream_id){note->ms, note->seq}, id);
    enum swapc_status status = note->alone
                                   ? swapci_redis_call(redis, "to count a strike", &reply, error,
                                                       "HINCRBY %s %s 1", names->strikes, id)
                                   : swapci_redis_call(redis, "to count a strike", &reply, error,
                                                       "HSETNX %s %s 1", names->strikes, id);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

static enum swapc_status forget(swapci_redis *redis, const swapci_stream_names *names,
                                swapci_stream_id id, swapc_error *error) {
    char text[SWAPCI_STREAM_ID_SIZE];
    redisReply *reply = NULL;
    swapci_stream_id_format(id, text);
    enum swapc_status status = swapci_redis_call(redis, "to forget a strike", &reply, error,
                                                 "HDEL %s %s", names->strikes, text);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

static enum swapc_status is_pending(swapci_redis *redis, const swapci_stream_names *names,
                                    swapci_stream_id id, bool *out, swapc_error *error) {
    char text[SWAPCI_STREAM_ID_SIZE];
    redisReply *reply = NULL;
    swapci_stream_id_format(id, text);
    enum swapc_status status =
        swapci_redis_call(redis, "the pending list", &reply, error, "XPENDING %s %s %s %s 1",
                          names->messages, names->group, text, text);
    if (status != SWAPC_OK) return status;
    *out = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
    freeReplyObject(reply);
    return status;
}

/* One pair of the hash. What is no id with a number was not put there by us, and counts for nothing. */
static bool take_pair(const redisReply *id, const redisReply *count, swapci_strike *out) {
    return swapci_stream_id_parse(swapci_reply_bytes(id), &out->id) &&
           swapci_decimal_parse(swapci_reply_bytes(count), &out->count);
}

static enum swapc_status keep_pending(swapci_redis *redis, const swapci_stream_names *names,
                                      const redisReply *hash, swapci_strikes *book,
                                      swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (size_t i = 0; i + 1 < hash->elements && status == SWAPC_OK; i += 2) {
        swapci_strike *item = &book->items[book->count];
        bool pending = false;
        if (!take_pair(hash->element[i], hash->element[i + 1], item)) continue;
        status = is_pending(redis, names, item->id, &pending, error);
        if (status == SWAPC_OK && !pending) status = forget(redis, names, item->id, error);
        else if (status == SWAPC_OK) book->count++;
    }
    return status;
}

enum swapc_status swapci_strikes_load(swapci_redis *redis, const swapci_stream_names *names,
                                      swapci_strikes *book, swapc_error *error) {
    redisReply *reply = NULL;
    swapci_strikes_fini(book);
    enum swapc_status status =
        swapci_redis_call(redis, "the strikes", &reply, error, "HGETALL %s", names->strikes);
    if (status != SWAPC_OK) return status;
    if (reply->type != REDIS_REPLY_ARRAY && reply->type != REDIS_REPLY_MAP)
        status = swapci_reply_unexpected(redis, "HGETALL", error);
    else if (reply->elements > 0) {
        book->items = calloc(reply->elements / 2 + 1, sizeof *book->items);
        status = book->items ? keep_pending(redis, names, reply, book, error)
                             : swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    }
    freeReplyObject(reply);
    if (status != SWAPC_OK) swapci_strikes_fini(book);
    return status;
}

enum swapc_status swapci_strikes_try(swapci_redis *redis, const swapci_stream_names *names,
                                     swapc_error *error) {
    /* Redis 7 can be asked. Redis 6 is tried: a number that is none is refused before anything is written. */
    static const char script[] =
        "local may = redis.acl_check_cmd "
        "for _, c in ipairs({{'HGETALL'}, {'HSETNX', '', '0'}, {'HINCRBY', '', 'x'}, {'HDEL', "
        "''}}) do "
        "local command, why = table.remove(c, 1) "
        "if may then why = not may(command, KEYS[1], unpack(c)) and 'NOPERM this user may not run "
        "it' "
        "else local reply = redis.pcall(command, KEYS[1], unpack(c)) "
        "why = type(reply) == 'table' and reply.err "
        "if why and string.find(why, 'not an integer', 1, true) then why = nil end end "
        "if why then return {command, why} end end "
        "return 'OK'";
    static const char what[] = "to count strikes";
    redisReply *reply = NULL;
    enum swapc_status status =
        swapci_redis_call(redis, what, &reply, error, "EVAL %s 1 %s", script, names->strikes);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_check_script(redis, reply, what, error);
    freeReplyObject(reply);
    return status;
}

uint64_t swapci_strikes_of(const swapci_strikes *book, swapci_stream_id id) {
    for (size_t i = 0; i < book->count; i++)
        if (swapci_stream_id_compare(book->items[i].id, id) == 0) return book->items[i].count;
    return 0;
}

enum swapc_status swapci_strikes_forget(swapci_redis *redis, const swapci_stream_names *names,
                                        swapci_strikes *book, swapci_stream_id id,
                                        swapc_error *error) {
    for (size_t i = 0; i < book->count; i++)
        if (swapci_stream_id_compare(book->items[i].id, id) == 0) book->items[i].count = 0;
    return forget(redis, names, id, error);
}
