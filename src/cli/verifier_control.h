/* verifier_control.h - what swapc.control.v1.Control does in a verifier: one slot a method.
 *
 * Threads: the callbacks run on the service's loop; the verifier's workers go on meanwhile.
 * Ownership: the judges are borrowed and outlive the service.
 */
#ifndef SWAPCI_VERIFIER_CONTROL_H
#define SWAPCI_VERIFIER_CONTROL_H

#include "control_service.h"
#include "judge.h"
#include "verifier.h"

struct swapci_verifier_control {
    swapci_judges *judges;
    unsigned workers;
    swapci_verifier *verifier;
    swapc_log log; /* told of each swap */
};

/* Writes ", NAME VERSION (ENGINE FLAVOUR)" of each slot's module; returns the length it has in whole. */
size_t swapci_verifier_control_modules(const struct swapci_verifier_control *control, char *out,
                                       size_t size);

/* Checks, swaps or rolls back, as who asks over HTTP wants it (front.h). Returns as swapci_judges_swap. */
enum swapc_status swapci_verifier_control_act(const struct swapci_verifier_control *control,
                                              enum swapci_swap_action action, const char *slot,
                                              const char *path, swapci_swap_event *event,
                                              swapc_error *error);

/* The service over control, which must outlive it. */
swapci_control_service swapci_verifier_control_service(struct swapci_verifier_control *control);

#endif
