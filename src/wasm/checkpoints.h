/* checkpoints.h - lets an engine look at the clock where it otherwise would not: on the way back.
 *
 * An engine that looks at each function's entry and each loop's head, as wasmtime does by its
 * epochs, looks nowhere while calls return: thousands of frames, each with a body of code behind
 * its call, run on for minutes. So behind each such call an empty loop is written, at whose head
 * the engine looks. What the module does stays the same.
 *
 * A call needs none when what it calls calls nothing in its turn (leaves.h), or when what follows
 * it, up to the end of its function, weighs little: so many frames as fit into a guest's stack then
 * return within some milliseconds.
 *
 * Threads: pure. Ownership: the caller's buffer.
 */
#ifndef SWAPCI_WASM_CHECKPOINTS_H
#define SWAPCI_WASM_CHECKPOINTS_H

#include "buffer.h"
#include "sections.h"

#define SWAPCI_CHECKPOINT_FREE 64u  /* the weight that needs none: an instruction weighs 1, */
#define SWAPCI_CHECKPOINT_MEMORY 8u /* one that reads or writes memory, which may be far away, 8 */

/* Appends to out the module with its checkpoints, or nothing when it needs none. Returns SWAPC_OK;
 * UNSUPPORTED (an instruction that is not in the table), MODULE_MALFORMED, NO_MEMORY. After failure
 * out holds a part of the module. */
enum swapc_status swapci_wasm_add_checkpoints(const struct swapci_wasm_module *module,
                                              swapci_buffer *out, swapc_error *error);

#endif
