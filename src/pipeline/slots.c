/* What is shared: at[], const once all are added (a slot locks itself, and so does the log), and the count of
 * swaps, an atomic. */
#include "slots.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_names.h"

struct served {
    const char *name, *path;  /* NULL: no such slot */
    swapc_contract *contract; /* NULL: none */
    swapc_module *first;
    swapc_slot *slot;
};

struct swapci_slots {
    swapci_slots_config config;
    swapc_host *host;
    struct served at[SWAPCI_SLOTS_MAX];
    uint32_t deadline_ms;
    atomic_uint_least64_t swaps;
    swapci_swap_log log;
};

static swapc_host_config host_config(const swapci_slots_config *config, const char **engines) {
    swapc_host_config host = SWAPC_HOST_CONFIG_INIT;
    host.host_call = config->host_call;
    host.log = config->log;
    host.trust = config->trust;
    host.engines = swapci_engine_names(config->engine, engines);
    host.instances = config->workers > 16 ? 4 * config->workers : 64;
    if (config->deadline_ms) host.limits.deadline_ms = config->deadline_ms;
    host.limits.compile_ms = config->compile_ms;
    return host;
}

static enum swapc_status check_deadline(const swapci_slots_config *config, swapc_error *error) {
    if (!config->deadline_ms || !swapci_engine_is_trusted_code(config->engine)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_UNSUPPORTED,
                           "engine %s cannot stop a call: leave --deadline out", config->engine);
}

enum swapc_status swapci_slots_new(const swapci_slots_config *config, swapci_slots **out,
                                   swapc_error *error) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config host = host_config(config, engines);
    enum swapc_status status = check_deadline(config, error);
    if (status != SWAPC_OK) return status;
    swapci_slots *slots = calloc(1, sizeof *slots);
    if (!slots) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for slots");
    slots->config = *config;
    slots->deadline_ms = host.limits.deadline_ms;
    pthread_mutex_init(&slots->log.lock, NULL);
    status = swapc_host_new(&host, &slots->host, error);
    if (status == SWAPC_OK) *out = slots;
    else swapci_slots_free(slots);
    return status;
}

void swapci_slots_free(swapci_slots *slots) {
    if (!slots) return;
    for (unsigned i = 0; i < SWAPCI_SLOTS_MAX; i++) {
        swapc_slot_free(slots->at[i].slot);
        swapc_module_release(slots->at[i].first);
        swapc_contract_release(slots->at[i].contract);
    }
    swapc_host_free(slots->host);
    pthread_mutex_destroy(&slots->log.lock);
    free(slots);
}

enum swapc_status swapci_slots_load(swapci_slots *slots, unsigned number, swapc_module **out,
                                    swapc_error *error) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = slots->config.engine;
    options.fresh = slots->config.fresh;
    return swapc_module_load(slots->host, slots->at[number].path, &options, out, error);
}

static enum swapc_status fill(swapci_slots *slots, struct served *at, swapc_error *error) {
    enum swapc_status status = swapc_slot_new(at->name, &at->slot, error);
    if (status != SWAPC_OK || slots->config.shared) return status;
    if (at->contract) status = swapc_slot_set_contract(at->slot, at->contract, error);
    if (status == SWAPC_OK) status = swapc_slot_admit(at->slot, at->first, error);
    return status == SWAPC_OK ? swapc_slot_publish(at->slot, at->first, NULL) : status;
}

enum swapc_status swapci_slots_add(swapci_slots *slots, unsigned number, const char *name,
                                   const char *path, swapc_contract *contract, swapc_error *error) {
    struct served *at = &slots->at[number];
    at->name = name;
    at->path = path;
    at->contract = contract ? swapc_contract_retain(contract) : NULL;
    enum swapc_status status = swapci_slots_load(slots, number, &at->first, error);
    if (status == SWAPC_OK) status = fill(slots, at, error);
    return status == SWAPC_OK
               ? status
               : swapc_error_set(error, status, "slot %s does not take %s", name, path);
}

swapc_module *swapci_slots_first(const swapci_slots *slots, unsigned number) {
    return slots->at[number].first;
}

swapc_slot *swapci_slots_at(const swapci_slots *slots, unsigned number) {
    if (!slots->at[number].slot || !slots->config.shared) return slots->at[number].slot;
    for (number = 0; !slots->at[number].slot; number++) {
    }
    return slots->at[number].slot;
}

const char *swapci_slots_name(const swapci_slots *slots, unsigned number) {
    return slots->at[number].name;
}

swapci_swap_log *swapci_slots_log(swapci_slots *slots) {
    return &slots->log;
}

uint64_t swapci_slots_swaps(const swapci_slots *slots) {
    return atomic_load(&slots->swaps);
}

void swapci_slots_swapped(swapci_slots *slots) {
    atomic_fetch_add(&slots->swaps, 1);
}

uint32_t swapci_slots_deadline_ms(const swapci_slots *slots) {
    return slots->deadline_ms;
}

