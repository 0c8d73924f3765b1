#include "engines.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "peer.h"
#include "samples.h"
#include "scenario.h"
#include "swapc/sys/engine.h"

/* Calls that bring a contender's code and tables back into the caches that the one before
 * filled. */
enum { WARM_CALLS = 2 };

/* And of the one that follows a peer: this process slept while that one ran. */
enum { WAKING_CALLS = 8 };

/* A peer that takes longer for a call, starting included, is called less often. */
enum { SLOW_NS = 1500000, SLOW_CALLS = 8 };

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
                if (swapci_pace_stopped(&b->config->pace)) return SWAPC_INTERRUPTED;
                enum swapc_status status = add_flavour(b, &info, *f, m);
                if (status != SWAPC_OK) return status;
                if (b->config->best_only && b->report->count > before) break;
            }
    return SWAPC_OK;
}

/* A peer with its guest, which has proved itself when it started. One that cannot is said, and
 * takes no part. */
static void add_peer(struct bench *b, const struct swapci_peer_kind *kind, unsigned method) {
    char program[SWAPCI_LAB_PATH], module[SWAPCI_LAB_PATH];
    struct swapci_bench_report *report = b->report;
    struct entry *e = &b->entries[report->count];
    struct swapci_bench_row *row = &report->rows[report->count];
    swapc_error why = SWAPC_ERROR_INIT;
    if (report->count == SWAPCI_BENCH_ROWS_MAX) return;
    snprintf(program, sizeof program, "%s/%s", b->config->peers, kind->name);
    snprintf(module, sizeof module, "%s/%s",
             kind->beside ? b->config->peers : b->config->paths[method], kind->guest);
    *row = (struct swapci_bench_row){.peer = true};
    snprintf(row->engine, sizeof row->engine, "%s", kind->name);
    snprintf(row->flavour, sizeof row->flavour, "%s", kind->flavour);
    snprintf(row->method, sizeof row->method, "%s", swapci_method_table[method]->name);
    uint64_t start = swapci_clock_monotonic_ns();
    if (swapci_peer_start(&e->peer, program, module, "verify_message", &b->samples[method], &why) !=
        SWAPC_OK) {
        b->config->failed(row, why.text, b->config->failed_user);
        return;
    }
    bool slow = swapci_clock_monotonic_ns() - start > SLOW_NS * b->samples[method].count;
    e->bench = b;
    e->samples = &b->samples[method];
    b->contenders[report->count++] =
        (struct swapci_contender){.run = peer_some,
                                  .user = e,
                                  .units = slow ? SLOW_CALLS : b->config->requests,
                                  .warm = slow ? 1 : WARM_CALLS,
                                  .cpu_ns = peer_cpu};
}

/* Each peer whose program is there; who asked for them says which is not. */
static void add_peers(struct bench *b) {
    char why[256];
    unsigned own = b->report->count;
    for (unsigned m = 0; b->config->peers && m < swapci_method_count; m++)
        for (const struct swapci_peer_kind *kind = swapci_peer_kinds; kind->name; kind++)
            if (swapci_peer_there(b->config->peers, kind->name, why, sizeof why) &&
                (!kind->beside ||
                 swapci_peer_there(b->config->peers, kind->guest, why, sizeof why)))
                add_peer(b, kind, m);
    if (b->report->count > own && own > 0) b->contenders[0].warm = WAKING_CALLS;
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
    for (unsigned i = 0; i < b->report->count && status == SWAPC_OK; i++)
        status = swapci_pace_stopped(&b->config->pace) ? SWAPC_INTERRUPTED : prove(b, i);
    b->measure.contenders = b->contenders;
    b->measure.count = b->report->count;
    if (status == SWAPC_OK) status = swapci_measure_run(&b->measure, &b->config->pace, b->error);
    b->report->rounds = b->measure.rounds;
    b->report->interrupted = b->measure.interrupted;
    return status;
}

/* The engine's default row of that method, or -1. */
static int row_of(const struct bench *b, const char *engine, const char *method) {
    for (unsigned i = 0; i < b->report->count; i++)
        if (strcmp(b->report->rows[i].engine, engine) == 0 &&
            strcmp(b->report->rows[i].method, method) == 0)
            return (int)i;
    return -1;
}

static void summarise(struct bench *b) {
    for (unsigned i = 0; i < b->report->count; i++) {
        struct swapci_bench_row *row = &b->report->rows[i];
        const struct swapci_bench_row *before = i > 0 ? row - 1 : NULL;
        int native = row_of(b, "native", row->method);
        int ours = row_of(b, "wasmtime", row->method);
        row->cpu_us = swapci_measure_cpu(&b->measure, i);
        row->wall_us = swapci_measure_wall(&b->measure, i);
        if (native >= 0) row->ratio = swapci_measure_ratio(&b->measure, i, (unsigned)native);
        if (ours >= 0) row->to_ours = swapci_measure_ratio(&b->measure, i, (unsigned)ours);
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
    if (status == SWAPC_OK) add_peers(&b);
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
    if (from->to_ours.median > 0)
        json_object_set_new(row, "to_wasmtime", json_real(from->to_ours.median));
    json_object_set_new(row, "wall_median_us", json_real(from->wall_us.median));
    json_object_set_new(row, "rounds", json_integer(rounds));
    json_object_set_new(row, "default", json_boolean(from->by_default));
    if (from->peer) json_object_set_new(row, "peer", json_true());
}

static void peer_failed(const struct swapci_bench_row *row, const char *why, void *user) {
    swapci_lab_note(user, "peer %s with %s (%s) takes no part: %s", row->engine, row->flavour,
                    row->method, why);
}

/* What each peer is, and which is absent, why. */
static void note_peers(struct swapci_lab *lab) {
    char why[256];
    const char *before = "";
    for (const struct swapci_peer_kind *kind = swapci_peer_kinds; kind->name; kind++) {
        bool program = swapci_peer_there(lab->peers, kind->name, why, sizeof why);
        if (program && kind->beside && !swapci_peer_there(lab->peers, kind->guest, why, sizeof why))
            swapci_lab_note(lab, "peer %s: its guest %s is absent: %s", kind->name, kind->guest,
                            why);
        if (strcmp(before, kind->name) == 0) continue;
        before = kind->name;
        if (swapci_peer_there(lab->peers, kind->name, why, sizeof why))
            swapci_lab_note(lab, "%s: %s, a process of its own", kind->name, kind->what);
        else swapci_lab_note(lab, "peer %s is absent: %s", kind->name, why);
    }
    swapci_lab_note(
        lab,
        "k256: one Rust guest (bench/peers/rust) that every host of wasm runs; plain: our guest");
}

enum swapc_status swapci_scenario_engines(struct swapci_lab *lab, swapc_error *error) {
    char paths[SWAPCI_METHODS_MAX][SWAPCI_LAB_PATH];
    struct swapci_bench_report report;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    struct swapci_bench_config config = {.pace = lab->pace,
                                         .requests = (unsigned)lab->requests,
                                         .peers = lab->peers,
                                         .failed = peer_failed,
                                         .failed_user = lab,
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
    swapci_lab_note(
        lab, "%u interleaved rounds of %u calls; default is what you get without asking, limits on",
        report.rounds, report.requests);
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (!info.built) swapci_lab_note(lab, "engine %s is not in this build", info.name);
    if (lab->peers) note_peers(lab);
    swapci_lab_note(lab, "the original (Rust, i7-4770K): wasmtime 2.7–3.2 × native, wasm3 23–30 × "
                         "native");
    return SWAPC_OK;
}
