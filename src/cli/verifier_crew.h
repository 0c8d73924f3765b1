/* verifier_crew.h - the verifiers of a process, which share its modules: one of the one stream, or one of each partition that is
 * this process's, as they come and go.
 *
 * Threads: new and free by the main thread; the others from any, and do not wait. What is common to all crews is asked of `base`.
 * Ownership: new/free; what the config points at outlives it.
 */
#ifndef SWAPCI_VERIFIER_CREW_H
#define SWAPCI_VERIFIER_CREW_H

#include "control_types.h"
#include "crew.h"
#include "pipeline_options.h"
#include "places.h"
#include "verifier.h"

struct swapci_verifier_crew_config {
    const struct swapci_pipeline_options *way;
    const struct swapci_places *places;
    swapci_redis_config way_redis;   /* of the way: its URL is set here */
    swapci_verifier_config verifier; /* of each: receiver, URL and names are set here */
};

typedef struct swapci_verifier_crew {
    swapci_crew base; /* start, stop, join, what it has */
    struct swapci_verifier_crew_config config;
    char host[SWAPCI_STREAM_CONSUMER_MAX + 1];
    swapci_redis_health health[SWAPCI_PARTITIONS_MAX];      /* of each partition's connections */
    swapci_verifier_sum past;                               /* of those that are gone */
    swapci_verifier_stats past_each[SWAPCI_PARTITIONS_MAX]; /* counters of each, by them */
    swapci_histogram past_ns; /* of their calls; written once they have ended */
} swapci_verifier_crew;

/* Without partitions opens the verifier. Returns as the way's open and swapci_verifier_new. */
enum swapc_status swapci_verifier_crew_new(const struct swapci_verifier_crew_config *config,
                                           swapci_verifier_crew **out, swapc_error *error);

bool swapci_verifier_crew_failed(swapci_verifier_crew *crew);

/* How each partition stands, but for what Redis knows: rows has one for each. Does nothing
 * without partitions. */
void swapci_verifier_crew_rows(swapci_verifier_crew *crew, swapci_control_partition *rows);

/* Joined before, or never started. NULL does nothing. */
void swapci_verifier_crew_free(swapci_verifier_crew *crew);

/* Out: *sum: what all do, and have done that are gone. */
void swapci_verifier_crew_sum(swapci_verifier_crew *crew, swapci_verifier_sum *sum);

/* As swapci_receiver_fill; with partitions no such bound. */
swapci_transport_fill swapci_verifier_crew_fill(swapci_verifier_crew *crew);

/* As swapci_verifier_times, of all. After join. */
void swapci_verifier_crew_times(swapci_verifier_crew *crew, swapci_histogram *verify_ns);

#endif
