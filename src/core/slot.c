/* What is shared: current, previous and number of a slot, under its mutex, and the cohorts of its
 * pins (cohort.h). Retain happens inside the lock, so that no publish can release the module
 * between a reader's load and its retain. Releases happen outside it: freeing a module may take
 * long, and readers must not wait for it. */
#include "swapc/slot.h"

#include <pthread.h>
#include <stdbool.h>

#include "clock.h"
#include "cohort.h"
#include "contract_impl.h"
#include "heap.h"
#include "module_call.h"
#include "slot_impl.h"

struct swapc_slot {
    pthread_mutex_t lock;
    swapc_module *current;
    swapc_module *previous;
    uint64_t generation;
    struct swapci_cohorts *cohorts;
    char *name;
    swapc_contract *contract; /* set before anything is published, then const; NULL: none */
};

enum swapc_status swapc_slot_new(const char *name, swapc_slot **out, swapc_error *error) {
    SWAPC_CHECK(name && out);
    swapc_slot *slot = swapci_heap_zeroed(1, sizeof *slot);
    char *copy = swapci_heap_text(name);
    struct swapci_cohorts *cohorts = swapci_cohorts_new();
    if (!slot || !copy || !cohorts) {
        swapci_heap_free(slot);
        swapci_heap_free(copy);
        swapci_heap_free(cohorts);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for slot \"%s\"", name);
    }
    pthread_mutex_init(&slot->lock, NULL);
    slot->name = copy;
    slot->cohorts = cohorts;
    *out = slot;
    return SWAPC_OK;
}

void swapc_slot_free(swapc_slot *slot) {
    if (!slot) return;
    swapci_cohorts_close(slot->cohorts);
    swapc_module_release(slot->current);
    swapc_module_release(slot->previous);
    swapc_contract_release(slot->contract);
    pthread_mutex_destroy(&slot->lock);
    swapci_heap_free(slot->name);
    swapci_heap_free(slot);
}

const char *swapc_slot_name(const swapc_slot *slot) {
    return slot->name;
}

enum swapc_status swapc_slot_set_contract(swapc_slot *slot, swapc_contract *contract,
                                          swapc_error *error) {
    SWAPC_CHECK(slot && contract);
    pthread_mutex_lock(&slot->lock);
    bool late = slot->generation != 0 || slot->contract;
    if (!late) slot->contract = swapc_contract_retain(contract);
    pthread_mutex_unlock(&slot->lock);
    return late ? swapc_error_set(error, SWAPC_BUSY,
                                  "slot \"%s\" has a contract or a module already: a contract is "
                                  "given to a fresh slot",
                                  slot->name)
                : SWAPC_OK;
}

const swapc_contract *swapc_slot_contract(const swapc_slot *slot) {
    SWAPC_CHECK(slot);
    return slot->contract;
}

enum swapc_status swapci_slot_admit(swapc_slot *slot, swapc_module *module, swapc_error *error) {
    SWAPC_CHECK(slot && module);
    uint64_t number = swapci_contract_number(slot->contract);
    if (number == 0 || swapci_module_is_admitted(module, number)) return SWAPC_OK;
    enum swapc_status status =
        swapci_contract_check(slot->contract, module, "slot", slot->name, error);
    if (status != SWAPC_OK) return status;
    status = swapci_module_admit(module, number);
    return status == SWAPC_OK
               ? status
               : swapc_error_set(error, status, "no memory to admit a module to slot \"%s\"",
                                 slot->name);
}

/* Whether the slot takes the module: it has answered the contract. Costs a load where there is
 * none. */
static bool takes(const swapc_slot *slot, swapc_module *module) {
    return !slot->contract ||
           swapci_module_is_admitted(module, swapci_contract_number(slot->contract));
}

/* Under the lock: makes module current; the caller releases *dropped. Returns SWAPC_OK, or
 * NO_MEMORY with nothing done. */
static enum swapc_status publish_locked(swapc_slot *slot, swapc_module *module,
                                        swapc_module **dropped) {
    if (!swapci_cohorts_move(slot->cohorts, slot->generation + 1)) return SWAPC_NO_MEMORY;
    *dropped = slot->previous;
    slot->previous = slot->current;
    slot->current = swapc_module_retain(module);
    slot->generation++;
    return SWAPC_OK;
}

/* Under the lock. */
static void pin_locked(const swapc_slot *slot, swapc_pin *pin) {
    pin->module = swapc_module_retain(slot->current);
    pin->generation = slot->generation;
    pin->cohort = swapci_cohorts_enter(slot->cohorts);
}

enum swapc_status swapc_slot_publish(swapc_slot *slot, swapc_module *module, uint64_t *generation) {
    swapc_module *dropped = NULL;
    SWAPC_CHECK(slot && module);
    if (!takes(slot, module)) return SWAPC_CONTRACT;
    pthread_mutex_lock(&slot->lock);
    enum swapc_status status = publish_locked(slot, module, &dropped);
    if (status == SWAPC_OK && generation) *generation = slot->generation;
    pthread_mutex_unlock(&slot->lock);
    swapc_module_release(dropped);
    return status;
}

