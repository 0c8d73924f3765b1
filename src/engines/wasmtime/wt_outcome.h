/* wt_outcome.h - what wasmtime's errors and traps mean as a status, and as one line of text.
 *
 * Threads: any. Ownership: traps and errors stay the caller's.
 */
#ifndef SWAPCI_WT_OUTCOME_H
#define SWAPCI_WT_OUTCOME_H

#include <wasmtime.h>

#include "swapc/error.h"

#define SWAPCI_WT_LINE_MAX 320

/* Reports a trap that guest code ran into. Returns TRAP, TRAP_MEMORY or TRAP_STACK. */
enum swapc_status swapci_wt_report_trap(const wasm_trap_t *trap, swapc_error *error);

/* Reports why a module was refused: UNSUPPORTED when it uses a feature that is off, else
 * MODULE_MALFORMED. path may be NULL. */
enum swapc_status swapci_wt_report_refused(const wasmtime_error_t *refused, const char *path,
                                           swapc_error *error);

/* Reports an import that the table does not have, or has with another type: MODULE_IMPORT. */
enum swapc_status swapci_wt_report_unlinked(const wasmtime_error_t *failed, const char *path,
                                            swapc_error *error);

/* Reports why there is no instance: MEMORY_LIMIT, LIMIT (tables), NO_MEMORY or
 * SYSTEM. */
enum swapc_status swapci_wt_report_no_instance(const wasmtime_error_t *failed, swapc_error *error);

#endif
