#include "swap.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "engine_names.h"
#include "host_facts.h"
#include "samples.h"
#include "stats.h"

/* A mode ends early when its time is up: one wasm3 call takes more than a millisecond. */
enum { SAMPLES = 16, LEAST = 10, WARM_UP = 4 };
static const uint64_t mode_ns = 4000000000u;

enum mode { WARM, DISK, COLD, MODES };

static const char *const mode_names[MODES] = {"warm", "disk", "cold"};
static const unsigned mode_parts[MODES] = {1, 10, 50};

struct bench {
    const struct swapci_swap_config *config;
    struct swapci_swap_report *report;
    swapc_error *error;
    swapc_host *host;
    struct swapci_samples samples;
    swapc_reply reply;
    swapc_slot *slot; /* of the engine that is measured */
    swapc_module *resident[2];
    double *normal_us, *swap_us; /* one a swap */
    unsigned calls;              /* so far, to draw the next sample */
};

static swapc_bytes next_request(struct bench *b) {
    return b->samples.requests[b->calls++ % b->samples.count];
}

/* Takes the time of pin, call and release; the answer is looked at afterwards. */
static enum swapc_status timed_call(struct bench *b, uint64_t start, double *us) {
    static const swapc_bytes operation = {(const uint8_t *)"verify_message", 14};
    swapc_pin pin;
    enum swapc_status status = swapc_slot_pin(b->slot, &pin);
    if (status != SWAPC_OK) return swapc_error_set(b->error, status, "the slot is empty");
    status = swapc_pin_call(&pin, operation, next_request(b), NULL, &b->reply, b->error);
    *us = (double)(swapci_clock_monotonic_ns() - start) / 1e3;
    swapc_pin_release(&pin);
    if (status == SWAPC_GUEST_ERROR || (status == SWAPC_OK && !swapci_samples_valid(b->reply.body)))
        return swapc_error_set(b->error, SWAPC_CORRUPT,
                               "a right signature was not found valid after a swap");
    return status;
}

static enum swapc_status load(struct bench *b, const char *engine, bool fresh, swapc_module **out) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = engine;
    options.fresh = fresh;
    return swapc_module_load(b->host, b->config->module_path, &options, out, b->error);
}

static enum swapc_status publish(struct bench *b, swapc_module *module) {
    enum swapc_status status = swapc_slot_publish(b->slot, module, NULL);
    return status == SWAPC_OK ? status
                              : swapc_error_set(b->error, status, "the slot takes no module");
}

static enum swapc_status timed_swap(struct bench *b, const char *engine, enum mode mode,
                                    unsigned number, double *us) {
    uint64_t start = swapci_clock_monotonic_ns();
    if (mode == WARM) {
        enum swapc_status status = publish(b, b->resident[number % 2]);
        return status == SWAPC_OK ? timed_call(b, start, us) : status;
    }
    swapc_module *module;
    enum swapc_status status = load(b, engine, mode == COLD, &module);
    if (status != SWAPC_OK) return status;
    status = publish(b, module);
    swapc_module_release(module);
    return status == SWAPC_OK ? timed_call(b, start, us) : status;
}

static double at(const double *sorted, unsigned count, double part) {
    return sorted[(unsigned)((double)(count - 1) * part + 0.5)];
}

static void add_row(struct bench *b, const char *engine, enum mode mode, unsigned swaps) {
    struct swapci_swap_row *row = &b->report->rows[b->report->count++];
    double normal = swapci_spread_of(b->normal_us, swaps).median;
    swapci_spread_of(b->swap_us, swaps); /* sorts */
    snprintf(row->engine, sizeof row->engine, "%s", engine);
    snprintf(row->mode, sizeof row->mode, "%s", mode_names[mode]);
    row->normal_us = normal;
    row->swaps = swaps;
    row->p50_us = at(b->swap_us, swaps, 0.5) - normal;
    row->p99_us = at(b->swap_us, swaps, 0.99) - normal;
    row->max_us = b->swap_us[swaps - 1] - normal;
}

static enum swapc_status run_mode(struct bench *b, const char *engine, enum mode mode) {
    unsigned wanted = b->config->swaps / mode_parts[mode];
    wanted = wanted < LEAST ? LEAST : wanted;
    uint64_t until = swapci_clock_monotonic_ns() + mode_ns;
    double unused;
    enum swapc_status status = publish(b, b->resident[1]);
    for (unsigned i = 0; i < WARM_UP && status == SWAPC_OK; i++)
        status = timed_swap(b, engine, mode, i, &unused);
    unsigned i = 0;
    while (i < wanted && status == SWAPC_OK && (i < LEAST || swapci_clock_monotonic_ns() < until)) {
        status = timed_call(b, swapci_clock_monotonic_ns(), &b->normal_us[i]);
        if (status == SWAPC_OK) status = timed_swap(b, engine, mode, i, &b->swap_us[i]);
        i++;
    }
    if (status == SWAPC_OK) add_row(b, engine, mode, i);
    return status;
}

