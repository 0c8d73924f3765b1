/* The receiver. What is shared:
 * - `takes`, the connection over which records come, and what goes with it: its user's, whom the receiver's
 *   own users guard (transport.h);
 * - `way`, the connection of the heartbeat, of the notes and of the last look, with `owed`: under `lock` while
 *   `up`; while not, the heart's alone, which mends it and then says so. Nobody waits for that: a note that
 *   cannot be stored now is not stored;
 * - a worker's mark is that worker's;
 * - `stop` is raised by any thread, and only ever rises; `took` and `lost` are flags.
 * The heart is a thread: a lease is to be renewed whatever the workers are at, and for however long. */
#include "transport_redis_impl.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cond.h"
#include "redis_refusal.h"
#include "signal_mask.h"

enum {
    BEAT_MS = 1000,
    SLICE_MS = 250,  /* of a wait for records, between two looks at who sends */
    SIDE_MS = 2000,  /* how long the heartbeat waits for an answer */
    MEAN_START = 512 /* bytes of a record, as long as none is known */
};

/* What is noted of a worker in Redis. */
struct mark {
    uint64_t ms, last_ms; /* of a range */
    enum { MARK_NONE, MARK_RANGE, MARK_ALONE } kind;
    bool announced; /* single notes do not end it */
    bool over;      /* nothing of it runs any more */
};

struct redis_receiver {
    swapci_receiver base;
    swapci_redis *takes;
    uint64_t epoch; /* of takes, when the group was made; of the start alone */
    atomic_int stop;
    redisReply *held; /* what was taken and is not handed out yet, from `at` on */
    redisReply *rest; /* and what comes behind it; NULL: nothing */
    size_t at;
    swapci_stream_id taken; /* up to here */
    bool untrimmed;         /* that is not trimmed away yet */
    size_t mean;            /* bytes of a record, of late */

    pthread_mutex_t lock;
    pthread_cond_t wake;
    swapci_way way;
    unsigned owed; /* answers to notes */
    bool up, ends;
    enum swapc_status failed; /* while not up, and not yet mended */
    swapc_error why;
    atomic_int side_stop;
    pthread_t heart;
    bool beating;
    atomic_bool took, lost;
    struct mark marks[SWAPCI_TRANSPORT_NOTES];
};

static struct redis_receiver *receiver_of(const swapci_receiver *receiver) {
    return (struct redis_receiver *)(uintptr_t)receiver;
}

/* ---- the heart's connection -------------------------------------------------------------------- */

/* Returns true with the lock held, when the connection can be used. */
static bool side_enter(struct redis_receiver *r) {
    pthread_mutex_lock(&r->lock);
    if (r->up) return true;
    pthread_mutex_unlock(&r->lock);
    return false;
}

/* Under the lock: what failed is the heart's to mend. */
static void side_failed(struct redis_receiver *r, enum swapc_status status,
                        const swapc_error *why) {
    r->up = false;
    r->owed = 0;
    r->failed = status;
    r->why = *why;
    pthread_cond_signal(&r->wake);
}

/* Under the lock: takes the answers that notes are owed. */
static enum swapc_status side_settle(struct redis_receiver *r, swapc_error *error) {
    unsigned owed = r->owed;
    r->owed = 0;
    return owed ? swapci_redis_skip(r->way.redis, owed, "notes of running calls", error) : SWAPC_OK;
}

/* Under the lock: renews the lease and looks who is there. */
static bool side_look(struct redis_receiver *r) {
    swapc_error why = SWAPC_ERROR_INIT;
    bool lost = atomic_exchange(&r->lost, false);
    enum swapc_status status = side_settle(r, &why);
    if (status == SWAPC_OK) status = swapci_way_look(&r->way, "beat", lost, &why);
    if (status == SWAPC_OK) {
        swapci_redis_fine(r->way.redis);
        return true;
    }
    if (lost) atomic_store(&r->lost, true);
    side_failed(r, status, &why);
    return false;
}

/* Under the lock, which is given up meanwhile. */
static void side_mend(struct redis_receiver *r) {
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = r->failed;
    pthread_mutex_unlock(&r->lock);
    status = swapci_redis_mend(r->way.redis, status, &r->why, &error);
    if (status != SWAPC_OK) swapci_redis_sleep(&r->side_stop, BEAT_MS, NULL);
    pthread_mutex_lock(&r->lock);
    r->up = status == SWAPC_OK;
}

