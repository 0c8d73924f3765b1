/* What is shared: the flags of signals.h. */
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "generator.h"
#include "arguments.h"
#include "pipeline_options.h"
#include "places.h"
#include "remote.h"
#include "signals.h"
#include "signer.h"
#include "rpc_client.h"
#include "rpc_runtime.h"
#include "transport_client.h"
#include "verdict_watch.h"

static const char command[] = "swapc generate";

struct generate_job {
    const char *redis, *stream, *method, *input, *signer;
    uint64_t messages, seed, partitions;
    swapci_rpc_tls tls; /* of signer */
};

enum { READY_MS = 10000, SLICE_MS = 500, SAY_SLICES = 10 };

/* Tells the signer, when one was named, before and after: of partitions each, so that one that reads another number
 * of them says so. */
static enum swapc_status announce(swapci_rpc_client *client, const struct swapci_places *places,
                                  swapc_error *error) {
    if (!client) return SWAPC_OK;
    enum swapc_status status = swapci_rpc_client_wait_ready(client, READY_MS, error);
    for (unsigned k = 0; k < places->count && status == SWAPC_OK; k++)
        status = swapci_transport_client_connect(client, places->at[k].names.messages, 1, READY_MS,
                                                 NULL, error);
    return status;
}

/* Waits until all is signed, in slices, so that a signal is seen and verdicts are read while they are
 * there; a signer that was killed is waited
 * for, as its successor signs what is left. */
static enum swapc_status wait_signed(swapci_rpc_client *client, struct swapci_verdict_watch *watch,
                                     swapc_error *error) {
    enum swapc_status status = SWAPC_DEADLINE;
    swapc_error why = SWAPC_ERROR_INIT;
    for (unsigned slice = 0; status == SWAPC_DEADLINE; slice++) {
        if (atomic_load(&swapci_signals_stop)) return SWAPC_INTERRUPTED;
        if (slice == SAY_SLICES)
            fprintf(
                stderr,
                "%s: waiting for the signer to sign all: swapc status tells what it waits for\n",
                command);
        if (swapci_verdict_watch_look(watch, error) != SWAPC_OK) return error->status;
        if (slice > 0 && swapci_verdict_watch_over(watch))
            return SWAPC_OK; /* whatever the signer says */
        swapc_error_clear(&why);
        status = swapci_transport_client_sending(client, watch->books[0].names->messages, 2,
                                                 SLICE_MS, NULL, &why);
        if (status == SWAPC_UNREACHABLE &&
            swapci_rpc_client_wait_ready(client, READY_MS, NULL) == SWAPC_OK)
            status = SWAPC_DEADLINE;
    }
    return status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", why.text);
}

/* Waits for what becomes of the messages. Of partitions a signer knows its own alone: their verdicts tell. */
static enum swapc_status follow(swapci_rpc_client *client, struct swapci_verdict_watch *watch,
                                bool *well, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    if (watch->count == 1) status = wait_signed(client, watch, error);
    if (status == SWAPC_OK) status = swapci_verdict_watch_wait(watch, &swapci_signals_stop, error);
    if (status == SWAPC_OK) *well = swapci_verdict_watch_report(watch);
    return status;
}

/* Adds the messages, and with a signer waits for what becomes of them. Out: *well: nothing went wrong
 * with any. */
static enum swapc_status generate(const struct generate_job *job, swapci_rpc_client *client,
                                  const struct swapci_places *at, swapci_generator_place *places,
                                  bool *well, swapc_error *error) {
    swapci_generator_result result = {0};
    struct swapci_verdict_watch watch = {.command = command};
    swapci_generator_config config = {
        .redis = {.retry_ms = SWAPCI_REDIS_RETRY_MS, .stop = &swapci_signals_stop},
        .input = job->input,
        .messages = job->messages,
        .method = strcmp(job->method, "none") == 0 ? NULL : job->method,
        .seed = job->seed,
        .message_max = swapci_signer_message_max(SWAPCI_TRANSPORT_RECORD_MAX),
        .places = places,
        .place_count = at->count,
    };
    enum swapc_status status = announce(client, at, error);
    if (status == SWAPC_OK) status = swapci_places_claim(at, &config.redis, error);
    if (status == SWAPC_OK && client)
        status =
            swapci_verdict_watch_init(&watch, command, &config.redis, places, at->count, error);
    if (status == SWAPC_OK) {
        status = swapci_generator_run(&config, &result, error);
        if (status == SWAPC_OK || result.sent > 0)
            printf("%llu messages added\n", (unsigned long long)result.sent);
        fflush(stdout);
    }
    if (status == SWAPC_OK && client) status = follow(client, &watch, well, error);
    swapci_verdict_watch_fini(&watch);
    return status;
}

