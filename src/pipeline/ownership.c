/* A thread shares out, and for each server one keeps the leases there, so that none waits for another server that hangs.
 *
 * What is shared: of a partition `mine`, which the first writes for its keeper; `until_ns`, which the keeper writes for who works
 * on the partition (may), on the clock that goes on while the process is stopped, so that it is over by itself. `members` and `begun`,
 * for who asks; `stop`, which only rises. `refused`, `trouble`, `limit`, and of each partition `failing_ns` and `why`, are under `lock`. Of
 * the rest each has its own. */
#include "ownership.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "clock.h"
#include "lease.h"
#include "log_limit.h"
#include "redis_refusal.h"
#include "redis_retry.h"
#include "signal_mask.h"

enum {
    STEP_MS = 100,
    RENEW_MS = 1000,
    ASK_MS = 250,    /* for another's lease */
    CHECK_MS = 5000, /* the number */
    CONNECT_MS = 500,
    ANSWER_MS = 1000,
    TROUBLE_MS = 1000 /* after so long in vain it is told */
};

struct holding {
    swapci_lease lease;
    _Atomic uint64_t until_ns; /* 0: not ours */
    uint64_t due_ns;
    atomic_bool mine;    /* to be held */
    uint64_t failing_ns; /* since when it fails; 0: it does not; written under the lock */
    bool first; /* it is of the share that this process began with, and was to be had at once */
    char why[SWAPCI_OWNERSHIP_REFUSED_MAX]; /* of failing_ns */
};

/* A connection of one thread. */
struct link {
    unsigned server;
    swapci_redis *redis;
    bool broken;
    uint64_t again_ns; /* when one that did not answer is tried next */
};

struct keeper {
    struct swapci_ownership *ownership;
    struct link link;
    unsigned owed;    /* answers to questions for leases */
    swapc_error lost; /* how the connection was lost that owed them */
    pthread_t thread;
    bool started;
};

struct swapci_ownership {
    swapci_ownership_config config;
    swapci_balance balance;
    uint64_t beat_due_ns;
    atomic_uint members;
    atomic_uint begun; /* keepers that have looked at all of theirs once */
    struct link shares;
    struct keeper keepers[SWAPCI_SERVERS_MAX];
    unsigned keeper_count;
    bool unshared;       /* as it was last: there was no beat */
    swapc_error why;     /* of that */
    uint64_t failing_ns; /* since when that, or a lease, fails; 0: none does */
    char told[SWAPCI_OWNERSHIP_TEXT_MAX];
    char plain[SWAPCI_STREAM_NAME_MAX + 1];
    uint64_t check_due_ns;
    bool left; /* as it is refused */
    pthread_mutex_t lock;
    swapci_log_limit limit;                     /* of what is said of refusals */
    char refused[SWAPCI_OWNERSHIP_REFUSED_MAX]; /* "": it is not */
    char trouble[SWAPCI_OWNERSHIP_REFUSED_MAX]; /* the same */
    atomic_int stop;
    pthread_t thread;
    bool started;
    unsigned count;
    struct holding holdings[];
};

static uint64_t in_ms(uint64_t now, uint64_t ms) {
    return now + ms * 1000000u;
}

/* Waits for nobody for long, as leases have to be renewed. */
static swapci_redis_config hasty(const struct swapci_ownership *o, const char *url) {
    return (swapci_redis_config){.url = url,
                                 .connect_ms = CONNECT_MS,
                                 .answer_ms = o->config.answer_ms,
                                 .health = o->config.redis.health};
}

/* The connection to a server, made anew where it was lost; NULL: it does not answer now. */
static swapci_redis *connected(struct swapci_ownership *o, struct link *link, swapc_error *error) {
    uint64_t now = swapci_clock_monotonic_ns();
    enum swapc_status status;
    if (link->redis && !link->broken) return link->redis;
    if (now < link->again_ns) return NULL;
    if (link->redis) {
        status = swapci_redis_attempt(link->redis, error);
    } else {
        const swapci_redis_config config = hasty(o, o->config.partitions->urls[link->server]);
        status = swapci_redis_open(&config, &link->redis, error);
    }
    link->broken = status != SWAPC_OK;
    link->again_ns = in_ms(swapci_clock_monotonic_ns(), SWAPCI_BALANCE_BEAT_MS);
    return status == SWAPC_OK ? link->redis : NULL;
}

