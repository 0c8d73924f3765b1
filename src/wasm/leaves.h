/* leaves.h - which functions of a module call none of it: they recurse by no way.
 *
 * Threads: pure. Ownership: the struct is the caller's, its array the heap's (fini frees).
 */
#ifndef SWAPCI_WASM_LEAVES_H
#define SWAPCI_WASM_LEAVES_H

#include "instruction.h"

struct swapci_wasm_leaves {
    bool *leaf; /* by function index, imported ones first */
    uint32_t count;
};

#define SWAPCI_WASM_LEAVES_INIT {NULL, 0}

/* Imports are leaves; a body that cannot be read is none. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_wasm_leaves_find(const struct swapci_wasm_module *m,
                                          struct swapci_wasm_leaves *out);
void swapci_wasm_leaves_fini(struct swapci_wasm_leaves *leaves);

/* Whether the call may come back to the function that makes it: what it calls is no leaf. */
static inline bool swapci_wasm_may_recurse(const struct swapci_wasm_leaves *leaves,
                                           const struct swapci_wasm_instruction *call) {
    if (call->code == SWAPCI_WASM_OP_CALL_INDIRECT) return true;
    return call->code == SWAPCI_WASM_OP_CALL &&
           (call->index >= leaves->count || !leaves->leaf[call->index]);
}

#endif
