/* transport_ring.h - the transport over the shared-memory ring: one sender, one receiver, one machine.
 *
 * Threads, ownership: see transport.h.
 */
#ifndef SWAPCI_TRANSPORT_RING_H
#define SWAPCI_TRANSPORT_RING_H

#include "transport.h"

typedef struct swapci_transport_ring_config {
    const char *name;
    const char *directory; /* NULL: /dev/shm */
    size_t capacity; /* bytes, of a ring that is made now; 0: 4 * SWAPCI_TRANSPORT_RECORD_MAX */
} swapci_transport_ring_config;

/* Attach as the ring's producer, or consumer; the file is made when it is not there.
 * Returns INVALID (name, capacity, or a file that is refused), BUSY (the ring has one already), CORRUPT,
 * IO, SYSTEM, INTERRUPTED, NO_MEMORY. After failure *out is untouched. */
enum swapc_status swapci_transport_ring_send(const swapci_transport_ring_config *config,
                                             swapci_sender **out, swapc_error *error);
enum swapc_status swapci_transport_ring_receive(const swapci_transport_ring_config *config,
                                                swapci_receiver **out, swapc_error *error);

#endif
