/* run_bound.h - how fast this machine's cores could move messages, measured before a run and after it.
 *
 * bound = cores / (sign + verify + Redis), CPU time a message each: signing by the run's keys,
 * verifying by the run's own modules and swap mode, and the run's Redis commands in batches of the
 * run's size, client and server together. Nothing of it can be faster without other parts, so what
 * the run reaches of it is its efficiency. Each of the three is the best of several short rounds: what
 * disturbs a round makes it slower, never faster.
 *
 * In Redis it uses two streams, PREFIX:bound:m and PREFIX:bound:v with a random mark behind, which it
 * deletes; where it cannot, as it is killed or Redis hangs, they expire within a minute.
 *
 * Threads: one. Ownership: nothing is kept.
 */
#ifndef SWAPCI_RUN_BOUND_H
#define SWAPCI_RUN_BOUND_H

#include "judge.h"
#include "redis.h"
#include "method.h"
#include "stream.h"

struct swapci_run_bound_config {
    const swapci_key_pairs *pairs;
    swapci_judges *judges;
    unsigned
        methods;    /* a set as of swapci_method_set; with several the mean is taken, alternating */
    unsigned batch; /* how many messages may be judged at once */
    swapci_redis *redis;
    const swapci_redis_config *redis_config; /* by which redis was opened */
    const swapci_stream_names *names;
    unsigned cores;
};

struct swapci_run_bound {
    double sign_us, verify_us, redis_us; /* CPU time a message; 0: not measured yet */
    double per_s;
};

/* Inout: *bound, zeroed at first: what was measured before counts where it is better.
 * Returns SWAPC_OK, or what Redis, signing and judging return. */
enum swapc_status swapci_run_bound_measure(const struct swapci_run_bound_config *config,
                                           struct swapci_run_bound *bound, swapc_error *error);

#endif
