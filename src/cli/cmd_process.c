#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "arguments.h"
#include "partition_rows.h"
#include "pipeline_options.h"
#include "places.h"
#include "processes.h"
#include "service.h"
#include "signals.h"
#include "slots_control.h"

static const char command[] = "swapc process";

struct process_job {
    struct swapci_pipeline_options common;
    struct swapci_module_rules rules;
    struct swapci_process_given given;
    const char *module, *operation, *batch_operation, *consumer, *contract, *http_token;
    uint64_t partition_count, workers, batch, keep, max_lag, retry_s;
    bool copy, delete;
    char path[4096];
    swapci_partitions partitions;
    swapci_process_names names;  /* of the first partition */
    swapci_stream_place *places; /* of each */
    swapci_slots *slots;
    swapci_processes *processes;
    swapci_redis_config redis;
    swapci_redis_health health;
};

/* ---- what is asked of it while it serves --------------------------------------------------------- */

static enum swapc_status start(void *user, swapc_error *error) {
    return swapci_crew_start(&((struct process_job *)user)->processes->crew, error);
}

static void stop(void *user) {
    swapci_crew_stop(&((struct process_job *)user)->processes->crew);
}

static bool ended(void *user) {
    return swapci_crew_ended(&((struct process_job *)user)->processes->crew);
}

static void look(void *user, struct swapci_service_view *out) {
    const struct process_job *job = user;
    swapci_processes_stats stats;
    swapci_processes_stats_get(job->processes, &stats);
    swapci_service_view_redis(out, &job->health);
    out->hindered = stats.sum.hindered > 0;
    swapci_crew_refused(&job->processes->crew, out->refused);
    out->done = stats.sum.done;
    out->errors = stats.sum.errors;
    snprintf(out->last_error, sizeof out->last_error, "%s", stats.sum.last_reason);
}

/* "0-2 of 8": those whose lease is ours. */
static void tell_partitions(const struct process_job *job, const swapci_processes_stats *stats,
                            char out[SWAPCI_CONTROL_PARTITIONS_MAX]) {
    char list[SWAPCI_CONTROL_PARTITIONS_MAX / 2];
    if (job->partitions.count < 2) return;
    swapci_partition_list(stats->owns, list, sizeof list);
    snprintf(out, SWAPCI_CONTROL_PARTITIONS_MAX, "%s of %u", list, job->partitions.count);
}

static void tell_status(void *user, swapci_control_status *out) {
    const struct process_job *job = user;
    swapci_processes_stats all;
    swapci_processes_stats_get(job->processes, &all);
    const swapci_process_stats stats = all.sum;
#define COUNTER(name) {#name, stats.name},
    const swapci_control_counter counters[] = {
        SWAPCI_PROCESS_COUNTERS(COUNTER) /* done, outputs, … */
        {"standby", stats.state == SWAPCI_PROCESS_STANDBY},
        {"lag", stats.lag},
        {"swaps", swapci_slots_swaps(job->slots)},
        {"workers", job->workers},
        {"partitions_owned", all.owned},
        {"members", all.members},
    };
    const size_t shared = 2; /* the last ones are there with partitions */
#undef COUNTER
    tell_partitions(job, &all, out->partitions);
    out->valid = stats.outputs;
    out->errors = stats.errors;
    out->in_flight = stats.in_hand;
    snprintf(out->last_error, sizeof out->last_error, "%s", stats.last_reason);
    memcpy(out->counters, counters, sizeof counters);
    out->counter_count =
        sizeof counters / sizeof *counters - (job->partitions.count > 1 ? 0 : shared);
}

static void collect(void *user, swapci_facts *out) {
    const struct process_job *job = user;
    swapci_processes_stats stats;
    swapci_processes_stats_get(job->processes, &stats);
    swapci_facts_read_process_of_entries(job->slots, &stats.sum, out);
    tell_partitions(job, &stats, out->partitions);
    out->entries_in = job->given.in;
    out->entries_out = job->given.out;
    out->entries_errors = job->given.errors ? job->given.errors : job->names.stream.dead;
    out->entries_partitions = job->partitions.count;
    out->entries_owned = stats.owned;
}

static void tell_past(const void *user, unsigned k, swapci_control_partition *row) {
    const swapci_process_stats *past = &((const swapci_processes *)user)->past[k];
    row->done += past->done;
    row->errors += past->errors;
}

