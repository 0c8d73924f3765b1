/* What is shared: all of the fleet, under `lock`, which is never held while a member is opened, asked to end or closed; a
 * member's `work` is set and cleared under it by the member's thread alone, so that it is there for who holds it.
 * `stop` of a member is an atomic that only its waits look at. */
#include "fleet.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "cond.h"
#include "end_times.h"
#include "log_limit.h"
#include "signal_mask.h"

enum {
    LOOK_MS = 20,         /* at one that was asked to end */
    LOOK_SELDOM_MS = 250, /* at one that may end by itself */
    AGAIN_MS = 200,
    TROUBLED_MS = 500
};

struct member {
    struct swapci_fleet *fleet;
    unsigned k;
    pthread_t thread;
    bool started; /* and not joined */
    enum swapci_fleet_wish wish;
    bool busy;
    bool been;                      /* open, once at least */
    bool troubled;                  /* could not be opened */
    char why[SWAPC_ERROR_TEXT_MAX]; /* of troubled */
    void *work;                     /* NULL: none that is open */
    atomic_int stop;
    pthread_cond_t changed; /* what is wished of it */
};

struct swapci_fleet {
    swapci_fleet_config config;
    const struct swapci_fleet_ops *ops;
    pthread_mutex_t lock;
    bool quit;
    swapci_log_limit limit;
    swapc_error error; /* of the first that failed */
    unsigned busy, count;
    struct member members[];
};

static bool is_wanted(const struct member *m) {
    return m->wish == SWAPCI_FLEET_FIRST || m->wish == SWAPCI_FLEET_IN;
}

static const char *name_of(const struct member *m, char name[SWAPCI_STREAM_NAME_MAX + 1]) {
    snprintf(name, SWAPCI_STREAM_NAME_MAX + 1, "%u", m->k);
    (void)swapci_partition_prefix(m->fleet->config.partitions, m->k, name,
                                  SWAPCI_STREAM_NAME_MAX + 1, NULL);
    return name;
}

static void fail(struct member *m, enum swapc_status status, const swapc_error *why) {
    struct swapci_fleet *f = m->fleet;
    char name[SWAPCI_STREAM_NAME_MAX + 1];
    pthread_mutex_lock(&f->lock);
    if (f->error.status == SWAPC_OK) {
        const char *text = why->text[0] ? why->text : swapc_status_text(status);
        swapc_error_set(&f->error, status, "partition %s: %s", name_of(m, name), text);
    }
    pthread_mutex_unlock(&f->lock);
    swapci_fleet_stop(f);
}

/* Under the lock, which is given up meanwhile. */
static void wait_ms(struct member *m, unsigned ms) {
    swapci_cond_wait_until(&m->changed, &m->fleet->lock,
                           swapci_clock_monotonic_ns() + ms * UINT64_C(1000000));
}

/* Until the work has ended, by itself or as it is not wanted any more. */
static void watch(struct member *m, void *work) {
    struct swapci_fleet *f = m->fleet;
    uint64_t asked_ns = 0;
    bool pressed = false;
    pthread_mutex_lock(&f->lock);
    while (!f->ops->ended(work)) {
        uint64_t now = swapci_clock_monotonic_ns();
        bool leaves = asked_ns || !is_wanted(m);
        bool late = asked_ns && now - asked_ns >= swapci_end_ms(SWAPCI_FLEET_GRACE_MS) * 1000000ull;
        bool ask = leaves && asked_ns == 0;
        bool press = leaves && !pressed && (late || m->wish == SWAPCI_FLEET_OUT_NOW);
        if (late) atomic_store(&m->stop, 1);
        if (ask || press) {
            pthread_mutex_unlock(&f->lock);
            f->ops->end(work, press);
            pthread_mutex_lock(&f->lock);
            asked_ns = asked_ns ? asked_ns : now;
            pressed |= press;
        } else {
            wait_ms(m, leaves ? LOOK_MS : LOOK_SELDOM_MS);
        }
    }
    f->ops->keep(f->config.user, work);
    m->work = NULL;
    pthread_mutex_unlock(&f->lock);
}

