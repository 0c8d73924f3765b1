/* What is shared: the counters, which this thread alone writes; see signer.c. */
#include <inttypes.h>

#include "clock.h"
#include "redis_retry.h"
#include "signer_impl.h"

enum { AUDIT_MS = 2000, TAKE_MAX = 4096, STUCK_MS = 30000 };

enum swapc_status swapci_signer_answer_deleted(void *user, swapci_stream_id id,
                                               swapc_error *error) {
    swapci_signer *s = user;
    swapci_verdict verdict = {.id = id, .status = "Error", .reason = "deleted"};
    char text[SWAPCI_STREAM_ID_SIZE];
    enum swapc_status status = swapci_verdict_add(s->verdicts, &verdict, error);
    if (status == SWAPC_OK) status = swapci_verdict_flush(s->verdicts, error);
    if (status != SWAPC_OK) return status;
    atomic_fetch_add_explicit(&s->count_deleted, 1, memory_order_relaxed);
    if (s->told_deleted) return status;
    s->told_deleted = true;
    swapci_stream_id_format(id, text);
    swapc_log_write(&s->config.log, SWAPC_LOG_WARN, "signer",
                    "message %s was deleted from %s by others while it was pending: it is answered "
                    "with Error, deleted, as others will be (swapc status counts them)",
                    text, s->names.messages);
    return status;
}

/* Trimmed away, or deleted, before they were read. */
static void tell_lost(swapci_signer *s, uint64_t lost, const char *since) {
    if (lost == 0) return;
    atomic_fetch_add_explicit(&s->count_deleted, lost, memory_order_relaxed);
    swapc_log_write(&s->config.log, SWAPC_LOG_ERROR, "signer",
                    "%" PRIu64
                    " messages were deleted from %s by others before they were read%s: they "
                    "have no verdict (does a producer trim the stream, XADD … MAXLEN?)",
                    lost, s->names.messages, since);
}

/* Whether there is anything to go by; says once that there is not. */
static bool is_counted(swapci_signer *s, enum swapci_counted counted) {
    if (counted != SWAPCI_COUNTED_NEVER && counted != SWAPCI_COUNTED_REFUSED)
        return counted == SWAPCI_COUNTED;
    if (!s->told_uncounted)
        swapc_log_write(
            &s->config.log, SWAPC_LOG_WARN, "signer",
            "messages that others delete from %s before they are read are lost without a "
            "word: %s",
            s->names.messages,
            counted == SWAPCI_COUNTED_NEVER
                ? "this Redis does not count what a stream had (7.0 and newer do)"
                : "XINFO is refused, which tells what a stream had (ACL SETUSER … +xinfo)");
    s->told_uncounted = true;
    return false;
}

enum swapc_status swapci_signer_count_begin(swapci_signer *s, swapc_error *error) {
    swapci_audit found;
    enum swapc_status status = swapci_audit_count(s->redis, &s->names, &found, error);
    if (status == SWAPC_OK && is_counted(s, found.counted))
        tell_lost(s, swapci_losses_begin(&s->losses, &found.counts),
                  ", since its group was made (a signer before this one may have said so)");
    return status;
}

static void take_up(swapci_signer *s, uint64_t taken) {
    atomic_fetch_add_explicit(&s->count_adopted, taken, memory_order_relaxed);
    if (!s->told_passed_over)
        swapc_log_write(&s->config.log, SWAPC_LOG_WARN, "signer",
                        "%" PRIu64
                        "%s messages were in %s and pending with nobody, as others changed "
                        "its group: they are taken up",
                        taken, taken == TAKE_MAX ? " or more" : "", s->names.messages);
    s->told_passed_over = true;
    if (taken == TAKE_MAX) s->audit_due_ns = 0;
    swapci_signer_recovery_begin(s);
}

/* Pending, and on no way to a verdict: renamed away and back again, for one. */
static void take_up_stuck(swapci_signer *s, swapci_stream_id first, uint64_t now) {
    bool same = swapci_stream_id_compare(first, s->stuck) == 0 &&
                swapci_sender_in_flight(s->sender) == 0 && first.ms + first.seq > 0;
    s->stuck = first;
    if (!same) s->stuck_since_ns = now;
    if (now - s->stuck_since_ns < STUCK_MS * 1000000ull) return;
    s->stuck_since_ns = now;
    swapc_log_write(
        &s->config.log, SWAPC_LOG_WARN, "signer",
        "messages are pending, and nothing has become of them for %d s: they are sent again",
        STUCK_MS / 1000);
    swapci_signer_recovery_begin(s);
}

enum swapc_status swapci_signer_audit(swapci_signer *s, swapc_error *error) {
    uint64_t now = swapci_clock_monotonic_ns();
    swapci_audit found;
    if (now < s->audit_due_ns || !swapci_lease_fresh(&s->lease)) return SWAPC_OK;
    enum swapc_status status =
        swapci_audit_look(s->redis, &s->names, &s->lease, s->consumer, TAKE_MAX, &found, error);
    if (status != SWAPC_OK) return status;
    s->audit_due_ns = now + AUDIT_MS * 1000000ull;
    if (is_counted(s, found.counted))
        tell_lost(s, swapci_losses_more(&s->losses, &found.counts), "");
    if (found.fresh) swapci_signer_recovery_begin(s);
    else if (found.taken > 0) take_up(s, found.taken);
    else take_up_stuck(s, found.first_open, now);
    s->told_passed_over &= found.fresh || found.taken > 0;
    return status;
}
