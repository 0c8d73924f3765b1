/* What is shared: see the fields of run_job_impl.h. The generator's thread starts here, last. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "host_facts.h"
#include "run_job_impl.h"
#include "signals.h"
#include "signer.h"
#include "transport_client.h"
#include "via.h"

enum { READY_SLICE_MS = 200, READY_SLICES = 50 };

#define RING_PREFIX "run-"

/* Connects to each stream, and makes it. */
static enum swapc_status open_books(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_places *places = &job->places;
    swapci_redis_config own = job->redis_config;
    own.stop = job->options->stop;
    job->books = calloc(places->count, sizeof *job->books);
    if (!job->books) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    enum swapc_status status = SWAPC_OK;
    if (!job->server || places->count > 1) status = swapci_places_claim(places, &own, error);
    for (unsigned k = 0; k < places->count && status == SWAPC_OK; k++) {
        own.url = places->at[k].url;
        status = swapci_redis_open(&own, &job->books[k].redis, error);
        if (status == SWAPC_OK)
            status = swapci_stream_create(job->books[k].redis, &places->at[k].names, error);
    }
    job->redis = job->books[0].redis;
    return status;
}

enum swapc_status swapci_run_start_redis(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_run_options *o = job->options;
    swapci_private_redis_config config = SWAPCI_PRIVATE_REDIS_CONFIG_INIT;
    enum swapc_status status;
    config.stop = o->stop;
    job->redis_config = (swapci_redis_config){.url = o->redis,
                                              .stop = &job->quit,
                                              .log = &job->log,
                                              .role = "run",
                                              .health = &job->health};
    if (o->redis) {
        job->redis_config.retry_ms = SWAPCI_REDIS_RETRY_MS;
        status = swapci_tempdir_new(NULL, &job->tempdir, error);
    } else {
        status = swapci_private_redis_start(&config, &job->server, error);
        if (status == SWAPC_OK) job->redis_config.url = swapci_private_redis_url(job->server);
    }
    if (status == SWAPC_OK)
        status = swapci_places_init(&job->places, o->stream, o->partitions, job->redis_config.url,
                                    error);
    return status == SWAPC_OK ? open_books(job, error) : status;
}

enum swapc_status swapci_run_name_things(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_run_options *o = job->options;
    const char *folder =
        job->server ? swapci_private_redis_directory(job->server) : job->tempdir.path;
    int fits = 1;
    if (o->keys)
        fits &= (size_t)snprintf(job->keys, sizeof job->keys, "%s", o->keys) < sizeof job->keys;
    else snprintf(job->keys, sizeof job->keys, "%s/keys", folder);
    fits &= (size_t)snprintf(job->keys_pub, sizeof job->keys_pub, "%.4000s.pub", job->keys) <
            sizeof job->keys_pub;
    fits &= (size_t)snprintf(job->listen, sizeof job->listen, "unix:%s/signer", folder) <
            sizeof job->listen;
    snprintf(job->ring, sizeof job->ring, RING_PREFIX "%d", (int)getpid());
    job->way = (struct swapci_pipeline_options){.redis = job->redis_config.url,
                                                .ring = job->ring,
                                                .stream = job->places.partitions.prefix,
                                                .partitions = o->partitions,
                                                .via = o->via,
                                                .signer = job->consumer};
    snprintf(job->consumer, sizeof job->consumer, "run-%d-%08" PRIx64, (int)getpid(),
             swapci_clock_realtime_us() & 0xffffffff);
    return fits ? SWAPC_OK : swapc_error_set(error, SWAPC_TOO_LARGE, "a path is too long");
}

static enum swapc_status load_modules(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_run_options *o = job->options;
    swapci_judges_config config = {.engine = o->engine,
                                   .keys_pub = job->keys_pub,
                                   .cancel = &swapci_signals_cancel,
                                   .log = job->log,
                                   .workers = (unsigned)o->workers * job->places.count,
                                   .deadline_ms = (uint32_t)o->deadline_ms,
                                   .compile_ms = o->compile_ms};
    /* All methods, whatever this run asks for: others may add messages to the same stream. */
    unsigned methods = swapci_method_set(SWAPCI_METHOD_RANDOM);
    enum swapc_status status = swapci_pipeline_modules(o->modules, methods, &job->paths, error);
    swapci_pipeline_judged(&job->paths, methods, &config);
    swapci_pipeline_swap(o->swap, o->method, &config);
    return status == SWAPC_OK ? swapci_judges_new(&config, &job->judges, error) : status;
}

enum swapc_status swapci_run_measure_bound(struct swapci_run_job *job, swapc_error *error) {
    struct swapci_host_facts facts;
    swapci_redis_config first = job->redis_config;
    if (!job->pairs) return SWAPC_OK;
    first.url = job->places.at[0].url;
    swapci_host_facts_read(&facts);
    struct swapci_run_bound_config config = {.pairs = job->pairs,
                                             .judges = job->judges,
                                             .methods = swapci_method_set(job->options->method),
                                             .batch = (unsigned)job->options->batch,
                                             .redis = job->redis,
                                             .redis_config = &first,
                                             .names = &job->places.at[0].names,
                                             .cores = (unsigned)facts.cores};
    return swapci_run_bound_measure(&config, &job->bound, error);
}

