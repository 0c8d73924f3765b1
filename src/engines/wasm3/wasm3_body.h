/* wasm3_body.h - does one lowered function stay within wasm3's fixed tables?
 *
 * Threads: one at a time per stack. Ownership: the stack is the caller's, kept between bodies.
 */
#ifndef SWAPCI_WASM3_BODY_H
#define SWAPCI_WASM3_BODY_H

#include "stack.h"

/* wasm3's tables hold 2000 values and 4000 slots of a function; a value takes at most 2 slots. The
 * ceilings leave room for the results of one call, which wasm3 places before it looks. */
#define SWAPCI_WASM3_VALUES 1800
#define SWAPCI_WASM3_SLOTS 3900

/* Reads the body of a function of that type with stack, which is of its module. Sets *loops to the
 * number of loop instructions in it. Returns SWAPC_OK; UNSUPPORTED for more values or
 * slots; MODULE_MALFORMED for a body that is none; NO_MEMORY. Sets no error. */
enum swapc_status swapci_wasm3_body_scan(struct swapci_wasm_reader body,
                                         const struct swapci_wasm_type *type,
                                         struct swapci_wasm_stack *stack, uint32_t *loops);

#endif
