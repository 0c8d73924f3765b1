/* run_job_impl.h - what the files of a run share: run_job.c (steps in order, and the end), run_prepare.c
 * (what must stand before a message), run_wait.c (until every message is answered), run_account.c
 * (what came of it).
 *
 * Threads: the main thread's, but for the fields that say otherwise.
 * Ownership: see run_job.h.
 */
#ifndef SWAPCI_RUN_JOB_IMPL_H
#define SWAPCI_RUN_JOB_IMPL_H

#include <pthread.h>

#include "engines.h"
#include "front.h"
#include "generator.h"
#include "pipeline_options.h"
#include "private_redis.h"
#include "rpc_client.h"
#include "run_bound.h"
#include "run_job.h"
#include "signer_child.h"
#include "tempdir.h"
#include "verifier_crew.h"
#include "slots_control.h"

/* The books of one stream. */
struct swapci_run_book {
    swapci_redis *redis;   /* the main thread's */
    swapci_ledger *ledger; /* the generator's until done, then the main thread's */
    uint64_t open;         /* in the stream, at the last look */
    uint64_t answered;     /* by the ledger, at its last look */
};

struct swapci_run_job {
    const struct swapci_run_options *options;
    swapc_log log;
    uint64_t started_ns;
    atomic_int quit; /* raised once by the main thread; read by every wait of all threads */

    swapci_private_redis *server; /* NULL: the user's Redis */
    swapci_tempdir tempdir;       /* with the user's Redis */
    swapci_redis_config redis_config;
    swapci_redis_health health;
    swapci_redis *redis;                     /* that of the first book */
    swapci_front *front;                     /* NULL: none */
    char *front_socket;                      /* a leftover until the front has ended; NULL: none */
    char signer_http[128], http_token[4096]; /* of the front; "": none */
    struct swapci_slots_control slots;       /* what it may act on, once verifying */
    struct swapci_places places;
    char keys[4096], keys_pub[4096], listen[128], ring[64], consumer[64];
    struct swapci_pipeline_options way; /* from signer to verifier; ring NULL: not known yet */

    struct swapci_module_paths paths;
    swapci_judges *judges;
    uint64_t swaps_before; /* made while the bound was measured */
    swapci_verifier_crew *crew;
    struct swapci_signer_child signer;
    swapci_rpc_client *client;

    struct swapci_run_book *books; /* one for each place */
    swapci_ledger_result result;   /* of all books */
    swapci_histogram latency_us;   /* the same, where there are several */
    pthread_t generator;
    bool generating;
    atomic_bool verifying; /* raised once by the main thread: the verifier works */
    atomic_int done; /* raised once by the generator; what is below is then the main thread's */
    _Atomic uint64_t sent; /* by the generator */
    swapci_generator_result generated;
    enum swapc_status generator_status;
    swapc_error generator_error;

    swapci_key_pairs *pairs; /* with which the bound is measured; NULL: it is not */
    uint64_t signer_sent;    /* records, by the signer's word; 0: unknown */
    struct swapci_run_bound bound;
    struct swapci_bench_report comparison;
    bool compared;
    swapci_histogram verify_ns;
    double startup_s;
};

static inline bool swapci_run_interrupted(const struct swapci_run_job *job) {
    return atomic_load(job->options->stop) != 0;
}

/* Whether the input had a line that is too long, or could not be read on: what came before it is sent,
 * and is answered and accounted for like any other message. After done. */
bool swapci_run_input_broke(const struct swapci_run_job *job);

/* Measures the bound, once more after the first time; does nothing where the user wants none. The judges are
 * idle. */
enum swapc_status swapci_run_measure_bound(struct swapci_run_job *job, swapc_error *error);

/* The steps of a run, in this order; each returns SWAPC_OK, or what stops the run. */
enum swapc_status swapci_run_start_redis(struct swapci_run_job *job, swapc_error *error);
enum swapc_status swapci_run_name_things(struct swapci_run_job *job, swapc_error *error);
enum swapc_status swapci_run_prepare_keys_and_modules(struct swapci_run_job *job,
                                                      swapc_error *error);
enum swapc_status swapci_run_start_verifier(struct swapci_run_job *job, swapc_error *error);
enum swapc_status swapci_run_start_signer(struct swapci_run_job *job, swapc_error *error);
enum swapc_status swapci_run_connect_signer(struct swapci_run_job *job, swapc_error *error);
enum swapc_status swapci_run_start_generator(struct swapci_run_job *job, swapc_error *error);
enum swapc_status swapci_run_wait_answers(struct swapci_run_job *job, swapc_error *error);

/* Once the work is stopped: joins what was sent with what was stored, measures what is compared, and
 * sums up in *result. Redis is still there. */
enum swapc_status swapci_run_account(struct swapci_run_job *job, struct swapci_run_result *result,
                                     swapc_error *error);

#endif
