/* rpc_stream.h - a client's call that is answered by many messages (grpc.health.v1 Watch).
 *
 * Threads: one thread at a time for one stream.
 * Ownership: the client outlives its streams.
 */
#ifndef SWAPCI_RPC_STREAM_H
#define SWAPCI_RPC_STREAM_H

#include "rpc_client.h"

typedef struct swapci_rpc_stream swapci_rpc_stream;

/* Starts the call; whether the server is there shows at the first read.
 * Returns OK, NO_MEMORY, CLOSED (the client is). After failure *out is NULL. */
enum swapc_status swapci_rpc_stream_new(swapci_rpc_client *client, const char *method,
                                        swapc_bytes request, swapci_rpc_stream **out,
                                        swapc_error *error);

/* Waits for the next message, at most timeout_ms (0: no limit).
 * Out: *message, *len, given to free().
 * Returns OK; DEADLINE (nothing came yet: read again); CLOSED (the server ended the stream with OK,
 * or the client is closed); else what the server's code means. After those last two the stream
 * gives nothing more. After failure *message is NULL. */
enum swapc_status swapci_rpc_stream_read(swapci_rpc_stream *stream, unsigned timeout_ms,
                                         uint8_t **message, size_t *len, swapc_error *error);

/* Cancels the call if it still runs, and frees. NULL does nothing. */
void swapci_rpc_stream_free(swapci_rpc_stream *stream);

#endif