/* Whether another connection is needed: this one is lost, or its server is none to be asked any more (a replica since a failover), and
 * its name leads elsewhere now. */
static bool needs_another(const struct link *link, enum swapc_status status) {
    if (status == SWAPC_PROTOCOL)
        return link->redis && swapci_redis_last_refusal(link->redis) == SWAPCI_REDIS_GONE;
    return status != SWAPC_NOT_ALLOWED;
}

/* A failure is said now and then; the next turn tries again. */
static void failed(struct swapci_ownership *o, struct link *link, const swapc_error *why) {
    uint64_t now = swapci_clock_monotonic_ns();
    if (why->status == SWAPC_OK) return; /* it is not time to try */
    if (needs_another(link, why->status)) link->broken = true;
    pthread_mutex_lock(&o->lock);
    bool may = swapci_log_limit_may(&o->limit, now, now);
    pthread_mutex_unlock(&o->lock);
    if (may)
        swapc_log_write(&o->config.log, SWAPC_LOG_WARN, o->config.log_role,
                        "partitions are not shared out for now: %s", why->text);
}

static bool is_refused(const struct swapci_ownership *o) {
    return o->refused[0] != 0; /* the thread that asks alone writes it */
}

/* Whether all mean the same still: the number may have been deleted, and another be kept. */
static void check(struct swapci_ownership *o, uint64_t now) {
    const swapci_redis_config config = hasty(o, NULL);
    swapc_error why = SWAPC_ERROR_INIT;
    if (now < o->check_due_ns) return;
    o->check_due_ns = in_ms(now, o->config.check_ms);
    enum swapc_status status =
        swapci_partitions_claim(o->config.partitions, o->plain, &config, &why);
    if (status != SWAPC_OK && status != SWAPC_INVALID) return; /* nothing is known */
    bool said = is_refused(o);
    pthread_mutex_lock(&o->lock);
    snprintf(o->refused, sizeof o->refused, "%.440s", status == SWAPC_OK ? "" : why.text);
    pthread_mutex_unlock(&o->lock);
    if (status == SWAPC_INVALID && !said)
        swapc_log_write(&o->config.log, SWAPC_LOG_ERROR, o->config.log_role, "%s", why.text);
}

/* Those with another number share out by the same hash: one who is refused has no part in it. */
static void step_back(struct swapci_ownership *o) {
    swapci_redis *redis = o->left ? NULL : connected(o, &o->shares, NULL);
    if (redis) o->left = swapci_balance_leave(&o->balance, redis, NULL) == SWAPC_OK;
}

static void beat(struct swapci_ownership *o, uint64_t now) {
    swapc_error why = SWAPC_ERROR_INIT;
    if (is_refused(o)) {
        step_back(o);
        return;
    }
    o->left = false;
    if (now < o->beat_due_ns) return;
    o->beat_due_ns = in_ms(now, SWAPCI_BALANCE_BEAT_MS);
    swapci_redis *redis = connected(o, &o->shares, &why);
    o->unshared = !redis || swapci_balance_beat(&o->balance, redis, &why) != SWAPC_OK;
    if (why.status != SWAPC_OK) o->why = why; /* else it is not time to try */
    if (o->unshared) failed(o, &o->shares, &why);
    atomic_store(&o->members, o->balance.members);
}

/* What the keepers are to hold. */
static void hand_over(struct swapci_ownership *o) {
    for (unsigned k = 0; k < o->count; k++)
        atomic_store(&o->holdings[k].mine, o->balance.mine[k] && !is_refused(o));
}

/* A thread begins once all are there. */
static void await_all(struct swapci_ownership *o) {
    swapci_signal_mask_all(NULL);
    pthread_mutex_lock(&o->lock);
    pthread_mutex_unlock(&o->lock);
}

/* ---- a keeper ------------------------------------------------------------------------------------- */

