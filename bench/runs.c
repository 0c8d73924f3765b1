/* `swapc bench scale`: whole runs, each `swapc run` in a process of its own, as a user starts it,
 * with its private Redis and its signer, their CPU time and memory looked at from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "host_facts.h"
#include "scenario.h"

struct run {
    uint64_t messages;
    unsigned workers;
    const char *engine; /* NULL: the default */
};

struct outcome {
    char engine[32];
    double elapsed_s, per_s;
    struct swapci_run_usage usage;
};

static enum swapc_status run_once(struct swapci_lab *lab, const struct run *run,
                                  struct outcome *out, swapc_error *error) {
    char messages[24], workers[12];
    json_t *document;
    snprintf(messages, sizeof messages, "%llu", (unsigned long long)run->messages);
    snprintf(workers, sizeof workers, "%u", run->workers);
    const char *arguments[SWAPCI_CHILD_ARGUMENTS] = {"swapc",      "run",
                                                     "--messages", messages,
                                                     "--workers",  workers,
                                                     "--method",   "schnorr",
                                                     "--json",     "-",
                                                     "--progress", "off",
                                                     "--no-bound", run->engine ? "--engine" : NULL,
                                                     run->engine};
    enum swapc_status status = swapci_child_run(lab, arguments, &document, &out->usage, error);
    if (status != SWAPC_OK) return status;
    const char *engine = json_string_value(json_object_get(document, "engine"));
    snprintf(out->engine, sizeof out->engine, "%s", engine ? engine : "");
    out->elapsed_s = json_number_value(json_object_get(document, "elapsed_s"));
    out->per_s = json_number_value(json_object_get(document, "throughput_per_s"));
    json_decref(document);
    return SWAPC_OK;
}

static double cpu_of(const struct outcome *o) {
    return o->usage.main.cpu_s + o->usage.signer.cpu_s + o->usage.redis.cpu_s;
}

/* ---- scale ----------------------------------------------------------------------------------- */

/* A run, or the median of three where it is short enough. What fails or is interrupted leaves
 * those before it. */
static enum swapc_status scale_row(struct swapci_lab *lab, const struct run *run,
                                   swapc_error *error) {
    double per_s[3], elapsed[3], cpu[3];
    unsigned wanted = lab->quick || run->messages > 100000 ? 1 : 3, times = 0;
    struct outcome o, next;
    enum swapc_status status = SWAPC_OK;
    while (times < wanted && (status = run_once(lab, run, &next, error)) == SWAPC_OK) {
        o = next;
        per_s[times] = o.per_s;
        elapsed[times] = o.elapsed_s;
        cpu[times++] = cpu_of(&o) * 1e6 / (double)run->messages;
    }
    if (times == 0) return status;
    struct swapci_spread spread = swapci_spread_of(per_s, times);
    json_t *row = swapci_lab_row(lab);
    json_object_set_new(row, "engine", json_string(o.engine));
    json_object_set_new(row, "workers", json_integer(run->workers));
    json_object_set_new(row, "messages", json_integer((json_int_t)run->messages));
    json_object_set_new(row, "elapsed_s", json_real(swapci_spread_of(elapsed, times).median));
    json_object_set_new(row, "throughput_per_s", json_real(spread.median));
    json_object_set_new(row, "throughput_per_s_low", json_real(spread.low));
    json_object_set_new(row, "throughput_per_s_high", json_real(spread.high));
    json_object_set_new(row, "cpu_us", json_real(swapci_spread_of(cpu, times).median));
    json_object_set_new(row, "verifier_mb", json_real(o.usage.main.peak_mb));
    json_object_set_new(row, "signer_mb", json_real(o.usage.signer.peak_mb));
    json_object_set_new(row, "redis_mb", json_real(o.usage.redis.peak_mb));
    json_object_set_new(row, "times", json_integer(times));
    json_object_set_new(row, "default", json_boolean(run->workers == 1));
    return status;
}

enum swapc_status swapci_scenario_scale(struct swapci_lab *lab, swapc_error *error) {
    static const uint64_t quick[] = {1000, 10000, 20000};
    static const uint64_t full[] = {1000, 10000, 100000, 1000000};
    const uint64_t *counts = lab->quick ? quick : full;
    unsigned count_count = lab->quick ? 3 : 4, done = 0, thread_steps = 1;
    struct swapci_host_facts facts;
    enum swapc_status status = SWAPC_OK;
    swapci_host_facts_read(&facts);
    for (long w = 2; w <= facts.cores && w <= 64; w *= 2) thread_steps++;
    for (unsigned t = 0; t < thread_steps && status == SWAPC_OK; t++) { /* by threads */
        struct run run = {.messages = counts[count_count - 2], .workers = 1u << t};
        status = scale_row(lab, &run, error);
        swapci_pace_progress(&lab->pace, ++done, thread_steps + count_count);
    }
    for (unsigned c = 0; c < count_count && status == SWAPC_OK; c++) { /* by messages */
        struct run run = {.messages = counts[c], .workers = facts.cores > 1 ? 2 : 1};
        if (c == count_count - 2) continue; /* that one was run */
        status = scale_row(lab, &run, error);
        swapci_pace_progress(&lab->pace, ++done, thread_steps + count_count);
    }
    swapci_lab_note(lab, "CPU and memory with start-up: a short run is mostly that; the verifier's "
                         "process holds generator and ledger too; Redis keeps all verdicts");
    if (facts.cores == 1) swapci_lab_note(lab, "one core: there is nothing to scale over");
    return status == SWAPC_INTERRUPTED ? SWAPC_OK : status;
}
