/* What is shared: see verifier_impl.h. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "redis_retry.h"
#include "verifier_impl.h"

enum { WAIT_MS = SWAPCI_VERIFIER_WAIT_MS, PROBE_MS = 1000 };

_Static_assert((unsigned)SWAPCI_VERIFIER_WORKERS_MAX <= SWAPCI_TRANSPORT_NOTES,
               "each worker has a slot of notes");

/* Under the lock: takes a batch of what is there, after a wait for the first up to timeout_ms. */
static enum swapc_status take(swapci_worker *w, int timeout_ms) {
    return swapci_receiver_take(w->verifier->receiver, w->arena, w->arena_size, w->taken,
                                swapci_verifier_take_max(w), &w->taken_count, timeout_ms,
                                &w->error);
}

void swapci_verifier_tell_dropped(swapci_verifier *v, const char *what, const swapc_error *why) {
    char more[SWAPCI_LOG_LIMIT_MORE];
    uint64_t now = swapci_clock_monotonic_ns();
    if (swapci_log_limit_may(&v->dropped_limit, now, now))
        swapc_log_write(&v->config.log, SWAPC_LOG_ERROR, "verifier",
                        "%s (%s): what is under way is dropped, to be sent again%s", what,
                        why->text, swapci_log_limit_more(&v->dropped_limit, more));
}

/* Under the same lock as the look that found the content broken, so that no other worker has mended
 * it meanwhile: drops what is under way. The signer sees that and sends again. */
static void mend(swapci_worker *w) {
    swapci_verifier_tell_dropped(w->verifier, "what the signer sent is broken", &w->error);
    swapc_error_clear(&w->error);
    if (swapci_receiver_reset(w->verifier->receiver, NULL) != SWAPC_OK)
        swapci_redis_sleep(&w->verifier->stop, WAIT_MS, NULL);
}

/* Waits until all verdicts are stored. */
static enum swapc_status store(swapci_worker *w) {
    w->collected = 0;
    return swapci_verdict_flush(w->verdicts, &w->error);
}

/* With nothing to do: stores what is unstored. With nothing to store either, nobody would notice that
 * Redis is gone, so it is asked now and then. */
static enum swapc_status idle(swapci_worker *w) {
    uint64_t now = swapci_clock_monotonic_ns();
    enum swapc_status status = store(w);
    if (status != SWAPC_OK || !w->verifier->config.redis.health || now < w->probe_due_ns)
        return status;
    (void)swapci_redis_probe(w->redis, NULL);
    w->probe_due_ns = swapci_clock_monotonic_ns() + PROBE_MS * 1000000ull;
    return status;
}

/* One turn: a batch if one is ready; else stores what is unstored, and waits. */
static enum swapc_status turn(swapci_worker *w) {
    swapci_verifier *v = w->verifier;
    if (atomic_load(&v->waiting) && swapci_verdict_open(w->verdicts) > 0) return store(w);
    if (v->config.may && !v->config.may(v->config.may_user)) {
        enum swapc_status stored = idle(w);
        swapci_redis_sleep(&v->stop, WAIT_MS / 5, NULL);
        return stored;
    }
    pthread_mutex_lock(&v->lock);
    bool waits = swapci_verdict_open(w->verdicts) == 0;
    enum swapc_status status = SWAPC_EMPTY;
    if (!waits || v->worker_count > 1) status = take(w, 0);
    if (status == SWAPC_EMPTY && waits) {
        atomic_store(&v->waiting, 1);
        status = take(w, WAIT_MS);
        atomic_store(&v->waiting, 0);
    }
    if (status == SWAPC_CORRUPT) mend(w);
    pthread_mutex_unlock(&v->lock);
    switch (status) {
    case SWAPC_OK:
        return swapci_verifier_judge_taken(w);
    case SWAPC_CORRUPT:
        return SWAPC_OK;
    case SWAPC_EMPTY:
        return idle(w);
    case SWAPC_INTERRUPTED:
        return store(w);
    case SWAPC_CLOSED:
    case SWAPC_UNREACHABLE: /* no signer: its successor will attach */
        swapc_error_clear(&w->error);
        status = idle(w);
        swapci_redis_sleep(&v->stop, WAIT_MS / 5, NULL);
        return status;
    default:
        return swapc_error_set(&w->error, status, "records cannot be taken: %s",
                               swapc_status_text(status));
    }
}

