/* `swapc bench cold`: from a module's file to its first answer.
 *   compile: read, checked and compiled anew, then the first call.
 *   cache:   from the compiled form that is kept, where the engine keeps one; else its file.
 *   process: `swapc call` as a process, from its start to its end, with the cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "buffer.h"
#include "child.h"
#include "clock.h"
#include "hex.h"
#include "samples.h"
#include "scenario.h"

enum { TIMES = 15, QUICK_TIMES = 3, TIMES_MAX = 15 };
enum mode { COMPILE, CACHE, PROCESS, MODES };

static const char *const mode_names[MODES] = {"compile", "cache", "process"};

struct bench {
    struct swapci_lab *lab;
    swapc_error *error;
    swapc_host *host;
    struct swapci_samples samples;
    char path[SWAPCI_LAB_PATH];
    swapc_reply reply;
    char *hex; /* of the first sample */
};

static enum swapc_status in_process(struct bench *b, const char *engine, const char *flavour,
                                    bool fresh, double *ms, char *file, size_t size) {
    swapc_module *module;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = engine;
    options.flavour = flavour;
    options.fresh = fresh;
    uint64_t start = swapci_clock_monotonic_ns();
    enum swapc_status status = swapci_lab_load(b->host, b->path, &options, &module, b->error);
    file[0] = '\0';
    if (status != SWAPC_OK || !module) return status;
    status = swapc_module_call(module, swapc_bytes_str("verify_message"), b->samples.requests[0],
                               NULL, &b->reply, b->error);
    *ms = (double)(swapci_clock_monotonic_ns() - start) / 1e6;
    snprintf(file, size, "%s", swapc_module_describe(module)->path);
    swapc_module_release(module);
    if (status == SWAPC_OK && !swapci_samples_valid(b->reply.body))
        return swapc_error_set(b->error, SWAPC_CORRUPT, "%s does not find a right signature valid",
                               engine);
    return status;
}

static enum swapc_status as_process(struct bench *b, const char *engine, double *ms) {
    const char *arguments[SWAPCI_CHILD_ARGUMENTS] = {
        "swapc", "call", "schnorr", "verify_message", "--engine", engine, "--hex", b->hex};
    pid_t pid;
    int how = 0;
    uint64_t start = swapci_clock_monotonic_ns();
    enum swapc_status status = swapci_child_start(b->lab, arguments, -1, -1, &pid, b->error);
    if (status != SWAPC_OK) return status;
    waitpid(pid, &how, 0);
    *ms = (double)(swapci_clock_monotonic_ns() - start) / 1e6;
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return SWAPC_OK;
    return swapc_error_set(b->error, SWAPC_SYSTEM, "swapc call on %s, run as a process, failed",
                           engine);
}

static void add_row(struct bench *b, const char *engine, const char *flavour, enum mode mode,
                    double *ms, unsigned times, const char *file, bool by_default) {
    struct stat st;
    json_t *row = swapci_lab_row(b->lab);
    json_object_set_new(row, "engine", json_string(engine));
    json_object_set_new(row, "flavour", json_string(flavour));
    json_object_set_new(row, "mode", json_string(mode_names[mode]));
    swapci_lab_spread(row, "ms", swapci_spread_of(ms, times), 1);
    if (stat(file, &st) == 0)
        json_object_set_new(row, "file_kb", json_real((double)st.st_size / 1024));
    json_object_set_new(row, "times", json_integer(times));
    json_object_set_new(row, "default", json_boolean(by_default));
}

static enum swapc_status run_mode(struct bench *b, const char *engine, const char *flavour,
                                  enum mode mode, bool best) {
    double ms[TIMES_MAX];
    char file[SWAPCI_LAB_PATH] = "";
    unsigned wanted = b->lab->quick ? QUICK_TIMES : TIMES, times = 0;
    enum swapc_status status = SWAPC_OK;
    if ((mode == PROCESS && !best) || swapci_lab_stopped(b->lab)) return SWAPC_OK;
    if (mode != COMPILE) /* fills the cache */
        status = in_process(b, engine, flavour, false, &ms[0], file, sizeof file);
    while (status == SWAPC_OK && times < wanted && !swapci_lab_stopped(b->lab)) {
        status = mode == PROCESS ? as_process(b, engine, &ms[times])
                                 : in_process(b, engine, flavour, mode == COMPILE, &ms[times], file,
                                              sizeof file);
        if (!file[0]) return status; /* the bundle has no such flavour */
        times++;
    }
    if (status == SWAPC_OK && times > 0)
        add_row(b, engine, flavour, mode, ms, times, file, best && mode != COMPILE);
    return status;
}

static enum swapc_status run_engines(struct bench *b) {
    enum swapc_status status = SWAPC_OK;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    unsigned total = 0;
    while (swapc_engine_at(total, &info)) total++;
    for (unsigned i = 0; status == SWAPC_OK && swapc_engine_at(i, &info); i++) {
        for (const char *const *f = info.flavours; info.built && *f && status == SWAPC_OK; f++)
            for (int mode = 0; mode < MODES && status == SWAPC_OK; mode++)
                status = run_mode(b, info.name, *f, (enum mode)mode, f == info.flavours);
        swapci_pace_progress(&b->lab->pace, i + 1, total);
    }
    return status;
}

enum swapc_status swapci_scenario_cold(struct swapci_lab *lab, swapc_error *error) {
    struct bench b = {.lab = lab, .error = error};
    enum swapc_status status =
        lab->find_bundle(swapci_method_table[0]->module, b.path, sizeof b.path, error);
    if (status == SWAPC_OK) status = swapci_lab_host(lab->log, true, &b.host, error);
    if (status == SWAPC_OK)
        status = swapci_samples_make(swapci_method_table[0], 1, 1, &b.samples, error);
    if (status == SWAPC_OK) b.hex = malloc(SWAPCI_HEX_SIZE(b.samples.requests[0].len));
    if (status == SWAPC_OK && !b.hex)
        status = swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a request");
    if (status == SWAPC_OK) swapci_hex_encode(b.samples.requests[0], b.hex);
    if (status == SWAPC_OK) status = run_engines(&b);
    swapci_lab_note(lab,
                    "compile: read, checked, compiled, called; cache: from the compiled form that "
                    "is kept (an engine that keeps none: from its file); process: swapc call, "
                    "start to end");
    swapci_lab_note(lab, "the file is in the page cache: what a disk costs comes on top");
    free(b.hex);
    swapc_reply_fini(&b.reply);
    swapci_samples_fini(&b.samples);
    swapc_host_free(b.host);
    return status;
}
