/* What is shared: `done` and `sent` of the generator, which are looked at here, see run_job_impl.h. */
#include <inttypes.h>
#include <time.h>

#include "cli.h"
#include "clock.h"
#include "progress.h"
#include "redis_retry.h"
#include "run_front.h"
#include "run_job_impl.h"

enum {
    TICK_MS = 20,
    LEDGER_TICKS = 50, /* how often the ledger is asked once as many are judged as were sent: other
                          producers may keep the stream from ever being empty … */
    LEDGER_TICKS_MOST = 500, /* … and before that, as other verifiers may judge ours */
    STALL_S = 120,           /* without one more verdict in this time, the rest is lost */
    HINDERED_S = 5           /* and in this time, while no module can be had, it will not come */
};

bool swapci_run_input_broke(const struct swapci_run_job *job) {
    enum swapc_status status = job->generator_status;
    return job->options->input && (status == SWAPC_TOO_LARGE || status == SWAPC_IO) &&
           atomic_load(&job->sent) > 0;
}

/* What can end the job from outside: a signal, the signer, a worker, the generator. */
static enum swapc_status watch(struct swapci_run_job *job, swapc_error *error) {
    if (swapci_run_interrupted(job)) return SWAPC_INTERRUPTED;
    enum swapc_status status = swapci_signer_child_watch(&job->signer, error);
    if (status != SWAPC_OK) return status;
    if (swapci_verifier_crew_failed(job->crew)) return swapci_crew_join(&job->crew->base, error);
    if (atomic_load(&job->done) && job->generator_status != SWAPC_OK &&
        !swapci_run_input_broke(job))
        return swapc_error_set(error, job->generator_status, "%s", job->generator_error.text);
    return SWAPC_OK;
}

/* A look at the length of a stream. */
struct length_look {
    struct swapci_run_job *job;
    unsigned k;
};

static enum swapc_status look_at_length(void *user, swapc_error *error) {
    struct length_look *l = user;
    struct swapci_run_book *book = &l->job->books[l->k];
    return swapci_stream_length(book->redis, &l->job->places.at[l->k].names, &book->open, error);
}

static enum swapc_status unanswered(struct swapci_run_job *job, uint64_t *out, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    uint64_t sum = 0;
    for (unsigned k = 0; k < job->places.count && status == SWAPC_OK; k++) {
        struct length_look l = {.job = job, .k = k};
        status = swapci_redis_persist(job->books[k].redis, look_at_length, &l, error);
        sum += job->books[k].open;
    }
    if (status == SWAPC_OK) *out = sum;
    return status;
}

/* Reads what the verdicts say by now. */
static enum swapc_status read_books(struct swapci_run_job *job, uint64_t *out, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    uint64_t sum = 0;
    for (unsigned k = 0; k < job->places.count && status == SWAPC_OK; k++) {
        struct swapci_run_book *book = &job->books[k];
        status = swapci_ledger_read(book->ledger, book->redis, &job->places.at[k].names,
                                    &book->answered, error);
        sum += book->answered;
    }
    if (status == SWAPC_OK) *out = sum;
    return status;
}

static uint64_t booked(const struct swapci_run_job *job) {
    uint64_t sum = 0;
    for (unsigned k = 0; k < job->places.count; k++)
        sum += swapci_ledger_count(job->books[k].ledger);
    return sum;
}

/* Sees to it that the job ends when no verdict comes any more. */
struct patience {
    uint64_t last;
    uint64_t since_ns;
};

/* waiting: something is unanswered. A slow input is no reason to lose patience. */
static bool stalled(struct patience *patience, bool waiting, uint64_t answered) {
    uint64_t now = swapci_clock_monotonic_ns();
    if (!waiting || answered != patience->last || patience->since_ns == 0)
        *patience = (struct patience){answered, now};
    return now - patience->since_ns > STALL_S * 1000000000ull;
}

/* Nobody but us can put a module back that is gone, and it may be there again in a moment; not for ever. */
static enum swapc_status look_for_hindrance(struct swapci_run_job *job,
                                            const struct patience *patience, uint64_t open,
                                            swapc_error *error) {
    char why[SWAPCI_HINDRANCE_MAX];
    if (swapci_clock_monotonic_ns() - patience->since_ns < HINDERED_S * 1000000000ull ||
        !swapci_judges_hindrance(job->judges, why))
        return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NOT_FOUND,
                           "no verdict for %d s, as there is %s; %" PRIu64
                           " messages are without one: put the module back, and run again",
                           HINDERED_S, why, open);
}

/* The ledger tells what is lost once all is sent; before that, the job cannot go on. */
static enum swapc_status give_up(struct swapci_run_job *job, bool done, uint64_t open,
                                 swapc_error *error) {
    if (!done)
        return swapc_error_set(error, SWAPC_SYSTEM,
                               "no verdict for %d s, with %" PRIu64 " messages in the stream: is a "
                               "signer of this stream stuck? swapc status ADDR asks one",
                               STALL_S, open);
    swapc_log_write(&job->log, SWAPC_LOG_ERROR, "run", "no verdict for %d s: the rest is lost",
                    STALL_S);
    return SWAPC_OK;
}

/* How the wait for the answers stands. */
struct standing {
    uint64_t open;     /* in the stream: not answered, whoever added them */
    uint64_t answered; /* by the ledger, once all is sent while others fill the stream */
    uint64_t seen;     /* for people: never less than before */
    bool done;         /* all is sent */
};

static enum swapc_status look(struct swapci_run_job *job, unsigned turn, struct standing *s,
                              swapc_error *error) {
    enum swapc_status status = watch(job, error);
    s->done = atomic_load(&job->done) != 0;
    uint64_t sent = atomic_load(&job->sent);
    if (status == SWAPC_OK) status = unanswered(job, &s->open, error);
    if (sent > s->open && sent - s->open > s->seen) s->seen = sent - s->open;
    unsigned ticks = swapci_judges_judged(job->judges) < sent ? LEDGER_TICKS_MOST : LEDGER_TICKS;
    if (status == SWAPC_OK && s->done && s->open > 0 && turn % ticks == 0)
        status = read_books(job, &s->answered, error);
    return status;
}

enum swapc_status swapci_run_wait_answers(struct swapci_run_job *job, swapc_error *error) {
    const struct timespec tick = {0, TICK_MS * 1000000L};
    struct swapci_progress progress;
    struct patience patience = {0, 0};
    struct standing standing = {0};
    uint64_t total = job->options->messages == UINT64_MAX ? 0 : job->options->messages;
    enum swapc_status status = SWAPC_OK;
    swapci_progress_init(&progress, job->options->progress);
    for (unsigned turn = 1; status == SWAPC_OK; turn++) {
        nanosleep(&tick, NULL);
        status = look(job, turn, &standing, error);
        swapci_run_tell_front(job);
        /* With nothing in the stream no verdict can come any more: the join reads them all, once. */
        if (standing.done && (standing.open == 0 || standing.answered == booked(job))) break;
        swapci_progress_draw(&progress, standing.seen, total ? total : atomic_load(&job->sent));
        if (stalled(&patience, standing.open > 0 || standing.done,
                    standing.seen + standing.answered)) {
            status = give_up(job, standing.done, standing.open, error);
            break;
        }
        if (status == SWAPC_OK) status = look_for_hindrance(job, &patience, standing.open, error);
    }
    swapci_progress_end(&progress);
    return status;
}
