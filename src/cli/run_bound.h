/* run_bound.h - how fast this machine's cores could move messages, measured just before a run.
 *
 * bound = cores / (sign + verify + Redis), CPU time a message each: signing by the run's keys,
 * verifying by the run's own modules and swap mode, and the run's Redis commands in batches of the
 * run's size, client and server together. Nothing of it can be faster without other parts, so what
 * the run reaches of it is its efficiency.
 *
 * Threads: one. Ownership: nothing is kept; the keys it uses in Redis are deleted.
 */
#ifndef SWAPCI_RUN_BOUND_H
#define SWAPCI_RUN_BOUND_H

#include "judge.h"
#include "redis.h"
#include "method.h"
#include "stream.h"

struct swapci_run_bound {
    double sign_us, verify_us, redis_us; /* CPU time a message */
    double per_s;
};

/* methods: a set as of swapci_method_set; with several the mean is taken, alternating. batch: how many
 * messages may be judged at once.
 * Returns SWAPC_OK, or what Redis, signing and judging return. */
enum swapc_status swapci_run_bound_measure(const swapci_key_pairs *pairs, swapci_judges *judges,
                                           unsigned methods, unsigned batch, swapci_redis *redis,
                                           const swapci_stream_names *names, unsigned cores,
                                           struct swapci_run_bound *out, swapc_error *error);

#endif
