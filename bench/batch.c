/* `swapc bench batch`: Schnorr messages verified together, by size of the batch, with nothing
 * altered and with altered messages under the credit that the pipeline's workers use
 * (batch_credit.h).
 *
 * Rows of nothing altered are plain batches, and of size 1 plain calls. With altered messages a
 * round is a stream of messages through the credit, whose state goes on from round to round, as a
 * worker's does. `keys` says how many keys signed: the pipeline's signers have 16 unless told; with
 * a key a message, terms cannot be added up, and batches save less. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch_credit.h"
#include "buffer.h"
#include "clock.h"
#include "samples.h"
#include "scenario.h"
#include "verify_batch.h"

enum { MESSAGES = 2048, QUICK_MESSAGES = 512, ROWS_MAX = 40, DISTINCT_MAX = 256 };

static const char *const engines[] = {"native", "wasmtime"};
static const unsigned sizes[] = {1, 16, 64, 256};
static const double alterations[] = {0, 1.0 / 256, 0.1};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

struct stream {
    struct swapci_samples samples;
    bool altered[MESSAGES];
    unsigned count, keys;
    double share;
};

struct entry {
    struct bench *bench;
    swapc_module *module; /* borrowed from the bench */
    const struct stream *stream;
    const char *engine;
    unsigned size;
    struct swapci_batch_credit credit;
    enum swapc_status status; /* of a call that failed inside the credit's callbacks */
};

struct bench {
    struct swapci_lab *lab;
    swapc_error *error;
    swapc_host *host;
    swapc_module *modules[COUNT_OF(engines)];
    struct stream streams[COUNT_OF(alterations) + 1];
    struct entry entries[ROWS_MAX];
    struct swapci_contender contenders[ROWS_MAX];
    struct swapci_measure measure;
    swapc_reply reply;
    swapci_buffer payload;
};

static enum swapc_status wrong_answer(const struct entry *e, bool expected, swapc_error *error) {
    return swapc_error_set(error, SWAPC_CORRUPT, "%s does not find %s valid", e->engine,
                           expected ? "right signatures" : "an altered message not");
}

static enum swapc_status ask_one(struct entry *e, unsigned index, swapc_error *error) {
    static const swapc_bytes operation = {(const uint8_t *)"verify_message", 14};
    const struct stream *s = e->stream;
    enum swapc_status status = swapc_module_call(e->module, operation, s->samples.requests[index],
                                                 NULL, &e->bench->reply, error);
    if (status != SWAPC_OK) return status;
    bool expected = !s->altered[index];
    return swapci_samples_valid(e->bench->reply.body) == expected
               ? SWAPC_OK
               : wrong_answer(e, expected, error);
}

/* Writing the head and copying the requests behind it are part of what a batch costs. */
static enum swapc_status ask_batch(struct entry *e, unsigned first, unsigned count, bool *valid,
                                   swapc_error *error) {
    static const swapc_bytes operation = {(const uint8_t *)"verify_batch", 12};
    struct bench *b = e->bench;
    const struct stream *s = e->stream;
    bool expected = true;
    size_t len = swapci_verify_batch_encode(&s->samples.requests[first], count, b->payload.ptr,
                                            b->payload.capacity);
    if (len > b->payload.capacity)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "a batch is larger than its buffer");
    enum swapc_status status = swapc_module_call(
        e->module, operation, swapc_bytes_of(b->payload.ptr, len), NULL, &b->reply, error);
    if (status != SWAPC_OK) return status;
    *valid = swapci_samples_valid(b->reply.body);
    for (unsigned i = first; i < first + count; i++) expected = expected && !s->altered[i];
    return *valid == expected ? SWAPC_OK : wrong_answer(e, expected, error);
}