static void *work(void *user) {
    swapci_worker *w = user;
    swapci_verifier *v = w->verifier;
    enum swapc_status status = SWAPC_OK;
    while (status == SWAPC_OK && !atomic_load(&v->stop)) {
        status = turn(w);
        atomic_store_explicit(&w->open, swapci_verdict_open(w->verdicts), memory_order_relaxed);
    }
    if (status == SWAPC_OK) status = store(w);
    if (status != SWAPC_OK && status != SWAPC_INTERRUPTED) {
        atomic_store(&v->failed, 1);
        swapci_verifier_stop(v);
    }
    atomic_fetch_sub(&v->running, 1);
    return NULL;
}

static enum swapc_status worker_init(swapci_verifier *v, swapci_worker *w, swapc_error *error) {
    w->verifier = v;
    w->arena_size = v->receiver->record_max;
    swapci_verifier_judge_init(w);
    w->arena = malloc(w->arena_size);
    /* Half of a worker's share collects while the other half is under way. */
    w->collect_max = SWAPCI_VERIFIER_UNSTORED / (2 * v->config.workers);
    if (w->collect_max == 0) w->collect_max = 1;
    swapci_judge_init(&w->judge, v->config.judges);
    if (!w->arena)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a verifier's worker");
    swapci_redis_config redis = v->config.redis;
    redis.log = &v->config.log;
    redis.role = "verifier";
    enum swapc_status status = swapci_redis_open(&redis, &w->redis, error);
    if (status == SWAPC_OK)
        status = swapci_verdict_writer_new(w->redis, v->config.names, v->config.keep, &w->verdicts,
                                           error);
    if (status == SWAPC_OK) status = swapci_verdict_check(w->verdicts, error);
    if (status == SWAPC_OK) swapci_redis_settled(w->redis);
    return status;
}

/* Who must be alone is let in before those who come after it. */
static void init_calls(pthread_rwlock_t *calls) {
    pthread_rwlockattr_t kind;
    pthread_rwlockattr_init(&kind);
    pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(calls, &kind);
    pthread_rwlockattr_destroy(&kind);
}

enum swapc_status swapci_verifier_new(const swapci_verifier_config *config, swapci_verifier **out,
                                      swapc_error *error) {
    swapci_verifier *v = calloc(1, sizeof *v + config->workers * sizeof *v->workers);
    if (!v) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a verifier");
    v->config = *config;
    pthread_mutex_init(&v->lock, NULL);
    init_calls(&v->calls);
    v->receiver = config->receiver;
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < config->workers && status == SWAPC_OK; i++) {
        v->workers[i].number = i;
        v->worker_count++;
        status = worker_init(v, &v->workers[i], error);
    }
    if (status != SWAPC_OK) {
        swapci_verifier_free(v);
        return status;
    }
    *out = v;
    return SWAPC_OK;
}

enum swapc_status swapci_verifier_start(swapci_verifier *verifier, swapc_error *error) {
    for (unsigned i = 0; i < verifier->worker_count; i++) {
        swapci_worker *w = &verifier->workers[i];
        atomic_fetch_add(&verifier->running, 1);
        int failed = pthread_create(&w->thread, NULL, work, w);
        if (failed) {
            atomic_fetch_sub(&verifier->running, 1);
            return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start a worker");
        }
        w->started = true;
    }
    return SWAPC_OK;
}