/* Without a new reason (it is not time to try) the last one is still true. */
static void set_failing(struct swapci_ownership *o, struct holding *h, bool failing,
                        const swapc_error *why) {
    pthread_mutex_lock(&o->lock);
    if (!failing) h->failing_ns = 0;
    else if (h->failing_ns == 0) h->failing_ns = swapci_clock_monotonic_ns();
    if (why->status != SWAPC_OK) snprintf(h->why, sizeof h->why, "%.440s", why->text);
    pthread_mutex_unlock(&o->lock);
}

/* How asking for a lease has ended. Returns whether it has. */
static bool settle(struct keeper *keeper, struct holding *h, bool fine, const swapc_error *why) {
    set_failing(keeper->ownership, h, !fine, why);
    if (!fine) failed(keeper->ownership, &keeper->link, why);
    return fine;
}

/* Asks for the lease of a partition, or for more time. Returns whether its answer is owed. */
static bool ask(struct keeper *keeper, unsigned k, uint64_t now) {
    struct swapci_ownership *o = keeper->ownership;
    struct holding *h = &o->holdings[k];
    swapc_error why = SWAPC_ERROR_INIT;
    if (o->config.members_lease) {
        h->lease.held = true;
        atomic_store(&h->until_ns, UINT64_MAX);
        return false;
    }
    if (now < h->due_ns) return false;
    h->due_ns = in_ms(now, ASK_MS);
    /* No new connection while answers are owed: they would be taken for others. */
    bool lost = keeper->owed > 0 && keeper->link.broken;
    swapci_redis *redis = lost ? NULL : connected(o, &keeper->link, &why);
    if (!redis || swapci_lease_ask(redis, &h->lease, false, &why) != SWAPC_OK)
        return settle(keeper, h, false, &why);
    keeper->owed++;
    return true;
}

/* The answer; the time is that of the question. */
static void take_answer(struct keeper *keeper, unsigned k, uint64_t now) {
    struct holding *h = &keeper->ownership->holdings[k];
    swapc_error why = SWAPC_ERROR_INIT;
    bool recalled;
    enum swapc_status status = SWAPC_IO;
    keeper->owed--;
    if (!keeper->link.broken)
        status = swapci_lease_answer(keeper->link.redis, &h->lease, &recalled, &why);
    else why = keeper->lost;
    if (status != SWAPC_OK) keeper->lost = why;
    if (!settle(keeper, h, status == SWAPC_OK, &why)) return;
    if (h->lease.held) h->due_ns = in_ms(now, RENEW_MS);
    atomic_store(&h->until_ns, h->lease.held ? h->lease.until_ns : 0);
}

/* It is the others' from now on; what cannot be given back expires. */
static void release(struct keeper *keeper, unsigned k) {
    struct swapci_ownership *o = keeper->ownership;
    struct holding *h = &o->holdings[k];
    swapc_error why = SWAPC_ERROR_INIT;
    atomic_store(&h->until_ns, 0);
    h->due_ns = 0;
    set_failing(o, h, false, &why);
    if (!h->lease.held) return;
    h->lease.held = false;
    if (o->config.members_lease) return;
    swapci_redis *redis = connected(o, &keeper->link, &why);
    if (!redis || swapci_lease_release(redis, &h->lease, &why) != SWAPC_OK)
        failed(o, &keeper->link, &why);
}

/* Whether its lease is to be held. What is to go is given back once its member has ended. */
static bool is_to_be_held(struct keeper *keeper, unsigned k) {
    struct swapci_ownership *o = keeper->ownership;
    struct holding *h = &o->holdings[k];
    bool mine = atomic_load(&h->mine);
    h->first &= mine;
    if (!mine) swapci_fleet_wish(o->config.fleet, k, SWAPCI_FLEET_OUT);
    bool held = mine || swapci_fleet_busy(o->config.fleet, k);
    if (!held) release(keeper, k);
    return held;
}

