/* remote.h - asking a running process over gRPC, for `swapc status` and `swapc module`.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_REMOTE_H
#define SWAPCI_REMOTE_H

#include <jansson.h>

#include "control_client.h"

enum { SWAPCI_REMOTE_MS = 10000, SWAPCI_REMOTE_SWAP_MS = 120000 };

/* Connects to unix:PATH or HOST:PORT. Returns as swapci_rpc_client_new and _wait_ready. */
enum swapc_status swapci_remote_open(const char *address, swapci_rpc_client **out,
                                     swapc_error *error);

/* Frees the client, and gRPC with it. NULL: gRPC only. */
void swapci_remote_close(swapci_rpc_client *client);

/* One module as a JSON object. */
json_t *swapci_remote_module_json(const swapci_control_module *module);

#endif
