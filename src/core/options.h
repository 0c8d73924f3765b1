/* options.h - the structs that a program hands in, as this library knows them.
 *
 * Every function of the interface that takes a config or options takes them through here, so that
 * sizes are checked, older structs completed and NULL turned into the defaults in one place.
 *
 * Threads and ownership: plain functions; what `own` receives borrows the pointers of `theirs`.
 * Returns, all: SWAPC_OK, or INVALID with a sentence and own untouched or void.
 */
#ifndef SWAPCI_OPTIONS_H
#define SWAPCI_OPTIONS_H

#include "swapc/slot.h"

/* NULL: the defaults. own->limits is complete too. */
enum swapc_status swapci_take_host_config(const swapc_host_config *theirs, swapc_host_config *own,
                                          swapc_error *error);

/* NULL: the defaults. own->limits points at *limits, which is theirs or those of the host. */
enum swapc_status swapci_take_module_options(const swapc_module_options *theirs,
                                             const swapc_limits *host, swapc_module_options *own,
                                             swapc_limits *limits, swapc_error *error);

/* NULL: the defaults. own->module is complete too, but for the limits that it points at. */
enum swapc_status swapci_take_swap_options(const swapc_swap_options *theirs,
                                           swapc_swap_options *own, swapc_error *error);

/* The slow way of swapci_call_options. */
enum swapc_status swapci_take_call_options(const swapc_call_options *theirs,
                                           swapc_call_options *own, swapc_error *error);

/* For the warm path: *options stays as it is when it is NULL or of this library's size, else
 * becomes own, which is filled. */
static inline enum swapc_status swapci_call_options(const swapc_call_options **options,
                                                    swapc_call_options *own, swapc_error *error) {
    if (!*options || (*options)->size == sizeof **options) return SWAPC_OK;
    enum swapc_status status = swapci_take_call_options(*options, own, error);
    *options = own;
    return status;
}

/* Checks a report that is to be filled (NULL: none is wanted), and fills it. */
enum swapc_status swapci_check_swap_report(const swapc_swap_report *theirs, swapc_error *error);
void swapci_give_swap_report(const swapc_swap_report *own, swapc_swap_report *theirs);

/* Fills theirs; a size that no version has is misuse. */
void swapci_give_engine_info(const swapc_engine_info *own, swapc_engine_info *theirs);

/* Fills theirs, whose size is checked. Returns SWAPC_OK, INVALID. */
enum swapc_status swapci_give_module_usage(const swapc_module_usage *own,
                                           swapc_module_usage *theirs, swapc_error *error);

#endif