static void wish(struct swapci_ownership *o, unsigned k) {
    const struct holding *h = &o->holdings[k];
    if (!h->lease.held) swapci_fleet_wish(o->config.fleet, k, SWAPCI_FLEET_OUT_NOW);
    else if (atomic_load(&h->mine) && swapci_ownership_may(o, k))
        swapci_fleet_wish(o->config.fleet, k, h->first ? SWAPCI_FLEET_FIRST : SWAPCI_FLEET_IN);
}

/* All leases are asked for in one pipeline: one after the other, those of many partitions end on the long way to a server far away. */
static void turn(struct keeper *keeper) {
    struct swapci_ownership *o = keeper->ownership;
    const unsigned first = keeper->link.server, step = o->keeper_count;
    bool held[SWAPCI_PARTITIONS_MAX], owed[SWAPCI_PARTITIONS_MAX];
    for (unsigned k = first; k < o->count; k += step) held[k] = is_to_be_held(keeper, k);
    uint64_t now = swapci_clock_monotonic_ns();
    for (unsigned k = first; k < o->count; k += step) owed[k] = held[k] && ask(keeper, k, now);
    for (unsigned k = first; k < o->count; k += step)
        if (owed[k]) take_answer(keeper, k, now);
    for (unsigned k = first; k < o->count; k += step)
        if (held[k]) wish(o, k);
}

/* What another still has is no part of the start. */
static void begun(struct keeper *keeper) {
    struct swapci_ownership *o = keeper->ownership;
    for (unsigned k = keeper->link.server; k < o->count; k += o->keeper_count)
        o->holdings[k].first &= o->holdings[k].lease.held;
    atomic_fetch_add(&o->begun, 1);
}

static void *keep(void *user) {
    struct keeper *keeper = user;
    struct swapci_ownership *o = keeper->ownership;
    const unsigned step = o->keeper_count;
    bool looked = false;
    await_all(o);
    while (!atomic_load(&o->stop)) {
        turn(keeper);
        if (!looked) begun(keeper);
        looked = true;
        swapci_redis_sleep(&o->stop, STEP_MS, NULL);
    }
    for (unsigned k = keeper->link.server; k < o->count; k += step) release(keeper, k);
    return NULL;
}

/* ---- who shares out ------------------------------------------------------------------------------- */

/* What fails for longer than a moment is told to who asks: others may not be able to do it either. */
static void tell_trouble(struct swapci_ownership *o, uint64_t now) {
    bool failing[SWAPCI_PARTITIONS_MAX] = {false}, any = o->unshared && !is_refused(o);
    char list[SWAPCI_OWNERSHIP_TEXT_MAX / 2], text[SWAPCI_OWNERSHIP_REFUSED_MAX] = "";
    pthread_mutex_lock(&o->lock);
    for (unsigned k = 0; k < o->count; k++) any |= failing[k] = o->holdings[k].failing_ns != 0;
    if (!any) o->failing_ns = 0;
    else if (o->failing_ns == 0) o->failing_ns = now;
    swapci_partition_list(failing, list, sizeof list);
    bool tell = any && now >= in_ms(o->failing_ns, TROUBLE_MS);
    unsigned first = 0;
    while (first + 1 < o->count && !failing[first]) first++;
    if (tell && o->unshared)
        snprintf(text, sizeof text, "partitions are not shared out: %.400s", o->why.text);
    else if (tell)
        snprintf(text, sizeof text, "no lease is to be had of partition %s: %.340s", list,
                 o->holdings[first].why);
    memcpy(o->trouble, text, sizeof text);
    pthread_mutex_unlock(&o->lock);
}

static void say(struct swapci_ownership *o) {
    char text[SWAPCI_OWNERSHIP_TEXT_MAX];
    unsigned count = swapci_ownership_tell(o, text);
    if (strcmp(text, o->told) == 0) return;
    memcpy(o->told, text, sizeof text);
    swapc_log_write(&o->config.log, SWAPC_LOG_INFO, o->config.log_role,
                    "partitions: %s, shared with %u more%s", text,
                    o->balance.members ? o->balance.members - 1 : 0, count ? "" : ": it stands by");
}