void swapci_verifier_stop(swapci_verifier *verifier) {
    atomic_store(&verifier->stop, 1);
    swapci_receiver_interrupt(verifier->receiver);
}

swapci_verifier_stats swapci_verifier_stats_get(swapci_verifier *verifier) {
    swapci_tally *tally = &verifier->tally;
    swapci_verifier_stats stats = {.valid = atomic_load(&tally->valid),
                                   .not_valid = atomic_load(&tally->not_valid),
                                   .errors = atomic_load(&tally->errors),
                                   .unknown_keys = atomic_load(&tally->unknown_keys),
                                   .hindered = atomic_load(&verifier->hindered)};
    swapci_tally_reason(tally, stats.last_reason);
    for (unsigned i = 0; i < verifier->worker_count; i++)
        stats.in_flight += atomic_load(&verifier->workers[i].open);
    return stats;
}

static void add_slot(const swapci_verifier *verifier, unsigned method, swapci_verifier_slot *out) {
    for (unsigned i = 0; i < verifier->worker_count; i++) {
        const swapci_worker *w = &verifier->workers[i];
        out->valid +=
            atomic_load_explicit(&w->given[method][SWAPCI_GIVEN_VALID], memory_order_relaxed);
        out->not_valid +=
            atomic_load_explicit(&w->given[method][SWAPCI_GIVEN_NOT_VALID], memory_order_relaxed);
        out->errors +=
            atomic_load_explicit(&w->given[method][SWAPCI_GIVEN_ERROR], memory_order_relaxed);
        swapci_live_add(&w->judge.call_ns[method], &out->call_ns);
    }
}

void swapci_verifier_sum_add(swapci_verifier *verifier, swapci_verifier_sum *sum) {
    swapci_verifier_stats one = swapci_verifier_stats_get(verifier);
    sum->stats.valid += one.valid;
    sum->stats.not_valid += one.not_valid;
    sum->stats.errors += one.errors;
    sum->stats.unknown_keys += one.unknown_keys;
    sum->stats.in_flight += one.in_flight;
    sum->stats.hindered += one.hindered;
    if (one.last_reason[0]) memcpy(sum->stats.last_reason, one.last_reason, sizeof one.last_reason);
    for (unsigned m = 0; m < swapci_method_count; m++) add_slot(verifier, m, &sum->slots[m]);
    for (unsigned i = 0; i < verifier->worker_count; i++)
        swapci_live_add(&verifier->workers[i].age_ns, &sum->age_ns);
}

bool swapci_verifier_failed(const swapci_verifier *verifier) {
    return atomic_load(&verifier->failed) != 0;
}

bool swapci_verifier_ended(const swapci_verifier *verifier) {
    return atomic_load(&verifier->running) == 0;
}

enum swapc_status swapci_verifier_join(swapci_verifier *verifier, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < verifier->worker_count; i++) {
        swapci_worker *w = &verifier->workers[i];
        if (w->started) pthread_join(w->thread, NULL);
        w->started = false;
        if (status == SWAPC_OK && atomic_load(&verifier->failed) && w->error.status != SWAPC_OK)
            status = swapc_error_set(error, w->error.status, "%s", w->error.text);
    }
    return status;
}

void swapci_verifier_times(const swapci_verifier *verifier, swapci_histogram *verify_ns) {
    for (unsigned i = 0; i < verifier->worker_count; i++)
        swapci_histogram_merge(verify_ns, &verifier->workers[i].judge.verify_ns);
}

void swapci_verifier_free(swapci_verifier *verifier) {
    if (!verifier) return;
    for (unsigned i = 0; i < verifier->worker_count; i++) {
        swapci_worker *w = &verifier->workers[i];
        swapci_verdict_writer_free(w->verdicts);
        swapci_redis_free(w->redis);
        swapci_judge_fini(&w->judge);
        free(w->arena);
    }
    pthread_mutex_destroy(&verifier->lock);
    pthread_rwlock_destroy(&verifier->calls);
    free(verifier);
}
