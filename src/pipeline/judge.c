/* What is shared: the slots (slots.h), the counts, which are atomics, and the hindrance's text, under `lock`, which
 * is never held while anything else is called. */
#include "judge.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "method_contract.h"
#include "reason.h"
#include "translator.h"
#include "verify_batch.h"

static const swapc_bytes batch_operation = {(const uint8_t *)SWAPCI_VERIFY_BATCH_OPERATION,
                                            sizeof SWAPCI_VERIFY_BATCH_OPERATION - 1};

struct swapci_judges {
    swapci_judges_config config;
    swapci_slots *slots;     /* by the method's number; shared when messages swap modules */
    swapci_known_keys *keys; /* locks itself */
    atomic_uint_least64_t judged;
    atomic_bool told_module[SWAPCI_METHODS_MAX]; /* that it cannot be had, since it could */
    pthread_mutex_t lock;                        /* of the next one */
    char hindrance[SWAPCI_HINDRANCE_MAX];        /* why a module could not be had the last time */
};

_Static_assert((unsigned)SWAPCI_METHODS_MAX <= SWAPCI_SLOTS_MAX, "each method has a slot");

/* The slot of a method that keeps its module has the method's contract; one whose module is swapped for
 * each message takes the modules of several methods, and has none. */
static enum swapc_status add_method(swapci_judges *j, unsigned number, swapc_error *error) {
    const swapci_method *method = swapci_method_table[number];
    swapc_contract *contract = NULL;
    enum swapc_status status = SWAPC_OK;
    if (j->config.swap == SWAPCI_SWAP_NONE)
        status = swapci_method_contract(method, &contract, error);
    if (status == SWAPC_OK)
        status = swapci_slots_add(j->slots, number, method->name, j->config.paths[number], contract,
                                  error);
    swapc_contract_release(contract);
    return status;
}

static enum swapc_status add_methods(swapci_judges *j, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK; m++)
        if (j->config.paths[m]) status = add_method(j, m, error);
    return status;
}

/* The original system's modules tell their host of each verification by a host call (binding
 * "binding", the response as payload) and fail when it fails: it is taken, and given back. */
static enum swapc_status take_host_call(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                        swapc_bytes payload, swapc_reply *reply, void *call_user,
                                        void *user) {
    (void)binding, (void)ns, (void)operation, (void)call_user, (void)user;
    return swapc_reply_set(reply, payload);
}

enum swapc_status swapci_judges_new(const swapci_judges_config *config, swapci_judges **out,
                                    swapc_error *error) {
    swapci_judges *j = calloc(1, sizeof *j);
    if (!j) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a verifier");
    j->config = *config;
    pthread_mutex_init(&j->lock, NULL);
    const swapci_slots_config slots = {.role = "verifier",
                                       .engine = config->engine,
                                       .allow_native = config->allow_native,
                                       .shared = config->swap != SWAPCI_SWAP_NONE,
                                       .fresh = config->swap == SWAPCI_SWAP_COLD,
                                       .workers = config->workers,
                                       .deadline_ms = config->deadline_ms,
                                       .compile_ms = config->compile_ms,
                                       .trust = config->trust,
                                       .check_trust = config->check_trust,
                                       .host_call = take_host_call,
                                       .log = config->log};
    enum swapc_status status = swapci_slots_new(&slots, &j->slots, error);
    if (status == SWAPC_OK)
        status = swapci_known_keys_new(config->keys_pub, SWAPCI_KNOWN_KEYS_GRACE_MS, &config->log,
                                       &j->keys, error);
    if (status == SWAPC_OK) status = add_methods(j, error);
    if (status != SWAPC_OK) {
        swapci_judges_free(j);
        return status;
    }
    *out = j;
    return SWAPC_OK;
}

void swapci_judges_free(swapci_judges *judges) {
    if (!judges) return;
    swapci_slots_free(judges->slots);
    swapci_known_keys_free(judges->keys);
    pthread_mutex_destroy(&judges->lock);
    free(judges);
}

bool swapci_judges_hindrance(swapci_judges *judges, char out[SWAPCI_HINDRANCE_MAX]) {
    bool hindered = false;
    for (unsigned m = 0; m < swapci_method_count; m++)
        hindered |= atomic_load_explicit(&judges->told_module[m], memory_order_relaxed);
    pthread_mutex_lock(&judges->lock);
    snprintf(out, SWAPCI_HINDRANCE_MAX, "%s", hindered ? judges->hindrance : "");
    pthread_mutex_unlock(&judges->lock);
    return hindered;
}

