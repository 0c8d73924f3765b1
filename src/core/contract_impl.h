/* contract_impl.h - what slots ask of contracts beyond swapc/contract.h.
 *
 * A module that has answered a contract carries its number (swapci_module_admit), so that
 * publishing it again checks nothing and needs no list that grows with the slot.
 */
#ifndef SWAPCI_CONTRACT_IMPL_H
#define SWAPCI_CONTRACT_IMPL_H

#include <stdbool.h>

#include "swapc/contract.h"

/* For loading a candidate: its start and init must be done within this time; once more when they
 * are not. */
enum { SWAPCI_CONTRACT_START_MS = 400 };

/* The contract's number: no other contract of this process has it. 0 for NULL. */
uint64_t swapci_contract_number(const swapc_contract *contract);

/* What the vectors of a candidate may take together, its bundle's own included. */
uint32_t swapci_contract_total_ms(const swapc_contract *contract);

/* The functions without the i, on the stack that is there (entry.c). */
enum swapc_status swapci_contract_load(const char *path, swapc_contract **out, swapc_error *error);
enum swapc_status swapci_contract_load_bytes(const char *name, swapc_bytes text,
                                             swapc_contract **out, swapc_error *error);

/* swapc_contract_check, the sentence saying who needs it: "slot schnorr". */
enum swapc_status swapci_contract_check(const swapc_contract *contract, swapc_module *module,
                                        const char *whose, const char *name, swapc_error *error);

#endif
