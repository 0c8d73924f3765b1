/* What is shared: the receiver, under `lock` (but for interrupt), which is held while
 * a worker waits for a record: the others then wait for the lock instead, and take the next batches
 * in turn; `waiting` tells them to store first what they have. `stop` is an atomic that every wait
 * looks at. `calls` is held shared by each call, and alone by one that must have no other beside it. A
 * worker's judge, connection, verdicts and slot of notes are its own. */
#include "verifier.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "redis_retry.h"
#include "fail_point.h"

/* A batch is small, so that two workers share a short queue evenly. */
enum { TAKE_MAX = 16, WAIT_MS = 250, PROBE_MS = 1000, AGAIN_MS = 50, AGAIN_MOST_MS = 1000 };

_Static_assert((unsigned)SWAPCI_VERIFIER_WORKERS_MAX <= SWAPCI_TRANSPORT_NOTES,
               "each worker has a slot of notes");

struct worker {
    swapci_verifier *verifier;
    unsigned number; /* of its notes */
    pthread_t thread;
    bool started;
    swapci_redis *redis;
    swapci_judge judge;
    swapci_verdict_writer *verdicts;
    unsigned collected, collect_max;
    uint8_t *arena; /* records of one batch, one after the other */
    size_t arena_size;
    swapc_bytes taken[TAKE_MAX]; /* views into arena */
    unsigned taken_count;
    swapc_error error;
    atomic_uint open;      /* judged and not stored */
    uint64_t probe_due_ns; /* when Redis is asked next whether it answers */
};

struct swapci_verifier {
    swapci_verifier_config config;
    swapci_receiver *receiver; /* under lock, but for interrupt */
    pthread_mutex_t lock;
    pthread_rwlock_t calls;
    atomic_int waiting; /* a worker sleeps under the lock */
    atomic_int stop;
    atomic_int failed;
    atomic_bool told_version; /* of a record of another release */
    atomic_uint running;
    swapci_tally tally;
    unsigned worker_count;
    struct worker workers[];
};

/* Under the lock: takes a batch of what is there, after a wait for the first up to timeout_ms. */
static enum swapc_status take(struct worker *w, int timeout_ms) {
    return swapci_receiver_take(w->verifier->receiver, w->arena, w->arena_size, w->taken, TAKE_MAX,
                                &w->taken_count, timeout_ms, &w->error);
}

/* Under the same lock as the look that found the content broken, so that no other worker has mended
 * it meanwhile: drops what is under way. The signer sees that and sends again. */
static void mend(struct worker *w) {
    swapc_log_write(&w->verifier->config.log, SWAPC_LOG_ERROR, "verifier",
                    "what the signer sent is broken (%s): dropped, to be sent again",
                    w->error.text);
    swapc_error_clear(&w->error);
    if (swapci_receiver_reset(w->verifier->receiver, NULL) != SWAPC_OK)
        swapci_redis_sleep(&w->verifier->stop, WAIT_MS, NULL);
}

/* A record that cannot be read has no id to answer: all is dropped, so that the signer sends
 * again what is pending, this one too. */
static void reject_record(struct worker *w, const swapc_error *why) {
    swapci_verifier *v = w->verifier;
    swapc_log_write(&v->config.log, SWAPC_LOG_ERROR, "verifier",
                    "a record cannot be read (%s): what is under way is dropped, to be sent again",
                    why->text);
    pthread_mutex_lock(&v->lock);
    (void)swapci_receiver_reset(v->receiver,
                                NULL); /* if that cannot be yet, the next take mends it */
    pthread_mutex_unlock(&v->lock);
    swapci_redis_sleep(&v->stop, WAIT_MS, NULL); /* it may come again and again */
}

/* Waits until all verdicts are stored. */
static enum swapc_status store(struct worker *w) {
    w->collected = 0;
    return swapci_verdict_flush(w->verdicts, &w->error);
}

/* Adds one, and sends a full batch while the next one is judged. */
static enum swapc_status collect(struct worker *w, const swapci_verdict *verdict) {
    swapci_tally_note(&w->verifier->tally, verdict->status, verdict->reason);
    enum swapc_status status = swapci_verdict_add(w->verdicts, verdict, &w->error);
    if (status != SWAPC_OK || ++w->collected < w->collect_max) return status;
    w->collected = 0;
    return swapci_verdict_submit(w->verdicts, &w->error);
}

/* One call, noted while it runs: should the process die of it, the signer learns which one it was. */
static enum swapci_outcome call(struct worker *w, const swapci_record *record, bool alone,
                                swapci_verdict *verdict) {
    swapci_verifier *v = w->verifier;
    const swapci_transport_note note = {.ms = record->id.ms, .seq = record->id.seq, .alone = alone};
    if (alone) pthread_rwlock_wrlock(&v->calls);
    else pthread_rwlock_rdlock(&v->calls);
    swapci_receiver_note(v->receiver, w->number, &note);
    swapci_fail_point_with(SWAPCI_FAIL_in_call, record->message);
    enum swapci_outcome outcome = swapci_judge_record(&w->judge, record, verdict);
    swapci_receiver_note(v->receiver, w->number, NULL);
    pthread_rwlock_unlock(&v->calls);
    return outcome;
}

