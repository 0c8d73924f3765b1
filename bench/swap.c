/* `swapc bench swap`: how long replacing a module takes, until the new one has answered.
 *
 * One slot, one signature verification as the call. A swap is timed from before anything is done
 * for it until the first answer of the new module is there, and a plain call on the pinned slot
 * with the same request is timed before each swap. A row's figures are of the differences of these
 * pairs: what drifts drifts in both. Where their 95 % interval reaches down to nothing, the row is
 * not resolved: a swap then costs less than the interval's end, and no figure is below zero.
 *   warm: both modules are resident; publish, pin, call.
 *   disk: the module is loaded from the compiled form that is kept; publish, pin, call. Engines
 *         without a compiled form load its file.
 *   cold: the module is read and compiled. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "samples.h"
#include "scenario.h"

/* A mode ends early when its time is up: one wasm3 call takes more than a millisecond. */
enum { SAMPLES = 16, LEAST = 10, WARM_UP = 4 };
static const uint64_t mode_ns = 4000000000u, quick_mode_ns = 500000000u;

enum mode { WARM, DISK, COLD, MODES };

static const char *const mode_names[MODES] = {"warm", "disk", "cold"};
static const unsigned mode_parts[MODES] = {1, 10, 50};

struct bench {
    struct swapci_lab *lab;
    char path[SWAPCI_LAB_PATH];
    swapc_error *error;
    swapc_host *host;
    struct swapci_samples samples;
    swapc_reply reply;
    swapc_slot *slot; /* of the engine that is measured */
    swapc_module *resident[2];
    double *normal_us, *swap_us; /* one a swap */
};

/* Takes the time of pin, call and release; the answer is looked at afterwards. */
static enum swapc_status timed_call(struct bench *b, unsigned number, uint64_t start, double *us) {
    static const swapc_bytes operation = {(const uint8_t *)"verify_message", 14};
    swapc_pin pin;
    enum swapc_status status = swapc_slot_pin(b->slot, &pin);
    if (status != SWAPC_OK) return swapc_error_set(b->error, status, "the slot is empty");
    swapc_bytes request = b->samples.requests[number % b->samples.count];
    status = swapc_pin_call(&pin, operation, request, NULL, &b->reply, b->error);
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
    return swapci_lab_load(b->host, b->path, &options, out, b->error);
}

static enum swapc_status timed_swap(struct bench *b, const char *engine, enum mode mode,
                                    unsigned number, double *us) {
    uint64_t start = swapci_clock_monotonic_ns();
    if (mode == WARM) {
        enum swapc_status status = swapc_slot_publish(b->slot, b->resident[number % 2], NULL);
        return status == SWAPC_OK ? timed_call(b, number, start, us) : status;
    }
    swapc_module *module;
    enum swapc_status status = load(b, engine, mode == COLD, &module);
    if (status != SWAPC_OK) return status;
    status = swapc_slot_publish(b->slot, module, NULL);
    swapc_module_release(module);
    return status == SWAPC_OK ? timed_call(b, number, start, us) : status;
}

static double at_least_0(double us) {
    return us > 0 ? us : 0;
}

/* The differences, in place. Returns whether their median is known to be above zero. */
static bool subtract(struct bench *b, unsigned swaps, struct swapci_spread *spread) {
    for (unsigned i = 0; i < swaps; i++) b->swap_us[i] -= b->normal_us[i];
    *spread = swapci_spread_of(b->swap_us, swaps); /* sorts */
    bool resolved = spread->low > 0;
    for (unsigned i = 0; i < swaps; i++) b->swap_us[i] = at_least_0(b->swap_us[i]);
    spread->median = at_least_0(spread->median);
    spread->low = at_least_0(spread->low);
    spread->high = at_least_0(spread->high);
    spread->max = at_least_0(spread->max);
    return resolved;
}

