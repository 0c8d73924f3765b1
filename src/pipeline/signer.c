/* What is shared: `stop` and `drain` are raised by others and only ever rise; the counters and
 * `state` are written by the signer's thread alone, relaxed, as nothing depends on their order; the
 * list of waiters and `ended` are under `lock`, which is never held while a callback runs. */
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "end_times.h"
#include "redis_refusal.h"
#include "redis_retry.h"
#include "signal_mask.h"
#include "signer_impl.h"

enum { BLOCK_MS = SWAPCI_REDIS_SLICE_MS, LEAVE_MS = 400 };

size_t swapci_signer_message_max(size_t record_max) {
    size_t frame = SWAPCI_RECORD_HEAD + SWAPCI_RECORD_KEY_MAX + SWAPCI_RECORD_SIGNATURE_MAX +
                   1; /* the byte that an empty message gains when it is tampered with */
    return record_max > frame ? record_max - frame : 0;
}

static void set_state(swapci_signer *s, enum swapci_signer_state state) {
    atomic_store_explicit(&s->state, (int)state, memory_order_relaxed);
}

/* Moves all waiters below `stage` to it, with target. Returns whether there were any. */
static bool promote_waiters(swapci_signer *s, int from, int stage, swapci_stream_id target) {
    bool any = false;
    pthread_mutex_lock(&s->lock);
    for (signer_waiter *w = s->waiters; w; w = w->next) {
        if ((int)w->stage >= from && (int)w->stage < stage) {
            w->stage = stage;
            w->target = target;
        }
        any |= (int)w->stage == stage;
    }
    pthread_mutex_unlock(&s->lock);
    return any;
}

/* Gives each new question its target: the last entry that is in the stream now. A question that
 * comes during the look-up is left for the next one. */
static enum swapc_status resolve_waiters(swapci_signer *s, swapc_error *error) {
    swapci_stream_id last = {0, 0};
    if (!promote_waiters(s, WAITER_NEW, WAITER_LOOKING, last)) return SWAPC_OK;
    enum swapc_status status = swapci_stream_last_id(s->redis, s->names.messages, &last, error);
    if (status == SWAPC_OK) promote_waiters(s, WAITER_LOOKING, WAITER_RESOLVED, last);
    return status;
}

/* Answers the waiters whose target is reached; with `all`, everybody, by status. */
static void answer_waiters(swapci_signer *s, bool all, enum swapc_status status) {
    signer_waiter *ready = NULL;
    pthread_mutex_lock(&s->lock);
    s->ended |= all;
    signer_waiter **link = &s->waiters;
    while (*link) {
        signer_waiter *w = *link;
        if (all ||
            (w->stage == WAITER_RESOLVED && swapci_stream_id_compare(w->target, s->sent) <= 0)) {
            *link = w->next;
            w->next = ready;
            ready = w;
        } else {
            link = &w->next;
        }
    }
    pthread_mutex_unlock(&s->lock);
    while (ready) {
        signer_waiter *w = ready;
        ready = w->next;
        w->fn(status, s->names.messages, w->user);
        free(w);
    }
}

/* Nothing was left to read after the targets were set: all of them are reached, be it that other
 * signers of the group have the entries. */
static void reach_all_targets(swapci_signer *s) {
    pthread_mutex_lock(&s->lock);
    for (signer_waiter *w = s->waiters; w; w = w->next)
        if (w->stage == WAITER_RESOLVED && swapci_stream_id_compare(w->target, s->sent) > 0)
            s->sent = w->target;
    pthread_mutex_unlock(&s->lock);
}

enum swapc_status swapci_signer_when_sent(swapci_signer *signer, swapci_signer_sent_fn fn,
                                          void *user) {
    signer_waiter *w = calloc(1, sizeof *w);
    if (!w) return SWAPC_NO_MEMORY;
    w->fn = fn;
    w->user = user;
    pthread_mutex_lock(&signer->lock);
    bool ended = signer->ended;
    if (!ended) {
        w->next = signer->waiters;
        signer->waiters = w;
    }
    pthread_mutex_unlock(&signer->lock);
    if (ended) {
        free(w);
        fn(SWAPC_CLOSED, signer->names.messages, user);
    }
    return SWAPC_OK;
}

bool swapci_signer_forget(swapci_signer *signer, const void *user) {
    pthread_mutex_lock(&signer->lock);
    signer_waiter **link = &signer->waiters;
    while (*link && (*link)->user != user) link = &(*link)->next;
    signer_waiter *found = *link;
    if (found) *link = found->next;
    pthread_mutex_unlock(&signer->lock);
    free(found);
    return found != NULL;
}

static bool may(const swapci_signer *s) {
    return !s->config.may || s->config.may(s->config.may_user);
}

