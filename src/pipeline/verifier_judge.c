/* What is shared: see verifier_impl.h. Here is what a worker does with what it took: messages of a method
 * whose module takes many at once are judged together where that pays (batch_credit.h), the others one by
 * one. A batch that does not come out all valid has said nothing of any message: each is judged again, in
 * smaller batches and at last alone, and only that gives a verdict other than Valid. */
#include "clock.h"
#include "fail_point.h"
#include "settle.h"
#include "verifier_impl.h"

/* Where messages are judged one by one a take is small, so that workers share a short queue evenly. */
enum { TAKE_FEW = 16 };

_Static_assert((unsigned)SWAPCI_VERIFIER_BATCH == SWAPCI_JUDGE_TOGETHER_MAX,
               "what is taken at once may be judged at once");

/* A record that cannot be read has no id to answer: all is dropped, so that the signer sends
 * again what is pending, this one too. */
static void reject_record(swapci_worker *w, const swapc_error *why) {
    swapci_verifier *v = w->verifier;
    pthread_mutex_lock(&v->lock);
    swapci_verifier_tell_dropped(v, "a record cannot be read", why);
    (void)swapci_receiver_reset(v->receiver,
                                NULL); /* if that cannot be yet, the next take mends it */
    pthread_mutex_unlock(&v->lock);
    swapci_redis_sleep(&v->stop, SWAPCI_VERIFIER_WAIT_MS, NULL); /* it may come again and again */
}

/* A record of another release. It has no verdict here: one of the right release may come. */
static void pass_over(swapci_worker *w, const swapc_error *why) {
    swapci_verifier *v = w->verifier;
    if (!atomic_exchange(&v->told_version, true))
        swapc_log_write(&v->config.log, SWAPC_LOG_ERROR, "verifier",
                        "%s; such messages stay pending", why->text);
}

/* The first letters differ. */
static unsigned given_as(const char *status) {
    return status[0] == 'V'   ? SWAPCI_GIVEN_VALID
           : status[0] == 'N' ? SWAPCI_GIVEN_NOT_VALID
                              : SWAPCI_GIVEN_ERROR;
}

/* For who looks on from outside. */
static void note_verdict(swapci_worker *w, const swapci_verdict *verdict, uint64_t now) {
    uint64_t added = verdict->t_us ? verdict->t_us : verdict->id.ms * 1000;
    unsigned m = 0;
    while (m + 1 < swapci_method_count && swapci_method_table[m]->name != verdict->method) m++;
    _Atomic uint64_t *count = &w->given[m][given_as(verdict->status)];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    swapci_live_record(&w->age_ns, now > added ? (now - added) * 1000 : 0);
}

/* Adds one, and sends a full batch, or what is old, while the next one is judged. */
static enum swapc_status collect(swapci_worker *w, const swapci_verdict *verdict) {
    swapci_tally_note(&w->verifier->tally, verdict->status, verdict->reason);
    uint64_t now = swapci_clock_realtime_us();
    note_verdict(w, verdict, now);
    enum swapc_status status = swapci_verdict_add(w->verdicts, verdict, &w->error);
    if (status != SWAPC_OK) return status;
    if (w->collected++ == 0) w->collected_us = now;
    bool old = now - w->collected_us >= SWAPCI_VERIFIER_STORE_MS * UINT64_C(1000);
    if (w->collected < w->collect_max && !old) return status;
    w->collected = 0;
    return swapci_verdict_submit(w->verdicts, &w->error);
}

/* A call, noted while it runs: should the process die of it, the signer learns what it was at. */
static void call_begins(swapci_worker *w, const swapci_transport_note *note) {
    swapci_verifier *v = w->verifier;
    if (note->alone) pthread_rwlock_wrlock(&v->calls);
    else pthread_rwlock_rdlock(&v->calls);
    swapci_receiver_note(v->receiver, w->number, note->ms < SWAPCI_TRANSPORT_NOTE_MS ? note : NULL);
}

static void call_ended(swapci_worker *w) {
    swapci_receiver_note(w->verifier->receiver, w->number, NULL);
    pthread_rwlock_unlock(&w->verifier->calls);
}

