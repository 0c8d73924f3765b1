/* What is shared: see process_impl.h. */
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "process_impl.h"
#include "redis_refusal.h"
#include "redis_reply.h"
#include "redis_retry.h"
#include "signal_mask.h"

enum { LOOK_MS = 2000, NAP_MS = 50 };

static void set_state(swapci_process *p, enum swapci_process_state state) {
    atomic_store_explicit(&p->state, (int)state, memory_order_relaxed);
}

/* Without the lease: another one has it, or it could not be renewed, of which the keeper has told. */
static enum swapc_status stand_by(swapci_process *p) {
    bool another = swapci_keeper_is_anothers(&p->keeper);
    set_state(p, another ? SWAPCI_PROCESS_STANDBY : SWAPCI_PROCESS_RECOVERING);
    if (another && !p->told_standby)
        swapc_log_write(&p->config.log, SWAPC_LOG_INFO, "process",
                        "another process reads %s as group %s: this one stands by, and takes over "
                        "when that one ends",
                        p->names->stream.messages, p->names->stream.group);
    p->told_standby |= another;
    p->recovering = p->unsure = true;
    swapci_redis_sleep(&p->stop, NAP_MS, NULL);
    return SWAPC_OK;
}

static enum swapc_status wait_for_readers(swapci_process *p) {
    set_state(p, SWAPCI_PROCESS_LAGGING);
    swapci_redis_sleep(&p->stop, NAP_MS, NULL);
    return SWAPC_OK;
}

/* One step of work. */
static enum swapc_status turn(swapci_process *p, swapc_error *error) {
    uint64_t now = swapci_clock_monotonic_ns();
    if (!swapci_keeper_owns(&p->keeper)) return stand_by(p);
    if (p->told_standby)
        swapc_log_write(&p->config.log, SWAPC_LOG_INFO, "process", "%s is this process's to read",
                        p->names->stream.messages);
    p->told_standby = false;
    enum swapc_status status = swapci_process_join_group(p, error);
    if (status != SWAPC_OK) return status;
    if (p->recovering || now >= p->look_due_ns) {
        if (p->recovering) set_state(p, SWAPCI_PROCESS_RECOVERING);
        p->recovering = true;
        p->look_due_ns = now + LOOK_MS * UINT64_C(1000000);
        return swapci_process_recover(p, error);
    }
    if (atomic_load(&p->keeper.lagging)) return wait_for_readers(p);
    set_state(p, SWAPCI_PROCESS_READING);
    return swapci_process_flow(p, error);
}

/* After a failed turn: what was in hand is pending, and comes first. */
static enum swapc_status mend(swapci_process *p, enum swapc_status status, const swapc_error *why,
                              swapc_error *error) {
    p->recovering = true;
    if (status == SWAPC_CLOSED) swapci_keeper_doubt(&p->keeper);
    if (status == SWAPC_CLOSED || status == SWAPC_BUSY) return SWAPC_OK;
    p->reading = 0;
    p->committing = false;
    if (status == SWAPC_TOO_LARGE || p->storing) p->read_max = 1; /* who knows which it was */
    if (status == SWAPC_TOO_LARGE) status = SWAPC_IO;             /* the connection has ended */
    if (status == SWAPC_IO || status == SWAPC_PROTOCOL)
        return swapci_redis_mend(p->redis, status, why, error);
    return swapc_error_set(error, status, "%s",
                           why->text[0] ? why->text : swapc_status_text(status));
}

static enum swapc_status work(swapci_process *p, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    while (status == SWAPC_OK && !swapci_process_stopping(p)) {
        swapc_error why = SWAPC_ERROR_INIT;
        status = turn(p, &why);
        if (status != SWAPC_OK) status = mend(p, status, &why, error);
        else if (atomic_load(&p->state) != SWAPCI_PROCESS_RECOVERING)
            swapci_redis_fine(p->redis); /* what was refused may be what comes behind recovery */
    }
    return status;
}

/* Leaves the group if nothing is pending. What a stop interrupted may have an answer owed: then over a new
 * connection, for which one attempt is made. */
