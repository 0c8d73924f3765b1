/* outputs_fixture.h - for tests: a stream `in`, read as group swapc by who has its lease, and what stores to `out` what comes of it.
 *
 * Threads: the test's.
 */
#ifndef SWAPCI_PROCESS_OUTPUTS_FIXTURE_H
#define SWAPCI_PROCESS_OUTPUTS_FIXTURE_H

#include "outputs.h"
#include "stream_fixture.h"

typedef struct scene {
    swapci_redis *admin, *redis; /* the outputs' user, who may be another */
    swapci_process_names names;
    swapci_lease lease;
    swapci_process_outputs outputs;
    swapci_process_entries entries;
    swapci_process_results results;
} scene;

static inline void scene_hold_lease(scene *s) {
    bool recalled;
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_lease_hold(s->admin, &s->lease, false, &recalled, &error), &error);
}

/* restricted: the outputs' user is `clerk`. */
static inline void scene_open(scene *s, bool restricted) {
    swapc_error error = SWAPC_ERROR_INIT;
    const struct swapci_process_given given = {.in = "in", .out = "out"};
    *s = (scene){.admin = fixture_open(0)};
    s->redis = restricted ? fixture_clerk(s->admin) : s->admin;
    fixture_ok(swapci_process_names_init(&s->names, &given, &error), &error);
    fixture_ok(swapci_lease_init_key(&s->lease, s->names.lease, NULL, &error), &error);
    scene_hold_lease(s);
    fixture_command(s->admin, "XGROUP CREATE in swapc 0 MKSTREAM");
    s->results.names = s->outputs.names = &s->names;
    s->outputs.token = s->lease.token;
    fixture_ok(swapci_process_outputs_init(&s->outputs, s->redis, &error), &error);
}

/* Takes all that is new. */
static inline void scene_read(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_redis_appendf(s->admin, &error, "XREADGROUP GROUP swapc c STREAMS in >"),
               &error);
    fixture_ok(
        swapci_process_entries_take(s->admin, 1, swapc_bytes_str("payload"), &s->entries, &error),
        &error);
}

static inline void scene_close(scene *s) {
    swapci_process_outputs_fini(&s->outputs);
    swapci_buffer_fini(&s->results.arguments);
    swapci_process_entries_fini(&s->entries);
    if (s->redis != s->admin) swapci_redis_free(s->redis);
    swapci_redis_free(s->admin);
}

#endif
