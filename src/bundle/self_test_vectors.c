#include "self_test_vectors.h"

#include <stdio.h>

#include "heap.h"
#include "hex.h"

void swapci_vectors_fini(struct swapci_vectors *vectors) {
    swapci_heap_free(vectors->rows);
    swapci_buffer_fini(&vectors->bytes);
    *vectors = (struct swapci_vectors){.count = 0};
}

swapc_bytes swapci_vectors_view(const struct swapci_vectors *vectors, struct swapci_span32 span) {
    return span.len ? swapc_bytes_of(vectors->bytes.ptr + span.at, span.len)
                    : swapc_bytes_of(NULL, 0);
}

uint32_t swapci_vectors_total_ms(const struct swapci_vectors *vectors, uint32_t deadline_max_ms) {
    uint32_t longest = 0;
    for (unsigned i = 0; i < vectors->count; i++)
        if (vectors->rows[i].deadline_ms > longest) longest = vectors->rows[i].deadline_ms;
    if (longest > deadline_max_ms) longest = deadline_max_ms;
    return longest > SWAPCI_VECTORS_TOTAL_MS ? longest : SWAPCI_VECTORS_TOTAL_MS;
}

static enum swapc_status no_memory(const struct swapci_toml *t) {
    return swapc_error_set(t->error, SWAPC_NO_MEMORY, "no memory to read %s", t->path);
}

enum swapc_status swapci_vectors_begin(struct swapci_vectors *vectors, struct swapci_toml *t) {
    if (vectors->count == SWAPCI_VECTORS_MAX)
        return swapci_toml_fail(t, "more than %d [[self_test]] tables: leave some out",
                                SWAPCI_VECTORS_MAX);
    struct swapci_vector *rows =
        swapci_heap_resize(vectors->rows, (vectors->count + 1) * sizeof *rows);
    if (!rows) return no_memory(t);
    vectors->rows = rows;
    rows[vectors->count++] = (struct swapci_vector){.line = t->line};
    return SWAPC_OK;
}

/* Replaces the hexadecimal text at `at` by the bytes that it stands for. */
static enum swapc_status decode(struct swapci_vectors *vectors, struct swapci_toml *t,
                                const char *key, size_t at) {
    swapci_buffer *bytes = &vectors->bytes;
    swapc_bytes text = swapc_bytes_of(bytes->ptr + at, bytes->len - at);
    if (bytes->len > at && !swapci_hex_decode(text, bytes->ptr + at))
        return swapci_toml_fail(t,
                                "%s is no even number of hexadecimal digits: %s_text takes it as "
                                "text",
                                key, key);
    bytes->len = at + text.len / 2;
    return SWAPC_OK;
}

static enum swapc_status take_bytes(struct swapci_vectors *vectors, struct swapci_toml *t,
                                    const char *key, bool hex, struct swapci_span32 *out) {
    size_t at = vectors->bytes.len;
    enum swapc_status status = swapci_toml_text(t, &vectors->bytes);
    if (status == SWAPC_OK && hex) status = decode(vectors, t, key, at);
    if (status != SWAPC_OK) return status;
    if (vectors->bytes.len > SWAPCI_VECTOR_BYTES_MAX)
        return swapci_toml_fail(t,
                                "the vectors have more than %d bytes together: make them smaller",
                                SWAPCI_VECTOR_BYTES_MAX);
    *out = (struct swapci_span32){(uint32_t)at, (uint32_t)(vectors->bytes.len - at)};
    return SWAPC_OK;
}

static enum swapc_status again(struct swapci_toml *t, const struct swapci_toml_statement *s) {
    return swapci_toml_fail(t, "%s is said a second time", s->name);
}

