/* `swapc bench capacity`: what a rate needs, by the figures of an earlier `swapc bench
 * pipeline`. It measures nothing. */
#include <string.h>

#include "capacity.h"
#include "partition.h"
#include "scenario.h"

static const double rates[] = {10e3, 100e3, 1e6};

/* The document of pipeline, by itself or among several. */
static json_t *read_figures(const char *path, swapc_error *error) {
    json_error_t why;
    json_t *document = json_load_file(path, 0, &why), *of = document;
    const json_t *several = json_object_get(document, "benches");
    if (several) of = json_object_get(several, "pipeline");
    const char *bench = json_string_value(json_object_get(of, "bench"));
    bool right =
        bench && strcmp(bench, "pipeline") == 0 && json_array_size(json_object_get(of, "rows")) > 0;
    if (right) json_incref(of);
    json_decref(document);
    if (right) return of;
    swapc_error_set(error, SWAPC_INVALID,
                    "%s has no figures of the pipeline (%s): write them with swapc bench pipeline "
                    "--json figures.json",
                    path, document ? "it is another document" : why.text);
    return NULL;
}

/* Puts a cost in *us. Returns false when it is no number of microseconds. */
static bool read_cost(const json_t *row, const char *key, double *us) {
    const json_t *value = json_object_get(row, key);
    *us = json_number_value(value);
    return json_is_number(value) && *us >= 0 && *us < 1e9;
}

static bool read_costs(const json_t *row, struct swapci_capacity_costs *out) {
    return read_cost(row, "generate_us", &out->generate_us) &
               read_cost(row, "sign_us", &out->sign_us) &
               read_cost(row, "verify_us", &out->verify_us) &
               read_cost(row, "redis_us", &out->redis_us) &&
           out->verify_us + out->redis_us > 0;
}

static void add_plan(struct swapci_lab *lab, const json_t *from,
                     const struct swapci_capacity_costs *costs,
                     const struct swapci_capacity_wish *wish) {
    static const char *const names[] = {"engine", "method", "via"};
    struct swapci_capacity_plan plan;
    swapci_capacity_plan(costs, wish, &plan);
    json_t *row = swapci_lab_row(lab);
    for (int i = 0; i < 3; i++) json_object_set(row, names[i], json_object_get(from, names[i]));
    json_object_set_new(row, "per_s", json_real(wish->per_s));
    json_object_set_new(row, "signers", json_integer((json_int_t)plan.signers));
    json_object_set_new(row, "verifiers", json_integer((json_int_t)plan.verifiers));
    json_object_set_new(row, "servers", json_integer((json_int_t)plan.servers));
    json_object_set_new(row, "partitions", json_integer((json_int_t)plan.partitions));
    json_object_set_new(row, "hosts", json_integer((json_int_t)plan.hosts));
    json_object_set_new(row, "producers", json_real(plan.producers));
}

static void add_plans(struct swapci_lab *lab, const json_t *row,
                      const struct swapci_capacity_costs *costs, unsigned cores) {
    const char *via = json_string_value(json_object_get(row, "via"));
    struct swapci_capacity_wish wish = {.per_s = (double)lab->per_s,
                                        .full = lab->full,
                                        .host_cores = cores,
                                        .ring = via && strcmp(via, "shm") == 0};
    if (lab->per_s > 0) add_plan(lab, row, costs, &wish);
    for (unsigned i = 0; lab->per_s == 0 && i < sizeof rates / sizeof *rates; i++) {
        wish.per_s = rates[i];
        add_plan(lab, row, costs, &wish);
    }
}

/* What no one stream can have. */
static void note_limits(struct swapci_lab *lab) {
    bool rings = false, beyond = false;
    for (size_t i = 0; i < json_array_size(lab->rows); i++) {
        const json_t *row = json_array_get(lab->rows, i);
        json_int_t servers = json_integer_value(json_object_get(row, "servers"));
        json_int_t partitions = json_integer_value(json_object_get(row, "partitions"));
        rings = rings || (servers > 1 && partitions == 1);
        beyond = beyond || servers > SWAPCI_SERVERS_MAX || partitions > SWAPCI_PARTITIONS_MAX;
    }
    if (rings)
        swapci_lab_note(
            lab, "over the ring a stream has one Redis server and no partitions: several servers "
                 "are as many pipelines, each with its own");
    if (beyond)
        swapci_lab_note(
            lab,
            "one stream has %d servers and %d partitions at most: what needs more is two "
            "streams or more, each with a part of the producers",
            SWAPCI_SERVERS_MAX, SWAPCI_PARTITIONS_MAX);
}

static void add_notes(struct swapci_lab *lab, const json_t *document, unsigned cores) {
    const json_t *host = json_object_get(document, "host");
    const char *cpu = json_string_value(json_object_get(host, "cpu"));
    const char *when = json_string_value(json_object_get(host, "measured_at"));
    swapci_lab_note(lab, "by what was measured on: %s, %s%s", cpu ? cpu : "an unknown processor",
                    when ? when : "unknown when",
                    json_is_true(json_object_get(document, "quick")) ? ", roughly (--quick)" : "");
    swapci_lab_note(
        lab,
        "no thread is more than %.0f %% full, each has a core; hosts, of %u core%s, are those of "
        "signers, verifiers and Redis together; producers come on top",
        100 * lab->full, cores, cores == 1 ? "" : "s");
    note_limits(lab);
}

enum swapc_status swapci_scenario_capacity(struct swapci_lab *lab, swapc_error *error) {
    json_t *document = read_figures(lab->costs, error);
    if (!document) return SWAPC_INVALID;
    const json_t *rows = json_object_get(document, "rows");
    json_int_t of_host =
        json_integer_value(json_object_get(json_object_get(document, "host"), "cores"));
    unsigned cores = (unsigned)lab->host_cores;
    enum swapc_status status = SWAPC_OK;
    if (cores == 0) cores = of_host > 0 && of_host <= SWAPCI_LAB_CORES_MAX ? (unsigned)of_host : 1;
    for (size_t i = 0; i < json_array_size(rows) && status == SWAPC_OK; i++) {
        struct swapci_capacity_costs costs;
        const json_t *row = json_array_get(rows, i);
        if (read_costs(row, &costs)) add_plans(lab, row, &costs, cores);
        else
            status = swapc_error_set(error, SWAPC_INVALID,
                                     "%s: row %zu has not the costs of each part, in microseconds: "
                                     "generate_us, sign_us, verify_us, redis_us",
                                     lab->costs, i + 1);
    }
    if (status == SWAPC_OK) add_notes(lab, document, cores);
    json_decref(document);
    return status;
}
