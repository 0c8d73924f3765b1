/* `swapc bench pipeline`: what a message costs each part of the pipeline under load, in CPU time.
 * Signer, verifier and Redis are processes of their own, the generator is this thread; the
 * contenders' processes all stand from the beginning and sleep while another one's messages are
 * on their way. */
#include <stdlib.h>

#include "capacity.h"
#include "child.h"
#include "clock.h"
#include "generator.h"
#include "host_facts.h"
#include "method.h"
#include "scenario.h"
#include "stand.h"

enum { CONTENDERS_MAX = 16, ROUNDS_MAX = 7, QUICK_ROUNDS = 3 };
enum { FIRST_MESSAGES = 512, LEAST = 512, MOST = 60000, LOOK_US = 2000, WAIT_S = 120 };
/* So long a contender's messages of a round take, about. */
#define ROUND_S 1.0
#define QUICK_ROUND_S 0.3

enum part { GENERATE, SIGN, VERIFY, CALL, REDIS, PARTS }; /* CALL is part of VERIFY */

static const char *const part_keys[PARTS] = {"generate_us", "sign_us", "verify_us", "call_us",
                                             "redis_us"};

struct contender {
    struct swapci_stand_config config;
    struct swapci_stand stand;
    bool by_default;
    uint64_t messages; /* a round's */
    unsigned rounds;
    double us[PARTS][ROUNDS_MAX], all_us[ROUNDS_MAX], per_s[ROUNDS_MAX];
};

struct bench {
    struct swapci_lab *lab;
    swapc_error *error;
    struct swapci_host_facts facts;
    struct contender contenders[CONTENDERS_MAX];
    unsigned count;
};

static void add_contender(struct bench *b, const char *engine, const char *method, const char *via,
                          bool by_default) {
    if (b->count == CONTENDERS_MAX) return;
    b->contenders[b->count++] =
        (struct contender){.config = {.method = method,
                                      .engine = engine,
                                      .via = via,
                                      .workers = b->facts.cores > 1 ? 2 : 1},
                           .by_default = by_default};
}

/* The preferred engine both ways and with each method; of the others what they take for the
 * first method. */
static void find_contenders(struct bench *b) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    const char *method = swapci_method_table[0]->name;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) {
        bool first = b->count == 0;
        if (!info.built) continue;
        if (first) add_contender(b, info.name, method, "shm", true);
        add_contender(b, info.name, method, "redis", first);
        for (unsigned m = 1; first && m < swapci_method_count; m++)
            add_contender(b, info.name, swapci_method_table[m]->name, "redis", false);
    }
}

/* ---- a round --------------------------------------------------------------------------------- */

static void look(const struct contender *c, double us[PARTS]) {
    us[GENERATE] = (double)swapci_clock_thread_cpu_ns() / 1e3;
    us[SIGN] = swapci_child_cpu_us(c->stand.signer);
    us[VERIFY] = swapci_child_cpu_us(c->stand.verifier);
    us[REDIS] = swapci_child_cpu_us(swapci_private_redis_pid(c->stand.server));
}

/* From the first XADD on until none is without a verdict. Out: *per_s. */
static enum swapc_status send(struct bench *b, struct contender *c, uint64_t messages,
                              double *generate_us, double *per_s) {
    swapci_generator_result result;
    const swapci_generator_config config = {
        .redis = {.url = swapci_private_redis_url(c->stand.server), .stop = b->lab->pace.stop},
        .names = c->stand.names,
        .messages = messages,
        .method = c->config.method,
        .seed = 1,
        .message_max = 256};
    uint64_t begin = swapci_clock_monotonic_ns();
    enum swapc_status status = swapci_generator_run(&config, &result, b->error);
    *generate_us = (double)swapci_clock_thread_cpu_ns() / 1e3; /* what waits is no generator */
    if (status == SWAPC_OK) status = swapci_stand_wait(&c->stand, LOOK_US, WAIT_S, b->error);
    *per_s = (double)messages * 1e9 / (double)(swapci_clock_monotonic_ns() - begin);
    return status;
}

static enum swapc_status run_round(struct bench *b, struct contender *c) {
    double before[PARTS], after[PARTS], generated, per_s;
    enum swapc_status status = swapci_stand_call_us(&c->stand, &before[CALL], b->error);
    if (status != SWAPC_OK) return status;
    look(c, before);
    status = send(b, c, c->messages, &generated, &per_s);
    look(c, after);
    after[GENERATE] = generated;
    if (status == SWAPC_OK) status = swapci_stand_call_us(&c->stand, &after[CALL], b->error);
    if (status != SWAPC_OK) return status;
    for (int p = 0; p < PARTS; p++) {
        double us = (after[p] - before[p]) / (double)c->messages;
        c->us[p][c->rounds] = us > 0 ? us : 0;
        if (p != CALL) c->all_us[c->rounds] += c->us[p][c->rounds];
    }
    c->per_s[c->rounds++] = per_s;
    return status;
}

