/* What is shared: `verifying`, raised once the verifier stands, since the front's threads look at it; the
 * counts that they read are any thread's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run_job_impl.h"
#include "partition_rows.h"
#include "run_front.h"
#include "signals.h"

static void collect(void *user, swapci_facts *out) {
    struct swapci_run_job *job = user;
    out->has_generator = true;
    out->generated = atomic_load(&job->sent);
    out->wanted = job->options->messages == UINT64_MAX ? 0 : job->options->messages;
    if (!atomic_load(&job->verifying)) return;
    swapci_verifier_sum sum;
    swapci_verifier_crew_sum(job->crew, &sum);
    swapci_facts_read_verifiers(job->judges, &sum, out);
    swapci_crew_tell(&job->crew->base, out->partitions);
    out->workers = (unsigned)job->options->workers;
    out->ring = swapci_verifier_crew_fill(job->crew);
}

static void rows(void *user, swapci_control_partition *out) {
    const struct swapci_run_job *job = user;
    if (atomic_load(&job->verifying)) swapci_verifier_crew_rows(job->crew, out);
    else
        for (unsigned k = 0; k < job->places.count; k++) out[k] = swapci_partition_row(k);
}

static enum swapc_status act(void *user, enum swapci_swap_action action, const char *slot,
                             const char *path, swapci_swap_event *event, swapc_error *error) {
    const struct swapci_run_job *job = user;
    if (!atomic_load(&job->verifying))
        return swapc_error_set(error, SWAPC_BUSY, "the run is starting: try again");
    return swapci_slots_control_act(&job->slots, action, slot, path, event, error);
}

/* For people, also where the log says little. */
static void announce(const struct swapci_run_job *job) {
    const char *address = swapci_front_address(job->front);
    fprintf(stderr, "swapc run: the page is at %s%s%s, until the run ends\n",
            swapci_front_socket(job->front) ? "" : "http://", address,
            swapci_front_socket(job->front) ? "" : "/");
    fprintf(stderr, "swapc run: to swap from it, give it the token in %s\n", job->http_token);
}

/* The token and the signer's socket lie where the run's other files do, and go with them. */
static void name_files(struct swapci_run_job *job) {
    const char *folder =
        job->server ? swapci_private_redis_directory(job->server) : job->tempdir.path;
    const char *given = job->options->http_token;
    snprintf(job->signer_http, sizeof job->signer_http, "unix:%.100s/signer.http", folder);
    snprintf(job->http_token, sizeof job->http_token, "%.4000s%s", given ? given : folder,
             given ? "" : "/http-token");
}

/* Before a forced end: of the front itself nothing may be there any more. */
static void remove_socket(void *path) {
    unlink(path);
}

enum swapc_status swapci_run_start_front(struct swapci_run_job *job, swapc_error *error) {
    if (!job->options->http) return SWAPC_OK;
    char owners[SWAPCI_PLACES_OWNERS_MAX];
    name_files(job);
    const char *const remotes[] = {job->signer_http};
    const swapci_front_config config = {.address = job->options->http,
                                        .role = "run",
                                        .log = job->log,
                                        .collect = collect,
                                        .user = job,
                                        .redis = &job->redis_config,
                                        .places = job->places.at,
                                        .place_count = job->places.count,
                                        .owners =
                                            swapci_places_owners(&job->places, "verifier", owners),
                                        .rows = rows,
                                        .control = act,
                                        .token_file = job->http_token,
                                        .remotes = remotes,
                                        .remote_count = 1};
    swapci_signals_making();
    enum swapc_status status = swapci_front_start(&config, &job->front, error);
    const char *socket = status == SWAPC_OK ? swapci_front_socket(job->front) : NULL;
    job->front_socket = socket ? strdup(socket) : NULL;
    if (job->front_socket) swapci_signals_leftover(remove_socket, job->front_socket);
    swapci_signals_made();
    if (status != SWAPC_OK) return status;
    announce(job);
    return SWAPC_OK;
}

void swapci_run_end_front(struct swapci_run_job *job) {
    swapci_front_stop(job->front);
    job->front = NULL;
    if (job->front_socket) swapci_signals_leftover_gone(job->front_socket);
    free(job->front_socket);
    job->front_socket = NULL;
}

void swapci_run_tell_front(struct swapci_run_job *job) {
    swapci_front_health health = {.redis_up = swapci_redis_up(&job->health)};
    if (!job->front) return;
    bool verifying = atomic_load(&job->verifying);
    health.peer_up = verifying && swapci_crew_peer(&job->crew->base);
    const char *why = !health.redis_up  ? "Redis does not answer, or refuses what is asked"
                      : !verifying      ? "it is starting"
                      : !health.peer_up ? "the signer is not there"
                                        : "";
    health.serving = !*why;
    memcpy(health.reason, why, strlen(why) + 1);
    swapci_front_tell(job->front, &health);
}
