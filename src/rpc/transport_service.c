#include "transport_service.h"

#include "rpc_message.h"

#include "transport_interface.pb-c.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef TransportInterface__ClientRequest request_t;

/* The handle of Sending is the call itself, under a name that only answer accepts. */
static swapci_transport_sending *to_sending(swapci_rpc_call *call) {
    return (swapci_transport_sending *)call;
}

static void answer(swapci_rpc_call *call, enum swapci_transport_status status, const char *text) {
    TransportInterface__ServerResponse response = TRANSPORT_INTERFACE__SERVER_RESPONSE__INIT;
    Google__Protobuf__Timestamp stamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    stamp.seconds = now.tv_sec;
    stamp.nanos = (int32_t)now.tv_nsec;
    response.timestamp = &stamp;
    response.msg_status = (TransportInterface__StatusMsg)status;
    if (text) {
        response._server_answer_case =
            TRANSPORT_INTERFACE__SERVER_RESPONSE___SERVER_ANSWER_SERVER_ANSWER;
        response.server_answer = (char *)text;
    }
    swapci_rpc_message_reply(call, &response.base);
}

void swapci_transport_sending_answer(swapci_transport_sending *sending,
                                     enum swapci_transport_status status, const char *text) {
    answer((swapci_rpc_call *)sending, status, text);
}

static void connect_stream(const swapci_transport_service *service, swapci_rpc_call *call,
                           const char *stream, uint32_t serial) {
    swapci_transport_answer reply = {SWAPCI_TRANSPORT_PROCEED, ""};
    if (!stream || !*stream) {
        answer(call, SWAPCI_TRANSPORT_ERROR, "Connect needs the stream's name as its payload");
        return;
    }
    snprintf(reply.text, sizeof reply.text, "%s", stream);
    service->on_connect(service->user, stream, serial, &reply);
    answer(call, reply.status, reply.text[0] ? reply.text : NULL);
}

static void obey(const swapci_transport_service *service, swapci_rpc_call *call,
                 const request_t *request) {
    bool named = request->_payload_case == TRANSPORT_INTERFACE__CLIENT_REQUEST___PAYLOAD_PAYLOAD;
    const char *stream = named ? request->payload : NULL;
    if (stream && strlen(stream) > SWAPCI_TRANSPORT_STREAM_MAX) {
        swapci_rpc_call_finish(call, SWAPCI_RPC_INVALID_ARGUMENT,
                               "the stream's name is longer than 255 bytes");
        return;
    }
    switch ((int)request->command) {
    case TRANSPORT_INTERFACE__CLIENT_COMMAND__Connect:
        connect_stream(service, call, stream, request->serial);
        return;
    case TRANSPORT_INTERFACE__CLIENT_COMMAND__Sending:
        if (swapci_rpc_call_keep(call))
            service->on_sending(service->user, stream, request->serial, to_sending(call));
        return;
    default:
        swapci_rpc_call_finish(call, SWAPCI_RPC_INVALID_ARGUMENT,
                               "the command is neither Connect nor Sending");
    }
}

static void handle(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    ProtobufCMessage *message =
        swapci_rpc_message_request(call, &transport_interface__client_request__descriptor, bytes);
    if (!message) return;
    obey(user, call, (const request_t *)message);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void gone(void *user, swapci_rpc_call *call) {
    const swapci_transport_service *service = user;
    if (service->on_left) service->on_left(service->user, to_sending(call));
}

static const swapci_rpc_method methods[] = {
    {.name = SWAPCI_TRANSPORT_METHOD,
     .handle = handle,
     .gone = gone,
     .kept_max = SWAPCI_TRANSPORT_WAITING_MAX},
};

void swapci_transport_service_add(swapci_rpc_server *server,
                                  const swapci_transport_service *service) {
    /* The table's user is not const; this file only reads it. */
    swapci_rpc_server_add(server, methods, sizeof methods / sizeof *methods, (void *)service);
}
