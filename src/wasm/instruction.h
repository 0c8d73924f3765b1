/* instruction.h - one instruction: read from a body, written into one.
 *
 * Reading decodes the immediates and checks nothing else: indices may point nowhere, but a block's
 * type is looked up. Writing is canonical, whatever form was read.
 *
 * Threads: pure. Ownership: views into the module's bytes.
 */
#ifndef SWAPCI_WASM_INSTRUCTION_H
#define SWAPCI_WASM_INSTRUCTION_H

#include "opcodes.h"
#include "sections.h"
#include "writer.h"

struct swapci_wasm_instruction {
    const struct swapci_wasm_opcode *opcode; /* NULL: not in the table; nothing else is set */
    uint32_t code;
    uint32_t index; /* the first index, or what opcodes.h says */
    uint32_t second;
    uint64_t value;                   /* a constant's bits, sign-extended; a memory offset */
    struct swapci_wasm_type block;    /* of block, loop, if */
    int64_t block_code;               /* as it was written: negative or a type index */
    struct swapci_wasm_reader labels; /* of br_table: so many numbers, the default last; of select:
                                         types; sixteen bytes */
    uint32_t label_count;             /* with the default */
};

/* Reads the next instruction; r is bad when there is none. */
void swapci_wasm_instruction_read(struct swapci_wasm_reader *r, const struct swapci_wasm_module *m,
                                  struct swapci_wasm_instruction *out);

/* Writes one that has an opcode. */
void swapci_wasm_instruction_write(struct swapci_wasm_writer *w,
                                   const struct swapci_wasm_instruction *in);

/* The locals of a body, before its instructions: runs of one type. */
struct swapci_wasm_locals {
    uint32_t runs;
    uint64_t count;                 /* in all */
    struct swapci_wasm_reader each; /* runs of {number, type} */
};

/* Reads them; r is bad when they are none, also when there are more than 50 000 (the implementation
 * limit of browsers and engines). */
void swapci_wasm_read_locals(struct swapci_wasm_reader *r, struct swapci_wasm_locals *out);

#endif
