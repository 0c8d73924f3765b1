#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "arguments.h"
#include "pipeline_options.h"
#include "service.h"
#include "signals.h"
#include "verifier.h"
#include "verifier_crew.h"
#include "slots_control.h"
#include "via.h"

struct verifier_job {
    struct swapci_pipeline_options common;
    struct swapci_module_rules rules;
    const char *method, *swap, *modules, *http_token;
    uint64_t workers, batch, keep, retry_s;
};

/* What serves, and what it sees. */
struct served {
    struct swapci_slots_control slots;
    swapci_judges *judges;
    swapci_verifier_crew *crew;
    unsigned workers;
    swapci_redis_health *health;
    const swapci_redis_config *redis;
    const struct swapci_places *places;
};

static enum swapc_status start(void *user, swapc_error *error) {
    return swapci_crew_start(&((struct served *)user)->crew->base, error);
}

static void stop(void *user) {
    swapci_crew_stop(&((struct served *)user)->crew->base);
}

static bool ended(void *user) {
    return swapci_crew_ended(&((struct served *)user)->crew->base);
}

static void look(void *user, struct swapci_service_view *out) {
    const struct served *b = user;
    swapci_verifier_sum sum;
    swapci_verifier_crew_sum(b->crew, &sum);
    const swapci_verifier_stats *stats = &sum.stats;
    swapci_crew_refused(&b->crew->base, out->refused);
    swapci_service_view_redis(out, b->health);
    out->peer = swapci_crew_peer(&b->crew->base);
    out->hindered = stats->hindered > 0;
    out->done = stats->valid + stats->not_valid + stats->errors;
    out->errors = stats->errors;
    out->unknown_keys = stats->unknown_keys;
    snprintf(out->last_error, sizeof out->last_error, "%s", stats->last_reason);
}

static void collect(void *user, swapci_facts *out) {
    const struct served *b = user;
    swapci_verifier_sum sum;
    swapci_verifier_crew_sum(b->crew, &sum);
    swapci_facts_read_verifiers(b->judges, &sum, out);
    swapci_crew_tell(&b->crew->base, out->partitions);
    out->workers = b->workers;
    out->ring = swapci_verifier_crew_fill(b->crew);
}

/* CPU time in modules, of all methods. */
static uint64_t call_us(const swapci_verifier_sum *sum) {
    uint64_t sum_ns = 0;
    for (unsigned m = 0; m < swapci_method_count; m++) sum_ns += sum->slots[m].call_ns.sum_ns;
    return sum_ns / 1000;
}

static void tell_status(void *user, swapci_control_status *out) {
    const struct served *b = user;
    swapci_verifier_sum sum;
    swapci_verifier_crew_sum(b->crew, &sum);
    const swapci_control_counter counters[] = {
        {"judged", swapci_judges_judged(b->judges)},
        {"swaps", swapci_slots_swaps(swapci_judges_slots(b->judges))},
        {"workers", b->workers},
        {"call_us", call_us(&sum)},
    };
    out->valid = sum.stats.valid;
    out->not_valid = sum.stats.not_valid;
    out->errors = sum.stats.errors;
    out->in_flight = sum.stats.in_flight;
    swapci_crew_tell(&b->crew->base, out->partitions);
    snprintf(out->last_error, sizeof out->last_error, "%s", sum.stats.last_reason);
    memcpy(out->counters, counters, sizeof counters);
    out->counter_count = sizeof counters / sizeof *counters;
}

static enum swapc_status act(void *user, enum swapci_swap_action action, const char *slot,
                             const char *path, swapci_swap_event *event, swapc_error *error) {
    const struct served *b = user;
    return swapci_slots_control_act(&b->slots, action, slot, path, event, error);
}

static void rows(void *user, swapci_control_partition *out) {
    const struct served *b = user;
    swapci_verifier_crew_rows(b->crew, out);
}

