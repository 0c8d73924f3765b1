/* What is shared: the counters of usage, each by itself; the pool (see instance.h). take and give
 * are acquire and release, so that what one thread did to an instance is seen by the thread that
 * takes it next. */
#include "instance.h"

#include <stdio.h>

#include "check.h"
#include "clock.h"
#include "heap.h"
#include "printable.h"

enum { ERROR_SHOWN = 200 }; /* bytes of a guest's error that a report quotes */

/* Why the guest was stopped, where nobody said more. */
static void say_why(enum swapc_status status, const swapc_run *run, char *out, size_t size) {
    if (status == SWAPC_DEADLINE)
        snprintf(out, size, "it ran longer than its deadline (%s)",
                 run->outer && run->outer->deadline_ns == run->deadline_ns
                     ? "that of the call around it"
                     : "limits.deadline_ms, or the call's own");
    else if (status == SWAPC_MEMORY_LIMIT)
        snprintf(out, size, "%s (limits.memory_max)", swapc_status_text(status));
    else snprintf(out, size, "%s", swapc_status_text(status));
}

/* Reports that the guest was stopped: by an import, whose report is in the call, or by the engine,
 * which may have said why in `said`. Names the module and, when that is where it was, its start;
 * the text that the guest gave to __guest_error before is told too. */
static enum swapc_status stopped(const struct swapci_instance *instance, enum swapc_status status,
                                 bool start, const swapc_error *said, swapc_error *error) {
    const swapc_error *report = &instance->call.report;
    const char *name = instance->blueprint->name;
    char named[SWAPC_ERROR_TEXT_MAX], why[160], guest[ERROR_SHOWN] = "";
    swapc_bytes text = swapci_call_error_text(&instance->call);
    if (report->status != SWAPC_OK) status = report->status;
    if (!error || error->status != SWAPC_OK) return status;
    bool guest_s = status >= SWAPC_GUEST_ERROR && status < SWAPC_NO_MEMORY;
    snprintf(named, sizeof named, "module \"%s\"", name);
    say_why(status, instance->call.run, why, sizeof why);
    const char *reason = report->status != SWAPC_OK ? report->text
                         : said->text[0]            ? said->text
                                                    : why;
    if (strstr(reason, named) || (!guest_s && said->text[0])) named[0] = '\0';
    if (text.len) swapci_printable(text, guest, sizeof guest);
    const char *where = reason == report->text && *said->text ? said->text : "";
    swapc_error_set(error, status, "%s%s%s%s%s%s%s%s%s", named, *named ? ": " : "",
                    start && guest_s ? "at its start: " : "", reason, *where ? "; " : "", where,
                    *guest ? "; its error before that: \"" : "", guest, *guest ? "\"" : "");
    error->native = said->native;
    error->engine = report->status != SWAPC_OK ? NULL : instance->blueprint->engine->name;
    return status;
}

/* An init that leaves by proc_exit(0) has succeeded. */
static enum swapc_status run_init(struct swapci_instance *instance, const char *name,
                                  const swapc_run *run, swapc_error *said) {
    bool found;
    enum swapc_status status =
        instance->blueprint->engine->run_export(instance->engine, name, run, &found, said);
    if (status != SWAPC_EXIT || instance->call.exit_code != 0) return status;
    instance->call.report.status = SWAPC_OK;
    swapc_error_clear(said);
    return SWAPC_OK;
}

static enum swapc_status start(struct swapci_instance *instance, const swapc_run *run,
                               swapc_error *error) {
    const struct swapci_blueprint *b = instance->blueprint;
    swapc_error said = SWAPC_ERROR_INIT;
    swapci_call_enter(&instance->call, run);
    enum swapc_status status = b->engine->instantiate(b->module, &instance->call, &b->limits, run,
                                                      &instance->engine, &said);
    for (const char *const *init = swapci_init_exports; *init && status == SWAPC_OK; init++)
        status = run_init(instance, *init, run, &said);
    swapci_console_flush(&instance->call);
    if (status != SWAPC_OK) status = stopped(instance, status, true, &said, error);
    instance->call.run = NULL;
    return status;
}

/* What it takes now. On the warm path: of a memory that has not grown nothing is written that
 * others read. */
static inline void count_memory(struct swapci_instance *instance) {
    struct swapci_usage *usage = instance->blueprint->usage;
    uint64_t now = instance->call.memory_bytes;
    if (now == instance->counted_bytes || !usage || now == UINT64_MAX)
        return; /* native: no bounds */
    atomic_fetch_add_explicit(&usage->memory_bytes, now - instance->counted_bytes,
                              memory_order_relaxed);
    instance->counted_bytes = now;
}

static void count_instance(struct swapci_instance *instance) {
    struct swapci_usage *usage = instance->blueprint->usage;
    if (usage) atomic_fetch_add_explicit(&usage->instances, 1, memory_order_relaxed);
    instance->counted = usage != NULL;
    count_memory(instance);
}