enum swapc_status swapc_slot_publish_pin(swapc_slot *slot, swapc_module *module, swapc_pin *pin) {
    swapc_module *dropped = NULL;
    SWAPC_CHECK(slot && module && pin);
    if (!takes(slot, module)) return SWAPC_CONTRACT;
    pthread_mutex_lock(&slot->lock);
    enum swapc_status status = publish_locked(slot, module, &dropped);
    if (status == SWAPC_OK) pin_locked(slot, pin);
    pthread_mutex_unlock(&slot->lock);
    swapc_module_release(dropped);
    return status;
}

enum swapc_status swapc_slot_ensure_pin(swapc_slot *slot, swapc_module *module, swapc_pin *pin,
                                        int *published) {
    swapc_module *dropped = NULL;
    enum swapc_status status = SWAPC_OK;
    SWAPC_CHECK(slot && module && pin);
    if (!takes(slot, module)) return SWAPC_CONTRACT;
    pthread_mutex_lock(&slot->lock);
    bool swap = slot->current != module;
    if (swap) status = publish_locked(slot, module, &dropped);
    if (status == SWAPC_OK) pin_locked(slot, pin);
    pthread_mutex_unlock(&slot->lock);
    swapc_module_release(dropped);
    if (status == SWAPC_OK && published) *published = swap;
    return status;
}

enum swapc_status swapc_slot_pin(swapc_slot *slot, swapc_pin *pin) {
    enum swapc_status status = SWAPC_EMPTY;
    pthread_mutex_lock(&slot->lock);
    if (slot->current) {
        pin_locked(slot, pin);
        status = SWAPC_OK;
    }
    pthread_mutex_unlock(&slot->lock);
    return status;
}

uint64_t swapc_slot_generation(swapc_slot *slot) {
    pthread_mutex_lock(&slot->lock);
    uint64_t generation = slot->generation;
    pthread_mutex_unlock(&slot->lock);
    return generation;
}

static void log_rollback(const swapc_slot *slot, const swapc_module *module, uint64_t generation) {
    const swapc_module_info *info = swapc_module_describe(module);
    swapc_log_write(swapci_module_log(module), SWAPC_LOG_WARN, "slot",
                    "%s: generation %llu rolls back to %s %s on %s, digest %.12s", slot->name,
                    (unsigned long long)generation, info->name, info->version, info->engine,
                    info->digest_hex);
}

enum swapc_status swapci_slot_rollback(swapc_slot *slot, uint64_t *generation) {
    swapc_module *dropped = NULL, *back = NULL;
    uint64_t number = 0;
    enum swapc_status status = SWAPC_EMPTY;
    pthread_mutex_lock(&slot->lock);
    if (slot->previous) {
        back = swapc_module_retain(slot->previous);
        status = publish_locked(slot, back, &dropped);
        number = slot->generation;
    }
    pthread_mutex_unlock(&slot->lock);
    if (status == SWAPC_OK) {
        if (generation) *generation = number;
        log_rollback(slot, back, number);
    }
    swapc_module_release(dropped);
    swapc_module_release(back);
    return status;
}

static struct swapci_cohort *held(swapc_slot *slot, uint64_t generation, uint32_t *seen) {
    pthread_mutex_lock(&slot->lock);
    struct swapci_cohort *cohort = swapci_cohorts_held(slot->cohorts, generation, seen);
    pthread_mutex_unlock(&slot->lock);
    return cohort;
}

/* When the time is up it looks once more: what it waited at may have been let go meanwhile. */
enum swapc_status swapc_slot_drain(swapc_slot *slot, uint64_t generation, uint32_t timeout_ms) {
    uint64_t until = swapci_clock_monotonic_ns() + (uint64_t)timeout_ms * 1000000u;
    if (generation > swapc_slot_generation(slot)) return SWAPC_INVALID;
    for (bool in_time = true;;) {
        uint32_t seen;
        struct swapci_cohort *cohort = held(slot, generation, &seen);
        if (!cohort) return SWAPC_OK;
        if (!in_time) return SWAPC_BUSY;
        in_time = swapci_cohort_wait(cohort, seen, until);
    }
}

void swapc_pin_release(swapc_pin *pin) {
    swapc_module *module = pin->module;
    if (!module) return;
    pin->module = NULL;
    swapc_module_release(module);
    swapci_cohort_leave(pin->cohort);
}

enum swapc_status swapc_pin_call(const swapc_pin *pin, swapc_bytes operation, swapc_bytes payload,
                                 const swapc_call_options *options, swapc_reply *reply,
                                 swapc_error *error) {
    return swapci_module_call(pin->module, operation, payload, options, pin->generation, reply,
                              error);
}
