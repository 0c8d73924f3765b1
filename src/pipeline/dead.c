#include "dead.h"

#include <string.h>

#include "embedded.h"
#include "redis_refusal.h"
#include "redis_reply.h"

/* Letters in memory at once: others may have put large ones there. */
enum { PAGE = 1 };

/* dead.lua, embedded. */
extern const struct swapci_embedded swapci_dead_lua[];

static void take_field(swapci_letter *letter, swapc_bytes name, swapc_bytes value) {
    const struct {
        const char *name;
        swapc_bytes *text;
        uint64_t *number;
    } fields[] = {
        {"m", &letter->body, NULL},          {"method", &letter->method, NULL},
        {"t", NULL, &letter->t_us},          {"reason", &letter->reason, NULL},
        {"strikes", NULL, &letter->strikes},
    };
    if (swapc_bytes_equal(name, swapc_bytes_str("m"))) letter->has_body = true;
    if (swapc_bytes_equal(name, swapc_bytes_str("id")) &&
        !swapci_stream_id_parse(value, &letter->id))
        letter->id = (swapci_stream_id){0, 0};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!swapc_bytes_equal(name, swapc_bytes_str(fields[i].name))) continue;
        if (fields[i].text) *fields[i].text = value;
        else if (!swapci_decimal_parse(value, fields[i].number)) *fields[i].number = 0;
    }
}

static void take_message(const redisReply *fields, swapci_letter *out) {
    for (size_t i = 0; i < fields->elements; i += 2)
        take_field(out, swapci_reply_bytes(fields->element[i]),
                   swapci_reply_bytes(fields->element[i + 1]));
    out->size = out->body.len;
}

/* Id, reason, text and digest where there are such, and the entry's fields; what has no reason is somebody else's. */
static void take_entry(const redisReply *fields, swapci_letter *out) {
    swapc_bytes left_out;
    const struct {
        const char *name;
        swapc_bytes *text;
    } own[] = {{"reason", &out->reason},
               {"text", &out->text},
               {"digest", &out->digest},
               {"left-out", &left_out}};
    size_t at = 2;
    if (fields->elements > 0 &&
        !swapci_stream_id_parse(swapci_reply_bytes(fields->element[1]), &out->id))
        out->id = (swapci_stream_id){0, 0};
    for (size_t i = 0; i < sizeof own / sizeof *own && at < fields->elements; i++) {
        if (!swapc_bytes_equal(swapci_reply_bytes(fields->element[at]),
                               swapc_bytes_str(own[i].name)))
            continue;
        *own[i].text = swapci_reply_bytes(fields->element[at + 1]);
        at += 2;
    }
    out->has_body = at > 2 && at < fields->elements;
    if (out->has_body) out->body = swapci_reply_bytes(fields->element[at + 1]);
    for (; at < fields->elements; at += 2)
        out->size += swapci_reply_bytes(fields->element[at + 1]).len;
}

/* [entry, [name, value, …]]. Returns false when it is not. */
static bool take_letter(const redisReply *reply, enum swapci_letter_kind kind, swapci_letter *out) {
    *out = (swapci_letter){.has_body = false};
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        !swapci_stream_id_parse(swapci_reply_bytes(reply->element[0]), &out->entry) ||
        reply->element[1]->type != REDIS_REPLY_ARRAY || reply->element[1]->elements % 2)
        return false;
    if (kind == SWAPCI_LETTER_ENTRY) take_entry(reply->element[1], out);
    else take_message(reply->element[1], out);
    return true;
}

