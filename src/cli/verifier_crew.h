/* verifier_crew.h - the verifiers of a process, which share its modules: one of the one stream, or one of each partition that is
 * this process's, as they come and go.
 *
 * Threads: new, start, join and free by the main thread; the others from any, and do not wait.
 * Ownership: new/free; what the config points at outlives it.
 */
#ifndef SWAPCI_VERIFIER_CREW_H
#define SWAPCI_VERIFIER_CREW_H

#include "ownership.h"
#include "pipeline_options.h"
#include "places.h"
#include "verifier.h"

struct swapci_verifier_crew_config {
    const struct swapci_pipeline_options *way;
    const struct swapci_places *places;
    swapci_redis_config way_redis;   /* of the way: its URL is set here */
    swapci_verifier_config verifier; /* of each: receiver, URL and names are set here */
};

typedef struct swapci_verifier_crew swapci_verifier_crew;

/* Without partitions opens the verifier. Returns as the way's open and swapci_verifier_new. */
enum swapc_status swapci_verifier_crew_new(const struct swapci_verifier_crew_config *config,
                                           swapci_verifier_crew **out, swapc_error *error);

/* Returns as swapci_verifier_start, swapci_ownership_start. */
enum swapc_status swapci_verifier_crew_start(swapci_verifier_crew *crew, swapc_error *error);

void swapci_verifier_crew_stop(swapci_verifier_crew *crew);
bool swapci_verifier_crew_ended(swapci_verifier_crew *crew);
bool swapci_verifier_crew_failed(swapci_verifier_crew *crew);

/* Stops, and waits. As swapci_verifier_join; of many the first failure. */
enum swapc_status swapci_verifier_crew_join(swapci_verifier_crew *crew, swapc_error *error);

/* Joined before. NULL does nothing. */
void swapci_verifier_crew_free(swapci_verifier_crew *crew);

/* Out: *sum: what all do, and have done that are gone. */
void swapci_verifier_crew_sum(swapci_verifier_crew *crew, swapci_verifier_sum *sum);

/* Whether a signer is on one's way; also where there is no verifier. */
bool swapci_verifier_crew_peer(swapci_verifier_crew *crew);

/* As swapci_receiver_fill; with partitions no such bound. */
swapci_transport_fill swapci_verifier_crew_fill(swapci_verifier_crew *crew);

/* As of ownership.h; "" without partitions. refused: SWAPCI_OWNERSHIP_REFUSED_MAX bytes. */
void swapci_verifier_crew_tell(swapci_verifier_crew *crew, char out[SWAPCI_OWNERSHIP_TEXT_MAX]);
void swapci_verifier_crew_refused(swapci_verifier_crew *crew, char *refused);

/* As swapci_verifier_times, of all. After join. */
void swapci_verifier_crew_times(swapci_verifier_crew *crew, swapci_histogram *verify_ns);

#endif
