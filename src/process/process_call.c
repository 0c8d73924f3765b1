/* What is shared: of a batch that several callers do together, `round`, `busy` and `callers_end`, under `lock`, which orders what else
 * they are given; each caller's part and results are its own until it is not busy any more. `calls` is held shared by each call where
 * there are several callers, and alone by one that must have no other beside it. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "fail_point.h"
#include "messagepack.h"
#include "process_impl.h"
#include "settle.h"
#include "signal_mask.h"

enum {
    MEMBER_BYTES = 64 << 10, /* payload of an entry that is called with others */
    TOGETHER_BYTES = 1 << 20,
    RESULT_BYTES = 4 << 20 /* of a caller's results: the rest is called for when they are stored */
};

/* ---- one entry --------------------------------------------------------------------------------- */

/* One entry under its call. */
struct one {
    swapci_caller *caller;
    const swapci_process_entry *entry;
    enum swapc_status status;
};

static swapc_bytes operation_of(const swapci_process *p) {
    return swapc_bytes_str(p->config.operation);
}

static enum swapc_status call_pinned(swapci_caller *c, const swapc_pin *pin, swapc_bytes operation,
                                     swapc_bytes payload) {
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.cancel = c->process->config.cancel;
    if (c->error.status != SWAPC_OK) swapc_error_clear(&c->error);
    enum swapc_status status =
        swapc_pin_call(pin, operation, payload, &options, &c->reply, &c->error);
    if (status != SWAPC_OK)
        memcpy(c->digest_hex, swapc_module_describe(pin->module)->digest_hex, sizeof c->digest_hex);
    return status;
}

static enum swapci_outcome call(void *user, bool alone, const char **why) {
    struct one *one = user;
    swapci_caller *c = one->caller;
    swapci_process *p = c->process;
    bool several = p->config.workers > 1;
    swapc_pin pin;
    if (several && alone) pthread_rwlock_wrlock(&p->calls);
    else if (several) pthread_rwlock_rdlock(&p->calls);
    swapci_fail_point_with(SWAPCI_FAIL_in_call, one->entry->payload);
    one->status = swapc_slot_pin(swapci_slots_at(p->config.slots, 0), &pin);
    if (one->status == SWAPC_OK) {
        one->status = call_pinned(c, &pin, operation_of(p), one->entry->payload);
        swapc_pin_release(&pin);
    }
    if (several) pthread_rwlock_unlock(&p->calls);
    *why = swapc_status_name(one->status);
    return swapci_outcome_of(one->status);
}

static enum swapc_status add_error(swapci_caller *c, const swapci_process_entry *entry,
                                   const char *reason, swapc_bytes text, const char *digest) {
    atomic_store_explicit(&c->process->last_reason, reason, memory_order_relaxed);
    return swapci_process_results_add_error(&c->results, c->entries, entry, reason, text, digest);
}

/* Whether an output of the entry can be stored with all that --copy promises. */
static bool can_copy(const swapci_caller *c, const swapci_process_entry *entry) {
    return !c->process->config.copy || entry->fields / 2 <= SWAPCI_PROCESS_FIELDS;
}

static bool is_callable(const swapci_caller *c, const swapci_process_entry *entry) {
    return entry->has_payload && can_copy(c, entry);
}

/* An entry that is not callable. */
static enum swapc_status refuse(swapci_caller *c, const swapci_process_entry *entry) {
    char text[SWAPCI_PROCESS_NAME_MAX + 16];
    if (!can_copy(c, entry)) {
        snprintf(text, sizeof text, "--copy hands on up to %d", SWAPCI_PROCESS_FIELDS);
        return add_error(c, entry, "too many fields", swapc_bytes_str(text), NULL);
    }
    if (entry->fields == 0) return add_error(c, entry, "deleted", swapc_bytes_str(""), NULL);
    snprintf(text, sizeof text, "no field %s", c->process->names->payload);
    return add_error(c, entry, "no field", swapc_bytes_str(text), NULL);
}

/* Calls for one entry and adds its result. Returns false when it is to end before that. */
static bool do_one(swapci_caller *c, const swapci_process_entry *entry) {
    swapci_process *p = c->process;
    struct one one = {c, entry, SWAPC_OK};
    const swapci_settling how = {.role = "process",
                                 .log = p->config.log,
                                 .stop = &p->stop,
                                 .hindered = &p->hindered,
                                 .call = call,
                                 .user = &one};
    if (!is_callable(c, entry)) {
        c->status = refuse(c, entry);
        return true;
    }
    if (!swapci_settle(&how, false)) return false;
    if (one.status == SWAPC_OK) {
        c->status = swapci_process_results_add(&c->results, c->entries, entry, c->reply.body);
        return true;
    }
    swapc_bytes text = c->reply.body.len > 0 ? c->reply.body : swapc_bytes_str(c->error.text);
    c->digest_hex[SWAPCI_PROCESS_DIGEST] = 0;
    c->status = add_error(c, entry, swapc_status_name(one.status), text, c->digest_hex);
    return true;
}

