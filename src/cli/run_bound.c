#include "run_bound.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "batch_credit.h"
#include "clock.h"

/* Enough for a few percent; verifying stops early where a call is slow (wasm3, cold swaps). */
enum { SAMPLES = 256, VERIFY_MS = 250, REDIS_BATCHES = 12, BATCH = 256 };

struct sample {
    swapci_record record;
    swapci_signature signature;
};

/* The i-th sample's method: those of the set in turn. */
static const swapci_method *method_of(unsigned methods, unsigned i) {
    const swapci_method *chosen[SWAPCI_METHODS_MAX];
    unsigned count = 0;
    for (unsigned m = 0; m < swapci_method_count; m++)
        if (methods & 1u << m) chosen[count++] = swapci_method_table[m];
    return chosen[i % count];
}

static enum swapc_status sign_samples(const swapci_key_pairs *pairs, unsigned methods,
                                      struct sample *samples, double *us, swapc_error *error) {
    swapc_bytes message = swapc_bytes_str("Katherine Johnson");
    uint64_t start = swapci_clock_thread_cpu_ns();
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct sample *s = &samples[i];
        const swapci_method *method = method_of(methods, i);
        enum swapc_status status = swapci_method_sign(
            method, pairs, i % swapci_key_pairs_count(pairs), message, &s->signature, error);
        if (status != SWAPC_OK) return status;
        s->record =
            (swapci_record){.method = method,
                            .key = s->signature.key,
                            .signature = swapc_bytes_of(s->signature.bytes, s->signature.len),
                            .message = message};
    }
    *us = (double)(swapci_clock_thread_cpu_ns() - start) / 1e3 / SAMPLES;
    return SWAPC_OK;
}

/* Those whose method is of the set, in their order. Returns how many. */
static unsigned samples_of(unsigned methods, const struct sample *samples,
                           const swapci_record *out[SAMPLES]) {
    unsigned count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        if (methods & 1u << swapci_method_number(samples[i].record.method))
            out[count++] = &samples[i].record;
    return count;
}

static enum swapc_status judge_alone(swapci_judge *judge, const swapci_record *const *records,
                                     unsigned count, unsigned *done, swapc_error *error) {
    uint64_t end = swapci_clock_monotonic_ns() + VERIFY_MS * 1000000ull;
    for (*done = 0; *done < count && swapci_clock_monotonic_ns() < end; ++*done) {
        swapci_verdict verdict;
        if (swapci_judge_record(judge, records[*done], &verdict) == SWAPCI_OUTCOME_AGAIN)
            return swapc_error_set(error, SWAPC_INTERRUPTED, "interrupted");
        if (strcmp(verdict.status, "Valid") != 0)
            return swapc_error_set(
                error, SWAPC_CORRUPT, "module %s finds a right signature %s (%s) on this engine",
                verdict.method, verdict.status, verdict.reason ? verdict.reason : "no reason");
    }
    return SWAPC_OK;
}

static enum swapc_status measure_alone(swapci_judge *judge, const swapci_record *const *records,
                                       unsigned count, double *us, swapc_error *error) {
    unsigned warm, done = 1;
    enum swapc_status status = judge_alone(judge, records, count / 8, &warm, error);
    uint64_t start = swapci_clock_thread_cpu_ns();
    if (status == SWAPC_OK) status = judge_alone(judge, records, count, &done, error);
    *us = (double)(swapci_clock_thread_cpu_ns() - start) / 1e3 / done;
    return status;
}

/* *us becomes less where a batch of them is cheaper. */
static void measure_together(swapci_judge *judge, const swapci_record *const *records,
                             unsigned count, double *us) {
    swapci_verdict verdict;
    uint64_t cost;
    for (int i = 0; i < 3; i++) {
        if (!swapci_judge_together(judge, records, count, &verdict, &cost)) return;
        if ((double)cost / 1e3 / count < *us) *us = (double)cost / 1e3 / count;
    }
}

/* Which methods' messages may be judged at once: a set. */
static unsigned batched(const swapci_judges *judges, unsigned methods, unsigned batch) {
    unsigned set = 0;
    for (unsigned m = 0; m < swapci_method_count && batch >= SWAPCI_BATCH_LEAST; m++)
        if (methods & 1u << m && swapci_judges_batches(judges, swapci_method_table[m]))
            set |= 1u << m;
    return set;
}

/* Those that are judged one by one in their order, since then modules may be swapped; of the others each
 * method by itself. */
static enum swapc_status measure_verify(swapci_judges *judges, const struct sample *samples,
                                        unsigned methods, unsigned batch, double *us,
                                        swapc_error *error) {
    const swapci_record *records[SAMPLES];
    swapci_judge judge;
    enum swapc_status status = SWAPC_OK;
    unsigned left = methods, together = batched(judges, methods, batch);
    double sum = 0, one = 0;
    swapci_judge_init(&judge, judges);
    while (left && status == SWAPC_OK) {
        unsigned next = left & ~together ? left & ~together : left & -left;
        unsigned count = samples_of(next, samples, records);
        status = measure_alone(&judge, records, count, &one, error);
        if (status == SWAPC_OK && next & together)
            measure_together(&judge, records, count < batch ? count : batch, &one);
        sum += one * count;
        left &= ~next;
    }
    *us = sum / SAMPLES;
    swapci_judge_fini(&judge);
    return status;
}

