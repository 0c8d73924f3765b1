/* What is shared: `quit`, raised once by the main thread when the job ends, however it ends, and looked
 * at by every wait of the generator and the workers; the other fields that threads share say so in
 * run_job_impl.h. */
#include <stdlib.h>

#include "cli.h"
#include "clock.h"
#include "control_client.h"
#include "rpc_runtime.h"
#include "run_front.h"
#include "run_job_impl.h"
#include "signals.h"
#include "signer_child.h"
#include "via.h"

enum { ASK_MS = 500 };

/* Before a forced end: the children, then what they and we have made. */
static void abandon(void *user) {
    struct swapci_run_job *job = user;
    swapci_signer_child_kill(&job->signer);
    if (job->server) swapci_private_redis_abandon(job->server);
    if (job->way.ring) swapci_via_remove(&job->way);
    swapci_tempdir_remove(&job->tempdir);
}

enum swapc_status swapci_run_job_new(const struct swapci_run_options *options, swapci_run_job **out,
                                     swapc_error *error) {
    swapci_run_job *job = calloc(1, sizeof *job);
    if (!job) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a run");
    job->options = options;
    job->log = swapci_cli_log();
    job->started_ns = swapci_clock_monotonic_ns();
    job->tempdir = (swapci_tempdir)SWAPCI_TEMPDIR_INIT;
    swapci_histogram_init(&job->verify_ns);
    swapci_signals_leftover(abandon, job);
    *out = job;
    return SWAPC_OK;
}

/* Stops everything that works on messages; Redis stays up for the ledger. */
static void stop_work(struct swapci_run_job *job) {
    atomic_store(&job->quit, 1);
    if (job->client) swapci_rpc_client_close(job->client);
    if (job->generating) pthread_join(job->generator, NULL);
    job->generating = false;
    swapci_signer_child_stop(&job->signer);
    if (job->crew) swapci_crew_join(&job->crew->base, NULL);
}

/* For people only: a signer that took another's place does not know what that one has sent. */
static void ask_signer(struct swapci_run_job *job) {
    swapci_control_status *status = calloc(1, sizeof *status);
    if (status && job->signer.successors == 0 &&
        swapci_control_client_status(job->client, ASK_MS, status, NULL) == SWAPC_OK)
        for (size_t i = 0; i < status->counter_count; i++)
            if (strcmp(status->counters[i].name, "sent") == 0)
                job->signer_sent = status->counters[i].value;
    free(status);
}

/* Nobody can start the private server again: say what is so. */
static enum swapc_status private_server_lost(const struct swapci_run_job *job,
                                             enum swapc_status status, swapc_error *error) {
    if (!job->server || !job->redis || status != SWAPC_UNREACHABLE) return status;
    swapc_error_clear(error);
    return swapc_error_set(
        error, status,
        "the private Redis server ended during the run, and what it held is gone "
        "with it: run again, or give --redis URL of a server that outlives a run");
}

enum swapc_status swapci_run_job_run(swapci_run_job *job, struct swapci_run_result *result,
                                     swapc_error *error) {
    static enum swapc_status (*const steps[])(struct swapci_run_job *, swapc_error *) = {
        swapci_run_start_redis,    swapci_run_name_things,
        swapci_run_start_front,    swapci_run_prepare_keys_and_modules,
        swapci_run_start_verifier, swapci_run_start_signer,
        swapci_run_connect_signer, swapci_run_start_generator,
        swapci_run_wait_answers,
    };
    enum swapc_status status = SWAPC_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == SWAPC_OK;
         i++, swapci_run_tell_front(job))
        status = swapci_run_interrupted(job) ? SWAPC_INTERRUPTED : steps[i](job, error);
    if (status == SWAPC_OK) ask_signer(job);
    stop_work(job);
    if (status == SWAPC_OK) status = swapci_run_account(job, result, error);
    return status == SWAPC_OK ? status : private_server_lost(job, status, error);
}

void swapci_run_job_free(swapci_run_job *job) {
    if (!job) return;
    stop_work(job);
    swapci_rpc_client_free(job->client);
    swapci_rpc_shutdown();
    swapci_run_end_front(job);
    swapci_verifier_crew_free(job->crew);
    swapci_judges_free(job->judges);
    swapci_key_pairs_free(job->pairs);
    if (job->way.ring) swapci_via_remove(&job->way);
    for (unsigned k = 0; k < job->places.count && job->books; k++) {
        swapci_ledger_free(job->books[k].ledger);
        swapci_redis_free(job->books[k].redis);
    }
    free(job->books);
    swapci_places_fini(&job->places);
    swapci_private_redis_end(job->server);
    swapci_tempdir_remove(&job->tempdir);
    swapci_signals_leftover_gone(job);
    swapci_private_redis_stop(job->server);
    free(job);
}
