/* What is shared: `quit`, raised once by the main thread when the job ends, however it ends, and looked
 * at by every wait of the generator and the workers; the generator's `sent` and `done`, atomics that
 * the main thread reads. The ledger is the generator's until `done`, then the main thread's. */
#include "run_job.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "engines.h"
#include "generator.h"
#include "host_facts.h"
#include "pipeline_options.h"
#include "private_redis.h"
#include "progress.h"
#include "redis_retry.h"
#include "ring.h"
#include "rpc_client.h"
#include "rpc_runtime.h"
#include "run_bound.h"
#include "signer.h"
#include "signer_child.h"
#include "tempdir.h"
#include "transport_client.h"
#include "verifier.h"

enum {
    TICK_MS = 20,
    LEDGER_TICKS = 50, /* how often the ledger is asked while other producers fill the stream */
    READY_SLICE_MS = 200,
    READY_SLICES = 50,
    STALL_S = 120 /* without one more verdict in this time, the rest is lost */
};

struct swapci_run_job {
    const struct swapci_run_options *options;
    swapc_log log;
    uint64_t started_ns;
    atomic_int quit;

    swapci_private_redis *server; /* NULL: the user's Redis */
    swapci_tempdir tempdir;       /* with the user's Redis */
    swapci_redis_config redis_config;
    swapci_redis *redis; /* the main thread's */
    swapci_stream_names names;
    char keys[4096], keys_pub[4096], listen[128], ring[64], consumer[64];

    struct swapci_module_paths paths;
    swapci_judges *judges;
    uint64_t swaps_before; /* made while the bound was measured */
    swapci_receiver *receiver;
    swapci_verifier *verifier;
    struct swapci_signer_child signer;
    swapci_rpc_client *client;

    swapci_ledger *ledger;
    swapci_ledger_result books;
    pthread_t generator;
    bool generating;
    atomic_int done;
    _Atomic uint64_t sent;
    swapci_generator_result generated;
    enum swapc_status generator_status;
    swapc_error generator_error;

    struct swapci_run_bound bound;
    struct swapci_bench_report comparison;
    bool compared;
    swapci_histogram verify_ns;
    double startup_s;
};

static bool interrupted(const struct swapci_run_job *job) {
    return atomic_load(job->options->stop) != 0;
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
    *out = job;
    return SWAPC_OK;
}

/* ---- preparing ------------------------------------------------------------------------------ */

static enum swapc_status start_redis(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_run_options *o = job->options;
    swapci_private_redis_config config = SWAPCI_PRIVATE_REDIS_CONFIG_INIT;
    enum swapc_status status;
    config.stop = o->stop;
    job->redis_config =
        (swapci_redis_config){.url = o->redis, .stop = &job->quit, .log = &job->log, .role = "run"};
    if (o->redis) {
        job->redis_config.retry_ms = SWAPCI_REDIS_RETRY_MS;
        status = swapci_tempdir_new(NULL, &job->tempdir, error);
    } else {
        status = swapci_private_redis_start(&config, &job->server, error);
        if (status == SWAPC_OK) job->redis_config.url = swapci_private_redis_url(job->server);
    }
    swapci_redis_config own = job->redis_config;
    own.stop = o->stop;
    if (status == SWAPC_OK) status = swapci_stream_names_init(&job->names, o->stream, error);
    if (status == SWAPC_OK) status = swapci_redis_open(&own, &job->redis, error);
    return status == SWAPC_OK ? swapci_stream_create(job->redis, &job->names, error) : status;
}

static enum swapc_status name_things(struct swapci_run_job *job, swapc_error *error) {
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
    snprintf(job->ring, sizeof job->ring, "run-%d", (int)getpid());
    snprintf(job->consumer, sizeof job->consumer, "run-%d-%08" PRIx64, (int)getpid(),
             swapci_clock_realtime_us() & 0xffffffff);
    return fits ? SWAPC_OK : swapc_error_set(error, SWAPC_TOO_LARGE, "a path is too long");
}

