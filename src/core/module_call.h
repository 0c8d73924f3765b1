/* module_call.h - swapc_module_call with the generation that a slot adds. */
#ifndef SWAPCI_MODULE_CALL_H
#define SWAPCI_MODULE_CALL_H

#include "swapc/module.h"

enum swapc_status swapci_module_call(swapc_module *module, swapc_bytes operation,
                                     swapc_bytes payload, const swapc_call_options *options,
                                     uint64_t generation, swapc_reply *reply, swapc_error *error);

#endif
