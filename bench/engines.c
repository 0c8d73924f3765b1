#include "engines.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer.h"
#include "samples.h"
#include "scenario.h"
#include "swapc/sys/engine.h"

/* Calls that bring a contender's code and tables back into the caches that the one before filled. */
enum { WARM_CALLS = 2 };

struct entry {
    struct bench *bench;
    swapc_module *module;
    const struct swapci_samples *samples;
    struct swapci_peer peer; /* in place of the module */
};

struct bench {
    const struct swapci_bench_config *config;
    struct swapci_bench_report *report;
    swapc_host *host;
    struct swapci_samples samples[SWAPCI_METHODS_MAX]; /* by the method's number */
    struct entry entries[SWAPCI_BENCH_ROWS_MAX];
    struct swapci_contender contenders[SWAPCI_BENCH_ROWS_MAX];
    struct swapci_measure measure;
    swapc_reply reply;
    swapc_error *error;
};

static const swapc_bytes operation = {(const uint8_t *)"verify_message", 14};

/* Calls from..to of a round. */
static enum swapc_status call_some(void *user, unsigned from, unsigned to, swapc_error *error) {
    const struct entry *e = user;
    const struct swapci_samples *s = e->samples;
    for (unsigned i = from; i < to; i++) {
        enum swapc_status status = swapc_module_call(
            e->module, operation, s->requests[i % s->count], NULL, &e->bench->reply, error);
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

static enum swapc_status peer_some(void *user, unsigned from, unsigned to, swapc_error *error) {
    struct entry *e = user;
    return swapci_peer_call(&e->peer, from, to, error);
}

static uint64_t peer_cpu(void *user) {
    const struct entry *e = user;
    return e->peer.cpu_ns;
}

/* limits NULL: the host's, and so with a deadline, which label (it may be empty) says. */
static enum swapc_status add_contender(struct bench *b, unsigned method,
                                       const swapc_module_options *options, const char *label) {
    struct swapci_bench_report *report = b->report;
    struct entry *e = &b->entries[report->count];
    if (report->count == SWAPCI_BENCH_ROWS_MAX) return SWAPC_OK;
    enum swapc_status status =
        swapci_lab_load(b->host, b->config->paths[method], options, &e->module, b->error);
    if (status != SWAPC_OK || !e->module) return status; /* built without it: not a contender */
    struct swapci_bench_row *row = &report->rows[report->count];
    e->bench = b;
    e->samples = &b->samples[method];
    b->contenders[report->count++] = (struct swapci_contender){
        .run = call_some, .user = e, .units = b->config->requests, .warm = WARM_CALLS};
    snprintf(row->engine, sizeof row->engine, "%s", options->engine);
    snprintf(row->flavour, sizeof row->flavour, "%s%s", options->flavour, label);
    snprintf(row->method, sizeof row->method, "%s", swapci_method_table[method]->name);
    return SWAPC_OK;
}

/* Where holding a deadline costs the guest something, what it costs is a row of its own; the best
 * flavour alone is measured as it is used, with a deadline. */
static enum swapc_status add_flavour(struct bench *b, const swapc_engine_info *info,
                                     const char *flavour, unsigned method) {
    swapc_limits free_running = SWAPC_LIMITS_INIT;
    free_running.deadline_ms = 0;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = info->name;
    options.flavour = flavour;
    if (!(info->caps & SWAPC_CAP_METERED)) return add_contender(b, method, &options, "");
    enum swapc_status status = add_contender(b, method, &options, "+deadline");
    options.limits = &free_running;
    if (status == SWAPC_OK && !b->config->best_only)
        status = add_contender(b, method, &options, "");
    return status;
}

/* For each method each built engine's flavours. */
static enum swapc_status add_contenders(struct bench *b) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned m = 0; m < swapci_method_count; m++)
        for (unsigned i = 0; swapc_engine_at(i, &info); i++)
            for (const char *const *f = info.flavours; f && *f; f++) {
                unsigned before = b->report->count;
                enum swapc_status status = add_flavour(b, &info, *f, m);
                if (status != SWAPC_OK) return status;
                if (b->config->best_only && b->report->count > before) break;
            }
    return SWAPC_OK;
}

/* Each peer whose program is there, with the flavour that any current runtime reads; it has proved itself
 * when it started. */