static enum swapc_status serve(const struct verifier_job *job, struct served *served,
                               swapc_error *error) {
    swapci_control_service control = swapci_slots_control_service(&served->slots);
    char place[SWAPCI_VIA_TEXT_MAX], join[SWAPCI_VIA_TEXT_MAX], ready[512], modules[384];
    char owners[SWAPCI_PLACES_OWNERS_MAX];
    swapci_slots_control_modules(&served->slots, modules, sizeof modules);
    snprintf(ready, sizeof ready, "%s, %u workers%s", swapci_via_place(&job->common, place),
             served->workers, modules);
    struct swapci_service service = {
        .role = "verifier",
        .peer = "signer",
        .place = swapci_via_place(&job->common, place),
        .join = swapci_via_join(&job->common, join),
        .look = look,
        .ready = ready,
        .health_name = "swapc.verifier",
        .listen = job->common.listen,
        .tls = &job->common.tls,
        .control = &control,
        .http = job->common.http,
        .collect = collect,
        .act = act,
        .http_token = job->http_token,
        .redis = served->redis,
        .places = served->places->at,
        .place_count = served->places->count,
        .owners = swapci_places_owners(served->places, "verifier", owners),
        .rows = rows,
        .log = swapci_cli_service_log(),
        .start = start,
        .ended = ended,
        .stop = stop,
        .user = served,
    };
    enum swapc_status status = swapci_service_run(&service, error);
    enum swapc_status joined = swapci_crew_join(&served->crew->base, error);
    return status == SWAPC_OK && joined != SWAPC_INTERRUPTED ? joined : status;
}

/* What its modules are, and how they may be replaced. */
static enum swapc_status open_judges(const struct verifier_job *job,
                                     struct swapci_module_paths *paths, swapc_trust **trust,
                                     swapc_trust **check_trust, swapci_judges **out,
                                     swapc_error *error) {
    unsigned partitions = job->common.partitions ? (unsigned)job->common.partitions : 1;
    swapci_judges_config config = {.engine = job->rules.engine,
                                   .allow_native = job->rules.allow_native,
                                   .keys_pub = job->common.keys,
                                   .cancel = &swapci_signals_cancel,
                                   .log = swapci_cli_log(),
                                   .workers = (unsigned)job->workers * partitions,
                                   .deadline_ms = (uint32_t)job->rules.deadline_ms,
                                   .compile_ms = job->rules.compile_ms};
    unsigned methods = swapci_method_set(job->method);
    enum swapc_status status = swapci_pipeline_modules(job->modules, methods, paths, error);
    swapci_pipeline_judged(paths, methods, &config);
    swapci_pipeline_swap(job->swap, job->method, &config);
    if (status == SWAPC_OK) status = swapci_module_trust(&job->rules, trust, check_trust, error);
    config.trust = *trust;
    config.check_trust = *check_trust;
    return status == SWAPC_OK ? swapci_judges_new(&config, out, error) : status;
}

/* Before anything is made in Redis: whether all there do it in one way. */
static enum swapc_status agree(const struct verifier_job *job, const struct swapci_places *places,
                               const swapci_redis_config *redis, swapc_error *error) {
    struct swapci_via_redis way = {.redis = *redis, .names = &places->at[0].names};
    way.redis.url = places->at[0].url;
    enum swapc_status status = swapci_places_claim(places, redis, error);
    return status == SWAPC_OK && places->count == 1 ? swapci_via_agree(&job->common, &way, error)
                                                    : status;
}

