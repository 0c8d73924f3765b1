/* What is shared: the counters, which this thread alone writes; see signer.c. */
#include "signer_impl.h"

#include <string.h>

#include "clock.h"
#include "redis_retry.h"

enum {
    CHORES_MS = 2000,
    ASK_AGAIN_MS = 200,   /* for another's lease that ends soon */
    ADOPT_IDLE_MS = 1000, /* so that of two who adopt at once, one finds the entries fresh */
    ADOPT_MAX = 512,
    ADOPT_FRESH_LOOKS =
        3, /* entries that are as fresh again were given out by a clock that went back */
    WAIT_MS = 100
};

static const swapci_stream_id first_id = {0, 0};

void swapci_signer_recovery_begin(swapci_signer *s) {
    s->recovering = true;
    s->recovered = first_id;
    s->strikes_known = false;
}

/* A verifier came anew: what the one before died on is told by the transport. */
static void take_left(swapci_signer *s) {
    char more[SWAPCI_LOG_LIMIT_MORE];
    uint64_t now = swapci_clock_monotonic_ns();
    if (swapci_log_limit_may(&s->loss_limit, now, now))
        swapc_log_write(&s->config.log, SWAPC_LOG_INFO, "signer",
                        "records may have been lost (a verifier came anew): what is pending is "
                        "sent again%s",
                        swapci_log_limit_more(&s->loss_limit, more));
    s->left_count += swapci_sender_left(s->sender, s->left + s->left_count,
                                        SWAPCI_TRANSPORT_NOTES - s->left_count);
    swapci_signer_recovery_begin(s);
}

/* Counts what the transport told, and reads what was counted before. */
static enum swapc_status know_strikes(swapci_signer *s, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (; s->left_count > 0 && status == SWAPC_OK; s->left_count -= status == SWAPC_OK)
        status = swapci_strikes_add(s->redis, &s->names, s->consumer, &s->left[s->left_count - 1],
                                    error);
    if (status == SWAPC_OK && !s->strikes_known)
        status = swapci_strikes_load(s->redis, &s->names, &s->strikes, error);
    s->strikes_known = status == SWAPC_OK;
    return status;
}

/* Says once that another has the name, and once that it is ours. */
static void tell_lease(swapci_signer *s) {
    if (s->lease.held == !s->told_waiting) return;
    s->told_waiting = !s->lease.held;
    if (s->told_waiting)
        swapc_log_write(
            &s->config.log, SWAPC_LOG_WARN, "signer",
            "another signer reads as consumer %s: this one takes nothing until that one's "
            "lease ends (%llu ms); give each its own --consumer",
            s->consumer, (unsigned long long)s->lease.others_ms);
    else
        swapc_log_write(&s->config.log, SWAPC_LOG_INFO, "signer", "consumer %s is this signer's",
                        s->consumer);
}

/* Takes or renews the lease. One that comes into it, or comes back to it late, takes up what is
 * pending under the name. */
static enum swapc_status hold_lease(swapci_signer *s, swapc_error *error) {
    bool recalled, had = s->lease.held && !s->read_late;
    enum swapc_status status =
        swapci_lease_hold(s->redis, &s->lease, s->read_late, &recalled, error);
    if (status != SWAPC_OK) return status;
    s->read_late = false;
    atomic_store_explicit(&s->owns, s->lease.held, memory_order_relaxed);
    tell_lease(s);
    if (s->lease.held && (!had || recalled)) swapci_signer_recovery_begin(s);
    return status;
}

/* Whether a verifier can ever come to what is sent. Who has nothing to send would not learn that it cannot. */
static enum swapc_status look_at_way(swapci_signer *s, swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_sender_wait_receiver(s->sender, 0, &why);
    return status == SWAPC_SYSTEM ? swapc_error_set(error, status, "%s", why.text) : SWAPC_OK;
}

