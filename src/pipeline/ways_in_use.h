/* ways_in_use.h - by which way the signers of a stream send now: a verifier at the end of another one would wait
 * in vain, and everybody would look well.
 *
 * A signer's lease (lease.h) says where it sends from: over Redis that is nowhere, or its host; a ring has a name.
 *
 * Threads: as the connection.
 */
#ifndef SWAPCI_WAYS_IN_USE_H
#define SWAPCI_WAYS_IN_USE_H

#include "stream.h"

typedef struct swapci_ways_in_use {
    unsigned rings, redis;                         /* live signers that send so */
    char consumer[SWAPCI_STREAM_CONSUMER_MAX + 1]; /* of one that sends over a ring, else of any */
    char ring[80];                                 /* its ring's name */
} swapci_ways_in_use;

/* Looks. What this user may not see, or is not there yet, counts as nobody. Returns SWAPC_OK, IO, INTERRUPTED,
 * NO_MEMORY. */
enum swapc_status swapci_ways_in_use_look(swapci_redis *redis, const swapci_stream_names *names,
                                          swapci_ways_in_use *out, swapc_error *error);

#endif