static void beat_wait(struct redis_receiver *r) {
    uint64_t ms = r->way.poll_ms < 0 ? BEAT_MS / 50 : BEAT_MS;
    swapci_cond_wait_until(&r->wake, &r->lock, swapci_clock_monotonic_ns() + ms * 1000000u);
}

static void *heart_main(void *user) {
    struct redis_receiver *r = user;
    swapci_signal_mask_all(NULL);
    pthread_mutex_lock(&r->lock);
    while (!r->ends) {
        if (!r->up) side_mend(r);
        else beat_wait(r);
        if (r->up && !r->ends) (void)side_look(r);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- taking ------------------------------------------------------------------------------------ */

static const char *key_of(const struct redis_receiver *r) {
    return r->way.names.signed_records;
}

/* What was taken, by whomever, is trimmed away. */
static enum swapc_status append_trim(struct redis_receiver *r, swapc_error *error) {
    swapci_stream_id next = r->taken;
    char text[SWAPCI_STREAM_ID_SIZE];
    next.seq++;
    if (next.seq == 0) next.ms++;
    swapci_stream_id_format(next, text);
    return swapci_redis_appendf(r->takes, error, "XTRIM %s MINID %s", key_of(r), text);
}

static enum swapc_status append_read(struct redis_receiver *r, size_t count, int block_ms,
                                     swapc_error *error) {
    if (block_ms > 0)
        return swapci_redis_appendf(r->takes, error,
                                    "XREADGROUP GROUP %s all COUNT %d BLOCK %d NOACK STREAMS %s >",
                                    SWAPCI_STREAM_GROUP, (int)count, block_ms, key_of(r));
    return swapci_redis_appendf(r->takes, error,
                                "XREADGROUP GROUP %s all COUNT %d NOACK STREAMS %s >",
                                SWAPCI_STREAM_GROUP, (int)count, key_of(r));
}

/* The record of an entry; others' entries have none. */
static bool record_in(const redisReply *entry, swapci_stream_id *id, swapc_bytes *out) {
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        !swapci_stream_id_parse(swapci_reply_bytes(entry->element[0]), id))
        return false;
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (!swapc_bytes_equal(swapci_reply_bytes(fields->element[i]), swapc_bytes_str("r")))
            continue;
        *out = swapci_reply_bytes(fields->element[i + 1]);
        return true;
    }
    return false;
}

/* What comes behind it is held from now on. */
static void drop_first(struct redis_receiver *r) {
    freeReplyObject(r->held);
    r->held = r->rest;
    r->rest = NULL;
    r->at = 0;
}

static void drop_held(struct redis_receiver *r) {
    while (r->held) drop_first(r);
}

/* The entries of an answer [[stream, entries]]; a map of RESP3 is the same, flat. */
static const redisReply *entries_of(const redisReply *reply) {
    const redisReply *stream =
        reply && reply->type == REDIS_REPLY_ARRAY && reply->elements ? reply->element[0] : NULL;
    return stream && stream->type == REDIS_REPLY_ARRAY && stream->elements == 2 ? stream->element[1]
                                                                                : NULL;
}

/* Learns how large records are, and what has been taken. */
static void weigh(struct redis_receiver *r, const redisReply *reply) {
    const redisReply *entries = entries_of(reply);
    swapci_stream_id id;
    swapc_bytes record;
    size_t bytes = 0;
    for (size_t i = 0; i < entries->elements; i++) {
        if (record_in(entries->element[i], &id, &record)) bytes += record.len;
        if (i + 1 == entries->elements && entries->element[i]->elements == 2 &&
            swapci_stream_id_parse(swapci_reply_bytes(entries->element[i]->element[0]), &id)) {
            r->taken = id;
            r->untrimmed = true;
        }
    }
    bytes = bytes / entries->elements + 1;
    r->mean = bytes > r->mean / 2 ? bytes : r->mean / 2;
    atomic_store(&r->took, true);
}