/* Nothing altered: units are batches, or messages when the size is 1. */
static enum swapc_status run_plain(void *user, unsigned from, unsigned to, swapc_error *error) {
    struct entry *e = user;
    enum swapc_status status = SWAPC_OK;
    bool valid;
    for (unsigned i = from; i < to && status == SWAPC_OK; i++)
        status =
            e->size == 1 ? ask_one(e, i, error) : ask_batch(e, i * e->size, e->size, &valid, error);
    return status;
}

/* The callbacks' indices are the stream's, since the credit is given all that is left at once. */
struct turn {
    struct entry *entry;
    unsigned base;
    swapc_error *error;
};

static bool together(uint32_t first, uint32_t count, uint64_t *cost_ns, void *user) {
    struct turn *t = user;
    bool valid = false;
    uint64_t start = swapci_clock_thread_cpu_ns();
    enum swapc_status status = ask_batch(t->entry, t->base + first, count, &valid, t->error);
    *cost_ns = swapci_clock_thread_cpu_ns() - start;
    if (status != SWAPC_OK) t->entry->status = status;
    return status == SWAPC_OK && valid;
}

static uint64_t alone(uint32_t index, void *user) {
    struct turn *t = user;
    uint64_t start = swapci_clock_thread_cpu_ns();
    enum swapc_status status = ask_one(t->entry, t->base + index, t->error);
    if (status != SWAPC_OK) t->entry->status = status;
    return swapci_clock_thread_cpu_ns() - start;
}

/* Altered ones: units are messages. */
static enum swapc_status run_credit(void *user, unsigned from, unsigned to, swapc_error *error) {
    struct entry *e = user;
    struct turn turn = {e, from, error};
    const struct swapci_batch_judging judging = {together, alone, &turn};
    e->status = SWAPC_OK;
    swapci_batch_credit_judge(&e->credit, &judging, to - from);
    return e->status;
}

static enum swapc_status make_stream(struct bench *b, struct stream *s, double share,
                                     unsigned keys) {
    s->count = b->lab->quick ? QUICK_MESSAGES : MESSAGES;
    s->share = share;
    s->keys = keys;
    enum swapc_status status =
        swapci_samples_make(swapci_method_table[0], s->count, keys, &s->samples, b->error);
    unsigned every = share > 0 ? (unsigned)(1 / share + 0.5) : 0;
    for (unsigned i = 0; i < s->count && every > 0 && status == SWAPC_OK; i++) {
        if (i % every != every / 2) continue;
        s->altered[i] = true;
        swapci_samples_alter(&s->samples, i);
    }
    return status;
}

static void add_entry(struct bench *b, unsigned engine, const struct stream *s, unsigned size) {
    struct entry *e = &b->entries[b->measure.count];
    bool plain = s->share <= 0;
    if (!b->modules[engine] || b->measure.count == ROWS_MAX) return;
    *e = (struct entry){b, b->modules[engine], s, engines[engine], size, {0}, SWAPC_OK};
    swapci_batch_credit_init(&e->credit, size, 0);
    b->contenders[b->measure.count++] =
        (struct swapci_contender){.run = plain ? run_plain : run_credit,
                                  .user = e,
                                  .units = plain ? s->count / size : s->count,
                                  .warm = plain && size == 1 ? 2 : 0,
                                  .each = plain ? size : 1};
}

