/* What is shared: modules[] and the slots, const after new (a slot locks itself), and the counts,
 * which are atomics. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "engine_names.h"
#include "method_contract.h"
#include "reason.h"
#include "translator.h"
#include "verify_batch.h"

static const swapc_bytes batch_operation = {(const uint8_t *)SWAPCI_VERIFY_BATCH_OPERATION,
                                            sizeof SWAPCI_VERIFY_BATCH_OPERATION - 1};

struct swapci_judges {
    swapci_judges_config config;
    swapc_host *host;
    swapci_known_keys *keys;                   /* locks itself */
    swapc_module *modules[SWAPCI_METHODS_MAX]; /* by the method's number */
    swapc_slot *slots[SWAPCI_METHODS_MAX]; /* swap none: one a method; else the first serves all */
    atomic_uint_least64_t swaps, judged;
    atomic_bool told_module[SWAPCI_METHODS_MAX]; /* that it cannot be had, since it could */
    uint32_t deadline_ms;                        /* of one call */
    swapci_swap_log log;                         /* locks itself */
};

static enum swapc_status load(swapci_judges *j, unsigned number, swapc_module **out,
                              swapc_error *error) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = j->config.engine;
    options.fresh = j->config.swap == SWAPCI_SWAP_COLD;
    return swapc_module_load(j->host, j->config.paths[number], &options, out, error);
}

/* The slot of a method that keeps its module has the method's contract; one whose module is swapped for
 * each message takes the modules of several methods, and has none. */
static enum swapc_status make_slot(swapci_judges *j, unsigned number, swapc_error *error) {
    const swapci_method *method = swapci_method_table[number];
    swapc_slot **slot = &j->slots[number];
    swapc_contract *contract = NULL;
    enum swapc_status status = swapc_slot_new(method->name, slot, error);
    if (status != SWAPC_OK || j->config.swap != SWAPCI_SWAP_NONE) return status;
    status = swapci_method_contract(method, &contract, error);
    if (status == SWAPC_OK && contract) status = swapc_slot_set_contract(*slot, contract, error);
    if (status == SWAPC_OK) status = swapc_slot_admit(*slot, j->modules[number], error);
    if (status == SWAPC_OK) status = swapc_slot_publish(*slot, j->modules[number], NULL);
    swapc_contract_release(contract);
    return status;
}

static enum swapc_status load_methods(swapci_judges *j, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK; m++) {
        if (!j->config.paths[m]) continue;
        status = load(j, m, &j->modules[m], error);
        if (status == SWAPC_OK) status = make_slot(j, m, error);
        if (status != SWAPC_OK)
            swapc_error_set(error, status, "slot %s does not take %s", swapci_method_table[m]->name,
                            j->config.paths[m]);
    }
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

static swapc_host_config host_config(const swapci_judges_config *config, const char **engines) {
    swapc_host_config host = SWAPC_HOST_CONFIG_INIT;
    host.host_call = take_host_call;
    host.log = config->log;
    host.trust = config->trust;
    host.engines = swapci_engine_names(config->engine, engines);
    host.instances = config->workers > 16 ? 4 * config->workers : 64;
    if (config->deadline_ms) host.limits.deadline_ms = config->deadline_ms;
    host.limits.compile_ms = config->compile_ms;
    return host;
}

static enum swapc_status check_deadline(const swapci_judges_config *config, swapc_error *error) {
    if (!config->deadline_ms || !swapci_engine_is_trusted_code(config->engine)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_UNSUPPORTED,
                           "engine %s cannot stop a call: leave --deadline out", config->engine);
}

enum swapc_status swapci_judges_new(const swapci_judges_config *config, swapci_judges **out,
                                    swapc_error *error) {
    swapci_judges *j = calloc(1, sizeof *j);
    if (!j) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a verifier");
    j->config = *config;
    pthread_mutex_init(&j->log.lock, NULL);
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config host = host_config(config, engines);
    j->deadline_ms = host.limits.deadline_ms;
    enum swapc_status status = check_deadline(config, error);
    if (status == SWAPC_OK)
        status = swapci_known_keys_new(config->keys_pub, SWAPCI_KNOWN_KEYS_GRACE_MS, &config->log,
                                       &j->keys, error);
    if (status == SWAPC_OK) status = swapc_host_new(&host, &j->host, error);
    if (status == SWAPC_OK) status = load_methods(j, error);
    if (status != SWAPC_OK) {
        swapci_judges_free(j);
        return status;
    }
    *out = j;
    return SWAPC_OK;
}

void swapci_judges_free(swapci_judges *judges) {
    if (!judges) return;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        swapc_slot_free(judges->slots[m]);
        swapc_module_release(judges->modules[m]);
    }
    swapc_host_free(judges->host);
    swapci_known_keys_free(judges->keys);
    pthread_mutex_destroy(&judges->log.lock);
    free(judges);
}

