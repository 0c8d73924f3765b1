/* redis_dial.h - a socket to a Redis server, connected in slices, so that a raised stop flag ends the
 * attempt whatever the server or the network does.
 *
 * Threads: any. Ownership: the descriptor is the caller's.
 * Limits: looking a host name up is the system's own and cannot be ended early.
 */
#ifndef SWAPCI_REDIS_DIAL_H
#define SWAPCI_REDIS_DIAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "redis_url.h"

/* Whether the flag (NULL: none) is raised. */
bool swapci_redis_stopped(const atomic_int *stop);

/* Connects to the server of url, trying each address of a host name, at most connect_ms in all.
 * Out: *fd, which blocks and is closed on exec. Returns SWAPC_OK, UNREACHABLE with the bare reason as
 * its text, INTERRUPTED. */
enum swapc_status swapci_redis_dial(const swapci_redis_url *url, uint32_t connect_ms,
                                    const atomic_int *stop, int *fd, swapc_error *error);

/* Waits until fd is ready for events (of poll) or until_ns by the monotonic clock has passed.
 * Returns SWAPC_OK, INTERRUPTED, DEADLINE (without a report), SYSTEM. */
enum swapc_status swapci_redis_await(int fd, short events, uint64_t until_ns,
                                     const atomic_int *stop, swapc_error *error);

#endif
