/* reflection_service.h - grpc.reflection.v1 and v1alpha: which services a server has and what their
 * messages are, so that grpcurl works on it without the .proto files.
 *
 * Threads: answers on the rpc thread. Ownership: services is static.
 */
#ifndef SWAPCI_REFLECTION_SERVICE_H
#define SWAPCI_REFLECTION_SERVICE_H

#include "rpc_server.h"

/* Adds both versions. services: the full names that List answers, NULL-ended. */
void swapci_reflection_service_add(swapci_rpc_server *server, const char *const *services);

#endif
