/* outcome.h - what the status of a call means for its message.
 *
 * A verdict is about a message. What happened to the process that judged it (it was stopped, it was out of
 * memory, the machine was crowded) is none: such a message stays pending and is judged again.
 *
 * Threads: pure.
 */
#ifndef SWAPCI_OUTCOME_H
#define SWAPCI_OUTCOME_H

#include "swapc/error.h"

enum swapci_outcome {
    SWAPCI_OUTCOME_VERDICT, /* the message's own: Valid, NotValid, or Error with the status as reason */
    SWAPCI_OUTCOME_ONCE_MORE, /* judged once more, alone; then it counts */
    SWAPCI_OUTCOME_AGAIN      /* no verdict: judged again, as often as it takes */
};

/* One table, complete: a status that is not in it does not compile. */
enum swapci_outcome swapci_outcome_of(enum swapc_status status);

#endif
