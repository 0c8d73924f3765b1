/* What is shared: see process_impl.h. The group, and what is pending in it: what others were given who died, and what this process was given and has not
 * done. It comes before what is new, in the order of the stream. */
#include <stdio.h>

#include "audit.h"
#include "clock.h"
#include "process_impl.h"
#include "redis_refusal.h"
#include "redis_reply.h"
#include "redis_retry.h"
#include "stream_command.h"

/* So often a server may end the connection at the store of more than so many bytes: no less than 1 MiB can be its limit to what it
 * takes of a client, and of that it says nothing. */
enum { HANG_UPS_MOST = 5, HANG_UP_BYTES = 1 << 20 };

static const swapci_stream_id none = {0, 0};

/* ---- the group ---------------------------------------------------------------------------------- */

/* The id of the last entry that is done; none: nothing is known to be. */
static enum swapc_status last_done(swapci_process *p, swapci_stream_id *out, swapc_error *error) {
    redisReply *reply = NULL;
    *out = none;
    enum swapc_status status = swapci_redis_call(p->redis, "the last done id", &reply, error,
                                                 "HGET %s done", p->names->state);
    if (status != SWAPC_OK) return status;
    if (reply->type != REDIS_REPLY_NIL && !swapci_stream_id_parse(swapci_reply_bytes(reply), out))
        status = swapci_redis_refused(p->redis, swapc_bytes_str("ERR The last done id is none"),
                                      p->names->state, swapc_bytes_of(NULL, 0), error);
    freeReplyObject(reply);
    return status;
}

/* The id that the stream gave last, also to an entry that is gone; none: there is no stream. */
static enum swapc_status last_given(swapci_process *p, swapci_stream_id *out, swapc_error *error) {
    /* That alone: XINFO STREAM shows whole entries, too, of any size. */
    static const char script[] =
        "local info = redis.pcall('XINFO', 'STREAM', KEYS[1]) "
        "if info.err and string.find(info.err, 'no such key', 1, true) then return '0-0' end "
        "if info.err then return {'XINFO', info.err} end "
        "for i = 1, #info, 2 do if info[i] == 'last-generated-id' then return info[i + 1] end end";
    static const char what[] = "to look at the stream";
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(p->redis, what, &reply, error, "EVAL %s 1 %s",
                                                 script, p->names->stream.messages);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_check_script(p->redis, reply, what, error);
    if (status == SWAPC_OK && !swapci_stream_id_parse(swapci_reply_bytes(reply), out))
        status = swapci_reply_unexpected(p->redis, "XINFO STREAM", error);
    freeReplyObject(reply);
    return status;
}

/* Somebody may well take the group away again and again. */
static bool may_say(swapci_process *p) {
    uint64_t now = swapci_clock_monotonic_ns();
    return swapci_log_limit_may(&p->renewal_limit, now, now);
}

/* A stream that has not yet come to where the group was is another one, begun anew: what it has is all to be done. */
static enum swapc_status begin_anew(swapci_process *p, swapci_stream_id *done, swapc_error *error) {
    swapci_stream_id given;
    redisReply *reply = NULL;
    if (swapci_stream_id_compare(*done, none) == 0) return SWAPC_OK;
    enum swapc_status status = last_given(p, &given, error);
    if (status != SWAPC_OK || swapci_stream_id_compare(given, *done) >= 0) return status;
    status = swapci_redis_call(p->redis, "to forget the last done id", &reply, error,
                               "HSET %s done 0-0", p->names->state);
    if (status != SWAPC_OK) return status;
    freeReplyObject(reply);
    *done = none;
    if (may_say(p))
        swapc_log_write(&p->config.log, SWAPC_LOG_WARN, "process",
                        "stream %s was begun anew: it is read from its first entry on",
                        p->names->stream.messages);
    return status;
}