static enum swapc_status run(const struct verifier_job *job, swapc_error *error) {
    struct swapci_module_paths paths;
    struct swapci_places places = {.count = 0};
    swapci_redis_health health = {0};
    swapci_judges *judges = NULL;
    swapci_verifier_crew *crew = NULL;
    swapc_trust *trust = NULL, *check_trust = NULL;
    enum swapc_status status = swapci_places_init(&places, job->common.stream,
                                                  job->common.partitions, job->common.redis, error);
    if (status == SWAPC_OK) status = open_judges(job, &paths, &trust, &check_trust, &judges, error);
    const swapc_log log = swapci_cli_service_log();
    const swapci_redis_config redis = {.url = job->common.redis,
                                       .retry_ms = swapci_pipeline_retry_ms(job->retry_s),
                                       .service = true,
                                       .log = &log,
                                       .role = "verifier",
                                       .stop = &swapci_signals_hurry,
                                       .health = &health};
    const struct swapci_verifier_crew_config config = {
        .way = &job->common,
        .places = &places,
        .way_redis = redis,
        .verifier = {.judges = judges,
                     .redis = redis,
                     .keep = job->keep,
                     .workers = (unsigned)job->workers,
                     .batch = (unsigned)job->batch,
                     .log = log}};
    if (status == SWAPC_OK) status = agree(job, &places, &redis, error);
    if (status == SWAPC_OK) status = swapci_verifier_crew_new(&config, &crew, error);
    struct served served = {.slots = {.slots = judges ? swapci_judges_slots(judges) : NULL,
                                      .role = "verifier",
                                      .log = swapci_cli_service_log(),
                                      .tell_status = tell_status,
                                      .user = &served},
                            .judges = judges,
                            .crew = crew,
                            .workers = (unsigned)job->workers,
                            .health = &health,
                            .redis = &redis,
                            .places = &places};
    if (status == SWAPC_OK) status = serve(job, &served, error);
    swapci_verifier_crew_free(crew);
    swapci_judges_free(judges);
    swapc_trust_free(trust);
    swapc_trust_free(check_trust);
    swapci_places_fini(&places);
    return status;
}

int swapci_cmd_verifier(int argc, char **argv) {
    static const char *const more[] = {SWAPCI_METHOD_RANDOM, NULL};
    struct swapci_method_choices methods;
    struct verifier_job job = {.rules.engine = "wasmtime",
                               .method = SWAPCI_METHOD_RANDOM,
                               .swap = "none",
                               .workers = 1,
                               .batch = SWAPCI_VERIFIER_BATCH,
                               .retry_s = UINT64_MAX};
    const struct swapci_option rows[] = {
        SWAPCI_PIPELINE_ROWS(&job.common, "FILE.pub", "public keys of the signers (required)"),
        SWAPCI_HTTP_TOKEN_ROW(&job.http_token, ""),
        SWAPCI_ENGINE_ROWS(&job.rules),
        {"method", SWAPCI_OPTION_CHOICE, &job.method, "M",
         "which methods are served (default random)", swapci_method_choices(&methods, more), 0, 0},
        {"swap", SWAPCI_OPTION_CHOICE, &job.swap, "MODE", "how modules are swapped (default none)",
         swapci_swap_choices, 0, 0},
        {"workers", SWAPCI_OPTION_COUNT, &job.workers, "N",
         "threads that verify, of each partition (default 1)", 0, 1, SWAPCI_VERIFIER_WORKERS_MAX},
        SWAPCI_BATCH_ROW(&job.batch),
        SWAPCI_CALL_LIMIT_ROWS(&job.rules),
        SWAPCI_MODULES_ROW(&job.modules),
        SWAPCI_TRUST_ROWS(&job.rules),
        {"keep", SWAPCI_OPTION_COUNT, &job.keep, "N",
         "trim the verdicts to about N (default 0: never)", 0, 0, 0},
        SWAPCI_RETRY_ROW(&job.retry_s),
    };
    const struct swapci_options options = {
        "swapc verifier",
        "",
        "Takes signed messages from signers, has them verified by modules, stores verdicts in "
        "Redis.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        0,
        "swapc verifier --redis redis://127.0.0.1:6379 --ring demo --keys keys.pub"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with >= 0) return stop_with;
    const struct swapci_required required[] = {
        {"--redis", job.common.redis, SWAPCI_REDIS_WHAT},
        {"--keys", job.common.keys, "the FILE.pub that the signer makes beside its --keys FILE"},
    };
    stop_with = swapci_cli_required(options.command, required, sizeof required / sizeof *required);
    if (stop_with >= 0) return stop_with;
    stop_with = swapci_via_check(options.command, &job.common);
    if (stop_with < 0)
        stop_with = swapci_listen_check(options.command, &job.common, job.http_token);
    if (stop_with >= 0) return stop_with;
    swapci_signals_handle(SWAPCI_EXIT_OK);
    swapc_error error = SWAPC_ERROR_INIT;
    return swapci_service_exit(options.command, run(&job, &error), &error);
}