static enum swapc_status add_peers(struct bench *b) {
    for (unsigned m = 0; b->config->peers && m < swapci_method_count; m++)
        for (const char *const *name = swapci_peer_names; *name; name++) {
            char program[SWAPCI_LAB_PATH], module[SWAPCI_LAB_PATH];
            struct swapci_bench_row *row = &b->report->rows[b->report->count];
            struct entry *e = &b->entries[b->report->count];
            if (b->report->count == SWAPCI_BENCH_ROWS_MAX) return SWAPC_OK;
            snprintf(program, sizeof program, "%s/%s", b->config->peers, *name);
            snprintf(module, sizeof module, "%s/plain.wasm", b->config->paths[m]);
            enum swapc_status status = swapci_peer_start(
                &e->peer, program, module, "verify_message", &b->samples[m], b->error);
            if (status == SWAPC_NOT_FOUND) {
                if (b->error) swapc_error_clear(b->error);
                continue; /* said by who asked for it */
            }
            if (status != SWAPC_OK) return status;
            e->bench = b;
            e->samples = &b->samples[m];
            b->contenders[b->report->count++] =
                (struct swapci_contender){.run = peer_some,
                                          .user = e,
                                          .units = b->config->requests,
                                          .warm = WARM_CALLS,
                                          .cpu_ns = peer_cpu};
            snprintf(row->engine, sizeof row->engine, "%s", *name);
            snprintf(row->flavour, sizeof row->flavour, "plain");
            snprintf(row->method, sizeof row->method, "%s", swapci_method_table[m]->name);
            row->peer = true;
        }
    return SWAPC_OK;
}

/* A figure for a wrong answer would be worth nothing: every request must come out Valid first. */
static enum swapc_status prove(struct bench *b, unsigned index) {
    const struct entry *e = &b->entries[index];
    const struct swapci_bench_row *row = &b->report->rows[index];
    for (unsigned i = 0; i < e->samples->count && e->module; i++) {
        enum swapc_status status = swapc_module_call(e->module, operation, e->samples->requests[i],
                                                     NULL, &b->reply, b->error);
        if (status != SWAPC_OK && status != SWAPC_GUEST_ERROR) return status;
        if (status == SWAPC_GUEST_ERROR || !swapci_samples_valid(b->reply.body))
            return swapc_error_set(b->error, SWAPC_CORRUPT,
                                   "%s of %s on %s did not find a right signature valid",
                                   row->flavour, row->method, row->engine);
    }
    return SWAPC_OK;
}

static enum swapc_status run_rounds(struct bench *b) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < b->report->count && status == SWAPC_OK; i++) status = prove(b, i);
    b->measure.contenders = b->contenders;
    b->measure.count = b->report->count;
    if (status == SWAPC_OK) status = swapci_measure_run(&b->measure, &b->config->pace, b->error);
    b->report->rounds = b->measure.rounds;
    b->report->interrupted = b->measure.interrupted;
    return status;
}

static int native_of(const struct bench *b, const char *method) {
    for (unsigned i = 0; i < b->report->count; i++)
        if (strcmp(b->report->rows[i].engine, "native") == 0 &&
            strcmp(b->report->rows[i].method, method) == 0)
            return (int)i;
    return -1;
}

static void summarise(struct bench *b) {
    for (unsigned i = 0; i < b->report->count; i++) {
        struct swapci_bench_row *row = &b->report->rows[i];
        const struct swapci_bench_row *before = i > 0 ? row - 1 : NULL;
        int native = native_of(b, row->method);
        row->cpu_us = swapci_measure_cpu(&b->measure, i);
        row->wall_us = swapci_measure_wall(&b->measure, i);
        if (native >= 0) row->ratio = swapci_measure_ratio(&b->measure, i, (unsigned)native);
        row->by_default = !row->peer && (!before || strcmp(before->engine, row->engine) != 0 ||
                                         strcmp(before->method, row->method) != 0);
    }
}

static void fini(struct bench *b) {
    swapci_measure_fini(&b->measure);
    for (unsigned i = 0; i < SWAPCI_BENCH_ROWS_MAX; i++) {
        swapc_module_release(b->entries[i].module);
        swapci_peer_stop(&b->entries[i].peer);
    }
    swapc_reply_fini(&b->reply);
    for (unsigned m = 0; m < SWAPCI_METHODS_MAX; m++) swapci_samples_fini(&b->samples[m]);
    swapc_host_free(b->host);
}

