/* rpc_message.h - protobuf messages over rpc_server.h and rpc_client.h. For the service files of
 * src/rpc; their own headers show no protobuf.
 *
 * Threads: as the functions of rpc_server.h and rpc_client.h.
 */
#ifndef SWAPCI_RPC_MESSAGE_H
#define SWAPCI_RPC_MESSAGE_H

#include "rpc_client.h"
#include "rpc_server.h"

#include <protobuf-c/protobuf-c.h>

/* Reads a request. Returns the message, which protobuf_c_message_free_unpacked frees; or NULL,
 * after having finished call with INVALID_ARGUMENT. */
ProtobufCMessage *swapci_rpc_message_request(swapci_rpc_call *call,
                                             const ProtobufCMessageDescriptor *type,
                                             swapc_bytes request);

/* Answers a unary call with message. Voids the handle. */
void swapci_rpc_message_reply(swapci_rpc_call *call, const ProtobufCMessage *message);

/* Sends message on a stream; as swapci_rpc_call_send. NO_MEMORY: nothing was sent. */
enum swapc_status swapci_rpc_message_send(swapci_rpc_call *call, const ProtobufCMessage *message);

/* Calls method with request and reads an answer of type `type`, which
 * protobuf_c_message_free_unpacked frees; as swapci_rpc_client_call. */
enum swapc_status swapci_rpc_message_call(swapci_rpc_client *client, const char *method,
                                          const ProtobufCMessage *request,
                                          const ProtobufCMessageDescriptor *type,
                                          unsigned timeout_ms, ProtobufCMessage **reply,
                                          swapc_error *error);

#endif