static enum swapc_status run(const struct generate_job *job, swapci_rpc_client *client, bool *well,
                             swapc_error *error) {
    struct swapci_places at = {.count = 0};
    enum swapc_status status =
        swapci_places_init(&at, job->stream, job->partitions, job->redis, error);
    swapci_generator_place *places = status == SWAPC_OK ? calloc(at.count, sizeof *places) : NULL;
    if (status == SWAPC_OK && !places)
        status = swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    for (unsigned k = 0; k < at.count && status == SWAPC_OK; k++)
        places[k] = (swapci_generator_place){.url = at.at[k].url, .names = &at.at[k].names};
    if (status == SWAPC_OK) status = generate(job, client, &at, places, well, error);
    free(places);
    swapci_places_fini(&at);
    return status;
}

int swapci_cmd_generate(int argc, char **argv) {
    static const char *const more[] = {SWAPCI_METHOD_RANDOM, "none", NULL};
    struct swapci_method_choices methods;
    struct generate_job job = {.method = SWAPCI_METHOD_RANDOM, .seed = (uint64_t)getpid()};
    const struct swapci_option rows[] = {
        {"redis", SWAPCI_OPTION_STRING, &job.redis, "URL",
         "the Redis server (default $SWAPC_REDIS)", 0, 0, 0},
        {"stream", SWAPCI_OPTION_STRING, &job.stream, "PREFIX", "prefix in Redis (default swapc)",
         0, 0, 0},
        SWAPCI_PARTITIONS_ROW(&job.partitions),
        {"messages", SWAPCI_OPTION_COUNT, &job.messages, "N",
         "how many (default 1024; of --input: all)", 0, 1, 0},
        {"input", SWAPCI_OPTION_STRING, &job.input, "FILE|-",
         "messages, one a line, instead of random names", 0, 0, 0},
        {"method", SWAPCI_OPTION_CHOICE, &job.method, "M",
         "signature asked for (default random; none: the signer's choice)",
         swapci_method_choices(&methods, more), 0, 0},
        {"seed", SWAPCI_OPTION_COUNT, &job.seed, "N", "makes names and methods repeatable", 0, 0,
         0},
        {"signer", SWAPCI_OPTION_STRING, &job.signer, "ADDR",
         "tell this signer over gRPC, and wait for the verdicts: exit 1 when one is Error", 0, 0,
         0},
        SWAPCI_REMOTE_TLS_ROWS(job.tls),
    };
    const struct swapci_options options = {
        command,
        "",
        "Adds messages to the stream, no faster than they are answered.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        0,
        "swapc generate --redis redis://127.0.0.1:6379 --messages 10k"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with >= 0) return stop_with;
    const struct swapci_required required = {"--redis", job.redis, SWAPCI_REDIS_WHAT};
    stop_with = swapci_cli_required(command, &required, 1);
    if (stop_with >= 0) return stop_with;
    if (job.messages == 0 && !job.input) job.messages = 1024;
    swapci_signals_handle(SWAPCI_EXIT_INTERRUPTED);
    swapci_signals_working(SWAPCI_SIGNALS_FORCE_MS);
    swapc_error error = SWAPC_ERROR_INIT;
    bool well = true;
    swapci_rpc_client *client = NULL;
    enum swapc_status status = SWAPC_OK;
    if (job.signer)
        status = swapci_rpc_client_new_tls(
            job.signer, swapci_rpc_tls_given(&job.tls) ? &job.tls : NULL, &client, &error);
    if (status == SWAPC_OK) status = run(&job, client, &well, &error);
    swapci_rpc_client_free(client);
    swapci_rpc_shutdown();
    /* Whatever a signal broke off, it is the signal that ended it. */
    if (status != SWAPC_OK && swapci_signals_came()) return SWAPCI_EXIT_INTERRUPTED;
    if (status != SWAPC_OK) return swapci_cli_fail(command, &error);
    return well ? SWAPCI_EXIT_OK : SWAPCI_EXIT_FAILED;
}