/* Starts its processes and sees how many messages make a round. */
static enum swapc_status begin(struct bench *b, struct contender *c) {
    double unused, per_s;
    enum swapc_status status = swapci_stand_start(&c->stand, b->lab, &c->config, b->error);
    if (status == SWAPC_OK) status = send(b, c, FIRST_MESSAGES, &unused, &per_s);
    if (status != SWAPC_OK) return status;
    double wanted = per_s * (b->lab->quick ? QUICK_ROUND_S : ROUND_S);
    c->messages = wanted < LEAST ? LEAST : wanted > MOST ? MOST : (uint64_t)wanted;
    return status;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static void add_row(struct bench *b, const struct contender *c) {
    double us[PARTS];
    enum swapci_capacity_bound bound = SWAPCI_CAPACITY_CORES;
    struct swapci_spread all = swapci_spread_copy(c->all_us, c->rounds);
    json_t *row = swapci_lab_row(b->lab);
    json_object_set_new(row, "engine", json_string(c->config.engine));
    json_object_set_new(row, "method", json_string(c->config.method));
    json_object_set_new(row, "via", json_string(c->config.via));
    for (int p = 0; p < PARTS; p++) {
        us[p] = swapci_spread_copy(c->us[p], c->rounds).median;
        json_object_set_new(row, part_keys[p], json_real(us[p]));
    }
    const struct swapci_capacity_costs costs = {us[GENERATE], us[SIGN], us[VERIFY], us[REDIS]};
    const struct swapci_capacity_machine machine = {(unsigned)b->facts.cores, 1, c->config.workers,
                                                    1};
    double foretold = swapci_capacity_rate(&costs, &machine, &bound);
    double per_s = swapci_spread_copy(c->per_s, c->rounds).median;
    const char *name = swapci_capacity_bound_name(bound);
    json_object_set_new(row, "cpu_us", json_real(all.median));
    swapci_lab_spread(row, "us", all, 1);
    json_object_set_new(row, "throughput_per_s", json_real(per_s));
    json_object_set_new(row, "foretold_per_s", json_real(foretold));
    json_object_set_new(row, "bounds", json_string(name));
    json_object_set_new(row, "redis_per_s", json_real(us[REDIS] > 0 ? 1e6 / us[REDIS] : 0));
    json_object_set_new(row, "workers", json_integer(c->config.workers));
    json_object_set_new(row, "messages", json_integer((json_int_t)c->messages));
    json_object_set_new(row, "rounds", json_integer(c->rounds));
    json_object_set_new(row, "default", json_boolean(c->by_default));
    if (!c->by_default) return;
    swapci_lab_note(
        b->lab,
        "--via %s: the model foretells %.0f messages/s for %ld core%s and %u worker%s, bound "
        "by %s; measured were %.0f, %.0f %% of it; one Redis, where nothing else bounds, serves "
        "%.0f",
        c->config.via, foretold, b->facts.cores, b->facts.cores == 1 ? "" : "s", c->config.workers,
        c->config.workers == 1 ? "" : "s", bound == SWAPCI_CAPACITY_CORES ? "its cores" : name,
        per_s, 100 * per_s / foretold, us[REDIS] > 0 ? 1e6 / us[REDIS] : 0);
}

static enum swapc_status run_rounds(struct bench *b) {
    unsigned wanted = b->lab->quick ? QUICK_ROUNDS : ROUNDS_MAX;
    enum swapc_status status = SWAPC_OK;
    if (b->lab->pace.rounds < wanted) wanted = b->lab->pace.rounds;
    for (unsigned r = 0; r < wanted && status == SWAPC_OK; r++) {
        if (r > 0 && swapci_pace_over(&b->lab->pace)) break;
        for (unsigned i = 0; i < b->count && status == SWAPC_OK; i++)
            status = run_round(b, &b->contenders[(i + r) % b->count]);
        swapci_pace_progress(&b->lab->pace, r + 1, wanted);
    }
    return status;
}

enum swapc_status swapci_scenario_pipeline(struct swapci_lab *lab, swapc_error *error) {
    struct bench *b = calloc(1, sizeof *b);
    enum swapc_status status = SWAPC_OK;
    if (!b) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to measure with");
    b->lab = lab;
    b->error = error;
    swapci_host_facts_read(&b->facts);
    find_contenders(b);
    for (unsigned i = 0; i < b->count && status == SWAPC_OK; i++)
        status = begin(b, &b->contenders[i]);
    if (status == SWAPC_OK) status = run_rounds(b);
    for (unsigned i = 0; i < b->count; i++) {
        if (b->contenders[i].rounds > 0) add_row(b, &b->contenders[i]);
        swapci_stand_stop(&b->contenders[i].stand);
    }
    if (json_array_size(lab->rows) > 0)
        swapci_lab_note(lab,
                        "CPU time of whole processes under load, when batches are full: with few "
                        "messages at a time each costs more. What a rate needs by these figures: "
                        "swapc bench pipeline --json FILE, then swapc bench capacity FILE");
    free(b);
    return swapci_lab_stopped(lab) ? SWAPC_OK : status;
}
