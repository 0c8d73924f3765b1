/* host_state.h - the host's inside, for the core's own files.
 *
 * Threads: engine states are opened under the lock and stay as they are until the host is freed.
 */
#ifndef SWAPCI_HOST_STATE_H
#define SWAPCI_HOST_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "cache.h"
#include "registry.h"
#include "swapc/host.h"

struct swapc_host {
    swapc_host_config config;         /* complete; its list of engines is in allowed */
    bool allowed[SWAPCI_ENGINES_MAX]; /* which engines may run anything here */
    pthread_mutex_t lock;
    swapc_engine_state *states[SWAPCI_ENGINES_MAX]; /* NULL: not opened yet */
    struct swapci_cache cache;                      /* locks itself */
    atomic_uint modules; /* alive; freeing the host with some is misuse */
};

/* Returns the opened state of engine `index` (which is built in), opening it at first use. */
enum swapc_status swapci_host_open_engine(swapc_host *host, unsigned index,
                                          swapc_engine_state **out, swapc_error *error);

/* The functions without the i, on the stack that is there (entry.c). */
enum swapc_status swapci_host_new(const swapc_host_config *config, swapc_host **out,
                                  swapc_error *error);
void swapci_host_free(swapc_host *host);

#endif