enum swapc_status swapci_bench_engines(const struct swapci_bench_config *config,
                                       struct swapci_bench_report *report, swapc_error *error) {
    struct bench b = {.config = config, .report = report, .error = error};
    *report = (struct swapci_bench_report){.requests = config->requests};
    enum swapc_status status = swapci_lab_host(config->log, true, &b.host, error);
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK; m++)
        status = swapci_samples_make(swapci_method_table[m], config->requests, SWAPCI_SAMPLES_KEYS,
                                     &b.samples[m], error);
    if (status == SWAPC_OK) status = add_contenders(&b);
    if (status == SWAPC_OK) status = add_peers(&b);
    if (status == SWAPC_OK) status = run_rounds(&b);
    if (status == SWAPC_OK) summarise(&b);
    fini(&b);
    return status;
}

bool swapci_bench_engine_mean(const struct swapci_bench_report *report, const char *engine,
                              double *cpu_us, double *ratio) {
    const char *method = "";
    unsigned count = 0;
    *cpu_us = *ratio = 0;
    for (unsigned i = 0; i < report->count; i++) {
        const struct swapci_bench_row *row = &report->rows[i];
        if (strcmp(row->engine, engine) != 0 || strcmp(row->method, method) == 0) continue;
        method = row->method; /* the first row of an engine and method is its best flavour */
        *cpu_us += row->cpu_us.median;
        *ratio += row->ratio.median;
        count++;
    }
    if (count > 0) {
        *cpu_us /= count;
        *ratio /= count;
    }
    return count > 0;
}

static void add_row(struct swapci_lab *lab, const struct swapci_bench_row *from, unsigned rounds) {
    json_t *row = swapci_lab_row(lab);
    json_object_set_new(row, "engine", json_string(from->engine));
    json_object_set_new(row, "flavour", json_string(from->flavour));
    json_object_set_new(row, "method", json_string(from->method));
    swapci_lab_spread(row, "us", from->cpu_us, 1);
    if (from->ratio.median > 0) swapci_lab_ratio(row, from->ratio);
    json_object_set_new(row, "wall_median_us", json_real(from->wall_us.median));
    json_object_set_new(row, "rounds", json_integer(rounds));
    json_object_set_new(row, "default", json_boolean(from->by_default));
    if (from->peer) json_object_set_new(row, "peer", json_true());
}

enum swapc_status swapci_scenario_engines(struct swapci_lab *lab, swapc_error *error) {
    char paths[SWAPCI_METHODS_MAX][SWAPCI_LAB_PATH];
    struct swapci_bench_report report;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    struct swapci_bench_config config = {.pace = lab->pace,
                                         .requests = (unsigned)lab->requests,
                                         .peers = lab->peers,
                                         .log = lab->log};
    enum swapc_status status = SWAPC_OK;
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK; m++) {
        config.paths[m] = paths[m];
        status = lab->find_bundle(swapci_method_table[m]->module, paths[m], sizeof paths[m], error);
    }
    if (status == SWAPC_OK) status = swapci_bench_engines(&config, &report, error);
    if (status != SWAPC_OK) return status;
    for (unsigned i = 0; i < report.count && report.rounds > 0; i++)
        add_row(lab, &report.rows[i], report.rounds);
    lab->incomplete = report.interrupted;
    swapci_lab_note(lab,
                    "%u interleaved rounds of %u calls; * is what you get by default, limits on",
                    report.rounds, report.requests);
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (!info.built) swapci_lab_note(lab, "engine %s is not in this build", info.name);
    for (const char *const *name = swapci_peer_names; lab->peers && *name; name++) {
        char program[SWAPCI_LAB_PATH];
        snprintf(program, sizeof program, "%s/%s", lab->peers, *name);
        if (access(program, X_OK) != 0)
            swapci_lab_note(lab,
                            "peer %s is absent: ./dev bench engines --peers builds it where its "
                            "tool chain is",
                            *name);
    }
    swapci_lab_note(lab, "the original (Rust, i7-4770K): wasmtime 2.7–3.2 × native, wasm3 23–30 × "
                         "native");
    return SWAPC_OK;
}
