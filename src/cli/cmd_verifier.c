#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "arguments.h"
#include "pipeline_options.h"
#include "service.h"
#include "signals.h"
#include "verifier.h"
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
    swapci_verifier *verifier;
    unsigned workers;
    swapci_receiver *receiver;
    swapci_redis_health *health;
    const swapci_redis_config *redis;
    const swapci_stream_names *names;
};

static swapci_verifier *verifier_of(void *user) {
    return ((struct served *)user)->verifier;
}

static enum swapc_status start(void *user, swapc_error *error) {
    return swapci_verifier_start(verifier_of(user), error);
}

static void stop(void *user) {
    swapci_verifier_stop(verifier_of(user));
}

static bool ended(void *user) {
    return swapci_verifier_ended(verifier_of(user));
}

static void look(void *user, struct swapci_service_view *out) {
    const struct served *b = user;
    swapci_verifier_stats stats = swapci_verifier_stats_get(b->verifier);
    out->redis = swapci_redis_up(b->health);
    out->peer = swapci_receiver_sender_alive(b->receiver);
    out->hindered = stats.hindered > 0;
    out->done = stats.valid + stats.not_valid + stats.errors;
    out->errors = stats.errors;
    out->unknown_keys = stats.unknown_keys;
    snprintf(out->last_error, sizeof out->last_error, "%s", stats.last_reason);
}

static void collect(void *user, swapci_facts *out) {
    const struct served *b = user;
    swapci_facts_read_verifier(b->judges, b->verifier, out);
    out->workers = b->workers;
    out->ring = swapci_receiver_fill(b->receiver);
}

/* CPU time in modules, of all methods. */
static uint64_t call_us(const swapci_verifier *verifier) {
    uint64_t sum_ns = 0;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        swapci_verifier_slot slot;
        swapci_verifier_slot_get(verifier, m, &slot);
        sum_ns += slot.call_ns.sum_ns;
    }
    return sum_ns / 1000;
}

static void tell_status(void *user, swapci_control_status *out) {
    const struct served *b = user;
    const swapci_control_counter counters[] = {
        {"judged", swapci_judges_judged(b->judges)},
        {"swaps", swapci_slots_swaps(swapci_judges_slots(b->judges))},
        {"workers", b->workers},
        {"call_us", call_us(b->verifier)},
    };
    swapci_verifier_stats stats = swapci_verifier_stats_get(b->verifier);
    out->valid = stats.valid;
    out->not_valid = stats.not_valid;
    out->errors = stats.errors;
    out->in_flight = stats.in_flight;
    snprintf(out->last_error, sizeof out->last_error, "%s", stats.last_reason);
    memcpy(out->counters, counters, sizeof counters);
    out->counter_count = sizeof counters / sizeof *counters;
}

static enum swapc_status act(void *user, enum swapci_swap_action action, const char *slot,
                             const char *path, swapci_swap_event *event, swapc_error *error) {
    const struct served *b = user;
    return swapci_slots_control_act(&b->slots, action, slot, path, event, error);
}

/* Before a forced end. */
static void abandon(void *user) {
    swapci_receiver_abandon(user);
}

static enum swapc_status serve(const struct verifier_job *job, struct served *served,
                               swapc_error *error) {
    swapci_verifier *verifier = served->verifier;
    swapci_control_service control = swapci_slots_control_service(&served->slots);
    char place[SWAPCI_VIA_TEXT_MAX], join[SWAPCI_VIA_TEXT_MAX], ready[512], modules[384];
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
        .names = served->names,
        .log = swapci_cli_service_log(),
        .start = start,
        .ended = ended,
        .stop = stop,
        .user = served,
    };
    enum swapc_status status = swapci_service_run(&service, error);
    swapci_verifier_stop(verifier);
    enum swapc_status joined = swapci_verifier_join(verifier, error);
    return status == SWAPC_OK ? joined : status;
}

static enum swapc_status run(const struct verifier_job *job, swapc_error *error) {
    swapci_judges_config config = {.engine = job->rules.engine,
                                   .allow_native = job->rules.allow_native,
                                   .keys_pub = job->common.keys,
                                   .log = swapci_cli_log(),
                                   .workers = (unsigned)job->workers,
                                   .deadline_ms = (uint32_t)job->rules.deadline_ms,
                                   .compile_ms = job->rules.compile_ms};
    struct swapci_module_paths paths;
    swapci_redis_health health = {0};
    unsigned methods = swapci_method_set(job->method);
    swapci_stream_names names;
    swapci_judges *judges = NULL;
    swapci_receiver *receiver = NULL;
    swapci_verifier *verifier = NULL;
    swapc_trust *trust = NULL, *check_trust = NULL;
    enum swapc_status status = swapci_stream_names_init(&names, job->common.stream, error);
    if (status == SWAPC_OK) status = swapci_pipeline_modules(job->modules, methods, &paths, error);
    swapci_pipeline_judged(&paths, methods, &config);
    swapci_pipeline_swap(job->swap, job->method, &config);
    if (status == SWAPC_OK) status = swapci_module_trust(&job->rules, &trust, &check_trust, error);
    config.trust = trust;
    config.check_trust = check_trust;
    config.cancel = &swapci_signals_cancel;
    if (status == SWAPC_OK) status = swapci_judges_new(&config, &judges, error);
    const swapci_redis_config redis = {.url = job->common.redis,
                                       .retry_ms = swapci_pipeline_retry_ms(job->retry_s),
                                       .service = true,
                                       .stop = &swapci_signals_hurry,
                                       .health = &health};
    const swapc_log log = swapci_cli_service_log();
    struct swapci_via_redis way = {.redis = redis, .names = &names};
    way.redis.log = &log;
    way.redis.role = "verifier";
    if (status == SWAPC_OK) status = swapci_via_agree(&job->common, &way, error);
    if (status == SWAPC_OK) status = swapci_via_receiver(&job->common, &way, &receiver, error);
    if (receiver) swapci_signals_leftover(abandon, receiver);
    swapci_verifier_config verifier_config = {
        .judges = judges,
        .receiver = receiver,
        .redis = redis,
        .names = &names,
        .keep = job->keep,
        .workers = (unsigned)job->workers,
        .batch = (unsigned)job->batch,
        .log = log,
    };
    if (status == SWAPC_OK) status = swapci_verifier_new(&verifier_config, &verifier, error);
    struct served served = {.slots = {.slots = judges ? swapci_judges_slots(judges) : NULL,
                                      .role = "verifier",
                                      .log = swapci_cli_service_log(),
                                      .tell_status = tell_status,
                                      .user = &served},
                            .judges = judges,
                            .verifier = verifier,
                            .workers = (unsigned)job->workers,
                            .receiver = receiver,
                            .health = &health,
                            .redis = &verifier_config.redis,
                            .names = &names};
    if (status == SWAPC_OK) status = serve(job, &served, error);
    swapci_verifier_free(verifier);
    if (receiver) swapci_signals_leftover_gone(receiver);
    swapci_receiver_close(receiver);
    swapci_judges_free(judges);
    swapc_trust_free(trust);
    swapc_trust_free(check_trust);
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
        {"workers", SWAPCI_OPTION_COUNT, &job.workers, "N", "threads that verify (default 1)", 0, 1,
         SWAPCI_VERIFIER_WORKERS_MAX},
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
    if (stop_with < 0) stop_with = swapci_http_check(options.command, job.common.http);
    if (stop_with >= 0) return stop_with;
    swapci_signals_handle(SWAPCI_EXIT_OK);
    swapc_error error = SWAPC_ERROR_INIT;
    return swapci_service_exit(options.command, run(&job, &error), &error);
}
