/* What is shared: see rpc_server_impl.h. */
#include "clock.h"
#include "rpc_server_impl.h"
#include "rpc_wire.h"

#include <stdio.h>
#include <stdlib.h>

swapci_rpc_call *swapci_rpc_call_new(swapci_rpc_server *server) {
    swapci_rpc_call *call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->server = server;
    call->refs = 1;
    call->tag_new = (struct swapci_rpc_tag){SWAPCI_TAG_NEW, call};
    call->tag_recv = (struct swapci_rpc_tag){SWAPCI_TAG_RECV, call};
    call->tag_send = (struct swapci_rpc_tag){SWAPCI_TAG_SEND, call};
    call->tag_close = (struct swapci_rpc_tag){SWAPCI_TAG_CLOSE, call};
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    server->refs++;
    return call;
}

/* Frees everything of gRPC's, which may be shut down before a handle that outlives it. */
static void release_grpc(swapci_rpc_call *call) {
    grpc_byte_buffer_destroy(call->incoming);
    grpc_byte_buffer_destroy(call->outgoing);
    grpc_byte_buffer_destroy(call->waiting);
    call->incoming = call->outgoing = call->waiting = NULL;
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    if (call->grpc) grpc_call_unref(call->grpc);
    call->grpc = NULL;
}

void swapci_rpc_call_unref(swapci_rpc_call *call) {
    SWAPC_CHECK(call->refs > 0);
    if (--call->refs) return;
    if (!call->closed) /* no client ever came for it */
        release_grpc(call);
    call->server->refs--;
    free(call->request);
    free(call);
}

void swapci_rpc_call_drop(swapci_rpc_call *call) {
    SWAPC_CHECK(call->held);
    call->held = false;
    swapci_rpc_call_unref(call);
}

static void start(swapci_rpc_call *call, const grpc_op *ops, size_t count,
                  struct swapci_rpc_tag *tag) {
    SWAPC_CHECK(grpc_call_start_batch(call->grpc, ops, count, tag, NULL) == GRPC_CALL_OK);
    call->batches++;
}

/* Sends all that is ready in one batch; gRPC takes one at a time. */
static void pump(swapci_rpc_call *call) {
    grpc_op ops[3] = {0};
    size_t count = 0;
    bool status = call->finished && !call->status_sent;
    if (call->closed || call->sending || (!call->waiting && !status)) return;
    grpc_slice text = grpc_slice_from_copied_string(call->text);
    if (!call->greeted) ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    if (call->waiting) {
        call->outgoing = call->waiting;
        call->waiting = NULL;
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = call->outgoing;
    }
    if (status) {
        ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
        ops[count].data.send_status_from_server.status = (grpc_status_code)call->code;
        ops[count++].data.send_status_from_server.status_details = &text;
    }
    call->greeted = true;
    call->sending = true;
    call->status_sent = status;
    call->due_ns = swapci_clock_monotonic_ns() + call->server->stall_ns;
    start(call, ops, count, &call->tag_send);
    grpc_slice_unref(text);
}

void swapci_rpc_call_end(swapci_rpc_call *call, enum swapci_rpc_code code, const char *text) {
    if (call->finished) return;
    call->finished = true;
    call->code = code;
    snprintf(call->text, sizeof call->text, "%s", text ? text : "");
    pump(call);
}

void swapci_rpc_call_sent(swapci_rpc_call *call) {
    grpc_byte_buffer_destroy(call->outgoing);
    call->outgoing = NULL;
    call->sending = false;
    call->due_ns = 0;
    pump(call);
    if (call->method && call->method->answer && !call->closed && !call->finished)
        swapci_rpc_call_receive(call);
}

/* Why a call that has just come cannot be served; NULL when it can. */
static const char *refusal(const swapci_rpc_call *call, enum swapci_rpc_code *code) {
    *code = SWAPCI_RPC_UNAVAILABLE;
    if (call->server->closing) return "the server is shutting down";
    *code = SWAPCI_RPC_UNIMPLEMENTED;
    if (!call->method) return "the server has no such method";
    *code = SWAPCI_RPC_RESOURCE_EXHAUSTED;
    if (call->room->work > call->server->calls_max)
        return "the server has too many calls of this method at a time: try later";
    return NULL;
}

void swapci_rpc_call_open(swapci_rpc_call *call, struct swapci_rpc_service *service,
                          size_t method) {
    swapci_rpc_server *server = call->server;
    enum swapci_rpc_code code;
    if (service) {
        call->method = &service->methods[method];
        call->user = service->user;
        call->room = &service->rooms[method];
        call->room->work++;
    }
    call->next = server->calls;
    if (call->next) call->next->prev = call;
    server->calls = call;
    server->live++;
    call->held = true;
    call->refs = 2; /* gRPC and the handler */
    grpc_op closed = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    closed.data.recv_close_on_server.cancelled = &call->cancelled;
    start(call, &closed, 1, &call->tag_close);
    const char *why = refusal(call, &code);
    if (why) {
        swapci_rpc_call_end(call, code, why);
        swapci_rpc_call_drop(call);
        return;
    }
    swapci_rpc_call_receive(call);
}

