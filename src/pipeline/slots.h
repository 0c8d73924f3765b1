/* slots.h - the slots of a process that serves: a host, and for each slot by its name the module that works
 * there now; swapped, checked and rolled back from outside, and a log of that.
 *
 * A slot keeps its module until it is swapped, and has a contract where its callers gave one; or all slots
 * share one (`shared`), whose module the callers themselves swap (judge.h): then nobody else does.
 *
 * Threads: make and add by one thread; the rest by any, several at once.
 * Ownership: new/free; what the config points at is borrowed and outlives the slots.
 */
#ifndef SWAPCI_SLOTS_H
#define SWAPCI_SLOTS_H

#include <stdbool.h>

#include "swap_log.h"
#include "swapc/swapc.h"

enum { SWAPCI_SLOTS_MAX = 8 };

typedef struct swapci_slots_config {
    const char *role;         /* whose they are, in sentences: "verifier" */
    const char *engine;       /* naming one that is no sandbox is the permission to run it */
    bool allow_native;        /* with such an engine: a swap may load it, too */
    bool shared;              /* all slots share the first one's */
    bool fresh;               /* modules are compiled anew each time */
    unsigned workers;         /* threads that call at once */
    uint32_t deadline_ms;     /* of one call; 0: the host's default */
    uint64_t compile_ms;      /* as in swapc_limits */
    const swapc_trust *trust; /* NULL: any module is taken */
    const swapc_trust
        *check_trust; /* the same keys for swapci_slots_check, without a memory of versions */
    swapc_host_call_fn host_call; /* NULL: none is taken */
    swapc_log log;
} swapci_slots_config;

typedef struct swapci_slots swapci_slots;

/* Opens the host. Returns what that returns; UNSUPPORTED (an engine that cannot hold deadline_ms). */
enum swapc_status swapci_slots_new(const swapci_slots_config *config, swapci_slots **out,
                                   swapc_error *error);
void swapci_slots_free(swapci_slots *slots);

/* Loads the module at path and puts it into slot `number` (below SWAPCI_SLOTS_MAX), which must answer
 * contract (NULL: none; the slot keeps a reference). name is borrowed, path is too. A shared slot is only made. Returns
 * what loading and swapc_slot_admit return, naming slot and path. */
enum swapc_status swapci_slots_add(swapci_slots *slots, unsigned number, const char *name,
                                   const char *path, swapc_contract *contract, swapc_error *error);

/* Loads the module of a slot once more. */
enum swapc_status swapci_slots_load(swapci_slots *slots, unsigned number, swapc_module **out,
                                    swapc_error *error);

/* The module that the slot began with, or NULL: no such slot. Borrowed. */
swapc_module *swapci_slots_first(const swapci_slots *slots, unsigned number);

/* The slot, where they are shared the one that all share; NULL: none. Borrowed. */
swapc_slot *swapci_slots_at(const swapci_slots *slots, unsigned number);

/* Its name; NULL: no such slot. */
const char *swapci_slots_name(const swapci_slots *slots, unsigned number);

/* Replaces the module of a slot, stage by stage (swapc_slot_swap); checks what that would do with the bundle, short of publishing it,
 * in a host of its own, so that nothing of what is running changes and no version is remembered (nor
 * compared); or goes back to the module before. Calls in flight finish on theirs. path: of the bundle, from
 * the root on; not looked at when rolling back.
 * Returns what swapc_slot_swap and swapc_slot_rollback return; NOT_FOUND (no such slot), INVALID (the
 * path), UNSUPPORTED (shared), NOT_ALLOWED (native code, without allow_native). After failure the slot is as before.
 * Out: *event says how far it came (NULL: not wanted). */
enum swapc_status swapci_slots_act(swapci_slots *slots, enum swapci_swap_action action,
                                   const char *name, const char *path, swapci_swap_event *event,
                                   swapc_error *error);

/* What was swapped, rolled back and checked so far, and what was refused; not what callers swap. */
swapci_swap_log *swapci_slots_log(swapci_slots *slots);

/* How many publishes there were, and that there was one more. */
uint64_t swapci_slots_swaps(const swapci_slots *slots);
void swapci_slots_swapped(swapci_slots *slots);

/* How long one call may take. */
uint32_t swapci_slots_deadline_ms(const swapci_slots *slots);

#endif
