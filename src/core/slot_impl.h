/* slot_impl.h - functions of swapc/slot.h, without the i, on the stack that is there (entry.c). */
#ifndef SWAPCI_SLOT_IMPL_H
#define SWAPCI_SLOT_IMPL_H

#include "swapc/slot.h"

enum swapc_status swapci_slot_admit(swapc_slot *slot, swapc_module *module, swapc_error *error);
enum swapc_status swapci_slot_rollback(swapc_slot *slot, uint64_t *generation);
enum swapc_status swapci_slot_swap(swapc_slot *slot, swapc_host *host, const char *path,
                                   const swapc_swap_options *options, swapc_swap_report *report,
                                   swapc_error *error);

#endif
