#include "verifier_control.h"

#include <stdio.h>

#include "facts.h"

#define COPY(to, from) snprintf(to, sizeof to, "%s", from)

static void tell_status(void *user, swapci_control_status *out) {
    const struct swapci_verifier_control *control = user;
    const swapci_control_counter counters[] = {
        {"judged", swapci_judges_judged(control->judges)},
        {"swaps", swapci_judges_swaps(control->judges)},
        {"workers", control->workers},
    };
    swapci_verifier_stats stats = swapci_verifier_stats_get(control->verifier);
    out->valid = stats.valid;
    out->not_valid = stats.not_valid;
    out->errors = stats.errors;
    out->in_flight = stats.in_flight;
    COPY(out->last_error, stats.last_reason);
    COPY(out->role, "verifier");
    COPY(out->version, swapc_version());
    memcpy(out->counters, counters, sizeof counters);
    out->counter_count = sizeof counters / sizeof *counters;
}

size_t swapci_verifier_control_modules(const struct swapci_verifier_control *control, char *out,
                                       size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        swapci_control_module module;
        if (used >= size ||
            !swapci_facts_read_module(control->judges, swapci_method_table[m], &module))
            continue;
        used += (size_t)snprintf(out + used, size - used, ", %s %s (%s %s)", module.name,
                                 module.version, module.engine, module.flavour);
    }
    return used;
}

static void list(void *user, swapci_control_modules *out) {
    const struct swapci_verifier_control *control = user;
    for (unsigned m = 0; m < swapci_method_count; m++)
        if (swapci_facts_read_module(control->judges, swapci_method_table[m],
                                     &out->rows[out->count]))
            out->count++;
}

static void say_current(const struct swapci_verifier_control *control,
                        const swapci_control_module *m) {
    swapc_log_write(&control->log, SWAPC_LOG_INFO, "verifier",
                    "slot %s: %s %s (%s %s, %.16s) judges from now on, as generation %llu", m->slot,
                    m->name, m->version, m->engine, m->flavour, m->digest,
                    (unsigned long long)m->generation);
}

/* A slot has its method's name. */
static enum swapc_status find_slot(const char *slot, const swapci_method **out,
                                   swapc_error *error) {
    *out = swapci_method_find(swapc_bytes_str(slot));
    if (*out) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NOT_FOUND,
                           "no slot is called \"%s\": swapc module list shows which there are",
                           slot);
}

static enum swapc_status act(const struct swapci_verifier_control *control,
                             enum swapci_swap_action action, const swapci_method *method,
                             const char *path, swapci_swap_event *event, swapc_error *error) {
    if (action == SWAPCI_ACTION_ROLLBACK)
        return swapci_judges_rollback(control->judges, method, event, error);
    if (path[0] != '/')
        return swapc_error_set(error, SWAPC_INVALID,
                               "the bundle's path must begin with a slash, not \"%s\"", path);
    return action == SWAPCI_ACTION_SWAP
               ? swapci_judges_swap(control->judges, method, path, event, error)
               : swapci_judges_check(control->judges, method, path, event, error);
}

/* Out: what is current now, after a swap or rollback. */
static enum swapc_status do_action(const struct swapci_verifier_control *control,
                                   enum swapci_swap_action action, const char *slot,
                                   const char *path, swapci_swap_event *event,
                                   swapci_control_module *out, swapc_error *error) {
    const swapci_method *method;
    enum swapc_status status = find_slot(slot, &method, error);
    if (status == SWAPC_OK) status = act(control, action, method, path, event, error);
    if (status == SWAPC_OK && action != SWAPCI_ACTION_CHECK &&
        swapci_facts_read_module(control->judges, method, out))
        say_current(control, out);
    return status;
}

static enum swapc_status swap(void *user, const char *slot, const char *path,
                              swapci_control_module *out, swapc_error *error) {
    return do_action(user, SWAPCI_ACTION_SWAP, slot, path, NULL, out, error);
}

static enum swapc_status rollback(void *user, const char *slot, swapci_control_module *out,
                                  swapc_error *error) {
    return do_action(user, SWAPCI_ACTION_ROLLBACK, slot, "", NULL, out, error);
}

enum swapc_status swapci_verifier_control_act(const struct swapci_verifier_control *control,
                                              enum swapci_swap_action action, const char *slot,
                                              const char *path, swapci_swap_event *event,
                                              swapc_error *error) {
    swapci_control_module current = {.generation = 0};
    return do_action(control, action, slot, path, event, &current, error);
}

swapci_control_service swapci_verifier_control_service(struct swapci_verifier_control *control) {
    return (swapci_control_service){
        .status = tell_status, .list = list, .swap = swap, .rollback = rollback, .user = control};
}