static void leave(swapci_process *p) {
    enum swapc_status status = p->status;
    if (status == SWAPC_INTERRUPTED) status = swapci_redis_attempt(p->redis, NULL);
    if (status == SWAPC_OK && swapci_keeper_owns(&p->keeper))
        status = swapci_process_suspects_end(p, NULL);
    if (status == SWAPC_OK && swapci_keeper_owns(&p->keeper))
        (void)swapci_stream_retire(p->redis, &p->names->stream, p->config.consumer, "", NULL);
}

static void *process_main(void *user) {
    swapci_process *p = user;
    swapci_signal_mask_all(NULL); /* signals are the main thread's */
    p->status = work(p, &p->error);
    leave(p);
    swapci_keeper_end(&p->keeper);
    set_state(p, SWAPCI_PROCESS_ENDED);
    return NULL;
}

/* ---- the start ---------------------------------------------------------------------------------- */

/* What taking over from the dead needs. No consumer is called as the token, and no entry has the first id. */
static enum swapc_status try_recovery(swapci_process *p, swapc_error *error) {
    const swapci_stream_names *n = &p->names->stream;
    enum swapc_status status =
        swapci_redis_appendf(p->redis, error, "XINFO CONSUMERS %s %s", n->messages, n->group);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(p->redis, error, "XGROUP DELCONSUMER %s %s %s", n->messages,
                                      n->group, p->outputs.token);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(p->redis, error, "XREVRANGE %s 0-0 0-0 COUNT 1", n->messages);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(p->redis, error, "PTTL %s", p->names->lease);
    return status == SWAPC_OK ? swapci_redis_skip(p->redis, 4, "to take over from the dead", error)
                              : status;
}

/* All that is needed is asked for, what is needed only now and then by what does nothing: after the start a refusal ends
 * a process no more. */
static enum swapc_status try_first(void *user, swapc_error *error) {
    swapci_process *p = user;
    swapci_process_results_clear(&p->callers[0].results);
    enum swapc_status status = swapci_process_join_group(p, error);
    if (status == SWAPC_OK)
        status = swapci_stream_try(p->redis, &p->names->stream, p->config.consumer, error);
    if (status == SWAPC_OK) status = try_recovery(p, error);
    do {
        if (status == SWAPC_OK) status = swapci_process_store(p, (swapci_stream_id){0, 0}, error);
    } while (status == SWAPC_BUSY);
    return status;
}

static enum swapc_status connect(swapci_process *p, swapc_error *error) {
    swapci_redis_config redis = p->config.redis;
    redis.log = &p->config.log;
    redis.role = "process";
    p->keeper.names = p->names;
    p->keeper.max_lag = p->config.max_lag;
    p->keeper.lease_ms = p->config.lease_ms ? p->config.lease_ms : SWAPCI_LEASE_MS;
    p->keeper.terms = p->config.terms;
    p->keeper.log = p->config.log;
    enum swapc_status status = swapci_redis_open(&redis, &p->redis, error);
    if (status == SWAPC_OK) status = swapci_keeper_init(&p->keeper, &redis, error);
    if (status == SWAPC_OK) status = swapci_process_outputs_init(&p->outputs, p->redis, error);
    if (status != SWAPC_OK) return status;
    p->outputs.names = p->names;
    p->outputs.token = p->keeper.lease.token;
    p->outputs.delete = p->config.delete;
    p->outputs.keep = p->config.keep;
    status = swapci_redis_persist(p->redis, try_first, p, error);
    if (status == SWAPC_OK) swapci_redis_settled(p->redis);
    swapci_redis_limit(p->redis, SWAPCI_PROCESS_ENTRY_BYTES);
    return status;
}