/* CPU time that the server has used, in microseconds: INFO's used_cpu_user + used_cpu_sys. */
static enum swapc_status server_cpu(swapci_redis *redis, double *us, swapc_error *error) {
    redisReply *reply;
    enum swapc_status status =
        swapci_redis_call(redis, "ask for its CPU time", &reply, error, "INFO cpu");
    if (status != SWAPC_OK) return status;
    const char *user = strstr(reply->str, "used_cpu_user:");
    const char *sys = strstr(reply->str, "used_cpu_sys:");
    *us = 1e6 * ((user ? atof(user + 14) : 0) + (sys ? atof(sys + 13) : 0));
    freeReplyObject(reply);
    return SWAPC_OK;
}

static enum swapc_status one_batch(swapci_redis *redis, const swapci_stream_names *names,
                                   swapci_verdict_writer *writer, swapci_batch *batch,
                                   swapc_error *error) {
    swapci_message messages[BATCH];
    swapci_stream_id ids[BATCH];
    for (int i = 0; i < BATCH; i++)
        messages[i] = (swapci_message){swapc_bytes_str("Katherine Johnson"),
                                       swapci_method_table[0]->name, swapci_clock_realtime_us()};
    enum swapc_status status = swapci_stream_add(redis, names, messages, BATCH, ids, error);
    if (status == SWAPC_OK)
        status = swapci_stream_read(redis, names, "bound", BATCH, 0, batch, error);
    for (size_t i = 0; i < batch->count && status == SWAPC_OK; i++) {
        static const char digest[] =
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        swapci_verdict verdict = {.id = batch->entries[i].id,
                                  .method = swapci_method_table[0]->name,
                                  .status = "Valid",
                                  .digest = digest,
                                  .generation = 1,
                                  .t_us = batch->entries[i].t_us};
        status = swapci_verdict_add(writer, &verdict, error);
    }
    return status == SWAPC_OK ? swapci_verdict_flush(writer, error) : status;
}

static void forget(swapci_redis *redis, const swapci_stream_names *names) {
    redisReply *reply;
    if (swapci_redis_call(redis, "tidy up", &reply, NULL, "DEL %s %s", names->messages,
                          names->verdicts) == SWAPC_OK)
        freeReplyObject(reply);
}

static enum swapc_status run_batches(swapci_redis *redis, const swapci_stream_names *names,
                                     unsigned count, swapc_error *error) {
    swapci_verdict_writer *writer;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    enum swapc_status status = swapci_verdict_writer_new(redis, names, 0, &writer, error);
    if (status != SWAPC_OK) return status;
    for (unsigned i = 0; i < count && status == SWAPC_OK; i++)
        status = one_batch(redis, names, writer, &batch, error);
    swapci_batch_fini(&batch);
    swapci_verdict_writer_free(writer);
    return status;
}

/* Keys of its own beside the user's: there the prefix has its rights, however long it is. */
static enum swapc_status bound_names(const swapci_stream_names *names, swapci_stream_names *own,
                                     swapc_error *error) {
    int pid = (int)getpid();
    *own = *names;
    int messages =
        snprintf(own->messages, sizeof own->messages, "%s:bound:m%d", names->prefix, pid);
    int verdicts =
        snprintf(own->verdicts, sizeof own->verdicts, "%s:bound:v%d", names->prefix, pid);
    if ((size_t)messages < sizeof own->messages && (size_t)verdicts < sizeof own->verdicts)
        return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID,
                           "the prefix %s is too long to measure the bound: leave that out "
                           "(--no-bound)",
                           names->prefix);
}

static enum swapc_status measure_redis(swapci_redis *redis, const swapci_stream_names *names,
                                       double *us, swapc_error *error) {
    swapci_stream_names own;
    double before, after;
    uint64_t client = 0;
    enum swapc_status status = bound_names(names, &own, error);
    if (status != SWAPC_OK) return status;
    status = swapci_stream_create(redis, &own, error);
    if (status == SWAPC_OK) status = run_batches(redis, &own, 1, error);
    if (status == SWAPC_OK) status = server_cpu(redis, &before, error);
    if (status != SWAPC_OK) goto done;
    uint64_t start = swapci_clock_thread_cpu_ns();
    status = run_batches(redis, &own, REDIS_BATCHES, error);
    client = swapci_clock_thread_cpu_ns() - start;
    if (status == SWAPC_OK) status = server_cpu(redis, &after, error);
done:
    forget(redis, &own);
    if (status == SWAPC_OK) *us = ((double)client / 1e3 + after - before) / (REDIS_BATCHES * BATCH);
    return status;
}

enum swapc_status swapci_run_bound_measure(const swapci_key_pairs *pairs, swapci_judges *judges,
                                           unsigned methods, unsigned batch, swapci_redis *redis,
                                           const swapci_stream_names *names, unsigned cores,
                                           struct swapci_run_bound *out, swapc_error *error) {
    struct sample *samples = calloc(SAMPLES, sizeof *samples);
    if (!samples) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to measure with");
    enum swapc_status status = sign_samples(pairs, methods, samples, &out->sign_us, error);
    if (status == SWAPC_OK)
        status = measure_verify(judges, samples, methods, batch, &out->verify_us, error);
    if (status == SWAPC_OK) status = measure_redis(redis, names, &out->redis_us, error);
    free(samples);
    out->per_s =
        status == SWAPC_OK ? cores * 1e6 / (out->sign_us + out->verify_us + out->redis_us) : 0;
    return status;
}