/* What the guest must answer is said once, in one of four ways. */
static enum swapc_status take_answer(struct swapci_vectors *vectors, struct swapci_vector *v,
                                     struct swapci_toml *t, enum swapci_vector_answer kind,
                                     bool hex) {
    bool yes = true;
    if (v->kind != SWAPCI_ANSWER_NONE)
        return swapci_toml_fail(t, "one of response, response_text, error and error_text says what "
                                   "must be answered, and it is said already");
    v->kind = kind;
    if (kind != SWAPCI_ANSWER_ANY_ERROR) return take_bytes(vectors, t, "response", hex, &v->answer);
    enum swapc_status status = swapci_toml_bool(t, &yes);
    return status != SWAPC_OK || yes
               ? status
               : swapci_toml_fail(t, "error = false says nothing: give a response");
}

static enum swapc_status take_operation(struct swapci_vectors *vectors, struct swapci_vector *v,
                                        struct swapci_toml *t,
                                        const struct swapci_toml_statement *s) {
    if (v->operation.len) return again(t, s);
    enum swapc_status status = take_bytes(vectors, t, "operation", false, &v->operation);
    return status != SWAPC_OK || v->operation.len
               ? status
               : swapci_toml_fail(t, "an operation has a name, not \"\"");
}

static enum swapc_status take_request(struct swapci_vectors *vectors, struct swapci_vector *v,
                                      struct swapci_toml *t, bool hex) {
    if (v->has_request)
        return swapci_toml_fail(t, "the request is said already: one of request and request_text");
    v->has_request = true;
    return take_bytes(vectors, t, "request", hex, &v->request);
}

static enum swapc_status unknown(struct swapci_toml *t, const struct swapci_toml_statement *s) {
    static const char *const keys[] = {"note",         "operation",  "request",
                                       "request_text", "response",   "response_text",
                                       "error",        "error_text", "deadline_ms"};
    struct swapci_suggestion suggestion = {.word = s->name};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        swapci_suggest_offer(&suggestion, keys[i]);
    return swapci_toml_unknown(t, s, &suggestion);
}

enum swapc_status swapci_vectors_pair(struct swapci_vectors *vectors, struct swapci_toml *t,
                                      const struct swapci_toml_statement *s) {
    struct swapci_vector *v = &vectors->rows[vectors->count - 1];
    const char *key = s->name;
    if (strcmp(key, "note") == 0) return v->note[0] ? again(t, s) : swapci_toml_name(t, v->note);
    if (strcmp(key, "operation") == 0) return take_operation(vectors, v, t, s);
    if (strcmp(key, "request") == 0) return take_request(vectors, v, t, true);
    if (strcmp(key, "request_text") == 0) return take_request(vectors, v, t, false);
    if (strcmp(key, "response") == 0)
        return take_answer(vectors, v, t, SWAPCI_ANSWER_RESPONSE, true);
    if (strcmp(key, "response_text") == 0)
        return take_answer(vectors, v, t, SWAPCI_ANSWER_RESPONSE, false);
    if (strcmp(key, "error") == 0)
        return take_answer(vectors, v, t, SWAPCI_ANSWER_ANY_ERROR, false);
    if (strcmp(key, "error_text") == 0)
        return take_answer(vectors, v, t, SWAPCI_ANSWER_ERROR_TEXT, false);
    if (strcmp(key, "deadline_ms") == 0)
        return v->deadline_ms
                   ? again(t, s)
                   : swapci_toml_count(t, 1, SWAPCI_VECTOR_DEADLINE_MAX_MS, &v->deadline_ms);
    return unknown(t, s);
}

enum swapc_status swapci_vectors_complete(const struct swapci_vectors *vectors,
                                          struct swapci_toml *t) {
    for (unsigned i = 0; i < vectors->count; i++) {
        const struct swapci_vector *v = &vectors->rows[i];
        if (v->operation.len > 0 && v->kind != SWAPCI_ANSWER_NONE) continue;
        t->line = v->line;
        return swapci_toml_fail(t, "self_test %u lacks %s", i + 1,
                                v->operation.len == 0
                                    ? "its operation"
                                    : "what must be answered: response, response_text, "
                                      "error_text, or error = true");
    }
    return SWAPC_OK;
}