void swapci_rpc_call_receive(swapci_rpc_call *call) {
    grpc_op receive = {.op = GRPC_OP_RECV_MESSAGE};
    receive.data.recv_message.recv_message = &call->incoming;
    /* People think between the questions of a conversation. */
    call->due_ns =
        swapci_clock_monotonic_ns() + call->server->stall_ns * (call->method->answer ? 30 : 1);
    start(call, &receive, 1, &call->tag_recv);
    call->receiving = true;
}

void swapci_rpc_call_expire(swapci_rpc_call *call, uint64_t now_ns) {
    if (call->closed || !call->due_ns || now_ns < call->due_ns) return;
    call->due_ns = 0;
    grpc_call_cancel(call->grpc, NULL);
}

/* The call counts among its method's no more. */
static void leave_room(swapci_rpc_call *call) {
    if (!call->room) return;
    if (call->kept) call->room->kept--;
    else call->room->work--;
    call->room = NULL;
}

bool swapci_rpc_call_keep(swapci_rpc_call *call) {
    swapci_rpc_server *server = call->server;
    pthread_mutex_lock(&server->lock);
    struct swapci_rpc_room *room = call->room;
    bool fits = !room || call->kept || room->kept < call->method->kept_max;
    if (fits && room && !call->kept) {
        call->kept = true;
        room->work--;
        room->kept++;
    } else if (!fits) {
        swapci_rpc_call_end(call, SWAPCI_RPC_RESOURCE_EXHAUSTED,
                            "too many calls of this kind wait here already: try later");
        swapci_rpc_call_drop(call);
    }
    swapci_rpc_server_unlock(server);
    return fits;
}

void swapci_rpc_call_received(swapci_rpc_call *call, bool success) {
    if (success && !call->incoming && call->method->answer) { /* the client has asked all */
        swapci_rpc_call_end(call, SWAPCI_RPC_OK, NULL);
        return;
    }
    if (!success || !call->incoming) {
        swapci_rpc_call_end(call, SWAPCI_RPC_INVALID_ARGUMENT, "the call carries no request");
        return;
    }
    enum swapc_status status =
        swapci_rpc_wire_unpack(call->incoming, &call->request, &call->request_len);
    grpc_byte_buffer_destroy(call->incoming);
    call->incoming = NULL;
    if (status == SWAPC_NO_MEMORY)
        swapci_rpc_call_end(call, SWAPCI_RPC_RESOURCE_EXHAUSTED, "out of memory");
    else if (status)
        swapci_rpc_call_end(call, SWAPCI_RPC_INVALID_ARGUMENT, "the request cannot be read");
}

void swapci_rpc_call_settle(swapci_rpc_call *call) {
    swapci_rpc_server *server = call->server;
    if (!call->closed || call->batches || !call->grpc) return;
    leave_room(call);
    release_grpc(call);
    if (call->prev) call->prev->next = call->next;
    else server->calls = call->next;
    if (call->next) call->next->prev = call->prev;
    if (--server->live == 0) pthread_cond_broadcast(&server->idle);
    swapci_rpc_call_unref(call);
}

/* Puts message in the place of one that has not left. Returns false when nobody would get it. */
static bool offer(swapci_rpc_call *call, swapc_bytes message) {
    if (call->closed || call->finished) return false;
    grpc_byte_buffer_destroy(call->waiting);
    call->waiting = swapci_rpc_wire_pack(message);
    return true;
}

void swapci_rpc_call_answer(swapci_rpc_call *call, enum swapci_rpc_code code, swapc_bytes reply) {
    if (code == SWAPCI_RPC_OK && offer(call, reply)) pump(call);
    else swapci_rpc_call_end(call, code, "the request cannot be answered");
}

void swapci_rpc_call_reply(swapci_rpc_call *call, swapc_bytes message) {
    swapci_rpc_server *server = call->server;
    pthread_mutex_lock(&server->lock);
    if (offer(call, message)) swapci_rpc_call_end(call, SWAPCI_RPC_OK, NULL);
    swapci_rpc_call_drop(call);
    swapci_rpc_server_unlock(server);
}

void swapci_rpc_call_finish(swapci_rpc_call *call, enum swapci_rpc_code code, const char *text) {
    swapci_rpc_server *server = call->server;
    pthread_mutex_lock(&server->lock);
    swapci_rpc_call_end(call, code, text);
    swapci_rpc_call_drop(call);
    swapci_rpc_server_unlock(server);
}

enum swapc_status swapci_rpc_call_send(swapci_rpc_call *call, swapc_bytes message) {
    swapci_rpc_server *server = call->server;
    pthread_mutex_lock(&server->lock);
    bool sent = offer(call, message);
    if (sent) pump(call);
    pthread_mutex_unlock(&server->lock);
    return sent ? SWAPC_OK : SWAPC_CLOSED;
}