swapci_slots *swapci_judges_slots(swapci_judges *judges) {
    return judges->slots;
}

const swapc_module_info *swapci_judges_module(const swapci_judges *judges,
                                              const swapci_method *method) {
    const swapc_module *module = swapci_slots_first(judges->slots, swapci_method_number(method));
    return module ? swapc_module_describe(module) : NULL;
}

uint64_t swapci_judges_judged(const swapci_judges *judges) {
    return atomic_load(&judges->judged);
}

void swapci_judge_init(swapci_judge *judge, swapci_judges *judges) {
    *judge = (swapci_judge){.judges = judges, .reply = SWAPC_REPLY_INIT};
    swapci_histogram_init(&judge->verify_ns);
}

void swapci_judge_fini(swapci_judge *judge) {
    swapci_buffer_fini(&judge->request);
    swapci_buffer_fini(&judge->batch);
    swapc_reply_fini(&judge->reply);
}

/* method: of any that is served. */
static enum swapc_status publish_pin(swapci_judges *j, unsigned method, swapc_module *module,
                                     swapc_pin *pin, swapc_error *error) {
    swapc_slot *slot = swapci_slots_at(j->slots, method);
    enum swapc_status status = swapc_slot_publish_pin(slot, module, pin);
    if (status != SWAPC_OK)
        return swapc_error_set(error, status, "the slot does not take %s",
                               swapc_module_describe(module)->path);
    swapci_slots_swapped(j->slots);
    return SWAPC_OK;
}

static enum swapc_status pin_warm(swapci_judges *j, unsigned method, swapc_pin *pin,
                                  swapc_error *error) {
    int swapped = 0;
    swapc_module *module = swapci_slots_first(j->slots, method);
    if (j->config.every_message) return publish_pin(j, method, module, pin, error);
    swapc_slot *slot = swapci_slots_at(j->slots, method);
    enum swapc_status status = swapc_slot_ensure_pin(slot, module, pin, &swapped);
    if (swapped) swapci_slots_swapped(j->slots);
    return status;
}

/* Whether pin's module is the one of method: loaded modules are new ones of the same file. */
static bool pin_is(const swapci_judges *j, const swapc_pin *pin, unsigned method) {
    const char *wanted = swapc_module_describe(swapci_slots_first(j->slots, method))->digest_hex;
    return strcmp(swapc_module_describe(pin->module)->digest_hex, wanted) == 0;
}

static enum swapc_status pin_loaded(swapci_judges *j, unsigned method, swapc_pin *pin,
                                    swapc_error *error) {
    swapc_module *module;
    if (!j->config.every_message &&
        swapc_slot_pin(swapci_slots_at(j->slots, method), pin) == SWAPC_OK) {
        if (pin_is(j, pin, method)) return SWAPC_OK;
        swapc_pin_release(pin);
    }
    enum swapc_status status = swapci_slots_load(j->slots, method, &module, error);
    if (status != SWAPC_OK) return status;
    status = publish_pin(j, method, module, pin, error);
    swapc_module_release(module);
    return status;
}

/* method: its number. */
static enum swapc_status pin(swapci_judges *j, unsigned method, swapc_pin *out,
                             swapc_error *error) {
    switch (j->config.swap) {
    case SWAPCI_SWAP_NONE:
        return swapc_slot_pin(swapci_slots_at(j->slots, method), out);
    case SWAPCI_SWAP_WARM:
        return pin_warm(j, method, out, error);
    case SWAPCI_SWAP_DISK:
    case SWAPCI_SWAP_COLD:
        return pin_loaded(j, method, out, error);
    }
    return SWAPC_INVALID;
}

/* The call on the pinned module. out gets what its answer means, and who gave it. */
static enum swapc_status call_pinned(swapci_judge *judge, const swapc_pin *pinned,
                                     swapc_bytes operation, swapc_bytes request,
                                     swapci_verdict *out) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.cancel = judge->judges->config.cancel;
    enum swapc_status status =
        swapc_pin_call(pinned, operation, request, &options, &judge->reply, &error);
    swapci_translator_verdict(status, judge->reply.body, &out->status, &out->reason);
    out->generation = pinned->generation;
    memcpy(judge->digest_hex, swapc_module_describe(pinned->module)->digest_hex,
           sizeof judge->digest_hex);
    out->digest = judge->digest_hex;
    return status;
}

