/* `swapc bench pipeline` and `bench scale`: whole runs, each `swapc run` in a process of its own, as a
 * user starts it, with its private Redis and its signer, their CPU time and memory looked at from
 * outside. */
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
    double elapsed_s, per_s, verify_s;
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
    out->verify_s = json_number_value(json_object_get(document, "verify_s"));
    json_decref(document);
    return SWAPC_OK;
}

static double cpu_of(const struct outcome *o) {
    return o->usage.main.cpu_s + o->usage.signer.cpu_s + o->usage.redis.cpu_s;
}

/* ---- stages ---------------------------------------------------------------------------------------- */

enum { VERIFY, REST, SIGN, REDIS, STAGES };
enum { ROUNDS_MAX = 7, SHORT_RUN = 1000 };

/* From this share of the cores on they are what bounds a run. */
#define CORES_BOUND 0.85

static const char *const stage_names[STAGES] = {
    "verify (modules)", "generate, translate, store, count", "sign", "Redis"};

/* CPU time a message: of a long run less a short one, so that starting does not count. */
static void stage_costs(const struct outcome *few, const struct outcome *many, double messages,
                        double us[STAGES]) {
    double main_s = many->usage.main.cpu_s - few->usage.main.cpu_s;
    us[VERIFY] = (many->verify_s - few->verify_s) * 1e6 / messages;
    us[REST] = main_s * 1e6 / messages - us[VERIFY];
    us[SIGN] = (many->usage.signer.cpu_s - few->usage.signer.cpu_s) * 1e6 / messages;
    us[REDIS] = (many->usage.redis.cpu_s - few->usage.redis.cpu_s) * 1e6 / messages;
    for (int i = 0; i < STAGES; i++) us[i] = us[i] > 0 ? us[i] : 0;
}

/* How many cores a stage can use: the signer and Redis have one thread each. */
static double width_of(int stage, unsigned workers) {
    return stage == VERIFY ? workers : 1;
}

/* Of each round. */
struct stages {
    unsigned rounds;
    double us[STAGES][ROUNDS_MAX], per_s[ROUNDS_MAX];
    struct outcome last;
};

static void note_bound(struct swapci_lab *lab, const struct stages *s, const struct run *run,
                       double total, int bound, double busiest) {
    struct swapci_host_facts facts;
    swapci_host_facts_read(&facts);
    double per_s = swapci_spread_copy(s->per_s, s->rounds).median, cores = total * per_s / 1e6;
    if (cores > CORES_BOUND * (double)facts.cores)
        swapci_lab_note(lab,
                        "what bounds it: the machine's cores, %.1f of %ld busy with this run; the "
                        "stage to make cheaper is the one with the largest share",
                        cores, facts.cores);
    else
        swapci_lab_note(
            lab,
            "busiest: %s, %.0f %% of its threads' time; %.1f of %ld core%s were busy with "
            "this run, the rest waited or went to other processes",
            stage_names[bound], 100 * busiest, cores, facts.cores, facts.cores == 1 ? "" : "s");
    swapci_lab_note(
        lab,
        "%.0f messages/s with %u worker%s; %.1f µs of CPU a message in all; %u round%s of "
        "a short run and one of %llu messages",
        per_s, run->workers, run->workers > 1 ? "s" : "", total, s->rounds,
        s->rounds == 1 ? "" : "s", (unsigned long long)run->messages);
    if (!(s->last.usage.signer.cpu_s > 0) || !(s->last.usage.redis.cpu_s > 0))
        swapci_lab_note(lab, "this kernel does not list a process's children in /proc: signer and "
                             "Redis could not be looked at");
}

static void add_stages(struct swapci_lab *lab, const struct stages *s, const struct run *run) {
    struct swapci_host_facts facts;
    struct swapci_spread spreads[STAGES];
    double total = 0, busiest = 0, per_s = swapci_spread_copy(s->per_s, s->rounds).median;
    int bound = 0;
    swapci_host_facts_read(&facts);
    for (int i = 0; i < STAGES; i++) {
        spreads[i] = swapci_spread_copy(s->us[i], s->rounds);
        double busy = spreads[i].median * per_s / 1e6 / width_of(i, run->workers);
        total += spreads[i].median;
        if (busy > busiest) {
            busiest = busy;
            bound = i;
        }
    }
    bool cores_bound = total * per_s / 1e6 > CORES_BOUND * (double)facts.cores;
    for (int i = 0; i < STAGES; i++) {
        json_t *row = swapci_lab_row(lab);
        json_object_set_new(row, "engine", json_string(s->last.engine));
        json_object_set_new(row, "stage", json_string(stage_names[i]));
        json_object_set_new(row, "cpu_us", json_real(spreads[i].median));
        swapci_lab_spread(row, "us", spreads[i], 1);
        json_object_set_new(row, "share", json_real(spreads[i].median / total));
        json_object_set_new(row, "busy", json_real(spreads[i].median * per_s / 1e6));
        json_object_set_new(row, "bounds", json_boolean(!cores_bound && i == bound));
        json_object_set_new(row, "rounds", json_integer(s->rounds));
        json_object_set_new(row, "default", json_true());
    }
    note_bound(lab, s, run, total, bound, busiest);
}

/* A round: a short run, whose cost is starting, and a long one. */
static enum swapc_status stages_round(struct swapci_lab *lab, const struct run *run,
                                      struct stages *s, swapc_error *error) {
    struct outcome few;
    struct run short_run = *run;
    double us[STAGES];
    short_run.messages = SHORT_RUN;
    enum swapc_status status = run_once(lab, &short_run, &few, error);
    if (status == SWAPC_OK) status = run_once(lab, run, &s->last, error);
    if (status != SWAPC_OK) return status;
    stage_costs(&few, &s->last, (double)(run->messages - SHORT_RUN), us);
    for (int i = 0; i < STAGES; i++) s->us[i][s->rounds] = us[i];
    s->per_s[s->rounds++] = s->last.per_s;
    return SWAPC_OK;
}

enum swapc_status swapci_scenario_pipeline(struct swapci_lab *lab, swapc_error *error) {
    struct swapci_host_facts facts;
    struct stages stages = {.rounds = 0};
    unsigned wanted = lab->quick ? 3 : ROUNDS_MAX;
    if (lab->pace.rounds < wanted) wanted = lab->pace.rounds;
    enum swapc_status status = SWAPC_OK;
    swapci_host_facts_read(&facts);
    const struct run run = {.messages = lab->quick ? 20000 : 60000,
                            .workers = facts.cores > 1 ? 2 : 1};
    while (stages.rounds < wanted && status == SWAPC_OK) {
        if (stages.rounds > 0 && swapci_pace_over(&lab->pace)) break;
        status = stages_round(lab, &run, &stages, error);
        swapci_pace_progress(&lab->pace, stages.rounds, wanted);
    }
    if (stages.rounds > 0) add_stages(lab, &stages, &run);
    return status == SWAPC_INTERRUPTED ? SWAPC_OK : status;
}

/* ---- scale ----------------------------------------------------------------------------------------- */

/* A run, or the median of three where it is short enough. What fails or is interrupted leaves those before it. */
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
