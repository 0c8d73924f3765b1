/* wasm3_scan.h - may wasm3 have this module, and what will it take?
 *
 * wasm3 0.5 checks little by itself. The core lets a real validator look first, and src/wasm
 * rewrites what it accepted into the simplest form (lower.h): no dead code, no parameters of
 * blocks, features of the MVP alone. This looks for what wasm3 does not survive or silently
 * misreads even so:
 *   - functions that keep more values at once than its fixed tables hold: it places a call's
 *     results behind all slots in use and checks no end there;
 *   - element segments that do not fit their table, which it grows to whatever they ask for;
 *   - loops: it holds a C frame for each that a function has entered, until the function returns.
 *
 * Threads: pure. Ownership: nothing is kept.
 */
#ifndef SWAPCI_WASM3_SCAN_H
#define SWAPCI_WASM3_SCAN_H

#include "sections.h"

struct swapci_wasm3_shape {
    uint32_t loops_max;  /* most loops in one function: C frames that one activation may hold */
    uint32_t pages_min;  /* initial memory */
    uint32_t pages_max;  /* that it may grow to; UINT32_MAX: it does not say */
    uint32_t guest_call; /* function index of __guest_call */
};

/* Looks at a lowered module, whose functions are numbered so many higher than in the one it was
 * made from (for messages). Returns SWAPC_OK; UNSUPPORTED naming the function and the ceiling;
 * MODULE_MALFORMED; MODULE_EXPORT (no __guest_call of type (i32, i32) -> i32); NO_MEMORY. */
enum swapc_status swapci_wasm3_scan(swapc_bytes lowered, uint32_t shift,
                                    struct swapci_wasm3_shape *out, swapc_error *error);

/* Finds the function that bytes (scanned before) export as name: wasm3 looks names up in a list
 * that holds three a function. Returns false when there is none. */
bool swapci_wasm3_find_export(swapc_bytes bytes, const char *name, uint32_t *function);

#endif
