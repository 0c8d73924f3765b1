/* work_count.h - counts what work.h weighs.
 *
 * Of the sections but the code at once, of the code instruction by instruction, by who walks it
 * anyway (ceilings.c). What is damaged is counted as far as it can be read: others report it.
 *
 * Threads: pure. Ownership: nothing is kept.
 */
#ifndef SWAPCI_WASM_WORK_COUNT_H
#define SWAPCI_WASM_WORK_COUNT_H

#include "instruction.h"
#include "stack.h"
#include "work.h"

/* What one function has; zeros before the first instruction. */
struct swapci_wasm_body_measure {
    uint64_t locals; /* with parameters; set by the caller */
    uint64_t instructions, blocks, loops, branches, tables, labels;
    uint64_t checkpoints;                  /* calls that need one at the worst */
    uint64_t helpers;                      /* indirect calls and the like */
    uint64_t branch_values, label_values;  /* what branches, and targets of br_table, take along */
    uint64_t way_stack;                    /* of each of these ways: values that lie on the stack */
    uint64_t value_blocks, values;         /* blocks with results, and all of those */
    uint64_t parameter_blocks, parameters; /* the same of parameters */
    uint64_t copies; /* in loops: locals that are set to what may be another value as it stands */
    uint64_t loop_parameters;
    uint64_t nesting_deepest, loops_deepest; /* set by the caller */
    uint64_t loops_around;                   /* of the instruction; set by the caller */
    bool computed; /* what the instruction before gave is a value of its own */
};

/* Types, elements, constants, names, exports, size. */
void swapci_wasm_measure_sections(const struct swapci_wasm_module *m,
                                  struct swapci_wasm_work *work);

/* One instruction, which has an opcode; stack: as it is before it. */
void swapci_wasm_measure_step(const struct swapci_wasm_stack *stack,
                              const struct swapci_wasm_instruction *in,
                              struct swapci_wasm_body_measure *body, struct swapci_wasm_work *work);

/* The function has been read to its end. */
void swapci_wasm_measure_body(const struct swapci_wasm_body_measure *body,
                              struct swapci_wasm_work *work);

#endif
