/* shares.h - works on the partitions that are this process's: each on a thread of its own, begun and ended as balance.h shares them out.
 *
 * A controller beats, starts the work on a partition that is given to this process, and asks that on one which is taken away to end. One whose
 * work failed is begun again after a while, and counts as failing meanwhile; only where it was this process's from the start, and has never been
 * up, all ends, as a start that is wrong should. That a partition has one owner at a time is for the work to see to, by a lease (SWAPCI_PARTITION_LEASE_MS).
 * While the first server does not answer nothing is shared out, and what is worked on goes on.
 *
 * Threads: new, start, join and free by one; stop (async-signal-safe), ended and stats_get by any. work runs on a thread for each partition.
 * Ownership: what the config points at is borrowed and outlives the shares.
 */
#ifndef SWAPCI_SHARES_H
#define SWAPCI_SHARES_H

#include "balance.h"

/* The work on one partition. */
typedef struct swapci_share {
    unsigned partition;
    atomic_int stop;  /* do what is in hand, give the lease back, and return */
    atomic_int hurry; /* a while after that: for the connections of the work, as their stop flag */
    atomic_bool up;   /* to be set by the work: all that a start needs has succeeded */
} swapci_share;

/* Returns SWAPC_OK or INTERRUPTED when share->stop was raised; else what it failed of, which is logged. */
typedef enum swapc_status (*swapci_share_work)(void *user, swapci_share *share, swapc_error *error);

typedef struct swapci_shares_config {
    const swapci_partitions *partitions;
    const char *role, *consumer; /* as of swapci_balance_init */
    const char *log_role;        /* who speaks in the log; static */
    swapci_redis_config redis;   /* the URL is not used; its stop flag raises hurry in all shares */
    swapci_share_work work;
    void *user;
    swapc_log log;
} swapci_shares_config;

typedef struct swapci_shares swapci_shares;

/* Connects to the first server. Returns as swapci_redis_open, swapci_balance_init, NO_MEMORY. */
enum swapc_status swapci_shares_new(const swapci_shares_config *config, swapci_shares **out,
                                    swapc_error *error);

/* The first beat, which tells what is refused, and the controller's thread. Returns as swapci_balance_beat; SYSTEM. */
enum swapc_status swapci_shares_start(swapci_shares *shares, swapc_error *error);

/* Leaves: the others are given what was ours at once, and have it when the work on it has ended. */
void swapci_shares_stop(swapci_shares *shares);
bool swapci_shares_ended(const swapci_shares *shares);

/* Waits for the end. Returns SWAPC_OK, INTERRUPTED, or what it failed of. */
enum swapc_status swapci_shares_join(swapci_shares *shares, swapc_error *error);
void swapci_shares_free(swapci_shares *shares);

typedef struct swapci_shares_stats {
    unsigned members; /* that are alive, this one included */
    unsigned up;      /* partitions that are worked on */
    unsigned failing; /* that failed, and are to be begun again */
    bool worked[SWAPCI_PARTITIONS_MAX];
} swapci_shares_stats;

void swapci_shares_stats_get(const swapci_shares *shares, swapci_shares_stats *out);

#endif