/* ---- one message ------------------------------------------------------------------------------ */

/* One message under judgement. */
struct one {
    swapci_worker *worker;
    const swapci_record *record;
    swapci_verdict *verdict;
};

static enum swapci_outcome call(void *user, bool alone, const char **why) {
    const struct one *one = user;
    const swapci_record *record = one->record;
    const swapci_transport_note note = {.ms = record->id.ms, .seq = record->id.seq, .alone = alone};
    call_begins(one->worker, &note);
    swapci_fail_point_with(SWAPCI_FAIL_in_call, record->message);
    enum swapci_outcome outcome = swapci_judge_record(&one->worker->judge, record, one->verdict);
    call_ended(one->worker);
    *why = one->verdict->reason;
    return outcome;
}

/* Judges until there is a verdict. Returns false when the verifier ends before that: the message stays
 * pending. */
static bool judge_one(swapci_worker *w, const swapci_record *record, swapci_verdict *verdict) {
    swapci_verifier *v = w->verifier;
    struct one one = {w, record, verdict};
    const swapci_settling how = {.role = "verifier",
                                 .log = v->config.log,
                                 .stop = &v->stop,
                                 .hindered = &v->hindered,
                                 .call = call,
                                 .user = &one};
    return swapci_settle(&how, (record->flags & SWAPCI_RECORD_ALONE) != 0);
}

/* Judges and collects one, unless something has ended it all. */
static void settle_one(swapci_worker *w, const swapci_record *record) {
    swapci_verdict verdict;
    if (w->ends || w->status != SWAPC_OK) return;
    w->ends = !judge_one(w, record, &verdict);
    if (w->ends) return;
    swapci_fail_point(SWAPCI_FAIL_after_verify);
    w->status = collect(w, &verdict);
}

/* ---- many at once ----------------------------------------------------------------------------- */

static swapci_transport_note note_of_many(const swapci_record *const *members, uint32_t count) {
    swapci_transport_note note = {.ms = members[0]->id.ms, .last_ms = members[0]->id.ms};
    for (uint32_t i = 1; i < count; i++) {
        uint64_t ms = members[i]->id.ms;
        if (ms < note.ms) note.ms = ms;
        if (ms > note.last_ms) note.last_ms = ms;
    }
    return note;
}

static bool call_together(swapci_worker *w, const swapci_record *const *members, uint32_t count,
                          swapci_verdict *verdict, uint64_t *cost_ns) {
    const swapci_transport_note note = note_of_many(members, count);
    call_begins(w, &note);
    for (uint32_t i = 0; i < count; i++)
        swapci_fail_point_with(SWAPCI_FAIL_in_call, members[i]->message);
    bool good = swapci_judge_together(&w->judge, members, count, verdict, cost_ns);
    call_ended(w);
    return good;
}

/* The next two are batch_credit.h's. Once something has ended it all, nothing is judged any more. */
static bool settle_together(uint32_t first, uint32_t count, uint64_t *cost_ns, void *user) {
    swapci_worker *w = user;
    swapci_verdict verdict;
    *cost_ns = 0;
    if (w->ends || w->status != SWAPC_OK) return true;
    if (!call_together(w, w->members + first, count, &verdict, cost_ns)) return false;
    swapci_fail_point(SWAPCI_FAIL_after_verify);
    for (uint32_t i = first; i < first + count && w->status == SWAPC_OK; i++) {
        verdict.id = w->members[i]->id;
        verdict.t_us = w->members[i]->t_us;
        w->status = collect(w, &verdict);
    }
    return true;
}

static uint64_t settle_alone(uint32_t index, void *user) {
    swapci_worker *w = user;
    settle_one(w, w->members[index]);
    return w->judge.spent_ns;
}

/* One that goes alone is in no batch, and neither is one whose id a note has no place for. */
static bool may_join(const swapci_worker *w, const swapci_record *record) {
    return !(record->flags & SWAPCI_RECORD_ALONE) && record->id.ms < SWAPCI_TRANSPORT_NOTE_MS &&
           swapci_judge_may_join(&w->judge, record);
}