static bool ends(const swapci_verifier *v) {
    return atomic_load(&v->stop) != 0;
}

/* Judges until there is a verdict. Returns false when the verifier ends before that: the message stays
 * pending. */
static bool judge_one(struct worker *w, const swapci_record *record, swapci_verdict *verdict) {
    swapci_verifier *v = w->verifier;
    bool alone = (record->flags & SWAPCI_RECORD_ALONE) != 0;
    for (uint32_t pause = AGAIN_MS;;
         pause = pause < AGAIN_MOST_MS / 2 ? 2 * pause : AGAIN_MOST_MS) {
        enum swapci_outcome outcome = call(w, record, alone, verdict);
        if (outcome == SWAPCI_OUTCOME_ONCE_MORE && !ends(v))
            outcome = call(w, record, true, verdict);
        if (outcome == SWAPCI_OUTCOME_ONCE_MORE && !ends(v)) outcome = SWAPCI_OUTCOME_VERDICT;
        if (outcome == SWAPCI_OUTCOME_VERDICT) return true;
        if (!ends(v) && pause == AGAIN_MS)
            swapc_log_write(&v->config.log, SWAPC_LOG_WARN, "verifier",
                            "a message could not be judged (%s): it is tried again",
                            verdict->reason);
        if (swapci_redis_sleep(&v->stop, pause, NULL) != SWAPC_OK) return false;
    }
}

/* A record of another release. It has no verdict here: one of the right release may come. */
static void pass_over(struct worker *w, const swapc_error *why) {
    swapci_verifier *v = w->verifier;
    if (!atomic_exchange(&v->told_version, true))
        swapc_log_write(&v->config.log, SWAPC_LOG_ERROR, "verifier",
                        "%s; such messages stay pending", why->text);
}

static enum swapc_status judge_taken(struct worker *w) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < w->taken_count && status == SWAPC_OK; i++) {
        swapci_record record;
        swapci_verdict verdict;
        swapc_error error = SWAPC_ERROR_INIT;
        status = swapci_record_decode(w->taken[i], &record, &error);
        if (status != SWAPC_OK) {
            if (status == SWAPC_UNSUPPORTED) pass_over(w, &error);
            else reject_record(w, &error);
            status = SWAPC_OK;
            continue;
        }
        if (!judge_one(w, &record, &verdict)) break;
        swapci_fail_point(SWAPCI_FAIL_after_verify);
        status = collect(w, &verdict);
    }
    w->taken_count = 0;
    return status;
}

/* With nothing to do: stores what is unstored. With nothing to store either, nobody would notice that
 * Redis is gone, so it is asked now and then. */
static enum swapc_status idle(struct worker *w) {
    uint64_t now = swapci_clock_monotonic_ns();
    enum swapc_status status = store(w);
    if (status != SWAPC_OK || !w->verifier->config.redis.health || now < w->probe_due_ns)
        return status;
    (void)swapci_redis_probe(w->redis, NULL);
    w->probe_due_ns = swapci_clock_monotonic_ns() + PROBE_MS * 1000000ull;
    return status;
}

/* One turn: a batch if one is ready; else stores what is unstored, and waits. */
static enum swapc_status turn(struct worker *w) {
    swapci_verifier *v = w->verifier;
    if (atomic_load(&v->waiting) && swapci_verdict_open(w->verdicts) > 0) return store(w);
    pthread_mutex_lock(&v->lock);
    enum swapc_status status = take(w, 0);
    if (status == SWAPC_EMPTY && swapci_verdict_open(w->verdicts) == 0) {
        atomic_store(&v->waiting, 1);
        status = take(w, WAIT_MS);
        atomic_store(&v->waiting, 0);
    }
    if (status == SWAPC_CORRUPT) mend(w);
    pthread_mutex_unlock(&v->lock);
    switch (status) {
    case SWAPC_OK:
        return judge_taken(w);
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
    struct worker *w = user;
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

static enum swapc_status worker_init(swapci_verifier *v, struct worker *w, swapc_error *error) {
    w->verifier = v;
    w->arena_size = v->receiver->record_max;
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
        struct worker *w = &verifier->workers[i];
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
                                   .unknown_keys = atomic_load(&tally->unknown_keys)};
    swapci_tally_reason(tally, stats.last_reason);
    for (unsigned i = 0; i < verifier->worker_count; i++)
        stats.in_flight += atomic_load(&verifier->workers[i].open);
    return stats;
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
        struct worker *w = &verifier->workers[i];
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
        struct worker *w = &verifier->workers[i];
        swapci_verdict_writer_free(w->verdicts);
        swapci_redis_free(w->redis);
        swapci_judge_fini(&w->judge);
        free(w->arena);
    }
    pthread_mutex_destroy(&verifier->lock);
    pthread_rwlock_destroy(&verifier->calls);
    free(verifier);
}
