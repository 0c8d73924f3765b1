/* ownership.h - the partitions that this process owns in a role: a thread that beats for its share (balance.h), and one for each server
 * that holds a lease for each partition of the share there, and wants their members of a fleet there while it has them.
 *
 *   PARTITION:owner:ROLE   string that expires when its owner has died or was stopped: whose the partition is
 *
 * A member is opened once its lease is held, and the lease is given back once the member has ended: of one role a partition has
 * one owner at a time. Who was stopped beyond its lease may not go on before it is asked for again (may), and ends where it went to
 * another. Where members hold a lease of the partition themselves (members_lease) none is held here: they come and go as it is
 * shared out, and wait for each other.
 * Every few seconds it is asked whether others use the stream with as many partitions still: while they do not, none is worked on.
 *
 * Threads: start, end and free by one thread; the others by any, from the moment on when start has given it, and do not wait.
 * Ownership: start gives, free frees; partitions and fleet outlive it.
 */
#ifndef SWAPCI_OWNERSHIP_H
#define SWAPCI_OWNERSHIP_H

#include "fleet.h"
#include "partition.h"
#include "redis.h"
#include "terms.h"

enum { SWAPCI_OWNERSHIP_TEXT_MAX = 128, SWAPCI_OWNERSHIP_REFUSED_MAX = 448 };

typedef struct swapci_ownership_config {
    const swapci_partitions *partitions;
    const char *plain;         /* as of swapci_partitions_claim, which has succeeded; copied */
    const char *role;          /* as of balance.h; borrowed */
    const char *log_role;      /* who speaks in the log; static */
    const char *consumer;      /* for people */
    const swapci_terms *terms; /* as of balance.h; NULL: any */
    bool members_lease;
    swapci_redis_config redis; /* for the start; its URL and log are set here */
    uint32_t answer_ms;        /* after so long a server counts as one that hangs; 0: 1000 */
    uint32_t check_ms;         /* between two looks at the number; 0: 5000 */
    uint32_t lease_ms; /* of a partition, and after so long a member is out; 0: as of balance.h */
    swapci_fleet *fleet;
    swapc_log log;
} swapci_ownership_config;

typedef struct swapci_ownership swapci_ownership;

/* Has a share when it returns, and begins what is in it and can be had at once as what is to succeed (SWAPCI_FLEET_FIRST). Returns SWAPC_OK; as
 * swapci_redis_open and swapci_redis_persist, what is refused; TOO_LARGE, SYSTEM, NO_MEMORY. Later a Redis that does not answer
 * is asked again. Out: *out: it, before any of its threads runs; after a failure NULL, or one that has ended and is to be freed. */
enum swapc_status swapci_ownership_start(const swapci_ownership_config *config,
                                         _Atomic(swapci_ownership *) *out, swapc_error *error);

/* Whether what can be had at once is wanted: nothing is wanted as what is to succeed from then on. */
bool swapci_ownership_has_begun(const swapci_ownership *ownership);

/* Whether partition k is ours for certain. */
bool swapci_ownership_may(const swapci_ownership *ownership, unsigned k);

/* Whether partition k is meant to be ours, and its lease could not be asked for in the last
 * second and more. Out: why, cut to size. */
bool swapci_ownership_failing(swapci_ownership *ownership, unsigned k, char *why, size_t size);

/* How many share them, this process included. */
unsigned swapci_ownership_members(const swapci_ownership *ownership);

/* How many are ours; and which, as "0-2,5 of 8": cut with "…" where there are many. out may be NULL. */
unsigned swapci_ownership_tell(swapci_ownership *ownership, char out[SWAPCI_OWNERSHIP_TEXT_MAX]);

/* Why not all that is ours is worked on: others have another number, or other servers, so that none is; or what Redis has refused for a
 * while, or that it is away. Returns false: it is. */
bool swapci_ownership_refused(swapci_ownership *ownership, char *out, size_t size);

/* Once the fleet is joined: gives back what is held, so that others have it at once. Waits for Redis for a second or two at
 * most. Who looks on finds nothing that is ours from then on. NULL, and a second time, does nothing. */
void swapci_ownership_end(swapci_ownership *ownership);

/* Ends it, if that was not done. NULL does nothing. */
void swapci_ownership_free(swapci_ownership *ownership);

#endif
