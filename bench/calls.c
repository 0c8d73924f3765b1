#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include "alloc_count.h"
#include "clock.h"
#include "engine_names.h"
#include "host_facts.h"

enum { SIZES = 4, BATCH_NS = 2000000, BATCH_MAX = 20000, LARGEST = 65536 };

static const unsigned sizes[SIZES] = {0, 64, 1024, LARGEST};

struct contender {
    struct swapci_calls_row *row;
    swapc_module *module; /* borrowed from the bench */
    unsigned batch;       /* calls in one */
    double *ns;           /* one a round */
};

struct bench {
    const struct swapci_calls_config *config;
    struct swapci_calls_report *report;
    swapc_error *error;
    swapc_host *host;
    swapc_module *modules[SWAPCI_CALLS_ROWS_MAX];
    unsigned module_count;
    struct contender contenders[SWAPCI_CALLS_ROWS_MAX];
    swapc_reply reply;
    uint8_t payload[LARGEST];
};

static enum swapc_status add_rows(struct bench *b, swapc_module *module) {
    for (unsigned s = 0; s < SIZES; s++) {
        struct contender *c = &b->contenders[b->report->count];
        c->row = &b->report->rows[b->report->count++];
        snprintf(c->row->engine, sizeof c->row->engine, "%s",
                 swapc_module_describe(module)->engine);
        c->row->bytes = sizes[s];
        c->module = module;
        c->ns = calloc(b->config->rounds, sizeof *c->ns);
        if (!c->ns) return swapc_error_set(b->error, SWAPC_NO_MEMORY, "no memory");
    }
    return SWAPC_OK;
}

/* Each built engine with the best flavour of the bundle that it runs. */
static enum swapc_status add_contenders(struct bench *b) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) {
        swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
        options.engine = info.name;
        if (!info.built || b->report->count + SIZES > SWAPCI_CALLS_ROWS_MAX) continue;
        swapc_module **module = &b->modules[b->module_count];
        enum swapc_status status =
            swapc_module_load(b->host, b->config->echo_path, &options, module, b->error);
        if (status == SWAPC_NO_FLAVOUR && b->error) {
            swapc_error_clear(b->error); /* the bundle was built without it: not a contender */
            continue;
        }
        if (status == SWAPC_OK) {
            b->module_count++;
            status = add_rows(b, *module);
        }
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

static enum swapc_status batch(struct bench *b, const struct contender *c, unsigned calls) {
    static const swapc_bytes operation = {(const uint8_t *)"echo", 4};
    swapc_bytes payload = swapc_bytes_of(b->payload, c->row->bytes);
    for (unsigned i = 0; i < calls; i++) {
        enum swapc_status status =
            swapc_module_call(c->module, operation, payload, NULL, &b->reply, b->error);
        if (status != SWAPC_OK) return status;
    }
    if (!swapc_bytes_equal(b->reply.body, payload))
        return swapc_error_set(b->error, SWAPC_CORRUPT, "echo on %s gave other bytes back",
                               c->row->engine);
    return SWAPC_OK;
}

/* Warms up, and sizes the batches so that reading the clock does not count. */
static enum swapc_status calibrate(struct bench *b, struct contender *c) {
    enum { TRIAL = 100 };
    enum swapc_status status = batch(b, c, TRIAL);
    uint64_t allocated = swapci_alloc_counted();
    uint64_t start = swapci_clock_monotonic_ns();
    if (status == SWAPC_OK) status = batch(b, c, TRIAL);
    uint64_t each = (swapci_clock_monotonic_ns() - start) / TRIAL + 1;
    c->row->allocations = (double)(swapci_alloc_counted() - allocated) / TRIAL;
    c->batch = BATCH_NS / each > BATCH_MAX ? BATCH_MAX : (unsigned)(BATCH_NS / each) + 1;
    return status;
}

static enum swapc_status measure(struct bench *b, struct contender *c, unsigned round) {
    uint64_t start = swapci_clock_thread_cpu_ns();
    enum swapc_status status = batch(b, c, c->batch);
    c->ns[round] = (double)(swapci_clock_thread_cpu_ns() - start) / c->batch;
    return status;
}

static enum swapc_status run_rounds(struct bench *b) {
    unsigned count = b->report->count;
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < count && status == SWAPC_OK; i++)
        status = calibrate(b, &b->contenders[i]);
    for (unsigned r = 0; r < b->config->rounds && status == SWAPC_OK; r++) {
        for (unsigned i = 0; i < count && status == SWAPC_OK; i++)
            status = measure(b, &b->contenders[(i + r) % count], r);
        if (b->config->progress)
            b->config->progress(r + 1, b->config->rounds, b->config->progress_user);
    }
    for (unsigned i = 0; i < count && status == SWAPC_OK; i++)
        b->contenders[i].row->ns = swapci_spread_of(b->contenders[i].ns, b->config->rounds);
    return status;
}

static void fini(struct bench *b) {
    for (unsigned i = 0; i < SWAPCI_CALLS_ROWS_MAX; i++) {
        swapc_module_release(b->modules[i]);
        free(b->contenders[i].ns);
    }
    swapc_reply_fini(&b->reply);
    swapc_host_free(b->host);
    free(b);
}

enum swapc_status swapci_bench_calls(const struct swapci_calls_config *config,
                                     struct swapci_calls_report *report, swapc_error *error) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config host_config = SWAPC_HOST_CONFIG_INIT;
    host_config.engines = swapci_engine_names_all(engines); /* for bundles that we ship */
    struct bench *b = calloc(1, sizeof *b);
    if (!b) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory");
    *report = (struct swapci_calls_report){.rounds = config->rounds};
    b->config = config;
    b->report = report;
    b->error = error;
    memset(b->payload, 'x', sizeof b->payload);
    host_config.log = config->log;
    enum swapc_status status = swapc_host_new(&host_config, &b->host, error);
    if (status == SWAPC_OK) status = add_contenders(b);
    if (status == SWAPC_OK) status = run_rounds(b);
    fini(b);
    return status;
}

json_t *swapci_calls_json(const struct swapci_calls_report *report) {
    json_t *rows = json_array();
    for (unsigned i = 0; i < report->count; i++) {
        const struct swapci_calls_row *row = &report->rows[i];
        json_array_append_new(
            rows, json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:I}", "engine", row->engine, "bytes",
                            (json_int_t)row->bytes, "median_ns", row->ns.median, "min_ns",
                            row->ns.min, "max_ns", row->ns.max, "allocations", row->allocations,
                            "rounds", (json_int_t)report->rounds));
    }
    return json_pack("{s:o, s:o}", "rows", rows, "host", swapci_host_facts_json());
}

void swapci_calls_print(const struct swapci_calls_report *report, FILE *to) {
    struct swapci_host_facts facts;
    swapci_host_facts_read(&facts);
    fprintf(to,
            "%s, %ld cores, %s\none warm waPC call of echo, CPU time; %u interleaved rounds\n\n",
            facts.cpu, facts.cores, facts.os, report->rounds);
    fprintf(to, "  %-9s  %8s  %10s  %23s  %s\n", "engine", "bytes", "median ns", "min – max      ",
            "allocations a call");
    for (unsigned i = 0; i < report->count; i++) {
        const struct swapci_calls_row *row = &report->rows[i];
        fprintf(to, "  %-9s  %8u  %10.0f  %10.0f – %-10.0f  %g\n", row->engine, row->bytes,
                row->ns.median, row->ns.min, row->ns.max, row->allocations);
    }
}
