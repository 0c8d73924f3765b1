/* audit.h - messages that no event would ever lead anybody to: what others did to stream and group.
 *
 * A group that was told to go on behind entries that it has not given out (XGROUP SETID, XGROUP
 * DESTROY with CREATE at $), or whose list of pending ones is gone, will not give them out any more;
 * entries that were deleted while they were pending are dropped by Redis 7 when they are claimed, and
 * those that were trimmed away unread are in no list at all.
 *
 * Threads: as the connection. Statuses: those of redis.h.
 */
#ifndef SWAPCI_AUDIT_H
#define SWAPCI_AUDIT_H

#include "lease.h"
#include "losses.h"
#include "stream.h"

/* Whether there are counts. */
enum swapci_counted {
    SWAPCI_COUNTED_NOT_NOW, /* the stream is not settled, or nothing was looked at */
    SWAPCI_COUNTED_NEVER,   /* the server does not count entries: before Redis 7 */
    SWAPCI_COUNTED_REFUSED, /* the right +xinfo is missing */
    SWAPCI_COUNTED
};

typedef struct swapci_audit {
    bool
        fresh; /* a message has come meanwhile, and is the consumer's: nothing else was looked at */
    uint64_t taken;              /* entries that are the consumer's now, and were nobody's */
    swapci_stream_id first_open; /* the consumer's first pending entry; {0, 0}: it has none */
    enum swapci_counted counted;
    swapci_counts counts;
} swapci_audit;

/* Looks, in one atomic step, and takes up to `most` entries that are in the stream, were passed over by
 * the group and are pending with nobody. Does nothing when the lease is not the consumer's any more. */
enum swapc_status swapci_audit_look(swapci_redis *redis, const swapci_stream_names *names,
                                    const swapci_lease *lease, const char *consumer, size_t most,
                                    swapci_audit *out, swapc_error *error);

/* Only counts, also while others read; a stream that is not settled: losses.h says what that means. */
enum swapc_status swapci_audit_count(swapci_redis *redis, const swapci_stream_names *names,
                                     swapci_audit *out, swapc_error *error);

/* Takes out of pending[] what is no longer in the stream. Inout: *count, in their order. Out: gone[], which
 * has room for as many, and *gone_count. They are pending still, so that they can be answered. */
enum swapc_status swapci_audit_deleted(swapci_redis *redis, const swapci_stream_names *names,
                                       swapci_pending *pending, size_t *count, swapci_pending *gone,
                                       size_t *gone_count, swapc_error *error);

#endif
