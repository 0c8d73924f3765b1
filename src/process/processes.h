/* processes.h - `swapc process` as a whole: of each partition that is this process's one process.h, or the one of a stream without any.
 *
 * With partitions they come and go as crew.h says, and each keeps the order of its entries; the module's slots, and their
 * swaps, are common to all. The lease of a partition is its process's own (keeper.h).
 *
 * Threads: new and free by one; the stats by any. What is common to all crews is asked of `crew`.
 * Ownership: what the config points at is borrowed and outlives it.
 */
#ifndef SWAPCI_PROCESSES_H
#define SWAPCI_PROCESSES_H

#include "balance.h"
#include "crew.h"
#include "process.h"

typedef struct swapci_processes_config {
    swapci_process_config
        each; /* without names, and for partitions without a URL and a lease's ms; workers of each */
    const swapci_partitions *partitions;
    const struct swapci_process_given *given;
} swapci_processes_config;

typedef struct swapci_processes {
    swapci_crew crew; /* start, stop, join, what keeps it from its work */
    swapci_processes_config config;
    char role[SWAPCI_BALANCE_ROLE_MAX + 1];
    swapci_terms terms;
    swapci_redis_health health[SWAPCI_PARTITIONS_MAX]; /* of each partition's connections */
    swapci_process_stats past[SWAPCI_PARTITIONS_MAX];  /* of each, by those that are gone */
} swapci_processes;

/* Keeps the number of partitions, or is refused; then, without partitions, as swapci_process_new. */
enum swapc_status swapci_processes_new(const swapci_processes_config *config,
                                       swapci_processes **out, swapc_error *error);

/* Joined before, or never started. NULL does nothing. */
void swapci_processes_free(swapci_processes *processes);

typedef struct swapci_processes_stats {
    swapci_process_stats
        sum; /* counters, in_hand and hindered added up; state of the one that is furthest on; the greatest lag */
    unsigned members; /* processes that share the partitions */
    unsigned owned;   /* whose lease is this process's */
    bool owns[SWAPCI_PARTITIONS_MAX];
} swapci_processes_stats;

/* Of a member of the crew. */
swapci_process_stats swapci_processes_member_stats(const void *member);

/* Any thread. */
void swapci_processes_stats_get(swapci_processes *processes, swapci_processes_stats *out);

#endif
