/* wasm_meter.h - rewrites a wasm module so that it asks its host, now and then, whether to go on.
 *
 * For engines that cannot interrupt a guest. The module written does what the one read does, and
 * counts a budget of instructions down in a global of its own: at the head of each loop by what one
 * turn of it can cost, at the entry of each function by what is outside its loops, before each
 * memory.copy and memory.fill by their length. When the budget is spent it calls the import
 * SWAPCI_METER_MODULE.SWAPCI_METER_NAME of type () -> i32, which gives the next budget or traps. The
 * first entry into an instance asks at once. So between two questions lie, in the worst case, the
 * budget times SWAPCI_METER_FREE / SWAPCI_METER_CALL instructions: short functions that neither
 * loop nor call are not worth counting, and are paid by who calls them.
 *
 * It reads the MVP with sign extension, saturating conversions, memory.copy and memory.fill, in a
 * module that a validator has accepted; anything else is refused and never crashes it. Function
 * indices from the end of the imports on move up by one; custom sections are left out.
 *
 * Threads: pure. Ownership: the caller's buffer.
 */
#ifndef SWAPCI_WASM_METER_H
#define SWAPCI_WASM_METER_H

#include "buffer.h"

#define SWAPCI_METER_MODULE "swapc"
#define SWAPCI_METER_NAME "tick"
#define SWAPCI_METER_FREE 2048u /* instructions of a leaf function that is not counted */
#define SWAPCI_METER_CALL 64u   /* what a call costs, in instructions */

/* Appends the metered module to out. Returns SWAPC_OK; UNSUPPORTED for what it does not read;
 * MODULE_MALFORMED; NO_MEMORY. After failure out holds a part of the module. */
enum swapc_status swapci_wasm_meter(swapc_bytes module, swapci_buffer *out, swapc_error *error);

#endif
