/* What is shared: see rpc_client_impl.h. */
#include "rpc_client_impl.h"
#include "rpc_code.h"
#include "rpc_runtime.h"
#include "rpc_server.h"
#include "rpc_wire.h"

#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <stdlib.h>
#include <string.h>

static grpc_channel *channel_make(const char *target, const char *name,
                                  grpc_channel_credentials *credentials) {
    grpc_arg list[] = {
        /* Else clients of one address would share a connection and its pauses after failures. */
        swapci_rpc_wire_option(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
        swapci_rpc_wire_option(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        swapci_rpc_wire_option(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        /* A retried Sending would be one more call to answer; callers decide that themselves. */
        swapci_rpc_wire_option(GRPC_ARG_ENABLE_RETRIES, 0),
        swapci_rpc_wire_option(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, SWAPCI_RPC_MESSAGE_MAX),
        swapci_rpc_wire_option(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20),
        swapci_rpc_wire_option(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000),
        swapci_rpc_wire_option(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200),
        {.type = GRPC_ARG_STRING,
         .key = (char *)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
         .value.string = (char *)name},
    };
    size_t count = sizeof list / sizeof *list;
    grpc_channel_args args = {name ? count : count - 1, list};
    return grpc_channel_create(target, credentials, &args);
}

static enum swapc_status credentials_make(const swapci_rpc_address *address,
                                          const swapci_rpc_tls *tls, grpc_channel_credentials **out,
                                          swapc_error *error) {
    if (!tls) {
        *out = grpc_insecure_credentials_create();
        return SWAPC_OK;
    }
    if (address->is_unix)
        return swapc_error_set(error, SWAPC_INVALID,
                               "%s is a Unix socket, which speaks no TLS: leave --tls-… out",
                               address->text);
    return swapci_rpc_tls_client(tls, out, error);
}

enum swapc_status swapci_rpc_client_new_tls(const char *address, const swapci_rpc_tls *tls,
                                            swapci_rpc_client **out, swapc_error *error) {
    swapci_rpc_address parsed;
    grpc_channel_credentials *credentials = NULL;
    *out = NULL;
    enum swapc_status status = swapci_rpc_address_parse(address, &parsed, error);
    if (status) return status;
    swapci_rpc_client *client = calloc(1, sizeof *client);
    if (!client) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a gRPC client");
    client->address = parsed;
    status = swapci_rpc_runtime_retain(error);
    if (status == SWAPC_OK) {
        status = credentials_make(&parsed, tls, &credentials, error);
        if (status != SWAPC_OK) swapci_rpc_runtime_release();
    }
    if (status != SWAPC_OK) {
        free(client);
        return status;
    }
    pthread_mutex_init(&client->lock, NULL);
    client->channel = channel_make(parsed.target, tls ? tls->name : NULL, credentials);
    grpc_channel_credentials_release(credentials);
    *out = client;
    return SWAPC_OK;
}

enum swapc_status swapci_rpc_client_new(const char *address, swapci_rpc_client **out,
                                        swapc_error *error) {
    return swapci_rpc_client_new_tls(address, NULL, out, error);
}

static bool is_closed(swapci_rpc_client *client) {
    pthread_mutex_lock(&client->lock);
    bool closed = client->closed;
    pthread_mutex_unlock(&client->lock);
    return closed;
}

static enum swapc_status report_closed(const swapci_rpc_client *client, swapc_error *error) {
    return swapc_error_set(error, SWAPC_CLOSED, "the connection to %s was closed here",
                           client->address.text);
}

/* Waits for the channel to leave state `from`, in slices that let close be noticed. */
static void await_change(swapci_rpc_client *client, grpc_completion_queue *queue,
                         grpc_connectivity_state from, gpr_timespec until) {
    gpr_timespec slice = swapci_rpc_wire_deadline(50);
    if (gpr_time_cmp(until, slice) < 0) slice = until;
    grpc_channel_watch_connectivity_state(client->channel, from, slice, queue, NULL);
    grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
}

enum swapc_status swapci_rpc_client_wait_ready(swapci_rpc_client *client, unsigned timeout_ms,
                                               swapc_error *error) {
    SWAPC_CHECK(timeout_ms > 0);
    gpr_timespec until = swapci_rpc_wire_deadline(timeout_ms);
    gpr_timespec patient =
        swapci_rpc_wire_deadline(4 * timeout_ms); /* with who is called, and has not answered yet */
    grpc_completion_queue *queue = grpc_completion_queue_create_for_next(NULL);
    enum swapc_status status = SWAPC_OK;
    for (;;) {
        grpc_connectivity_state state = grpc_channel_check_connectivity_state(client->channel, 1);
        if (is_closed(client)) {
            status = report_closed(client, error);
            break;
        }
        if (state == GRPC_CHANNEL_READY) break;
        bool late = gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), until) >= 0;
        if (late && state == GRPC_CHANNEL_CONNECTING && gpr_time_cmp(until, patient) < 0) {
            until = patient;
            late = false;
        }
        if (late) {
            status =
                swapc_error_set(error, SWAPC_UNREACHABLE,
                                "no gRPC server at %s within %u ms: start it, or check the "
                                "address%s",
                                client->address.text, timeout_ms,
                                client->address.is_unix
                                    ? ""
                                    : ", and whether both sides use TLS, and certificates of the "
                                      "CA that the other side expects");
            break;
        }
        await_change(client, queue, state, until);
    }
    grpc_completion_queue_shutdown(queue);
    grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_completion_queue_destroy(queue);
    return status;
}

static void flight_list(struct swapci_rpc_flight *flight) {
    swapci_rpc_client *client = flight->client;
    flight->next = client->flights;
    if (flight->next) flight->next->prev = flight;
    client->flights = flight;
}

enum swapc_status swapci_rpc_flight_init(struct swapci_rpc_flight *flight,
                                         swapci_rpc_client *client, const char *method,
                                         swapc_bytes request, unsigned timeout_ms,
                                         swapc_error *error) {
    memset(flight, 0, sizeof *flight);
    flight->client = client;
    grpc_slice name = grpc_slice_from_copied_string(method);
    pthread_mutex_lock(&client->lock);
    if (client->closed) {
        grpc_slice_unref(name);
        pthread_mutex_unlock(&client->lock);
        return report_closed(client, error);
    }
    flight->queue = grpc_completion_queue_create_for_pluck(NULL);
    flight->call =
        grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, flight->queue,
                                 name, NULL, swapci_rpc_wire_deadline(timeout_ms), NULL);
    grpc_slice_unref(name);
    flight_list(flight);
    pthread_mutex_unlock(&client->lock);
    flight->request = swapci_rpc_wire_pack(request);
    flight->text = grpc_empty_slice();
    grpc_metadata_array_init(&flight->head);
    grpc_metadata_array_init(&flight->trail);
    return SWAPC_OK;
}

