#include <inttypes.h>

#include "cli.h"
#include "reason.h"
#include "run_job_impl.h"
#include "via.h"

static enum swapc_status trim(struct swapci_run_job *job, unsigned k, swapc_error *error) {
    redisReply *reply;
    if (job->options->keep == 0) return SWAPC_OK;
    enum swapc_status status = swapci_redis_call(
        job->books[k].redis, "trim the verdicts", &reply, error, "XTRIM %s MAXLEN %llu",
        job->places.at[k].names.verdicts, (unsigned long long)job->options->keep);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

static void describe_modules(const struct swapci_run_job *job, struct swapci_run_result *r) {
    unsigned methods = swapci_method_set(job->options->method);
    for (unsigned m = 0; m < swapci_method_count; m++) {
        const swapc_module_info *info = swapci_judges_module(job->judges, swapci_method_table[m]);
        if (info && methods & 1u << m) r->modules[r->module_count++] = *info;
    }
}

/* Every engine of the build on the same bytes, once the run is over and the machine quiet again. Its
 * figures are an extra: what hinders them does not spoil the run. */
static void compare_engines(struct swapci_run_job *job) {
    enum { ROUNDS = 9, REQUESTS = 8 };
    swapc_error why = SWAPC_ERROR_INIT;
    if (!job->options->bound || swapci_run_interrupted(job)) return;
    struct swapci_bench_config config = {.pace = {.rounds = ROUNDS, .stop = job->options->stop},
                                         .requests = REQUESTS,
                                         .best_only = true,
                                         .log = job->log};
    for (unsigned m = 0; m < swapci_method_count; m++) config.paths[m] = job->paths.text[m];
    job->compared = swapci_bench_engines(&config, &job->comparison, &why) == SWAPC_OK;
    if (!job->compared)
        swapc_log_write(&job->log, SWAPC_LOG_WARN, "run", "the engines are not compared: %s",
                        why.text);
}

/* How many messages may have been judged at once. */
static unsigned batch_of(const struct swapci_run_job *job) {
    unsigned methods = swapci_method_set(job->options->method);
    for (unsigned m = 0; m < swapci_method_count; m++)
        if (methods & 1u << m && swapci_judges_batches(job->judges, swapci_method_table[m]))
            return (unsigned)job->options->batch;
    return 1;
}

/* What disturbed every round before the run need not do so after it. A run that was faster than the bound
 * says that the machine can do more than any round saw: then the run is the best measurement there is,
 * and is said to be. */
static void settle_bound(struct swapci_run_job *job, double done_per_s) {
    enum { TIMES = 3 };
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = SWAPC_OK;
    if (!job->pairs || job->bound.per_s == 0) return;
    for (int i = 0; i == 0 || (i < TIMES && job->bound.per_s < done_per_s); i++)
        if (status == SWAPC_OK && !swapci_run_interrupted(job))
            status = swapci_run_measure_bound(job, &why);
    if (status != SWAPC_OK)
        swapc_log_write(&job->log, SWAPC_LOG_WARN, "run",
                        "the bound is not measured once more after the run: %s", why.text);
    if (job->bound.per_s >= done_per_s) return;
    swapc_log_write(&job->log, SWAPC_LOG_WARN, "run",
                    "the run did %.0f messages/s, and no round before or after it measured a bound "
                    "of more than %.0f/s: the machine was disturbed then, and the run is taken for "
                    "the bound",
                    done_per_s, job->bound.per_s);
    job->bound.per_s = done_per_s;
}

static void sum_up(struct swapci_run_job *job, struct swapci_run_result *r) {
    const struct swapci_run_options *o = job->options;
    const swapci_ledger_result *books = &job->result;
    swapci_verifier_crew_times(job->crew, &job->verify_ns);
    *r = (struct swapci_run_result){
        .engine = o->engine,
        .method = o->method,
        .swap = o->swap,
        .messages = books->messages,
        .valid = books->valid,
        .not_valid = books->not_valid,
        .errors = books->errors,
        .lost = books->lost,
        .duplicates = books->duplicates,
        .wrong = books->wrong,
        .tampered = books->tampered,
        .startup_s = job->startup_s,
        .sent = job->signer_sent,
        .own_input = o->input != NULL,
        .swaps = swapci_slots_swaps(swapci_judges_slots(job->judges)) - job->swaps_before,
        .workers = (unsigned)o->workers,
        .ring = swapci_via_ring(&job->way),
        .batch = batch_of(job),
        .verify_ns = &job->verify_ns,
        .latency_us = books->latency_us,
        .input_error = swapci_run_input_broke(job) ? job->generator_error.text : NULL,
        .comparison = job->compared ? &job->comparison : NULL,
    };
    uint64_t end = books->last_us, begin = job->generated.first_us;
    r->elapsed_s = end > begin ? (double)(end - begin) / 1e6 : 0;
    settle_bound(job, swapci_run_result_throughput(r));
    r->bound_per_s = job->bound.per_s;
    r->sign_us = job->bound.sign_us;
    r->verify_us = job->bound.verify_us;
    r->redis_us = job->bound.redis_us;
    describe_modules(job, r);
}

static void explain(const struct swapci_run_job *job) {
    const swapci_ledger_result *books = &job->result;
    if (books->errors > 0)
        swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run",
                        "first Error: message %" PRIu64 "-%" PRIu64 " (%s): %s",
                        books->first_error.ms, books->first_error.seq, books->first_reason,
                        swapci_reason_remedy(books->first_reason));
    if (books->lost > 0)
        swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run",
                        "first without a verdict: message %" PRIu64 "-%" PRIu64,
                        books->first_lost.ms, books->first_lost.seq);
    if (books->foreign > 0)
        swapc_log_write(&job->log, SWAPC_LOG_WARN, "run",
                        "%" PRIu64 " messages of other producers were answered meanwhile: elapsed, "
                        "latency and verify times include that work",
                        books->foreign);
    if (books->wrong > books->errors)
        swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run",
                        "first with a wrong verdict: message %" PRIu64 "-%" PRIu64,
                        books->first_wrong.ms, books->first_wrong.seq);
}