static enum swapc_status load_modules(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_run_options *o = job->options;
    swapci_judges_config config = {.engine = o->engine,
                                   .keys_pub = job->keys_pub,
                                   .log = job->log,
                                   .workers = (unsigned)o->workers};
    /* All methods, whatever this run asks for: others may add messages to the same stream. */
    unsigned methods = swapci_method_set(SWAPCI_METHOD_RANDOM);
    enum swapc_status status = swapci_pipeline_modules(methods, &job->paths, error);
    swapci_pipeline_judged(&job->paths, methods, &config);
    swapci_pipeline_swap(o->swap, o->method, &config);
    return status == SWAPC_OK ? swapci_judges_new(&config, &job->judges, error) : status;
}

static enum swapc_status measure_bound(struct swapci_run_job *job, const swapci_key_pairs *pairs,
                                       swapc_error *error) {
    struct swapci_host_facts facts;
    if (!job->options->bound) return SWAPC_OK;
    swapci_host_facts_read(&facts);
    enum swapc_status status = swapci_run_bound_measure(
        pairs, job->judges, swapci_method_set(job->options->method), job->redis, &job->names,
        (unsigned)facts.cores, &job->bound, error);
    job->swaps_before = swapci_judges_swaps(job->judges);
    return status;
}

static enum swapc_status prepare_keys_and_modules(struct swapci_run_job *job, swapc_error *error) {
    swapci_keyring *keys = NULL;
    swapci_key_pairs *pairs = NULL;
    enum swapc_status status =
        swapci_keyring_load(job->keys, (unsigned)job->options->keys_count, &keys, error);
    if (status == SWAPC_OK) status = swapci_key_pairs_new(keys, &pairs, error);
    swapci_keyring_free(keys);
    if (status == SWAPC_OK) status = load_modules(job, error);
    if (status == SWAPC_OK) status = measure_bound(job, pairs, error);
    swapci_key_pairs_free(pairs);
    return status;
}

static enum swapc_status start_verifier(struct swapci_run_job *job, swapc_error *error) {
    swapci_ring_sweep(NULL, "run-");
    enum swapc_status status = swapci_pipeline_receiver(job->ring, &job->receiver, error);
    if (status != SWAPC_OK) return status;
    swapci_verifier_config config = {
        .judges = job->judges,
        .receiver = job->receiver,
        .redis = job->redis_config,
        .names = &job->names,
        .workers = (unsigned)job->options->workers,
        .log = job->log,
    };
    status = swapci_verifier_new(&config, &job->verifier, error);
    return status == SWAPC_OK ? swapci_verifier_start(job->verifier, error) : status;
}

