/* wasm_generator_impl.h - what wasm_generator.c (the module) and wasm_generator_body.c share. */
#ifndef SWAPCI_WASM_GENERATOR_IMPL_H
#define SWAPCI_WASM_GENERATOR_IMPL_H

#include "stack.h"
#include "wasm_generator.h"

enum {
    SWAPCI_GENERATOR_RESPONSE = 0, /* function __guest_response */
    SWAPCI_GENERATOR_MAIN = 1,     /* function __guest_call */
    SWAPCI_GENERATOR_FUEL = 0,     /* global */
    SWAPCI_GENERATOR_ENTRIES = 8   /* of the table, at most */
};

struct swapci_generator {
    struct swapci_wasm_reader choices;
    struct swapci_wasm_module m; /* what the bodies may name */
    struct swapci_wasm_stack stack;
    swapci_buffer body;
    struct swapci_wasm_writer w; /* of the body */
    const struct swapci_wasm_type *type;
    uint32_t entries[SWAPCI_GENERATOR_ENTRIES]; /* functions in the table */
    uint32_t canonical[2];                      /* local of an f32 and an f64 */
};

/* One of limit choices. */
uint32_t swapci_generator_pick(struct swapci_generator *g, uint32_t limit);

/* Writes locals and instructions of a function into g->body, emptied first. */
void swapci_generator_body(struct swapci_generator *g, uint32_t function);

#endif
