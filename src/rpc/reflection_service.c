#include "reflection_service.h"

#include "descriptor_set.h"
#include "embedded.h"
#include "rpc_message.h"

#include "reflection.pb-c.h"

/* One file, the descriptors of proto/, by cmake/Proto.cmake. */
extern const struct swapci_embedded swapci_proto_set[];

typedef Grpc__Reflection__V1__ServerReflectionRequest request_t;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_t;

enum { SERVICES_MAX = 16 };

static swapc_bytes descriptors(void) {
    return swapc_bytes_of(swapci_proto_set[0].bytes, swapci_proto_set[0].len);
}

static enum swapci_rpc_code pack(const response_t *response, swapci_buffer *out) {
    size_t len = grpc__reflection__v1__server_reflection_response__get_packed_size(response);
    if (swapci_buffer_reserve(out, len) != SWAPC_OK) return SWAPCI_RPC_RESOURCE_EXHAUSTED;
    out->len +=
        grpc__reflection__v1__server_reflection_response__pack(response, out->ptr + out->len);
    return SWAPCI_RPC_OK;
}

static enum swapci_rpc_code pack_error(response_t *response, enum swapci_rpc_code code,
                                       const char *text, swapci_buffer *out) {
    Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
    error.error_code = (int32_t)code;
    error.error_message = (char *)text;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    response->error_response = &error;
    return pack(response, out);
}

static enum swapci_rpc_code pack_file(response_t *response, swapc_bytes file, swapci_buffer *out) {
    Grpc__Reflection__V1__FileDescriptorResponse files =
        GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
    ProtobufCBinaryData data = {file.len, (uint8_t *)(uintptr_t)file.ptr};
    files.n_file_descriptor_proto = 1;
    files.file_descriptor_proto = &data;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    response->file_descriptor_response = &files;
    return pack(response, out);
}

static enum swapci_rpc_code pack_list(response_t *response, const char *const *services,
                                      swapci_buffer *out) {
    Grpc__Reflection__V1__ListServiceResponse list =
        GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
    Grpc__Reflection__V1__ServiceResponse names[SERVICES_MAX], *rows[SERVICES_MAX];
    for (; services[list.n_service] && list.n_service < SERVICES_MAX; list.n_service++) {
        grpc__reflection__v1__service_response__init(&names[list.n_service]);
        names[list.n_service].name = (char *)services[list.n_service];
        rows[list.n_service] = &names[list.n_service];
    }
    list.service = rows;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    response->list_services_response = &list;
    return pack(response, out);
}

static enum swapci_rpc_code reply_to(request_t *request, const char *const *services,
                                     swapci_buffer *out) {
    response_t response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    swapc_bytes file;
    bool found = false;
    response.valid_host = request->host;
    response.original_request = request;
    switch ((int)request->message_request_case) {
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        return pack_list(&response, services, out);
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        found = swapci_descriptor_file(descriptors(), request->file_by_filename, &file);
        break;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        found = swapci_descriptor_symbol(descriptors(), request->file_containing_symbol, &file);
        break;
    default:
        return pack_error(&response, SWAPCI_RPC_UNIMPLEMENTED, "proto3 services have no extensions",
                          out);
    }
    return found ? pack_file(&response, file, out)
                 : pack_error(&response, SWAPCI_RPC_NOT_FOUND, "the server has no such thing", out);
}

static enum swapci_rpc_code answer(void *user, swapc_bytes bytes, swapci_buffer *out) {
    request_t *request =
        grpc__reflection__v1__server_reflection_request__unpack(NULL, bytes.len, bytes.ptr);
    if (!request) return SWAPCI_RPC_INVALID_ARGUMENT;
    enum swapci_rpc_code code = reply_to(request, user, out);
    grpc__reflection__v1__server_reflection_request__free_unpacked(request, NULL);
    return code;
}

static const swapci_rpc_method methods[] = {
    {.name = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", .answer = answer},
    {.name = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", .answer = answer},
};

void swapci_reflection_service_add(swapci_rpc_server *server, const char *const *services) {
    /* The table's user is not const; this file only reads it. */
    swapci_rpc_server_add(server, methods, sizeof methods / sizeof *methods, (void *)services);
}