static enum swapc_status add_contenders(struct bench *b) {
    char path[SWAPCI_LAB_PATH];
    size_t bytes = 0;
    enum swapc_status status =
        b->lab->find_bundle(swapci_method_table[0]->module, path, sizeof path, b->error);
    for (unsigned e = 0; e < COUNT_OF(engines) && status == SWAPC_OK; e++) {
        swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
        swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
        bool built = false;
        for (unsigned i = 0; swapc_engine_at(i, &info); i++)
            built = built || (info.built && strcmp(info.name, engines[e]) == 0);
        options.engine = engines[e];
        if (built) status = swapci_lab_load(b->host, path, &options, &b->modules[e], b->error);
        if (!b->modules[e]) swapci_lab_note(b->lab, "engine %s is not here", engines[e]);
    }
    for (unsigned a = 0; a < COUNT_OF(alterations) && status == SWAPC_OK; a++)
        status = make_stream(b, &b->streams[a], alterations[a], SWAPCI_SAMPLES_KEYS);
    if (status == SWAPC_OK)
        status = make_stream(b, &b->streams[COUNT_OF(alterations)], 0, DISTINCT_MAX);
    for (unsigned s = 0; s < COUNT_OF(b->streams) && status == SWAPC_OK; s++) {
        if (b->streams[s].samples.storage.len > bytes) bytes = b->streams[s].samples.storage.len;
        for (unsigned e = 0; e < COUNT_OF(engines); e++)
            for (unsigned i = 0; i < COUNT_OF(sizes); i++)
                add_entry(b, e, &b->streams[s], sizes[i]);
    }
    return status == SWAPC_OK
               ? swapci_buffer_reserve(&b->payload, bytes + SWAPCI_VERIFY_BATCH_HEAD_MAX)
               : status;
}

static int one_by_one(const struct bench *b, const char *engine, const struct stream *s) {
    for (unsigned i = 0; i < b->measure.count; i++)
        if (b->entries[i].size == 1 && b->entries[i].stream == s &&
            strcmp(b->entries[i].engine, engine) == 0)
            return (int)i;
    return -1;
}

static void add_row(struct bench *b, unsigned index) {
    const struct entry *e = &b->entries[index];
    int own = one_by_one(b, e->engine, e->stream), native = one_by_one(b, "native", e->stream);
    json_t *row = swapci_lab_row(b->lab);
    json_object_set_new(row, "engine", json_string(e->engine));
    json_object_set_new(row, "batch", json_integer(e->size));
    json_object_set_new(row, "altered", json_real(e->stream->share));
    json_object_set_new(row, "keys", json_integer(e->stream->keys));
    swapci_lab_spread(row, "us", swapci_measure_cpu(&b->measure, index), 1);
    swapci_lab_ratio(row, swapci_measure_ratio(&b->measure, index, (unsigned)own));
    if (native >= 0)
        json_object_set_new(
            row, "to_native",
            json_real(swapci_measure_ratio(&b->measure, index, (unsigned)native).median));
    json_object_set_new(row, "rounds", json_integer(b->measure.rounds));
    json_object_set_new(row, "default", json_boolean(e->size == 256 && e->stream->keys == 16));
}

static void fini(struct bench *b) {
    swapci_measure_fini(&b->measure);
    for (unsigned i = 0; i < COUNT_OF(b->streams); i++) swapci_samples_fini(&b->streams[i].samples);
    for (unsigned i = 0; i < COUNT_OF(engines); i++) swapc_module_release(b->modules[i]);
    swapci_buffer_fini(&b->payload);
    swapc_reply_fini(&b->reply);
    swapc_host_free(b->host);
    free(b);
}

enum swapc_status swapci_scenario_batch(struct swapci_lab *lab, swapc_error *error) {
    struct bench *b = calloc(1, sizeof *b);
    if (!b) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory");
    b->lab = lab;
    b->error = error;
    b->measure.contenders = b->contenders;
    b->measure.slices = lab->quick ? 2 : 4;
    enum swapc_status status = swapci_lab_host(lab->log, true, &b->host, error);
    if (status == SWAPC_OK) status = add_contenders(b);
    if (status == SWAPC_OK) status = swapci_measure_run(&b->measure, &lab->pace, error);
    for (unsigned i = 0; i < b->measure.count && status == SWAPC_OK && b->measure.rounds > 0; i++)
        add_row(b, i);
    lab->incomplete = b->measure.interrupted;
    swapci_lab_note(
        lab,
        "%u interleaved rounds of %u messages; with altered ones under the credit: over "
        "10 000 messages at most 1.05 × one by one",
        b->measure.rounds, b->streams[0].count);
    fini(b);
    return status;
}