/* Takes the answer to a read. Out: *out: it, if it has entries. */
static enum swapc_status take_answer(struct redis_receiver *r, redisReply **out,
                                     swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_get(r->takes, "signed records", &reply, error);
    if (status != SWAPC_OK) return status;
    const redisReply *entries = entries_of(reply);
    if (!entries || entries->type != REDIS_REPLY_ARRAY || entries->elements == 0) {
        freeReplyObject(reply);
        return SWAPC_OK;
    }
    *out = reply;
    weigh(r, reply);
    return SWAPC_OK;
}

/* The answers to one read, or to two. What the second is refused of is met by the next read, as
 * what the first one brought is nobody else's any more. */
static enum swapc_status take_answers(struct redis_receiver *r, bool two, swapc_error *error) {
    redisReply *more = NULL;
    r->at = 0;
    enum swapc_status status = take_answer(r, &r->held, error);
    if (!two || (status != SWAPC_OK && status != SWAPC_PROTOCOL)) return status;
    enum swapc_status second = take_answer(r, &more, status == SWAPC_OK ? error : NULL);
    if (r->held) r->rest = more;
    else r->held = more;
    if (status == SWAPC_OK && second == SWAPC_PROTOCOL && r->held) {
        if (error) swapc_error_clear(error);
        second = SWAPC_OK;
    }
    return status == SWAPC_OK ? second : status;
}

/* Takes up to max records, as many as are likely to fit in `size`, from Redis into r->held. Who
 * waits is answered after the first record of those that a signer sends in one pipeline, so the
 * rest is asked for behind that. */
static enum swapc_status fetch(struct redis_receiver *r, unsigned max, size_t size, int block_ms,
                               swapc_error *error) {
    size_t fitting = size / r->mean, count = fitting < max ? fitting : max;
    bool two = block_ms > 0 && count > 1;
    unsigned trims = r->untrimmed;
    enum swapc_status status = trims ? append_trim(r, error) : SWAPC_OK;
    if (status == SWAPC_OK) status = append_read(r, count && !two ? count : 1, block_ms, error);
    if (status == SWAPC_OK && two) status = append_read(r, count - 1, 0, error);
    if (status == SWAPC_OK) status = swapci_redis_skip(r->takes, trims, "signed records", error);
    if (status == SWAPC_OK) {
        r->untrimmed = false;
        status = take_answers(r, two, error);
    }
    if (status == SWAPC_OK) swapci_redis_fine(r->takes);
    return status;
}

/* Copies what fits of what is held. */
static void hand_out(struct redis_receiver *r, uint8_t *arena, size_t size, swapc_bytes *records,
                     unsigned max, unsigned *count) {
    const redisReply *entries = entries_of(r->held);
    size_t used = 0;
    for (; entries && *count < max; r->at++) {
        if (r->at == entries->elements) {
            drop_first(r);
            entries = entries_of(r->held);
            if (!entries) return;
        }
        swapci_stream_id id;
        swapc_bytes record;
        if (!record_in(entries->element[r->at], &id, &record)) continue;
        if (record.len > r->base.record_max) continue; /* nobody of ours sends such a one */
        if (record.len > size - used) return;
        if (record.len) memcpy(arena + used, record.ptr, record.len);
        records[(*count)++] = swapc_bytes_of(arena + used, record.len);
        used += record.len;
    }
    if (!entries || r->at == entries->elements) drop_first(r);
}

/* What Redis refused: the group is made again, or the connection. Returns OK: to be tried again. */
static enum swapc_status mend(struct redis_receiver *r, enum swapc_status status,
                              const swapc_error *why, swapc_error *error) {
    swapc_error last = SWAPC_ERROR_INIT;
    if (status == SWAPC_INTERRUPTED) return status;
    if (status == SWAPC_IO) atomic_store(&r->lost, true); /* an answer may have had records */
    if (status == SWAPC_PROTOCOL && swapci_redis_last_refusal(r->takes) == SWAPCI_REDIS_MISSING &&
        side_enter(r)) {
        bool looked = side_look(r);
        pthread_mutex_unlock(&r->lock);
        if (looked) return SWAPC_OK;
    }
    status = swapci_redis_mend(r->takes, status, why, &last);
    if (status == SWAPC_OK || status == SWAPC_INTERRUPTED) return status;
    return swapc_error_set(error, SWAPC_SYSTEM, "%s", last.text);
}

