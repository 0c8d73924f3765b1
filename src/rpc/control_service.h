/* control_service.h - the server's side of swapc.control.v1.Control.
 *
 * The process behind it fills in what it is and does; the service speaks gRPC. What a process has
 * not (a signer has no slots) is NULL and answered with UNIMPLEMENTED.
 *
 * Threads: callbacks run where the server's handlers run (rpc_server.h), but swap, which may take as
 *     long as a compilation: it runs on a thread of its own, one at a time, beside the others; a second
 *     Swap meanwhile is answered with ABORTED.
 * Ownership: strings given to callbacks are borrowed for the call; out is zeroed before it.
 */
#ifndef SWAPCI_CONTROL_SERVICE_H
#define SWAPCI_CONTROL_SERVICE_H

#include "control_types.h"
#include "rpc_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct swapci_control_service {
    void (*status)(void *user, swapci_control_status *out); /* role, version, counters */
    void (*list)(void *user, swapci_control_modules *out);  /* NULL: no modules */
    enum swapc_status (*swap)(void *user, const char *slot, const char *path,
                              swapci_control_module *out, swapc_error *error);
    enum swapc_status (*rollback)(void *user, const char *slot, swapci_control_module *out,
                                  swapc_error *error);
    void *user;
    void (*drain)(void *drain_user); /* must not block */
    void *drain_user;
    /* What the process's frame adds to status; NULL: nothing. */
    void (*frame_status)(void *drain_user, swapci_control_status *out);
    /* How its partitions stand; must not block. NULL: it has none. */
    void (*frame_partitions)(void *drain_user, swapci_control_partitions *out);
    bool read_only;      /* whoever reaches the server may ask, and change nothing */
    uint64_t started_ns; /* by the monotonic clock (clock.h) */
    bool draining;       /* what Status says; changed by the handlers' thread alone */
    struct {
        pthread_t thread;
        bool started;     /* and not joined; of the handlers' thread */
        atomic_bool busy; /* a swap is under way */
    } swapping;           /* private; zero */
} swapci_control_service;

/* Adds the service; *service is borrowed until swapci_control_service_end. */
void swapci_control_service_add(swapci_rpc_server *server, swapci_control_service *service);

/* Waits for a swap that is still under way. After the server was shut down, before what the callbacks
 * use is freed. */
void swapci_control_service_end(swapci_control_service *service);

#endif