/* Reads new entries and sends them, or waits a little when enough is under way. */
static enum swapc_status feed(swapci_signer *s, swapc_error *error) {
    size_t flight = swapci_sender_in_flight(s->sender);
    size_t room = SWAPCI_SIGNER_IN_FLIGHT - flight;
    atomic_store_explicit(&s->in_flight, flight, memory_order_relaxed);
    atomic_store_explicit(&s->full, room < s->batch_max, memory_order_relaxed);
    if (room < s->batch_max) return swapci_signer_nap(s, 1, error);
    enum swapc_status status = resolve_waiters(s, error);
    if (status == SWAPC_OK && !swapci_lease_fresh(&s->lease))
        return status; /* the chores come first */
    if (status == SWAPC_OK) {
        swapci_redis_limit(s->redis, swapci_signer_answer_max(s));
        status = swapci_stream_read(s->redis, &s->names, s->consumer, (unsigned)s->batch_max,
                                    BLOCK_MS, &s->batch, error);
        swapci_redis_limit(s->redis, 0);
        if (status == SWAPC_TOO_LARGE) return swapci_signer_too_much(s, s->sent, error);
        s->batch_next = status == SWAPC_OK ? 0 : s->batch.count;
        s->alone = false;
    }
    if (status == SWAPC_OK && s->batch.count > 0 && (!swapci_lease_fresh(&s->lease) || !may(s))) {
        s->read_late = true; /* stopped meanwhile: another may have taken them up already */
        s->batch_next = s->batch.count;
        return status;
    }
    if (status == SWAPC_OK && s->batch.count == 0) {
        reach_all_targets(s);
        status = swapci_signer_audit(s, error);
    } else if (status == SWAPC_OK) {
        s->batch_is_new = true;
        swapci_sender_rouse(s->sender); /* it wakes up while the first message is signed */
        status = swapci_signer_send(s, error);
    }
    if (status == SWAPC_OK) answer_waiters(s, false, SWAPC_OK);
    return status;
}

/* Over a new connection, and when the group is gone: makes the group, and begins a recovery, as entries
 * may have been given to us without our knowing. */
static enum swapc_status rejoin(swapci_signer *s, swapc_error *error) {
    uint64_t epoch = swapci_redis_epoch(s->redis);
    if (s->epoch == epoch) return SWAPC_OK;
    bool made;
    enum swapc_status status = swapci_stream_join(s->redis, &s->names, &made, error);
    if (status != SWAPC_OK) return status;
    uint64_t now = swapci_clock_monotonic_ns();
    if (made && s->joined && swapci_log_limit_may(&s->renewal_limit, now, now))
        swapc_log_write(
            &s->config.log, SWAPC_LOG_WARN, "signer",
            "the group of %s was gone and is made anew: was Redis started again empty, or the "
            "stream deleted? Messages that went with it have no verdict",
            s->names.messages);
    s->losses.renewed |= made && s->joined;
    if (made || !s->joined) status = swapci_signer_count_begin(s, error);
    if (status != SWAPC_OK) return status;
    s->joined = true;
    s->epoch = epoch;
    s->chores_due_ns = 0;
    swapci_signer_recovery_begin(s);
    return status;
}

/* Another signer has the consumer's name: nothing is read or sent, and what is in hand is that one's. */
static enum swapc_status wait_for_lease(swapci_signer *s, swapc_error *error) {
    s->batch_next = s->batch.count;
    set_state(s, SWAPCI_SIGNER_WAITING);
    return swapci_signer_nap(s, BLOCK_MS, error);
}

/* The stream is another's for now: what is in hand stays pending, for that one or for us. */
static enum swapc_status wait_for_stream(swapci_signer *s, swapc_error *error) {
    s->batch_next = s->batch.count;
    swapci_signer_recovery_begin(s);
    return swapci_signer_nap(s, BLOCK_MS, error);
}

/* One step of work. Out: *done when drained. */
static enum swapc_status turn(swapci_signer *s, int *done, swapc_error *error) {
    int drain = atomic_load_explicit(&s->drain, memory_order_relaxed);
    enum swapc_status status = rejoin(s, error);
    if (status == SWAPC_OK) status = swapci_signer_chores(s, error);
    if (status != SWAPC_OK) return status;
    if (!s->lease.held) return wait_for_lease(s, error);
    if (!may(s)) return wait_for_stream(s, error);
    status = swapci_signer_send(s, error); /* what a refusal left */
    if (status != SWAPC_OK) return status;
    if (s->recovering) {
        set_state(s, drain ? SWAPCI_SIGNER_DRAINING : SWAPCI_SIGNER_RECOVERING);
        return swapci_signer_recover(s, error);
    }
    set_state(s, drain ? SWAPCI_SIGNER_DRAINING : SWAPCI_SIGNER_READING);
    return drain ? swapci_signer_drain_step(s, done, error) : feed(s, error);
}