static enum swapc_status create_group(swapci_process *p, swapci_stream_id from, bool *made,
                                      swapc_error *error) {
    char id[SWAPCI_STREAM_ID_SIZE];
    char what[SWAPCI_STREAM_NAME_MAX + 32];
    redisReply *reply = NULL;
    const swapci_stream_names *n = &p->names->stream;
    *made = false;
    snprintf(what, sizeof what, "to make a group of %s", n->messages);
    swapci_stream_id_format(from, id);
    enum swapc_status status = swapci_redis_appendf(
        p->redis, error, "XGROUP CREATE %s %s %s MKSTREAM", n->messages, n->group, id);
    if (status == SWAPC_OK) status = swapci_redis_get_any(p->redis, &reply, error);
    if (status != SWAPC_OK) return status;
    if (!swapci_redis_is_error(reply, "BUSYGROUP")) {
        status = swapci_redis_check(p->redis, reply, what, error);
        *made = status == SWAPC_OK;
    }
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_process_join_group(swapci_process *p, swapc_error *error) {
    uint64_t epoch = swapci_redis_epoch(p->redis);
    swapci_stream_id done;
    bool made = false;
    if (p->epoch == epoch) return SWAPC_OK;
    enum swapc_status status = last_done(p, &done, error);
    if (status == SWAPC_OK) status = begin_anew(p, &done, error);
    if (status == SWAPC_OK) status = create_group(p, done, &made, error);
    if (status != SWAPC_OK) return status;
    if (made && (p->joined || swapci_stream_id_compare(done, none) > 0) && may_say(p))
        swapc_log_write(
            &p->config.log, SWAPC_LOG_WARN, "process",
            "group %s of %s was gone and is made anew, behind entry %llu-%llu, the last "
            "that is done",
            p->names->stream.group, p->names->stream.messages, (unsigned long long)done.ms,
            (unsigned long long)done.seq);
    p->joined = true;
    p->epoch = epoch;
    p->recovering = true;
    return status;
}

/* ---- what is pending ---------------------------------------------------------------------------- */

/* A letter about an entry of which only the id is known. */
static enum swapc_status bury(swapci_process *p, swapci_stream_id id, const char *reason,
                              const char *text, swapc_error *error) {
    char id_text[SWAPCI_STREAM_ID_SIZE];
    swapci_caller *c = &p->callers[0];
    size_t len = swapci_stream_id_format(id, id_text);
    const swapci_process_entry entry = {.id = id, .id_text = swapc_bytes_of(id_text, len)};
    swapci_process_results_clear(&c->results);
    atomic_store_explicit(&p->last_reason, reason, memory_order_relaxed);
    enum swapc_status status = swapci_process_results_add_error(&c->results, NULL, &entry, reason,
                                                                swapc_bytes_str(text), NULL);
    if (status != SWAPC_OK) return swapc_error_set(error, status, "out of memory");
    return swapci_process_store(p, id, error);
}

/* A swapci_stream_gone_fn: it was deleted while it was pending. */
static enum swapc_status bury_deleted(void *user, swapci_stream_id id, swapc_error *error) {
    return bury(user, id, "deleted", "", error);
}

static enum swapc_status adopt(swapci_process *p, swapc_error *error) {
    size_t moved = 0, fresh = 0;
    enum swapc_status status =
        swapci_stream_adopt(p->redis, &p->names->stream, p->config.consumer, 0, SIZE_MAX,
                            bury_deleted, p, &moved, &fresh, error);
    if (moved == 0) return status;
    swapci_process_add(&p->count_adopted, moved);
    swapc_log_write(&p->config.log, SWAPC_LOG_INFO, "process",
                    "%zu entries of consumers that died are taken over", moved);
    return status;
}

/* Those of a page that are in the stream still, called for and stored; when it is to stop, the first of them. */
static enum swapc_status redo(swapci_process *p, const swapci_pending *page, size_t count,
                              swapc_error *error) {
    swapci_process_entries *entries = &p->hands[0];
    const swapci_process_results *results = &p->callers[0].results;
    if (count == 0) return SWAPC_OK;
    enum swapc_status status = swapci_claim_append(p->redis, &p->names->stream, p->config.consumer,
                                                   0, page, count, NULL, error);
    if (status == SWAPC_OK) status = swapci_process_take(p, entries, error);
    for (size_t done = 0; status == SWAPC_OK && done < entries->count;) {
        status = swapci_process_call(p, entries, done, error);
        if (status != SWAPC_OK || results->count == 0) return status;
        done += results->count;
        status = swapci_process_store(p, entries->list[done - 1].id, error);
        if (status == SWAPC_OK) swapci_process_add(&p->count_recovered, results->count);
    }
    return status;
}

/* After what has ended the connection: entries are dealt with one by one. */
static enum swapc_status anew(swapci_process *p, swapc_error *error) {
    swapc_error_clear(error);
    p->read_max = 1;
    p->reading = 0;
    p->committing = p->storing = false;
    enum swapc_status status = swapci_redis_attempt(p->redis, error);
    if (status != SWAPC_OK) return status == SWAPC_UNREACHABLE ? SWAPC_IO : status;
    p->epoch = swapci_redis_epoch(p->redis); /* no reason to begin anew */
    return status;
}

/* Together they are more than may be read, and the connection has ended with that. */
static enum swapc_status too_large(swapci_process *p, const swapci_pending *page, size_t count,
                                   swapc_error *error) {
    char text[96];
    enum swapc_status status = anew(p, error);
    snprintf(text, sizeof text, "more than %d MiB", SWAPCI_PROCESS_ENTRY_BYTES >> 20);
    return status == SWAPC_OK && count == 1 ? bury(p, page->id, "too large", text, error) : status;
}

/* Whether the server ends the connection for what it is given to store: it says so, or does it again and again with one that is
 * larger than any client may be denied. */
static bool is_unstorable(swapci_process *p, enum swapc_status status, const swapci_pending *page,
                          size_t count) {
    bool ended = p->storing && (status == SWAPC_IO || status == SWAPC_PROTOCOL);
    if (!ended || swapci_redis_is_outsized(p->redis)) return ended;
    if (status != SWAPC_IO || count > 1) return false;
    bool again = p->hung_up > 0 && swapci_stream_id_compare(page->id, p->hung_id) == 0;
    p->hung_up = again ? p->hung_up + 1 : 1;
    p->hung_id = page->id;
    return p->hung_up >= HANG_UPS_MOST && p->callers[0].results.arguments.len > HANG_UP_BYTES;
}

/* What came of these entries, or of one of them, cannot be stored: a letter says so. */
static enum swapc_status unstorable(swapci_process *p, const swapci_pending *page, size_t count,
                                    swapc_error *error) {
    static const char reason[] = "output too large";
    char text[128];
    swapci_process_results *results = &p->callers[0].results;
    const swapci_process_entries *entries = &p->hands[0];
    snprintf(text, sizeof text, "the server hangs up on some %zu bytes: see its %s",
             results->arguments.len,
             swapci_redis_is_outsized(p->redis) ? "proto-max-bulk-len"
                                                : "client-query-buffer-limit");
    enum swapc_status status = anew(p, error);
    if (status != SWAPC_OK || count > 1 || entries->count != 1) return status;
    swapci_process_results_clear(results);
    atomic_store_explicit(&p->last_reason, reason, memory_order_relaxed);
    status = swapci_process_results_add_error(results, entries, entries->list, reason,
                                              swapc_bytes_str(text), NULL);
    if (status != SWAPC_OK) return swapc_error_set(error, status, "out of memory");
    status = swapci_process_store(p, page->id, error);
    if (status != SWAPC_PROTOCOL || !swapci_redis_is_outsized(p->redis)) return status;
    status = anew(p, error); /* so is the entry itself */
    return status == SWAPC_OK ? bury(p, page->id, reason, text, error) : status;
}

/* Out: *more: there may be more behind `after`. */
static enum swapc_status recover_page(swapci_process *p, swapci_stream_id *after, bool *more,
                                      swapc_error *error) {
    size_t count = p->read_max ? p->read_max : 1, gone = 0;
    enum swapc_status status = swapci_stream_pending(
        p->redis, &p->names->stream, p->config.consumer, *after, p->page, &count, error);
    *more = status == SWAPC_OK && count > 0;
    if (!*more) return status;
    swapci_stream_id last = p->page[count - 1].id;
    status =
        swapci_audit_deleted(p->redis, &p->names->stream, p->page, &count, p->gone, &gone, error);
    for (size_t i = 0; i < gone && status == SWAPC_OK; i++)
        status = bury_deleted(p, p->gone[i].id, error);
    if (status == SWAPC_OK) status = redo(p, p->page, count, error);
    if (status == SWAPC_TOO_LARGE) return too_large(p, p->page, count, error);
    if (is_unstorable(p, status, p->page, count)) return unstorable(p, p->page, count, error);
    if (status == SWAPC_OK) *after = last;
    return status;
}

enum swapc_status swapci_process_recover(swapci_process *p, swapc_error *error) {
    swapci_stream_id after = none;
    bool more = true;
    enum swapc_status status = adopt(p, error);
    if (status == SWAPC_OK && p->unsure) status = swapci_process_suspects_begin(p, error);
    while (status == SWAPC_OK && more && !swapci_process_stopping(p))
        status =
            swapci_keeper_owns(&p->keeper) ? recover_page(p, &after, &more, error) : SWAPC_CLOSED;
    if (status != SWAPC_OK || more) return status;
    status = swapci_process_suspects_end(p, error);
    if (status == SWAPC_OK) p->unsure = p->recovering = false;
    return status;
}
