#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "arguments.h"
#include "pipeline_options.h"
#include "service.h"
#include "signals.h"
#include "signer.h"
#include "signer_crew.h"
#include "via.h"

static const char command[] = "swapc signer";

struct signer_job {
    struct swapci_pipeline_options common;
    const char *consumer, *method, *keys_mode;
    bool keys_only;
    uint64_t keys_count, parent, seed, retry_s;
    double tamper;
    struct swapci_places places;
    swapci_signer_crew *crew;
    swapci_redis_health health;
};

/* Partitions that belong together have one name for people. */
static const char *stream_name(const struct signer_job *job) {
    return job->places.count == 1 ? job->places.at[0].names.messages
                                  : job->places.partitions.prefix;
}

/* A generator has messages: they are being read already, so all there is to say is whether the
 * stream is ours. */
static void on_connect(void *user, const char *stream, uint32_t serial,
                       swapci_transport_answer *answer) {
    struct signer_job *job = user;
    (void)serial;
    if (swapci_places_find(&job->places, stream) < job->places.count) return;
    answer->status = SWAPCI_TRANSPORT_ERROR;
    if (job->places.count == 1)
        snprintf(answer->text, sizeof answer->text, "this signer reads %s", stream_name(job));
    else
        snprintf(answer->text, sizeof answer->text, "this signer reads %s with --partitions %u",
                 stream_name(job), job->places.count);
}

static void on_sent(enum swapc_status status, const char *stream, void *user) {
    bool sent = status == SWAPC_OK;
    swapci_transport_sending_answer(user, sent ? SWAPCI_TRANSPORT_OK : SWAPCI_TRANSPORT_HALT,
                                    sent ? stream : "the signer ended before all was signed");
}

/* Without a name, what Connect named is meant: a signer reads one stream, or the first of its partitions. */
static void on_sending(void *user, const char *stream, uint32_t serial,
                       swapci_transport_sending *sending) {
    struct signer_job *job = user;
    swapci_transport_answer answer = {.status = SWAPCI_TRANSPORT_PROCEED};
    if (stream) on_connect(job, stream, serial, &answer);
    if (answer.status != SWAPCI_TRANSPORT_PROCEED) {
        swapci_transport_sending_answer(sending, answer.status, answer.text);
        return;
    }
    unsigned k = stream ? swapci_places_find(&job->places, stream) : 0;
    enum swapc_status status = swapci_signer_crew_when_sent(job->crew, k, on_sent, sending);
    if (status == SWAPC_NOT_FOUND)
        swapci_transport_sending_answer(sending, SWAPCI_TRANSPORT_ERROR,
                                        "another signer has this partition now");
    else if (status != SWAPC_OK)
        swapci_transport_sending_answer(sending, SWAPCI_TRANSPORT_ERROR, "no memory");
}

static void on_left(void *user, swapci_transport_sending *sending) {
    struct signer_job *job = user;
    if (swapci_signer_crew_forget(job->crew, sending))
        swapci_transport_sending_answer(sending, SWAPCI_TRANSPORT_HALT, NULL);
}

static enum swapc_status start(void *user, swapc_error *error) {
    struct signer_job *job = user;
    return swapci_crew_start(&job->crew->base, error);
}

static bool ended(void *user) {
    const struct signer_job *job = user;
    return swapci_crew_ended(&job->crew->base);
}

static void stop(void *user) {
    struct signer_job *job = user;
    swapci_crew_stop(&job->crew->base);
}

static void tell_status(void *user, swapci_control_status *out) {
    const struct signer_job *job = user;
    swapci_signer_stats stats = swapci_signer_crew_stats(job->crew);
    snprintf(out->role, sizeof out->role, "signer");
    snprintf(out->version, sizeof out->version, "%s", swapc_version());
#define COUNTER(name) {#name, stats.name},
    const swapci_control_counter counters[] = {SWAPCI_SIGNER_COUNTERS(COUNTER)};
#undef COUNTER
    swapci_crew_tell(&job->crew->base, out->partitions);
    out->waiting = stats.waiting;
    out->in_flight = stats.in_flight;
    memcpy(out->counters, counters, sizeof counters);
    out->counter_count = sizeof counters / sizeof *counters;
}

static void look(void *user, struct swapci_service_view *out) {
    struct signer_job *job = user;
    swapci_signer_stats stats = swapci_signer_crew_stats(job->crew);
    swapci_crew_refused(&job->crew->base, out->refused);
    swapci_service_view_redis(out, &job->health);
    out->standby = out->redis && stats.state == SWAPCI_SIGNER_WAITING;
    out->peer = swapci_crew_peer(&job->crew->base);
    out->done = stats.sent;
    out->full = stats.full;
}