/* After a failed turn. What is in hand of a batch is sent by the next one, unless it will be given out
 * anew. */
static enum swapc_status mend(swapci_signer *s, enum swapc_status status, const swapc_error *why,
                              swapc_error *error) {
    if (status == SWAPC_PROTOCOL && swapci_redis_last_refusal(s->redis) == SWAPCI_REDIS_MISSING)
        s->batch_next = s->batch.count;
    if (status == SWAPC_IO || status == SWAPC_PROTOCOL)
        return swapci_redis_mend(s->redis, status, why, error);
    const char *text = why->text[0] ? why->text : swapc_status_text(status);
    return swapc_error_set(error, status, "%s", text);
}

static enum swapc_status work(swapci_signer *s, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    int done = 0;
    while (status == SWAPC_OK && !done) {
        swapc_error why = SWAPC_ERROR_INIT;
        if (atomic_load_explicit(s->stop, memory_order_relaxed))
            return swapc_error_set(error, SWAPC_INTERRUPTED, "interrupted");
        status = turn(s, &done, &why);
        if (status == SWAPC_OK) swapci_redis_fine(s->redis);
        else status = mend(s, status, &why, error);
    }
    if (status == SWAPC_OK) swapci_sender_finish(s->sender);
    return status;
}

/* What a stop interrupted may have an answer owed: a new connection, which the stop does not end, too, so that a Redis that is
 * slow still learns that the name is free. */
static enum swapc_status connect_to_leave(swapci_signer *s) {
    static const atomic_int never;
    swapci_redis_stopped_by(s->redis, &never);
    swapci_redis_hurry(s->redis, s->config.leave_ms ? s->config.leave_ms : swapci_end_ms(LEAVE_MS));
    return swapci_redis_attempt(s->redis, NULL);
}

/* Leaves the group if nothing is pending. */
static void leave(swapci_signer *s) {
    enum swapc_status status = s->status;
    if (status == SWAPC_INTERRUPTED) status = connect_to_leave(s);
    if (status == SWAPC_OK)
        (void)swapci_lease_leave(s->redis, &s->names, &s->lease, s->consumer, NULL);
    s->lease.held = false;
}

static void *thread_main(void *user) {
    swapci_signer *s = user;
    swapci_signal_mask_all(NULL); /* signals are the main thread's */
    s->status = work(s, &s->error);
    leave(s);
    set_state(s, SWAPCI_SIGNER_ENDED);
    answer_waiters(s, true, SWAPC_CLOSED);
    if (s->config.ended) s->config.ended(s->config.user);
    return NULL;
}

static enum swapc_status check_config(const swapci_signer_config *config, swapc_error *error) {
    if (!config->consumer || !config->consumer[0] ||
        strlen(config->consumer) > SWAPCI_STREAM_CONSUMER_MAX) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "the signer's consumer name must have 1 to %d bytes",
                               SWAPCI_STREAM_CONSUMER_MAX);
    }
    if (!(config->tamper >= 0 && config->tamper <= 1))
        return swapc_error_set(error, SWAPC_INVALID, "--tamper is a fraction from 0 to 1");
    return SWAPC_OK;
}

static enum swapc_status join_group(void *user, swapc_error *error) {
    swapci_signer *s = user;
    return rejoin(s, error);
}

/* Whether verdicts could be stored. The signer needs that for messages that it refuses alone: where another
 * kind of key is in the way, it signs meanwhile, and waits when it comes to such a message. */
static enum swapc_status check_verdicts(swapci_signer *s, swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_verdict_check(s->verdicts, &why);
    if (status == SWAPC_OK) return status;
    if (status != SWAPC_PROTOCOL || strcmp(swapci_redis_last_code(s->redis), "WRONGTYPE") != 0)
        return swapc_error_set(error, status, "%s", why.text);
    swapc_log_write(&s->config.log, SWAPC_LOG_WARN, "signer", "%s", why.text);
    return SWAPC_OK;
}

/* The first step of the work: after it a refusal ends a signer no more, so all that this needs is asked for,
 * what it will need only now and then by what does nothing. */
static enum swapc_status try_first(void *user, swapc_error *error) {
    swapci_signer *s = user;
    enum swapc_status status = rejoin(s, error);
    if (status == SWAPC_OK) status = swapci_stream_try(s->redis, &s->names, s->consumer, error);
    if (status == SWAPC_OK) status = swapci_strikes_try(s->redis, &s->names, error);
    return status == SWAPC_OK ? swapci_signer_chores(s, error) : status;
}

