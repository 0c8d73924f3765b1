#include "self_test.h"

#include <stdio.h>

#include "clock.h"
#include "module_call.h"
#include "patience.h"
#include "printable.h"

enum { VALUE_SHOWN = 100, NAME_SHOWN = 80, BEFORE_DIFFERENCE = 8 };

#define NS_A_MS UINT64_C(1000000)

/* A value that is longer than what is shown is shown from a little before where the two differ. */
static const char *value(swapc_bytes bytes, swapc_bytes other, char out[VALUE_SHOWN + 32]) {
    size_t same = 0, from = 0;
    while (same < bytes.len && same < other.len && bytes.ptr[same] == other.ptr[same]) same++;
    if (bytes.len > VALUE_SHOWN / 4 && same > 2 * BEFORE_DIFFERENCE)
        from = same - BEFORE_DIFFERENCE;
    char *at = out;
    if (from) at += snprintf(out, 32, "(from byte %zu) ...", from);
    swapci_printable_value(swapc_bytes_of(bytes.ptr + from, bytes.len - from), at, VALUE_SHOWN);
    return out;
}

static swapc_bytes view(const struct swapci_vectors *vectors, struct swapci_span32 span) {
    return swapci_vectors_view(vectors, span);
}

struct answer {
    enum swapc_status status;
    swapc_reply reply;
    swapc_error error; /* of a call that gave no answer */
    bool used_up;      /* the time of all */
    swapci_patience patience;
    uint32_t wanted_ms; /* of the last call, on a quiet machine */
};

static bool is_right(const struct swapci_vectors *vectors, const struct swapci_vector *v,
                     const struct answer *a, const struct swapci_answer_rule *rule) {
    swapc_bytes expected = view(vectors, v->answer);
    bool same = swapc_bytes_equal(a->reply.body, expected);
    if (v->kind == SWAPCI_ANSWER_RESPONSE)
        return a->status == SWAPC_OK && (same || (rule && rule->same &&
                                                  rule->same(view(vectors, v->operation), expected,
                                                             a->reply.body, rule->user)));
    return a->status == SWAPC_GUEST_ERROR && (same || v->kind == SWAPCI_ANSWER_ANY_ERROR);
}

/* "the response \"yes\"" */
static void say_expected(const struct swapci_vectors *vectors, const struct swapci_vector *v,
                         const struct answer *a, char *out, size_t size) {
    char shown[VALUE_SHOWN + 32];
    value(view(vectors, v->answer), a->reply.body, shown);
    if (v->kind == SWAPCI_ANSWER_ANY_ERROR) snprintf(out, size, "a guest error");
    else
        snprintf(out, size, "the %s %s", v->kind == SWAPCI_ANSWER_RESPONSE ? "response" : "error",
                 shown);
}

static void say_came(const struct swapci_vectors *vectors, const struct swapci_vector *v,
                     const struct answer *a, char *out, size_t size) {
    char shown[VALUE_SHOWN + 32];
    value(a->reply.body, view(vectors, v->answer), shown);
    if (a->status == SWAPC_OK) snprintf(out, size, "the response %s", shown);
    else if (a->status == SWAPC_GUEST_ERROR) snprintf(out, size, "the guest's error %s", shown);
    else snprintf(out, size, "%s: %s", swapc_status_name(a->status), a->error.text);
}

static enum swapc_status wrong(const struct swapci_vectors *vectors, unsigned index,
                               const struct answer *a, swapc_error *error) {
    const struct swapci_vector *v = &vectors->rows[index];
    char expected[VALUE_SHOWN + 64], came[SWAPC_ERROR_TEXT_MAX + 32], operation[NAME_SHOWN];
    swapci_printable(view(vectors, v->operation), operation, sizeof operation);
    say_expected(vectors, v, a, expected, sizeof expected);
    say_came(vectors, v, a, came, sizeof came);
    return swapc_error_set(
        error, SWAPC_SELF_TEST,
        "vector %u (%s%soperation %s) must be answered with %s, and was answered "
        "with %s",
        index + 1, v->note, v->note[0] ? "; " : "", operation, expected, came);
}

static void call(const struct swapci_vectors *vectors, const struct swapci_vector *v,
                 swapc_module *module, uint32_t deadline_ms, struct answer *out) {
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.deadline_ms = deadline_ms;
    swapc_error_clear(&out->error);
    out->status = swapc_module_call(module, view(vectors, v->operation), view(vectors, v->request),
                                    &options, &out->reply, &out->error);
}