enum swapc_status swapci_run_prepare_keys_and_modules(struct swapci_run_job *job,
                                                      swapc_error *error) {
    swapci_keyring *keys = NULL;
    enum swapc_status status = swapci_keyring_load(
        job->keys, SWAPCI_KEYS_PRIVATE, (unsigned)job->options->keys_count, &keys, error);
    if (status == SWAPC_OK && job->options->bound)
        status = swapci_key_pairs_new(keys, &job->pairs, error);
    swapci_keyring_free(keys);
    if (status == SWAPC_OK) status = load_modules(job, error);
    if (status == SWAPC_OK) status = swapci_run_measure_bound(job, error);
    if (job->judges) job->swaps_before = swapci_slots_swaps(swapci_judges_slots(job->judges));
    return status;
}

enum swapc_status swapci_run_start_verifier(struct swapci_run_job *job, swapc_error *error) {
    swapci_via_sweep(&job->way, RING_PREFIX);
    struct swapci_verifier_crew_config config = {
        .way = &job->way,
        .places = &job->places,
        .way_redis = job->redis_config,
        .verifier = {.judges = job->judges,
                     .redis = job->redis_config,
                     .workers = (unsigned)job->options->workers,
                     .batch = (unsigned)job->options->batch,
                     .log = job->log}};
    config.way_redis.role = "verifier";
    enum swapc_status status = swapci_verifier_crew_new(&config, &job->crew, error);
    if (status == SWAPC_OK) status = swapci_crew_start(&job->crew->base, error);
    job->slots = (struct swapci_slots_control){
        .slots = swapci_judges_slots(job->judges), .role = "run", .log = job->log};
    if (status == SWAPC_OK) atomic_store(&job->verifying, true);
    return status;
}

enum swapc_status swapci_run_start_signer(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_run_options *o = job->options;
    job->signer = (struct swapci_signer_child){
        .redis_url = job->redis_config.url,
        .ring = swapci_via_ring(&job->way) ? job->ring : NULL,
        .via = o->via,
        .http = job->front ? job->signer_http : NULL,
        .keys = job->keys,
        .listen = job->listen,
        .stream = job->places.partitions.prefix,
        .partitions = job->places.count,
        .consumer = job->consumer,
        .tamper = o->tamper,
        .seed = o->seed,
        .retry_s = job->redis_config.retry_ms / 1000,
        .log = job->log,
    };
    return swapci_signer_child_start(&job->signer, error);
}

/* Waits for the signer in slices, so that its death and a signal are seen, then announces the
 * stream to it. */
enum swapc_status swapci_run_connect_signer(struct swapci_run_job *job, swapc_error *error) {
    enum swapc_status status = swapci_rpc_client_new(job->listen, &job->client, error);
    if (status != SWAPC_OK) return status;
    status = SWAPC_UNREACHABLE;
    for (int i = 0; i < READY_SLICES && status == SWAPC_UNREACHABLE; i++) {
        if (swapci_run_interrupted(job)) return SWAPC_INTERRUPTED;
        enum swapc_status alive = swapci_signer_child_watch(&job->signer, error);
        if (alive != SWAPC_OK) return alive;
        status = swapci_rpc_client_wait_ready(job->client, READY_SLICE_MS, NULL);
    }
    if (status != SWAPC_OK)
        return swapc_error_set(error, status, "the signer did not answer within %d s",
                               READY_SLICES * READY_SLICE_MS / 1000);
    return swapci_transport_client_connect(job->client, job->places.at[0].names.messages, 1,
                                           READY_SLICES * READY_SLICE_MS, NULL, error);
}

static void *generate(void *user) {
    struct swapci_run_job *job = user;
    const struct swapci_run_options *o = job->options;
    unsigned count = job->places.count;
    swapci_generator_place *places = calloc(count, sizeof *places);
    swapci_generator_config config = {
        .redis = job->redis_config,
        .places = places,
        .place_count = count,
        .input = o->input,
        .messages = o->messages == UINT64_MAX ? 0 : o->messages,
        .method = o->method,
        .seed = o->seed,
        .message_max = swapci_signer_message_max(SWAPCI_TRANSPORT_RECORD_MAX),
        .sent = &job->sent,
    };
    for (unsigned k = 0; k < count && places; k++)
        places[k] = (swapci_generator_place){.url = job->places.at[k].url,
                                             .names = &job->places.at[k].names,
                                             .ledger = job->books[k].ledger};
    job->generator_status =
        places ? swapci_generator_run(&config, &job->generated, &job->generator_error)
               : swapc_error_set(&job->generator_error, SWAPC_NO_MEMORY, "out of memory");
    free(places);
    atomic_store(&job->done, 1);
    /* The contract's last word. Whether all is signed the ledger tells; a signer that was killed
     * meanwhile cannot answer, and its successor needs no telling. */
    for (unsigned k = 0; k < count && job->generator_status == SWAPC_OK; k++)
        swapci_transport_client_sending(job->client, job->places.at[k].names.messages, 2, 0, NULL,
                                        NULL);
    return NULL;
}

enum swapc_status swapci_run_start_generator(struct swapci_run_job *job, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned k = 0; k < job->places.count && status == SWAPC_OK; k++) {
        struct swapci_run_book *book = &job->books[k];
        status = swapci_ledger_new(&book->ledger, error);
        if (status == SWAPC_OK)
            status =
                swapci_ledger_start(book->ledger, book->redis, &job->places.at[k].names, error);
    }
    if (status != SWAPC_OK) return status;
    job->startup_s = (double)(swapci_clock_monotonic_ns() - job->started_ns) / 1e9;
    int failed = pthread_create(&job->generator, NULL, generate, job);
    if (failed)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start the generator");
    job->generating = true;
    return SWAPC_OK;
}
