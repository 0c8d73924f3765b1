#include "run_bound.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "batch_credit.h"
#include "clock.h"
#include "end_times.h"
#include "redis_refusal.h"

/* A round is some milliseconds, so that one of them is likely to be undisturbed; verifying stops early where a
 * call is slow (wasm3, cold swaps). */
enum { ROUNDS = 7, SAMPLES = 256, VERIFY_MS = 250, REDIS_BATCHES = 4, BATCH = 256 };

/* The keys of a run that could not take them away: killed, or with a Redis that hung. */
enum { KEYS_LIVE_MS = 60000, TIDY_MS = 300 };

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
    enum swapc_status status = swapci_redis_call(
        redis, "to tell its CPU time (--no-bound leaves that out)", &reply, error, "INFO cpu");
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

/* Over a connection of its own, as a stop ends whatever goes over the run's. What this cannot do, the
 * keys' expiry does. */
static void forget_interrupted(const swapci_redis_config *config,
                               const swapci_stream_names *names) {
    const uint32_t ms = swapci_end_ms(TIDY_MS);
    swapci_redis_config own = {.url = config->url, .connect_ms = ms, .answer_ms = ms};
    swapci_redis *redis;
    if (swapci_redis_open(&own, &redis, NULL) != SWAPC_OK) return;
    forget(redis, names);
    swapci_redis_free(redis);
}

/* Makes both streams, or finds them, in one step with their expiry. */
static enum swapc_status make_keys(swapci_redis *redis, const swapci_stream_names *names,
                                   swapc_error *error) {
    static const char script[] =
        "for _, key in ipairs(KEYS) do "
        "local made = redis.pcall('XGROUP', 'CREATE', key, ARGV[1], '0', 'MKSTREAM') "
        "if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then "
        "return {'XGROUP|CREATE', made.err} end "
        "local lives = redis.pcall('PEXPIRE', key, ARGV[2]) "
        "if lives ~= 1 then redis.pcall('DEL', key) "
        "return type(lives) == 'table' and {'PEXPIRE', lives.err} or lives end end "
        "return 1";
    static const char what[] = "to measure the bound (--no-bound leaves that out)";
    redisReply *reply;
    enum swapc_status status =
        swapci_redis_call(redis, what, &reply, error, "EVAL %s 2 %s %s " SWAPCI_STREAM_GROUP " %d",
                          script, names->messages, names->verdicts, (int)KEYS_LIVE_MS);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_check_script(redis, reply, what, error);
    freeReplyObject(reply);
    return status;
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

/* Keys of its own beside the user's: there the prefix has its rights, however long it is. Others may
 * measure at the same time, on other machines too. */
static void bound_names(const swapci_stream_names *names, swapci_stream_names *own) {
    uint32_t mark = 0;
    if (getrandom(&mark, sizeof mark, 0) != sizeof mark) mark = (uint32_t)getpid();
    *own = *names;
    snprintf(own->messages, sizeof own->messages, "%.64s:bound:m%07x", names->prefix,
             mark & 0xfffffffu);
    snprintf(own->verdicts, sizeof own->verdicts, "%.64s:bound:v%07x", names->prefix,
             mark & 0xfffffffu);
}

_Static_assert(SWAPCI_STREAM_PREFIX_MAX + sizeof ":bound:m1234567" - 1 <= SWAPCI_STREAM_NAME_MAX,
               "the longest prefix leaves room");

static enum swapc_status one_round_of_redis(swapci_redis *redis, const swapci_stream_names *names,
                                            double *us, swapc_error *error) {
    double before, after = 0;
    enum swapc_status status = make_keys(redis, names, error);
    if (status == SWAPC_OK) status = server_cpu(redis, &before, error);
    if (status != SWAPC_OK) return status;
    uint64_t start = swapci_clock_thread_cpu_ns();
    status = run_batches(redis, names, REDIS_BATCHES, error);
    uint64_t client = swapci_clock_thread_cpu_ns() - start;
    if (status == SWAPC_OK) status = server_cpu(redis, &after, error);
    if (status == SWAPC_OK) *us = ((double)client / 1e3 + after - before) / (REDIS_BATCHES * BATCH);
    return status;
}

static void take_best(double us, double *best) {
    if (us > 0 && (*best == 0 || us < *best)) *best = us;
}

static enum swapc_status measure_redis(const struct swapci_run_bound_config *config, double *best,
                                       swapc_error *error) {
    swapci_stream_names own;
    enum swapc_status status = SWAPC_OK;
    bound_names(config->names, &own);
    for (int i = 0; i <= ROUNDS && status == SWAPC_OK; i++) {
        double us = 0;
        status = one_round_of_redis(config->redis, &own, &us, error);
        if (i > 0) take_best(us, best); /* the first one warms up */
    }
    if (status == SWAPC_OK || status == SWAPC_PROTOCOL) forget(config->redis, &own);
    else forget_interrupted(config->redis_config, &own);
    return status;
}

static enum swapc_status measure_calls(const struct swapci_run_bound_config *config,
                                       struct sample *samples, struct swapci_run_bound *bound,
                                       swapc_error *error) {
    uint64_t end = swapci_clock_monotonic_ns() + VERIFY_MS * 1000000ull;
    enum swapc_status status = SWAPC_OK;
    for (int i = 0; i < ROUNDS && status == SWAPC_OK; i++) {
        double sign_us = 0, verify_us = 0;
        status = sign_samples(config->pairs, config->methods, samples, &sign_us, error);
        if (status == SWAPC_OK)
            status = measure_verify(config->judges, samples, config->methods, config->batch,
                                    &verify_us, error);
        take_best(sign_us, &bound->sign_us);
        take_best(verify_us, &bound->verify_us);
        if (swapci_clock_monotonic_ns() > end) break;
    }
    return status;
}

enum swapc_status swapci_run_bound_measure(const struct swapci_run_bound_config *config,
                                           struct swapci_run_bound *bound, swapc_error *error) {
    struct sample *samples = calloc(SAMPLES, sizeof *samples);
    if (!samples) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to measure with");
    enum swapc_status status = measure_calls(config, samples, bound, error);
    if (status == SWAPC_OK) status = measure_redis(config, &bound->redis_us, error);
    free(samples);
    if (status == SWAPC_OK)
        bound->per_s = config->cores * 1e6 / (bound->sign_us + bound->verify_us + bound->redis_us);
    return status;
}