static void callers_init(swapci_process *p) {
    uint64_t deadline_ns = swapci_slots_deadline_ms(p->config.slots) * UINT64_C(1000000);
    for (unsigned i = 0; i < p->config.workers; i++) {
        swapci_caller *c = &p->callers[i];
        c->process = p;
        c->reply = (swapc_reply)SWAPC_REPLY_INIT;
        c->results.names = p->names;
        c->results.copy = p->config.copy;
        swapci_batch_credit_init(&c->credit, p->config.batch, deadline_ns / 2);
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    pthread_rwlockattr_t kind; /* who must be alone is let in before those who come after it */
    pthread_rwlockattr_init(&kind);
    pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&p->calls, &kind);
    pthread_rwlockattr_destroy(&kind);
}

enum swapc_status swapci_process_new(const swapci_process_config *config, swapci_process **out,
                                     swapc_error *error) {
    size_t len = strlen(config->consumer);
    if (len == 0 || len > SWAPCI_STREAM_CONSUMER_MAX)
        return swapc_error_set(error, SWAPC_INVALID, "--consumer must have 1 to %d bytes",
                               SWAPCI_STREAM_CONSUMER_MAX);
    swapci_process *p = calloc(1, sizeof *p + config->workers * sizeof *p->callers);
    if (!p) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    p->config = *config;
    p->names = config->names;
    p->recovering = p->unsure = true;
    p->keeper.host.fd = -1;
    callers_init(p);
    enum swapc_status status = connect(p, error);
    if (status == SWAPC_OK) *out = p;
    else swapci_process_free(p);
    return status;
}

enum swapc_status swapci_process_start(swapci_process *p, swapc_error *error) {
    p->came_ns = swapci_clock_monotonic_ns();
    enum swapc_status status = swapci_keeper_start(&p->keeper, error);
    if (status == SWAPC_OK) status = swapci_process_callers_start(p, error);
    if (status != SWAPC_OK) return status;
    int failed = pthread_create(&p->thread, NULL, process_main, p);
    if (failed) return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start a thread");
    p->started = true;
    return status;
}

void swapci_process_stop(swapci_process *p) {
    if (atomic_load(&p->stop)) return;
    atomic_store(&p->stop_ns, swapci_clock_monotonic_ns());
    atomic_store(&p->stop, 1);
}

enum swapc_status swapci_process_join(swapci_process *p, swapc_error *error) {
    if (p->started) pthread_join(p->thread, NULL);
    p->started = false;
    if (p->status != SWAPC_OK) swapc_error_set(error, p->status, "%s", p->error.text);
    return p->status;
}

bool swapci_process_ended(const swapci_process *p) {
    return atomic_load(&p->state) == SWAPCI_PROCESS_ENDED;
}

void swapci_process_free(swapci_process *p) {
    if (!p) return;
    swapci_process_callers_end(p);
    swapci_keeper_fini(&p->keeper);
    for (unsigned i = 0; i < p->config.workers; i++) {
        swapc_reply_fini(&p->callers[i].reply);
        swapci_buffer_fini(&p->callers[i].request);
        swapci_buffer_fini(&p->callers[i].results.arguments);
    }
    for (unsigned i = 0; i < 2; i++) swapci_process_entries_fini(&p->hands[i]);
    swapci_process_outputs_fini(&p->outputs);
    swapci_redis_free(p->redis);
    pthread_rwlock_destroy(&p->calls);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

const char *swapci_process_state_name(enum swapci_process_state state) {
    static const char *const names[] = {"standby", "recovering", "reading", "lagging", "ended"};
    return names[state];
}

swapci_process_stats swapci_process_stats_get(const swapci_process *p) {
#define LOAD(name) .name = atomic_load_explicit(&p->count_##name, memory_order_relaxed),
    swapci_process_stats stats = {
        SWAPCI_PROCESS_COUNTERS(LOAD).state = (enum swapci_process_state)atomic_load(&p->state),
        .owns = swapci_keeper_owns(&p->keeper), .lag = atomic_load(&p->keeper.lag),
        .in_hand = atomic_load(&p->in_hand),
        .hindered = atomic_load(&p->hindered) + atomic_load(&p->keeper.disagrees)};
#undef LOAD
    const char *reason = atomic_load(&p->last_reason);
    snprintf(stats.last_reason, sizeof stats.last_reason, "%s", reason ? reason : "");
    return stats;
}
