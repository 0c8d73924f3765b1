/* wt_where.h - in which of its functions a guest was when it was stopped.
 *
 * Threads: any. Ownership: trap and failed stay the caller's.
 */
#ifndef SWAPCI_WT_WHERE_H
#define SWAPCI_WT_WHERE_H

#include <wasmtime.h>

#include "swapc/error.h"

/* Adds "in inner < outer < __guest_call" to the report, innermost first: the names that the
 * module's name section has, of Rust's mangled ones the path alone, else the functions' numbers;
 * names are escaped and cut, and "..." stands for those of the middle that do not fit. Where
 * nothing is reported, because the core has the report, this becomes the text, with status. entry
 * is the export that was entered (NULL: the start section): the outermost function has its name,
 * whatever it is called inside. One of trap and failed is there. error may be NULL. */
void swapci_wt_tell_where(const wasm_trap_t *trap, const wasmtime_error_t *failed,
                          const char *entry, enum swapc_status status, swapc_error *error);

#endif
