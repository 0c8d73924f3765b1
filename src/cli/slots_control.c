#include "slots_control.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "facts.h"

static void tell_status(void *user, swapci_control_status *out) {
    const struct swapci_slots_control *control = user;
    snprintf(out->role, sizeof out->role, "%s", control->role);
    snprintf(out->version, sizeof out->version, "%s", swapc_version());
    control->tell_status(control->user, out);
}

size_t swapci_slots_control_modules(const struct swapci_slots_control *control, char *out,
                                    size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (unsigned i = 0; i < SWAPCI_SLOTS_MAX; i++) {
        swapci_control_module module;
        if (used >= size || !swapci_facts_read_module(control->slots, i, &module)) continue;
        used += (size_t)snprintf(out + used, size - used, ", %s %s (%s %s)", module.name,
                                 module.version, module.engine, module.flavour);
    }
    return used;
}

static void list(void *user, swapci_control_modules *out) {
    const struct swapci_slots_control *control = user;
    for (unsigned i = 0; i < SWAPCI_SLOTS_MAX; i++)
        if (swapci_facts_read_module(control->slots, i, &out->rows[out->count])) out->count++;
}

static void say_current(const struct swapci_slots_control *control,
                        const swapci_control_module *m) {
    swapc_log_write(&control->log, SWAPC_LOG_INFO, control->role,
                    "slot %s: %s %s (%s %s%s, %.16s) works from now on, as generation %llu",
                    m->slot, m->name, m->version, m->engine, m->flavour,
                    swapci_control_unoptimised(m), m->digest, (unsigned long long)m->generation);
}

static bool find_module(const swapci_slots *slots, const char *slot, swapci_control_module *out) {
    for (unsigned i = 0; i < SWAPCI_SLOTS_MAX; i++)
        if (swapci_slots_name(slots, i) && strcmp(swapci_slots_name(slots, i), slot) == 0)
            return swapci_facts_read_module(slots, i, out);
    return false;
}

/* Who asks sets no limit here: a refusal names the option of this process. */
static void name_own_options(char *text, size_t size) {
    char named[SWAPC_ERROR_TEXT_MAX];
    swapci_cli_name_options(SWAPCI_CLI_REMOTE, text, named, sizeof named);
    snprintf(text, size, "%s", named);
}

/* Out: what is current now, after a swap or rollback. */
static enum swapc_status do_action(const struct swapci_slots_control *control,
                                   enum swapci_swap_action action, const char *slot,
                                   const char *path, swapci_swap_event *event,
                                   swapci_control_module *out, swapc_error *error) {
    enum swapc_status status = swapci_slots_act(control->slots, action, slot, path, event, error);
    if (status == SWAPC_OK && action != SWAPCI_ACTION_CHECK &&
        find_module(control->slots, slot, out))
        say_current(control, out);
    if (status != SWAPC_OK && error) name_own_options(error->text, sizeof error->text);
    if (status != SWAPC_OK && event) name_own_options(event->text, sizeof event->text);
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

enum swapc_status swapci_slots_control_act(const struct swapci_slots_control *control,
                                           enum swapci_swap_action action, const char *slot,
                                           const char *path, swapci_swap_event *event,
                                           swapc_error *error) {
    swapci_control_module current = {.generation = 0};
    return do_action(control, action, slot, path, event, &current, error);
}

swapci_control_service swapci_slots_control_service(struct swapci_slots_control *control) {
    return (swapci_control_service){
        .status = tell_status, .list = list, .swap = swap, .rollback = rollback, .user = control};
}
