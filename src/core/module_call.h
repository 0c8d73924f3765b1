/* module_call.h - what a slot asks of its modules beyond swapc/module.h. */
#ifndef SWAPCI_MODULE_CALL_H
#define SWAPCI_MODULE_CALL_H

#include "swapc/module.h"

/* swapc_module_call with the generation that a slot adds. */
enum swapc_status swapci_module_call(swapc_module *module, swapc_bytes operation,
                                     swapc_bytes payload, const swapc_call_options *options,
                                     uint64_t generation, swapc_reply *reply, swapc_error *error);

/* How many self-test vectors the module's bundle has. */
unsigned swapci_module_self_tests(const swapc_module *module);

/* The deadline for a call that should end after wanted_ms: 0 where the engine, or the module without
 * a limit of time, cannot stop a call. */
uint32_t swapci_module_deadline(const swapc_module *module, uint32_t wanted_ms);

/* The log of the module's host; borrowed. */
const swapc_log *swapci_module_log(const swapc_module *module);

#endif
