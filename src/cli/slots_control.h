/* slots_control.h - what swapc.control.v1.Control, and HTTP, do with the slots of a process.
 *
 * Threads: the callbacks run on the service's loop; who works in the slots goes on meanwhile.
 * Ownership: what it points at is borrowed and outlives the service.
 */
#ifndef SWAPCI_SLOTS_CONTROL_H
#define SWAPCI_SLOTS_CONTROL_H

#include "control_service.h"
#include "slots.h"

struct swapci_slots_control {
    swapci_slots *slots;
    const char *role;                                            /* "verifier", of the log */
    swapc_log log;                                               /* told of each swap */
    void (*tell_status)(void *user, swapci_control_status *out); /* NULL: no control service */
    void *user;
};

/* Writes ", NAME VERSION (ENGINE FLAVOUR)" of each slot's module; returns the length it has in whole. */
size_t swapci_slots_control_modules(const struct swapci_slots_control *control, char *out,
                                    size_t size);

/* Checks, swaps or rolls back, as who asks over HTTP wants it (front.h). Returns as swapci_slots_act. */
enum swapc_status swapci_slots_control_act(const struct swapci_slots_control *control,
                                           enum swapci_swap_action action, const char *slot,
                                           const char *path, swapci_swap_event *event,
                                           swapc_error *error);

/* The service over control, which must outlive it. */
swapci_control_service swapci_slots_control_service(struct swapci_slots_control *control);

#endif