static void tell_now(const void *member, swapci_control_partition *row) {
    const swapci_process_stats stats = swapci_processes_member_stats(member);
    row->here = stats.owns;
    row->done += stats.done;
    row->errors += stats.errors;
    row->in_hand = stats.in_hand;
    snprintf(row->state, sizeof row->state, "%s", swapci_process_state_name(stats.state));
    if (stats.hindered > 0)
        snprintf(row->why, sizeof row->why, "entries cannot be called for: the log says why");
}

static void rows(void *user, swapci_control_partition *out) {
    const struct process_job *job = user;
    swapci_processes *all = job->processes;
    const swapci_partition_view view = {.crew = &all->crew,
                                        .places = job->places,
                                        .health = all->health,
                                        .user = all,
                                        .past = tell_past,
                                        .now = tell_now};
    swapci_partition_rows(&view, out);
}

static enum swapc_status act(void *user, enum swapci_swap_action action, const char *slot,
                             const char *path, swapci_swap_event *event, swapc_error *error) {
    struct process_job *job = user;
    const struct swapci_slots_control control = {
        .slots = job->slots, .role = "process", .log = swapci_cli_service_log()};
    return swapci_slots_control_act(&control, action, slot, path, event, error);
}

static enum swapc_status serve(struct process_job *job, swapc_error *error) {
    struct swapci_slots_control slots = {.slots = job->slots,
                                         .role = "process",
                                         .log = swapci_cli_service_log(),
                                         .tell_status = tell_status,
                                         .user = job};
    swapci_control_service control = swapci_slots_control_service(&slots);
    char ready[1024], modules[384], shared[32] = "";
    char owners[SWAPCI_PLACES_OWNERS_MAX];
    bool fits = swapci_balance_key(&job->partitions, job->processes->role, owners, sizeof owners);
    swapci_slots_control_modules(&slots, modules, sizeof modules);
    if (job->partitions.count > 1)
        snprintf(shared, sizeof shared, ", %u partitions", job->partitions.count);
    snprintf(ready, sizeof ready, "%s to %s%s by %s, group %s, consumer %s%s", job->given.in,
             job->given.out, shared, job->operation, job->names.stream.group, job->consumer,
             modules);
    struct swapci_service service = {
        .role = "process",
        .look = look,
        .ready = ready,
        .errors_are = "entries went to the errors",
        .health_name = "swapc.process",
        .listen = job->common.listen,
        .tls = &job->common.tls,
        .control = &control,
        .http = job->common.http,
        .collect = collect,
        .act = act,
        .http_token = job->http_token,
        .redis = &job->redis,
        .names = &job->names.stream,
        .places = job->places,
        .place_count = job->partitions.count,
        .owners = job->partitions.count > 1 && fits ? owners : NULL,
        .rows = rows,
        .log = swapci_cli_service_log(),
        .start = start,
        .ended = ended,
        .stop = stop,
        .user = job,
    };
    enum swapc_status status = swapci_service_run(&service, error);
    enum swapc_status joined = swapci_crew_join(&job->processes->crew, error);
    return status == SWAPC_OK && joined != SWAPC_INTERRUPTED ? joined : status;
}

/* ---- what it is made of --------------------------------------------------------------------------- */

static bool has(const char *const *operations, const char *wanted) {
    while (*operations && strcmp(*operations, wanted) != 0) operations++;
    return *operations != NULL;
}

/* Without --contract the operation alone is asked for, of the manifests that name theirs. */
static enum swapc_status default_contract(const char *operation, swapc_contract **out,
                                          swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_buffer_printf(&text, "operations = [\"");
    for (const char *at = operation; *at && status == SWAPC_OK; at++) {
        if (*at == '"' || *at == '\\') status = swapci_buffer_append_u8(&text, '\\');
        if (status == SWAPC_OK) status = swapci_buffer_append_u8(&text, (uint8_t)*at);
    }
    if (status == SWAPC_OK) status = swapci_buffer_printf(&text, "\"]\n");
    if (status == SWAPC_OK)
        status = swapc_contract_load_bytes("--operation", swapci_buffer_bytes(&text), out, error);
    swapci_buffer_fini(&text);
    return status;
}

static enum swapc_status load_contract(const struct process_job *job, swapc_contract **out,
                                       swapc_error *error) {
    if (!job->contract) return default_contract(job->operation, out, error);
    enum swapc_status status = swapc_contract_load(job->contract, out, error);
    if (status != SWAPC_OK || has(swapc_contract_operations(*out), job->operation)) return status;
    return swapc_error_set(error, SWAPC_INVALID,
                           "contract %s does not ask for operation %s: add it, or give another "
                           "--operation",
                           job->contract, job->operation);
}

