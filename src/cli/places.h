/* places.h - the streams of a command by its options: one set, or with --partitions N as many, each with its server.
 *
 * Threads: the main thread's; read by any once made. Ownership: init and fini.
 */
#ifndef SWAPCI_PLACES_H
#define SWAPCI_PLACES_H

#include "balance.h"
#include "partition.h"
#include "stream_watch.h"

enum { SWAPCI_PLACES_OWNERS_MAX = SWAPCI_STREAM_NAME_MAX + SWAPCI_BALANCE_ROLE_MAX + 16 };

struct swapci_places {
    swapci_partitions partitions;
    char plain[SWAPCI_STREAM_NAME_MAX + 1]; /* the messages of one that has no partitions */
    swapci_stream_place *at;
    unsigned count;
};

/* stream: of --stream, NULL: the default; count: of --partitions, 0: 1; urls: of --redis. Returns as
 * swapci_partitions_init and swapci_stream_names_init; after failure fini may be called. */
enum swapc_status swapci_places_init(struct swapci_places *places, const char *stream,
                                     uint64_t count, const char *urls, swapc_error *error);
void swapci_places_fini(struct swapci_places *places); /* zeroed: does nothing */

/* Whether others use the stream with as many partitions; keeps the number where nobody has. redis: its URL is not
 * used. Returns INVALID, with the remedy; and as swapci_partitions_claim. */
enum swapc_status swapci_places_claim(const struct swapci_places *places,
                                      const swapci_redis_config *redis, swapc_error *error);

/* The hash that tells which one of a role has which (stream_watch.h), in out; NULL: there are no partitions. */
const char *swapci_places_owners(const struct swapci_places *places, const char *role,
                                 char out[SWAPCI_PLACES_OWNERS_MAX]);

/* The partition whose messages have this name; count: none. */
unsigned swapci_places_find(const struct swapci_places *places, const char *messages);

#endif