enum swapc_status swapci_signer_chores(swapci_signer *s, swapc_error *error) {
    uint64_t now = swapci_clock_monotonic_ns();
    size_t moved = 0, fresh = 0;
    if (swapci_sender_lost(s->sender)) take_left(s);
    if (now < s->chores_due_ns && (s->told_waiting || swapci_lease_fresh(&s->lease)))
        return SWAPC_OK;
    enum swapc_status status = look_at_way(s, error);
    if (status == SWAPC_OK) status = hold_lease(s, error);
    if (status == SWAPC_OK && s->lease.held) {
        uint32_t idle_ms = s->adopted_none < ADOPT_FRESH_LOOKS ? ADOPT_IDLE_MS : 0;
        status = swapci_stream_adopt(s->redis, &s->names, s->consumer, idle_ms, ADOPT_MAX,
                                     swapci_signer_answer_deleted, s, &moved, &fresh, error);
        s->adopted_none = fresh > 0 && moved == 0 ? s->adopted_none + 1 : 0;
    }
    if (moved > 0) {
        swapc_log_write(&s->config.log, SWAPC_LOG_INFO, "signer",
                        "%zu entries of consumers that died are taken over", moved);
        atomic_fetch_add_explicit(&s->count_adopted, moved, memory_order_relaxed);
        swapci_signer_recovery_begin(s);
    }
    uint64_t waiting = 0;
    if (status == SWAPC_OK) status = swapci_stream_length(s->redis, &s->names, &waiting, error);
    if (status == SWAPC_OK) atomic_store_explicit(&s->waiting, waiting, memory_order_relaxed);
    uint64_t pause_ms = s->lease.held || s->lease.others_ms > CHORES_MS ? CHORES_MS : ASK_AGAIN_MS;
    if (status == SWAPC_OK) s->chores_due_ns = now + pause_ms * 1000000ull;
    return status;
}

/* Waits a slice until all that was sent is taken. Out: *taken. */
static enum swapc_status await_taken(swapci_signer *s, bool *taken, swapc_error *error) {
    enum swapc_status status = swapci_sender_wait_taken(s->sender, WAIT_MS, error);
    *taken = status == SWAPC_OK;
    if (status == SWAPC_UNREACHABLE) { /* no verifier: what was sent waits for the next */
        swapc_error_clear(error);
        status = swapci_sender_wait_receiver(s->sender, WAIT_MS, error);
        if (status == SWAPC_UNREACHABLE) {
            swapc_error_clear(error);
            status = SWAPC_OK;
        }
    }
    return status == SWAPC_BUSY ? SWAPC_OK : status;
}

enum swapc_status swapci_signer_too_much(swapci_signer *s, swapci_stream_id after,
                                         swapc_error *error) {
    swapc_error_clear(error);
    if (!s->told_large)
        swapc_log_write(
            &s->config.log, SWAPC_LOG_INFO, "signer",
            "messages of more than %zu bytes are in the stream: those around them are read "
            "one by one, and they are answered with Error, too large",
            swapci_signer_answer_max(s));
    s->told_large = true;
    s->batch_max = 1;
    s->recovering = true;
    s->recovered = after;
    enum swapc_status status = swapci_redis_attempt(s->redis, error);
    if (status == SWAPC_OK) s->epoch = swapci_redis_epoch(s->redis); /* no reason to begin anew */
    return status == SWAPC_UNREACHABLE ? SWAPC_IO : status;
}

/* Answers a message that was too large even to be read. */
static enum swapc_status refuse_unread(swapci_signer *s, swapci_stream_id id, swapc_error *error) {
    swapci_verdict verdict = {id, "", "Error", "", 0, 0, "too large"};
    enum swapc_status status = swapci_verdict_add(s->verdicts, &verdict, error);
    if (status == SWAPC_OK) status = swapci_verdict_flush(s->verdicts, error);
    if (status == SWAPC_OK) atomic_fetch_add_explicit(&s->count_refused, 1, memory_order_relaxed);
    return status;
}

/* Claims `count` pending entries and sends those that are still there. TOO_LARGE: together they are more
 * than may be read, and the connection has ended with that. */
static enum swapc_status resend(swapci_signer *s, const swapci_pending *pending, size_t count,
                                swapc_error *error) {
    swapci_pending there[SIGNER_BATCH], gone[SIGNER_BATCH];
    size_t gone_count = 0;
    if (count == 1 && swapci_stream_id_compare(pending->id, s->oversized) == 0)
        return refuse_unread(s, pending->id, error);
    memcpy(there, pending, count * sizeof *there);
    /* While they are pending: Redis 7 drops what is gone when it is claimed, and then nobody would know. */
    enum swapc_status status =
        swapci_audit_deleted(s->redis, &s->names, there, &count, gone, &gone_count, error);
    for (size_t i = 0; i < gone_count && status == SWAPC_OK; i++)
        status = swapci_signer_answer_deleted(s, gone[i].id, error);
    if (status != SWAPC_OK) return status;
    swapci_redis_limit(s->redis, swapci_signer_answer_max(s));
    status =
        swapci_stream_claim(s->redis, &s->names, s->consumer, 0, there, count, &s->batch, error);
    swapci_redis_limit(s->redis, 0);
    s->batch_next = status == SWAPC_OK ? 0 : s->batch.count;
    s->batch_is_new = false;
    return status == SWAPC_OK ? swapci_signer_send(s, error) : status;
}