static enum swapc_status load_module(struct process_job *job, const swapc_trust *trust,
                                     const swapc_trust *check_trust, swapc_error *error) {
    const swapci_slots_config config = {.role = "process",
                                        .engine = job->rules.engine,
                                        .allow_native = job->rules.allow_native,
                                        .workers = (unsigned)job->workers * job->partitions.count,
                                        .deadline_ms = (uint32_t)job->rules.deadline_ms,
                                        .compile_ms = job->rules.compile_ms,
                                        .trust = trust,
                                        .check_trust = check_trust,
                                        .log = swapci_cli_log()};
    swapc_contract *contract = NULL;
    enum swapc_status status =
        swapci_cli_module_path(job->module, job->path, sizeof job->path, error);
    if (status == SWAPC_OK) status = load_contract(job, &contract, error);
    if (status == SWAPC_OK) status = swapci_slots_new(&config, &job->slots, error);
    if (status == SWAPC_OK)
        status = swapci_slots_add(job->slots, 0, job->operation, job->path, contract, error);
    swapc_contract_release(contract);
    return status;
}

/* The streams of each partition, for who looks on. */
static enum swapc_status find_places(struct process_job *job, swapc_error *error) {
    unsigned count = job->partitions.count;
    enum swapc_status status = SWAPC_OK;
    job->places = calloc(count, sizeof *job->places);
    if (!job->places) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    for (unsigned k = count; k-- > 0 && status == SWAPC_OK;) { /* the first one's names stay */
        status =
            swapci_process_names_partition(&job->names, &job->partitions, k, &job->given, error);
        job->places[k] = (swapci_stream_place){.url = swapci_partition_url(&job->partitions, k),
                                               .names = job->names.stream};
    }
    return status;
}

static enum swapc_status run(struct process_job *job, swapc_error *error) {
    swapc_trust *trust, *check_trust;
    enum swapc_status status =
        swapci_partitions_init(&job->partitions, "--in", job->given.in,
                               (unsigned)job->partition_count, job->common.redis, error);
    if (status == SWAPC_OK) status = find_places(job, error);
    if (status != SWAPC_OK) return status;
    job->redis = (swapci_redis_config){.url = swapci_partition_url(&job->partitions, 0),
                                       .retry_ms = swapci_pipeline_retry_ms(job->retry_s),
                                       .service = true,
                                       .stop = &swapci_signals_hurry,
                                       .health = &job->health};
    swapci_processes_config config = {.partitions = &job->partitions,
                                      .given = &job->given,
                                      .each = {.operation = job->operation,
                                               .batch_operation = job->batch_operation,
                                               .batch = (unsigned)job->batch,
                                               .workers = (unsigned)job->workers,
                                               .consumer = job->consumer,
                                               .copy = job->copy,
                                               .delete = job->delete,
                                               .keep = job->keep,
                                               .max_lag = job->max_lag,
                                               .redis = job->redis,
                                               .cancel = &swapci_signals_cancel,
                                               .log = swapci_cli_service_log()}};
    enum swapc_status trusted = swapci_module_trust(&job->rules, &trust, &check_trust, error);
    if (status == SWAPC_OK) status = trusted;
    if (status == SWAPC_OK) status = load_module(job, trust, check_trust, error);
    config.each.slots = job->slots;
    if (status == SWAPC_OK) status = swapci_processes_new(&config, &job->processes, error);
    if (status == SWAPC_OK) status = serve(job, error);
    swapci_processes_free(job->processes);
    swapci_slots_free(job->slots);
    swapc_trust_free(trust);
    swapc_trust_free(check_trust);
    return status;
}

/* ---- options -------------------------------------------------------------------------------------- */

static int check(const struct process_job *job) {
    const struct swapci_required required[] = {
        {"--redis", job->common.redis, SWAPCI_REDIS_WHAT},
        {"--in", job->given.in, "the stream whose entries are processed"},
        {"--out", job->given.out, "the stream that their outputs are added to"},
        {"--module", job->module, "a bundle, or a file of WebAssembly"},
        {"--operation", job->operation,
         "what the module is called for: swapc inspect shows which "
         "it has"},
    };
    int stop_with = swapci_cli_required(command, required, sizeof required / sizeof *required);
    if (stop_with < 0 && (job->batch > 1) != (job->batch_operation != NULL))
        stop_with = swapci_cli_usage(command, "--batch and --batch-operation need each other");
    return stop_with < 0 ? swapci_listen_check(command, &job->common, job->http_token) : stop_with;
}