enum swapc_status swapci_dead_each(swapci_redis *redis, const swapci_stream_names *names,
                                   enum swapci_letter_kind kind, swapci_letter_fn fn, void *user,
                                   swapc_error *error) {
    swapci_stream_id after = {0, 0};
    enum swapc_status status = SWAPC_OK;
    for (bool more = true; more && status == SWAPC_OK;) {
        char from[SWAPCI_STREAM_AFTER_SIZE];
        redisReply *reply = NULL;
        if (!swapci_stream_after(after, from)) return SWAPC_OK;
        status = swapci_redis_call(redis, "the dead letters", &reply, error,
                                   "XRANGE %s %s + COUNT %d", names->dead, from, (int)PAGE);
        if (status != SWAPC_OK) return status;
        more = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
        if (reply->type != REDIS_REPLY_ARRAY)
            status = swapci_reply_unexpected(redis, "XRANGE", error);
        for (size_t i = 0; status == SWAPC_OK && i < reply->elements; i++) {
            swapci_letter letter;
            bool is_next = take_letter(reply->element[i], kind, &letter) &&
                           swapci_stream_id_compare(letter.entry, after) > 0;
            status = is_next ? fn(&letter, user, error)
                             : swapci_reply_unexpected(redis, "XRANGE", error);
            after = letter.entry;
        }
        freeReplyObject(reply);
    }
    return status;
}

/* {1, id}, {0}, {-1}, or {0, command, error}. */
static enum swapc_status take_answer(swapci_redis *redis, const redisReply *reply,
                                     enum swapci_letter_kind kind, const char *entry, bool *taken,
                                     swapci_stream_id *id, swapc_error *error) {
    size_t count = reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    if (count == 3)
        return swapci_redis_refused(redis, swapci_reply_bytes(reply->element[2]),
                                    "to give a letter back", swapci_reply_bytes(reply->element[1]),
                                    error);
    if (count == 0 || reply->element[0]->type != REDIS_REPLY_INTEGER)
        return swapci_reply_unexpected(redis, "the script of the dead letters", error);
    if (reply->element[0]->integer < 0)
        return swapc_error_set(error, SWAPC_NOT_FOUND,
                               kind == SWAPCI_LETTER_ENTRY
                                   ? "letter %s has not all fields of its entry (which was "
                                     "deleted, is too large or has too many): "
                                     "drop it, and XADD by hand what is meant"
                                   : "dead letter %s has no body (field m) to give back: drop it",
                               entry);
    *taken = reply->element[0]->integer == 1;
    if (*taken &&
        (count != 2 || !swapci_stream_id_parse(swapci_reply_bytes(reply->element[1]), id)))
        return swapci_reply_unexpected(redis, "the script of the dead letters", error);
    return SWAPC_OK;
}

enum swapc_status swapci_dead_retry(swapci_redis *redis, const swapci_stream_names *names,
                                    enum swapci_letter_kind kind, swapci_stream_id entry,
                                    bool *taken, swapci_stream_id *id, swapc_error *error) {
    char text[SWAPCI_STREAM_ID_SIZE];
    redisReply *reply = NULL;
    *taken = false;
    swapci_stream_id_format(entry, text);
    enum swapc_status status =
        swapci_redis_call(redis, "to give a letter back", &reply, error, "EVAL %b 2 %s %s %s %s",
                          swapci_dead_lua[0].bytes, swapci_dead_lua[0].len, names->dead,
                          names->messages, text, kind == SWAPCI_LETTER_ENTRY ? "entry" : "message");
    if (status != SWAPC_OK) return status;
    status = take_answer(redis, reply, kind, text, taken, id, error);
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_dead_drop(swapci_redis *redis, const swapci_stream_names *names,
                                   swapci_stream_id entry, bool *taken, swapc_error *error) {
    char text[SWAPCI_STREAM_ID_SIZE];
    redisReply *reply = NULL;
    *taken = false;
    swapci_stream_id_format(entry, text);
    enum swapc_status status = swapci_redis_call(redis, "to drop a dead letter", &reply, error,
                                                 "XDEL %s %s", names->dead, text);
    if (status != SWAPC_OK) return status;
    *taken = reply->integer == 1;
    freeReplyObject(reply);
    return status;
}