/* Whether any of what is pending from first to last is pending still. */
static enum swapc_status still_pending(swapci_signer *s, swapci_stream_id first,
                                       swapci_stream_id last, bool *out, swapc_error *error) {
    swapci_stream_id before = first;
    swapci_pending found;
    size_t count = 1;
    if (before.seq > 0) {
        before.seq--;
    } else {
        before.ms--;
        before.seq = UINT64_MAX;
    }
    enum swapc_status status =
        swapci_stream_pending(s->redis, &s->names, s->consumer, before, &found, &count, error);
    *out = count == 1 && swapci_stream_id_compare(found.id, last) <= 0;
    return status;
}

/* Sends suspects, beside whose calls no other runs, and waits until all are answered. When a verifier dies
 * of one, the recovery has begun anew and that one has one strike more. */
static enum swapc_status resend_alone(swapci_signer *s, const swapci_pending *suspects,
                                      size_t count, swapc_error *error) {
    bool pending = true;
    uint32_t pause = 1;
    const swapci_stream_id last = suspects[count - 1].id;
    enum swapc_status status = resend(s, suspects, count, error);
    while (status == SWAPC_OK && pending) {
        status = still_pending(s, suspects->id, last, &pending, error);
        if (status != SWAPC_OK || !pending) break;
        status = swapci_signer_nap(s, pause, error);
        pause = pause < 16 ? pause * 2 : 20;
        if (status == SWAPC_OK) status = swapci_signer_chores(s, error);
        if (swapci_stream_id_compare(s->recovered, last) < 0) return status;
    }
    for (size_t i = 0; i < count && status == SWAPC_OK; i++)
        status = swapci_strikes_forget(s->redis, &s->names, &s->strikes, suspects[i].id, error);
    return status;
}

/* How many at the page's beginning are to be sent together: those without a strike (*strikes 0), those with
 * one (1), which nearly all are innocent where a verifier died on a batch, or the first, which has more. */
static size_t alike(const swapci_signer *s, const swapci_pending *page, size_t count,
                    uint64_t *strikes) {
    size_t run = 1;
    *strikes = swapci_strikes_of(&s->strikes, page[0].id);
    while (*strikes <= 1 && run < count && swapci_strikes_of(&s->strikes, page[run].id) == *strikes)
        run++;
    return run;
}

static enum swapc_status any_pending(swapci_signer *s, bool *out, swapc_error *error) {
    swapci_pending found;
    size_t count = 1;
    enum swapc_status status =
        swapci_stream_pending(s->redis, &s->names, s->consumer, first_id, &found, &count, error);
    *out = status != SWAPC_OK || count > 0;
    return status;
}

/* What was sent is not taken yet, and may never be, where no verifier comes: only what is pending has to wait for that. Where
 * the stream was deleted nothing is, and what came since would wait with it. */
static enum swapc_status look_for_any(swapci_signer *s, swapc_error *error) {
    bool any;
    enum swapc_status status = any_pending(s, &any, error);
    if (status == SWAPC_OK && !any) s->recovering = false;
    return status;
}

enum swapc_status swapci_signer_recover(swapci_signer *s, swapc_error *error) {
    swapci_pending page[SIGNER_BATCH];
    size_t count = s->batch_max;
    size_t run = 0;
    uint64_t strikes;
    bool taken = false;
    const swapci_stream_id before = s->recovered;
    enum swapc_status status = await_taken(s, &taken, error);
    if (status != SWAPC_OK) return status;
    if (!taken) return look_for_any(s, error);
    status = know_strikes(s, error);
    if (status == SWAPC_OK)
        status = swapci_stream_pending(s->redis, &s->names, s->consumer, s->recovered, page, &count,
                                       error);
    if (status != SWAPC_OK || count == 0) {
        s->recovering = status != SWAPC_OK;
        return status;
    }
    run = alike(s, page, count, &strikes);
    s->alone = strikes > 0;
    s->recovered = page[run - 1].id;
    status = s->alone ? resend_alone(s, page, run, error) : resend(s, page, run, error);
    if (status != SWAPC_TOO_LARGE) return status;
    if (run <= 1) s->oversized = page[0].id;
    return swapci_signer_too_much(s, before, error);
}

enum swapc_status swapci_signer_drain_step(swapci_signer *s, int *done, swapc_error *error) {
    bool any;
    enum swapc_status status = any_pending(s, &any, error);
    *done = status == SWAPC_OK && !any;
    return status == SWAPC_OK && any ? swapci_signer_nap(s, 2, error) : status;
}
