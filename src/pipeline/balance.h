/* balance.h - which of a stream's partitions are this process's: shared out evenly among those of one role that are alive.
 *
 *   P:members:ROLE   hash on the first server: `m:NAME` each member, and until when it counts as alive, in ms of the server's
 *                    clock; `p:K` whose partition K is. It expires when all are gone.
 *
 * A member beats every SWAPCI_BALANCE_BEAT_MS. Each beat is one atomic step: it takes out those that are dead, and shares out what is
 * nobody's. Nobody has more than one partition more than another, and no more of them move than that needs: those of the dead, and
 * one for one what who joins is given. A hash that is lost is made anew, which may move some.
 * Members have their terms in common (terms.h), field `terms`: who comes with others is none of them while they are alive.
 * It is an intention only: that a partition has one owner at a time is the lease's (lease.h), of SWAPCI_PARTITION_LEASE_MS,
 * which who is given a partition waits for, and who has it taken away ends when what is in hand is done.
 *
 * What is promised: after a join or a leave each partition has its owner as soon as the one before has finished what was in hand, and
 * two beats; after a death within SWAPCI_PARTITION_LEASE_MS, or SWAPCI_BALANCE_OUT_MS, whichever is later, and two beats: below 5 s.
 *
 * Threads: as the connection. Ownership: the caller's storage; nothing to free. Statuses: those of redis.h.
 */
#ifndef SWAPCI_BALANCE_H
#define SWAPCI_BALANCE_H

#include "partition.h"
#include "terms.h"

enum {
    SWAPCI_BALANCE_BEAT_MS = 500,
    SWAPCI_BALANCE_OUT_MS = 3500, /* after its last beat a member is out */
    SWAPCI_PARTITION_LEASE_MS =
        4000, /* swapci_lease.ms of a partition's owner, renewed every second */
    SWAPCI_BALANCE_ROLE_MAX = 200
};

typedef struct swapci_balance {
    unsigned count; /* of partitions */
    const swapci_terms
        *terms; /* of who works on them, for who sets them after init; borrowed; NULL: any */
    char key[SWAPCI_STREAM_NAME_MAX + SWAPCI_BALANCE_ROLE_MAX + sizeof ":members:"];
    char member[SWAPCI_STREAM_CONSUMER_MAX + 18]; /* CONSUMER/16 hex digits, random */
    unsigned members;                             /* as of the last beat: that are alive */
    uint32_t
        out_ms; /* after its last beat a member is out: SWAPCI_BALANCE_OUT_MS unless set after init; of all members the same */
    uint64_t
        others_end; /* when others had other terms: the time, of theirs, at which the last of them counts as dead */
    bool mine[SWAPCI_PARTITIONS_MAX];
} swapci_balance;

/* role: "signer", "verifier", of process one for each group. consumer: for people. Returns SWAPC_OK; TOO_LARGE; SYSTEM (no
 * randomness). */
enum swapc_status swapci_balance_init(swapci_balance *balance, const swapci_partitions *partitions,
                                      const char *role, const char *consumer, swapc_error *error);

/* The name of the members' hash, in out, of size bytes. Returns false: it does not fit. */
bool swapci_balance_key(const swapci_partitions *partitions, const char *role, char *out,
                        size_t size);

/* One beat; redis: the first server's. Out: balance->mine and members. After a failure they are as they were, but for
 * NOT_ALLOWED: others have other terms, and nothing is ours. */
enum swapc_status swapci_balance_beat(swapci_balance *balance, swapci_redis *redis,
                                      swapc_error *error);

/* Leaves: what was ours is the others' at once. */
enum swapc_status swapci_balance_leave(swapci_balance *balance, swapci_redis *redis,
                                       swapc_error *error);

#endif
