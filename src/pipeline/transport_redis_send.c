/* The sender. What is shared: `stop`, which any thread raises and which only ever rises, and the counts of
 * the other side (transport_redis.c); the rest is the sender's thread's.
 *
 * Records are collected, and go as one pipeline of XADD whose answers are taken when the next one goes. What
 * Redis did not add, or may not have added, is not kept: it counts as lost, and who sent it has it still. */
#include "transport_redis_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "host_lock.h"
#include "redis_refusal.h"

enum {
    BATCHES = 512, /* sent and not known to be taken */
    COLLECT_RECORDS = 128,
    COLLECT_BYTES = 256 << 10,
    PAUSE_MAX_MS = 8
};

_Static_assert((unsigned)BATCHES >= SWAPCI_TRANSPORT_COUNTED,
               "that many records can be told apart");

/* Records that went in one pipeline. */
struct sent {
    swapci_stream_id last;
    unsigned count;
    size_t bytes;
};

struct redis_sender {
    swapci_sender base;
    swapci_way way;
    atomic_int stop;
    size_t capacity;
    swapci_host_lock host;
    swapci_buffer head;      /* of each XADD */
    swapci_buffer collected; /* commands not sent yet */
    struct sent next;        /* what these are */
    struct sent owed;        /* sent, their answers are not taken */
    struct sent sent[BATCHES];
    size_t first, count; /* a circle of these */
    unsigned records;    /* in it */
    size_t bytes;
    swapci_stream_id last; /* of all that must be taken before all is */
    uint64_t asked_ns;     /* when Redis was asked how far the receivers are */
    bool lost;
    enum swapc_status failed; /* what is to be mended before anything else */
    swapc_error why;
};