/* Whether a module can be had is the same for all messages: said when it changes. */
static void tell_module(swapci_judges *j, unsigned method, enum swapc_status status,
                        const swapc_error *error) {
    bool failed = status != SWAPC_OK;
    if (!failed && !atomic_load_explicit(&j->told_module[method], memory_order_relaxed)) return;
    const char *name = swapci_method_table[method]->name;
    const char *why = error->text[0] ? error->text : swapc_status_text(status);
    if (failed) {
        pthread_mutex_lock(&j->lock);
        snprintf(j->hindrance, sizeof j->hindrance, "no module for %s: %s", name, why);
        pthread_mutex_unlock(&j->lock);
    }
    if (atomic_exchange(&j->told_module[method], failed) == failed) return;
    if (failed)
        swapc_log_write(&j->config.log, SWAPC_LOG_ERROR, "verifier",
                        "no module for %s: %s; its messages stay pending", name, why);
    else
        swapc_log_write(&j->config.log, SWAPC_LOG_INFO, "verifier",
                        "the module for %s can be had again", name);
}

/* What hinders the module is no fault of the message. */
static enum swapci_outcome verify(swapci_judge *judge, const swapci_record *record,
                                  swapci_verdict *out) {
    swapci_judges *j = judge->judges;
    swapc_pin pinned;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_translator_request(record, &judge->request, &error);
    enum swapci_outcome outcome = swapci_outcome_of(status);
    if (status == SWAPC_OK) {
        unsigned method = swapci_method_number(record->method);
        status = pin(j, method, &pinned, &error);
        tell_module(j, method, status, &error);
        outcome = SWAPCI_OUTCOME_AGAIN;
    }
    if (status != SWAPC_OK) {
        out->status = "Error";
        out->reason = swapc_status_name(status);
        return outcome;
    }
    status = call_pinned(judge, &pinned, swapc_bytes_str(SWAPCI_TRANSLATOR_OPERATION),
                         swapci_buffer_bytes(&judge->request), out);
    swapc_pin_release(&pinned);
    return swapci_outcome_of(status);
}

/* Books what `members` messages cost, with their share of what is owed. */
static void book_time(swapci_judge *judge, const swapci_method *method, uint64_t cost_ns,
                      unsigned members) {
    swapci_live_histogram *live = &judge->call_ns[swapci_method_number(method)];
    if (judge->owed_shares > 0) {
        unsigned shares = members < judge->owed_shares ? members : judge->owed_shares;
        uint64_t share = judge->owed_ns * shares / judge->owed_shares;
        judge->owed_ns -= share;
        judge->owed_shares -= shares;
        cost_ns += share;
    }
    for (unsigned i = 0; i < members; i++) {
        swapci_histogram_record(&judge->verify_ns, cost_ns / members);
        swapci_live_record(live, cost_ns / members);
    }
}

static enum swapci_outcome verify_timed(swapci_judge *judge, const swapci_record *record,
                                        swapci_verdict *out) {
    bool wall = judge->judges->config.swap >= SWAPCI_SWAP_DISK;
    uint64_t start = wall ? swapci_clock_monotonic_ns() : swapci_clock_thread_cpu_ns();
    enum swapci_outcome outcome = verify(judge, record, out);
    uint64_t end = wall ? swapci_clock_monotonic_ns() : swapci_clock_thread_cpu_ns();
    judge->spent_ns = end - start;
    book_time(judge, record->method, judge->spent_ns, 1);
    return outcome;
}

static bool is_served(const swapci_judges *j, const swapci_method *method) {
    return swapci_slots_first(j->slots, swapci_method_number(method)) != NULL;
}

static enum swapci_known known(const swapci_judges *j, const swapci_record *record) {
    return swapci_known_keys_look(j->keys, record->method->key_form, record->key);
}

enum swapci_outcome swapci_judge_record(swapci_judge *judge, const swapci_record *record,
                                        swapci_verdict *out) {
    *out = (swapci_verdict){
        .id = record->id, .method = record->method->name, .digest = "", .t_us = record->t_us};
    atomic_fetch_add_explicit(&judge->judges->judged, 1, memory_order_relaxed);
    judge->spent_ns = 0;
    if (!is_served(judge->judges, record->method)) {
        out->status = "Error";
        out->reason = "method not served";
        return SWAPCI_OUTCOME_VERDICT;
    }
    enum swapci_known key = known(judge->judges, record);
    if (key != SWAPCI_KNOWN) {
        out->status = "NotValid";
        out->reason = SWAPCI_REASON_UNKNOWN_KEY;
        return key == SWAPCI_UNSETTLED ? SWAPCI_OUTCOME_AGAIN : SWAPCI_OUTCOME_VERDICT;
    }
    return verify_timed(judge, record, out);
}

