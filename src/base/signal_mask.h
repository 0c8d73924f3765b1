/* signal_mask.h - threads that signals shall not interrupt.
 *
 * A fault of the thread's own (SIGBUS and the like) is never blocked: the kernel ends a process
 * that raises a blocked one, whatever handler it has, and there are handlers that mend it
 * (ring_guard.h).
 *
 * Threads: any; what is set is the calling thread's, and of those that it makes then.
 */
#ifndef SWAPCI_SIGNAL_MASK_H
#define SWAPCI_SIGNAL_MASK_H

#include <signal.h>
#include <stddef.h>

/* Blocks all signals but faults. before: the mask until now, for pthread_sigmask(SIG_SETMASK);
 * NULL: not wanted. */
static inline void swapci_signal_mask_all(sigset_t *before) {
    static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

#endif