static void uncount(const struct swapci_instance *instance) {
    struct swapci_usage *usage = instance->blueprint->usage;
    if (!instance->counted) return;
    atomic_fetch_sub_explicit(&usage->instances, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&usage->memory_bytes, instance->counted_bytes, memory_order_relaxed);
}

enum swapc_status swapci_instance_new(const struct swapci_blueprint *blueprint,
                                      const swapc_run *run, void *user, uint64_t generation,
                                      struct swapci_instance **out, swapc_error *error) {
    struct swapci_instance *instance = swapci_heap_zeroed(1, sizeof *instance);
    if (!instance)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for an instance of \"%s\"",
                               blueprint->name);
    swapc_reply scratch = SWAPC_REPLY_INIT;
    instance->blueprint = blueprint;
    instance->call.host = blueprint->host;
    instance->call.limits = &blueprint->limits;
    instance->call.module_name = blueprint->name;
    instance->call.watched = (blueprint->engine->caps & SWAPC_CAP_DEADLINE) != 0;
    instance->call.now = blueprint->now;
    swapci_call_begin(&instance->call, swapc_bytes_of(NULL, 0), swapc_bytes_of(NULL, 0), &scratch,
                      user, generation);
    enum swapc_status status = start(instance, run, error);
    swapc_reply_fini(&scratch);
    if (status != SWAPC_OK) {
        swapci_instance_free(instance);
        return status;
    }
    count_instance(instance);
    *out = instance;
    return SWAPC_OK;
}

/* Not copied: it may be long, and the instance is thrown away anyway. */
static void exchange(swapc_reply *a, swapc_reply *b) {
    swapc_reply kept = *a;
    *a = *b;
    *b = kept;
}

void swapci_instance_free(struct swapci_instance *instance) {
    uncount(instance);
    if (instance->engine) instance->blueprint->engine->free_instance(instance->engine);
    swapci_call_fini(&instance->call);
    swapci_heap_free(instance);
}

enum swapc_status swapci_instance_call(struct swapci_instance *instance, swapc_bytes operation,
                                       swapc_bytes payload, const swapc_run *run, void *user,
                                       uint64_t generation, swapc_reply *reply, bool *reusable,
                                       swapc_error *error) {
    const struct swapci_blueprint *b = instance->blueprint;
    int32_t result = 0;
    swapc_error said; /* its text is long: not cleared whole on each call */
    said.status = SWAPC_OK;
    said.text[0] = '\0';
    said.native = 0;
    said.engine = NULL;
    swapci_call_begin(&instance->call, operation, payload, reply, user, generation);
    swapci_call_enter(&instance->call, run);
    enum swapc_status status = b->engine->call(instance->engine, run, (uint32_t)operation.len,
                                               (uint32_t)payload.len, &result, &said);
    swapci_console_flush(&instance->call);
    count_memory(instance);
    *reusable = status == SWAPC_OK;
    if (status != SWAPC_OK) {
        status = stopped(instance, status, false, &said, error);
        reply->body = swapc_bytes_of(NULL, 0);
        if (swapci_call_error_text(&instance->call).len)
            exchange(reply, &instance->call.guest_error);
        return status;
    }
    status = swapci_call_answer(&instance->call, result);
    if (status == SWAPC_NO_MEMORY)
        return swapc_error_set(error, status, "no memory for an answer of \"%s\"", b->name);
    return status;
}

void swapci_pool_init(struct swapci_pool *pool) {
    for (int i = 0; i < SWAPCI_POOL_HOT; i++) atomic_init(&pool->hot[i], NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pool->list = NULL;
}

void swapci_pool_fini(struct swapci_pool *pool) {
    for (struct swapci_instance *i = swapci_pool_take(pool); i; i = swapci_pool_take(pool))
        swapci_instance_free(i);
    pthread_mutex_destroy(&pool->lock);
}

struct swapci_instance *swapci_pool_take(struct swapci_pool *pool) {
    for (int i = 0; i < SWAPCI_POOL_HOT; i++) {
        if (!atomic_load_explicit(&pool->hot[i], memory_order_relaxed)) continue;
        struct swapci_instance *instance =
            atomic_exchange_explicit(&pool->hot[i], NULL, memory_order_acquire);
        if (instance) return instance;
    }
    pthread_mutex_lock(&pool->lock);
    struct swapci_instance *instance = pool->list;
    if (instance) pool->list = instance->next;
    pthread_mutex_unlock(&pool->lock);
    return instance;
}

void swapci_pool_give(struct swapci_pool *pool, struct swapci_instance *instance) {
    for (int i = 0; i < SWAPCI_POOL_HOT; i++) {
        struct swapci_instance *empty = NULL;
        if (atomic_compare_exchange_strong_explicit(&pool->hot[i], &empty, instance,
                                                    memory_order_release, memory_order_relaxed))
            return;
    }
    pthread_mutex_lock(&pool->lock);
    instance->next = pool->list;
    pool->list = instance;
    pthread_mutex_unlock(&pool->lock);
}