/* ---- many at once ------------------------------------------------------------------------------- */

/* Whether the pinned module's manifest has the operation for many. */
static bool takes_many(const swapci_process *p, const swapc_pin *pin) {
    const char *const *operation = swapc_module_describe(pin->module)->operations;
    while (*operation && strcmp(*operation, p->config.batch_operation) != 0) operation++;
    return *operation != NULL;
}

/* The payloads, as an array. */
static enum swapc_status write_many(swapci_caller *c, size_t first, size_t count) {
    swapci_buffer *out = &c->request;
    size_t size = 16;
    for (size_t i = first; i < first + count; i++) size += 5 + c->entries->list[i].payload.len;
    swapci_buffer_clear(out);
    if (swapci_buffer_reserve(out, size) != SWAPC_OK) return SWAPC_NO_MEMORY;
    struct swapci_mp_writer w = {out->ptr, size, 0};
    swapci_mp_write_array(&w, (uint32_t)count);
    for (size_t i = first; i < first + count; i++)
        swapci_mp_write_bin(&w, c->entries->list[i].payload);
    out->len = w.len;
    return SWAPC_OK;
}

/* Whether the answer is an array of as many, each bytes (its output) or a text (its error). */
static bool is_answer(swapc_bytes body, size_t count) {
    struct swapci_mp_reader r = swapci_mp_reader_of(body);
    struct swapci_mp_value v;
    if (!swapci_mp_read(&r, &v) || v.type != SWAPCI_MP_ARRAY || v.count != count) return false;
    for (size_t i = 0; i < count; i++)
        if (!swapci_mp_read(&r, &v) || (v.type != SWAPCI_MP_BIN && v.type != SWAPCI_MP_STR))
            return false;
    return r.at == r.end;
}

static void take_answer(swapci_caller *c, size_t first, size_t count) {
    struct swapci_mp_reader r = swapci_mp_reader_of(c->reply.body);
    struct swapci_mp_value v;
    (void)swapci_mp_read(&r, &v);
    for (size_t i = first; i < first + count && c->status == SWAPC_OK; i++) {
        const swapci_process_entry *entry = &c->entries->list[i];
        (void)swapci_mp_read(&r, &v);
        c->status = v.type == SWAPCI_MP_BIN
                        ? swapci_process_results_add(&c->results, c->entries, entry, v.bytes)
                        : add_error(c, entry, swapc_status_name(SWAPC_GUEST_ERROR), v.bytes, NULL);
    }
}

/* The next two are batch_credit.h's; indices count from c->first. Once something has ended it all, nothing is called any more. */
static bool do_together(uint32_t first, uint32_t count, uint64_t *cost_ns, void *user) {
    swapci_caller *c = user;
    swapci_process *p = c->process;
    swapc_pin pin;
    *cost_ns = 0;
    if (c->status != SWAPC_OK) return true;
    uint64_t start = swapci_clock_thread_cpu_ns(), wall = swapci_clock_monotonic_ns();
    if (write_many(c, c->first + first, count) != SWAPC_OK) return false;
    if (swapc_slot_pin(swapci_slots_at(p->config.slots, 0), &pin) != SWAPC_OK) return false;
    bool several = p->config.workers > 1;
    if (several) pthread_rwlock_rdlock(&p->calls);
    enum swapc_status status =
        takes_many(p, &pin) ? call_pinned(c, &pin, swapc_bytes_str(p->config.batch_operation),
                                          swapci_buffer_bytes(&c->request))
                            : SWAPC_UNSUPPORTED;
    if (several) pthread_rwlock_unlock(&p->calls);
    swapc_pin_release(&pin);
    bool good = status == SWAPC_OK && is_answer(c->reply.body, count);
    if (good) take_answer(c, c->first + first, count);
    *cost_ns = status == SWAPC_DEADLINE ? swapci_clock_monotonic_ns() - wall
                                        : swapci_clock_thread_cpu_ns() - start;
    return good;
}

static uint64_t do_alone(uint32_t index, void *user) {
    swapci_caller *c = user;
    uint64_t start = swapci_clock_thread_cpu_ns();
    if (c->status == SWAPC_OK && !do_one(c, &c->entries->list[c->first + index]))
        c->status = SWAPC_INTERRUPTED;
    return swapci_clock_thread_cpu_ns() - start;
}

