/* module_call.h - what a slot asks of its modules beyond swapc/module.h. */
#ifndef SWAPCI_MODULE_CALL_H
#define SWAPCI_MODULE_CALL_H

#include <stdbool.h>

#include "swapc/module.h"

/* swapc_module_call with the generation that a slot adds. */
enum swapc_status swapci_module_call(swapc_module *module, swapc_bytes operation,
                                     swapc_bytes payload, const swapc_call_options *options,
                                     uint64_t generation, swapc_reply *reply, swapc_error *error);

/* swapc_module_load of a candidate, on the stack that is there: its start and init have start_ms
 * (0: the module's limit), and once more when that was not enough. */
enum swapc_status swapci_module_load(swapc_host *host, const char *path,
                                     const swapc_module_options *options, uint32_t start_ms,
                                     swapc_module **out, swapc_error *error);

/* swapc_module_load_bytes, on the stack that is there. */
enum swapc_status swapci_module_load_bytes(swapc_host *host, const char *name, swapc_bytes bytes,
                                           const swapc_module_options *options, swapc_module **out,
                                           swapc_error *error);

struct swapci_vector_time;

/* swapc_module_self_test with a ceiling for the vectors' deadlines, and within time; NULL: a time
 * of their own. */
enum swapc_status swapci_module_self_test(swapc_module *module, uint32_t deadline_max_ms,
                                          const struct swapci_vector_time *time,
                                          swapc_error *error);

/* Whether the module has answered the contract of that number, and that it has. Any thread. Returns
 * SWAPC_OK, NO_MEMORY. */
bool swapci_module_is_admitted(swapc_module *module, uint64_t contract);
enum swapc_status swapci_module_admit(swapc_module *module, uint64_t contract);

/* How many self-test vectors the module's bundle has. */
unsigned swapci_module_self_tests(const swapc_module *module);

/* The deadline for a call that should end after wanted_ms: 0 where the engine, or the module
 * without a limit of time, cannot stop a call. */
uint32_t swapci_module_deadline(const swapc_module *module, uint32_t wanted_ms);

/* The log of the module's host; borrowed. */
const swapc_log *swapci_module_log(const swapc_module *module);

#endif