static enum swapc_status connect(swapci_signer *s, const swapci_signer_config *config,
                                 swapc_error *error) {
    swapci_redis_config redis = {.url = config->redis_url,
                                 .retry_ms = config->redis_retry_ms,
                                 .service = true,
                                 .log = &s->config.log,
                                 .role = "signer",
                                 .stop = s->stop,
                                 .health = config->health};
    s->record_max = s->sender->record_max;
    s->record = malloc(s->record_max);
    if (!s->record) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    enum swapc_status status = swapci_redis_open(&redis, &s->redis, error);
    if (status == SWAPC_OK) status = swapci_redis_persist(s->redis, join_group, s, error);
    if (status == SWAPC_OK)
        status = swapci_verdict_writer_new(s->redis, &s->names, 0, &s->verdicts, error);
    if (status == SWAPC_OK) status = check_verdicts(s, error);
    if (status == SWAPC_OK) status = swapci_redis_persist(s->redis, try_first, s, error);
    if (status == SWAPC_OK) swapci_redis_settled(s->redis);
    return status;
}

enum swapc_status swapci_signer_new(const swapci_signer_config *config, swapci_signer **out,
                                    swapc_error *error) {
    enum swapc_status status = check_config(config, error);
    swapci_signer *s = status == SWAPC_OK ? calloc(1, sizeof *s) : NULL;
    if (status != SWAPC_OK) return status;
    if (!s) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    s->config = *config;
    s->sender = config->sender;
    s->stop = config->stop ? config->stop : &s->own_stop;
    s->pairs = config->pairs;
    s->method = config->method ? config->method : swapci_method_table[0];
    snprintf(s->consumer, sizeof s->consumer, "%s", config->consumer);
    pthread_mutex_init(&s->lock, NULL);
    s->batch_max = SIGNER_BATCH_START;
    swapci_signer_recovery_begin(s);
    status = swapci_stream_names_init(&s->names, config->prefix, error);
    if (status == SWAPC_OK)
        status = swapci_lease_init(&s->lease, &s->names, s->consumer, s->sender->place, error);
    if (config->lease_ms) s->lease.ms = config->lease_ms;
    if (status == SWAPC_OK) status = connect(s, config, error);
    if (status != SWAPC_OK) {
        swapci_signer_free(s);
        return status;
    }
    *out = s;
    return SWAPC_OK;
}

enum swapc_status swapci_signer_start(swapci_signer *signer, swapc_error *error) {
    int why = pthread_create(&signer->thread, NULL, thread_main, signer);
    if (why) return swapc_error_set_errno(error, SWAPC_SYSTEM, why, "no thread for the signer");
    signer->started = true;
    return SWAPC_OK;
}

void swapci_signer_drain(swapci_signer *signer) {
    atomic_store_explicit(&signer->drain, 1, memory_order_relaxed);
}

void swapci_signer_stop(swapci_signer *signer) {
    atomic_store(signer->stop, 1);
    swapci_sender_interrupt(signer->sender);
}

const char *swapci_signer_state_name(enum swapci_signer_state state) {
    static const char *const names[] = {[SWAPCI_SIGNER_RECOVERING] = "recovering",
                                        [SWAPCI_SIGNER_READING] = "reading",
                                        [SWAPCI_SIGNER_DRAINING] = "draining",
                                        [SWAPCI_SIGNER_WAITING] = "waiting",
                                        [SWAPCI_SIGNER_ENDED] = "ended"};
    return names[state];
}

swapci_signer_stats swapci_signer_stats_get(const swapci_signer *signer) {
#define LOAD(name) .name = atomic_load_explicit(&signer->count_##name, memory_order_relaxed),
    return (swapci_signer_stats){
        .state =
            (enum swapci_signer_state)atomic_load_explicit(&signer->state, memory_order_relaxed),
        .owns = atomic_load_explicit(&signer->owns, memory_order_relaxed),
        SWAPCI_SIGNER_COUNTERS(LOAD).waiting =
            atomic_load_explicit(&signer->waiting, memory_order_relaxed),
        .in_flight = atomic_load_explicit(&signer->in_flight, memory_order_relaxed),
        .full = atomic_load_explicit(&signer->full, memory_order_relaxed)};
#undef LOAD
}

enum swapc_status swapci_signer_join(swapci_signer *signer, swapc_error *error) {
    if (signer->started) pthread_join(signer->thread, NULL);
    signer->started = false;
    if (signer->status != SWAPC_OK)
        swapc_error_set(error, signer->status, "%s", signer->error.text);
    return signer->status;
}

void swapci_signer_free(swapci_signer *signer) {
    if (!signer) return;
    if (signer->lease.held) leave(signer); /* it never ran */
    swapci_verdict_writer_free(signer->verdicts);
    swapci_redis_free(signer->redis);
    swapci_batch_fini(&signer->batch);
    swapci_strikes_fini(&signer->strikes);
    swapci_buffer_fini(&signer->altered);
    free(signer->record);
    pthread_mutex_destroy(&signer->lock);
    free(signer);
}