/* Fetches, and hands out. Returns OK (perhaps none), INTERRUPTED, SYSTEM. */
static enum swapc_status try_take(struct redis_receiver *r, uint8_t *arena, size_t size,
                                  swapc_bytes *records, unsigned max, unsigned *count, int block_ms,
                                  swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = SWAPC_OK;
    if (!r->held) status = fetch(r, max, size, block_ms, &why);
    if (status != SWAPC_OK) return mend(r, status, &why, error);
    hand_out(r, arena, size, records, max, count);
    return status;
}

/* Looks who sends, if that was long ago. Returns OK, CLOSED, UNREACHABLE: there is nobody. */
static enum swapc_status senders_there(struct redis_receiver *r) {
    enum swapc_status status = SWAPC_OK;
    if (!side_enter(r)) return status;
    if (!swapci_way_stale(&r->way) || side_look(r)) {
        if (atomic_load(&r->way.senders) == 0)
            status = atomic_load(&r->way.finished) ? SWAPC_CLOSED : SWAPC_UNREACHABLE;
    }
    pthread_mutex_unlock(&r->lock);
    return status;
}

/* Who was stopped for so long that he counts as dead takes nothing before he is alive for the others: what he
 * took and died with, nobody would miss. */
static bool alive(struct redis_receiver *r) {
    if (!side_enter(r)) return true; /* Redis does not answer: it gives nothing either */
    bool fresh = swapci_way_fresh(&r->way) || side_look(r);
    pthread_mutex_unlock(&r->lock);
    return fresh;
}

static enum swapc_status receiver_take(swapci_receiver *receiver, void *arena, size_t size,
                                       swapc_bytes *records, unsigned max, unsigned *count,
                                       int timeout_ms, swapc_error *error) {
    struct redis_receiver *r = receiver_of(receiver);
    uint64_t start_ns = swapci_clock_monotonic_ns();
    enum swapc_status gone = SWAPC_OK;
    int block_ms = timeout_ms < 0 || timeout_ms > SLICE_MS ? SLICE_MS : timeout_ms;
    *count = 0;
    for (;;) {
        enum swapc_status status = SWAPC_OK;
        if (alive(r)) status = try_take(r, arena, size, records, max, count, block_ms, error);
        else status = swapci_redis_sleep(&r->stop, 10, NULL);
        if (status != SWAPC_OK || *count > 0) return status;
        uint64_t passed_ms = (swapci_clock_monotonic_ns() - start_ns) / 1000000u;
        if (atomic_load(&r->stop)) return SWAPC_INTERRUPTED;
        if (timeout_ms == 0) return SWAPC_EMPTY;
        if (gone != SWAPC_OK) /* and nothing was left */
            return gone == SWAPC_CLOSED ? gone : swapc_error_set(error, gone, "there is no signer");
        if (block_ms > 0 || passed_ms >= SLICE_MS) gone = senders_there(r);
        if (timeout_ms > 0 && passed_ms >= (uint64_t)timeout_ms && gone == SWAPC_OK)
            return SWAPC_EMPTY;
        uint64_t left_ms = timeout_ms < 0 ? SLICE_MS : (uint64_t)timeout_ms - passed_ms;
        block_ms = gone != SWAPC_OK ? 0 : left_ms < SLICE_MS ? (int)left_ms : SLICE_MS;
    }
}

static enum swapc_status receiver_reset(swapci_receiver *receiver, swapc_error *error) {
    struct redis_receiver *r = receiver_of(receiver);
    swapc_error why = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    drop_held(r);
    atomic_store(&r->lost, true);
    if (!side_enter(r))
        return swapc_error_set(error, SWAPC_CORRUPT, "Redis does not answer just now");
    enum swapc_status status = side_settle(r, &why);
    if (status == SWAPC_OK)
        status = swapci_redis_call(r->way.redis, "signed records", &reply, &why,
                                   "XGROUP SETID %s %s $", key_of(r), SWAPCI_STREAM_GROUP);
    freeReplyObject(reply);
    if (status == SWAPC_OK) (void)side_look(r);
    else side_failed(r, status, &why);
    pthread_mutex_unlock(&r->lock);
    return status == SWAPC_OK ? status : swapc_error_set(error, SWAPC_CORRUPT, "%s", why.text);
}