static void *work(void *user) {
    struct swapci_ownership *o = user;
    await_all(o);
    while (!atomic_load(&o->stop)) {
        check(o, swapci_clock_monotonic_ns());
        beat(o, swapci_clock_monotonic_ns());
        hand_over(o);
        tell_trouble(o, swapci_clock_monotonic_ns());
        say(o);
        swapci_redis_sleep(&o->stop, STEP_MS, NULL);
    }
    swapci_redis *redis = connected(o, &o->shares, NULL);
    if (redis) (void)swapci_balance_leave(&o->balance, redis, NULL);
    atomic_store(&o->members, 0);
    return NULL;
}

static enum swapc_status name_leases(struct swapci_ownership *o, swapc_error *error) {
    char prefix[SWAPCI_STREAM_NAME_MAX + 1], key[2 * sizeof prefix];
    enum swapc_status status = SWAPC_OK;
    for (unsigned k = 0; k < o->count && status == SWAPC_OK; k++) {
        status = swapci_partition_prefix(o->config.partitions, k, prefix, sizeof prefix, error);
        if (status != SWAPC_OK) break;
        int len = snprintf(key, sizeof key, "%s:owner:%s", prefix, o->config.role);
        if (len > SWAPCI_STREAM_NAME_MAX)
            return swapc_error_set(error, SWAPC_TOO_LARGE, "the prefix '%.60s' is too long",
                                   prefix);
        status = swapci_lease_init_key(&o->holdings[k].lease, key, NULL, error);
        o->holdings[k].lease.ms =
            o->config.lease_ms ? o->config.lease_ms : SWAPCI_PARTITION_LEASE_MS;
    }
    return status;
}

/* Those with other terms may just have died, and count as alive until they could have beaten once more. */
static enum swapc_status first_beat(void *user, swapc_error *error) {
    struct swapci_ownership *o = user;
    for (uint64_t end = 0;; end = o->balance.others_end) {
        swapc_error why = SWAPC_ERROR_INIT;
        enum swapc_status status = swapci_balance_beat(&o->balance, o->shares.redis, &why);
        if (status != SWAPC_NOT_ALLOWED || (end > 0 && o->balance.others_end > end)) {
            *error = why;
            return status;
        }
        status = swapci_redis_sleep(o->config.redis.stop, STEP_MS, error);
        if (status != SWAPC_OK) return status;
    }
}

/* Over a connection as patient as the caller's; what comes after it is in a hurry. */
static enum swapc_status join(struct swapci_ownership *o, swapc_error *error) {
    swapci_redis_config config = o->config.redis;
    config.url = o->config.partitions->urls[0];
    config.log = &o->config.log;
    config.role = o->config.log_role;
    enum swapc_status status = swapci_redis_open(&config, &o->shares.redis, error);
    if (status == SWAPC_OK) status = swapci_redis_persist(o->shares.redis, first_beat, o, error);
    swapci_redis_free(o->shares.redis);
    o->shares.redis = NULL;
    if (status != SWAPC_OK) return status;
    for (unsigned k = 0; k < o->count; k++) o->holdings[k].first = o->balance.mine[k];
    o->beat_due_ns = in_ms(swapci_clock_monotonic_ns(), SWAPCI_BALANCE_BEAT_MS);
    atomic_store(&o->members, o->balance.members);
    return status;
}

static enum swapc_status start_threads(struct swapci_ownership *o, swapc_error *error) {
    hand_over(o);
    pthread_mutex_lock(&o->lock);
    int why = pthread_create(&o->thread, NULL, work, o);
    o->started = why == 0;
    for (unsigned r = 0; r < o->keeper_count && why == 0; r++) {
        struct keeper *keeper = &o->keepers[r];
        *keeper = (struct keeper){.ownership = o, .link.server = r};
        why = pthread_create(&keeper->thread, NULL, keep, keeper);
        keeper->started = why == 0;
    }
    if (why) atomic_store(&o->stop, 1);
    pthread_mutex_unlock(&o->lock);
    return why ? swapc_error_set_errno(error, SWAPC_SYSTEM, why, "no thread for partitions")
               : SWAPC_OK;
}

