/* check.h - the host's own check of a wasm module before an engine sees it.
 *
 * Every import must be one that the host has, with its type; `memory` and `__guest_call` of type
 * (i32, i32) -> i32 must be exported; the init exports that are there must take and give nothing.
 * So an unknown import has the same words on every engine. Its size and shape must be such that an
 * engine can compile it in reasonable time (ceilings.h).
 *
 * Threads: none shared. Returns SWAPC_OK, MODULE_MALFORMED, MODULE_IMPORT, MODULE_EXPORT, LIMIT,
 * UNSUPPORTED, NO_MEMORY.
 */
#ifndef SWAPCI_CHECK_H
#define SWAPCI_CHECK_H

#include "swapc/bytes.h"
#include "swapc/error.h"
#include "work.h"

/* The init exports in the order in which they are run, NULL-ended. */
extern const char *const swapci_init_exports[];

/* compile_ms as in swapc_limits. Out: work, what compiling it will take (NULL: nobody asks). */
enum swapc_status swapci_check_wasm(swapc_bytes bytes, uint64_t compile_ms,
                                    struct swapci_wasm_work *work, swapc_error *error);

#endif
