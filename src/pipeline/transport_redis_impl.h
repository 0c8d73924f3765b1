/* transport_redis_impl.h - what both sides of a way over Redis share: transport_redis.c (who is there),
 * transport_redis_send.c, transport_redis_take.c.
 */
#ifndef SWAPCI_TRANSPORT_REDIS_IMPL_H
#define SWAPCI_TRANSPORT_REDIS_IMPL_H

#include <stdatomic.h>

#include "redis_reply.h"
#include "redis_retry.h"
#include "redis_script.h"
#include "transport_redis.h"

enum { WAY_NAME = 34, WAY_KEY = SWAPCI_STREAM_NAME_MAX + 16 };

/* One side's connection, and its entry in the books. Who uses the connection uses it; the atomics are
 * read by any thread. */
typedef struct swapci_way {
    swapci_redis *redis;
    swapci_redis_script script;
    swapci_stream_names names;
    char peers[WAY_KEY], losses[WAY_KEY], notes[WAY_KEY];
    char name[WAY_NAME]; /* with the role before it */
    int poll_ms;
    uint32_t lease_ms, farewell_ms;
    char seen[SWAPCI_STREAM_ID_SIZE]; /* the last loss that is known; "": none was asked for */
    swapci_stream_id last;            /* the last record, when it was opened */
    bool known;                       /* at the last look, before it */
    swapci_transport_note left[SWAPCI_TRANSPORT_NOTES];
    size_t left_count;
    bool told;          /* of a loss, at the last look */
    uint64_t looked_ns; /* on the clock that goes on while the process is stopped */
    atomic_uint senders, receivers;
    atomic_bool finished;
} swapci_way;

/* Connects as role 's' or 'r', and opens the entry: tried as the config says. Afterwards the connection is
 * stopped by `stop` alone. */
enum swapc_status swapci_way_open(swapci_way *way, const swapci_transport_redis_config *config,
                                  char role, const atomic_int *stop, swapc_error *error);

void swapci_way_fini(swapci_way *way);

/* Renews, ends or finishes the entry and looks who is there: what is one of the script's words. */
enum swapc_status swapci_way_look(swapci_way *way, const char *what, bool lost, swapc_error *error);

/* For the last look of all: connects anew, and from then on waits for a second at most, whatever the stop flag
 * says. Returns whether Redis answers. */
bool swapci_way_hurry(swapci_way *way);

/* Milliseconds since the last look. */
uint64_t swapci_way_age_ms(const swapci_way *way);

static inline bool swapci_way_stale(const swapci_way *way) {
    return way->poll_ms < 0 || swapci_way_age_ms(way) >= (uint64_t)way->poll_ms;
}

/* Whether the entry is alive for everybody else. */
static inline bool swapci_way_fresh(const swapci_way *way) {
    return swapci_way_age_ms(way) < way->lease_ms / 2;
}

#endif
