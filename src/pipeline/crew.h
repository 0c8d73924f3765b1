/* crew.h - the work of a process in a role: one piece on the one stream, or one on each partition that is this process's, as they
 * come and go (fleet.h, ownership.h).
 *
 * Threads: init, start, join and fini by one; the others from any between init and fini, also while it starts or is joined, and do
 *     not wait.
 * Ownership: the caller's storage; what the config points at outlives it. All fields are private.
 */
#ifndef SWAPCI_CREW_H
#define SWAPCI_CREW_H

#include "ownership.h"

typedef struct swapci_crew_config {
    const struct swapci_fleet_ops *ops;
    void *user;
    atomic_int *stop;              /* given to open where there are no partitions */
    swapci_ownership_config share; /* its fleet is set here */
} swapci_crew_config;

typedef struct swapci_crew {
    swapci_crew_config config;
    void *only; /* without partitions; set before any other thread looks */
    swapci_fleet *fleet;
    _Atomic(swapci_ownership *) ownership; /* set once, by start; freed by fini */
} swapci_crew;

/* Without partitions opens the one. Returns as ops->open; NO_MEMORY. After failure fini does nothing. */
enum swapc_status swapci_crew_init(swapci_crew *crew, const swapci_crew_config *config,
                                   swapc_error *error);

/* Of partitions those that are ours at once have been open when it returns: what is refused by then is refused at the
 * start. Returns as ops->start, swapci_ownership_start, and as the first of them that could not be opened. */
enum swapc_status swapci_crew_start(swapci_crew *crew, swapc_error *error);

void swapci_crew_stop(swapci_crew *crew);
bool swapci_crew_ended(swapci_crew *crew);

/* Stops, and waits. As ops->join; of many the first failure. */
enum swapc_status swapci_crew_join(swapci_crew *crew, swapc_error *error);

/* Joined, or never started. */
void swapci_crew_fini(swapci_crew *crew);

/* As swapci_fleet_each; the one without partitions is number 0, and nothing is kept of others. */
void swapci_crew_each(swapci_crew *crew, void (*kept)(void *context),
                      void (*fn)(void *context, unsigned k, void *member), void *context);

/* Where a member works. */
typedef struct swapci_crew_place {
    const swapci_crew *crew;
    unsigned k;
} swapci_crew_place;

/* Whether the partition is ours for certain. place: a swapci_crew_place. */
bool swapci_crew_may(void *place);

/* Whether a peer is on one's way; also where there is no member. */
bool swapci_crew_peer(swapci_crew *crew);

/* The same of partition k; false without partitions. */
bool swapci_crew_has(const swapci_crew *crew, unsigned k);

/* How many processes share the partitions; 0 without. */
unsigned swapci_crew_members(const swapci_crew *crew);

/* As of ownership.h; "" without partitions. */
void swapci_crew_tell(const swapci_crew *crew, char out[SWAPCI_OWNERSHIP_TEXT_MAX]);

/* Whether partition k is meant to be ours, and its lease cannot be had, or it cannot be opened.
 * Out: why, cut to size. */
bool swapci_crew_trouble(const swapci_crew *crew, unsigned k, char *why, size_t size);

/* Why none of its partitions is worked on; "": they are. refused: SWAPCI_OWNERSHIP_REFUSED_MAX bytes. */
void swapci_crew_refused(const swapci_crew *crew, char *refused);

#endif
