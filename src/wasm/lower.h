/* lower.h - rewrites a wasm module for an engine that knows little and cannot be interrupted.
 *
 * The module written does what the one read does, in the simplest form:
 *   - no dead code: what follows an unconditional branch up to the end of its block is left out;
 *   - no block takes parameters, gives more than one value, or a float: a function that has such
 *     blocks carries the values of all its blocks in locals;
 *   - no two references to one 64-bit local lie on the stack where the local is set or a block
 *     begins: all but the first are values of their own (wasm3 loses track of such pairs);
 *   - numbers as short as can be; no custom sections; no passive segments; active ones, and
 *     exports of functions alone, in their oldest form;
 *   - memory.grow by more than 65536 pages is one by 65536, so that no page count wraps.
 *
 * Metered, it also asks its host, now and then, whether to go on: it counts a budget of
 * instructions down in a global of its own: at the head of each loop by what one turn of it can
 * cost, at the entry of each function by what is outside its loops, behind each call that may
 * recurse by how much of the function is left, before each memory.copy and memory.fill by their
 * length; a memory.grow is dear whatever it is given. When the budget is spent it calls the import
 * SWAPCI_METER_MODULE.SWAPCI_METER_NAME of type () -> i32, which gives the next budget or traps.
 * The first entry into an instance asks at once. So between two questions lie, in the worst case,
 * the budget times SWAPCI_METER_FREE / SWAPCI_METER_CALL instructions: short functions that neither
 * loop nor call are not worth counting, and are paid by who calls them. Function indices from the
 * end of the imports on move up by one.
 *
 * It takes the MVP with sign extension, saturating conversions, multi-value, memory.copy and
 * memory.fill, in a module that a validator has accepted; anything else that runs is refused, and
 * nothing crashes it.
 *
 * Threads: pure. Ownership: the caller's buffer.
 */
#ifndef SWAPCI_WASM_LOWER_H
#define SWAPCI_WASM_LOWER_H

#include "buffer.h"
#include "sections.h"

#define SWAPCI_METER_MODULE "swapc"
#define SWAPCI_METER_NAME "tick"
#define SWAPCI_METER_FREE 2048u       /* instructions of a leaf function that is not counted */
#define SWAPCI_METER_CALL 64u         /* what a call costs, in instructions */
#define SWAPCI_METER_RETURN_FREE 256u /* bytes of code behind a call that are not counted again */
#define SWAPCI_METER_GROW 32768u      /* what memory.grow costs: the memory may be moved */

struct swapci_wasm_lowering {
    bool metered;
    const char *engine; /* for messages */
};

/* Appends the lowered module to out. Returns SWAPC_OK; UNSUPPORTED naming the function, the byte
 * and what is there; MODULE_MALFORMED; NO_MEMORY. After failure out holds a part of the module. */
enum swapc_status swapci_wasm_lower(const struct swapci_wasm_module *module,
                                    const struct swapci_wasm_lowering *how, swapci_buffer *out,
                                    swapc_error *error);

#endif
