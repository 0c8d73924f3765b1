#include "engines.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "engine_names.h"
#include "host_facts.h"
#include "samples.h"
#include "swapc/sys/engine.h"

/* WARM_CALLS bring a contender's code and tables back into the caches that the one before filled. */
enum { WARM_UP_ROUNDS = 2, SLICES = 8, WARM_CALLS = 2 };

struct contender {
    struct swapci_bench_row *row;
    swapc_module *module;
    const struct swapci_samples *samples;
    double *cpu_us, *wall_us; /* one a round */
};

struct bench {
    const struct swapci_bench_config *config;
    struct swapci_bench_report *report;
    swapc_host *host;
    struct swapci_samples samples[SWAPCI_METHODS_MAX]; /* by the method's number */
    struct contender contenders[SWAPCI_BENCH_ROWS_MAX];
    swapc_reply reply;
    swapc_error *error;
};

/* limits NULL: the host's, and so with a deadline, which label (it may be empty) says. */
static enum swapc_status add_contender(struct bench *b, unsigned method,
                                       const swapc_module_options *options, const char *label) {
    struct swapci_bench_report *report = b->report;
    struct contender *c = &b->contenders[report->count];
    if (report->count == SWAPCI_BENCH_ROWS_MAX) return SWAPC_OK;
    enum swapc_status status =
        swapc_module_load(b->host, b->config->paths[method], options, &c->module, b->error);
    if (status == SWAPC_NO_FLAVOUR && b->error) {
        swapc_error_clear(b->error); /* the bundle was built without it: not a contender */
        return SWAPC_OK;
    }
    if (status != SWAPC_OK) return status;
    c->row = &report->rows[report->count++];
    c->samples = &b->samples[method];
    snprintf(c->row->engine, sizeof c->row->engine, "%s", options->engine);
    snprintf(c->row->flavour, sizeof c->row->flavour, "%s%s", options->flavour, label);
    snprintf(c->row->method, sizeof c->row->method, "%s", swapci_method_table[method]->name);
    c->cpu_us = calloc(b->config->rounds, sizeof *c->cpu_us);
    c->wall_us = calloc(b->config->rounds, sizeof *c->wall_us);
    return c->cpu_us && c->wall_us ? SWAPC_OK
                                   : swapc_error_set(b->error, SWAPC_NO_MEMORY, "no memory");
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

static const swapc_bytes operation = {(const uint8_t *)"verify_message", 14};

/* Calls from..to of a round. */
static enum swapc_status call_some(struct bench *b, const struct contender *c, unsigned from,
                                   unsigned to) {
    const struct swapci_samples *s = c->samples;
    for (unsigned i = from; i < to; i++) {
        enum swapc_status status = swapc_module_call(
            c->module, operation, s->requests[i % s->count], NULL, &b->reply, b->error);
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

/* A figure for a wrong answer would be worth nothing: every request must come out Valid first. */
static enum swapc_status prove(struct bench *b, const struct contender *c) {
    for (unsigned i = 0; i < c->samples->count; i++) {
        enum swapc_status status = swapc_module_call(c->module, operation, c->samples->requests[i],
                                                     NULL, &b->reply, b->error);
        if (status != SWAPC_OK && status != SWAPC_GUEST_ERROR) return status;
        if (status == SWAPC_GUEST_ERROR || !swapci_samples_valid(b->reply.body))
            return swapc_error_set(b->error, SWAPC_CORRUPT,
                                   "%s of %s on %s did not find a right signature valid",
                                   c->row->flavour, c->row->method, c->row->engine);
    }
    return SWAPC_OK;
}

static enum swapc_status measure(struct bench *b, struct contender *c, unsigned round,
                                 unsigned from, unsigned to) {
    enum swapc_status status = call_some(b, c, from, from + WARM_CALLS);
    if (status != SWAPC_OK) return status;
    uint64_t wall = swapci_clock_monotonic_ns();
    uint64_t cpu = swapci_clock_thread_cpu_ns();
    status = call_some(b, c, from, to);
    cpu = swapci_clock_thread_cpu_ns() - cpu;
    wall = swapci_clock_monotonic_ns() - wall;
    c->cpu_us[round] += (double)cpu / 1e3 / b->config->requests;
    c->wall_us[round] += (double)wall / 1e3 / b->config->requests;
    return status;
}

/* A round in slices, each contender once a slice: where the machine's speed drifts within a round, it
 * drifts under all of them. The order is rotated, so that none always follows the same one. */
static enum swapc_status run_round(struct bench *b, unsigned round) {
    unsigned count = b->report->count, requests = b->config->requests;
    unsigned slices = requests < SLICES ? requests : SLICES;
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < count; i++)
        b->contenders[i].cpu_us[round] = b->contenders[i].wall_us[round] = 0;
    for (unsigned s = 0; s < slices; s++)
        for (unsigned i = 0; i < count && status == SWAPC_OK; i++)
            status = measure(b, &b->contenders[(i + s + round) % count], round,
                             s * requests / slices, (s + 1) * requests / slices);
    return status;
}

static enum swapc_status run_rounds(struct bench *b) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < b->report->count && status == SWAPC_OK; i++)
        status = prove(b, &b->contenders[i]);
    for (unsigned r = 0; r < WARM_UP_ROUNDS && status == SWAPC_OK; r++) status = run_round(b, 0);
    for (unsigned r = 0; r < b->config->rounds && status == SWAPC_OK; r++) {
        status = run_round(b, r);
        if (b->config->progress)
            b->config->progress(r + 1, b->config->rounds, b->config->progress_user);
    }
    return status;
}