const swapc_module_info *swapci_judges_module(const swapci_judges *judges,
                                              const swapci_method *method) {
    const swapc_module *module = judges->modules[swapci_method_number(method)];
    return module ? swapc_module_describe(module) : NULL;
}

uint64_t swapci_judges_swaps(const swapci_judges *judges) {
    return atomic_load(&judges->swaps);
}

uint64_t swapci_judges_judged(const swapci_judges *judges) {
    return atomic_load(&judges->judged);
}

uint32_t swapci_judges_deadline_ms(const swapci_judges *judges) {
    return judges->deadline_ms;
}

static swapc_slot *common_slot(const swapci_judges *j) {
    for (unsigned m = 0; m < swapci_method_count; m++)
        if (j->slots[m]) return j->slots[m];
    return NULL;
}

/* The method's own slot. Returns NOT_FOUND, or UNSUPPORTED where all methods share one. */
static enum swapc_status slot_of(const swapci_judges *j, const swapci_method *method,
                                 swapc_slot **out, swapc_error *error) {
    *out = j->slots[swapci_method_number(method)];
    if (!*out)
        return swapc_error_set(error, SWAPC_NOT_FOUND, "this verifier does not serve %s",
                               method->name);
    if (j->config.swap != SWAPCI_SWAP_NONE)
        return swapc_error_set(error, SWAPC_UNSUPPORTED,
                               "the messages themselves swap modules here: start the verifier with "
                               "--swap none to swap them by hand");
    return SWAPC_OK;
}

/* Loading native code runs it, before any check can. */
static enum swapc_status may_swap(const swapci_judges *j, swapc_error *error) {
    if (j->config.allow_native || !swapci_engine_is_trusted_code(j->config.engine)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NOT_ALLOWED,
                           "this verifier runs native code, which would run unchecked as it is "
                           "loaded: a swap needs a verifier started with --allow-native");
}

swapci_swap_log *swapci_judges_log(swapci_judges *judges) {
    return &judges->log;
}

/* Books what came of it, and tells. */
static void book(swapci_judges *j, enum swapci_swap_action action, const swapci_method *method,
                 const char *path, const swapc_swap_report *report, enum swapc_status status,
                 const swapc_error *why, swapci_swap_event *out) {
    swapci_swap_event event = {.action = action,
                               .status = status,
                               .stage = report->stage,
                               .self_tests = report->self_tests,
                               .generation = report->generation,
                               .load_us = report->load_us,
                               .self_test_us = report->self_test_us};
    snprintf(event.slot, sizeof event.slot, "%s", method->name);
    snprintf(event.path, sizeof event.path, "%s", path);
    snprintf(event.text, sizeof event.text, "%s", status == SWAPC_OK ? "" : why->text);
    swapci_swap_log_add(&j->log, &event);
    if (status == SWAPC_OK && action != SWAPCI_ACTION_CHECK) atomic_fetch_add(&j->swaps, 1);
    if (out) *out = event;
}

static enum swapc_status swap_into(const swapci_judges *j, swapc_slot *slot, swapc_host *host,
                                   const char *path, swapc_swap_report *report,
                                   swapc_error *error) {
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    options.module.engine = j->config.engine;
    return swapc_slot_swap(slot, host, path, &options, report, error);
}

enum swapc_status swapci_judges_swap(swapci_judges *judges, const swapci_method *method,
                                     const char *path, swapci_swap_event *event,
                                     swapc_error *error) {
    swapc_swap_report report = SWAPC_SWAP_REPORT_INIT;
    swapc_error own = SWAPC_ERROR_INIT, *why = error ? error : &own;
    swapc_slot *slot;
    enum swapc_status status = slot_of(judges, method, &slot, why);
    if (status == SWAPC_OK) status = may_swap(judges, why);
    if (status == SWAPC_OK) status = swap_into(judges, slot, judges->host, path, &report, why);
    book(judges, SWAPCI_ACTION_SWAP, method, path, &report, status, why, event);
    return status;
}

/* A slot of the same contract, and a host of its own, that nobody else sees. */
static enum swapc_status check_apart(const swapci_judges *j, const swapci_method *method,
                                     const char *path, swapc_swap_report *report,
                                     swapc_error *error) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = host_config(&j->config, engines);
    swapc_contract *contract = NULL;
    swapc_host *host = NULL;
    swapc_slot *slot = NULL;
    config.trust = j->config.check_trust;
    config.instances = 1;
    enum swapc_status status = swapc_slot_new(method->name, &slot, error);
    if (status == SWAPC_OK) status = swapci_method_contract(method, &contract, error);
    if (status == SWAPC_OK && contract) status = swapc_slot_set_contract(slot, contract, error);
    if (status == SWAPC_OK) status = swapc_host_new(&config, &host, error);
    if (status == SWAPC_OK) status = swap_into(j, slot, host, path, report, error);
    swapc_slot_free(slot);
    swapc_contract_release(contract);
    swapc_host_free(host);
    return status;
}

