/* measure.h - contenders timed against each other: warm-up, interleaved rounds, thread CPU time.
 *
 * A round gives each contender its units in slices, the contenders in turn and the order rotated,
 * so that a machine whose speed drifts drifts under all of them, and that none always follows the
 * same one. Ratios are taken within a round and only then their median. Every scenario that
 * compares measures with this.
 *
 * Threads: runs on the caller's; only stop may be raised from elsewhere.
 * Ownership: fini frees the samples; contenders are the caller's.
 */
#ifndef SWAPCI_MEASURE_H
#define SWAPCI_MEASURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "stats.h"
#include "swapc/error.h"

/* How long, and who is told. */
struct swapci_pace {
    unsigned rounds;   /* wanted, at least 1 */
    uint64_t until_ns; /* monotonic: after it no further round begins, but for three; 0: none */
    const atomic_int *stop; /* not 0: stop at once; NULL: never */
    void (*progress)(unsigned done, unsigned total, void *user); /* NULL: none */
    void *progress_user;
};

/* Does the units from..to (below its count) once. */
typedef enum swapc_status (*swapci_contender_fn)(void *user, unsigned from, unsigned to,
                                                 swapc_error *error);

struct swapci_contender {
    swapci_contender_fn run;
    void *user;
    unsigned units; /* of one round, at least 1 */
    unsigned warm;  /* units that come before each slice, untimed, so that caches are its own */
    uint64_t (*cpu_ns)(void *user); /* CPU time used so far; NULL: this thread's */
    double each;    /* what one unit counts for, such as the messages of a batch; 0: 1 */
    double *cpu_us; /* of one unit / each, one a round */
    double *wall_us;
};

struct swapci_measure {
    struct swapci_contender *contenders;
    unsigned count;
    unsigned slices;  /* a round's; 0: 8, or as many as there are units */
    unsigned rounds;  /* that were measured whole */
    bool interrupted; /* by pace.stop */
};

/* Runs the rounds. Returns SWAPC_OK, also when it was interrupted (rounds says what there is);
 * NO_MEMORY; or what a contender returned. fini is due in any case. */
enum swapc_status swapci_measure_run(struct swapci_measure *measure, const struct swapci_pace *pace,
                                     swapc_error *error);
void swapci_measure_fini(struct swapci_measure *measure);

/* Of one contender; zeros without a round. */
struct swapci_spread swapci_measure_cpu(const struct swapci_measure *measure, unsigned contender);
struct swapci_spread swapci_measure_wall(const struct swapci_measure *measure, unsigned contender);

/* CPU time of a contender to another's, by round. */
struct swapci_spread swapci_measure_ratio(const struct swapci_measure *measure, unsigned contender,
                                          unsigned to);

/* Whether pace says to end: its stop is raised. */
bool swapci_pace_stopped(const struct swapci_pace *pace);
/* Whether its time is up. */
bool swapci_pace_over(const struct swapci_pace *pace);
/* Tells the progress. */
void swapci_pace_progress(const struct swapci_pace *pace, unsigned done, unsigned total);

#endif
