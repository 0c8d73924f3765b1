/* control_client.h - the client's side of swapc.control.v1.Control.
 *
 * Threads, Ownership, Fork: as rpc_client.h. Out structs are the caller's; texts that do not fit are
 * cut.
 * Returns, of all: SWAPC_OK, or as swapci_rpc_client_call; swap and rollback also what the server's
 *     own swap returned (SIGNATURE, VERSION, SELF_TEST, ...), with its sentence.
 */
#ifndef SWAPCI_CONTROL_CLIENT_H
#define SWAPCI_CONTROL_CLIENT_H

#include "control_types.h"
#include "rpc_client.h"

enum swapc_status swapci_control_client_status(swapci_rpc_client *client, unsigned timeout_ms,
                                               swapci_control_status *out, swapc_error *error);

/* How each partition stands. Returns UNSUPPORTED too: a server of a release that does not tell. */
enum swapc_status swapci_control_client_partitions(swapci_rpc_client *client, unsigned timeout_ms,
                                                   swapci_control_partitions *out,
                                                   swapc_error *error);

/* Asks the process to finish and end; returns when it has heard. */
enum swapc_status swapci_control_client_drain(swapci_rpc_client *client, unsigned timeout_ms,
                                              swapc_error *error);

enum swapc_status swapci_control_client_list(swapci_rpc_client *client, unsigned timeout_ms,
                                             swapci_control_modules *out, swapc_error *error);

/* path is one of the server's machine. Out: what is current now. */
enum swapc_status swapci_control_client_swap(swapci_rpc_client *client, const char *slot,
                                             const char *path, unsigned timeout_ms,
                                             swapci_control_module *out, swapc_error *error);

enum swapc_status swapci_control_client_rollback(swapci_rpc_client *client, const char *slot,
                                                 unsigned timeout_ms, swapci_control_module *out,
                                                 swapc_error *error);

#endif
