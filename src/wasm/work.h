/* work.h - how long will a compiler need? An estimate from what a module holds, before one sees it.
 *
 * One table of things that compiling takes time for, each with two weights: `best` of an optimising
 * compiler, `quick` of the same one without optimisation and with the simplest allocation of
 * registers, whose time grows with the size and little else. Both were measured with modules of
 * nothing but that thing (CPU time, wasmtime 50; an excerpt of them is in ceilings_test.c), and are
 * of its worst case: of what compilers of languages emit the estimate is some two times too high,
 * and that is what it is for. RATIONALE.md has the reasons.
 *
 * Threads: pure. Ownership: the caller's struct.
 */
#ifndef SWAPCI_WASM_WORK_H
#define SWAPCI_WASM_WORK_H

#include <stddef.h>
#include <stdint.h>

/* Kind, name in messages, picoseconds each: quick, best. */
#define SWAPCI_WASM_WORK_KINDS(X)                                                                  \
    X(BYTES, "bytes", 6000, 6000)                                                                  \
    X(NAME_BYTES, "bytes of names for debugging", 160000, 160000)                                  \
    X(TYPES, "types", 40000000, 40000000)                                                          \
    X(TYPES_SQUARED, "types, squared", 2100, 2100)                                                 \
    X(TYPE_VALUES, "values in its function types", 1900000, 5500000)                               \
    X(FUNCTIONS, "functions", 32000000, 52000000)                                                  \
    X(ENTRIES, "functions that are exported or in tables", 95000000, 95000000)                     \
    X(ELEMENTS, "elements of passive segments", 12000000, 45000000)                                \
    X(ELEMENT_EXPRESSIONS, "elements that are expressions", 75000000, 80000000)                    \
    X(CONSTANTS, "instructions in constants", 900000, 900000)                                      \
    X(LOCALS, "locals", 80000, 150000)                                                             \
    X(INSTRUCTIONS, "instructions", 450000, 600000)                                                \
    X(ACCESSES, "loads and stores", 3200000, 4500000)                                              \
    X(VECTORS, "vector instructions", 9000000, 9500000)                                            \
    X(WIDES, "128-bit instructions", 3800000, 3800000)                                             \
    X(CALLS, "calls", 2000000, 4500000)                                                            \
    X(CHECKPOINTS, "calls within the module", 30000000, 35000000)                                  \
    X(CALL_VALUES, "parameters and results of calls", 1600000, 12000000)                           \
    X(HELPERS, "indirect calls and instructions on tables or whole memories", 75000000, 135000000) \
    X(HELPERS_SQUARED, "indirect calls and the like of a function, squared", 0, 22000)             \
    X(BLOCKS, "blocks", 3000000, 6000000)                                                          \
    X(LOOPS, "loops", 17000000, 26000000)                                                          \
    X(LOOPS_SQUARED, "loops of a function, squared", 0, 110000)                                    \
    X(BRANCHES, "branches", 2000000, 5000000)                                                      \
    X(LABELS, "targets of br_table", 850000, 1200000)                                              \
    X(BRANCH_VALUES, "values that branches carry", 35000, 35000)                                   \
    X(LABEL_VALUES, "values that targets of br_table take", 480000, 530000)                        \
    X(LOOP_LOCALS, "loops times locals", 2000000, 5500000)                                         \
    X(WAY_LOCALS, "blocks and branches times locals", 350000, 700000)                              \
    X(WAY_WAY_LOCALS, "blocks and branches, squared, times locals", 30, 4000)                      \
    X(WAY_STACK, "blocks and branches times values on the stack", 20000, 400)                      \
    X(WAY_MANY_LOCALS, "branches times the locals beyond 250, squared", 0, 28000)                  \
    X(TABLE_LABEL_LOCALS, "br_tables times their targets times locals", 1100, 3000)                \
    X(VALUE_BLOCKS, "blocks with results times those results", 40000, 40000)                       \
    X(PARAMETER_BLOCKS, "blocks with parameters times those parameters", 50000, 50000)             \
    X(NESTING_SQUARED, "blocks in each other, squared", 5000, 6000)                                \
    X(SPANS, "locals times loops in each other, squared", 0, 5000)                                 \
    X(COPIES_SQUARED, "locals and parameters that go round in loops times branches, squared", 0,   \
      3000)                                                                                        \
    X(ROUNDS, "copies around loops times branches times locals", 8000, 8000)                       \
    X(LENGTHS_SQUARED, "instructions of a function, squared", 0, 1200)

enum swapci_wasm_work_kind {
#define SWAPCI_WASM_WORK_ENUM(kind, name, quick, best) SWAPCI_WASM_WORK_##kind,
    SWAPCI_WASM_WORK_KINDS(SWAPCI_WASM_WORK_ENUM)
#undef SWAPCI_WASM_WORK_ENUM
        SWAPCI_WASM_WORK_COUNT
};

/* What there is of each kind, in the whole module. */
struct swapci_wasm_work {
    uint64_t counts[SWAPCI_WASM_WORK_COUNT];
};

/* Adds a * b * c of the kind; what does not fit into the counter stays at its most. */
void swapci_wasm_work_add(struct swapci_wasm_work *work, enum swapci_wasm_work_kind kind,
                          uint64_t a, uint64_t b, uint64_t c);

/* Milliseconds; UINT32_MAX: that many or more. */
uint32_t swapci_wasm_work_quick_ms(const struct swapci_wasm_work *work);
uint32_t swapci_wasm_work_best_ms(const struct swapci_wasm_work *work);

/* The kind that takes most of the quick time, and its name as in "4 loops". */
enum swapci_wasm_work_kind swapci_wasm_work_most(const struct swapci_wasm_work *work);
const char *swapci_wasm_work_name(enum swapci_wasm_work_kind kind);

#endif
