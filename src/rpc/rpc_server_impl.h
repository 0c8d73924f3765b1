/* rpc_server_impl.h - what rpc_server.c and rpc_call.c share; nobody else includes it.
 *
 * What is shared: everything in a server and its calls, between the rpc thread and the threads that answer.
 * One mutex a server, `lock`, guards all of it; gRPC's batches are started under it, because gRPC
 * wants those of one call serialized. It is never held while a handler, `gone` or `wake` runs, so
 * handlers may take locks of their own around handle functions.
 *
 * A call has three holders: the handler (`held`), gRPC (`grpc`, until its close came and no batch
 * is out), and for moments the rpc thread. `refs` counts them; the last frees. A call holds the
 * server's memory in the same way, so handles may outlive swapci_rpc_server_free.
 */
#ifndef SWAPCI_RPC_SERVER_IMPL_H
#define SWAPCI_RPC_SERVER_IMPL_H

#include "rpc_address.h"
#include "rpc_server.h"

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdbool.h>

struct swapci_rpc_service {
    const swapci_rpc_method *methods;
    size_t count;
    void *user;
    struct swapci_rpc_room {
        unsigned work; /* calls of a method that gRPC is not through with, but those kept */
        unsigned kept;
    } rooms[SWAPCI_RPC_METHODS_MAX];
};

/* What a completion queue's tag points to. */
struct swapci_rpc_tag {
    enum { SWAPCI_TAG_NEW, SWAPCI_TAG_RECV, SWAPCI_TAG_SEND, SWAPCI_TAG_CLOSE, SWAPCI_TAG_DOWN } op;
    swapci_rpc_call *call; /* NULL for DOWN */
};

struct swapci_rpc_call {
    swapci_rpc_server *server;
    swapci_rpc_call *prev, *next;    /* in server->calls, while grpc is set */
    swapci_rpc_call *queue_next;     /* in server->inbox, or later in server->left */
    const swapci_rpc_method *method; /* NULL until it is known */
    struct swapci_rpc_room *room;    /* of the method, while the call counts there */
    void *user;
    grpc_call *grpc; /* NULL once gRPC is through with the call */
    grpc_call_details details;
    grpc_metadata_array metadata;
    struct swapci_rpc_tag tag_new, tag_recv, tag_send, tag_close;
    grpc_byte_buffer *incoming;
    uint8_t *request; /* until the handler got it */
    size_t request_len;
    grpc_byte_buffer *outgoing; /* being sent */
    grpc_byte_buffer *waiting;  /* to be sent next */
    int cancelled;              /* written by gRPC */
    uint64_t due_ns;            /* until when the client must do its part; 0: it need not */
    unsigned refs;
    unsigned batches; /* that gRPC has not completed */
    bool held;        /* the handler has not finished it */
    bool dispatched;  /* the handler has been called */
    bool greeted;     /* initial metadata went out */
    bool kept;        /* counts in room->kept, not in room->work */
    bool sending;     /* tag_send is out */
    bool receiving;   /* tag_recv is out */
    bool finished;    /* code and text are final */
    bool status_sent;
    bool closed; /* the close came: nothing more can be sent */
    enum swapci_rpc_code code;
    char text[512];
};

struct swapci_rpc_server {
    pthread_mutex_t lock;
    pthread_cond_t idle; /* live became 0; CLOCK_MONOTONIC */
    unsigned refs;       /* the owner and each call's memory */
    swapci_rpc_address address;
    swapc_log log;
    const swapci_rpc_tls *tls; /* NULL: none */
    unsigned calls_max;
    uint64_t stall_ns;
    struct swapci_rpc_service services[SWAPCI_RPC_SERVICES_MAX];
    size_t service_count;
    void (*wake)(void *user);
    void *wake_user;
    grpc_server *grpc;
    grpc_completion_queue *queue;
    pthread_t thread;
    struct swapci_rpc_tag tag_down;
    swapci_rpc_call *calls; /* those with grpc set */
    unsigned live;          /* how many */
    swapci_rpc_call *inbox_first, *inbox_last;
    swapci_rpc_call *left; /* whose `gone` the owner's thread is to call; each is referred to */
    bool running;
    bool accepting; /* a call waits for the next client */
    bool closing;   /* no new calls, all are finished */
    bool down;      /* gRPC's server has stopped */
    bool drained;   /* the completion queue was told to end */
};

/* All of these want the server's lock held. */

/* Makes a call that waits for the next client. Returns NULL when memory is out. */
swapci_rpc_call *swapci_rpc_call_new(swapci_rpc_server *server);

/* A client came: lists the call and starts to receive; service NULL is answered UNIMPLEMENTED. */
void swapci_rpc_call_open(swapci_rpc_call *call, struct swapci_rpc_service *service, size_t method);

/* Cancels the call when its client has not done its part in time. */
void swapci_rpc_call_expire(swapci_rpc_call *call, uint64_t now_ns);

/* Makes code and text final and sends them after what waits; nothing when that was done before. */
void swapci_rpc_call_end(swapci_rpc_call *call, enum swapci_rpc_code code, const char *text);

/* The batch of tag_send is done: sends what waits. */
void swapci_rpc_call_sent(swapci_rpc_call *call);

/* Asks gRPC for a message of the client. */
void swapci_rpc_call_receive(swapci_rpc_call *call);

/* Sends the answer of one message of a conversation, or ends it with a code other than OK. */
void swapci_rpc_call_answer(swapci_rpc_call *call, enum swapci_rpc_code code, swapc_bytes reply);

/* Takes the bytes of the message that came; ends the call when there are none. */
void swapci_rpc_call_received(swapci_rpc_call *call, bool success);

/* Lets go of gRPC's part once the close has come and no batch is out. */
void swapci_rpc_call_settle(swapci_rpc_call *call);

/* Gives up the handler's hold, which may free the call. */
void swapci_rpc_call_drop(swapci_rpc_call *call);

/* Drops one reference; the last frees the call, never the server. */
void swapci_rpc_call_unref(swapci_rpc_call *call);

/* Releases the lock, and frees the server when nothing refers to it any more. */
void swapci_rpc_server_unlock(swapci_rpc_server *server);

/* Asks gRPC for the next client, unless one is awaited or the server closes. */
void swapci_rpc_server_accept(swapci_rpc_server *server);

#endif