/* How many entries from c->first on may be called together. */
static size_t joinable(const swapci_caller *c, size_t end) {
    size_t count = 0, bytes = 0;
    for (size_t i = c->first; i < end; i++, count++) {
        const swapci_process_entry *entry = &c->entries->list[i];
        bytes += entry->payload.len;
        if (!is_callable(c, entry) || entry->payload.len > MEMBER_BYTES || bytes > TOGETHER_BYTES)
            break;
    }
    return count;
}

/* ---- a caller's part ---------------------------------------------------------------------------- */

/* The next entry. Returns false when it is to end before that. */
static bool do_next(swapci_caller *c) {
    const swapci_process_entry *entry = &c->entries->list[c->first];
    bool poisoned = false;
    if (c->process->suspicious && is_callable(c, entry))
        c->status = swapci_process_suspect(c->process, entry->id, &poisoned, &c->error);
    if (c->status != SWAPC_OK) return true;
    if (!poisoned) return do_one(c, entry);
    c->status = add_error(c, entry, "poisoned", swapc_bytes_str("processes died of it"), NULL);
    return true;
}

static void do_part(swapci_caller *c) {
    const struct swapci_batch_judging how = {do_together, do_alone, c};
    size_t end = c->first + c->count;
    bool many = c->process->config.batch_operation && !c->process->suspicious;
    swapci_process_results_clear(&c->results);
    c->status = SWAPC_OK;
    while (c->first < end && c->status == SWAPC_OK) {
        size_t count = many ? joinable(c, end) : 0;
        bool enough = c->results.arguments.len > RESULT_BYTES;
        if (enough || swapci_process_gives_up(c->process)) c->status = SWAPC_INTERRUPTED;
        else if (count >= SWAPCI_BATCH_LEAST)
            swapci_batch_credit_judge(&c->credit, &how, (uint32_t)count);
        else if (count = 1, !do_next(c)) c->status = SWAPC_INTERRUPTED;
        c->first += count;
    }
}

static void *caller_main(void *user) {
    swapci_caller *c = user;
    swapci_process *p = c->process;
    uint64_t seen = 0;
    swapci_signal_mask_all(NULL); /* signals are the main thread's */
    pthread_mutex_lock(&p->lock);
    while (!p->callers_end) {
        if (p->round == seen) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        seen = p->round;
        pthread_mutex_unlock(&p->lock);
        do_part(c);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0) pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum swapc_status swapci_process_callers_start(swapci_process *p, swapc_error *error) {
    for (unsigned i = 1; i < p->config.workers; i++) {
        int failed = pthread_create(&p->callers[i].thread, NULL, caller_main, &p->callers[i]);
        if (failed)
            return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start a worker");
        p->callers[i].started = true;
    }
    return SWAPC_OK;
}

void swapci_process_callers_end(swapci_process *p) {
    pthread_mutex_lock(&p->lock);
    p->callers_end = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 1; i < p->config.workers; i++)
        if (p->callers[i].started) pthread_join(p->callers[i].thread, NULL);
}

/* Gives each caller its part, and waits until all have done it. */
static void share(swapci_process *p) {
    pthread_mutex_lock(&p->lock);
    p->round++;
    p->busy = p->config.workers - 1;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    do_part(&p->callers[0]);
    pthread_mutex_lock(&p->lock);
    while (p->busy > 0) pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

/* Appends a caller's results to the first one's, unless those before it have not come to their end. */
static void gather(swapci_caller *first, swapci_caller *c) {
    if (first->status != SWAPC_OK) return;
    first->status =
        swapci_buffer_append(&first->results.arguments, swapci_buffer_bytes(&c->results.arguments));
    if (first->status != SWAPC_OK) return;
    first->results.count += c->results.count;
    first->results.arguments_count += c->results.arguments_count;
    first->results.errors += c->results.errors;
    first->status = c->status;
}

enum swapc_status swapci_process_call(swapci_process *p, const swapci_process_entries *entries,
                                      size_t from, swapc_error *error) {
    size_t left = entries->count - from;
    unsigned callers = left > 1 && !p->suspicious ? p->config.workers : 1;
    swapci_caller *first = &p->callers[0];
    for (unsigned i = 0; i < callers; i++) {
        swapci_caller *c = &p->callers[i];
        c->entries = entries;
        c->first = from + left * i / callers;
        c->count = from + left * (i + 1) / callers - c->first;
    }
    if (callers == 1) do_part(first);
    else share(p);
    if (p->suspicious) {
        enum swapc_status noted = swapci_process_suspects_called(p, error);
        if (noted != SWAPC_OK) return noted;
    }
    for (unsigned i = 1; i < callers; i++) gather(first, &p->callers[i]);
    if (first->status == SWAPC_OK || first->status == SWAPC_INTERRUPTED) return SWAPC_OK;
    bool memory = first->status == SWAPC_NO_MEMORY;
    return swapc_error_set(error, first->status, "%s",
                           memory ? "no memory for a batch of entries" : first->error.text);
}
