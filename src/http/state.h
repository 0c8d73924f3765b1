/* state.h - facts as the page and `swapc dashboard` read them: JSON.
 *
 * Threads: any. Ownership: what is returned is the caller's.
 */
#ifndef SWAPCI_STATE_H
#define SWAPCI_STATE_H

#include <jansson.h>

#include "facts.h"

/* One process. NULL: no memory. */
json_t *swapci_state_process(const swapci_facts *facts);

/* What a check, swap or rollback came to. */
json_t *swapci_state_event(const swapci_swap_event *event);

#endif
