/* What is shared: the counters, which this thread alone writes; see signer.c. */
#include "fail_point.h"
#include "signer_impl.h"
#include "tamper.h"

enum { SLICE_MS = 250 }; /* of a wait for room, between two looks at the chores */

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* The same for the same message, so that one that is sent again is treated as before. */
static uint64_t choice(const swapci_signer *s, swapci_stream_id id, uint64_t purpose) {
    return mix(mix(mix(s->config.seed + purpose) + id.ms) + id.seq);
}

static bool to_be_tampered(const swapci_signer *s, swapci_stream_id id) {
    return (double)(choice(s, id, 1) >> 11) * 0x1p-53 < s->config.tamper;
}

static const char poisoned[] = "poisoned";

/* Why an entry cannot be sent, or NULL. Out: *method; NULL when it is unknown. */
static const char *fault(const swapci_signer *s, const swapci_entry *entry,
                         const swapci_method **method) {
    *method = entry->method.len ? swapci_method_find(entry->method) : s->method;
    if (!entry->has_body) return "malformed";
    if (swapci_strikes_of(&s->strikes, entry->id) >= SWAPCI_STRIKES_MAX) return poisoned;
    if (!*method) return "unknown method";
    if (entry->body.len > swapci_signer_message_max(s->record_max)) return "too large";
    return NULL;
}

/* Writes the encoded record, with the chores done while there is no room. */
static enum swapc_status write_record(swapci_signer *s, size_t len, swapc_error *error) {
    swapc_bytes record = swapc_bytes_of(s->record, len);
    for (;;) {
        swapc_error why = SWAPC_ERROR_INIT;
        enum swapc_status status = swapci_sender_send(s->sender, record, SLICE_MS, &why);
        atomic_store_explicit(&s->full, status != SWAPC_OK, memory_order_relaxed);
        if (status == SWAPC_OK) return status;
        if (status == SWAPC_UNREACHABLE) /* full, and no verifier: one will come */
            status = swapci_signer_nap(s, SLICE_MS, error);
        else if (status == SWAPC_BUSY) status = SWAPC_OK;
        if (status == SWAPC_OK) status = swapci_signer_chores(s, error);
        if (status != SWAPC_OK) {
            const char *text = why.text[0] ? why.text : swapc_status_text(status);
            return swapc_error_set(error, status, "the way to the verifiers: %s", text);
        }
    }
}

static enum swapc_status send_entry(swapci_signer *s, const swapci_entry *entry,
                                    const swapci_method *method, swapc_error *error) {
    swapci_signature signature;
    size_t key = (size_t)(choice(s, entry->id, 2) % swapci_key_pairs_count(s->pairs));
    bool tampered = to_be_tampered(s, entry->id);
    swapci_record record = {.id = entry->id,
                            .method = method,
                            .deliveries = (uint32_t)entry->deliveries,
                            .flags = s->alone ? SWAPCI_RECORD_ALONE : 0,
                            .t_us = entry->t_us,
                            .message = entry->body};
    size_t len = 0;
    enum swapc_status status =
        swapci_method_sign(method, s->pairs, key, entry->body, &signature, error);
    record.key = signature.key;
    record.signature = swapc_bytes_of(signature.bytes, signature.len);
    if (status == SWAPC_OK && tampered) {
        status = swapci_tamper(entry->body, choice(s, entry->id, 3), &s->altered);
        record.message = swapci_buffer_bytes(&s->altered);
    }
    if (status == SWAPC_OK)
        status = swapci_record_encode(&record, s->record, s->record_max, &len, error);
    swapci_fail_point(SWAPCI_FAIL_after_signing);
    if (status == SWAPC_OK) status = write_record(s, len, error);
    if (status != SWAPC_OK) {
        return swapc_error_set(error, status, "a message cannot be signed: %s",
                               swapc_status_text(status));
    }
    atomic_fetch_add_explicit(&s->count_sent, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->count_resent, entry->deliveries > 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->count_tampered, tampered, memory_order_relaxed);
    return SWAPC_OK;
}

/* Answers Error for an entry that is not sent. */
static enum swapc_status refuse(swapci_signer *s, const swapci_entry *entry,
                                const swapci_method *method, const char *reason,
                                swapc_error *error) {
    swapci_verdict verdict = {.id = entry->id,
                              .method = method ? method->name : "",
                              .status = "Error",
                              .t_us = entry->t_us,
                              .reason = reason};
    swapci_dead_letter letter = {entry->body, reason, swapci_strikes_of(&s->strikes, entry->id)};
    atomic_fetch_add_explicit(&s->count_refused, 1, memory_order_relaxed);
    if (reason != poisoned) return swapci_verdict_add(s->verdicts, &verdict, error);
    char id[SWAPCI_STREAM_ID_SIZE];
    swapci_stream_id_format(entry->id, id);
    swapc_log_write(&s->config.log, SWAPC_LOG_ERROR, "signer",
                    "message %s killed %d verifiers: given up, kept in %s (swapc dead list)", id,
                    SWAPCI_STRIKES_MAX, s->names.dead);
    return swapci_verdict_bury(s->verdicts, &verdict, &letter, error);
}

/* The ledger must know of a tampered message before anybody can judge it. */
static enum swapc_status announce_tampered(swapci_signer *s, swapc_error *error) {
    swapci_stream_id ids[SIGNER_BATCH];
    size_t count = 0;
    if (s->config.tamper <= 0) return SWAPC_OK;
    for (size_t i = 0; i < s->batch.count; i++) {
        const swapci_entry *entry = &s->batch.entries[i];
        const swapci_method *method;
        if (!fault(s, entry, &method) && to_be_tampered(s, entry->id)) ids[count++] = entry->id;
    }
    return swapci_stream_tampered_add(s->redis, &s->names, ids, count, error);
}

/* The next batch is twice as large, or as large as this one's messages make it seem right. */
static void size_next_batch(swapci_signer *s) {
    size_t bytes = 0;
    for (size_t i = 0; i < s->batch.count; i++) bytes += s->batch.entries[i].body.len;
    size_t fitting = bytes ? s->batch.count * (size_t)SIGNER_BATCH_BYTES / bytes : SIGNER_BATCH;
    size_t wanted = 2 * s->batch_max < SIGNER_BATCH ? 2 * s->batch_max : SIGNER_BATCH;
    wanted = fitting < wanted ? fitting : wanted;
    s->batch_max = wanted ? wanted : 1;
}

enum swapc_status swapci_signer_send(swapci_signer *s, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    SWAPC_CHECK(s->batch.count <= SIGNER_BATCH);
    if (s->batch_next >= s->batch.count) return status;
    if (s->batch_next == 0) status = announce_tampered(s, error);
    if (status != SWAPC_OK) return status;
    if (s->batch_next == 0) size_next_batch(s);
    for (; s->batch_next < s->batch.count; s->batch_next++) {
        const swapci_entry *entry = &s->batch.entries[s->batch_next];
        const swapci_method *method;
        const char *reason = fault(s, entry, &method);
        status =
            reason ? refuse(s, entry, method, reason, error) : send_entry(s, entry, method, error);
        if (status != SWAPC_OK) return status;
    }
    status = swapci_sender_flush(s->sender, error);
    if (status != SWAPC_OK) return status;
    if (s->batch_is_new) s->sent = s->batch.entries[s->batch.count - 1].id;
    return swapci_verdict_flush(s->verdicts, error);
}