static const struct contender *native_of(const struct bench *b, const char *method) {
    for (unsigned i = 0; i < b->report->count; i++)
        if (strcmp(b->report->rows[i].engine, "native") == 0 &&
            strcmp(b->report->rows[i].method, method) == 0)
            return &b->contenders[i];
    return NULL;
}

static void summarise_ratio(const struct bench *b, const struct contender *c, double *scratch) {
    const struct contender *native = native_of(b, c->row->method);
    unsigned rounds = b->config->rounds;
    for (unsigned r = 0; native && r < rounds; r++) scratch[r] = c->cpu_us[r] / native->cpu_us[r];
    if (native) c->row->ratio = swapci_spread_of(scratch, rounds);
}

/* The ratios first: taking a spread sorts the samples, and a ratio needs them by round. */
static enum swapc_status summarise(struct bench *b) {
    double *scratch = calloc(b->config->rounds, sizeof *scratch);
    if (!scratch) return swapc_error_set(b->error, SWAPC_NO_MEMORY, "no memory");
    for (unsigned i = 0; i < b->report->count; i++) summarise_ratio(b, &b->contenders[i], scratch);
    for (unsigned i = 0; i < b->report->count; i++) {
        struct contender *c = &b->contenders[i];
        c->row->cpu_us = swapci_spread_of(c->cpu_us, b->config->rounds);
        c->row->wall_us = swapci_spread_of(c->wall_us, b->config->rounds);
    }
    free(scratch);
    return SWAPC_OK;
}

static void fini(struct bench *b) {
    for (unsigned i = 0; i < SWAPCI_BENCH_ROWS_MAX; i++) {
        swapc_module_release(b->contenders[i].module);
        free(b->contenders[i].cpu_us);
        free(b->contenders[i].wall_us);
    }
    swapc_reply_fini(&b->reply);
    for (unsigned m = 0; m < SWAPCI_METHODS_MAX; m++) swapci_samples_fini(&b->samples[m]);
    swapc_host_free(b->host);
}

enum swapc_status swapci_bench_engines(const struct swapci_bench_config *config,
                                       struct swapci_bench_report *report, swapc_error *error) {
    struct bench b = {.config = config, .report = report, .error = error};
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config host_config = SWAPC_HOST_CONFIG_INIT;
    host_config.engines = swapci_engine_names_all(engines); /* for bundles that we ship */
    host_config.log = config->log;
    *report = (struct swapci_bench_report){.rounds = config->rounds, .requests = config->requests};
    enum swapc_status status = swapc_host_new(&host_config, &b.host, error);
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK; m++)
        status =
            swapci_samples_make(swapci_method_table[m], config->requests, &b.samples[m], error);
    if (status == SWAPC_OK) status = add_contenders(&b);
    if (status == SWAPC_OK) status = run_rounds(&b);
    if (status == SWAPC_OK) status = summarise(&b);
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

static json_t *row_json(const struct swapci_bench_row *row, unsigned rounds) {
    return json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "engine",
                     row->engine, "flavour", row->flavour, "method", row->method, "median_us",
                     row->cpu_us.median, "min_us", row->cpu_us.min, "max_us", row->cpu_us.max,
                     "ratio", row->ratio.median, "ratio_min", row->ratio.min, "ratio_max",
                     row->ratio.max, "wall_median_us", row->wall_us.median, "rounds",
                     (json_int_t)rounds);
}

json_t *swapci_bench_json(const struct swapci_bench_report *report) {
    json_t *rows = json_array();
    for (unsigned i = 0; i < report->count; i++)
        json_array_append_new(rows, row_json(&report->rows[i], report->rounds));
    return json_pack("{s:o, s:o}", "rows", rows, "host", swapci_host_facts_json());
}

static void print_row(const struct swapci_bench_row *row, FILE *to) {
    fprintf(to, "  %-8s  %-9s  %-12s  %9.1f  %9.1f – %-9.1f", row->method, row->engine,
            row->flavour, row->cpu_us.median, row->cpu_us.min, row->cpu_us.max);
    if (row->ratio.median > 0)
        fprintf(to, "  %6.2f ×  %6.2f – %-6.2f", row->ratio.median, row->ratio.min, row->ratio.max);
    fprintf(to, "  %9.1f\n", row->wall_us.median);
}

void swapci_bench_print(const struct swapci_bench_report *report, FILE *to) {
    struct swapci_host_facts facts;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    swapci_host_facts_read(&facts);
    fprintf(to,
            "%s, %ld cores, %s\none verify_message call (MessagePack in and out), CPU time; "
            "%u interleaved rounds of %u calls\n\n",
            facts.cpu, facts.cores, facts.os, report->rounds, report->requests);
    fprintf(to, "  %-8s  %-9s  %-12s  %9s  %21s  %8s  %15s  %9s\n", "method", "engine", "flavour",
            "median µs", "min – max      ", "× native", "min – max    ", "wall µs");
    for (unsigned i = 0; i < report->count; i++) print_row(&report->rows[i], to);
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (!info.built) fprintf(to, "  engine %s is not in this build\n", info.name);
    fprintf(to,
            "\nthe original (Rust, i7-4770K): wasmtime 2.7–3.2 × native, wasm3 23–30 × native\n");
}
