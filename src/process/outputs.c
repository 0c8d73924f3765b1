#include "outputs.h"

#include <stdio.h>
#include <string.h>

#include "embedded.h"
#include "fail_point.h"
#include "redis_refusal.h"
#include "redis_reply.h"

/* outputs.lua, embedded. */
extern const struct swapci_embedded swapci_outputs_lua[];

enum { TEXT_MAX = 1024 };

static const char *const own_names[] = {"reason", "text", "digest", "left-out"};

void swapci_process_results_clear(swapci_process_results *results) {
    swapci_buffer_clear(&results->arguments);
    results->count = results->errors = results->arguments_count = 0;
}

static enum swapc_status put(swapci_process_results *r, swapc_bytes bytes) {
    r->arguments_count++;
    return swapci_resp_bulk(&r->arguments, bytes);
}

static enum swapc_status put_pair(swapci_process_results *r, const char *name, swapc_bytes value) {
    enum swapc_status status = put(r, swapc_bytes_str(name));
    return status == SWAPC_OK ? put(r, value) : status;
}

/* The id, and what kind of arguments follow, so many. */
static enum swapc_status begin(swapci_process_results *r, const swapci_process_entry *entry,
                               const char *sign, size_t count) {
    char kind[SWAPCI_DECIMAL_MAX + 2] = "";
    enum swapc_status status = put(r, entry->id_text);
    if (sign) snprintf(kind, sizeof kind, "%s%zu", sign, count);
    r->count++;
    return status == SWAPC_OK ? put(r, swapc_bytes_str(kind)) : status;
}

/* Whether the field of that name comes from us in this place. */
static bool is_ours(const swapci_process_results *r, swapc_bytes name, bool error) {
    bool ours = swapc_bytes_equal(name, swapc_bytes_str(r->names->id));
    for (size_t i = 0; error && i < sizeof own_names / sizeof *own_names; i++)
        ours |= swapc_bytes_equal(name, swapc_bytes_str(own_names[i]));
    return ours;
}

enum swapc_status swapci_process_results_add(swapci_process_results *r,
                                             const swapci_process_entries *from,
                                             const swapci_process_entry *entry,
                                             swapc_bytes payload) {
    const swapc_bytes field = swapc_bytes_str(r->names->payload);
    size_t others = 0;
    if (r->copy)
        for (size_t i = entry->first; i < entry->first + entry->fields; i += 2) {
            swapc_bytes name = swapci_flat_bytes(&from->flat, i);
            others += !swapc_bytes_equal(name, field) && !is_ours(r, name, false);
        }
    if (others == 0) {
        enum swapc_status status = begin(r, entry, NULL, 0);
        return status == SWAPC_OK ? put(r, payload) : status;
    }
    enum swapc_status status = begin(r, entry, "", 2 + 2 * others);
    if (status == SWAPC_OK) status = put_pair(r, r->names->payload, payload);
    for (size_t i = entry->first; i < entry->first + entry->fields && status == SWAPC_OK; i += 2) {
        swapc_bytes name = swapci_flat_bytes(&from->flat, i);
        if (swapc_bytes_equal(name, field) || is_ours(r, name, false)) continue;
        status = put(r, name);
        if (status == SWAPC_OK) status = put(r, swapci_flat_bytes(&from->flat, i + 1));
    }
    return status;
}

/* Whether the name could be taken for one of ours, were nothing before it: it is one, or has been given back already with what was before it. */
static bool looks_ours(const swapci_process_results *r, swapc_bytes name) {
    while (!is_ours(r, name, true)) {
        if (name.len < 3 || memcmp(name.ptr, "in-", 3) != 0) return false;
        name = swapc_bytes_of(name.ptr + 3, name.len - 3);
    }
    return true;
}

/* A name of ours has `in-` before it, so that it is told from ours, and dead.lua can take it away again. */
static enum swapc_status put_letter_name(swapci_process_results *r, swapc_bytes name) {
    if (!looks_ours(r, name)) return put(r, name);
    swapci_buffer *out = &r->arguments;
    r->arguments_count++;
    enum swapc_status status = swapci_buffer_printf(out, "$%zu\r\nin-", name.len + 3);
    if (status == SWAPC_OK) status = swapci_buffer_append(out, name);
    return status == SWAPC_OK ? swapci_buffer_append(out, swapc_bytes_str("\r\n")) : status;
}

static enum swapc_status put_letter_field(swapci_process_results *r, swapc_bytes name,
                                          swapc_bytes value) {
    enum swapc_status status = put_letter_name(r, name);
    return status == SWAPC_OK ? put(r, value) : status;
}

static enum swapc_status put_left_out(swapci_process_results *r, size_t fields) {
    char text[SWAPCI_DECIMAL_MAX + 1];
    return put_pair(r, "left-out", swapc_bytes_of(text, swapci_decimal_write(fields, text)));
}