/* What of the time is left, in milliseconds, rounded up. */
static uint32_t time_left(const struct swapci_vector_time *time) {
    uint64_t spent = swapci_clock_monotonic_ns() - time->start_ns, all = time->total_ms * NS_A_MS;
    if (spent >= all / 2 && spent < SWAPCI_PATIENCE_MOST * all) {
        uint64_t waited = swapci_clock_thread_waited_ns() - time->waited_ns;
        spent -= waited < spent ? waited : spent;
    }
    return spent >= all ? 0 : (uint32_t)((all - spent + NS_A_MS - 1) / NS_A_MS);
}

static enum swapc_status used_up(const struct swapci_self_test *test, unsigned index,
                                 swapc_error *error) {
    const struct swapci_vector *v = &test->vectors->rows[index];
    char operation[NAME_SHOWN];
    swapci_printable(view(test->vectors, v->operation), operation, sizeof operation);
    return swapc_error_set(error, SWAPC_SELF_TEST,
                           "the %u ms that the vectors of a module have together were used up at "
                           "vector %u of %u (%s%soperation %s), DEADLINE: it has to be faster, or "
                           "answer fewer; a contract gives more by total_ms",
                           test->time.total_ms, index + 1, test->vectors->count, v->note,
                           v->note[0] ? "; " : "", operation);
}

static enum swapc_status run_one(const struct swapci_self_test *test, unsigned index,
                                 swapc_module *module, struct answer *a, swapc_error *error) {
    const struct swapci_vector *v = &test->vectors->rows[index];
    uint32_t wanted = v->deadline_ms ? v->deadline_ms : SWAPCI_VECTOR_DEADLINE_MS;
    uint32_t left = time_left(&test->time);
    if (wanted > test->deadline_max_ms) wanted = test->deadline_max_ms;
    a->wanted_ms = wanted;
    wanted = swapci_patience_ms(&a->patience, wanted);
    a->used_up = left == 0;
    if (a->used_up) return used_up(test, index, error);
    swapci_patience_call(&a->patience);
    call(test->vectors, v, module, swapci_module_deadline(module, wanted < left ? wanted : left),
         a);
    if (a->status == SWAPC_NO_MEMORY)
        return swapc_error_set(error, a->status, "vector %u: %s", index + 1, a->error.text);
    a->used_up = a->status == SWAPC_DEADLINE && left < wanted && time_left(&test->time) == 0;
    if (a->used_up) return used_up(test, index, error);
    return is_right(test->vectors, v, a, test->rule) ? SWAPC_OK
                                                     : wrong(test->vectors, index, a, error);
}

/* Whether the vector is one for this module: not of an optional operation that it does not
 * offer. */
static bool concerns(const struct swapci_self_test *test, const struct swapci_vector *v,
                     const swapc_module *module) {
    swapc_bytes operation = view(test->vectors, v->operation);
    struct swapci_names offered = swapci_names_of(swapc_module_describe(module)->operations);
    return !test->optional || !swapci_names_has(test->optional, operation) ||
           swapci_names_has(&offered, operation);
}

static enum swapc_status run_all(const struct swapci_self_test *test, swapc_module *module,
                                 struct answer *a, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < test->vectors->count && status == SWAPC_OK; i++)
        if (concerns(test, &test->vectors->rows[i], module))
            status = run_one(test, i, module, a, error);
    return status;
}

struct swapci_vector_time swapci_vector_time_begin(uint32_t total_ms) {
    return (struct swapci_vector_time){.total_ms = total_ms,
                                       .start_ns = swapci_clock_monotonic_ns(),
                                       .waited_ns = swapci_clock_thread_waited_ns()};
}

/* Again from the first one on, and not the one vector alone: its fresh instance would be let off
 * what the calls before did to the one that hung. */
enum swapc_status swapci_self_tests_run(const struct swapci_self_test *test, swapc_module *module,
                                        swapc_error *error) {
    struct answer answer = {
        .reply = SWAPC_REPLY_INIT, .error = SWAPC_ERROR_INIT, .patience = SWAPCI_PATIENCE_INIT};
    swapc_error said = SWAPC_ERROR_INIT;
    enum swapc_status status;
    do {
        swapc_error_clear(&said);
        swapci_patience_try(&answer.patience);
        status = run_all(test, module, &answer, &said);
    } while (status != SWAPC_OK && answer.status == SWAPC_DEADLINE && !answer.used_up &&
             swapci_patience_again(&answer.patience, answer.wanted_ms));
    swapc_reply_fini(&answer.reply);
    return status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", said.text);
}
