/* wasm3_body.h - is one function body within what wasm3 survives? Found without running wasm3.
 *
 * wasm3 0.5 writes past its own tables when a function keeps too many values at once: it places a
 * call's results behind all slots in use and checks no end there. It nests its compiler on the C
 * stack for each nested block, and holds a C frame for each loop that a function has entered, until
 * the function returns. This reads a body (which a validator has accepted) and bounds all three.
 *
 * Threads: pure.
 */
#ifndef SWAPCI_WASM3_BODY_H
#define SWAPCI_WASM3_BODY_H

#include "swapc/error.h"
#include "wasm_reader.h"

/* Parameter and result counts of a function type. */
struct swapci_wasm3_type {
    uint16_t params;
    uint16_t results;
};

struct swapci_wasm3_types {
    const struct swapci_wasm3_type *types;
    uint32_t type_count;
    const uint32_t *functions; /* type index of each function, imported ones first */
    uint32_t function_count;
};

/* Reads the body of function index. Sets *loops to the number of loop instructions in it.
 * Returns SWAPC_OK; UNSUPPORTED naming the instruction that wasm3 does not have or the ceiling that
 * the function breaks; MODULE_MALFORMED for a body that does not end where it should. */
enum swapc_status swapci_wasm3_body_scan(struct swapci_wasm_reader body, uint32_t index,
                                         const struct swapci_wasm3_types *types, uint32_t *loops,
                                         swapc_error *error);

#endif