static struct redis_sender *sender_of(const swapci_sender *sender) {
    return (struct redis_sender *)(uintptr_t)sender;
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Notes a failure of Redis: it is mended by who waits next. Returns the status. */
static enum swapc_status fail(struct redis_sender *s, enum swapc_status status,
                              const swapc_error *why) {
    s->lost = true;
    if (status == SWAPC_INTERRUPTED) return status;
    s->failed = status;
    s->why = *why;
    s->owed = (struct sent){.count = 0};
    return status;
}

/* Makes the connection such that it can be used. Returns OK, INTERRUPTED, SYSTEM (given up). */
static enum swapc_status mend(struct redis_sender *s, swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    if (s->failed == SWAPC_OK) return SWAPC_OK;
    enum swapc_status status = swapci_redis_mend(s->way.redis, s->failed, &s->why, &why);
    if (status == SWAPC_OK) s->failed = SWAPC_OK;
    if (status == SWAPC_OK || status == SWAPC_INTERRUPTED) return status;
    return swapc_error_set(error, SWAPC_SYSTEM, "%s", why.text);
}

/* ---- what is taken --------------------------------------------------------------------------- */

static void forget_oldest(struct redis_sender *s) {
    s->records -= s->sent[s->first].count;
    s->bytes -= s->sent[s->first].bytes;
    s->first = (s->first + 1) % BATCHES;
    s->count--;
}

static void remember(struct redis_sender *s, const struct sent *batch) {
    if (batch->count == 0) return;
    if (s->count == BATCHES) forget_oldest(s);
    s->sent[(s->first + s->count++) % BATCHES] = *batch;
    s->records += batch->count;
    s->bytes += batch->bytes;
    s->last = batch->last;
}

static const redisReply *field(const redisReply *list, const char *name) {
    for (size_t i = 0; i + 1 < list->elements; i += 2)
        if (swapc_bytes_equal(swapci_reply_bytes(list->element[i]), swapc_bytes_str(name)))
            return list->element[i + 1];
    return NULL;
}

/* How far the group has come, in the answer of XINFO GROUPS; false: there is no such group. */
static bool find_head(const redisReply *groups, swapci_stream_id *out) {
    for (size_t i = 0; groups->type == REDIS_REPLY_ARRAY && i < groups->elements; i++) {
        const redisReply *name = field(groups->element[i], "name");
        const redisReply *head = field(groups->element[i], "last-delivered-id");
        if (name && head &&
            swapc_bytes_equal(swapci_reply_bytes(name), swapc_bytes_str(SWAPCI_STREAM_GROUP)))
            return swapci_stream_id_parse(swapci_reply_bytes(head), out);
    }
    return false;
}

/* Asks how far the receivers are; take_progress takes the answers. */
static enum swapc_status ask_progress(struct redis_sender *s, swapc_error *error) {
    const char *key = s->way.names.signed_records;
    enum swapc_status status = swapci_redis_appendf(s->way.redis, error, "XLEN %s", key);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(s->way.redis, error, "XINFO GROUPS %s", key);
    return status;
}

static enum swapc_status take_progress(struct redis_sender *s, swapc_error *error) {
    redisReply *length = NULL, *groups = NULL;
    swapci_stream_id head = {0, 0};
    enum swapc_status status = swapci_redis_get(s->way.redis, "signed records", &length, error);
    if (status == SWAPC_OK || status == SWAPC_PROTOCOL) {
        enum swapc_status other = swapci_redis_get_any(s->way.redis, &groups, error);
        status = other == SWAPC_OK ? status : other;
    }
    if (status == SWAPC_OK && !swapci_redis_is_error(groups, "ERR")) /* no such key */
        status = swapci_redis_check(s->way.redis, groups, "signed records", error);
    if (status == SWAPC_OK) {
        bool empty = length->integer == 0, found = find_head(groups, &head);
        if (!found) s->way.looked_ns = 0; /* the next look makes it, and is told of the loss */
        while (s->count > 0 &&
               (empty || (found && swapci_stream_id_compare(s->sent[s->first].last, head) <= 0)))
            forget_oldest(s);
        if (empty || (found && swapci_stream_id_compare(s->last, head) <= 0))
            s->last = (swapci_stream_id){0, 0};
        s->asked_ns = swapci_clock_monotonic_ns();
    }
    freeReplyObject(length);
    freeReplyObject(groups);
    return status;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Takes the answers that are owed. */
static enum swapc_status settle(struct redis_sender *s) {
    swapc_error why = SWAPC_ERROR_INIT;
    struct sent batch = s->owed;
    enum swapc_status first = SWAPC_OK;
    if (batch.count == 0) return s->failed;
    unsigned added = 0;
    for (unsigned i = 0; i < batch.count; i++) {
        swapc_error one = SWAPC_ERROR_INIT;
        redisReply *reply = NULL;
        enum swapc_status status = swapci_redis_get(s->way.redis, "signed records", &reply, &one);
        if (status == SWAPC_OK)
            added += swapci_stream_id_parse(swapci_reply_bytes(reply), &batch.last);
        freeReplyObject(reply);
        if (status == SWAPC_OK) continue;
        if (first == SWAPC_OK) first = status, why = one;
        if (status != SWAPC_PROTOCOL) return fail(s, status, &why);
    }
    if (added < batch.count) batch.count = added; /* the others count as lost */
    remember(s, &batch);
    s->owed = (struct sent){.count = 0};
    swapc_error late = SWAPC_ERROR_INIT;
    enum swapc_status status = take_progress(s, &late);
    if (first != SWAPC_OK && (status == SWAPC_OK || status == SWAPC_PROTOCOL))
        return fail(s, first, &why);
    if (status != SWAPC_OK) return fail(s, status, &late);
    swapci_redis_fine(s->way.redis);
    return status;
}

/* Sends what is collected, without waiting for its answers. */
static enum swapc_status submit(struct redis_sender *s) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = settle(s);
    if (s->next.count == 0 || status != SWAPC_OK) return status;
    struct sent batch = s->next;
    s->next = (struct sent){.count = 0};
    status = swapci_redis_append_raw(s->way.redis, swapci_buffer_bytes(&s->collected), batch.count,
                                     &why);
    swapci_buffer_clear(&s->collected);
    if (status == SWAPC_OK) status = ask_progress(s, &why);
    if (status == SWAPC_OK) status = swapci_redis_flush(s->way.redis, &why);
    if (status != SWAPC_OK) return fail(s, status, &why);
    s->owed = batch;
    return status;
}

/* Sends what is collected, and learns how far the receivers are. */
static enum swapc_status learn(struct redis_sender *s) {
    swapc_error why = SWAPC_ERROR_INIT;
    bool asked = s->next.count > 0;
    enum swapc_status status = submit(s);
    if (status == SWAPC_OK) status = settle(s);
    if (status != SWAPC_OK || asked) return status;
    status = ask_progress(s, &why);
    if (status == SWAPC_OK) status = take_progress(s, &why);
    return status == SWAPC_OK ? status : fail(s, status, &why);
}

/* Looks who is there, if that was long ago. */
static enum swapc_status look(struct redis_sender *s) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = settle(s);
    if (status != SWAPC_OK || !swapci_way_stale(&s->way)) return status;
    status = swapci_way_look(&s->way, "beat", false, &why);
    if (status != SWAPC_OK) return fail(s, status, &why);
    s->lost |= s->way.told || !s->way.known;
    swapci_redis_fine(s->way.redis);
    return status;
}

