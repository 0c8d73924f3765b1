/* c_stack.h - how much C stack this thread has left, and stacks of our own where that is too
 * little.
 *
 * Callers come on threads of any size, on coroutines, and in callbacks out of a guest that has used
 * up most of a stack. Whoever is about to do what may need much stack (compile, enter a guest,
 * parse) does it through swapci_c_stack_with: in place when enough is left, else on a mapping of
 * our own with an unmapped gap below. What is left is known by the bounds of the stack in use,
 * which each thread keeps: its own are asked for once, those of a mapping are set while it is in
 * use. A stack that is neither (a coroutine's) is not known to suffice.
 *
 * Threads: any. A struct swapci_c_stack: one user at a time.
 * Cost: two comparisons when enough is left; else some 20 ns. Memory: what was touched; a few
 *     mappings are kept for the next who needs one.
 */
#ifndef SWAPCI_C_STACK_H
#define SWAPCI_C_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swapc/error.h"

/* For a guest of an engine that has no stack of its own: enough for any that is not in endless
 * recursion. */
#define SWAPCI_C_STACK_GUEST ((size_t)512 * 1024)
/* For an import that is called from the guest's deepest point: a callback of the program may count
 * on 128 KiB (swapc/swapc.h), the rest is ours. */
#define SWAPCI_C_STACK_IMPORT ((size_t)160 * 1024)
/* For a call: both, and ours around it. */
#define SWAPCI_C_STACK_CALL (SWAPCI_C_STACK_GUEST + SWAPCI_C_STACK_IMPORT + (size_t)32 * 1024)
/* For compiling. */
#define SWAPCI_C_STACK_LOAD ((size_t)4 * 1024 * 1024)

struct swapci_c_stack {
    void *base; /* of the mapping, the gap first; NULL: not initialised */
    size_t size;
};

/* Maps usable bytes. Returns 0, or the errno; after failure fini does nothing. */
int swapci_c_stack_init(struct swapci_c_stack *stack, size_t usable);

/* Unmaps. A zeroed stack is fine. */
void swapci_c_stack_fini(struct swapci_c_stack *stack);

/* Calls fn(user) on the stack and returns when it returned. fn must return: no longjmp out. */
void swapci_c_stack_run(const struct swapci_c_stack *stack, void (*fn)(void *user), void *user);

/* Calls fn(user) with need (at most SWAPCI_C_STACK_LOAD) bytes of stack, here or elsewhere. Returns
 * SWAPC_OK when fn was called; LIMIT (too many stacks in one another) or NO_MEMORY, reported, when
 * not. Itself it needs less than 2 KiB. */
enum swapc_status swapci_c_stack_with(size_t need, void (*fn)(void *user), void *user,
                                      swapc_error *error);

/* The same for what must be done: here, when there is no memory for a stack. */
void swapci_c_stack_must(size_t need, void (*fn)(void *user), void *user);

/* Private: the bounds of the stack in use; a size of 0: not known. Read on each call, hence the
 * model. */
struct swapci_c_stack_bounds {
    uintptr_t low;
    size_t size;
};
extern _Thread_local struct swapci_c_stack_bounds swapci_c_stack_now
    __attribute__((tls_model("initial-exec")));

/* Whether the stack in use is known to have need bytes left. False on a thread's first time. */
static inline bool swapci_c_stack_has(size_t need) {
    uintptr_t above = (uintptr_t)__builtin_frame_address(0) - swapci_c_stack_now.low;
    return above >= need && above < swapci_c_stack_now.size;
}

/* The same, and a thread's own bounds are asked for when they are not known yet. */
bool swapci_c_stack_suffices(size_t need);

#endif