/* ---- what is done to a slot ------------------------------------------------------------------ */

static const struct served *find(const swapci_slots *slots, const char *name) {
    for (unsigned i = 0; i < SWAPCI_SLOTS_MAX; i++)
        if (slots->at[i].slot && strcmp(slots->at[i].name, name) == 0) return &slots->at[i];
    return NULL;
}

static enum swapc_status may_act(const swapci_slots *slots, swapc_error *error) {
    if (!slots->config.shared) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_UNSUPPORTED,
                           "the messages themselves swap modules here: start the %s with "
                           "--swap none to swap them by hand",
                           slots->config.role);
}

/* Loading native code runs it, before any check can. */
static enum swapc_status may_load(const swapci_slots *slots, swapc_error *error) {
    if (slots->config.allow_native || !swapci_engine_is_trusted_code(slots->config.engine))
        return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NOT_ALLOWED,
                           "this %s runs native code, which would run unchecked as it is "
                           "loaded: a swap needs a %s started with --allow-native",
                           slots->config.role, slots->config.role);
}

static enum swapc_status swap_into(const swapci_slots *slots, swapc_slot *slot, swapc_host *host,
                                   const char *path, swapc_swap_report *report,
                                   swapc_error *error) {
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    options.module.engine = slots->config.engine;
    return swapc_slot_swap(slot, host, path, &options, report, error);
}

/* In a slot of the same contract, and a host of its own, that nobody else sees. */
static enum swapc_status check_apart(const swapci_slots *slots, const struct served *at,
                                     const char *path, swapc_swap_report *report,
                                     swapc_error *error) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = host_config(&slots->config, engines);
    swapc_host *host = NULL;
    swapc_slot *slot = NULL;
    config.trust = slots->config.check_trust;
    config.instances = 1;
    enum swapc_status status = swapc_slot_new(at->name, &slot, error);
    if (status == SWAPC_OK && at->contract)
        status = swapc_slot_set_contract(slot, at->contract, error);
    if (status == SWAPC_OK) status = swapc_host_new(&config, &host, error);
    if (status == SWAPC_OK) status = swap_into(slots, slot, host, path, report, error);
    swapc_slot_free(slot);
    swapc_host_free(host);
    report->generation = 0;
    return status;
}

static enum swapc_status roll_back(const struct served *at, swapc_swap_report *report,
                                   swapc_error *error) {
    report->stage = SWAPC_SWAP_PUBLISH;
    enum swapc_status status = swapc_slot_rollback(at->slot, &report->generation);
    return status == SWAPC_EMPTY
               ? swapc_error_set(error, status, "%s has had one module only: nothing to go back to",
                                 at->name)
               : status;
}

/* Books what came of it, and tells. */
static void book(swapci_slots *slots, enum swapci_swap_action action, const char *name,
                 const char *path, const swapc_swap_report *report, enum swapc_status status,
                 const swapc_error *why, swapci_swap_event *out) {
    swapci_swap_event event = {.action = action,
                               .status = status,
                               .stage = report->stage,
                               .self_tests = report->self_tests,
                               .generation = report->generation,
                               .load_us = report->load_us,
                               .self_test_us = report->self_test_us};
    snprintf(event.slot, sizeof event.slot, "%s", name);
    snprintf(event.path, sizeof event.path, "%s", path);
    snprintf(event.text, sizeof event.text, "%s", status == SWAPC_OK ? "" : why->text);
    swapci_swap_log_add(&slots->log, &event);
    if (status == SWAPC_OK && action != SWAPCI_ACTION_CHECK) swapci_slots_swapped(slots);
    if (out) *out = event;
}

enum swapc_status swapci_slots_act(swapci_slots *slots, enum swapci_swap_action action,
                                   const char *name, const char *path, swapci_swap_event *event,
                                   swapc_error *error) {
    swapc_swap_report report = SWAPC_SWAP_REPORT_INIT;
    swapc_error own = SWAPC_ERROR_INIT, *why = error ? error : &own;
    const struct served *at = find(slots, name);
    if (!at)
        return swapc_error_set(why, SWAPC_NOT_FOUND,
                               "no slot is called \"%s\": swapc module list shows which there are",
                               name);
    if (action == SWAPCI_ACTION_ROLLBACK) path = "";
    else if (path[0] != '/')
        return swapc_error_set(why, SWAPC_INVALID,
                               "the bundle's path must begin with a slash, not \"%s\"", path);
    enum swapc_status status = may_act(slots, why);
    if (status == SWAPC_OK && action == SWAPCI_ACTION_ROLLBACK)
        status = roll_back(at, &report, why);
    else if (status == SWAPC_OK && (status = may_load(slots, why)) == SWAPC_OK)
        status = action == SWAPCI_ACTION_SWAP
                     ? swap_into(slots, at->slot, slots->host, path, &report, why)
                     : check_apart(slots, at, path, &report, why);
    book(slots, action, name, path, &report, status, why, event);
    return status;
}
