/* facts.h - how a process stands, as of one look: what its metrics, its page and `swapc dashboard` are made of.
 *
 * Threads and ownership: plain storage; some 200 KB, so on the heap.
 */
#ifndef SWAPCI_FACTS_H
#define SWAPCI_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "control_types.h"
#include "http_server.h"
#include "judge.h"
#include "process.h"
#include "remotes.h"
#include "signer.h"
#include "stream_watch.h"
#include "transport.h"
#include "verifier.h"

/* One slot: what judges in it now, and what it has done. */
typedef struct swapci_facts_slot {
    swapci_control_module module;
    swapc_module_usage usage; /* of the module that is current */
    swapci_verifier_slot work;
} swapci_facts_slot;

/* Of this process, by /proc. */
typedef struct swapci_facts_process {
    double cpu_s, start_time_s;
    uint64_t resident_bytes, open_fds, threads;
} swapci_facts_process;

/* Another process that this one shows. */
typedef struct swapci_facts_remote {
    const char *address; /* borrowed */
    bool up;
} swapci_facts_remote;

typedef struct swapci_facts {
    char role[SWAPCI_CONTROL_NAME_MAX], version[SWAPCI_CONTROL_NAME_MAX];
    uint32_t pid;
    uint64_t uptime_ms;
    bool serving, draining, redis_up, peer_up;
    char reason[SWAPCI_CONTROL_REASON_MAX]; /* why not serving */
    bool controls;                          /* check, swap and roll back are taken */
    char
        partitions[SWAPCI_CONTROL_PARTITIONS_MAX]; /* that are this process's; "": there are none */
    swapci_facts_process process;
    swapci_http_stats http;

    swapci_facts_remote remotes[SWAPCI_REMOTES_MAX];
    size_t remote_count;

    bool has_streams;                /* the fields up to the next has_ are filled in; so for each */
    swapci_stream_facts streams;     /* of all partitions together */
    swapci_control_partitions parts; /* each; none: count is 0 */

    bool has_generator;
    uint64_t generated, wanted; /* messages added; to be added, 0: no number */

    bool has_signer;
    swapci_signer_stats signer;

    bool has_process;                                      /* of entries */
    const char *entries_in, *entries_out, *entries_errors; /* streams, as the options name them */
    unsigned entries_partitions, entries_owned;            /* of entries_in; 1 is none */
    swapci_process_stats entries;

    bool has_verifier;
    unsigned workers;
    swapci_verifier_stats verdicts;
    uint64_t judged, publishes;
    swapci_live_counts age_ns; /* of messages at their verdict */
    swapci_transport_fill ring;
    swapci_facts_slot slots[SWAPCI_METHODS_MAX];
    size_t slot_count;
    swapci_swap_log swaps; /* its lock is not used */
} swapci_facts;

/* Fills in process. */
void swapci_facts_read_process(swapci_facts_process *out);

/* Fills in all of the verifiers' but workers and ring. */
void swapci_facts_read_verifiers(swapci_judges *judges, const swapci_verifier_sum *verifiers,
                                 swapci_facts *out);

/* Fills in all of a `swapc process`, and its slot. */
void swapci_facts_read_process_of_entries(swapci_slots *slots, const swapci_process_stats *stats,
                                          swapci_facts *out);

/* Adds to the rows what the watch knows of each partition. */
void swapci_facts_add_streams(swapci_stream_watch *watch, swapci_control_partitions *parts);

/* Describes what works in a slot now. Returns false when there is no such slot, or no module in it. */
bool swapci_facts_read_module(const swapci_slots *slots, unsigned number,
                              swapci_control_module *out);

/* The same, with what its instances take. */
bool swapci_facts_read_slot(const swapci_slots *slots, unsigned number, swapci_facts_slot *out);

#endif