/* Returns whether it is a trouble that may pass. */
static bool outlives(struct member *m, enum swapc_status status, const swapc_error *why) {
    struct swapci_fleet *f = m->fleet;
    uint64_t now = swapci_clock_monotonic_ns();
    char name[SWAPCI_STREAM_NAME_MAX + 1];
    pthread_mutex_lock(&f->lock);
    bool outlived = (m->been || m->wish != SWAPCI_FLEET_FIRST) && status != SWAPC_OK &&
                    status != SWAPC_INTERRUPTED;
    bool say = outlived && swapci_log_limit_may(&f->limit, now, now);
    m->been |= status == SWAPC_OK;
    m->troubled = outlived;
    if (outlived)
        snprintf(m->why, sizeof m->why, "%s", why->text[0] ? why->text : swapc_status_text(status));
    pthread_mutex_unlock(&f->lock);
    if (say)
        swapc_log_write(&f->config.log, SWAPC_LOG_WARN, f->config.log_role,
                        "partition %s cannot be worked on, and is tried again: %s",
                        name_of(m, name), why->text);
    return outlived;
}

static enum swapc_status open_one(struct member *m, void **work, swapc_error *error) {
    const struct swapci_fleet_ops *ops = m->fleet->ops;
    enum swapc_status status = ops->open(m->fleet->config.user, m->k, &m->stop, work, error);
    if (status != SWAPC_OK) return status;
    status = ops->start(*work, error);
    if (status == SWAPC_OK) return status;
    ops->end(*work, true);
    (void)ops->join(*work, NULL);
    ops->close(*work);
    return status;
}

/* One life of a member. */
static void serve(struct member *m) {
    struct swapci_fleet *f = m->fleet;
    swapc_error error = SWAPC_ERROR_INIT;
    void *work = NULL;
    enum swapc_status status = open_one(m, &work, &error);
    if (outlives(m, status, &error)) return;
    if (status == SWAPC_OK) {
        pthread_mutex_lock(&f->lock);
        m->work = work;
        pthread_mutex_unlock(&f->lock);
        watch(m, work);
        status = f->ops->join(work, &error);
        f->ops->close(work);
    }
    if (status != SWAPC_OK && status != SWAPC_INTERRUPTED) fail(m, status, &error);
}

