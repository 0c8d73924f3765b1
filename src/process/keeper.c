/* What is shared: see keeper.h; lag and lagging are written by the keeper's thread alone, until_ns and doubted by the process's, too, and each
 * is read by itself. */
#include "keeper.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "cond.h"
#include "crc32c.h"
#include "redis_reply.h"
#include "redis_retry.h"
#include "signal_mask.h"

enum {
    LAG_MS = 100,
    LAG_IDLE_MS = 1000, /* while nothing is stored */
    NAP_MS = 50,
    RENEWALS = 5, /* in the time of a lease */
    ASKS = 20
};

/* Two names may have one lock by chance: then the second one waits for the lease, as on another host. */
static enum swapc_status open_lock(swapci_keeper *k, const char *url, swapc_error *error) {
    char name[64];
    uint32_t where = swapci_crc32c(0, url, strlen(url));
    uint32_t what = swapci_crc32c(0, k->names->lease, strlen(k->names->lease));
    snprintf(name, sizeof name, "process-%08x-%08x", where, what);
    return swapci_host_lock_open(&k->host, name, error);
}

/* ---- what the group has in common ---------------------------------------------------------------- */

/* What the group's hash says. */
struct common {
    redisReply *out, *terms;
};

static void common_fini(struct common *c) {
    freeReplyObject(c->out);
    freeReplyObject(c->terms);
}

static enum swapc_status read_common(swapci_keeper *k, struct common *c, swapc_error *error) {
    static const char what[] = "what a group has in common";
    *c = (struct common){NULL, NULL};
    enum swapc_status status =
        swapci_redis_appendf(k->redis, error, "HGET %s out", k->names->state);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(k->redis, error, "HGET %s terms", k->names->state);
    if (status == SWAPC_OK) status = swapci_redis_get(k->redis, what, &c->out, error);
    if (status == SWAPC_PROTOCOL) (void)swapci_redis_skip(k->redis, 1, what, NULL);
    return status == SWAPC_OK ? swapci_redis_get(k->redis, what, &c->terms, error) : status;
}

/* The outputs of a group have one place: what was done for another is not there. */
static enum swapc_status check_out(const swapci_keeper *k, const struct common *c,
                                   swapc_error *error) {
    const swapci_process_names *n = k->names;
    swapc_bytes is = swapci_reply_bytes(c->out);
    if (is.len == 0 || swapc_bytes_equal(is, swapc_bytes_str(n->stream.verdicts))) return SWAPC_OK;
    return swapc_error_set(
        error, SWAPC_NOT_ALLOWED,
        "group %s of %s writes to %.*s: for %s give this process a --group of its own "
        "(or, to go on there, HDEL %s out)",
        n->stream.group, n->stream.messages, (int)(is.len < 100 ? is.len : 100),
        (const char *)is.ptr, n->stream.verdicts, n->state);
}

static enum swapc_status check_terms(const swapci_keeper *k, const struct common *c,
                                     swapc_error *error) {
    return swapci_terms_check(k->terms, swapci_reply_bytes(c->terms), error);
}

