/* swapc/slot.h - a name whose module can be replaced while calls run.
 *
 * A slot holds the current generation: a module and a number that rises with every publish. A
 * caller pins the current generation and calls it; whatever is published meanwhile, its calls run
 * on what it pinned. The old module is freed when the last pin and the slot have let go of it.
 *
 * Threads: every function may be called from several threads at once, except swapc_slot_free.
 *     A pin belongs to one thread at a time.
 * Ownership: the slot keeps its own reference to what is published. A pin is the caller's storage
 *     and must be released; modules stay alive while pinned.
 * Cost: pinning and publishing take the slot's lock once, some 20 ns, and allocate nothing.
 */
#ifndef SWAPC_SLOT_H
#define SWAPC_SLOT_H

#include "swapc/module.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct swapc_slot swapc_slot;

typedef struct swapc_pin {
    swapc_module *module; /* borrowed from the pin */
    uint64_t generation;  /* 1 for the slot's first publish */
} swapc_pin;

/* Makes an empty slot; name is copied. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapc_slot_new(const char *name, swapc_slot **out, swapc_error *error);

/* Frees the slot; pins stay good. NULL does nothing. */
void swapc_slot_free(swapc_slot *slot);

/* Returns the slot's name; borrowed until it is freed. */
const char *swapc_slot_name(const swapc_slot *slot);

/* Makes module the current generation in one step and returns its number. In-flight calls finish on
 * the generation before. Publishing the module that is current already makes a new generation. */
uint64_t swapc_slot_publish(swapc_slot *slot, swapc_module *module);

/* Publishes and pins in one step: the pin is on this module, whatever others publish meanwhile. */
void swapc_slot_publish_pin(swapc_slot *slot, swapc_module *module, swapc_pin *pin);

/* Pins module if it is current (no publish: returns 0), else publishes and pins it (returns 1), in
 * one step. */
int swapc_slot_ensure_pin(swapc_slot *slot, swapc_module *module, swapc_pin *pin);

/* Pins the current generation. Returns SWAPC_OK, or EMPTY when nothing was published yet. */
enum swapc_status swapc_slot_pin(swapc_slot *slot, swapc_pin *pin);

/* Publishes the module of the generation before the current one again, as a new generation.
 * Returns SWAPC_OK, or EMPTY when there is none. */
enum swapc_status swapc_slot_rollback(swapc_slot *slot, uint64_t *generation);

/* Lets go. The pin is void. */
void swapc_pin_release(swapc_pin *pin);

/* swapc_module_call on the pinned generation; console lines carry its number. */
enum swapc_status swapc_pin_call(const swapc_pin *pin, swapc_bytes operation, swapc_bytes payload,
                                 const swapc_call_options *options, swapc_reply *reply,
                                 swapc_error *error);

#ifdef __cplusplus
}
#endif
#endif
