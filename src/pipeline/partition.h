/* partition.h - one stream as N: how their keys are called, which server has which, and that all commands mean the same.
 *
 * Partition k of N, from 0 on, of prefix `b` has the prefix `{b.k}`, so that all its keys have one hash tag; a prefix that has a
 * tag keeps it, `{b}` gives `{b.k}` and `{orders}:priced` gives `{orders.k}:priced`. With N = 1 a prefix is what it is, without
 * any of this. Of R servers (`--redis URL,URL`) number k mod R has partition k; what is common is on number 0.
 *
 *   b:partitions         string, on each server: "4 partitions, server 1 of 2"; of a prefix with a tag {b}:partitions, for all
 *                        that have this tag. The first command with N > 1 writes it; another number, or other servers, are refused.
 *                        One with N = 1 writes nothing: that it was here is told by the stream, which has no partitions.
 * (and balance.h's)
 *
 * Threads: pure, but for claim and check_single, which use one connection.
 * Ownership: fini frees what init copied. Limits: SWAPCI_PARTITIONS_MAX, SWAPCI_SERVERS_MAX.
 */
#ifndef SWAPCI_PARTITION_H
#define SWAPCI_PARTITION_H

#include "stream.h"

enum { SWAPCI_PARTITIONS_MAX = 256, SWAPCI_SERVERS_MAX = 16 };

typedef struct swapci_partitions {
    const char *option; /* that the prefix was given by, for people: "--stream", "--in" */
    unsigned count;
    unsigned servers;
    char *urls[SWAPCI_SERVERS_MAX];
    char prefix[SWAPCI_STREAM_NAME_MAX + 1];
    char record[SWAPCI_STREAM_NAME_MAX + sizeof "{}:partitions"];
    char twin[SWAPCI_STREAM_NAME_MAX +
              sizeof "{}:partitions"]; /* of the other way to write the tag */
} swapci_partitions;

/* urls: one, or several with commas before "redis://", "rediss://" and "unix:". option is borrowed. Returns SWAPC_OK;
 * INVALID: more servers than partitions, a prefix of which no tag can be made; TOO_LARGE: a limit; NO_MEMORY. After
 * failure fini does nothing. */
enum swapc_status swapci_partitions_init(swapci_partitions *out, const char *option,
                                         const char *prefix, unsigned count, const char *urls,
                                         swapc_error *error);
void swapci_partitions_fini(swapci_partitions *partitions);

/* The prefix of partition k, in out, of size bytes; with one partition the prefix itself. Returns SWAPC_OK;
 * INVALID: it is longer. */
enum swapc_status swapci_partition_prefix(const swapci_partitions *partitions, unsigned k,
                                          char *out, size_t size, swapc_error *error);

/* The URL of its server; borrowed. */
const char *swapci_partition_url(const swapci_partitions *partitions, unsigned k);

/* Writes the numbers of those that are chosen, "0-3,7", or "none"; cut with "…" where size, of 8 or more, is too small. */
void swapci_partition_list(const bool chosen[SWAPCI_PARTITIONS_MAX], char *out, size_t size);

/* Asks all servers whether the number and their order are those that others use, and keeps them there. config's URL is
 * not used. plain: the stream's name when it has no partitions ("b:messages"). With one partition it only asks.
 * Returns INVALID with the remedy when others have another number; what swapci_redis_open returns, PROTOCOL. */
enum swapc_status swapci_partitions_claim(const swapci_partitions *partitions, const char *plain,
                                          const swapci_redis_config *config, swapc_error *error);

/* The same of who changes nothing by its coming: keeps no number where none is. */
enum swapc_status swapci_partitions_ask(const swapci_partitions *partitions, const char *plain,
                                        const swapci_redis_config *config, swapc_error *error);

/* For one partition, over a connection that is there; no answer may be owed. It has to be asked before the stream is made, to leave
 * nothing behind, and once more after: then of two that start at once with different numbers one is refused for certain. A user
 * who may not read the record goes on. Returns SWAPC_OK, INVALID, IO, INTERRUPTED. */
enum swapc_status swapci_partitions_check_single(const swapci_partitions *partitions,
                                                 swapci_redis *redis, swapc_error *error);

#endif
