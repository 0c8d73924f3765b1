/* `swapc bench parts`: where a verification's time goes, inside the module as it is shipped.
 * Requests that a guest gives up on after each of its steps are timed against each other, and a
 * part is the difference of two steps in the same round:
 *   call          the guest's `echo` with the request's bytes: what the call and its copies cost
 *   MessagePack   oper Two: the request is read, an answer written, nothing verified
 *   hex           verify_raw with a key of one byte: the signature is decoded, then the key refused
 *   SHA-256       verify_message with that request: the message is hashed first
 *   curve         a right request: what is left */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "samples.h"
#include "scenario.h"
#include "verify_message.h"

enum { PARTS = 5, SAMPLES = 16, SLICE_NS = 4000000, UNITS_MAX = 20000, ENTRIES_MAX = 80 };

static const char *const part_names[PARTS] = {"call", "MessagePack", "hex", "SHA-256", "curve"};

/* A step's operation and requests. */
struct step {
    const char *operation;
    const swapc_bytes *requests;
    unsigned count;
};

struct requests {
    struct swapci_samples samples;
    uint8_t second[512], short_key[512];
    swapc_bytes other[2]; /* views of the two */
    struct step steps[PARTS];
};

struct entry {
    struct bench *bench;
    swapc_module *module; /* borrowed from the bench */
    const struct step *step;
    const char *engine;
    unsigned method;
};

struct bench {
    struct swapci_lab *lab;
    swapc_error *error;
    swapc_host *host;
    struct requests requests[SWAPCI_METHODS_MAX];
    swapc_module *modules[ENTRIES_MAX];
    unsigned module_count;
    struct entry entries[ENTRIES_MAX];
    struct swapci_contender contenders[ENTRIES_MAX];
    struct swapci_measure measure;
    swapc_reply reply;
};

