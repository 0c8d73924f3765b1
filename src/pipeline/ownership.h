/* ownership.h - the partitions that this process owns in a role: a thread that beats for its share (balance.h), holds a lease
 * for each partition of it, and wants their members of a fleet there while it has them.
 *
 *   PARTITION:owner:ROLE   string that expires when its owner has died or was stopped: whose the partition is
 *
 * A member is opened once its lease is held, and the lease is given back once the member has ended: of one role a partition has
 * one owner at a time. Who was stopped beyond its lease may not go on before it is asked for again (may), and ends where it went to
 * another.
 * Every few seconds it is asked whether others use the stream with as many partitions still: while they do not, none is worked on.
 *
 * Threads: start and end by one thread; may, tell and refused by any, do not wait.
 * Ownership: start gives, end frees; partitions and fleet outlive it.
 */
#ifndef SWAPCI_OWNERSHIP_H
#define SWAPCI_OWNERSHIP_H

#include "fleet.h"
#include "partition.h"
#include "redis.h"

enum { SWAPCI_OWNERSHIP_TEXT_MAX = 128, SWAPCI_OWNERSHIP_REFUSED_MAX = 384 };

typedef struct swapci_ownership_config {
    const swapci_partitions *partitions;
    const char *plain;         /* as of swapci_partitions_claim, which has succeeded; copied */
    const char *role;          /* as of balance.h; static */
    const char *consumer;      /* for people */
    swapci_redis_config redis; /* its URL, waits and stop flag are not used */
    uint32_t check_ms;         /* between two looks at the number; 0: 5000 */
    swapci_fleet *fleet;
    swapc_log log;
} swapci_ownership_config;

typedef struct swapci_ownership swapci_ownership;

/* Returns SWAPC_OK, TOO_LARGE, SYSTEM, NO_MEMORY. A Redis that does not answer is no failure: it is asked again. */
enum swapc_status swapci_ownership_start(const swapci_ownership_config *config,
                                         swapci_ownership **out, swapc_error *error);

/* Whether partition k is ours for certain. */
bool swapci_ownership_may(const swapci_ownership *ownership, unsigned k);

/* How many are ours, of how many members; and which, as "0-2,5 of 8": cut with "…" where there are many. out may be NULL. */
unsigned swapci_ownership_tell(swapci_ownership *ownership, char out[SWAPCI_OWNERSHIP_TEXT_MAX]);

/* Why not all that is ours is worked on: others have another number, or other servers, so that none is; or what Redis has refused for a
 * while, or that it is away. Returns false: it is. */
bool swapci_ownership_refused(swapci_ownership *ownership, char *out, size_t size);

/* Once the fleet is joined: gives back what is held, so that others have it at once. Waits for Redis for a second or two at
 * most. NULL does nothing. */
void swapci_ownership_end(swapci_ownership *ownership);

#endif