static bool has_room(const struct redis_sender *s, size_t len) {
    return s->bytes + s->owed.bytes + s->next.bytes + len <= s->capacity && s->count + 2 < BATCHES;
}

static enum swapc_status collect(struct redis_sender *s, swapc_bytes record, swapc_error *error) {
    size_t before = s->collected.len;
    enum swapc_status status = swapci_buffer_append(&s->collected, swapci_buffer_bytes(&s->head));
    if (status == SWAPC_OK) status = swapci_resp_bulk(&s->collected, record);
    if (status != SWAPC_OK) {
        s->collected.len = before;
        return swapc_error_set(error, status, "no memory for a record");
    }
    s->next.count++;
    s->next.bytes += record.len;
    return status;
}

/* Whether a wait goes on, of which *timed_out is the end; naps if so. What Redis refused is mended first. */
static bool go_on(struct redis_sender *s, uint64_t start_ns, int timeout_ms, uint32_t *pause,
                  enum swapc_status timed_out, enum swapc_status *status, swapc_error *error) {
    uint64_t passed_ms = (swapci_clock_monotonic_ns() - start_ns) / 1000000u;
    *status = timed_out;
    if (timeout_ms == 0 || (timeout_ms > 0 && passed_ms >= (uint64_t)timeout_ms)) return false;
    *status = mend(s, error);
    if (*status != SWAPC_OK) return false;
    *status = swapci_redis_sleep(&s->stop, *pause, NULL);
    if (*pause < PAUSE_MAX_MS) *pause *= 2;
    return *status == SWAPC_OK;
}

/* With timeout_ms 0 nobody asks after the receivers. */
static bool nobody_takes(struct redis_sender *s, int timeout_ms) {
    return timeout_ms != 0 && look(s) == SWAPC_OK && atomic_load(&s->way.receivers) == 0;
}

static enum swapc_status no_receiver(swapc_error *error) {
    return swapc_error_set(error, SWAPC_UNREACHABLE, "there is no verifier");
}

