/* lease.h - one owner a consumer name: who reads under it, and for how long.
 *
 * P:lease:CONSUMER holds the owner's token and, where its transport has one, its place (transport.h); it
 * expires when its owner has died or was stopped. Who finds another's lease takes nothing under the name
 * until it ends; only at the same place it is taken over at once, as there the one before has died. An
 * owner that was stopped beyond its lease asks before it goes on: swapci_lease_fresh says by the clock of
 * this machine that it must. What it was given in between without the lease it drops, and tells the new
 * owner by P:lease:CONSUMER:recall to take up again what is pending.
 *
 * Threads: as the connection. Ownership: the caller's storage; strings are copied.
 * Statuses: those of redis.h.
 */
#ifndef SWAPCI_LEASE_H
#define SWAPCI_LEASE_H

#include <stdbool.h>

#include "stream.h"

enum { SWAPCI_LEASE_MS = 10000, SWAPCI_LEASE_TOKEN = 33, SWAPCI_LEASE_PLACE_MAX = 200 };

typedef struct swapci_lease {
    char token[SWAPCI_LEASE_TOKEN]; /* this process's, random */
    char place[SWAPCI_LEASE_PLACE_MAX];
    char key[SWAPCI_STREAM_NAME_MAX + SWAPCI_STREAM_CONSUMER_MAX + 8];
    uint32_t ms;        /* for how long it is taken: SWAPCI_LEASE_MS unless set after init */
    bool held;          /* by us, when it was last asked */
    uint64_t asked_ns;  /* private */
    uint64_t until_ns;  /* on the clock that goes on while the machine sleeps */
    uint64_t others_ms; /* not held: how long the other's lease goes on */
} swapci_lease;

/* Draws the token. place may be NULL. Returns SWAPC_OK; TOO_LARGE (the place), SYSTEM (no randomness). */
enum swapc_status swapci_lease_init(swapci_lease *lease, const swapci_stream_names *names,
                                    const char *consumer, const char *place, swapc_error *error);

/* The same with a key of the caller's, of at most SWAPCI_STREAM_NAME_MAX bytes: a lease of something else than a consumer. */
enum swapc_status swapci_lease_init_key(swapci_lease *lease, const char *key, const char *place,
                                        swapc_error *error);

/* Takes or renews the lease. taken: entries were given to us while it was not fresh. Out: lease->held;
 * *recalled: held, and what is pending has to be taken up again. */
enum swapc_status swapci_lease_hold(swapci_redis *redis, swapci_lease *lease, bool taken,
                                    bool *recalled, swapc_error *error);

/* The same in two halves, so that many can be asked for in one pipeline: appends the question; then takes its answer, in order. */
enum swapc_status swapci_lease_ask(swapci_redis *redis, swapci_lease *lease, bool taken,
                                   swapc_error *error);
enum swapc_status swapci_lease_answer(swapci_redis *redis, swapci_lease *lease, bool *recalled,
                                      swapc_error *error);

/* Whether the lease is held and cannot have expired yet. */
bool swapci_lease_fresh(const swapci_lease *lease);

/* The clock of until_ns. */
uint64_t swapci_lease_now_ns(void);

/* Ends the lease, if it is ours. */
enum swapc_status swapci_lease_release(swapci_redis *redis, const swapci_lease *lease,
                                       swapc_error *error);

/* Ends the lease and takes the consumer out of the group, in one atomic step and only if the lease is ours. With
 * pending entries it stays in the group: they wait for it, or for another, who may take them over from now on. */
enum swapc_status swapci_lease_leave(swapci_redis *redis, const swapci_stream_names *names,
                                     const swapci_lease *lease, const char *consumer,
                                     swapc_error *error);

#endif