enum swapc_status swapci_process_results_add_error(swapci_process_results *r,
                                                   const swapci_process_entries *from,
                                                   const swapci_process_entry *entry,
                                                   const char *reason, swapc_bytes text,
                                                   const char *digest) {
    bool all = entry->fields / 2 <= SWAPCI_PROCESS_FIELDS;
    bool payload = !all && entry->has_payload;
    size_t fields = from && all ? entry->fields : 0;
    if (text.len > TEXT_MAX) text.len = TEXT_MAX;
    r->errors++;
    size_t own = 2 + (text.len > 0 ? 2 : 0) + (digest ? 2 : 0) + (all ? 0 : 2) + (payload ? 2 : 0);
    enum swapc_status status = begin(r, entry, "-", own + fields);
    if (status == SWAPC_OK) status = put_pair(r, "reason", swapc_bytes_str(reason));
    if (status == SWAPC_OK && text.len > 0) status = put_pair(r, "text", text);
    if (status == SWAPC_OK && digest) status = put_pair(r, "digest", swapc_bytes_str(digest));
    if (status == SWAPC_OK && !all) status = put_left_out(r, entry->fields / 2 - payload);
    if (status == SWAPC_OK && payload)
        status = put_letter_field(r, swapc_bytes_str(r->names->payload), entry->payload);
    for (size_t i = entry->first; i < entry->first + fields && status == SWAPC_OK; i += 2)
        status = put_letter_field(r, swapci_flat_bytes(&from->flat, i),
                                  swapci_flat_bytes(&from->flat, i + 1));
    return status;
}

enum swapc_status swapci_process_outputs_init(swapci_process_outputs *o, swapci_redis *redis,
                                              swapc_error *error) {
    const struct swapci_embedded *file = swapci_outputs_lua;
    o->script.redis = redis;
    enum swapc_status status =
        swapci_buffer_append(&o->script.text, swapc_bytes_of(file->bytes, file->len));
    return status == SWAPC_OK ? status : swapc_error_set(error, status, "out of memory");
}

void swapci_process_outputs_fini(swapci_process_outputs *o) {
    swapci_redis_script_fini(&o->script);
    swapci_buffer_fini(&o->head);
}

enum swapc_status swapci_process_outputs_send(swapci_process_outputs *o,
                                              const swapci_process_results *results,
                                              swapci_stream_id last, swapc_error *error) {
    const swapci_process_names *n = o->names;
    const char *keys[] = {n->stream.messages, n->stream.verdicts, n->stream.dead, n->state,
                          n->lease};
    const char *words[] = {o->token, n->stream.group, o->delete ? "1" : ""};
    char id[SWAPCI_STREAM_ID_SIZE];
    swapci_buffer *head = &o->head;
    swapci_buffer_clear(head);
    swapci_stream_id_format(last, id);
    enum swapc_status status = swapci_resp_u64(head, 5);
    for (size_t i = 0; i < 5 && status == SWAPC_OK; i++) status = swapci_resp_str(head, keys[i]);
    for (size_t i = 0; i < 3 && status == SWAPC_OK; i++) status = swapci_resp_str(head, words[i]);
    if (status == SWAPC_OK) status = swapci_resp_u64(head, o->keep);
    if (status == SWAPC_OK) status = swapci_resp_str(head, n->id);
    if (status == SWAPC_OK) status = swapci_resp_str(head, n->payload);
    if (status == SWAPC_OK) status = swapci_resp_u64(head, results->count);
    if (status == SWAPC_OK) status = swapci_resp_str(head, id);
    if (status == SWAPC_OK) status = swapci_resp_u64(head, results->errors);
    if (status == SWAPC_OK) status = swapci_resp_str(head, o->in_order ? "1" : "");
    if (status != SWAPC_OK) return swapc_error_set(error, status, "out of memory");
    const swapci_redis_arguments arguments = {.first = swapci_buffer_bytes(head),
                                              .rest = swapci_buffer_bytes(&results->arguments),
                                              .count = 16 + results->arguments_count};
    if (results->count > 0) swapci_fail_point(SWAPCI_FAIL_before_script);
    status = swapci_redis_script_send(&o->script, &arguments, error);
    o->sent = results->count;
    return status;
}

/* {done}, {-1}, {-2}, or {done, command, error}. */
static enum swapc_status read_answer(swapci_process_outputs *o, const redisReply *reply,
                                     swapc_error *error) {
    static const char what[] = "to store outputs";
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER)
        return swapci_reply_unexpected(o->script.redis, "the script of the outputs", error);
    if (reply->elements >= 3)
        return swapci_redis_refused(o->script.redis, swapci_reply_bytes(reply->element[2]), what,
                                    swapci_reply_bytes(reply->element[1]), error);
    if (reply->element[0]->integer == -2) return SWAPC_BUSY;
    return reply->element[0]->integer < 0 ? SWAPC_CLOSED : SWAPC_OK;
}

enum swapc_status swapci_process_outputs_take(swapci_process_outputs *o, swapc_error *error) {
    redisReply *reply = NULL;
    bool again;
    bool stores = o->sent > 0;
    o->sent = 0;
    enum swapc_status status =
        swapci_redis_script_take(&o->script, "to store outputs", &reply, &again, error);
    if (status != SWAPC_OK) return status;
    if (again) return SWAPC_BUSY;
    if (stores) swapci_fail_point(SWAPCI_FAIL_after_script);
    status = read_answer(o, reply, error);
    freeReplyObject(reply);
    return status;
}