static enum swapc_status start_signer(struct swapci_run_job *job, swapc_error *error) {
    const struct swapci_run_options *o = job->options;
    job->signer = (struct swapci_signer_child){
        .redis_url = job->redis_config.url,
        .ring = job->ring,
        .keys = job->keys,
        .listen = job->listen,
        .stream = job->names.prefix,
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
static enum swapc_status connect_signer(struct swapci_run_job *job, swapc_error *error) {
    enum swapc_status status = swapci_rpc_client_new(job->listen, &job->client, error);
    if (status != SWAPC_OK) return status;
    status = SWAPC_UNREACHABLE;
    for (int i = 0; i < READY_SLICES && status == SWAPC_UNREACHABLE; i++) {
        if (interrupted(job)) return SWAPC_INTERRUPTED;
        enum swapc_status alive = swapci_signer_child_watch(&job->signer, error);
        if (alive != SWAPC_OK) return alive;
        status = swapci_rpc_client_wait_ready(job->client, READY_SLICE_MS, NULL);
    }
    if (status != SWAPC_OK)
        return swapc_error_set(error, status, "the signer did not answer within %d s",
                               READY_SLICES * READY_SLICE_MS / 1000);
    return swapci_transport_client_connect(job->client, job->names.messages, 1,
                                           READY_SLICES * READY_SLICE_MS, NULL, error);
}

/* ---- running -------------------------------------------------------------------------------- */

static void *generate(void *user) {
    struct swapci_run_job *job = user;
    const struct swapci_run_options *o = job->options;
    swapci_generator_config config = {
        .redis = job->redis_config,
        .names = job->names,
        .input = o->input,
        .messages = o->messages == UINT64_MAX ? 0 : o->messages,
        .method = o->method,
        .seed = o->seed,
        .message_max = swapci_signer_message_max(SWAPCI_TRANSPORT_RECORD_MAX),
        .ledger = job->ledger,
        .sent = &job->sent,
    };
    job->generator_status = swapci_generator_run(&config, &job->generated, &job->generator_error);
    atomic_store(&job->done, 1);
    /* The contract's last word. Whether all is signed the ledger tells; a signer that was killed
     * meanwhile cannot answer, and its successor needs no telling. */
    if (job->generator_status == SWAPC_OK)
        swapci_transport_client_sending(job->client, job->names.messages, 2, 0, NULL, NULL);
    return NULL;
}

static enum swapc_status start_generator(struct swapci_run_job *job, swapc_error *error) {
    enum swapc_status status = swapci_ledger_new(&job->ledger, error);
    if (status == SWAPC_OK)
        status = swapci_ledger_start(job->ledger, job->redis, &job->names, error);
    if (status != SWAPC_OK) return status;
    job->startup_s = (double)(swapci_clock_monotonic_ns() - job->started_ns) / 1e9;
    int failed = pthread_create(&job->generator, NULL, generate, job);
    if (failed)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start the generator");
    job->generating = true;
    return SWAPC_OK;
}

/* The input had a line that is too long, or could not be read on: what came before it is sent, and is
 * answered and accounted for like any other message. */
static bool input_broke(const struct swapci_run_job *job) {
    enum swapc_status status = job->generator_status;
    return job->options->input && (status == SWAPC_TOO_LARGE || status == SWAPC_IO) &&
           atomic_load(&job->sent) > 0;
}

/* What can end the job from outside: a signal, the signer, a worker, the generator. */
static enum swapc_status watch(struct swapci_run_job *job, swapc_error *error) {
    if (interrupted(job)) return SWAPC_INTERRUPTED;
    enum swapc_status status = swapci_signer_child_watch(&job->signer, error);
    if (status != SWAPC_OK) return status;
    if (swapci_verifier_failed(job->verifier)) return swapci_verifier_join(job->verifier, error);
    if (atomic_load(&job->done) && job->generator_status != SWAPC_OK && !input_broke(job))
        return swapc_error_set(error, job->generator_status, "%s", job->generator_error.text);
    return SWAPC_OK;
}

/* A look at the length of the stream. */
struct length_look {
    struct swapci_run_job *job;
    uint64_t length;
};

static enum swapc_status look_at_length(void *user, swapc_error *error) {
    struct length_look *l = user;
    return swapci_stream_length(l->job->redis, &l->job->names, &l->length, error);
}

static enum swapc_status unanswered(struct swapci_run_job *job, uint64_t *out, swapc_error *error) {
    struct length_look l = {.job = job};
    enum swapc_status status = swapci_redis_persist(job->redis, look_at_length, &l, error);
    if (status == SWAPC_OK) *out = l.length;
    return status;
}

/* Sees to it that the job ends when no verdict comes any more. */
struct patience {
    uint64_t last;
    uint64_t since_ns;
};

/* waiting: something is unanswered. A slow input is no reason to lose patience. */
static bool stalled(struct patience *patience, bool waiting, uint64_t answered) {
    uint64_t now = swapci_clock_monotonic_ns();
    if (!waiting || answered != patience->last || patience->since_ns == 0)
        *patience = (struct patience){answered, now};
    return now - patience->since_ns > STALL_S * 1000000000ull;
}

/* The ledger tells what is lost once all is sent; before that, the job cannot go on. */
static enum swapc_status give_up(struct swapci_run_job *job, bool done, uint64_t open,
                                 swapc_error *error) {
    if (!done)
        return swapc_error_set(error, SWAPC_SYSTEM,
                               "no verdict for %d s, with %" PRIu64 " messages in the stream: is a "
                               "signer of this stream stuck? swapc status ADDR asks one",
                               STALL_S, open);
    swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run", "no verdict for %d s: the rest is lost",
                    STALL_S);
    return SWAPC_OK;
}

/* How the wait for the answers stands. */
struct standing {
    uint64_t open;     /* in the stream: not answered, whoever added them */
    uint64_t answered; /* by the ledger, once all is sent */
    uint64_t seen;     /* for people: never less than before */
    bool done;         /* all is sent */
};

static enum swapc_status look(struct swapci_run_job *job, unsigned turn, struct standing *s,
                              swapc_error *error) {
    enum swapc_status status = watch(job, error);
    s->done = atomic_load(&job->done) != 0;
    uint64_t sent = atomic_load(&job->sent);
    if (status == SWAPC_OK) status = unanswered(job, &s->open, error);
    if (sent > s->open && sent - s->open > s->seen) s->seen = sent - s->open;
    if (status == SWAPC_OK && s->done && (s->open == 0 || turn % LEDGER_TICKS == 0))
        status = swapci_ledger_read(job->ledger, job->redis, &job->names, &s->answered, error);
    return status;
}

static enum swapc_status wait_answers(struct swapci_run_job *job, swapc_error *error) {
    const struct timespec tick = {0, TICK_MS * 1000000L};
    struct swapci_progress progress;
    struct patience patience = {0, 0};
    struct standing standing = {0};
    uint64_t total = job->options->messages == UINT64_MAX ? 0 : job->options->messages;
    enum swapc_status status = SWAPC_OK;
    swapci_progress_init(&progress, job->options->progress);
    for (unsigned turn = 1; status == SWAPC_OK; turn++) {
        nanosleep(&tick, NULL);
        status = look(job, turn, &standing, error);
        if (standing.done && standing.answered == swapci_ledger_count(job->ledger)) break;
        swapci_progress_draw(&progress, standing.seen, total ? total : atomic_load(&job->sent));
        if (stalled(&patience, standing.open > 0 || standing.done,
                    standing.seen + standing.answered)) {
            status = give_up(job, standing.done, standing.open, error);
            break;
        }
    }
    swapci_progress_end(&progress);
    return status;
}

/* ---- ending --------------------------------------------------------------------------------- */

/* Stops everything that works on messages; Redis stays up for the ledger. */
static void stop_work(struct swapci_run_job *job) {
    atomic_store(&job->quit, 1);
    if (job->client) swapci_rpc_client_close(job->client);
    if (job->generating) pthread_join(job->generator, NULL);
    job->generating = false;
    swapci_signer_child_stop(&job->signer);
    if (job->verifier) {
        swapci_verifier_stop(job->verifier);
        swapci_verifier_join(job->verifier, NULL);
    }
}

static enum swapc_status trim(struct swapci_run_job *job, swapc_error *error) {
    redisReply *reply;
    if (job->options->keep == 0) return SWAPC_OK;
    enum swapc_status status =
        swapci_redis_call(job->redis, "trim the verdicts", &reply, error, "XTRIM %s MAXLEN %llu",
                          job->names.verdicts, (unsigned long long)job->options->keep);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

static void describe_modules(const struct swapci_run_job *job, struct swapci_run_result *r) {
    unsigned methods = swapci_method_set(job->options->method);
    for (unsigned m = 0; m < swapci_method_count; m++) {
        const swapc_module_info *info = swapci_judges_module(job->judges, swapci_method_table[m]);
        if (info && methods & 1u << m) r->modules[r->module_count++] = *info;
    }
}

/* Every engine of the build on the same bytes, once the run is over and the machine quiet again. Its
 * figures are an extra: what hinders them does not spoil the run. */
static void compare_engines(struct swapci_run_job *job) {
    enum { ROUNDS = 9, REQUESTS = 8 };
    swapc_error why = SWAPC_ERROR_INIT;
    if (!job->options->bound || interrupted(job)) return;
    struct swapci_bench_config config = {.pace = {.rounds = ROUNDS, .stop = job->options->stop},
                                         .requests = REQUESTS,
                                         .best_only = true,
                                         .log = job->log};
    for (unsigned m = 0; m < swapci_method_count; m++) config.paths[m] = job->paths.text[m];
    job->compared = swapci_bench_engines(&config, &job->comparison, &why) == SWAPC_OK;
    if (!job->compared)
        swapc_log_write(&job->log, SWAPC_LOG_WARN, "run", "the engines are not compared: %s",
                        why.text);
}

static void sum_up(struct swapci_run_job *job, struct swapci_run_result *r) {
    const struct swapci_run_options *o = job->options;
    const swapci_ledger_result *books = &job->books;
    swapci_verifier_times(job->verifier, &job->verify_ns);
    *r = (struct swapci_run_result){
        .engine = o->engine,
        .method = o->method,
        .swap = o->swap,
        .messages = books->messages,
        .valid = books->valid,
        .not_valid = books->not_valid,
        .errors = books->errors,
        .lost = books->lost,
        .duplicates = books->duplicates,
        .wrong = books->wrong,
        .tampered = books->tampered,
        .startup_s = job->startup_s,
        .bound_per_s = job->bound.per_s,
        .swaps = swapci_judges_swaps(job->judges) - job->swaps_before,
        .workers = (unsigned)o->workers,
        .verify_ns = &job->verify_ns,
        .latency_us = books->latency_us,
        .input_error = input_broke(job) ? job->generator_error.text : NULL,
        .comparison = job->compared ? &job->comparison : NULL,
    };
    uint64_t end = books->last_us, begin = job->generated.first_us;
    r->elapsed_s = end > begin ? (double)(end - begin) / 1e6 : 0;
    describe_modules(job, r);
}

static void explain(const struct swapci_run_job *job) {
    const swapci_ledger_result *books = &job->books;
    if (books->errors > 0)
        swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run",
                        "first Error: message %" PRIu64 "-%" PRIu64 " (%s)", books->first_error.ms,
                        books->first_error.seq, books->first_reason);
    if (books->lost > 0)
        swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run",
                        "first without a verdict: message %" PRIu64 "-%" PRIu64,
                        books->first_lost.ms, books->first_lost.seq);
    if (books->foreign > 0)
        swapc_log_write(&job->log, SWAPC_LOG_WARN, "run",
                        "%" PRIu64 " messages of other producers were answered meanwhile: elapsed, "
                        "latency and verify times include that work",
                        books->foreign);
    if (books->wrong > books->errors)
        swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run",
                        "first with a wrong verdict: message %" PRIu64 "-%" PRIu64,
                        books->first_wrong.ms, books->first_wrong.seq);
}

