/* What is shared: a share's flags, each read by itself; `state`, of a share, and `members`, which the controller's thread writes; what
 * a work returned is read by the controller once `ended` is set, which orders it. All else is the controller's. */
#include "shares.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "redis_retry.h"
#include "signal_mask.h"

enum { NAP_MS = 20, AGAIN_MS = 2000, PATIENCE_MS = 2000 };

enum state { IDLE, WORKED, FAILING };

struct part {
    swapci_share share;
    swapci_shares *shares;
    pthread_t thread;
    bool started;
    bool first; /* it was this process's from the start, and has not been up yet */
    atomic_bool ended;
    enum swapc_status status;
    swapc_error error;
    uint64_t stop_ns;  /* when stop was raised */
    uint64_t again_ns; /* not before that */
    atomic_int state;
};

struct swapci_shares {
    swapci_shares_config config;
    swapci_redis *redis;
    swapci_balance balance;
    uint64_t beat_due_ns;
    bool begun; /* the first beat was made */
    pthread_t thread;
    bool started;
    enum swapc_status status;
    swapc_error error;
    atomic_int stop;
    atomic_bool ended;
    atomic_uint members;
    struct part parts[];
};

static uint64_t after_ms(uint64_t ms) {
    return swapci_clock_monotonic_ns() + ms * UINT64_C(1000000);
}

/* ---- one partition -------------------------------------------------------------------------------- */

static void *part_main(void *user) {
    struct part *part = user;
    const swapci_shares_config *config = &part->shares->config;
    swapci_signal_mask_all(NULL); /* signals are the main thread's */
    part->status = config->work(config->user, &part->share, &part->error);
    atomic_store(&part->ended, true);
    return NULL;
}

static void part_start(struct part *part) {
    atomic_store(&part->share.stop, 0);
    atomic_store(&part->share.hurry, 0);
    atomic_store(&part->share.up, false);
    atomic_store(&part->ended, false);
    swapc_error_clear(&part->error);
    part->started = pthread_create(&part->thread, NULL, part_main, part) == 0;
    if (part->started) return;
    part->again_ns = after_ms(AGAIN_MS);
    atomic_store(&part->state, FAILING);
}

static void part_stop(struct part *part) {
    const swapci_shares *s = part->shares;
    char name[SWAPCI_STREAM_NAME_MAX + 1] = "";
    if (!part->started || atomic_load(&part->share.stop)) return;
    if (!atomic_load(&s->stop) &&
        swapci_partition_prefix(s->config.partitions, part->share.partition, name, sizeof name,
                                NULL) == SWAPC_OK)
        swapc_log_write(&s->config.log, SWAPC_LOG_INFO, s->config.log_role,
                        "partition %s goes to another of the %u that share them", name,
                        s->balance.members);
    part->stop_ns = swapci_clock_monotonic_ns();
    atomic_store(&part->share.stop, 1);
}

/* The end of a part's thread. Returns what its work failed of, if that ends all. */
static enum swapc_status part_join(swapci_shares *s, struct part *part, swapc_error *error) {
    char name[SWAPCI_STREAM_NAME_MAX + 1] = "";
    enum swapc_status status = part->status;
    pthread_join(part->thread, NULL);
    part->started = false;
    atomic_store(&part->state, IDLE);
    if (status == SWAPC_OK || status == SWAPC_INTERRUPTED) return SWAPC_OK;
    (void)swapci_partition_prefix(s->config.partitions, part->share.partition, name, sizeof name,
                                  NULL);
    if (part->first)
        return swapc_error_set(error, status, "partition %s: %s", name, part->error.text);
    swapc_log_write(&s->config.log, SWAPC_LOG_ERROR, s->config.log_role,
                    "partition %s: %s (tried again)", name, part->error.text);
    part->again_ns = after_ms(AGAIN_MS);
    atomic_store(&part->state, FAILING);
    return SWAPC_OK;
}

static void hurry_up(const swapci_shares *s, struct part *part) {
    const atomic_int *now = s->config.redis.stop;
    bool late = atomic_load(&part->share.stop) &&
                swapci_clock_monotonic_ns() > part->stop_ns + PATIENCE_MS * UINT64_C(1000000);
    if (late || (now && atomic_load(now))) atomic_store(&part->share.hurry, 1);
}

/* One look at a partition: whether it is to be begun, to be ended, or has ended. */
static enum swapc_status tend(swapci_shares *s, unsigned k, bool wanted, swapc_error *error) {
    struct part *part = &s->parts[k];
    if (!wanted) {
        part->first = false;
        part_stop(part);
        if (!part->started) atomic_store(&part->state, IDLE);
    }
    if (part->started) {
        hurry_up(s, part);
        if (atomic_load(&part->share.up)) {
            atomic_store(&part->state, WORKED);
            part->first = false;
        }
        return atomic_load(&part->ended) ? part_join(s, part, error) : SWAPC_OK;
    }
    if (wanted && swapci_clock_monotonic_ns() >= part->again_ns) part_start(part);
    return SWAPC_OK;
}

/* ---- the controller ------------------------------------------------------------------------------- */

