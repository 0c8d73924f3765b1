/* settle.h - what is done about a call that says nothing about its message (outcome.h): once more, alone, after a deadline;
 * again and again, with pauses, for what is no fault of the message's.
 *
 * Threads: as the callback. What the struct points at is borrowed.
 */
#ifndef SWAPCI_SETTLE_H
#define SWAPCI_SETTLE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "outcome.h"
#include "swapc/log.h"

typedef struct swapci_settling {
    const char *role; /* "verifier", of the log */
    swapc_log log;
    const atomic_int *stop; /* not 0: it ends */
    atomic_uint *hindered;  /* counts those that have tried for long */
    /* alone: no other call may run beside it. Out: *why, while there is no verdict; static. */
    enum swapci_outcome (*call)(void *user, bool alone, const char **why);
    void *user;
} swapci_settling;

/* Calls until that says something about the message; alone: each time alone. Returns false when it is to end
 * before that. */
bool swapci_settle(const swapci_settling *how, bool alone);

#endif
