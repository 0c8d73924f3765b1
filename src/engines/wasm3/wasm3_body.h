/* wasm3_body.h - what one function body would cost wasm3, without running wasm3.
 *
 * wasm3 0.5 writes past its own tables when a function keeps too many values at once, nests its
 * compiler on the C stack for each nested block, and holds a C frame for each loop that a function
 * has entered, until the function returns. This reads a body (which a validator has accepted) and
 * gives the numbers that bound all three.
 *
 * Threads: pure. Returns SWAPC_OK; UNSUPPORTED naming the instruction wasm3 does not have;
 * MODULE_MALFORMED for a body that ends too early.
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

struct swapci_wasm3_body {
    uint32_t loops;   /* loop instructions in the body */
    uint32_t nesting; /* blocks around the innermost instruction */
    uint32_t values;  /* most values that wasm3 has on its compile-time stack at once */
};

enum swapc_status swapci_wasm3_body_scan(struct swapci_wasm_reader body, uint32_t index,
                                         const struct swapci_wasm3_types *types,
                                         struct swapci_wasm3_body *out, swapc_error *error);

#endif