static enum swapc_status beat(void *user, swapc_error *error) {
    swapci_shares *s = user;
    enum swapc_status status = swapci_balance_beat(&s->balance, s->redis, error);
    if (status != SWAPC_OK) return status;
    atomic_store(&s->members, s->balance.members);
    for (unsigned k = 0; k < s->balance.count && !s->begun; k++)
        s->parts[k].first = s->balance.mine[k];
    s->begun = true;
    s->beat_due_ns = after_ms(SWAPCI_BALANCE_BEAT_MS);
    return status;
}

/* Over a new connection, when a stop has interrupted the one there is: for that one attempt is made. */
static void leave(swapci_shares *s, bool interrupted) {
    enum swapc_status status = SWAPC_OK;
    swapci_redis_stopped_by(s->redis, s->config.redis.stop);
    if (interrupted) status = swapci_redis_attempt(s->redis, NULL);
    if (status == SWAPC_OK) (void)swapci_balance_leave(&s->balance, s->redis, NULL);
}

static enum swapc_status tend_all(swapci_shares *s, bool go_on, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned k = 0; k < s->balance.count && status == SWAPC_OK; k++)
        status = tend(s, k, go_on && s->balance.mine[k], error);
    return status;
}

static bool any_started(const swapci_shares *s) {
    for (unsigned k = 0; k < s->balance.count; k++)
        if (s->parts[k].started) return true;
    return false;
}

static void *control(void *user) {
    swapci_shares *s = user;
    enum swapc_status status = SWAPC_OK;
    swapci_signal_mask_all(NULL); /* signals are the main thread's */
    while (status == SWAPC_OK && !atomic_load(&s->stop)) {
        if (swapci_clock_monotonic_ns() >= s->beat_due_ns)
            status = swapci_redis_persist(s->redis, beat, s, &s->error);
        if (status == SWAPC_OK) status = tend_all(s, true, &s->error);
        if (status == SWAPC_OK) swapci_redis_sleep(&s->stop, NAP_MS, NULL);
    }
    leave(s, status == SWAPC_INTERRUPTED);
    while (any_started(s)) {
        swapc_error later = SWAPC_ERROR_INIT;
        (void)tend_all(s, false, &later);
        swapci_redis_sleep(NULL, NAP_MS, NULL);
    }
    s->status = atomic_load(&s->stop) && status == SWAPC_INTERRUPTED ? SWAPC_OK : status;
    atomic_store(&s->ended, true);
    return NULL;
}

/* ---- from outside --------------------------------------------------------------------------------- */

enum swapc_status swapci_shares_new(const swapci_shares_config *config, swapci_shares **out,
                                    swapc_error *error) {
    unsigned count = config->partitions->count;
    swapci_redis_config redis = config->redis;
    swapci_shares *s = calloc(1, sizeof *s + count * sizeof *s->parts);
    if (!s) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    s->config = *config;
    for (unsigned k = 0; k < count; k++) {
        s->parts[k].shares = s;
        s->parts[k].share.partition = k;
        s->parts[k].error = (swapc_error)SWAPC_ERROR_INIT;
    }
    s->error = (swapc_error)SWAPC_ERROR_INIT;
    redis.url = swapci_partition_url(config->partitions, 0);
    enum swapc_status status =
        swapci_balance_init(&s->balance, config->partitions, config->role, config->consumer, error);
    if (status == SWAPC_OK) status = swapci_redis_open(&redis, &s->redis, error);
    if (status == SWAPC_OK) *out = s;
    else swapci_shares_free(s);
    return status;
}

enum swapc_status swapci_shares_start(swapci_shares *s, swapc_error *error) {
    enum swapc_status status = swapci_redis_persist(s->redis, beat, s, error);
    if (status != SWAPC_OK) return status;
    swapci_redis_settled(s->redis);
    swapci_redis_stopped_by(s->redis, &s->stop);
    int failed = pthread_create(&s->thread, NULL, control, s);
    if (failed) return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start a thread");
    s->started = true;
    return SWAPC_OK;
}

void swapci_shares_stop(swapci_shares *s) {
    atomic_store(&s->stop, 1);
}

bool swapci_shares_ended(const swapci_shares *s) {
    return atomic_load(&s->ended);
}

enum swapc_status swapci_shares_join(swapci_shares *s, swapc_error *error) {
    if (s->started) pthread_join(s->thread, NULL);
    s->started = false;
    if (s->status != SWAPC_OK) swapc_error_set(error, s->status, "%s", s->error.text);
    return s->status;
}

void swapci_shares_free(swapci_shares *s) {
    if (!s) return;
    if (s->started) {
        swapci_shares_stop(s);
        (void)swapci_shares_join(s, NULL);
    }
    swapci_redis_free(s->redis);
    free(s);
}

void swapci_shares_stats_get(const swapci_shares *s, swapci_shares_stats *out) {
    *out = (swapci_shares_stats){.members = atomic_load(&s->members)};
    for (unsigned k = 0; k < s->balance.count; k++) {
        int state = atomic_load(&s->parts[k].state);
        out->worked[k] = state == WORKED;
        out->up += state == WORKED;
        out->failing += state == FAILING;
    }
}
