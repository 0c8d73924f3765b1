#include "rpc_stream.h"

#include "rpc_client_impl.h"
#include "rpc_wire.h"

#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

struct swapci_rpc_stream {
    struct swapci_rpc_flight flight;
    char method[128];
    char tag_send, tag_read, tag_status; /* their addresses are the tags */
    bool reading;                        /* tag_read is out */
    bool greeted;                        /* the first read has taken the server's metadata */
    bool over;                           /* the status has come */
};

enum swapc_status swapci_rpc_stream_new(swapci_rpc_client *client, const char *method,
                                        swapc_bytes request, swapci_rpc_stream **out,
                                        swapc_error *error) {
    grpc_op ops[3];
    *out = NULL;
    swapci_rpc_stream *stream = calloc(1, sizeof *stream);
    if (!stream) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a gRPC stream");
    enum swapc_status status =
        swapci_rpc_flight_init(&stream->flight, client, method, request, 0, error);
    if (status) {
        free(stream);
        return status;
    }
    snprintf(stream->method, sizeof stream->method, "%s", method);
    size_t count = swapci_rpc_flight_send_ops(&stream->flight, ops);
    swapci_rpc_flight_start(&stream->flight, ops, count, &stream->tag_send);
    swapci_rpc_flight_status_op(&stream->flight, ops);
    swapci_rpc_flight_start(&stream->flight, ops, 1, &stream->tag_status);
    *out = stream;
    return SWAPC_OK;
}

/* Returns false when the time is up first. */
static bool pluck(swapci_rpc_stream *stream, void *tag, gpr_timespec until) {
    return grpc_completion_queue_pluck(stream->flight.queue, tag, until, NULL).type ==
           GRPC_OP_COMPLETE;
}

static void read_start(swapci_rpc_stream *stream) {
    grpc_op ops[2] = {0};
    size_t count = 0;
    if (!stream->greeted) {
        ops[count].op = GRPC_OP_RECV_INITIAL_METADATA;
        ops[count++].data.recv_initial_metadata.recv_initial_metadata = &stream->flight.head;
    }
    ops[count].op = GRPC_OP_RECV_MESSAGE;
    ops[count++].data.recv_message.recv_message = &stream->flight.reply;
    stream->greeted = true;
    stream->reading = true;
    swapci_rpc_flight_start(&stream->flight, ops, count, &stream->tag_read);
}

static void await_status(swapci_rpc_stream *stream) {
    if (!stream->over) pluck(stream, &stream->tag_status, gpr_inf_future(GPR_CLOCK_MONOTONIC));
    stream->over = true;
}

enum swapc_status swapci_rpc_stream_read(swapci_rpc_stream *stream, unsigned timeout_ms,
                                         uint8_t **message, size_t *len, swapc_error *error) {
    struct swapci_rpc_flight *flight = &stream->flight;
    *message = NULL;
    *len = 0;
    if (!stream->over) {
        if (!stream->reading) read_start(stream);
        if (!pluck(stream, &stream->tag_read, swapci_rpc_wire_deadline(timeout_ms)))
            return swapc_error_set(error, SWAPC_DEADLINE, "%s sent nothing within %u ms",
                                   stream->method, timeout_ms);
        stream->reading = false;
    }
    if (flight->reply) {
        enum swapc_status status = swapci_rpc_wire_unpack(flight->reply, message, len);
        grpc_byte_buffer_destroy(flight->reply);
        flight->reply = NULL;
        return status ? swapc_error_set(error, status, "a message of %s cannot be read",
                                        stream->method)
                      : SWAPC_OK;
    }
    await_status(stream);
    enum swapc_status status = swapci_rpc_flight_status(flight, stream->method, error);
    return status
               ? status
               : swapc_error_set(error, SWAPC_CLOSED, "%s has ended its messages", stream->method);
}

void swapci_rpc_stream_free(swapci_rpc_stream *stream) {
    if (!stream) return;
    gpr_timespec never = gpr_inf_future(GPR_CLOCK_MONOTONIC);
    grpc_call_cancel(stream->flight.call, NULL);
    await_status(stream);
    if (stream->reading) pluck(stream, &stream->tag_read, never);
    pluck(stream, &stream->tag_send, never);
    swapci_rpc_flight_fini(&stream->flight);
    free(stream);
}
