/* keeper.h - keeps the lease of `swapc process`, on a thread and a connection of its own, as a call of a guest may take
 * longer than the lease; and looks how far behind the groups are that read the outputs.
 *
 * The lease is the group's, not a consumer's: one process reads at a time, whatever the names are. On the host
 * where its owner died it is taken over at once (host_lock.h), elsewhere when it has expired.
 * Its owner says in the group's hash which terms (terms.h) it has, and where its outputs go, which stays so for ever. Who has other terms
 * is refused while another has the lease, and who has another place for outputs is always.
 *
 * Between that it sleeps, unless something is asked of it: with hundreds of partitions there are as many.
 *
 * Threads: start, end and free by one; owns, and the fields that are atomics, by any.
 * Ownership: the caller's storage; names and log are borrowed.
 */
#ifndef SWAPCI_PROCESS_KEEPER_H
#define SWAPCI_PROCESS_KEEPER_H

#include <pthread.h>

#include "host_lock.h"
#include "lease.h"
#include "process_names.h"
#include "terms.h"

typedef struct swapci_keeper {
    const swapci_process_names *names;
    uint64_t max_lag;
    uint32_t lease_ms;
    const swapci_terms *terms; /* NULL: any */
    swapc_log log;
    swapci_redis *redis;
    swapci_lease lease; /* the thread's, but for the token */
    swapci_host_lock host;
    uint64_t lease_due_ns,
        looked_ns; /* the thread's: when it asks for the lease next, when it looked at the lag */
    bool told_lag, told_terms;
    pthread_t thread;
    bool started;
    pthread_mutex_t
        lock; /* held to wait for stop, worked or doubted, and to say that one was raised */
    pthread_cond_t raised;
    atomic_int stop;
    atomic_bool worked; /* there are outputs that were not there when the lag was looked at */
    _Atomic uint64_t until_ns; /* the lease is ours until then; 0: it is not */
    atomic_bool anothers;      /* when it was asked for last */
    atomic_bool doubted;       /* it is to be asked for at once */
    atomic_bool disagrees;     /* the group has other terms, or its outputs go elsewhere */
    _Atomic uint64_t lag;
    atomic_bool lagging;
} swapci_keeper;

/* Connects, and asks whether the group has other terms, and is alive: for a dead owner's lease to end it waits. The fields up to log are set.
 * Returns as swapci_redis_open, SYSTEM; NOT_ALLOWED with the remedy. */
enum swapc_status swapci_keeper_init(swapci_keeper *keeper, const swapci_redis_config *redis,
                                     swapc_error *error);

/* Takes the lease if it can be had, and starts the thread. */
enum swapc_status swapci_keeper_start(swapci_keeper *keeper, swapc_error *error);

/* Whether the lease is ours, and cannot have expired. */
bool swapci_keeper_owns(const swapci_keeper *keeper);

/* What only its owner can do was refused: it is not ours any more, whatever the clock says, until Redis says it is. */
void swapci_keeper_doubt(swapci_keeper *keeper);

/* Outputs were stored: how far their readers are is looked at soon. Without it that is seldom. */
void swapci_keeper_worked(swapci_keeper *keeper);

/* Whether it was another's when it was asked for last. */
bool swapci_keeper_is_anothers(const swapci_keeper *keeper);

/* Ends the thread and gives the lease back. */
void swapci_keeper_end(swapci_keeper *keeper);
void swapci_keeper_fini(swapci_keeper *keeper);

#endif