static void collect(void *user, swapci_facts *out) {
    const struct signer_job *job = user;
    out->has_signer = true;
    swapci_crew_tell(&job->crew->base, out->partitions);
    out->signer = swapci_signer_crew_stats(job->crew);
}

static void rows(void *user, swapci_control_partition *out) {
    const struct signer_job *job = user;
    swapci_signer_crew_rows(job->crew, out);
}

static enum swapc_status serve(struct signer_job *job, swapc_error *error) {
    swapci_transport_service transport = {on_connect, on_sending, on_left, job};
    swapci_control_service control = {.status = tell_status, .user = job};
    char place[SWAPCI_VIA_TEXT_MAX], join[SWAPCI_VIA_TEXT_MAX], ready[512];
    char owners[SWAPCI_PLACES_OWNERS_MAX];
    snprintf(ready, sizeof ready, "%s, stream %s, consumer %s",
             swapci_via_place(&job->common, place), stream_name(job), job->consumer);
    const swapci_redis_config redis = {.url = job->common.redis};
    struct swapci_service service = {
        .role = "signer",
        .peer = "verifier",
        .place = swapci_via_place(&job->common, place),
        .join = swapci_via_join(&job->common, join),
        .look = look,
        .ready = ready,
        .health_name = "transport_interface.Transport_interface",
        .listen = job->common.listen,
        .tls = &job->common.tls,
        .transport = &transport,
        .control = &control,
        .http = job->common.http,
        .collect = collect,
        .redis = &redis,
        .places = job->places.at,
        .place_count = job->places.count,
        .owners = swapci_places_owners(&job->places, "signer", owners),
        .rows = rows,
        .log = job->parent ? swapci_cli_log() : swapci_cli_service_log(),
        .start = start,
        .ended = ended,
        .stop = stop,
        .user = job,
    };
    enum swapc_status status = swapci_service_run(&service, error);
    swapci_crew_stop(&job->crew->base);
    enum swapc_status joined = swapci_crew_join(&job->crew->base, error);
    if (status == SWAPC_OK && joined != SWAPC_INTERRUPTED) status = joined;
    return status;
}

/* A name that a restart finds again: this host, and this ring where the way has one. Of partitions what a dead signer had is
 * taken over whatever its name was, and a host may have many. */
static void default_consumer(const struct swapci_pipeline_options *o, char *out, size_t size) {
    char host[64] = "host";
    gethostname(host, sizeof host - 1);
    if (o->partitions > 1) snprintf(out, size, "%s-%d", host, (int)getpid());
    else snprintf(out, size, "%s%s%s", host, o->ring ? "-" : "", o->ring ? o->ring : "");
}

static const char *const keys_modes[] = {"private", "group", NULL};

static enum swapci_keys_mode mode_of(const struct signer_job *job) {
    return strcmp(job->keys_mode, keys_modes[1]) == 0 ? SWAPCI_KEYS_GROUP : SWAPCI_KEYS_PRIVATE;
}

/* --keys-only: the files are there when this returns, and nothing else has been done. */
static int make_keys(const struct signer_job *job) {
    swapci_keyring *keys = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_keyring_load(job->common.keys, mode_of(job), (unsigned)job->keys_count, &keys,
                            &error) != SWAPC_OK)
        return swapci_cli_fail(command, &error);
    printf("%s has %zu secret keys, for a signer; %s.pub has their public keys, for verifiers\n",
           job->common.keys, swapci_keyring_count(keys), job->common.keys);
    swapci_keyring_free(keys);
    return SWAPCI_EXIT_OK;
}

static enum swapc_status load_pairs(const struct signer_job *job, swapci_key_pairs **out,
                                    swapc_error *error) {
    swapci_keyring *keys = NULL;
    enum swapc_status status = swapci_keyring_load(job->common.keys, mode_of(job),
                                                   (unsigned)job->keys_count, &keys, error);
    if (status == SWAPC_OK) status = swapci_key_pairs_new(keys, out, error);
    swapci_keyring_free(keys);
    return status;
}

/* Before anything is made in Redis. */
static enum swapc_status claim(struct signer_job *job, const swapci_signer_config *signer,
                               swapc_error *error) {
    const swapci_redis_config redis = {.retry_ms = signer->redis_retry_ms,
                                       .service = true,
                                       .log = &signer->log,
                                       .role = "signer",
                                       .stop = signer->stop,
                                       .health = &job->health};
    return swapci_places_claim(&job->places, &redis, error);
}

