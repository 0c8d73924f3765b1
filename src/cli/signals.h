/* signals.h - SIGINT, SIGTERM and SIGHUP, from the first instruction of a command on.
 *
 * Before main they end the process with the status of its command: nothing is made yet. From
 * swapci_signals_handle on, the first one raises a flag that every wait looks at, and a thread of
 * ours watches over the end: when it does not come in time, or a second signal comes, the thread
 * removes what the process would leave behind and ends it, whatever the other threads hang in.
 *
 *   first signal   stop is raised: work ends, what is done is stored
 *   HURRY_MS       hurry is raised: guests are cancelled, a Redis that hangs is given up. While the
 *                  command is still preparing there is nothing to store: hurry comes with stop
 *   FORCE_MS       the end is forced; PREPARING_MS while preparing
 *
 * While a module is compiled, which cannot be interrupted, the last two come sooner, so that the process is
 * gone within a second: HURRY_COMPILING_MS, COMPILING_MS (not under SWAPCI_SIGNALS_NEVER). All are limits of end_times.h.
 *
 * Handled even when they were inherited as ignored, as a shell does for background jobs, or blocked;
 * SIGHUP stays ignored where it is (nohup). SIGPIPE is ignored: a closed pipe is an error of the write. A
 * signal that comes into a write takes nothing from what is written (SA_RESTART).
 *
 * Threads: handle by the main thread, first; the flags are anybody's; leftovers are registered by any
 *     thread and removed on the watching thread, once no more can be registered.
 */
#ifndef SWAPCI_SIGNALS_H
#define SWAPCI_SIGNALS_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "swapc/module.h"

enum {
    SWAPCI_SIGNALS_HURRY_MS = 800,
    SWAPCI_SIGNALS_FORCE_MS = 1600,
    SWAPCI_SIGNALS_NEVER = INT_MAX,
    SWAPCI_SIGNALS_PREPARING_MS = 700,
    SWAPCI_SIGNALS_HURRY_COMPILING_MS = 300,
    SWAPCI_SIGNALS_COMPILING_MS = 550,
    SWAPCI_SIGNALS_MAKING_MS = 200,
    SWAPCI_SIGNALS_LEFTOVERS_MAX = 32
};

extern atomic_int swapci_signals_stop;  /* not 0: a signal came, or the command is to end anyway */
extern atomic_int swapci_signals_hurry; /* not 0: do not wait for others any more */
extern swapc_cancel swapci_signals_cancel; /* requested with hurry: for calls of guests */

/* Handles signals from now on; the command is preparing. exit_status is that of a forced end. */
void swapci_signals_handle(int exit_status);

/* Asks for the end as the first signal does, with the same limits. A signal that comes then is the first one. */
void swapci_signals_end(void);

/* Whether a signal came, or the end was asked for. */
bool swapci_signals_came(void);

/* The command has made what it needs, and begins its work, whose end may take so long after a signal:
 * SWAPCI_SIGNALS_FORCE_MS, or SWAPCI_SIGNALS_NEVER (then only a second signal forces it). */
void swapci_signals_working(unsigned force_ms);

/* Has told(user) called on the watching thread when the first signal comes, at once when it has come
 * already; NULL: nobody is told any more, and nobody is being told when this returns. */
void swapci_signals_tell(void (*told)(void *user), void *user);

/* Has remove(user) called before a forced end: it must not wait long, and may find what other threads
 * work on in any state. Once that has begun, the caller stays in here until the process ends. */
void swapci_signals_leftover(void (*remove)(void *user), void *user);

/* user's leftover is no more. */
void swapci_signals_leftover_gone(const void *user);

/* Between the two a leftover is made and said, or said to be gone and taken away, which is to be done in a moment: a forced
 * end comes before or after that (but waits no longer than SWAPCI_SIGNALS_MAKING_MS). One thread at a time; any thread. */
void swapci_signals_making(void);
void swapci_signals_made(void);

#endif
