/* transport_client.h - the client's side of transport_interface.Transport_interface: how the
 * generator tells the signer that messages are there.
 *
 * Threads, Ownership, Fork: as rpc_client.h.
 */
#ifndef SWAPCI_TRANSPORT_CLIENT_H
#define SWAPCI_TRANSPORT_CLIENT_H

#include "rpc_client.h"
#include "transport_answer.h"

#include <stdint.h>

/* Announces stream (NULL: sends no name, which the signer answers with Error).
 * Out: *answer (NULL: nowhere) whenever the signer answered, whatever it said.
 * Returns OK (Proceed); INVALID (it answered anything else, its text is in error); or as
 * swapci_rpc_client_call. */
enum swapc_status swapci_transport_client_connect(swapci_rpc_client *client, const char *stream,
                                                  uint32_t serial, unsigned timeout_ms,
                                                  swapci_transport_answer *answer,
                                                  swapc_error *error);

/* Returns when every entry that stream had at receipt is signed; timeout_ms 0 waits as long as the
 * signer lives. Out and Returns: as connect, with Ok for Proceed. */
enum swapc_status swapci_transport_client_sending(swapci_rpc_client *client, const char *stream,
                                                  uint32_t serial, unsigned timeout_ms,
                                                  swapci_transport_answer *answer,
                                                  swapc_error *error);

#endif
