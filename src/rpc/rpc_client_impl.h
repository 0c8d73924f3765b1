/* rpc_client_impl.h - what rpc_client.c and rpc_stream.c share; nobody else includes it.
 *
 * What is shared between calling threads: `closed` and the list of calls in flight, under `lock`, so that
 * close reaches every call. Each call has a completion queue of its own, hence waits alone.
 */
#ifndef SWAPCI_RPC_CLIENT_IMPL_H
#define SWAPCI_RPC_CLIENT_IMPL_H

#include "rpc_address.h"
#include "rpc_client.h"

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdbool.h>

struct swapci_rpc_client {
    pthread_mutex_t lock;
    swapci_rpc_address address;
    grpc_channel *channel;
    struct swapci_rpc_flight *flights;
    bool closed;
};

/* One call in flight, and all that gRPC writes to while it is. */
struct swapci_rpc_flight {
    struct swapci_rpc_flight *prev, *next;
    swapci_rpc_client *client;
    grpc_completion_queue *queue; /* for pluck */
    grpc_call *call;
    grpc_metadata_array head, trail;
    grpc_byte_buffer *request, *reply;
    grpc_status_code code;
    grpc_slice text;
};

/* Opens a call and lists it. Returns OK, CLOSED. After failure nothing is to be freed. */
enum swapc_status swapci_rpc_flight_init(struct swapci_rpc_flight *flight,
                                         swapci_rpc_client *client, const char *method,
                                         swapc_bytes request, unsigned timeout_ms,
                                         swapc_error *error);

/* Frees it; all its batches are done. */
void swapci_rpc_flight_fini(struct swapci_rpc_flight *flight);

/* Fills the three operations that send the request; returns 3. */
size_t swapci_rpc_flight_send_ops(struct swapci_rpc_flight *flight, grpc_op ops[3]);

/* Starts a batch whose tag is tag. */
void swapci_rpc_flight_start(struct swapci_rpc_flight *flight, const grpc_op *ops, size_t count,
                             void *tag);

/* Fills the operation that receives the status. */
void swapci_rpc_flight_status_op(struct swapci_rpc_flight *flight, grpc_op *op);

/* Turns the status that came into ours and reports it unless it is OK. */
enum swapc_status swapci_rpc_flight_status(struct swapci_rpc_flight *flight, const char *method,
                                           swapc_error *error);

#endif
