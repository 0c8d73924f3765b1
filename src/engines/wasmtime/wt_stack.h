/* wt_stack.h - whether the calling thread has the stack that a guest may use.
 *
 * wasmtime counts a guest's stack from where the guest was entered, and does not know where the
 * thread's ends: recursion on a short stack would hit the guard page and end the process.
 *
 * Threads: any.
 */
#ifndef SWAPCI_WT_STACK_H
#define SWAPCI_WT_STACK_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for any guest that is not in endless recursion. */
#define SWAPCI_WT_STACK_GUEST ((size_t)512 * 1024)
/* For a host function that is called from the guest's deepest point. */
#define SWAPCI_WT_STACK_HOST ((size_t)128 * 1024)

/* Returns false when less than the two together is left. Stacks that are not the thread's own
 * (coroutines) are not known and pass. A comparison, after the thread's first time. */
bool swapci_wt_stack_suffices(void);

#endif