static enum swapc_status sender_send(swapci_sender *sender, swapc_bytes record, int timeout_ms,
                                     swapc_error *error) {
    struct redis_sender *s = sender_of(sender);
    uint64_t start_ns = swapci_clock_monotonic_ns();
    uint32_t pause = 1;
    enum swapc_status status;
    if (record.len > sender->record_max)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "a record of %zu bytes: %zu at most",
                               record.len, sender->record_max);
    if (atomic_load(&s->stop)) return timeout_ms == 0 ? SWAPC_BUSY : SWAPC_INTERRUPTED;
    while (s->failed != SWAPC_OK || !has_room(s, record.len)) {
        if (s->failed == SWAPC_OK && learn(s) == SWAPC_OK && has_room(s, record.len)) break;
        if (nobody_takes(s, timeout_ms)) return no_receiver(error);
        if (!go_on(s, start_ns, timeout_ms, &pause, SWAPC_BUSY, &status, error)) return status;
    }
    status = collect(s, record, error);
    if (status == SWAPC_OK && (s->next.count >= COLLECT_RECORDS || s->next.bytes >= COLLECT_BYTES))
        (void)submit(s); /* if that fails, it is lost, and said so */
    return status;
}

static enum swapc_status sender_flush(swapci_sender *sender, swapc_error *error) {
    struct redis_sender *s = sender_of(sender);
    enum swapc_status status = mend(s, error);
    if (status == SWAPC_OK) status = submit(s);
    return status == SWAPC_INTERRUPTED || status == SWAPC_SYSTEM ? status : SWAPC_OK;
}

/* ---- the other slots ------------------------------------------------------------------------- */

static size_t sender_in_flight(swapci_sender *sender) {
    struct redis_sender *s = sender_of(sender);
    uint64_t old_ms = (swapci_clock_monotonic_ns() - s->asked_ns) / 1000000u;
    enum swapc_status status = submit(s);
    if (status == SWAPC_OK) status = settle(s);
    if (status == SWAPC_OK && s->records > 0 &&
        (s->records >= SWAPCI_TRANSPORT_COUNTED / 2 || s->way.poll_ms < 0 ||
         old_ms >= (uint64_t)s->way.poll_ms))
        status = learn(s);
    if (status != SWAPC_OK || s->records > SWAPCI_TRANSPORT_COUNTED)
        return SWAPCI_TRANSPORT_COUNTED;
    return s->records;
}

static enum swapc_status sender_wait_taken(swapci_sender *sender, int timeout_ms,
                                           swapc_error *error) {
    struct redis_sender *s = sender_of(sender);
    uint64_t start_ns = swapci_clock_monotonic_ns();
    uint32_t pause = 1;
    enum swapc_status status;
    for (;;) {
        if (s->failed == SWAPC_OK && learn(s) == SWAPC_OK && s->records == 0 &&
            s->last.ms + s->last.seq == 0)
            return SWAPC_OK;
        if (nobody_takes(s, timeout_ms)) return no_receiver(error);
        if (!go_on(s, start_ns, timeout_ms, &pause, SWAPC_BUSY, &status, error)) return status;
    }
}

static enum swapc_status sender_wait_receiver(swapci_sender *sender, int timeout_ms,
                                              swapc_error *error) {
    struct redis_sender *s = sender_of(sender);
    uint64_t start_ns = swapci_clock_monotonic_ns();
    uint32_t pause = 1;
    enum swapc_status status;
    for (;;) {
        (void)look(s);
        if (atomic_load(&s->way.receivers) > 0) return SWAPC_OK;
        if (!go_on(s, start_ns, timeout_ms, &pause, SWAPC_UNREACHABLE, &status, error))
            return status == SWAPC_UNREACHABLE ? no_receiver(error) : status;
    }
}

static bool sender_receiver_alive(const swapci_sender *sender) {
    return atomic_load(&sender_of(sender)->way.receivers) > 0;
}

static bool sender_lost(swapci_sender *sender) {
    struct redis_sender *s = sender_of(sender);
    if (s->failed == SWAPC_OK) (void)look(s);
    bool lost = s->lost;
    s->lost = false;
    return lost;
}

static size_t sender_left(swapci_sender *sender, swapci_transport_note *out, size_t max) {
    swapci_way *way = &sender_of(sender)->way;
    size_t count = way->left_count < max ? way->left_count : max;
    memcpy(out, way->left, count * sizeof *out);
    way->left_count -= count;
    memmove(way->left, way->left + count, way->left_count * sizeof *out);
    return count;
}