/* Takes out of what is left those messages of a method that may be judged together. */
static void gather(swapci_worker *w, const swapci_method *method, swapci_record **left,
                   unsigned *left_count) {
    unsigned kept = 0;
    w->member_count = 0;
    for (unsigned i = 0; i < *left_count; i++) {
        if (left[i]->method == method && may_join(w, left[i]))
            w->members[w->member_count++] = left[i];
        else left[kept++] = left[i];
    }
    *left_count = kept;
}

static void settle_method(swapci_worker *w, unsigned number, swapci_record **left,
                          unsigned *left_count) {
    const struct swapci_batch_judging how = {settle_together, settle_alone, w};
    const swapci_method *method = swapci_method_table[number];
    if (w->verifier->config.batch < SWAPCI_BATCH_LEAST ||
        !swapci_judges_batches(w->verifier->config.judges, method))
        return;
    gather(w, method, left, left_count);
    if (w->member_count > 0) swapci_batch_credit_judge(&w->credit[number], &how, w->member_count);
}

/* ---- all that was taken ------------------------------------------------------------------------ */

void swapci_verifier_judge_init(swapci_worker *w) {
    const swapci_verifier_config *config = &w->verifier->config;
    uint64_t deadline_ns =
        swapci_slots_deadline_ms(swapci_judges_slots(config->judges)) * UINT64_C(1000000);
    for (unsigned m = 0; m < swapci_method_count; m++)
        swapci_batch_credit_init(&w->credit[m], config->batch, deadline_ns / 2);
}

unsigned swapci_verifier_take_max(const swapci_worker *w) {
    const swapci_verifier *v = w->verifier;
    unsigned share = SWAPCI_VERIFIER_UNSTORED / v->worker_count, wanted = TAKE_FEW;
    if (v->config.batch < SWAPCI_BATCH_LEAST) return wanted;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        unsigned next = swapci_batch_credit_next(&w->credit[m]);
        if (next > wanted) wanted = next;
    }
    return wanted < share || share < TAKE_FEW ? wanted : share;
}

/* Decodes what was taken. Returns how many records there are to judge. */
static unsigned decode(swapci_worker *w, swapci_record **out) {
    unsigned count = 0;
    for (unsigned i = 0; i < w->taken_count; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        enum swapc_status status = swapci_record_decode(w->taken[i], &w->records[count], &error);
        if (status == SWAPC_UNSUPPORTED) pass_over(w, &error);
        else if (status != SWAPC_OK) reject_record(w, &error);
        else out[count] = &w->records[count], count++;
    }
    w->taken_count = 0;
    return count;
}

/* Tells where they lie before the first call, to a back end that wants to know. */
static void announce(swapci_worker *w, swapci_record *const *records, unsigned count) {
    const swapci_record *among[SWAPCI_VERIFIER_BATCH];
    unsigned known = 0;
    if (!swapci_receiver_announces(w->verifier->receiver)) return;
    for (unsigned i = 0; i < count; i++)
        if (!(records[i]->flags & SWAPCI_RECORD_ALONE) &&
            records[i]->id.ms < SWAPCI_TRANSPORT_NOTE_MS)
            among[known++] = records[i];
    if (known == 0) return;
    const swapci_transport_note range = note_of_many(among, known);
    swapci_receiver_announce(w->verifier->receiver, w->number, &range);
}

enum swapc_status swapci_verifier_judge_taken(swapci_worker *w) {
    swapci_record *left[SWAPCI_VERIFIER_BATCH];
    unsigned count = decode(w, left);
    announce(w, left, count);
    w->status = SWAPC_OK;
    w->ends = false;
    for (unsigned m = 0; m < swapci_method_count && count >= SWAPCI_BATCH_LEAST; m++)
        settle_method(w, m, left, &count);
    for (unsigned i = 0; i < count; i++) settle_one(w, left[i]);
    swapci_receiver_announce(w->verifier->receiver, w->number, NULL);
    return w->status;
}
