/* What is shared: current, previous and number of a slot, under its mutex. Retain happens inside the
 * lock, so that no publish can release the module between a reader's load and its retain. Releases
 * happen outside it: freeing a module may take long, and readers must not wait for it. */
#include "swapc/slot.h"

#include <pthread.h>

#include "heap.h"
#include "module_call.h"

struct swapc_slot {
    pthread_mutex_t lock;
    swapc_module *current;
    swapc_module *previous;
    uint64_t generation;
    char *name;
};

enum swapc_status swapc_slot_new(const char *name, swapc_slot **out, swapc_error *error) {
    swapc_slot *slot = swapci_heap_zeroed(1, sizeof *slot);
    char *copy = swapci_heap_text(name);
    if (!slot || !copy) {
        swapci_heap_free(slot);
        swapci_heap_free(copy);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for slot \"%s\"", name);
    }
    pthread_mutex_init(&slot->lock, NULL);
    slot->name = copy;
    *out = slot;
    return SWAPC_OK;
}

void swapc_slot_free(swapc_slot *slot) {
    if (!slot)
        return;
    swapc_module_release(slot->current);
    swapc_module_release(slot->previous);
    pthread_mutex_destroy(&slot->lock);
    swapci_heap_free(slot->name);
    swapci_heap_free(slot);
}

const char *swapc_slot_name(const swapc_slot *slot) { return slot->name; }

/* Under the lock: makes module current; the caller releases what comes back. */
static swapc_module *publish_locked(swapc_slot *slot, swapc_module *module) {
    swapc_module *dropped = slot->previous;
    slot->previous = slot->current;
    slot->current = swapc_module_retain(module);
    slot->generation++;
    return dropped;
}

/* Under the lock. */
static void pin_locked(const swapc_slot *slot, swapc_pin *pin) {
    pin->module = swapc_module_retain(slot->current);
    pin->generation = slot->generation;
}

uint64_t swapc_slot_publish(swapc_slot *slot, swapc_module *module) {
    pthread_mutex_lock(&slot->lock);
    swapc_module *dropped = publish_locked(slot, module);
    uint64_t generation = slot->generation;
    pthread_mutex_unlock(&slot->lock);
    swapc_module_release(dropped);
    return generation;
}

void swapc_slot_publish_pin(swapc_slot *slot, swapc_module *module, swapc_pin *pin) {
    pthread_mutex_lock(&slot->lock);
    swapc_module *dropped = publish_locked(slot, module);
    pin_locked(slot, pin);
    pthread_mutex_unlock(&slot->lock);
    swapc_module_release(dropped);
}

int swapc_slot_ensure_pin(swapc_slot *slot, swapc_module *module, swapc_pin *pin) {
    swapc_module *dropped = NULL;
    pthread_mutex_lock(&slot->lock);
    int swapped = slot->current != module;
    if (swapped)
        dropped = publish_locked(slot, module);
    pin_locked(slot, pin);
    pthread_mutex_unlock(&slot->lock);
    swapc_module_release(dropped);
    return swapped;
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

enum swapc_status swapc_slot_rollback(swapc_slot *slot, uint64_t *generation) {
    enum swapc_status status = SWAPC_EMPTY;
    swapc_module *dropped = NULL;
    pthread_mutex_lock(&slot->lock);
    if (slot->previous) {
        dropped = publish_locked(slot, slot->previous);
        *generation = slot->generation;
        status = SWAPC_OK;
    }
    pthread_mutex_unlock(&slot->lock);
    swapc_module_release(dropped);
    return status;
}

void swapc_pin_release(swapc_pin *pin) {
    swapc_module_release(pin->module);
    pin->module = NULL;
}

enum swapc_status swapc_pin_call(const swapc_pin *pin, swapc_bytes operation, swapc_bytes payload,
                                 const swapc_call_options *options, swapc_reply *reply,
                                 swapc_error *error) {
    return swapci_module_call(pin->module, operation, payload, options, pin->generation, reply,
                              error);
}
