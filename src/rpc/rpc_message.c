#include "rpc_message.h"

#include <stdio.h>
#include <stdlib.h>

/* Returns the packed message, given to free(); NULL when memory is out. */
static uint8_t *pack(const ProtobufCMessage *message, size_t *len) {
    *len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(*len ? *len : 1);
    if (bytes) protobuf_c_message_pack(message, bytes);
    return bytes;
}

ProtobufCMessage *swapci_rpc_message_request(swapci_rpc_call *call,
                                             const ProtobufCMessageDescriptor *type,
                                             swapc_bytes request) {
    char why[160];
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, request.len, request.ptr);
    if (message) return message;
    snprintf(why, sizeof why, "the request is no valid %s", type->name);
    swapci_rpc_call_finish(call, SWAPCI_RPC_INVALID_ARGUMENT, why);
    return NULL;
}

void swapci_rpc_message_reply(swapci_rpc_call *call, const ProtobufCMessage *message) {
    size_t len;
    uint8_t *bytes = pack(message, &len);
    if (bytes) swapci_rpc_call_reply(call, swapc_bytes_of(bytes, len));
    else swapci_rpc_call_finish(call, SWAPCI_RPC_RESOURCE_EXHAUSTED, "out of memory");
    free(bytes);
}

enum swapc_status swapci_rpc_message_send(swapci_rpc_call *call, const ProtobufCMessage *message) {
    size_t len;
    uint8_t *bytes = pack(message, &len);
    if (!bytes) return SWAPC_NO_MEMORY;
    enum swapc_status status = swapci_rpc_call_send(call, swapc_bytes_of(bytes, len));
    free(bytes);
    return status;
}

enum swapc_status swapci_rpc_message_call(swapci_rpc_client *client, const char *method,
                                          const ProtobufCMessage *request,
                                          const ProtobufCMessageDescriptor *type,
                                          unsigned timeout_ms, ProtobufCMessage **reply,
                                          swapc_error *error) {
    size_t len, reply_len;
    uint8_t *answer = NULL;
    *reply = NULL;
    uint8_t *bytes = pack(request, &len);
    if (!bytes)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a request of %zu bytes", len);
    enum swapc_status status = swapci_rpc_client_call(client, method, swapc_bytes_of(bytes, len),
                                                      timeout_ms, &answer, &reply_len, error);
    free(bytes);
    if (status) return status;
    *reply = protobuf_c_message_unpack(type, NULL, reply_len, answer);
    free(answer);
    if (*reply) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_PROTOCOL, "the answer of %s is no valid %s", method,
                           type->name);
}