/* What is first is that of the first book that has one. */
static void add_first(swapci_stream_id *sum, swapci_stream_id one) {
    if (sum->ms == 0) *sum = one;
}

static void add_book(struct swapci_run_job *job, const swapci_ledger_result *one) {
    swapci_ledger_result *sum = &job->result;
    sum->messages += one->messages;
    sum->valid += one->valid;
    sum->not_valid += one->not_valid;
    sum->errors += one->errors;
    sum->lost += one->lost;
    sum->duplicates += one->duplicates;
    sum->wrong += one->wrong;
    sum->tampered += one->tampered;
    sum->foreign += one->foreign;
    if (one->last_us > sum->last_us) sum->last_us = one->last_us;
    if (sum->first_error.ms == 0) sum->first_reason = one->first_reason;
    add_first(&sum->first_error, one->first_error);
    add_first(&sum->first_lost, one->first_lost);
    add_first(&sum->first_wrong, one->first_wrong);
    swapci_histogram_merge(&job->latency_us, one->latency_us);
}

/* Joins all books. */
static enum swapc_status join_books(struct swapci_run_job *job, swapc_error *error) {
    swapci_histogram_init(&job->latency_us);
    job->result = (swapci_ledger_result){.latency_us = &job->latency_us};
    for (unsigned k = 0; k < job->places.count; k++) {
        struct swapci_run_book *book = &job->books[k];
        swapci_ledger_result one;
        enum swapc_status status =
            swapci_ledger_join(book->ledger, book->redis, &job->places.at[k].names, &one, error);
        if (status == SWAPC_OK) status = trim(job, k, error);
        if (status != SWAPC_OK) return status;
        add_book(job, &one);
    }
    return SWAPC_OK;
}

enum swapc_status swapci_run_account(struct swapci_run_job *job, struct swapci_run_result *result,
                                     swapc_error *error) {
    enum swapc_status status = join_books(job, error);
    if (status != SWAPC_OK) return status;
    compare_engines(job);
    sum_up(job, result);
    explain(job);
    return SWAPC_OK;
}
