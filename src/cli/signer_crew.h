/* signer_crew.h - the signers of a process: one of the one stream, or one of each partition that is this process's, as they come
 * and go.
 *
 * Threads: new and free by the main thread; the others from any, and do not wait. What is common to all crews is asked of `base`.
 * Ownership: new/free; what the config points at outlives it.
 */
#ifndef SWAPCI_SIGNER_CREW_H
#define SWAPCI_SIGNER_CREW_H

#include "control_types.h"
#include "crew.h"
#include "pipeline_options.h"
#include "places.h"
#include "signer.h"

struct swapci_signer_crew_config {
    const struct swapci_pipeline_options *way;
    const struct swapci_places *places;
    swapci_signer_config
        signer; /* of each; its URL, prefix, sender and stop are set here; its stop ends the start */
};

typedef struct swapci_signer_crew {
    swapci_crew base; /* start, stop, join, what it has */
    struct swapci_signer_crew_config config;
    swapci_redis_health health[SWAPCI_PARTITIONS_MAX]; /* of each partition's connections */
    swapci_signer_stats past[SWAPCI_PARTITIONS_MAX];   /* of each, by those that are gone */
} swapci_signer_crew;

/* Without partitions opens the signer. Returns as the way's open and swapci_signer_new. */
enum swapc_status swapci_signer_crew_new(const struct swapci_signer_crew_config *config,
                                         swapci_signer_crew **out, swapc_error *error);

/* How each partition stands, but for what Redis knows: rows has one for each. Does nothing
 * without partitions. */
void swapci_signer_crew_rows(swapci_signer_crew *crew, swapci_control_partition *rows);

/* Joined before, or never started. NULL does nothing. */
void swapci_signer_crew_free(swapci_signer_crew *crew);

/* What all do, and have done that are gone, together: owns: one does; the state is that of the one, where there are no
 * partitions. */
swapci_signer_stats swapci_signer_crew_stats(swapci_signer_crew *crew);

/* As swapci_signer_when_sent and _forget, of partition k. Returns NOT_FOUND: it is not this process's now. */
enum swapc_status swapci_signer_crew_when_sent(swapci_signer_crew *crew, unsigned k,
                                               swapci_signer_sent_fn fn, void *user);
bool swapci_signer_crew_forget(swapci_signer_crew *crew, const void *user);

#endif
