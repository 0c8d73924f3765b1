/* health_client.h - asks a server with grpc.health.v1 whether it is to be used now.
 *
 * Threads, Ownership, Fork: as rpc_client.h and rpc_stream.h.
 */
#ifndef SWAPCI_HEALTH_CLIENT_H
#define SWAPCI_HEALTH_CLIENT_H

#include "rpc_client.h"
#include "rpc_stream.h"

/* The wire's numbers. */
enum swapci_health {
    SWAPCI_HEALTH_UNKNOWN = 0,
    SWAPCI_HEALTH_SERVING = 1,
    SWAPCI_HEALTH_NOT_SERVING = 2,
    SWAPCI_HEALTH_SERVICE_UNKNOWN = 3, /* from a watch only */
};

/* Asks for service ("" for the server as a whole).
 * Returns OK with *health; NOT_FOUND (no such service); or as swapci_rpc_client_call. */
enum swapc_status swapci_health_client_check(swapci_rpc_client *client, const char *service,
                                             unsigned timeout_ms, enum swapci_health *health,
                                             swapc_error *error);

/* Watches service; read with swapci_health_client_next, free with swapci_rpc_stream_free.
 * Returns as swapci_rpc_stream_new. */
enum swapc_status swapci_health_client_watch(swapci_rpc_client *client, const char *service,
                                             swapci_rpc_stream **out, swapc_error *error);

/* Waits for the next state, the first of which comes at once.
 * Returns OK with *health, PROTOCOL, or as swapci_rpc_stream_read. */
enum swapc_status swapci_health_client_next(swapci_rpc_stream *stream, unsigned timeout_ms,
                                            enum swapci_health *health, swapc_error *error);

#endif
