/* rpc_uv.h - joins a gRPC server to a libuv loop: its handlers then run in the loop's thread.
 *
 * Threads: both functions in the loop's thread.
 * Ownership: the joint frees itself after detach, in a later turn of the loop. server and loop
 *     outlive it.
 */
#ifndef SWAPCI_RPC_UV_H
#define SWAPCI_RPC_UV_H

#include "rpc_server.h"

struct uv_loop_s;
typedef struct swapci_rpc_uv swapci_rpc_uv;

/* Sets the server's wake; before its start. The joint keeps the loop alive until detach.
 * Returns OK, NO_MEMORY, SYSTEM. After failure *out is NULL. */
enum swapc_status swapci_rpc_uv_attach(swapci_rpc_server *server, struct uv_loop_s *loop,
                                       swapci_rpc_uv **out, swapc_error *error);

/* Ends the joint, after swapci_rpc_server_shutdown; run the loop once more for its memory. NULL
 * does nothing. */
void swapci_rpc_uv_detach(swapci_rpc_uv *uv);

#endif