static enum swapc_status run_modes(struct bench *b, const char *engine) {
    enum swapc_status status = swapc_slot_new(engine, &b->slot, b->error);
    for (int i = 0; i < 2 && status == SWAPC_OK; i++)
        status = load(b, engine, false, &b->resident[i]);
    bool there = status != SWAPC_NO_FLAVOUR;
    if (!there) { /* the bundle was built without it: not a contender */
        swapc_error_clear(b->error);
        status = SWAPC_OK;
    }
    for (int mode = 0; mode < MODES && there && status == SWAPC_OK; mode++)
        status = run_mode(b, engine, (enum mode)mode);
    swapc_slot_free(b->slot);
    for (int i = 0; i < 2; i++) swapc_module_release(b->resident[i]);
    b->slot = NULL;
    b->resident[0] = b->resident[1] = NULL;
    return status;
}

static enum swapc_status run_engines(struct bench *b) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    unsigned total = 0, done = 0;
    while (swapc_engine_at(total, &info)) total++;
    for (; swapc_engine_at(done, &info); done++) {
        if (b->config->progress) b->config->progress(done, total, b->config->progress_user);
        if (!info.built || b->report->count + MODES > SWAPCI_SWAP_ROWS_MAX) continue;
        enum swapc_status status = run_modes(b, info.name);
        if (status != SWAPC_OK) return status;
    }
    if (b->config->progress) b->config->progress(total, total, b->config->progress_user);
    return SWAPC_OK;
}

static enum swapc_status room(struct bench *b) {
    unsigned count = b->config->swaps < LEAST ? LEAST : b->config->swaps;
    b->normal_us = calloc(count, sizeof *b->normal_us);
    b->swap_us = calloc(count, sizeof *b->swap_us);
    return b->normal_us && b->swap_us ? SWAPC_OK
                                      : swapc_error_set(b->error, SWAPC_NO_MEMORY, "no memory");
}

enum swapc_status swapci_bench_swap(const struct swapci_swap_config *config,
                                    struct swapci_swap_report *report, swapc_error *error) {
    struct bench b = {.config = config, .report = report, .error = error};
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config host_config = SWAPC_HOST_CONFIG_INIT;
    host_config.engines = swapci_engine_names_all(engines); /* for bundles that we ship */
    host_config.log = config->log;
    *report = (struct swapci_swap_report){.count = 0};
    enum swapc_status status = swapc_host_new(&host_config, &b.host, error);
    if (status == SWAPC_OK)
        status = swapci_samples_make(swapci_method_table[0], SAMPLES, &b.samples, error);
    if (status == SWAPC_OK) status = room(&b);
    if (status == SWAPC_OK) status = run_engines(&b);
    free(b.normal_us);
    free(b.swap_us);
    swapc_reply_fini(&b.reply);
    swapci_samples_fini(&b.samples);
    swapc_host_free(b.host);
    return status;
}

json_t *swapci_swap_json(const struct swapci_swap_report *report) {
    json_t *rows = json_array();
    for (unsigned i = 0; i < report->count; i++) {
        const struct swapci_swap_row *row = &report->rows[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:f, s:f, s:f, s:I, s:f, s:f}", "engine",
                                              row->engine, "mode", row->mode, "p50_us", row->p50_us,
                                              "p99_us", row->p99_us, "max_us", row->max_us, "swaps",
                                              (json_int_t)row->swaps, "normal_us", row->normal_us,
                                              "total_p50_us", row->p50_us + row->normal_us));
    }
    return json_pack("{s:o, s:o}", "rows", rows, "host", swapci_host_facts_json());
}

void swapci_swap_print(const struct swapci_swap_report *report, FILE *to) {
    struct swapci_host_facts facts;
    swapci_host_facts_read(&facts);
    fprintf(to,
            "%s, %ld cores, %s\none swap until the new module has verified a Schnorr signature, "
            "over a normal call; wall time, µs\n\n",
            facts.cpu, facts.cores, facts.os);
    fprintf(to, "  %-9s  %-5s  %10s  %10s  %10s  %12s  %6s\n", "engine", "mode", "p50", "p99",
            "max", "normal call", "swaps");
    for (unsigned i = 0; i < report->count; i++) {
        const struct swapci_swap_row *row = &report->rows[i];
        fprintf(to, "  %-9s  %-5s  %10.1f  %10.1f  %10.1f  %12.1f  %6u\n", row->engine, row->mode,
                row->p50_us, row->p99_us, row->max_us, row->normal_us, row->swaps);
    }
    fprintf(to, "  (from disk, an engine that keeps no compiled form loads its file anew)\n"
                "\nthe original (Rust, i7-4770K): 30 000 µs a swap\n");
}