/* By the owner. */
static enum swapc_status write_common(swapci_keeper *k, const struct common *c,
                                      swapc_error *error) {
    const swapci_process_names *n = k->names;
    redisReply *reply = NULL;
    if (swapci_reply_bytes(c->out).len > 0 &&
        swapc_bytes_equal(swapci_reply_bytes(c->terms), swapc_bytes_str(k->terms->text)))
        return SWAPC_OK;
    enum swapc_status status =
        swapci_redis_call(k->redis, "to keep what a group has in common", &reply, error,
                          "HSET %s out %s terms %s", n->state, n->stream.verdicts, k->terms->text);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

/* It is told once, and once more when it was over meanwhile; who sees that it does finds it told. */
static void disagree(swapci_keeper *k, enum swapc_status status, const swapc_error *why) {
    bool does = status != SWAPC_OK;
    if (does && !k->told_terms)
        swapc_log_write(&k->log, SWAPC_LOG_ERROR, "process", "%s", why->text);
    k->told_terms = does;
    atomic_store(&k->disagrees, does);
}

/* Whether the lease is renewed; when nobody does that, it ends. */
static enum swapc_status is_alive(swapci_keeper *k, const atomic_int *stop, bool *alive,
                                  swapc_error *error) {
    long long left = 0, before;
    *alive = false;
    do {
        redisReply *reply = NULL;
        before = left;
        enum swapc_status status =
            swapci_redis_call(k->redis, "the lease", &reply, error, "PTTL %s", k->names->lease);
        if (status != SWAPC_OK) return status;
        left = reply->integer; /* below 0: none, or one that nobody renews */
        freeReplyObject(reply);
        *alive = before > 0 && left > before;
        if (left > 0 && !*alive) status = swapci_redis_sleep(stop, NAP_MS, error);
        if (status != SWAPC_OK) return status;
    } while (left > 0 && !*alive);
    return SWAPC_OK;
}

/* Who asks, and what ends the wait. */
struct newcomer {
    swapci_keeper *keeper;
    const atomic_int *stop;
};

static enum swapc_status agree(void *user, swapc_error *error) {
    const struct newcomer *newcomer = user;
    swapci_keeper *k = newcomer->keeper;
    struct common c;
    bool alive = false;
    swapc_error other = SWAPC_ERROR_INIT;
    enum swapc_status status = read_common(k, &c, error);
    if (status == SWAPC_OK) status = check_out(k, &c, error);
    if (status == SWAPC_OK && check_terms(k, &c, &other) != SWAPC_OK)
        status = is_alive(k, newcomer->stop, &alive, error);
    if (alive) status = check_terms(k, &c, error);
    common_fini(&c);
    return status;
}

enum swapc_status swapci_keeper_init(swapci_keeper *k, const swapci_redis_config *redis,
                                     swapc_error *error) {
    static const swapci_terms any = {.text = ""};
    struct newcomer newcomer = {k, redis->stop};
    k->host.fd = -1;
    if (!k->terms) k->terms = &any;
    enum swapc_status status = open_lock(k, redis->url, error);
    if (status == SWAPC_OK) status = swapci_lease_init_key(&k->lease, k->names->lease, NULL, error);
    k->lease.ms = k->lease_ms;
    if (status == SWAPC_OK) status = swapci_redis_open(redis, &k->redis, error);
    return status == SWAPC_OK ? swapci_redis_persist(k->redis, agree, &newcomer, error) : status;
}

/* ---- the lease ------------------------------------------------------------------------------------ */

static enum swapc_status take(swapci_keeper *k, swapc_error *error) {
    bool recalled;
    bool alone = swapci_host_lock_try(&k->host);
    snprintf(k->lease.place, sizeof k->lease.place, "%s", alone ? k->host.place : "");
    enum swapc_status status = swapci_lease_hold(k->redis, &k->lease, false, &recalled, error);
    if (status != SWAPC_OK) return status;
    atomic_store(&k->anothers, !k->lease.held);
    return status;
}

/* It is not ours to have. */
static enum swapc_status let_go(swapci_keeper *k, swapc_error *error) {
    bool held = k->lease.held;
    atomic_store(&k->until_ns, 0);
    k->lease.held = false;
    return held ? swapci_lease_release(k->redis, &k->lease, error) : SWAPC_OK;
}

static enum swapc_status hold_in_common(swapci_keeper *k, const struct common *c,
                                        swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status elsewhere = check_out(k, c, &why);
    enum swapc_status status = elsewhere == SWAPC_OK ? take(k, error) : let_go(k, error);
    if (status == SWAPC_OK && k->lease.held) status = write_common(k, c, error);
    if (status != SWAPC_OK) return status;
    if (elsewhere == SWAPC_OK && !k->lease.held) elsewhere = check_terms(k, c, &why);
    disagree(k, elsewhere, &why);
    atomic_store(&k->until_ns, k->lease.held ? k->lease.until_ns : 0);
    return status;
}

static enum swapc_status hold(void *user, swapc_error *error) {
    swapci_keeper *k = user;
    struct common c;
    enum swapc_status status = read_common(k, &c, error);
    if (status == SWAPC_OK) status = hold_in_common(k, &c, error);
    common_fini(&c);
    if (status != SWAPC_OK) return status;
    uint64_t pause_ms = k->lease_ms / (k->lease.held ? RENEWALS : ASKS);
    k->lease_due_ns = swapci_clock_monotonic_ns() + pause_ms * UINT64_C(1000000);
    return status;
}

/* ---- the readers of the outputs ------------------------------------------------------------------- */

/* The lag of the slowest group of the outputs; what no group reads has none. */
static uint64_t slowest(const redisReply *groups, char name[80]) {
    uint64_t most = 0;
    for (size_t i = 0; groups->type == REDIS_REPLY_ARRAY && i < groups->elements; i++) {
        const redisReply *row = groups->element[i], *lag = NULL, *of = NULL;
        for (size_t f = 0; f + 1 < row->elements; f += 2) {
            swapc_bytes key = swapci_reply_bytes(row->element[f]);
            if (swapc_bytes_equal(key, swapc_bytes_str("lag"))) lag = row->element[f + 1];
            if (swapc_bytes_equal(key, swapc_bytes_str("name"))) of = row->element[f + 1];
        }
        if (!lag || lag->type != REDIS_REPLY_INTEGER || (uint64_t)lag->integer <= most) continue;
        most = (uint64_t)lag->integer;
        snprintf(name, 80, "%.79s", of && of->str ? of->str : "");
    }
    return most;
}

/* What cannot be asked (there is no such stream yet, this user may not) holds nobody up. */
static enum swapc_status look_at_lag(void *user, swapc_error *error) {
    swapci_keeper *k = user;
    redisReply *reply = NULL;
    char group[80] = "";
    atomic_store(&k->worked, false); /* what is stored from here on may not be seen */
    enum swapc_status status =
        swapci_redis_appendf(k->redis, error, "XINFO GROUPS %s", k->names->stream.verdicts);
    if (status == SWAPC_OK) status = swapci_redis_get_any(k->redis, &reply, error);
    if (status != SWAPC_OK) return status;
    uint64_t lag = slowest(reply, group);
    freeReplyObject(reply);
    atomic_store(&k->lag, lag);
    atomic_store(&k->lagging, lag > k->max_lag);
    k->looked_ns = swapci_clock_monotonic_ns();
    if ((lag > k->max_lag) == k->told_lag) return status;
    k->told_lag = lag > k->max_lag;
    if (k->told_lag)
        swapc_log_write(
            &k->log, SWAPC_LOG_WARN, "process",
            "group %s is %llu entries of %s behind, more than --max-lag %llu: nothing is "
            "read until it has caught up, or is destroyed",
            group, (unsigned long long)lag, k->names->stream.verdicts,
            (unsigned long long)k->max_lag);
    else
        swapc_log_write(&k->log, SWAPC_LOG_INFO, "process",
                        "the readers of %s have caught up: reading again",
                        k->names->stream.verdicts);
    return status;
}

static uint64_t lag_due(const swapci_keeper *k) {
    bool soon = atomic_load(&k->worked) || atomic_load(&k->lagging);
    return k->looked_ns + (soon ? LAG_MS : LAG_IDLE_MS) * UINT64_C(1000000);
}

static bool is_asked(const swapci_keeper *k) {
    return atomic_load(&k->stop) || atomic_load(&k->doubted);
}

/* Until something is due. */
static void rest(swapci_keeper *k) {
    pthread_mutex_lock(&k->lock);
    for (;;) {
        uint64_t due = k->lease_due_ns;
        if (k->max_lag && lag_due(k) < due) due = lag_due(k);
        if (is_asked(k) || swapci_clock_monotonic_ns() >= due) break;
        swapci_cond_wait_until(&k->raised, &k->lock, due);
    }
    pthread_mutex_unlock(&k->lock);
}

static void *keep(void *user) {
    swapci_keeper *k = user;
    swapci_signal_mask_all(NULL); /* signals are the main thread's */
    while (!atomic_load(&k->stop)) {
        uint64_t now = swapci_clock_monotonic_ns();
        enum swapc_status status = SWAPC_OK;
        if (atomic_exchange(&k->doubted, false) || now >= k->lease_due_ns)
            status = swapci_redis_persist(k->redis, hold, k, NULL);
        if (status == SWAPC_OK && k->max_lag && now >= lag_due(k))
            status = swapci_redis_persist(k->redis, look_at_lag, k, NULL);
        if (status != SWAPC_OK) break;
        rest(k);
    }
    return NULL;
}

static void waiting_fini(swapci_keeper *k) {
    pthread_cond_destroy(&k->raised);
    pthread_mutex_destroy(&k->lock);
}

enum swapc_status swapci_keeper_start(swapci_keeper *k, swapc_error *error) {
    enum swapc_status status = swapci_redis_persist(k->redis, hold, k, error);
    if (status != SWAPC_OK) return status;
    swapci_redis_settled(k->redis);
    pthread_mutex_init(&k->lock, NULL);
    swapci_cond_init(&k->raised);
    int failed = pthread_create(&k->thread, NULL, keep, k);
    k->started = failed == 0;
    if (k->started) return SWAPC_OK;
    waiting_fini(k);
    return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start a thread");
}

/* It is seen at once. */
static void was_raised(swapci_keeper *k) {
    pthread_mutex_lock(&k->lock);
    pthread_cond_signal(&k->raised);
    pthread_mutex_unlock(&k->lock);
}

bool swapci_keeper_owns(const swapci_keeper *k) {
    uint64_t until = atomic_load_explicit(&k->until_ns, memory_order_relaxed);
    return until && swapci_lease_now_ns() < until;
}

bool swapci_keeper_is_anothers(const swapci_keeper *k) {
    return atomic_load(&k->anothers);
}

void swapci_keeper_doubt(swapci_keeper *k) {
    atomic_store(&k->until_ns, 0);
    atomic_store(&k->doubted, true);
    was_raised(k);
}

void swapci_keeper_worked(swapci_keeper *k) {
    if (k->max_lag && !atomic_exchange(&k->worked, true)) was_raised(k);
}

void swapci_keeper_end(swapci_keeper *k) {
    if (!k->started) return;
    atomic_store(&k->stop, 1);
    was_raised(k);
    pthread_join(k->thread, NULL);
    k->started = false;
    waiting_fini(k);
    atomic_store(&k->until_ns, 0);
    bool released = k->lease.held && swapci_lease_release(k->redis, &k->lease, NULL) == SWAPC_OK;
    swapci_host_lock_close(&k->host, released);
}

void swapci_keeper_fini(swapci_keeper *k) {
    swapci_keeper_end(k);
    swapci_host_lock_close(&k->host, false);
    swapci_redis_free(k->redis);
}