/* ---- many at once ---------------------------------------------------------------------------- */

static bool has_batch(const char *const *operation) {
    while (*operation && !swapc_bytes_equal(swapc_bytes_str(*operation), batch_operation))
        operation++;
    return *operation != NULL;
}

/* Whether the pinned module announces batches, and had to answer some before it got into the slot: one
 * answer stands for many messages there, and is not taken on the module's own word. */
static bool may_batch(const swapc_slot *slot, const swapc_pin *pinned) {
    const swapc_contract *contract = swapc_slot_contract(slot);
    return contract && has_batch(swapc_contract_optional(contract)) &&
           has_batch(swapc_module_describe(pinned->module)->operations);
}

bool swapci_judges_batches(const swapci_judges *judges, const swapci_method *method) {
    swapc_pin pinned;
    swapc_slot *slot = swapci_slots_at(judges->slots, swapci_method_number(method));
    if (judges->config.swap != SWAPCI_SWAP_NONE || !slot) return false;
    if (swapc_slot_pin(slot, &pinned) != SWAPC_OK) return false;
    bool may = may_batch(slot, &pinned);
    swapc_pin_release(&pinned);
    return may;
}

bool swapci_judge_may_join(const swapci_judge *judge, const swapci_record *record) {
    return record->message.len <= SWAPCI_JUDGE_MEMBER_BYTES &&
           is_served(judge->judges, record->method) && known(judge->judges, record) == SWAPCI_KNOWN;
}

/* The head, then each one's request of verify_message. */
static enum swapc_status write_batch(swapci_judge *judge, const swapci_record *const *records,
                                     unsigned count) {
    uint8_t head[SWAPCI_VERIFY_BATCH_HEAD_MAX];
    swapc_bytes head_bytes = swapc_bytes_of(head, swapci_verify_batch_head(count, head));
    swapci_buffer_clear(&judge->batch);
    enum swapc_status status = swapci_buffer_append(&judge->batch, head_bytes);
    for (unsigned i = 0; i < count && status == SWAPC_OK; i++) {
        status = swapci_translator_request(records[i], &judge->request, NULL);
        if (status == SWAPC_OK)
            status = swapci_buffer_append(&judge->batch, swapci_buffer_bytes(&judge->request));
    }
    return status;
}

/* Returns the status of the call; OK: out is the module's answer, for all. */
static enum swapc_status verify_together(swapci_judge *judge, const swapci_record *const *records,
                                         unsigned count, swapci_verdict *out) {
    swapc_pin pinned;
    enum swapc_status status = write_batch(judge, records, count);
    unsigned method = swapci_method_number(records[0]->method);
    if (status == SWAPC_OK) status = pin(judge->judges, method, &pinned, NULL);
    if (status != SWAPC_OK) return status;
    status =
        may_batch(swapci_slots_at(judge->judges->slots, method), &pinned)
            ? call_pinned(judge, &pinned, batch_operation, swapci_buffer_bytes(&judge->batch), out)
            : SWAPC_UNSUPPORTED;
    swapc_pin_release(&pinned);
    return status;
}

bool swapci_judge_together(swapci_judge *judge, const swapci_record *const *records, unsigned count,
                           swapci_verdict *out, uint64_t *cost_ns) {
    SWAPC_CHECK(count > 0 && count <= SWAPCI_JUDGE_TOGETHER_MAX);
    uint64_t start = swapci_clock_thread_cpu_ns(), wall = swapci_clock_monotonic_ns();
    *out = (swapci_verdict){.method = records[0]->method->name, .digest = "", .status = ""};
    enum swapc_status status = verify_together(judge, records, count, out);
    uint64_t cost = swapci_clock_thread_cpu_ns() - start;
    bool good = status == SWAPC_OK && swapci_verify_batch_all_valid(judge->reply.body);
    if (good) {
        atomic_fetch_add_explicit(&judge->judges->judged, count, memory_order_relaxed);
        book_time(judge, records[0]->method, cost, count);
    } else {
        judge->owed_ns += cost;
        if (judge->owed_shares < count) judge->owed_shares = count;
    }
    *cost_ns = status == SWAPC_DEADLINE ? swapci_clock_monotonic_ns() - wall : cost;
    return good;
}