static void add_row(struct bench *b, const char *engine, enum mode mode, unsigned swaps) {
    char label[64];
    struct swapci_spread spread;
    bool resolved = subtract(b, swaps, &spread);
    double normal = swapci_spread_of(b->normal_us, swaps).median;
    json_t *row = swapci_lab_row(b->lab);
    json_object_set_new(row, "engine", json_string(engine));
    json_object_set_new(row, "mode", json_string(mode_names[mode]));
    json_object_set_new(row, "p50_us", json_real(spread.median));
    json_object_set_new(row, "p99_us", json_real(swapci_quantile(b->swap_us, swaps, 0.99)));
    json_object_set_new(row, "max_us", json_real(spread.max));
    json_object_set_new(row, "low_us", json_real(spread.low));
    json_object_set_new(row, "high_us", json_real(spread.high));
    json_object_set_new(row, "resolved", json_boolean(resolved));
    json_object_set_new(row, "normal_us", json_real(normal));
    json_object_set_new(row, "total_p50_us", json_real(spread.median + normal));
    json_object_set_new(row, "swaps", json_integer(swaps));
    json_object_set_new(row, "default", json_true());
    if (!resolved)
        swapci_lab_note(b->lab,
                        "%s, %s: less than this run can tell from calls of %.1f µs; a swap costs "
                        "%.1f µs at most",
                        engine, mode_names[mode], normal, spread.high);
    snprintf(label, sizeof label, "%s, %s", engine, mode_names[mode]);
    swapci_lab_distribution(b->lab, label, "µs", b->swap_us, swaps);
}

static enum swapc_status run_mode(struct bench *b, const char *engine, enum mode mode) {
    unsigned wanted = (unsigned)b->lab->swaps / mode_parts[mode];
    wanted = wanted < LEAST ? LEAST : wanted;
    uint64_t until = swapci_clock_monotonic_ns() + (b->lab->quick ? quick_mode_ns : mode_ns);
    double unused;
    enum swapc_status status = swapc_slot_publish(b->slot, b->resident[1], NULL);
    for (unsigned i = 0; i < WARM_UP && status == SWAPC_OK && !swapci_lab_stopped(b->lab); i++)
        status = timed_swap(b, engine, mode, i, &unused);
    unsigned i = 0;
    while (i < wanted && status == SWAPC_OK && !swapci_lab_stopped(b->lab) &&
           (i < LEAST || swapci_clock_monotonic_ns() < until)) {
        status = timed_call(b, i, swapci_clock_monotonic_ns(), &b->normal_us[i]);
        if (status == SWAPC_OK) status = timed_swap(b, engine, mode, i, &b->swap_us[i]);
        i++;
    }
    if (status == SWAPC_OK && i > 0) add_row(b, engine, mode, i);
    return status;
}

static enum swapc_status run_modes(struct bench *b, const char *engine) {
    enum swapc_status status = swapc_slot_new(engine, &b->slot, b->error);
    for (int i = 0; i < 2 && status == SWAPC_OK; i++)
        status = load(b, engine, false, &b->resident[i]);
    bool there = b->resident[1]; /* else the bundle was built without it: not a contender */
    for (int mode = 0; mode < MODES && there && status == SWAPC_OK; mode++)
        if (!swapci_lab_stopped(b->lab)) status = run_mode(b, engine, (enum mode)mode);
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
        swapci_pace_progress(&b->lab->pace, done, total);
        if (!info.built || swapci_lab_stopped(b->lab)) continue;
        enum swapc_status status = run_modes(b, info.name);
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

static enum swapc_status room(struct bench *b) {
    uint64_t count = b->lab->swaps < LEAST ? LEAST : b->lab->swaps;
    b->normal_us = calloc(count, sizeof *b->normal_us);
    b->swap_us = calloc(count, sizeof *b->swap_us);
    return b->normal_us && b->swap_us ? SWAPC_OK
                                      : swapc_error_set(b->error, SWAPC_NO_MEMORY, "no memory");
}

enum swapc_status swapci_scenario_swap(struct swapci_lab *lab, swapc_error *error) {
    struct bench b = {.lab = lab, .error = error};
    enum swapc_status status =
        lab->find_bundle(swapci_method_table[0]->module, b.path, sizeof b.path, error);
    if (status == SWAPC_OK) status = swapci_lab_host(lab->log, true, &b.host, error);
    if (status == SWAPC_OK)
        status = swapci_samples_make(swapci_method_table[0], SAMPLES, SWAPCI_SAMPLES_KEYS,
                                     &b.samples, error);
    if (status == SWAPC_OK) status = room(&b);
    if (status == SWAPC_OK) status = run_engines(&b);
    free(b.normal_us);
    free(b.swap_us);
    swapc_reply_fini(&b.reply);
    swapci_samples_fini(&b.samples);
    swapc_host_free(b.host);
    swapci_lab_note(lab, "from disk, an engine that keeps no compiled form loads its file anew; "
                         "the original (Rust, i7-4770K): 30 000 µs a swap");
    return status;
}