/* ---- notes ------------------------------------------------------------------------------------- */

/* Sends one command about a worker's note, value NULL: it is taken away; waits for the answer or not. */
static void store(struct redis_receiver *r, unsigned worker, const char *value, bool wait) {
    swapc_error why = SWAPC_ERROR_INIT;
    if (!side_enter(r)) return;
    enum swapc_status status = side_settle(r, &why);
    if (status == SWAPC_OK && value)
        status = swapci_redis_appendf(r->way.redis, &why, "HSET %s %s:%u %s", r->way.notes,
                                      r->way.name, worker, value);
    else if (status == SWAPC_OK)
        status = swapci_redis_appendf(r->way.redis, &why, "HDEL %s %s:%u", r->way.notes,
                                      r->way.name, worker);
    if (status == SWAPC_OK) status = swapci_redis_flush(r->way.redis, &why);
    if (status == SWAPC_OK) r->owed++;
    if (status == SWAPC_OK && wait) status = side_settle(r, &why);
    if (status != SWAPC_OK) side_failed(r, status, &why);
    pthread_mutex_unlock(&r->lock);
}

static void store_note(struct redis_receiver *r, unsigned worker,
                       const swapci_transport_note *note) {
    char value[96];
    snprintf(value, sizeof value, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %d", note->ms, note->seq,
             note->last_ms, note->alone);
    store(r, worker, value, note->alone);
}

static void receiver_announce(swapci_receiver *receiver, unsigned worker,
                              const swapci_transport_note *range) {
    struct redis_receiver *r = receiver_of(receiver);
    struct mark *mark = &r->marks[worker];
    mark->over = !range;
    mark->announced = range != NULL;
    if (!range) return;
    store_note(r, worker, range);
    *mark = (struct mark){range->ms, range->last_ms, MARK_RANGE, true, false};
}

static bool within(const struct mark *mark, const swapci_transport_note *note) {
    uint64_t last_ms = note->last_ms ? note->last_ms : note->ms;
    return mark->kind == MARK_RANGE && !note->alone && mark->ms <= note->ms &&
           last_ms <= mark->last_ms;
}

static void receiver_note(swapci_receiver *receiver, unsigned worker,
                          const swapci_transport_note *note) {
    struct redis_receiver *r = receiver_of(receiver);
    struct mark *mark = &r->marks[worker];
    if (!note) {
        mark->over = !mark->announced;
        if (mark->kind != MARK_ALONE) return;
        store(r, worker, NULL, false); /* nobody is to be convicted of what is over */
        mark->kind = MARK_NONE;
        return;
    }
    mark->over = false;
    if (mark->announced && within(mark, note)) return;
    store_note(r, worker, note);
    mark->ms = note->ms;
    mark->last_ms = note->last_ms ? note->last_ms : note->ms;
    mark->kind = note->alone ? MARK_ALONE : MARK_RANGE;
    mark->announced &= !note->alone;
}

/* ---- the other slots ------------------------------------------------------------------------- */

static bool receiver_sender_alive(const swapci_receiver *receiver) {
    return atomic_load(&receiver_of(receiver)->way.senders) > 0;
}

static void receiver_interrupt(swapci_receiver *receiver) {
    atomic_store(&receiver_of(receiver)->stop, 1);
}

static void free_receiver(struct redis_receiver *r) {
    drop_held(r);
    swapci_redis_free(r->takes);
    swapci_way_fini(&r->way);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->wake);
    free(r);
}

/* What is noted and over is no reason for a strike. Returns whether there is something that is not. */
static bool clear_marks(struct redis_receiver *r) {
    bool running = false;
    for (unsigned i = 0; i < SWAPCI_TRANSPORT_NOTES; i++) {
        if (r->marks[i].kind == MARK_NONE) continue;
        if (r->marks[i].over) store(r, i, NULL, false);
        else running = true;
    }
    return running;
}

static void stop_heart(struct redis_receiver *r) {
    pthread_mutex_lock(&r->lock);
    r->ends = true;
    atomic_store(&r->side_stop, 1);
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    if (r->beating) pthread_join(r->heart, NULL);
}

