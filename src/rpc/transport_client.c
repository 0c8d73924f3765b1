#include "transport_client.h"

#include "rpc_message.h"

#include "transport_interface.pb-c.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

typedef TransportInterface__ClientRequest request_t;
typedef TransportInterface__ServerResponse response_t;

static const char *status_name(int status) {
    static const char *const names[] = {"Ok", "Halt", "Error", "Proceed"};
    return status >= 0 && status < 4 ? names[status] : "an unknown status";
}

static enum swapc_status judge(const response_t *response, enum swapci_transport_status wanted,
                               swapci_transport_answer *answer, swapc_error *error) {
    bool named = response->_server_answer_case ==
                 TRANSPORT_INTERFACE__SERVER_RESPONSE___SERVER_ANSWER_SERVER_ANSWER;
    const char *text = named ? response->server_answer : "";
    int status = (int)response->msg_status;
    if (answer) {
        answer->status = (enum swapci_transport_status)status;
        snprintf(answer->text, sizeof answer->text, "%s", text);
    }
    if (status == (int)wanted) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID, "the signer answered %s instead of %s: %s",
                           status_name(status), status_name((int)wanted),
                           *text ? text : "it gave no reason");
}

/* Sends request, which is complete but for the stream and the time. */
static enum swapc_status ask(swapci_rpc_client *client, request_t *request, const char *stream,
                             unsigned timeout_ms, swapci_transport_answer *answer,
                             swapc_error *error) {
    Google__Protobuf__Timestamp stamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    struct timespec now;
    ProtobufCMessage *reply;
    clock_gettime(CLOCK_REALTIME, &now);
    stamp.seconds = now.tv_sec;
    stamp.nanos = (int32_t)now.tv_nsec;
    request->timestamp = &stamp;
    if (stream) {
        request->_payload_case = TRANSPORT_INTERFACE__CLIENT_REQUEST___PAYLOAD_PAYLOAD;
        request->payload = (char *)stream;
    }
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_TRANSPORT_METHOD, &request->base,
        &transport_interface__server_response__descriptor, timeout_ms, &reply, error);
    if (status) return status;
    enum swapci_transport_status wanted =
        request->command == TRANSPORT_INTERFACE__CLIENT_COMMAND__Connect ? SWAPCI_TRANSPORT_PROCEED
                                                                         : SWAPCI_TRANSPORT_OK;
    status = judge((const response_t *)reply, wanted, answer, error);
    protobuf_c_message_free_unpacked(reply, NULL);
    return status;
}

enum swapc_status swapci_transport_client_connect(swapci_rpc_client *client, const char *stream,
                                                  uint32_t serial, unsigned timeout_ms,
                                                  swapci_transport_answer *answer,
                                                  swapc_error *error) {
    request_t request = TRANSPORT_INTERFACE__CLIENT_REQUEST__INIT;
    request.command = TRANSPORT_INTERFACE__CLIENT_COMMAND__Connect;
    request.serial = serial;
    return ask(client, &request, stream, timeout_ms, answer, error);
}

enum swapc_status swapci_transport_client_sending(swapci_rpc_client *client, const char *stream,
                                                  uint32_t serial, unsigned timeout_ms,
                                                  swapci_transport_answer *answer,
                                                  swapc_error *error) {
    request_t request = TRANSPORT_INTERFACE__CLIENT_REQUEST__INIT;
    request.command = TRANSPORT_INTERFACE__CLIENT_COMMAND__Sending;
    request.serial = serial;
    return ask(client, &request, stream, timeout_ms, answer, error);
}
