/* ceilings.h - is a module of a size and shape that an engine can compile in reasonable time?
 *
 * A compiler's time is not linear in what it is given: 6.5 KB of loops in each other, with a
 * thousand values alive through all of them, kept one busy for a minute. This counts before an
 * engine sees the module, by plain ceilings and by one of the work that compiling it will be
 * (work.h); RATIONALE.md has the measurements. The values lie far above what compilers of languages
 * emit (the largest seen: 10 000s of functions, loops 5 deep, some 100 locals).
 *
 * Threads: pure. Ownership: nothing is kept.
 */
#ifndef SWAPCI_WASM_CEILINGS_H
#define SWAPCI_WASM_CEILINGS_H

#include "sections.h"
#include "work.h"

#define SWAPCI_WASM_FUNCTIONS_MAX 65536u
#define SWAPCI_WASM_TYPES_MAX 20000u
#define SWAPCI_WASM_GLOBALS_MAX 65536u
#define SWAPCI_WASM_SEGMENTS_MAX 65536u /* of elements */
#define SWAPCI_WASM_DATA_MAX 100000u    /* segments; Go makes so many of a large program */
#define SWAPCI_WASM_TABLES_MAX 16u
#define SWAPCI_WASM_TABLE_ELEMENTS_MAX (1u << 20) /* in all tables, at the beginning */
#define SWAPCI_WASM_BODY_MAX 500000u              /* instructions of a function */
#define SWAPCI_WASM_LOOP_DEPTH_MAX 1000u
#define SWAPCI_WASM_NESTING_MAX 10000u /* blocks in each other */
/* Milliseconds of compiling, as work.h estimates them, where limits.compile_ms is 0. */
#define SWAPCI_WASM_COMPILE_MS 2500u

/* What a limit of 0 stands for. */
static inline uint64_t swapci_wasm_compile_ms(uint64_t limit) {
    return limit ? limit : SWAPCI_WASM_COMPILE_MS;
}

/* Looks at the whole module. compile_ms as in swapc_limits. Out: work (NULL: nobody asks), with
 * SWAPC_OK.
 * Returns SWAPC_OK; LIMIT naming the function, what there is too much of and the ceiling, or that
 * compiling it either way is estimated to take longer; UNSUPPORTED naming function and byte for an
 * instruction or a type that no engine here has; MODULE_MALFORMED; NO_MEMORY. */
enum swapc_status swapci_wasm_check_ceilings(const struct swapci_wasm_module *module,
                                             uint64_t compile_ms, struct swapci_wasm_work *work,
                                             swapc_error *error);

#endif