static void receiver_close(swapci_receiver *receiver) {
    struct redis_receiver *r = receiver_of(receiver);
    stop_heart(r);
    if (r->up && swapci_way_hurry(&r->way)) {
        r->owed = 0;
        bool loss = clear_marks(r) || atomic_load(&r->took) || atomic_load(&r->lost);
        if (side_enter(r)) {
            if (side_settle(r, NULL) == SWAPC_OK)
                (void)swapci_way_look(&r->way, "close", loss, NULL);
            pthread_mutex_unlock(&r->lock);
        }
    }
    free_receiver(r);
}

static const struct swapci_receiver_ops receiver_ops = {
    .take = receiver_take,
    .reset = receiver_reset,
    .announce = receiver_announce,
    .note = receiver_note,
    .sender_alive = receiver_sender_alive,
    .interrupt = receiver_interrupt,
    .close = receiver_close,
};

/* The group may have been deleted since the way was opened. No heart beats yet: the way is this thread's. */
static enum swapc_status make_again(struct redis_receiver *r, swapc_error *error) {
    uint64_t epoch = swapci_redis_epoch(r->takes);
    if (r->epoch == epoch) return SWAPC_OK;
    enum swapc_status status = swapci_way_look(&r->way, "open", false, error);
    if (status == SWAPC_OK) r->epoch = epoch;
    else if (status == SWAPC_IO || status == SWAPC_PROTOCOL) {
        (void)swapci_redis_attempt(r->way.redis, NULL);
        status = SWAPC_IO; /* to be tried again: it was well before */
    }
    return status;
}

/* A step that takes nothing: whether taking is allowed. */
static enum swapc_status first_take(void *user, swapc_error *error) {
    struct redis_receiver *r = user;
    redisReply *reply = NULL;
    enum swapc_status status = make_again(r, error);
    if (status == SWAPC_OK) status = append_trim(r, error); /* what is below 0-1 */
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(r->takes, error,
                                      "XREADGROUP GROUP %s all COUNT 1 NOACK STREAMS %s 0",
                                      SWAPCI_STREAM_GROUP, key_of(r));
    if (status == SWAPC_OK) status = swapci_redis_skip(r->takes, 1, "signed records", error);
    if (status == SWAPC_OK) status = swapci_redis_get(r->takes, "signed records", &reply, error);
    freeReplyObject(reply);
    return status;
}

/* Opens both connections. The heart's is tried for ever: a lease may come back at any time. */
static enum swapc_status connect(struct redis_receiver *r,
                                 const swapci_transport_redis_config *config, swapc_error *error) {
    enum swapc_status status = swapci_way_open(&r->way, config, 'r', &r->side_stop, error);
    if (status != SWAPC_OK) return status;
    swapci_redis_hurry(r->way.redis, config->answer_ms ? config->answer_ms : SIDE_MS);
    status = swapci_redis_open(&config->redis, &r->takes, error);
    if (status == SWAPC_OK) r->epoch = swapci_redis_epoch(r->takes);
    if (status == SWAPC_OK) status = swapci_redis_persist(r->takes, first_take, r, error);
    if (status != SWAPC_OK) return status;
    swapci_redis_settled(r->takes);
    swapci_redis_stopped_by(r->takes, &r->stop);
    r->up = true;
    int failed = pthread_create(&r->heart, NULL, heart_main, r);
    if (failed)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed,
                                     "no thread for a receiver's heartbeat");
    r->beating = true;
    return SWAPC_OK;
}

enum swapc_status swapci_transport_redis_receive(const swapci_transport_redis_config *config,
                                                 swapci_receiver **out, swapc_error *error) {
    size_t capacity = config->capacity ? config->capacity : 4 * (size_t)SWAPCI_TRANSPORT_RECORD_MAX;
    struct redis_receiver *r = calloc(1, sizeof *r);
    if (!r) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a receiver");
    r->base = (swapci_receiver){&receiver_ops, capacity / 4};
    r->mean = MEAN_START;
    pthread_mutex_init(&r->lock, NULL);
    swapci_cond_init(&r->wake);
    enum swapc_status status = connect(r, config, error);
    if (status != SWAPC_OK) {
        free_receiver(r);
        return status;
    }
    *out = &r->base;
    return SWAPC_OK;
}