int swapci_cmd_process(int argc, char **argv) {
    static char host[SWAPCI_STREAM_CONSUMER_MAX + 1] = "host";
    struct process_job job = {.rules.engine = "wasmtime",
                              .partition_count = 1,
                              .workers = 1,
                              .batch = 1,
                              .max_lag = 1000000,
                              .retry_s = UINT64_MAX};
    const struct swapci_option rows[] = {
        SWAPCI_REDIS_ROW(&job.common.redis),
        {"in", SWAPCI_OPTION_STRING, &job.given.in, "STREAM", "entries to process (required)", 0, 0,
         0},
        {"out", SWAPCI_OPTION_STRING, &job.given.out, "STREAM",
         "gets an entry for each, with its id and the output (required)", 0, 0, 0},
        {"module", SWAPCI_OPTION_STRING, &job.module, "M", "bundle or module (required)", 0, 0, 0},
        {"operation", SWAPCI_OPTION_STRING, &job.operation, "OP",
         "is called for each entry; also the slot's name (required)", 0, 0, 0},
        {"payload", SWAPCI_OPTION_STRING, &job.given.payload, "FIELD",
         "field that is handed over, in and out (default payload)", 0, 0, 0},
        {"id-field", SWAPCI_OPTION_STRING, &job.given.id, "FIELD",
         "field of outputs and errors with the entry's id (default id)", 0, 0, 0},
        {"copy", SWAPCI_OPTION_FLAG, &job.copy, NULL,
         "outputs have the other fields of their entries, too", 0, 0, 0},
        {"errors", SWAPCI_OPTION_STRING, &job.given.errors, "STREAM",
         "gets what fails, with the reason (default IN:dead)", 0, 0, 0},
        {"group", SWAPCI_OPTION_STRING, &job.given.group, "NAME",
         "consumer group; each --out of a stream has its own (default swapc)", 0, 0, 0},
        {"consumer", SWAPCI_OPTION_STRING, &job.consumer, "NAME",
         "its name in the group (default: the host's)", 0, 0, 0},
        SWAPCI_PARTITIONS_ROW(&job.partition_count),
        {"workers", SWAPCI_OPTION_COUNT, &job.workers, "N",
         "threads that call, of each partition; outputs stay in order (default 1)", 0, 1,
         SWAPCI_PROCESS_WORKERS_MAX},
        {"batch", SWAPCI_OPTION_COUNT, &job.batch, "N",
         "call for up to N entries at once, by --batch-operation", 0, 1, 1000},
        {"batch-operation", SWAPCI_OPTION_STRING, &job.batch_operation, "OP",
         "takes many payloads, where the module's manifest has it", 0, 0, 0},
        {"delete", SWAPCI_OPTION_FLAG, &job.delete, NULL, "delete entries that are done", 0, 0, 0},
        {"keep", SWAPCI_OPTION_COUNT, &job.keep, "N",
         "trim the outputs to about N (default 0: never)", 0, 0, 0},
        {"max-lag", SWAPCI_OPTION_COUNT, &job.max_lag, "N",
         "wait while a group of --out is more behind (default 1000000; 0: never)", 0, 0, 0},
        SWAPCI_LISTEN_ROWS(&job.common),
        SWAPCI_HTTP_TOKEN_ROW(&job.http_token, ""),
        SWAPCI_ENGINE_ROWS(&job.rules),
        SWAPCI_CALL_LIMIT_ROWS(&job.rules),
        {"contract", SWAPCI_OPTION_STRING, &job.contract, "FILE",
         "take only modules that answer what is in FILE", 0, 0, 0},
        SWAPCI_TRUST_ROWS(&job.rules),
        SWAPCI_RETRY_ROW(&job.retry_s),
    };
    const struct swapci_options options = {
        command,
        "",
        "Takes the entries of a Redis stream, has a module work on each, and stores what comes of "
        "it in another.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        0,
        "swapc process --redis redis://127.0.0.1:6379 --in orders --out priced --module ./price "
        "--operation price"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with < 0) stop_with = check(&job);
    if (stop_with >= 0) return stop_with;
    gethostname(host, sizeof host - 1);
    if (!job.consumer) job.consumer = host;
    swapci_signals_handle(SWAPCI_EXIT_OK);
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = run(&job, &error);
    free(job.places);
    swapci_partitions_fini(&job.partitions);
    return swapci_service_exit(command, status, &error);
}