static void sender_finish(swapci_sender *sender) {
    struct redis_sender *s = sender_of(sender);
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = submit(s);
    if (status == SWAPC_OK) status = settle(s);
    if (status == SWAPC_OK) status = swapci_way_look(&s->way, "finish", false, &why);
    if (status != SWAPC_OK) fail(s, status, &why);
}

static void sender_interrupt(swapci_sender *sender) {
    atomic_store(&sender_of(sender)->stop, 1);
}

static void free_sender(struct redis_sender *s) {
    swapci_host_lock_close(&s->host, false); /* its successor has the same place */
    swapci_way_fini(&s->way);
    swapci_buffer_fini(&s->head);
    swapci_buffer_fini(&s->collected);
    free(s);
}

static void sender_close(swapci_sender *sender) {
    struct redis_sender *s = sender_of(sender);
    if (s->failed == SWAPC_OK && swapci_way_hurry(&s->way))
        (void)swapci_way_look(&s->way, "close", false, NULL);
    free_sender(s);
}

static const struct swapci_sender_ops sender_ops = {
    .send = sender_send,
    .flush = sender_flush,
    .in_flight = sender_in_flight,
    .wait_taken = sender_wait_taken,
    .wait_receiver = sender_wait_receiver,
    .receiver_alive = sender_receiver_alive,
    .lost = sender_lost,
    .left = sender_left,
    .finish = sender_finish,
    .interrupt = sender_interrupt,
    .close = sender_close,
};

/* FNV-1a over a text with its end. */
static uint64_t mix(uint64_t hash, const char *text) {
    do {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    } while (*text++);
    return hash;
}

static bool lock_of(const char *prefix, const char *consumer, swapci_host_lock *out) {
    char name[32];
    uint64_t hash = mix(mix(UINT64_C(0xcbf29ce484222325), prefix), consumer);
    snprintf(name, sizeof name, "signs-%016llx", (unsigned long long)hash);
    return swapci_host_lock_open(out, name, NULL) == SWAPC_OK && swapci_host_lock_try(out);
}

/* Without a place a successor waits for the lease to end, as it does on another host. */
static void take_place(struct redis_sender *s, const swapci_transport_redis_config *config) {
    s->host.fd = -1;
    if (config->consumer && lock_of(config->names->prefix, config->consumer, &s->host))
        snprintf(s->base.place, sizeof s->base.place, "%s", s->host.place);
}

void swapci_transport_redis_forget(const swapci_stream_names *names, const char *consumer) {
    swapci_host_lock lock;
    (void)lock_of(names->prefix, consumer, &lock);
    swapci_host_lock_close(&lock, true);
}

/* XADD P:signed * r, and the record comes behind it. */
static enum swapc_status write_head(struct redis_sender *s) {
    const char *words[] = {"XADD", s->way.names.signed_records, "*", "r"};
    enum swapc_status status = swapci_resp_head(&s->head, 5);
    for (int i = 0; i < 4 && status == SWAPC_OK; i++) status = swapci_resp_str(&s->head, words[i]);
    return status;
}

enum swapc_status swapci_transport_redis_send(const swapci_transport_redis_config *config,
                                              swapci_sender **out, swapc_error *error) {
    struct redis_sender *s = calloc(1, sizeof *s);
    if (!s) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a sender");
    s->capacity = config->capacity ? config->capacity : 4 * (size_t)SWAPCI_TRANSPORT_RECORD_MAX;
    s->base = (swapci_sender){.ops = &sender_ops, .record_max = s->capacity / 4};
    take_place(s, config);
    enum swapc_status status = swapci_way_open(&s->way, config, 's', &s->stop, error);
    if (status == SWAPC_OK && write_head(s) != SWAPC_OK)
        status = swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a sender");
    if (status != SWAPC_OK) {
        free_sender(s);
        return status;
    }
    s->last = s->way.last;
    *out = &s->base;
    return SWAPC_OK;
}
