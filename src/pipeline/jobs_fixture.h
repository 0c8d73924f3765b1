/* jobs_fixture.h - for tests: members of a fleet that do nothing but be there, and are counted.
 *
 * Threads: open, end and close of one member on its thread, the counts on any.
 */
#ifndef SWAPCI_JOBS_FIXTURE_H
#define SWAPCI_JOBS_FIXTURE_H

#include <stdatomic.h>
#include <stdlib.h>

#include "fleet.h"
#include "test_main.h"

enum { COUNT = 5 };

static atomic_int owners[COUNT]; /* how many work on each now: never more than one */
static atomic_bool shut;         /* none can be opened */

struct job {
    unsigned k;
    atomic_bool over;
};

static enum swapc_status job_open(void *user, unsigned k, atomic_int *stop, void **member,
                                  swapc_error *error) {
    (void)user;
    (void)stop;
    if (atomic_load(&shut)) return swapc_error_set(error, SWAPC_PROTOCOL, "it is refused");
    struct job *job = calloc(1, sizeof *job);
    assert_int_equal(atomic_fetch_add(&owners[k], 1), 0);
    job->k = k;
    *member = job;
    return SWAPC_OK;
}

static void job_end(void *member, bool now) {
    (void)now;
    atomic_store(&((struct job *)member)->over, true);
}

static bool job_ended(void *member) {
    return atomic_load(&((struct job *)member)->over);
}

static void job_keep(void *user, void *member) {
    (void)user;
    (void)member;
}

static enum swapc_status job_start_or_join(void *member, swapc_error *error) {
    (void)member;
    (void)error;
    return SWAPC_OK;
}

static void job_close(void *member) {
    atomic_fetch_sub(&owners[((struct job *)member)->k], 1);
    free(member);
}

static const struct swapci_fleet_ops ops = {.open = job_open,
                                            .start = job_start_or_join,
                                            .end = job_end,
                                            .ended = job_ended,
                                            .keep = job_keep,
                                            .join = job_start_or_join,
                                            .close = job_close};

#endif