void swapci_rpc_flight_fini(struct swapci_rpc_flight *flight) {
    swapci_rpc_client *client = flight->client;
    pthread_mutex_lock(&client->lock);
    if (flight->prev) flight->prev->next = flight->next;
    else client->flights = flight->next;
    if (flight->next) flight->next->prev = flight->prev;
    pthread_mutex_unlock(&client->lock);
    grpc_byte_buffer_destroy(flight->request);
    grpc_byte_buffer_destroy(flight->reply);
    grpc_metadata_array_destroy(&flight->head);
    grpc_metadata_array_destroy(&flight->trail);
    grpc_slice_unref(flight->text);
    grpc_call_unref(flight->call);
    grpc_completion_queue_shutdown(flight->queue);
    grpc_completion_queue_pluck(flight->queue, NULL, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_completion_queue_destroy(flight->queue);
}

size_t swapci_rpc_flight_send_ops(struct swapci_rpc_flight *flight, grpc_op ops[3]) {
    memset(ops, 0, 3 * sizeof *ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = flight->request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    return 3;
}

void swapci_rpc_flight_status_op(struct swapci_rpc_flight *flight, grpc_op *op) {
    memset(op, 0, sizeof *op);
    op->op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    op->data.recv_status_on_client.trailing_metadata = &flight->trail;
    op->data.recv_status_on_client.status = &flight->code;
    op->data.recv_status_on_client.status_details = &flight->text;
}

void swapci_rpc_flight_start(struct swapci_rpc_flight *flight, const grpc_op *ops, size_t count,
                             void *tag) {
    SWAPC_CHECK(grpc_call_start_batch(flight->call, ops, count, tag, NULL) == GRPC_CALL_OK);
}

enum swapc_status swapci_rpc_flight_status(struct swapci_rpc_flight *flight, const char *method,
                                           swapc_error *error) {
    char words[256];
    const char *where = flight->client->address.text;
    enum swapc_status status = swapci_rpc_code_status((int)flight->code);
    if (status == SWAPC_OK) return status;
    if (is_closed(flight->client)) return report_closed(flight->client, error);
    swapci_rpc_wire_text(flight->text, words, sizeof words);
    if (error && error->status == SWAPC_OK) error->native = flight->code;
    if (status == SWAPC_UNREACHABLE)
        return swapc_error_set(error, status,
                               "no answer from the gRPC server at %s: is it running? (%s)", where,
                               words);
    return swapc_error_set(error, status, "%s at %s answered %s: %s", method, where,
                           swapci_rpc_code_name((int)flight->code), words);
}

static void exchange(struct swapci_rpc_flight *flight) {
    grpc_op ops[6] = {0};
    size_t count = swapci_rpc_flight_send_ops(flight, ops);
    ops[count].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[count++].data.recv_initial_metadata.recv_initial_metadata = &flight->head;
    ops[count].op = GRPC_OP_RECV_MESSAGE;
    ops[count++].data.recv_message.recv_message = &flight->reply;
    swapci_rpc_flight_status_op(flight, &ops[count++]);
    swapci_rpc_flight_start(flight, ops, count, flight);
    grpc_completion_queue_pluck(flight->queue, flight, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
}

enum swapc_status swapci_rpc_client_call(swapci_rpc_client *client, const char *method,
                                         swapc_bytes request, unsigned timeout_ms, uint8_t **reply,
                                         size_t *reply_len, swapc_error *error) {
    struct swapci_rpc_flight flight;
    *reply = NULL;
    *reply_len = 0;
    enum swapc_status status =
        swapci_rpc_flight_init(&flight, client, method, request, timeout_ms, error);
    if (status) return status;
    exchange(&flight);
    status = swapci_rpc_flight_status(&flight, method, error);
    if (!status && !flight.reply)
        status = swapc_error_set(error, SWAPC_PROTOCOL, "%s at %s answered without a message",
                                 method, client->address.text);
    if (!status) {
        status = swapci_rpc_wire_unpack(flight.reply, reply, reply_len);
        if (status) swapc_error_set(error, status, "the answer of %s cannot be read", method);
    }
    swapci_rpc_flight_fini(&flight);
    return status;
}

void swapci_rpc_client_close(swapci_rpc_client *client) {
    pthread_mutex_lock(&client->lock);
    client->closed = true;
    for (struct swapci_rpc_flight *flight = client->flights; flight; flight = flight->next)
        grpc_call_cancel(flight->call, NULL);
    pthread_mutex_unlock(&client->lock);
}

void swapci_rpc_client_free(swapci_rpc_client *client) {
    if (!client) return;
    SWAPC_CHECK(!client->flights);
    grpc_channel_destroy(client->channel);
    pthread_mutex_destroy(&client->lock);
    free(client);
    swapci_rpc_runtime_release();
}
