/* health_service.h - grpc.health.v1: whether a server, or one service of it, is to be used now.
 *
 * Answers on the rpc thread, so a probe gets its answer while the owner is busy. The service "" is
 * the server as a whole; it is known from the start and not serving. Draining makes everything
 * NOT_SERVING for good, but SWAPCI_HEALTH_LIVENESS: that one is SERVING as long as the server answers.
 *
 * Threads: set and drain from any thread; new, add and free as the server's functions.
 * Ownership: free after the server was shut down.
 * Limits: SWAPCI_HEALTH_SERVICES_MAX names of up to 127 bytes; SWAPCI_HEALTH_WATCHERS_MAX watchers, more
 *     get RESOURCE_EXHAUSTED.
 */
#ifndef SWAPCI_HEALTH_SERVICE_H
#define SWAPCI_HEALTH_SERVICE_H

#include "rpc_server.h"

#include <stdbool.h>

#define SWAPCI_HEALTH_LIVENESS "liveness"
#define SWAPCI_HEALTH_SERVICES_MAX 16
#define SWAPCI_HEALTH_WATCHERS_MAX 512

typedef struct swapci_health_service swapci_health_service;

/* Returns OK, NO_MEMORY. After failure *out is NULL. */
enum swapc_status swapci_health_service_new(swapci_health_service **out, swapc_error *error);

/* Adds Check, Watch and List to the server, which must not have started. */
void swapci_health_service_add(swapci_health_service *health, swapci_rpc_server *server);

/* Says whether service ("" for the server as a whole) is to be used, and tells its watchers.
 * Nothing but NOT_SERVING is kept after drain. Misuse: too many or too long names. */
void swapci_health_service_set(swapci_health_service *health, const char *service, bool serving);

/* Makes every service NOT_SERVING for good, those not named yet included, but liveness. */
void swapci_health_service_drain(swapci_health_service *health);

/* NULL does nothing. Misuse: the server still runs and has watchers. */
void swapci_health_service_free(swapci_health_service *health);

#endif