enum swapc_status swapci_ownership_start(const swapci_ownership_config *config,
                                         _Atomic(swapci_ownership *) *out, swapc_error *error) {
    unsigned count = config->partitions->count;
    struct swapci_ownership *o = calloc(1, sizeof *o + count * sizeof *o->holdings);
    atomic_store(out, NULL);
    if (!o) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    o->config = *config;
    o->count = count;
    o->keeper_count = config->members_lease ? 1 : config->partitions->servers;
    if (o->config.check_ms == 0) o->config.check_ms = CHECK_MS;
    if (o->config.answer_ms == 0) o->config.answer_ms = ANSWER_MS;
    o->check_due_ns = in_ms(swapci_clock_monotonic_ns(), o->config.check_ms);
    snprintf(o->plain, sizeof o->plain, "%s", config->plain);
    pthread_mutex_init(&o->lock, NULL);
    enum swapc_status status =
        swapci_balance_init(&o->balance, config->partitions, config->role, config->consumer, error);
    o->balance.terms = config->terms;
    if (config->lease_ms) o->balance.out_ms = config->lease_ms;
    if (status == SWAPC_OK) status = name_leases(o, error);
    if (status == SWAPC_OK) status = join(o, error);
    if (status != SWAPC_OK) {
        swapci_ownership_free(o);
        return status;
    }
    atomic_store(out, o); /* there before the first member is */
    status = start_threads(o, error);
    if (status != SWAPC_OK) swapci_ownership_end(o);
    return status;
}

bool swapci_ownership_has_begun(const swapci_ownership *o) {
    return atomic_load(&o->begun) == o->keeper_count;
}

bool swapci_ownership_failing(swapci_ownership *o, unsigned k, char *why, size_t size) {
    const struct holding *h = &o->holdings[k];
    uint64_t now = swapci_clock_monotonic_ns();
    pthread_mutex_lock(&o->lock);
    bool failing = h->failing_ns != 0 && now >= in_ms(h->failing_ns, TROUBLE_MS);
    snprintf(why, size, "%s", failing ? h->why : "");
    pthread_mutex_unlock(&o->lock);
    return failing;
}

bool swapci_ownership_may(const swapci_ownership *o, unsigned k) {
    return swapci_lease_now_ns() < atomic_load(&o->holdings[k].until_ns);
}

unsigned swapci_ownership_members(const swapci_ownership *o) {
    return atomic_load(&o->members);
}

unsigned swapci_ownership_tell(swapci_ownership *o, char out[SWAPCI_OWNERSHIP_TEXT_MAX]) {
    char list[SWAPCI_OWNERSHIP_TEXT_MAX - 28];
    bool mine[SWAPCI_PARTITIONS_MAX] = {false};
    unsigned count = 0;
    for (unsigned k = 0; k < o->count; k++) count += mine[k] = swapci_ownership_may(o, k);
    swapci_partition_list(mine, list, sizeof list);
    if (out) snprintf(out, SWAPCI_OWNERSHIP_TEXT_MAX, "%s of %u", list, o->count);
    return count;
}

bool swapci_ownership_refused(swapci_ownership *o, char *out, size_t size) {
    pthread_mutex_lock(&o->lock);
    snprintf(out, size, "%s", o->refused[0] ? o->refused : o->trouble);
    pthread_mutex_unlock(&o->lock);
    return out[0] != 0;
}

void swapci_ownership_end(swapci_ownership *o) {
    if (!o) return;
    atomic_store(&o->stop, 1);
    if (o->started) pthread_join(o->thread, NULL);
    o->started = false;
    for (unsigned r = 0; r < o->keeper_count; r++) {
        if (o->keepers[r].started) pthread_join(o->keepers[r].thread, NULL);
        o->keepers[r].started = false;
    }
}

void swapci_ownership_free(swapci_ownership *o) {
    if (!o) return;
    swapci_ownership_end(o);
    for (unsigned r = 0; r < o->keeper_count; r++) swapci_redis_free(o->keepers[r].link.redis);
    swapci_redis_free(o->shares.redis);
    pthread_mutex_destroy(&o->lock);
    free(o);
}