/* Nobody can start the private server again: say what is so. */
static enum swapc_status private_server_lost(const struct swapci_run_job *job,
                                             enum swapc_status status, swapc_error *error) {
    if (!job->server || status != SWAPC_UNREACHABLE) return status;
    swapc_error_clear(error);
    return swapc_error_set(
        error, status,
        "the private Redis server ended during the run, and what it held is gone "
        "with it: run again, or give --redis URL of a server that outlives a run");
}

enum swapc_status swapci_run_job_run(swapci_run_job *job, struct swapci_run_result *result,
                                     swapc_error *error) {
    static enum swapc_status (*const steps[])(struct swapci_run_job *, swapc_error *) = {
        start_redis,  name_things,    prepare_keys_and_modules, start_verifier,
        start_signer, connect_signer, start_generator,          wait_answers,
    };
    enum swapc_status status = SWAPC_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == SWAPC_OK; i++)
        status = interrupted(job) ? SWAPC_INTERRUPTED : steps[i](job, error);
    stop_work(job);
    if (status == SWAPC_OK)
        status = swapci_ledger_join(job->ledger, job->redis, &job->names, &job->books, error);
    if (status == SWAPC_OK) status = trim(job, error);
    if (status != SWAPC_OK) return private_server_lost(job, status, error);
    compare_engines(job);
    sum_up(job, result);
    explain(job);
    return SWAPC_OK;
}

void swapci_run_job_free(swapci_run_job *job) {
    if (!job) return;
    stop_work(job);
    swapci_rpc_client_free(job->client);
    swapci_rpc_shutdown();
    swapci_verifier_free(job->verifier);
    swapci_receiver_close(job->receiver);
    swapci_judges_free(job->judges);
    swapci_ledger_free(job->ledger);
    if (job->ring[0]) swapci_ring_unlink(NULL, job->ring, NULL);
    swapci_redis_free(job->redis);
    swapci_private_redis_stop(job->server);
    swapci_tempdir_remove(&job->tempdir);
    free(job);
}
