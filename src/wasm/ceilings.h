/* ceilings.h - is a module of a size and shape that an engine can compile in reasonable time?
 *
 * A compiler's time is not linear in what it is given: 6.5 KB of loops in each other, with a
 * thousand values alive through all of them, kept one busy for a minute. This counts before an
 * engine sees the module; RATIONALE.md has the measurements. The values lie far above what compilers
 * of languages emit (the largest seen: 10 000s of functions, loops 5 deep, some 100 locals).
 *
 * Threads: pure. Ownership: nothing is kept.
 */
#ifndef SWAPCI_WASM_CEILINGS_H
#define SWAPCI_WASM_CEILINGS_H

#include "sections.h"

#define SWAPCI_WASM_FUNCTIONS_MAX 65536u
#define SWAPCI_WASM_TYPES_MAX 65536u
#define SWAPCI_WASM_GLOBALS_MAX 65536u
#define SWAPCI_WASM_SEGMENTS_MAX 65536u /* of data, and of elements */
#define SWAPCI_WASM_TABLES_MAX 16u
#define SWAPCI_WASM_TABLE_ELEMENTS_MAX (1u << 20) /* in all tables, at the beginning */
#define SWAPCI_WASM_BODY_MAX 500000u              /* instructions of a function */
#define SWAPCI_WASM_LOOP_DEPTH_MAX 1000u
#define SWAPCI_WASM_NESTING_MAX 10000u /* blocks in each other */
/* The square of the deepest nesting, summed over all functions. */
#define SWAPCI_WASM_NESTINGS_MAX (300u * 1000u * 1000u)
/* Locals times blocks and branches (each of a table's counts), summed over all functions: where ways
 * meet, a compiler looks at each local. And the same with the square of the blocks, as locals that
 * change again and again take it. */
#define SWAPCI_WASM_MEETINGS_MAX (20u * 1000u * 1000u)
#define SWAPCI_WASM_CHANGES_MAX (2000u * 1000u * 1000u)
/* Locals times the depth of a function's loops: compiling takes time by its square. And the sum of
 * the squares over all functions. */
#define SWAPCI_WASM_SPAN_MAX 15000u
#define SWAPCI_WASM_SPANS_MAX (500u * 1000u * 1000u)

/* Looks at the whole module. Returns SWAPC_OK; LIMIT naming the function, what there is too much of
 * and the ceiling; UNSUPPORTED naming function and byte for an instruction or a type that no engine
 * here has; MODULE_MALFORMED. */
enum swapc_status swapci_wasm_check_ceilings(const struct swapci_wasm_module *module,
                                             swapc_error *error);

#endif
