/* `swapc bench module BUNDLE OPERATION --input FILE`: a module of the user's own on every engine
 * and flavour that runs it: the call with its spread, compiling, starting, swapping, memory, size,
 * and a sentence of advice. Native code is loaded only when the user said so. */
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "printable.h"
#include "scenario.h"

enum {
    ROWS_MAX = 24,
    ROUND_NS = 8000000,
    CALLS_MAX = 2000,
    STARTS = 5,
    COMPILES = 5,
    SWAPS = 50,
    SAMPLE_NS = 300000000
};

struct entry {
    struct bench *bench;
    swapc_module *module;
    char engine[32], flavour[32];
    double compile_ms, start_ms, swap_us, p99_us, memory_kb, file_kb;
    bool by_default;
};

struct bench {
    struct swapci_lab *lab;
    swapc_error *error;
    swapc_host *host;
    struct entry entries[ROWS_MAX];
    struct swapci_contender contenders[ROWS_MAX];
    struct swapci_measure measure;
    swapc_reply reply, first; /* first: what the first contender answered */
    bool answered;
    char why[512]; /* the first engine that does not run it, or answer */
};

static swapc_bytes operation_of(const struct bench *b) {
    return swapc_bytes_str(b->lab->operation);
}

static enum swapc_status call_some(void *user, unsigned from, unsigned to, swapc_error *error) {
    const struct entry *e = user;
    struct bench *b = e->bench;
    for (unsigned i = from; i < to; i++) {
        enum swapc_status status =
            swapc_module_call(e->module, operation_of(b), b->lab->input, NULL, &b->reply, error);
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

static double since_ms(uint64_t start) {
    return (double)(swapci_clock_monotonic_ns() - start) / 1e6;
}

static double resident_kb(void) {
    long pages = 0;
    FILE *from = fopen("/proc/self/statm", "re");
    if (from && fscanf(from, "%*d %ld", &pages) != 1) pages = 0;
    if (from) fclose(from);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static enum swapc_status load(struct bench *b, const struct entry *e, bool fresh,
                              swapc_module **out) {
    swapc_limits limits = SWAPC_LIMITS_INIT;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    limits.compile_ms = b->lab->compile_ms;
    options.limits = &limits;
    options.engine = e->engine;
    options.flavour = strcmp(e->flavour, "file") == 0 ? NULL : e->flavour;
    options.fresh = fresh;
    return swapci_lab_load(b->host, b->lab->module_path, &options, out, b->error);
}

/* The median of a few loads, each with its first call. */
static enum swapc_status time_loads(struct bench *b, struct entry *e, bool fresh, unsigned times,
                                    double *ms) {
    double samples[STARTS];
    enum swapc_status status = SWAPC_OK;
    unsigned done = 0;
    while (done < times && status == SWAPC_OK) {
        swapc_module *module = NULL;
        uint64_t start = swapci_clock_monotonic_ns();
        status = load(b, e, fresh, &module);
        if (status == SWAPC_OK && module)
            status = swapc_module_call(module, operation_of(b), b->lab->input, NULL, &b->reply,
                                       b->error);
        samples[done++] = since_ms(start);
        swapc_module_release(module);
        if (since_ms(start) > 2000) break; /* a large module: once is enough */
    }
    *ms = swapci_spread_of(samples, done).median;
    return status;
}

static double cpu_us_since(uint64_t start) {
    return (double)(swapci_clock_thread_cpu_ns() - start) / 1e3;
}

/* Two copies published in turn; what publish, pin and the first call cost over a plain call, and at
 * least what publishing and pinning took: of a slow call's noise that is all that can be told
 * apart. */
static enum swapc_status time_swaps(struct bench *b, struct entry *e) {
    double plain[SWAPS], swapped[SWAPS], alone[SWAPS];
    swapc_module *other = NULL;
    swapc_slot *slot = NULL;
    enum swapc_status status = load(b, e, false, &other);
    if (status == SWAPC_OK) status = swapc_slot_new("bench", &slot, b->error);
    unsigned done = 0;
    while (status == SWAPC_OK && done < SWAPS) {
        swapc_pin pin;
        uint64_t wall = swapci_clock_monotonic_ns(), start = swapci_clock_thread_cpu_ns();
        status = swapc_slot_publish(slot, done % 2 ? other : e->module, NULL);
        if (status == SWAPC_OK) status = swapc_slot_pin(slot, &pin);
        if (status != SWAPC_OK) break;
        alone[done] = since_ms(wall) * 1e3;
        status = swapc_pin_call(&pin, operation_of(b), b->lab->input, NULL, &b->reply, b->error);
        swapped[done] = cpu_us_since(start);
        start = swapci_clock_thread_cpu_ns();
        if (status == SWAPC_OK)
            status =
                swapc_pin_call(&pin, operation_of(b), b->lab->input, NULL, &b->reply, b->error);
        plain[done++] = cpu_us_since(start);
        swapc_pin_release(&pin);
        if (plain[done - 1] > 20000) break; /* slow calls: a few are enough */
    }
    if (status == SWAPC_OK && done > 0) {
        double least = swapci_spread_of(alone, done).median;
        double over = swapci_spread_of(swapped, done).median - swapci_spread_of(plain, done).median;
        e->swap_us = over > least ? over : least;
    }
    swapc_slot_free(slot);
    swapc_module_release(other);
    return status;
}

/* Single calls on the wall clock: the spread that a user sees. */
static enum swapc_status sample_calls(struct bench *b, struct entry *e) {
    double *us = calloc(CALLS_MAX, sizeof *us);
    char label[80];
    enum swapc_status status = us ? SWAPC_OK : SWAPC_NO_MEMORY;
    uint64_t until = swapci_clock_monotonic_ns() + SAMPLE_NS;
    unsigned done = 0;
    while (status == SWAPC_OK && done < CALLS_MAX && swapci_clock_monotonic_ns() < until) {
        uint64_t start = swapci_clock_monotonic_ns();
        status = call_some(e, 0, 1, b->error);
        us[done++] = since_ms(start) * 1e3;
    }
    if (status == SWAPC_OK && done > 0) {
        swapci_spread_of(us, done); /* sorts */
        e->p99_us = swapci_quantile(us, done, 0.99);
        snprintf(label, sizeof label, "%s, %s", e->engine, e->flavour);
        swapci_lab_distribution(b->lab, label, "µs", us, done);
    }
    free(us);
    return status;
}

/* A sentence below the table, which is the reason when nothing is left to measure. */
__attribute__((format(printf, 2, 3))) static void why_not(struct bench *b, const char *format,
                                                          ...) {
    va_list args;
    va_start(args, format);
    char text[sizeof b->why];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    swapci_lab_note(b->lab, "%s", text);
    if (!b->why[0]) snprintf(b->why, sizeof b->why, "%s", text);
}

/* What the process grows by when the module is loaded and has answered once, its engine running
 * already. */
static enum swapc_status weigh(struct bench *b, struct entry *e) {
    swapc_module_release(e->module);
    e->module = NULL;
    malloc_trim(0);
    double before = resident_kb();
    enum swapc_status status = load(b, e, false, &e->module);
    if (status == SWAPC_OK) status = call_some(e, 0, 1, b->error);
    malloc_trim(0);
    e->memory_kb = resident_kb() - before;
    if (e->memory_kb < 0) e->memory_kb = 0;
    return status;
}

/* The first answer; all must be the same. Returns false, with a note, when it is none. */
static bool answers(struct bench *b, const struct entry *e) {
    swapc_error why = SWAPC_ERROR_INIT;
    char said[160];
    enum swapc_status status =
        swapc_module_call(e->module, operation_of(b), b->lab->input, NULL, &b->reply, &why);
    if (status == SWAPC_GUEST_ERROR) {
        why_not(b, "%s, %s: the module answers with an error, which is not measured: %s", e->engine,
                e->flavour, swapci_printable(b->reply.body, said, sizeof said));
        return false;
    }
    if (status != SWAPC_OK) {
        why_not(b, "%s, %s: the call fails: %s", e->engine, e->flavour, why.text);
        return false;
    }
    if (!b->answered) swapc_reply_set(&b->first, b->reply.body);
    else if (!swapc_bytes_equal(b->first.body, b->reply.body))
        swapci_lab_note(b->lab,
                        "%s, %s answers with other bytes than %s, %s: a module that is not "
                        "deterministic, or a fault",
                        e->engine, e->flavour, b->entries[0].engine, b->entries[0].flavour);
    b->answered = true;
    return true;
}

static enum swapc_status add_entry(struct bench *b, const char *engine, const char *flavour,
                                   bool by_default) {
    struct entry *e = &b->entries[b->measure.count];
    struct stat st;
    if (b->measure.count == ROWS_MAX) return SWAPC_OK;
    *e = (struct entry){.bench = b, .by_default = by_default};
    snprintf(e->engine, sizeof e->engine, "%s", engine);
    snprintf(e->flavour, sizeof e->flavour, "%s", flavour);
    enum swapc_status status = load(b, e, false, &e->module);
    if (status == SWAPC_NOT_FOUND || status == SWAPC_NO_MEMORY) return status;
    if (status != SWAPC_OK) { /* an engine that does not run it is no failure of the benchmark */
        why_not(b, "%s, %s: not run: %s", engine, flavour,
                b->error && b->error->text[0] ? b->error->text : swapc_status_text(status));
        if (b->error) swapc_error_clear(b->error);
        return SWAPC_OK;
    }
    if (!e->module) return SWAPC_OK;
    if (!answers(b, e)) {
        swapc_module_release(e->module);
        e->module = NULL;
        return SWAPC_OK;
    }
    status = weigh(b, e);
    if (status != SWAPC_OK) return status;
    if (stat(swapc_module_describe(e->module)->path, &st) == 0)
        e->file_kb = (double)st.st_size / 1024;
    uint64_t start = swapci_clock_monotonic_ns();
    status = call_some(e, 0, 3, b->error);
    double each = since_ms(start) * 1e6 / 3 + 1;
    unsigned calls = each > ROUND_NS ? 1 : (unsigned)(ROUND_NS / each) + 1;
    b->contenders[b->measure.count++] = (struct swapci_contender){
        .run = call_some, .user = e, .units = calls, .warm = calls > 16 ? 2 : 0};
    return status;
}

static enum swapc_status add_contenders(struct bench *b) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    struct stat st;
    bool folder = stat(b->lab->module_path, &st) == 0 && S_ISDIR(st.st_mode);
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; status == SWAPC_OK && swapc_engine_at(i, &info); i++) {
        bool native = strcmp(info.name, "native") == 0;
        if (!info.built) {
            swapci_lab_note(b->lab, "engine %s is not in this build", info.name);
            continue;
        }
        if (native && !b->lab->native) {
            swapci_lab_note(b->lab, "native code was not loaded: --engine native allows it, for a "
                                    "module that you trust");
            continue;
        }
        if (!folder) status = add_entry(b, info.name, "file", true);
        unsigned before = b->measure.count;
        for (const char *const *f = info.flavours; folder && *f && status == SWAPC_OK; f++)
            status = add_entry(b, info.name, *f, b->measure.count == before);
        swapci_pace_progress(&b->lab->pace, i, 20);
    }
    if (status != SWAPC_OK || b->measure.count > 0) return status;
    return swapc_error_set(b->error, SWAPC_NO_FLAVOUR,
                           "nothing to measure: no engine of this build answers %s of %s (%s)",
                           b->lab->operation, b->lab->module_path,
                           b->why[0] ? b->why : "it has no flavour that an engine here may run");
}

/* Within 3 % what comes by default is preferred: less is no difference. */
static unsigned fastest(const struct bench *b, bool sandboxed) {
    unsigned best = UINT32_MAX;
    double least = INFINITY;
    for (unsigned i = 0; i < b->measure.count; i++) {
        double us = swapci_measure_cpu(&b->measure, i).median;
        if (sandboxed && strcmp(b->entries[i].engine, "native") == 0) continue;
        if (us >= least * (b->entries[i].by_default ? 1.03 : 0.97)) continue;
        least = us;
        best = i;
    }
    return best;
}

static void add_row(struct bench *b, unsigned index, unsigned best) {
    const struct entry *e = &b->entries[index];
    json_t *row = swapci_lab_row(b->lab);
    json_object_set_new(row, "engine", json_string(e->engine));
    json_object_set_new(row, "flavour", json_string(e->flavour));
    swapci_lab_spread(row, "us", swapci_measure_cpu(&b->measure, index), 1);
    json_object_set_new(row, "p99_us", json_real(e->p99_us));
    swapci_lab_ratio(row, swapci_measure_ratio(&b->measure, index, best));
    json_object_set_new(row, "compile_ms", json_real(e->compile_ms));
    json_object_set_new(row, "start_ms", json_real(e->start_ms));
    json_object_set_new(row, "swap_us", json_real(e->swap_us));
    json_object_set_new(row, "memory_kb", json_real(e->memory_kb));
    json_object_set_new(row, "file_kb", json_real(e->file_kb));
    json_object_set_new(row, "rounds", json_integer(b->measure.rounds));
    json_object_set_new(row, "default", json_boolean(e->by_default));
}

/* "wasmtime with the flavour wide", or of a bare file "wasmtime". */
static const char *name_of(const struct entry *e, char *out, size_t size) {
    bool file = strcmp(e->flavour, "file") == 0;
    snprintf(out, size, "%s%s%s", e->engine, file ? "" : " with the flavour ",
             file ? "" : e->flavour);
    return out;
}

/* The sandbox of another engine that is compiled soonest, and sooner than best; or best. */
static unsigned soonest(const struct bench *b, unsigned best) {
    unsigned found = best;
    for (unsigned i = 0; i < b->measure.count; i++)
        if (strcmp(b->entries[i].engine, "native") != 0 &&
            strcmp(b->entries[i].engine, b->entries[best].engine) != 0 &&
            b->entries[i].compile_ms < b->entries[found].compile_ms)
            found = i;
    return found;
}

/* What to do with the figures: the fastest in a sandbox, what native would give, and from how many
 * calls on compiling pays. */
static void advise(struct bench *b) {
    unsigned best = fastest(b, true), fast = fastest(b, false);
    char name[80], native[96] = "";
    if (best == UINT32_MAX) {
        swapci_lab_note(b->lab, "advice: only native code runs it, without a sandbox: build a wasm "
                                "flavour before anybody else's version of it is loaded");
        return;
    }
    const struct entry *e = &b->entries[best];
    double us = swapci_measure_cpu(&b->measure, best).median;
    if (fast != best)
        snprintf(native, sizeof native, ", %.2f × native code",
                 swapci_measure_ratio(&b->measure, best, fast).median);
    swapci_lab_note(b->lab, "advice: %s (%.*f µs a call%s)%s", name_of(e, name, sizeof name),
                    us < 10 ? 2 : 1, us, native,
                    b->measure.count == 1 ? ": nothing else here runs it" : "");
    unsigned other = soonest(b, best);
    double more = swapci_measure_cpu(&b->measure, other).median - us;
    if (other != best && more > 0)
        swapci_lab_note(
            b->lab,
            "where a module is new and not in the cache: %s is ready in %.1f ms and not in "
            "%.1f, which pays below some %.0f calls of that module",
            name_of(&b->entries[other], name, sizeof name), b->entries[other].compile_ms,
            e->compile_ms, (e->compile_ms - b->entries[other].compile_ms) * 1e3 / more);
    if (us < 1)
        swapci_lab_note(b->lab,
                        "a call of this module is mostly the call itself (bench calls): the "
                        "engine matters little");
}

static enum swapc_status measure_all(struct bench *b) {
    enum swapc_status status = swapci_measure_run(&b->measure, &b->lab->pace, b->error);
    b->lab->incomplete = b->measure.interrupted;
    for (unsigned i = 0; i < b->measure.count && status == SWAPC_OK; i++) {
        if (swapci_lab_stopped(b->lab)) break;
        struct entry *e = &b->entries[i];
        status = sample_calls(b, e);
        if (status == SWAPC_OK) status = time_loads(b, e, true, COMPILES, &e->compile_ms);
        if (status == SWAPC_OK) status = time_loads(b, e, false, STARTS, &e->start_ms);
        if (status == SWAPC_OK) status = time_swaps(b, e);
    }
    return status;
}

enum swapc_status swapci_scenario_module(struct swapci_lab *lab, swapc_error *error) {
    struct bench b = {.lab = lab, .error = error};
    b.measure.contenders = b.contenders;
    enum swapc_status status = swapci_lab_host(lab->log, lab->native, &b.host, error);
    if (status == SWAPC_OK) status = add_contenders(&b);
    if (status == SWAPC_OK) status = measure_all(&b);
    if (status == SWAPC_OK && b.measure.rounds > 0) {
        for (unsigned i = 0; i < b.measure.count; i++) add_row(&b, i, fastest(&b, false));
        if (!lab->incomplete) advise(&b);
        swapci_lab_note(lab,
                        "%s of %s, %zu bytes in, %zu bytes out; memory: what the process grows by",
                        lab->operation, lab->module_path, lab->input.len, b.first.body.len);
    }
    swapci_measure_fini(&b.measure);
    for (unsigned i = 0; i < ROWS_MAX; i++) swapc_module_release(b.entries[i].module);
    swapc_reply_fini(&b.reply);
    swapc_reply_fini(&b.first);
    swapc_host_free(b.host);
    return status;
}
