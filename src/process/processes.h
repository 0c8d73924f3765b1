/* processes.h - `swapc process` as a whole: of each partition that is this process's one process.h, or the one of a stream without any.
 *
 * With partitions they are begun and ended as shares.h says, and each keeps the order of its entries; the module's slots, and their
 * swaps, are common to all.
 *
 * Threads: new, start, join and free by one; stop (async-signal-safe), ended and the stats by any.
 * Ownership: what the config points at is borrowed and outlives it.
 */
#ifndef SWAPCI_PROCESSES_H
#define SWAPCI_PROCESSES_H

#include "process.h"
#include "shares.h"

typedef struct swapci_processes_config {
    swapci_process_config
        each; /* without names, and for partitions without a URL and a lease's ms; workers of each */
    const swapci_partitions *partitions;
    const struct swapci_process_given *given;
} swapci_processes_config;

typedef struct swapci_processes swapci_processes;

/* Keeps the number of partitions, or is refused; then as swapci_process_new, of one partition. */
enum swapc_status swapci_processes_new(const swapci_processes_config *config,
                                       swapci_processes **out, swapc_error *error);
enum swapc_status swapci_processes_start(swapci_processes *processes, swapc_error *error);
void swapci_processes_stop(swapci_processes *processes);
bool swapci_processes_ended(const swapci_processes *processes);
enum swapc_status swapci_processes_join(swapci_processes *processes, swapc_error *error);
void swapci_processes_free(swapci_processes *processes);

typedef struct swapci_processes_stats {
    swapci_process_stats
        sum; /* counters, in_hand and hindered added up; state of the one that is furthest on; the greatest lag */
    unsigned partitions;       /* 1: none, and the rest is not filled in */
    unsigned members, failing; /* as of shares.h */
    unsigned owned;            /* whose lease is this process's */
    bool owns[SWAPCI_PARTITIONS_MAX];
} swapci_processes_stats;

/* Any thread. */
void swapci_processes_stats_get(swapci_processes *processes, swapci_processes_stats *out);

#endif
