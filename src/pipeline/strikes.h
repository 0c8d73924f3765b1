/* strikes.h - which messages verifiers died on, and how often; kept in Redis, so that it outlives all.
 *
 * A strike is a call that was running when its verifier died (transport.h, note). The first one counts
 * whoever's neighbour the call was, and for each message that was judged by one call with others; the next
 * ones only when the message was sent alone, so that a message convicts nobody but itself. Deliveries, restarts and refusals are no strikes. P:strikes is a
 * hash of ids; what was answered is taken out of it.
 *
 * Threads: as the connection. Ownership: a book is the caller's, freed by swapci_strikes_fini.
 * Statuses: those of redis.h.
 */
#ifndef SWAPCI_STRIKES_H
#define SWAPCI_STRIKES_H

#include "stream.h"
#include "transport.h"

enum { SWAPCI_STRIKES_MAX = 3 }; /* with so many a message is given up */

typedef struct swapci_strike {
    swapci_stream_id id;
    uint64_t count;
} swapci_strike;

typedef struct swapci_strikes {
    swapci_strike *items; /* private */
    size_t count;         /* private */
} swapci_strikes;

#define SWAPCI_STRIKES_INIT {0, 0}

void swapci_strikes_fini(swapci_strikes *book);

/* Asks whether all that the rest needs is allowed, by what does nothing. */
enum swapc_status swapci_strikes_try(swapci_redis *redis, const swapci_stream_names *names,
                                     swapc_error *error);

/* Counts what a dead verifier's worker was at, a message or many: of many, what consumer has pending. */
enum swapc_status swapci_strikes_add(swapci_redis *redis, const swapci_stream_names *names,
                                     const char *consumer, const swapci_transport_note *note,
                                     swapc_error *error);

/* Reads all strikes anew, and takes those out of Redis whose message nobody has pending any more. After
 * failure the book is empty. */
enum swapc_status swapci_strikes_load(swapci_redis *redis, const swapci_stream_names *names,
                                      swapci_strikes *book, swapc_error *error);

/* How many the message has. */
uint64_t swapci_strikes_of(const swapci_strikes *book, swapci_stream_id id);

/* Takes the message out of Redis, and out of the book: it was answered. */
enum swapc_status swapci_strikes_forget(swapci_redis *redis, const swapci_stream_names *names,
                                        swapci_strikes *book, swapci_stream_id id,
                                        swapc_error *error);

#endif
