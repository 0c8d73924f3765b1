/* guest_stack.h - a C stack of its own for each instance.
 *
 * wasm3 nests a C frame for each guest call and each loop entered. How deep that goes is bounded by
 * its value stack, but not by the stack of whoever calls us, which may be a thread's small one. So
 * guests run on memory of their own, sized for the bound, with an unmapped page below.
 *
 * Threads: one user at a time, any thread; different threads one after the other.
 * Cost: a run is a handful of instructions. Memory: address space, until it is used.
 */
#ifndef SWAPCI_GUEST_STACK_H
#define SWAPCI_GUEST_STACK_H

#include <stddef.h>

struct swapci_guest_stack {
    void *base; /* of the mapping, guard page first; NULL: not initialised */
    size_t size;
};

/* Maps usable bytes. Returns 0, or the errno; after failure fini does nothing. */
int swapci_guest_stack_init(struct swapci_guest_stack *stack, size_t usable);

/* Unmaps. A zeroed stack is fine. */
void swapci_guest_stack_fini(struct swapci_guest_stack *stack);

/* Calls fn(user) on the stack and returns when it returned. fn must return: no longjmp out. */
void swapci_guest_stack_run(const struct swapci_guest_stack *stack, void (*fn)(void *user),
                            void *user);

#endif
