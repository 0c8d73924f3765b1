/* wasm3_scan.h - may wasm3 have this module, and what will it take?
 *
 * wasm3 0.5 checks little by itself. The core lets a real validator look first; this looks for what
 * a validator accepts and wasm3 does not survive or silently misreads: features later than the MVP
 * (sign extension, saturating conversions, mutable globals, memory.copy and memory.fill are fine),
 * and functions larger than its fixed tables. It also finds exports by index, because wasm3 looks
 * names up in a list that a module's name section can write to.
 *
 * Threads: pure. Ownership: nothing is kept.
 */
#ifndef SWAPCI_WASM3_SCAN_H
#define SWAPCI_WASM3_SCAN_H

#include <stdbool.h>

#include "swapc/bytes.h"
#include "swapc/error.h"

struct swapci_wasm3_shape {
    uint32_t loops_max;  /* most loops in one function: C frames that one activation may hold */
    uint32_t pages_min;  /* initial memory */
    uint32_t guest_call; /* function index of __guest_call */
};

/* Reads the whole module. Returns SWAPC_OK; UNSUPPORTED naming the feature and the remedy;
 * MODULE_MALFORMED; MODULE_EXPORT (no __guest_call of type (i32, i32) -> i32); NO_MEMORY. */
enum swapc_status swapci_wasm3_scan(swapc_bytes bytes, struct swapci_wasm3_shape *out,
                                    swapc_error *error);

/* Finds the function that bytes (scanned before) export as name. Returns false when there is none. */
bool swapci_wasm3_find_export(swapc_bytes bytes, const char *name, uint32_t *function);

#endif