enum swapc_status swapci_judges_check(swapci_judges *judges, const swapci_method *method,
                                      const char *path, swapci_swap_event *event,
                                      swapc_error *error) {
    swapc_swap_report report = SWAPC_SWAP_REPORT_INIT;
    swapc_error own = SWAPC_ERROR_INIT, *why = error ? error : &own;
    swapc_slot *slot;
    enum swapc_status status = slot_of(judges, method, &slot, why);
    if (status == SWAPC_OK) status = may_swap(judges, why);
    if (status == SWAPC_OK) status = check_apart(judges, method, path, &report, why);
    report.generation = 0;
    book(judges, SWAPCI_ACTION_CHECK, method, path, &report, status, why, event);
    return status;
}

enum swapc_status swapci_judges_rollback(swapci_judges *judges, const swapci_method *method,
                                         swapci_swap_event *event, swapc_error *error) {
    swapc_swap_report report = SWAPC_SWAP_REPORT_INIT;
    swapc_error own = SWAPC_ERROR_INIT, *why = error ? error : &own;
    swapc_slot *slot;
    enum swapc_status status = slot_of(judges, method, &slot, why);
    report.stage = SWAPC_SWAP_PUBLISH;
    if (status == SWAPC_OK) status = swapc_slot_rollback(slot, &report.generation);
    if (status == SWAPC_EMPTY)
        swapc_error_set(why, status, "%s has had one module only: nothing to go back to",
                        method->name);
    book(judges, SWAPCI_ACTION_ROLLBACK, method, "", &report, status, why, event);
    return status;
}

enum swapc_status swapci_judges_pin(swapci_judges *judges, const swapci_method *method,
                                    swapc_pin *out) {
    swapc_slot *slot = judges->slots[swapci_method_number(method)];
    if (slot && judges->config.swap != SWAPCI_SWAP_NONE) slot = common_slot(judges);
    return slot ? swapc_slot_pin(slot, out) : SWAPC_NOT_FOUND;
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

static enum swapc_status publish_pin(swapci_judges *j, swapc_module *module, swapc_pin *pin,
                                     swapc_error *error) {
    enum swapc_status status = swapc_slot_publish_pin(common_slot(j), module, pin);
    if (status != SWAPC_OK)
        return swapc_error_set(error, status, "the slot does not take %s",
                               swapc_module_describe(module)->path);
    atomic_fetch_add(&j->swaps, 1);
    return SWAPC_OK;
}

static enum swapc_status pin_warm(swapci_judges *j, unsigned method, swapc_pin *pin,
                                  swapc_error *error) {
    int swapped = 0;
    if (j->config.every_message) return publish_pin(j, j->modules[method], pin, error);
    enum swapc_status status =
        swapc_slot_ensure_pin(common_slot(j), j->modules[method], pin, &swapped);
    if (swapped) atomic_fetch_add(&j->swaps, 1);
    return status;
}

/* Whether pin's module is the one of method: loaded modules are new ones of the same file. */
static bool pin_is(const swapci_judges *j, const swapc_pin *pin, unsigned method) {
    const char *wanted = swapc_module_describe(j->modules[method])->digest_hex;
    return strcmp(swapc_module_describe(pin->module)->digest_hex, wanted) == 0;
}

static enum swapc_status pin_loaded(swapci_judges *j, unsigned method, swapc_pin *pin,
                                    swapc_error *error) {
    swapc_module *module;
    if (!j->config.every_message && swapc_slot_pin(common_slot(j), pin) == SWAPC_OK) {
        if (pin_is(j, pin, method)) return SWAPC_OK;
        swapc_pin_release(pin);
    }
    enum swapc_status status = load(j, method, &module, error);
    if (status != SWAPC_OK) return status;
    status = publish_pin(j, module, pin, error);
    swapc_module_release(module);
    return status;
}

/* method: its number. */
static enum swapc_status pin(swapci_judges *j, unsigned method, swapc_pin *out,
                             swapc_error *error) {
    switch (j->config.swap) {
    case SWAPCI_SWAP_NONE:
        return swapc_slot_pin(j->slots[method], out);
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
    if (atomic_exchange(&j->told_module[method], failed) == failed) return;
    if (failed)
        swapc_log_write(&j->config.log, SWAPC_LOG_ERROR, "verifier",
                        "no module for %s: %s; its messages stay pending",
                        swapci_method_table[method]->name,
                        error->text[0] ? error->text : swapc_status_text(status));
    else
        swapc_log_write(&j->config.log, SWAPC_LOG_INFO, "verifier",
                        "the module for %s can be had again", swapci_method_table[method]->name);
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
    return j->modules[swapci_method_number(method)] != NULL;
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
    swapc_slot *slot = judges->slots[swapci_method_number(method)];
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
        may_batch(judge->judges->slots[method], &pinned)
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
