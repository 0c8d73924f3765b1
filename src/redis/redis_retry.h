/* redis_retry.h - trying again what Redis refused: the one place that decides when, how often, and when
 * to give up.
 *
 * By the refusal's class (redis_refusal.h): gone: connect anew; later, missing: try again (a group is
 * made again by the step itself); never: a job ends at once, and so does a service whose first steps
 * these are, else it goes on trying, as somebody may change what it takes. The first connect anew is
 * made at once; between tries the pause doubles, from 50 ms to 1 s at most. After retry_ms of it the
 * last refusal is the failure. The log is told of each change of state, not of each try; meanwhile the
 * connection counts as stuck (redis.h).
 *
 * Threads: as the connection. A raised stop flag ends it with INTERRUPTED.
 */
#ifndef SWAPCI_REDIS_RETRY_H
#define SWAPCI_REDIS_RETRY_H

#include "redis.h"

/* To be called when a step failed with `status` and the report `why`: makes the connection such that
 * the step can be tried again. Answers that are owed are given up. Returns SWAPC_OK: try again; else
 * the failure, reported: INTERRUPTED, UNREACHABLE, PROTOCOL; a status that is no refusal of Redis comes
 * back as it is. */
enum swapc_status swapci_redis_mend(swapci_redis *redis, enum swapc_status status,
                                    const swapc_error *why, swapc_error *error);

/* To be called when a step succeeded. Costs nothing when nothing was wrong. */
void swapci_redis_fine(swapci_redis *redis);

/* The start is over: what is refused for ever from now on does not end a service. */
void swapci_redis_settled(swapci_redis *redis);

/* Rises with each connection made, and when a step was refused as stream or group are missing: whoever finds it changed may
 * have missed an answer, and makes what is missing again. */
uint64_t swapci_redis_epoch(const swapci_redis *redis);

typedef enum swapc_status (*swapci_redis_step)(void *user, swapc_error *error);

/* Does a step, which may be repeated as a whole, until it succeeds. Returns what swapci_redis_mend and
 * the step return. */
enum swapc_status swapci_redis_persist(swapci_redis *redis, swapci_redis_step step, void *user,
                                       swapc_error *error);

#endif
