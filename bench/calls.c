/* `swapc bench calls`: what one waPC call costs when the guest does nothing. The guest's operation
 * `echo` answers with its payload; beside the time, how many allocations of ours one call makes:
 * the rule is none. */
#include <stdlib.h>
#include <string.h>

#include "alloc_count.h"
#include "clock.h"
#include "scenario.h"

enum { SIZES = 4, BATCH_NS = 2000000, BATCH_MAX = 20000, LARGEST = 65536, ROWS_MAX = 32 };

static const unsigned sizes[SIZES] = {0, 64, 1024, LARGEST};

struct entry {
    struct bench *bench;
    swapc_module *module; /* borrowed from the bench */
    unsigned bytes;
    double allocations; /* a call */
};

struct bench {
    struct swapci_lab *lab;
    swapc_error *error;
    swapc_host *host;
    swapc_module *modules[ROWS_MAX];
    unsigned module_count;
    struct entry entries[ROWS_MAX];
    struct swapci_contender contenders[ROWS_MAX];
    struct swapci_measure measure;
    swapc_reply reply;
    uint8_t payload[LARGEST];
};

static enum swapc_status echo_some(void *user, unsigned from, unsigned to, swapc_error *error) {
    static const swapc_bytes operation = {(const uint8_t *)"echo", 4};
    const struct entry *e = user;
    struct bench *b = e->bench;
    swapc_bytes payload = swapc_bytes_of(b->payload, e->bytes);
    for (unsigned i = from; i < to; i++) {
        enum swapc_status status =
            swapc_module_call(e->module, operation, payload, NULL, &b->reply, error);
        if (status != SWAPC_OK) return status;
    }
    if (!swapc_bytes_equal(b->reply.body, payload))
        return swapc_error_set(error, SWAPC_CORRUPT, "echo on %s gave other bytes back",
                               swapc_module_describe(e->module)->engine);
    return SWAPC_OK;
}

/* Sizes a round so that reading the clock does not count, and counts allocations. */
static enum swapc_status calibrate(struct bench *b, struct entry *e, unsigned *calls) {
    enum { TRIAL = 100 };
    enum swapc_status status = echo_some(e, 0, TRIAL, b->error);
    uint64_t allocated = swapci_alloc_counted();
    uint64_t start = swapci_clock_monotonic_ns();
    if (status == SWAPC_OK) status = echo_some(e, 0, TRIAL, b->error);
    uint64_t each = (swapci_clock_monotonic_ns() - start) / TRIAL + 1;
    e->allocations = (double)(swapci_alloc_counted() - allocated) / TRIAL;
    *calls = BATCH_NS / each > BATCH_MAX ? BATCH_MAX : (unsigned)(BATCH_NS / each) + 8;
    return status;
}

static enum swapc_status add_rows(struct bench *b, swapc_module *module) {
    for (unsigned s = 0; s < SIZES; s++) {
        struct entry *e = &b->entries[b->measure.count];
        unsigned calls;
        *e = (struct entry){b, module, sizes[s], 0};
        enum swapc_status status = calibrate(b, e, &calls);
        if (status != SWAPC_OK) return status;
        b->contenders[b->measure.count++] =
            (struct swapci_contender){.run = echo_some, .user = e, .units = calls, .warm = 8};
    }
    return SWAPC_OK;
}

/* Each built engine with the best flavour of the bundle that it runs. */
static enum swapc_status add_contenders(struct bench *b) {
    char path[SWAPCI_LAB_PATH];
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    enum swapc_status status = b->lab->find_bundle("echo", path, sizeof path, b->error);
    for (unsigned i = 0; status == SWAPC_OK && swapc_engine_at(i, &info); i++) {
        swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
        options.engine = info.name;
        if (!info.built || b->measure.count + SIZES > ROWS_MAX) continue;
        swapc_module **module = &b->modules[b->module_count];
        status = swapci_lab_load(b->host, path, &options, module, b->error);
        if (status == SWAPC_OK && *module) {
            b->module_count++;
            status = add_rows(b, *module);
        }
    }
    return status;
}

static void add_row(struct bench *b, unsigned index) {
    const struct entry *e = &b->entries[index];
    json_t *row = swapci_lab_row(b->lab);
    json_object_set_new(row, "engine", json_string(swapc_module_describe(e->module)->engine));
    json_object_set_new(row, "bytes", json_integer(e->bytes));
    swapci_lab_spread(row, "ns", swapci_measure_cpu(&b->measure, index), 1e3);
    json_object_set_new(row, "allocations", json_real(e->allocations));
    json_object_set_new(row, "rounds", json_integer(b->measure.rounds));
    json_object_set_new(row, "default", json_true());
}

enum swapc_status swapci_scenario_calls(struct swapci_lab *lab, swapc_error *error) {
    struct bench *b = calloc(1, sizeof *b);
    if (!b) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory");
    b->lab = lab;
    b->error = error;
    b->measure.contenders = b->contenders;
    memset(b->payload, 'x', sizeof b->payload);
    enum swapc_status status = swapci_lab_host(lab->log, true, &b->host, error);
    if (status == SWAPC_OK) status = add_contenders(b);
    if (status == SWAPC_OK) status = swapci_measure_run(&b->measure, &lab->pace, error);
    for (unsigned i = 0; i < b->measure.count && status == SWAPC_OK && b->measure.rounds > 0; i++)
        add_row(b, i);
    lab->incomplete = b->measure.interrupted;
    swapci_lab_note(lab, "%u interleaved rounds; allocations of ours a warm call: none is the rule",
                    b->measure.rounds);
    swapci_measure_fini(&b->measure);
    for (unsigned i = 0; i < b->module_count; i++) swapc_module_release(b->modules[i]);
    swapc_reply_fini(&b->reply);
    swapc_host_free(b->host);
    free(b);
    return status;
}
