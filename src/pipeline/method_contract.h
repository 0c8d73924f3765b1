/* method_contract.h - what the verifier needs of every module in a method's slot.
 *
 * The contracts are data, guests/contracts/MODULE.toml, built into the program (and installed under
 * share/swapc/contracts, for `swapc module check --contract`). Two responses are the same when they decode
 * to the same status: MessagePack writes one answer in several ways, and the translator reads them all.
 *
 * Threads: pure. Ownership: the caller releases *out.
 */
#ifndef SWAPCI_METHOD_CONTRACT_H
#define SWAPCI_METHOD_CONTRACT_H

#include "method.h"
#include "swapc/contract.h"

/* Returns SWAPC_OK with *out the method's contract, or NULL when the program holds none for it; NO_MEMORY. */
enum swapc_status swapci_method_contract(const swapci_method *method, swapc_contract **out,
                                         swapc_error *error);

/* Has responses of verify_message and verify_batch compared by what they mean. */
void swapci_method_contract_compare(swapc_contract *contract);

#endif
