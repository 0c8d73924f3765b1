/* verifier_control.h - what swapc.control.v1.Control does in a verifier: one slot a method.
 *
 * Threads: the callbacks run on the service's loop; the verifier's workers go on meanwhile.
 * Ownership: the judges are borrowed and outlive the service.
 */
#ifndef SWAPCI_VERIFIER_CONTROL_H
#define SWAPCI_VERIFIER_CONTROL_H

#include "control_service.h"
#include "judge.h"

struct swapci_verifier_control {
    swapci_judges *judges;
    unsigned workers;
};

/* The service over control, which must outlive it. */
swapci_control_service swapci_verifier_control_service(struct swapci_verifier_control *control);

#endif