static enum swapc_status call_some(void *user, unsigned from, unsigned to, swapc_error *error) {
    const struct entry *e = user;
    swapc_bytes operation = swapc_bytes_str(e->step->operation);
    for (unsigned i = from; i < to; i++) {
        enum swapc_status status =
            swapc_module_call(e->module, operation, e->step->requests[i % e->step->count], NULL,
                              &e->bench->reply, error);
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

static enum swapc_status make_requests(struct bench *b, unsigned method) {
    struct requests *r = &b->requests[method];
    struct swapci_verify_request request;
    enum swapc_status status = swapci_samples_make(swapci_method_table[method], SAMPLES,
                                                   SWAPCI_SAMPLES_KEYS, &r->samples, b->error);
    if (status != SWAPC_OK) return status;
    if (!swapci_verify_request_decode(r->samples.requests[0], &request))
        return swapc_error_set(b->error, SWAPC_CORRUPT, "a request of ours is none");
    request.oper = SWAPCI_VERIFY_TWO;
    r->other[0] = swapc_bytes_of(
        r->second, swapci_verify_request_encode(&request, r->second, sizeof r->second));
    request.oper = SWAPCI_VERIFY_ONE;
    request.key.len = 1;
    r->other[1] = swapc_bytes_of(
        r->short_key, swapci_verify_request_encode(&request, r->short_key, sizeof r->short_key));
    r->steps[0] = (struct step){"echo", &r->samples.requests[0], 1};
    r->steps[1] = (struct step){"verify_message", &r->other[0], 1};
    r->steps[2] = (struct step){"verify_raw", &r->other[1], 1};
    r->steps[3] = (struct step){"verify_message", &r->other[1], 1};
    r->steps[4] = (struct step){"verify_message", r->samples.requests, SAMPLES};
    return SWAPC_OK;
}

/* What a step must answer: its request, `Error`, or `Valid`; else the part is not what it is
 * called. */
static bool proves(const struct bench *b, const struct entry *e, unsigned part) {
    struct swapci_verify_response response;
    if (part == 0) return swapc_bytes_equal(b->reply.body, e->step->requests[0]);
    return swapci_verify_response_decode(b->reply.body, &response) &&
           response.status == (part == PARTS - 1 ? SWAPCI_VERIFY_VALID : SWAPCI_VERIFY_ERROR);
}

/* Its units fill a slice's time, so that reading the clock does not count. */
static enum swapc_status add_step(struct bench *b, const char *engine, swapc_module *module,
                                  unsigned method, unsigned part) {
    enum { TRIAL = 16 };
    struct entry *e = &b->entries[b->measure.count];
    *e = (struct entry){b, module, &b->requests[method].steps[part], engine, method};
    enum swapc_status status = call_some(e, 0, 1, b->error);
    if (status != SWAPC_OK) return status;
    if (!proves(b, e, part))
        return swapc_error_set(b->error, SWAPC_CORRUPT, "%s of %s on %s has another answer",
                               part_names[part], swapci_method_table[method]->name, engine);
    uint64_t start = swapci_clock_thread_cpu_ns();
    status = call_some(e, 0, TRIAL, b->error);
    uint64_t each = (swapci_clock_thread_cpu_ns() - start) / TRIAL + 1;
    uint64_t units = SLICE_NS / each + TRIAL;
    b->contenders[b->measure.count++] =
        (struct swapci_contender){.run = call_some,
                                  .user = e,
                                  .units = units > UNITS_MAX ? UNITS_MAX : (unsigned)units,
                                  .warm = 2};
    return status;
}

static enum swapc_status load(struct bench *b, const char *bundle, const char *engine,
                              swapc_module **out) {
    char path[SWAPCI_LAB_PATH];
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = engine;
    enum swapc_status status = b->lab->find_bundle(bundle, path, sizeof path, b->error);
    if (status == SWAPC_OK)
        status = swapci_lab_load(b->host, path, &options, &b->modules[b->module_count], b->error);
    *out = b->modules[b->module_count];
    if (*out) b->module_count++;
    return status;
}

static enum swapc_status add_engine(struct bench *b, const char *engine) {
    swapc_module *echo, *module;
    enum swapc_status status = load(b, "echo", engine, &echo);
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK && echo; m++) {
        status = load(b, swapci_method_table[m]->module, engine, &module);
        if (!module || b->measure.count + PARTS > ENTRIES_MAX) continue;
        for (unsigned part = 0; part < PARTS && status == SWAPC_OK; part++)
            status = add_step(b, engine, part == 0 ? echo : module, m, part);
    }
    return status;
}

/* The part that the step at index adds to the one before it, by round. */
static struct swapci_spread part_of(const struct bench *b, unsigned index, unsigned part) {
    struct swapci_spread spread = {.median = 0};
    unsigned rounds = b->measure.rounds;
    double *us = calloc(rounds, sizeof *us);
    for (unsigned r = 0; us && r < rounds; r++)
        us[r] =
            b->contenders[index].cpu_us[r] - (part > 0 ? b->contenders[index - 1].cpu_us[r] : 0);
    if (us) spread = swapci_spread_of(us, rounds);
    free(us);
    return spread;
}

static void add_rows(struct bench *b) {
    for (unsigned i = 0; i < b->measure.count; i++) {
        const struct entry *e = &b->entries[i];
        unsigned part = i % PARTS, whole = i - part + PARTS - 1;
        struct swapci_spread spread = part_of(b, i, part);
        json_t *row = swapci_lab_row(b->lab);
        json_object_set_new(row, "engine", json_string(e->engine));
        json_object_set_new(row, "method", json_string(swapci_method_table[e->method]->name));
        json_object_set_new(row, "part", json_string(part_names[part]));
        swapci_lab_spread(row, "us", spread, 1);
        json_object_set_new(
            row, "percent",
            json_real(100 * spread.median / swapci_measure_cpu(&b->measure, whole).median));
        json_object_set_new(row, "rounds", json_integer(b->measure.rounds));
        json_object_set_new(row, "default", json_true());
    }
}

enum swapc_status swapci_scenario_parts(struct swapci_lab *lab, swapc_error *error) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    struct bench *b = calloc(1, sizeof *b);
    if (!b) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory");
    b->lab = lab;
    b->error = error;
    b->measure.contenders = b->contenders;
    enum swapc_status status = swapci_lab_host(lab->log, true, &b->host, error);
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK; m++)
        status = make_requests(b, m);
    for (unsigned i = 0; status == SWAPC_OK && swapc_engine_at(i, &info); i++)
        if (info.built) status = add_engine(b, info.name);
    if (status == SWAPC_OK) status = swapci_measure_run(&b->measure, &lab->pace, error);
    if (status == SWAPC_OK && b->measure.rounds > 0) add_rows(b);
    lab->incomplete = b->measure.interrupted;
    swapci_lab_note(lab,
                    "%u interleaved rounds; the message is hashed as one block; a part is the "
                    "difference of two requests that the guest gives up on before and after it",
                    b->measure.rounds);
    swapci_measure_fini(&b->measure);
    for (unsigned i = 0; i < b->module_count; i++) swapc_module_release(b->modules[i]);
    for (unsigned m = 0; m < SWAPCI_METHODS_MAX; m++) swapci_samples_fini(&b->requests[m].samples);
    swapc_reply_fini(&b->reply);
    swapc_host_free(b->host);
    free(b);
    return status;
}