static enum swapc_status run(struct signer_job *job, swapc_error *error) {
    swapci_key_pairs *pairs = NULL;
    char consumer[SWAPCI_STREAM_CONSUMER_MAX + 1];
    struct swapci_signer_crew_config config = {
        .way = &job->common,
        .places = &job->places,
        .signer = {.redis_retry_ms = swapci_pipeline_retry_ms(job->retry_s),
                   .consumer = job->consumer ? job->consumer : consumer,
                   .tamper = job->tamper,
                   .seed = job->seed,
                   .log = job->parent ? swapci_cli_log() : swapci_cli_service_log(),
                   .stop = &swapci_signals_stop,
                   .health = &job->health}};
    default_consumer(&job->common, consumer, sizeof consumer);
    job->consumer = config.signer.consumer;
    config.signer.method = swapci_method_find(swapc_bytes_str(job->method));
    enum swapc_status status = swapci_places_init(&job->places, job->common.stream,
                                                  job->common.partitions, job->common.redis, error);
    if (status == SWAPC_OK) status = load_pairs(job, &pairs, error);
    config.signer.pairs = pairs;
    if (status == SWAPC_OK) status = claim(job, &config.signer, error);
    if (status == SWAPC_OK) status = swapci_signer_crew_new(&config, &job->crew, error);
    if (status == SWAPC_OK) status = serve(job, error);
    swapci_signer_crew_free(job->crew);
    swapci_key_pairs_free(pairs);
    swapci_places_fini(&job->places);
    return status;
}

int swapci_cmd_signer(int argc, char **argv) {
    struct swapci_method_choices methods;
    struct signer_job job = {.method = swapci_method_table[0]->name,
                             .keys_mode = keys_modes[0],
                             .keys_count = 16,
                             .retry_s = UINT64_MAX};
    const struct swapci_option rows[] = {
        SWAPCI_PIPELINE_ROWS(&job.common, "FILE",
                             "secret keys, made when missing; FILE.pub beside it (required)"),
        {"keys-count", SWAPCI_OPTION_COUNT, &job.keys_count, "N",
         "keys in a new key file (default 16)", 0, 1, SWAPCI_KEYRING_MAX},
        {"keys-mode", SWAPCI_OPTION_CHOICE, &job.keys_mode, "MODE",
         "who may read the key file: its owner, or its group too (default private)", keys_modes, 0,
         0},
        {"keys-only", SWAPCI_OPTION_ACT, &job.keys_only, NULL,
         "make what is missing of FILE and FILE.pub, and end", 0, 0, 0},
        {"method", SWAPCI_OPTION_CHOICE, &job.method, "M",
         "of messages that name none (default schnorr)", swapci_method_choices(&methods, NULL), 0,
         0},
        {"consumer", SWAPCI_OPTION_STRING, &job.consumer, "NAME",
         "its name in Redis (default HOST-RING or HOST): keep it over restarts (of partitions: "
         "HOST-PID)",
         0, 0, 0},
        {"tamper", SWAPCI_OPTION_FRACTION, &job.tamper, "FRACTION",
         "alter so many messages after signing (default 0)", 0, 0, 0},
        {"seed", SWAPCI_OPTION_COUNT, &job.seed, "N", "makes tampering repeatable", 0, 0, 0},
        SWAPCI_RETRY_ROW(&job.retry_s),
        {"parent", SWAPCI_OPTION_COUNT, &job.parent, "PID",
         "end when this process, which started it, ends", 0, 1, 0},
    };
    const struct swapci_options options = {
        command,
        "",
        "Reads messages from Redis, signs them, and sends the records to verifiers.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        0,
        "swapc signer --redis redis://127.0.0.1:6379 --ring demo --keys keys --listen "
        "127.0.0.1:8080"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with >= 0) return stop_with;
    const struct swapci_required required[] = {
        {"--redis", job.keys_only ? "" : job.common.redis, SWAPCI_REDIS_WHAT},
        {"--keys", job.common.keys, "a file; it is made when it is missing"},
    };
    stop_with = swapci_cli_required(command, required, sizeof required / sizeof *required);
    if (stop_with >= 0) return stop_with;
    if (job.keys_only) return make_keys(&job);
    stop_with = swapci_via_check(command, &job.common);
    if (stop_with < 0) stop_with = swapci_listen_check(command, &job.common, NULL);
    if (stop_with >= 0) return stop_with;
    swapci_signals_handle(SWAPCI_EXIT_OK);
    if (!swapci_service_bind_parent((pid_t)job.parent)) {
        fprintf(stderr, "%s: process %d did not start this one, or has ended: leave --parent out\n",
                command, (int)job.parent);
        return SWAPCI_EXIT_FAILED;
    }
    swapc_error error = SWAPC_ERROR_INIT;
    return swapci_service_exit(command, run(&job, &error), &error);
}
