/* stream_fixture.h - for tests: what redis_fixture.h has, and the pipeline's streams on its server.
 *
 * Threads: the test's.
 */
#ifndef SWAPCI_STREAM_FIXTURE_H
#define SWAPCI_STREAM_FIXTURE_H

#include "redis_fixture.h"
#include "stream.h"

/* The names of the default prefix. */
static inline swapci_stream_names fixture_names(void) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names;
    fixture_ok(swapci_stream_names_init(&names, NULL, &error), &error);
    return names;
}

/* How many entries are pending for consumer; up to 600. */
static inline size_t fixture_pending(swapci_redis *redis, const char *consumer) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names = fixture_names();
    swapci_pending page[600];
    size_t count = 600;
    fixture_ok(swapci_stream_pending(redis, &names, consumer, (swapci_stream_id){0, 0}, page,
                                     &count, &error),
               &error);
    return count;
}

#endif
