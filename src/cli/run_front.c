/* What is shared: `verifying`, raised once the verifier stands, since the front's threads look at it; the
 * counts that they read are any thread's. */
#include <string.h>

#include "run_job_impl.h"
#include "run_front.h"
#include "signals.h"

static void collect(void *user, swapci_facts *out) {
    struct swapci_run_job *job = user;
    out->has_generator = true;
    out->generated = atomic_load(&job->sent);
    out->wanted = job->options->messages == UINT64_MAX ? 0 : job->options->messages;
    if (!atomic_load(&job->verifying)) return;
    swapci_facts_read_verifier(job->judges, job->verifier, out);
    out->workers = (unsigned)job->options->workers;
    out->ring = swapci_receiver_fill(job->receiver);
}

enum swapc_status swapci_run_start_front(struct swapci_run_job *job, swapc_error *error) {
    if (!job->options->http) return SWAPC_OK;
    const swapci_front_config config = {.address = job->options->http,
                                        .role = "run",
                                        .log = job->log,
                                        .collect = collect,
                                        .user = job,
                                        .redis = &job->redis_config,
                                        .names = &job->names};
    return swapci_front_start(&config, &job->front, error);
}

void swapci_run_tell_front(struct swapci_run_job *job) {
    swapci_front_health health = {.redis_up = swapci_redis_up(&job->health)};
    if (!job->front) return;
    bool verifying = atomic_load(&job->verifying);
    health.peer_up = verifying && swapci_receiver_sender_alive(job->receiver);
    const char *why = !health.redis_up  ? "Redis does not answer, or refuses what is asked"
                      : !verifying      ? "it is starting"
                      : !health.peer_up ? "the signer is not there"
                                        : "";
    health.serving = !*why;
    memcpy(health.reason, why, strlen(why) + 1);
    swapci_front_tell(job->front, &health);
}