static void *life(void *user) {
    struct member *m = user;
    struct swapci_fleet *f = m->fleet;
    swapci_signal_mask_all(NULL); /* signals are the main thread's */
    pthread_mutex_lock(&f->lock);
    while (!f->quit) {
        if (!is_wanted(m)) {
            m->troubled = false;
            pthread_cond_wait(&m->changed, &f->lock);
            continue;
        }
        m->busy = true;
        f->busy++;
        atomic_store(&m->stop, 0);
        pthread_mutex_unlock(&f->lock);
        serve(m);
        pthread_mutex_lock(&f->lock);
        m->busy = false;
        f->busy--;
        if (!f->quit && is_wanted(m)) wait_ms(m, m->troubled ? TROUBLED_MS : AGAIN_MS);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

enum swapc_status swapci_fleet_new(const swapci_fleet_config *config, swapci_fleet **out,
                                   swapc_error *error) {
    unsigned count = config->partitions->count;
    struct swapci_fleet *f = calloc(1, sizeof *f + count * sizeof *f->members);
    if (!f) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    f->config = *config;
    f->ops = config->ops;
    f->count = count;
    pthread_mutex_init(&f->lock, NULL);
    for (unsigned k = 0; k < count; k++) {
        swapci_cond_init(&f->members[k].changed);
        f->members[k].fleet = f;
        f->members[k].k = k;
        f->members[k].wish = SWAPCI_FLEET_OUT;
    }
    *out = f;
    return SWAPC_OK;
}

/* Under the lock. Returns what starting the thread returned. */
static int start_thread(struct member *m) {
    int failed = m->started ? 0 : pthread_create(&m->thread, NULL, life, m);
    m->started |= failed == 0;
    return failed;
}

/* Under the lock. */
static void give_up_opening(struct member *m) {
    if (!m->work) atomic_store(&m->stop, 1);
}

bool swapci_fleet_wish(swapci_fleet *f, unsigned k, enum swapci_fleet_wish wish) {
    struct member *m = &f->members[k];
    swapc_error why = SWAPC_ERROR_INIT;
    int failed = 0;
    pthread_mutex_lock(&f->lock);
    if (!f->quit && m->wish != wish) {
        m->wish = wish;
        if (is_wanted(m)) failed = start_thread(m);
        else give_up_opening(m);
        pthread_cond_signal(&m->changed);
    }
    pthread_mutex_unlock(&f->lock);
    if (failed == 0) return true;
    swapc_error_set_errno(&why, SWAPC_SYSTEM, failed, "no thread for a partition");
    fail(m, SWAPC_SYSTEM, &why);
    return false;
}

bool swapci_fleet_busy(swapci_fleet *f, unsigned k) {
    pthread_mutex_lock(&f->lock);
    bool busy = f->members[k].busy;
    pthread_mutex_unlock(&f->lock);
    return busy;
}

bool swapci_fleet_begins(swapci_fleet *f) {
    bool begins = false;
    pthread_mutex_lock(&f->lock);
    for (unsigned k = 0; k < f->count; k++)
        begins |= f->members[k].wish == SWAPCI_FLEET_FIRST && !f->members[k].been;
    pthread_mutex_unlock(&f->lock);
    return begins;
}

bool swapci_fleet_failed(swapci_fleet *f) {
    pthread_mutex_lock(&f->lock);
    bool failed = f->error.status != SWAPC_OK;
    pthread_mutex_unlock(&f->lock);
    return failed;
}

bool swapci_fleet_trouble(swapci_fleet *f, unsigned k, char *why, size_t size) {
    pthread_mutex_lock(&f->lock);
    bool troubled = f->members[k].troubled;
    snprintf(why, size, "%s", troubled ? f->members[k].why : "");
    pthread_mutex_unlock(&f->lock);
    return troubled;
}

void swapci_fleet_stop(swapci_fleet *f) {
    pthread_mutex_lock(&f->lock);
    f->quit = true;
    for (unsigned k = 0; k < f->count; k++) {
        f->members[k].wish = SWAPCI_FLEET_OUT_NOW;
        give_up_opening(&f->members[k]);
        pthread_cond_signal(&f->members[k].changed);
    }
    pthread_mutex_unlock(&f->lock);
}

bool swapci_fleet_ended(swapci_fleet *f) {
    pthread_mutex_lock(&f->lock);
    bool ended = f->quit && f->busy == 0;
    pthread_mutex_unlock(&f->lock);
    return ended;
}

void swapci_fleet_each(swapci_fleet *f, void (*kept)(void *context),
                       void (*fn)(void *context, unsigned k, void *member), void *context) {
    pthread_mutex_lock(&f->lock);
    if (kept) kept(context);
    for (unsigned k = 0; k < f->count; k++)
        if (f->members[k].work) fn(context, k, f->members[k].work);
    pthread_mutex_unlock(&f->lock);
}

enum swapc_status swapci_fleet_join(swapci_fleet *f, swapc_error *error) {
    swapci_fleet_stop(f);
    for (unsigned k = 0; k < f->count; k++) {
        if (f->members[k].started) pthread_join(f->members[k].thread, NULL);
        f->members[k].started = false;
    }
    return f->error.status == SWAPC_OK
               ? SWAPC_OK
               : swapc_error_set(error, f->error.status, "%s", f->error.text);
}

void swapci_fleet_free(swapci_fleet *f) {
    if (!f) return;
    pthread_mutex_destroy(&f->lock);
    for (unsigned k = 0; k < f->count; k++) pthread_cond_destroy(&f->members[k].changed);
    free(f);
}
