#include "health_client.h"

#include "health_names.h"
#include "rpc_message.h"

#include "health.pb-c.h"

#include <stdlib.h>

enum swapc_status swapci_health_client_check(swapci_rpc_client *client, const char *service,
                                             unsigned timeout_ms, enum swapci_health *health,
                                             swapc_error *error) {
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.service = (char *)service;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_HEALTH_CHECK, &request.base,
        &grpc__health__v1__health_check_response__descriptor, timeout_ms, &reply, error);
    if (status) return status;
    *health = (enum swapci_health)((Grpc__Health__V1__HealthCheckResponse *)reply)->status;
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}

enum swapc_status swapci_health_client_watch(swapci_rpc_client *client, const char *service,
                                             swapci_rpc_stream **out, swapc_error *error) {
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    *out = NULL;
    request.service = (char *)service;
    size_t len = grpc__health__v1__health_check_request__get_packed_size(&request);
    uint8_t *bytes = malloc(len ? len : 1);
    if (!bytes) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a watch");
    grpc__health__v1__health_check_request__pack(&request, bytes);
    enum swapc_status status =
        swapci_rpc_stream_new(client, SWAPCI_HEALTH_WATCH, swapc_bytes_of(bytes, len), out, error);
    free(bytes);
    return status;
}

enum swapc_status swapci_health_client_next(swapci_rpc_stream *stream, unsigned timeout_ms,
                                            enum swapci_health *health, swapc_error *error) {
    uint8_t *bytes;
    size_t len;
    enum swapc_status status = swapci_rpc_stream_read(stream, timeout_ms, &bytes, &len, error);
    if (status) return status;
    Grpc__Health__V1__HealthCheckResponse *response =
        grpc__health__v1__health_check_response__unpack(NULL, len, bytes);
    free(bytes);
    if (!response)
        return swapc_error_set(error, SWAPC_PROTOCOL, "the server's health message is malformed");
    *health = (enum swapci_health)response->status;
    grpc__health__v1__health_check_response__free_unpacked(response, NULL);
    return SWAPC_OK;
}
