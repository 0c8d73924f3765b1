/* The rules of waPC and those that we set where it is silent, import by import. */
#include "wapc.h"

#include <stdio.h>

#include "failing_alloc.h"
#include "test_main.h"

enum { MEMORY = 256 };

/* A guest's memory and a call over it; the handler and the console write down what they see. */
struct bench {
    uint8_t bytes[MEMORY];
    swapc_memory memory;
    swapc_host_config host;
    swapc_limits limits;
    swapc_call call;
    swapc_reply reply;
    char seen[128]; /* by the host-call handler: "binding|ns|operation|payload" */
    enum swapc_status answer_status;
    const char *answer;
    void *call_user;
    unsigned lines;
    char line[64];
    uint64_t generation;
};

static enum swapc_status handler(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                 swapc_bytes payload, swapc_reply *reply, void *call_user,
                                 void *user) {
    struct bench *b = user;
    b->call_user = call_user;
    snprintf(b->seen, sizeof b->seen, "%.*s|%.*s|%.*s|%.*s", (int)binding.len, binding.ptr,
             (int)ns.len, ns.ptr, (int)operation.len, operation.ptr, (int)payload.len, payload.ptr);
    if (b->answer) assert_int_equal(swapc_reply_set(reply, swapc_bytes_str(b->answer)), SWAPC_OK);
    return b->answer_status;
}

static void console(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    struct bench *b = user;
    assert_string_equal(module, "tested");
    b->lines++;
    b->generation = generation;
    snprintf(b->line, sizeof b->line, "%.*s", (int)line.len, line.ptr);
}

static int setup(void **state) {
    static struct bench bench;
    bench = (struct bench){.limits = SWAPC_LIMITS_INIT};
    struct bench *b = &bench;
    b->memory = (swapc_memory){b->bytes, MEMORY};
    b->host = (swapc_host_config)SWAPC_HOST_CONFIG_INIT;
    b->host.host_call = handler;
    b->host.host_call_user = b;
    b->host.console = console;
    b->host.console_user = b;
    b->call.host = &b->host;
    b->call.limits = &b->limits;
    b->call.module_name = "tested";
    swapci_call_begin(&b->call, swapc_bytes_str("op"), swapc_bytes_str("payload"), &b->reply, b, 7);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    swapci_call_fini(&b->call);
    swapc_reply_fini(&b->reply);
    return 0;
}

#define ARGS(...) ((const uint64_t[]){__VA_ARGS__})

static uint32_t put(struct bench *b, uint32_t at, const char *text) {
    memcpy(b->bytes + at, text, strlen(text));
    return (uint32_t)strlen(text);
}

static void respond(struct bench *b, const char *text) {
    uint32_t len = put(b, 0, text);
    assert_int_equal(swapci_wapc_guest_response(&b->call, b->memory, ARGS(0, len), NULL), SWAPC_OK);
}

static void give_error(struct bench *b, const char *text) {
    uint32_t len = put(b, 0, text);
    assert_int_equal(swapci_wapc_guest_error(&b->call, b->memory, ARGS(0, len), NULL), SWAPC_OK);
}

static void again(struct bench *b) {
    swapci_call_begin(&b->call, swapc_bytes_str("op"), swapc_bytes_str("payload"), &b->reply, b, 7);
}

static void expect(struct bench *b, int32_t result, enum swapc_status status, const char *body) {
    assert_int_equal(swapci_call_answer(&b->call, result), status);
    assert_int_equal(b->reply.body.len, strlen(body));
    if (*body) assert_memory_equal(b->reply.body.ptr, body, strlen(body));
}

static void span_inside(void **state) {
    struct bench *b = *state;
    uint8_t *at;
    assert_true(swapci_span(b->memory, 0, MEMORY, &at));
    assert_ptr_equal(at, b->bytes);
    assert_true(swapci_span(b->memory, MEMORY - 1, 1, &at));
    assert_ptr_equal(at, b->bytes + MEMORY - 1);
}

static void span_outside(void **state) {
    struct bench *b = *state;
    uint8_t *at;
    const uint64_t bad[][2] = {
        {0, MEMORY + 1},          {1, MEMORY},         {MEMORY, 1},
        {MEMORY + 1, 1},          {UINT32_MAX, 1},     {1, UINT32_MAX},
        {UINT32_MAX, UINT32_MAX}, {0x80000000u, 1},    {MEMORY - 1, 2},
        {UINT64_MAX, 1},          {UINT64_MAX - 1, 2}, {1, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(swapci_span(b->memory, bad[i][0], bad[i][1], &at));
}

static void span_of_zero_length_takes_any_pointer(void **state) {
    struct bench *b = *state;
    const uint64_t ptr[] = {0, MEMORY, MEMORY + 1, 0x80000000u, UINT32_MAX, UINT64_MAX};
    uint8_t *at = NULL;
    for (size_t i = 0; i < sizeof ptr / sizeof *ptr; i++) {
        assert_true(swapci_span(b->memory, ptr[i], 0, &at));
        assert_non_null(at);
        assert_true(swapci_span((swapc_memory){NULL, 0}, ptr[i], 0, &at));
    }
}

static void span_of_no_memory_holds_nothing(void **state) {
    (void)state;
    uint8_t *at;
    assert_false(swapci_span((swapc_memory){NULL, 0}, 0, 1, &at));
}

static void span_of_native_memory_is_the_address(void **state) {
    struct bench *b = *state;
    uint8_t *at;
    assert_true(swapci_span((swapc_memory){NULL, UINT64_MAX}, (uintptr_t)b, 8, &at));
    assert_ptr_equal(at, b);
}

static void request_is_written(void **state) {
    struct bench *b = *state;
    assert_int_equal(swapci_wapc_guest_request(&b->call, b->memory, ARGS(10, 20), NULL), SWAPC_OK);
    assert_memory_equal(b->bytes + 10, "op", 2);
    assert_memory_equal(b->bytes + 20, "payload", 7);
    assert_int_equal(b->bytes[12], 0);
    assert_int_equal(b->bytes[27], 0);
}

/* Either pointer outside traps, and nothing is written past the end. */
static void request_outside_traps(void **state) {
    struct bench *b = *state;
    assert_int_equal(swapci_wapc_guest_request(&b->call, b->memory, ARGS(MEMORY - 1, 0), NULL),
                     SWAPC_TRAP_MEMORY);
    again(b);
    assert_int_equal(swapci_wapc_guest_request(&b->call, b->memory, ARGS(0, MEMORY - 6), NULL),
                     SWAPC_TRAP_MEMORY);
    assert_non_null(strstr(b->call.report.text, "__guest_request"));
    assert_non_null(strstr(b->call.report.text, "\"tested\""));
}

static void response_is_copied(void **state) {
    struct bench *b = *state;
    respond(b, "answer");
    memset(b->bytes, 'x', MEMORY);
    expect(b, 1, SWAPC_OK, "answer");
}

static void any_result_but_0_is_success(void **state) {
    struct bench *b = *state;
    const int32_t results[] = {1, 2, -1, INT32_MIN};
    for (size_t i = 0; i < 4; i++) {
        again(b);
        respond(b, "answer");
        expect(b, results[i], SWAPC_OK, "answer");
    }
}

static void no_response_is_an_empty_one(void **state) {
    struct bench *b = *state;
    respond(b, "of the call before");
    expect(b, 1, SWAPC_OK, "of the call before");
    again(b);
    expect(b, 1, SWAPC_OK, "");
}

static void the_last_response_counts(void **state) {
    struct bench *b = *state;
    respond(b, "first and longer");
    respond(b, "second");
    expect(b, 1, SWAPC_OK, "second");
}

static void without_a_response_an_error_counts_on_1_too(void **state) {
    struct bench *b = *state;
    give_error(b, "error");
    expect(b, 1, SWAPC_GUEST_ERROR, "error");
    again(b);
    give_error(b, "");
    expect(b, 1, SWAPC_OK, "");
    again(b);
    give_error(b, "error");
    respond(b, "");
    expect(b, 1, SWAPC_OK, "");
}

static void with_a_response_an_error_counts_only_on_0(void **state) {
    struct bench *b = *state;
    respond(b, "answer");
    give_error(b, "error");
    expect(b, 1, SWAPC_OK, "answer");
    again(b);
    give_error(b, "error");
    respond(b, "answer");
    expect(b, 0, SWAPC_GUEST_ERROR, "error");
}

static void zero_without_text_has_a_fixed_text(void **state) {
    struct bench *b = *state;
    expect(b, 0, SWAPC_GUEST_ERROR, "guest failed without a message");
    again(b);
    give_error(b, "");
    expect(b, 0, SWAPC_GUEST_ERROR, "guest failed without a message");
    again(b);
    respond(b, "answer");
    expect(b, 0, SWAPC_GUEST_ERROR, "guest failed without a message");
}

static void errors_do_not_leak_into_the_next_call(void **state) {
    struct bench *b = *state;
    give_error(b, "old");
    expect(b, 0, SWAPC_GUEST_ERROR, "old");
    again(b);
    expect(b, 0, SWAPC_GUEST_ERROR, "guest failed without a message");
}

static void bytes_of_any_kind_pass(void **state) {
    struct bench *b = *state;
    const char text[] = "\xff\xfe\xc0\x80 a";
    respond(b, text);
    expect(b, 1, SWAPC_OK, text);
    again(b);
    give_error(b, text);
    expect(b, 0, SWAPC_GUEST_ERROR, text);
}

static void response_and_error_outside_trap(void **state) {
    struct bench *b = *state;
    swapc_import_fn fn[] = {swapci_wapc_guest_response, swapci_wapc_guest_error,
                            swapci_wapc_console_log};
    const uint64_t bad[][2] = {
        {MEMORY, 1}, {0, MEMORY + 1}, {UINT32_MAX, 1}, {1, UINT32_MAX}, {0x80000000u, 0x80000000u}};
    for (size_t f = 0; f < 3; f++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            again(b);
            assert_int_equal(fn[f](&b->call, b->memory, bad[i], NULL), SWAPC_TRAP_MEMORY);
            assert_int_equal(b->call.report.status, SWAPC_TRAP_MEMORY);
        }
    assert_int_equal(b->lines, 0);
}

static void response_limit(void **state) {
    struct bench *b = *state;
    b->limits.response_max = 8;
    respond(b, "12345678");
    assert_int_equal(swapci_wapc_guest_response(&b->call, b->memory, ARGS(0, 9), NULL),
                     SWAPC_LIMIT);
    again(b);
    assert_int_equal(swapci_wapc_guest_error(&b->call, b->memory, ARGS(0, 9), NULL), SWAPC_LIMIT);
    again(b);
    b->limits.response_max = 0;
    assert_int_equal(swapci_wapc_guest_response(&b->call, b->memory, ARGS(0, MEMORY), NULL),
                     SWAPC_OK);
}

static uint64_t host_call(struct bench *b, const char *binding, const char *ns,
                          const char *operation, const char *payload) {
    uint32_t n[4], at[4] = {0, 32, 64, 96};
    const char *text[4] = {binding, ns, operation, payload};
    for (int i = 0; i < 4; i++) n[i] = put(b, at[i], text[i]);
    uint64_t result = 99;
    assert_int_equal(swapci_wapc_host_call(&b->call, b->memory,
                                           ARGS(at[0], n[0], at[1], n[1], at[2], n[2], at[3], n[3]),
                                           &result),
                     SWAPC_OK);
    return result;
}

static uint64_t length(struct bench *b, swapc_import_fn fn) {
    uint64_t result = 99;
    assert_int_equal(fn(&b->call, b->memory, NULL, &result), SWAPC_OK);
    return result;
}

static void host_call_answers(void **state) {
    struct bench *b = *state;
    b->answer = "from the host";
    assert_int_equal(host_call(b, "b", "n:s", "get", "data"), 1);
    assert_string_equal(b->seen, "b|n:s|get|data");
    assert_ptr_equal(b->call_user, b);
    assert_int_equal(length(b, swapci_wapc_host_response_len), 13);
    assert_int_equal(length(b, swapci_wapc_host_error_len), 0);
    assert_int_equal(swapci_wapc_host_response(&b->call, b->memory, ARGS(200), NULL), SWAPC_OK);
    assert_memory_equal(b->bytes + 200, "from the host", 13);
    assert_int_equal(b->bytes[213], 0);
}

static void host_call_fails(void **state) {
    struct bench *b = *state;
    b->answer = "no";
    b->answer_status = SWAPC_NOT_FOUND;
    assert_int_equal(host_call(b, "b", "ns", "get", ""), 0);
    assert_int_equal(length(b, swapci_wapc_host_response_len), 0);
    assert_int_equal(length(b, swapci_wapc_host_error_len), 2);
    assert_int_equal(swapci_wapc_host_error(&b->call, b->memory, ARGS(100), NULL), SWAPC_OK);
    assert_memory_equal(b->bytes + 100, "no", 2);
}

static void host_error_without_text_is_the_status(void **state) {
    struct bench *b = *state;
    b->answer_status = SWAPC_NOT_FOUND;
    assert_int_equal(host_call(b, "b", "ns", "get", ""), 0);
    assert_int_equal(length(b, swapci_wapc_host_error_len), strlen("not found"));
}

static void host_without_handler_refuses(void **state) {
    struct bench *b = *state;
    b->host.host_call = NULL;
    assert_int_equal(host_call(b, "b", "ns", "get", ""), 0);
    assert_true(length(b, swapci_wapc_host_error_len) > 0);
}

/* The answer is of the last host call: an empty one hides the one before. */
static void host_answers_do_not_leak(void **state) {
    struct bench *b = *state;
    b->answer = "first";
    host_call(b, "b", "ns", "get", "");
    b->answer = NULL;
    assert_int_equal(host_call(b, "b", "ns", "get", ""), 1);
    assert_int_equal(length(b, swapci_wapc_host_response_len), 0);
    b->answer = "first";
    host_call(b, "b", "ns", "get", "");
    again(b);
    assert_int_equal(length(b, swapci_wapc_host_response_len), 0);
    assert_int_equal(length(b, swapci_wapc_host_error_len), 0);
    assert_int_equal(swapci_wapc_host_response(&b->call, b->memory, ARGS(UINT32_MAX), NULL),
                     SWAPC_OK);
}

static void host_answer_outside_traps(void **state) {
    struct bench *b = *state;
    b->answer = "0123456789";
    host_call(b, "b", "ns", "get", "");
    assert_int_equal(swapci_wapc_host_response(&b->call, b->memory, ARGS(MEMORY - 9), NULL),
                     SWAPC_TRAP_MEMORY);
    again(b);
    b->answer_status = SWAPC_INVALID;
    host_call(b, "b", "ns", "get", "");
    assert_int_equal(swapci_wapc_host_error(&b->call, b->memory, ARGS(UINT32_MAX), NULL),
                     SWAPC_TRAP_MEMORY);
}

/* Each of the four spans by itself, and the handler is not asked. */
static void host_call_outside_traps(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < 4; i++) {
        uint64_t result = 0, args[8] = {0};
        again(b);
        args[2 * i] = MEMORY - 1;
        args[2 * i + 1] = 2;
        assert_int_equal(swapci_wapc_host_call(&b->call, b->memory, args, &result),
                         SWAPC_TRAP_MEMORY);
    }
    assert_string_equal(b->seen, "");
}

static void host_call_count_limit(void **state) {
    struct bench *b = *state;
    uint64_t args[8] = {0}, result;
    b->limits.host_call_count = 3;
    for (int i = 0; i < 3; i++) host_call(b, "b", "ns", "get", "");
    assert_int_equal(swapci_wapc_host_call(&b->call, b->memory, args, &result), SWAPC_LIMIT);
    again(b);
    assert_int_equal(host_call(b, "b", "ns", "get", ""), 1);
}

static void host_call_payload_limit(void **state) {
    struct bench *b = *state;
    uint64_t args[8] = {0, 0, 0, 0, 0, 0, 0, 9}, result;
    b->limits.response_max = 8;
    assert_int_equal(host_call(b, "b", "ns", "get", "12345678"), 1);
    assert_int_equal(swapci_wapc_host_call(&b->call, b->memory, args, &result), SWAPC_LIMIT);
    assert_non_null(strstr(b->call.report.text, "the limit is 8"));
}

/* Calls itself through the handler until a limit says stop; returns how deep it came. */
struct nest {
    struct bench *b;
    unsigned depth;
    enum swapc_status stopped;
};

static enum swapc_status nesting_handler(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                         swapc_bytes payload, swapc_reply *reply, void *call_user,
                                         void *user) {
    (void)binding, (void)ns, (void)operation, (void)payload, (void)reply, (void)call_user;
    struct nest *nest = user;
    swapc_call inner = {
        .host = nest->b->call.host, .limits = nest->b->call.limits, .module_name = "tested"};
    swapc_reply scratch = SWAPC_REPLY_INIT;
    uint64_t result, args[8] = {0};
    nest->depth++;
    swapci_call_begin(&inner, swapc_bytes_of(NULL, 0), swapc_bytes_of(NULL, 0), &scratch, NULL, 0);
    enum swapc_status status = swapci_wapc_host_call(&inner, nest->b->memory, args, &result);
    if (status != SWAPC_OK) nest->stopped = status;
    swapci_call_fini(&inner);
    swapc_reply_fini(&scratch);
    return SWAPC_OK;
}

static void host_call_depth_limit(void **state) {
    struct bench *b = *state;
    struct nest nest = {b, 0, SWAPC_OK};
    b->host.host_call = nesting_handler;
    b->host.host_call_user = &nest;
    b->limits.host_call_depth = 5;
    assert_int_equal(host_call(b, "", "", "", ""), 1);
    assert_int_equal(nest.depth, 5);
    assert_int_equal(nest.stopped, SWAPC_LIMIT);
    nest.depth = 0;
    assert_int_equal(host_call(b, "", "", "", ""), 1);
    assert_int_equal(nest.depth, 5);
}

static void console_line_is_tagged_and_cut(void **state) {
    struct bench *b = *state;
    b->limits.log_max = 4;
    put(b, 0, "123456");
    assert_int_equal(swapci_wapc_console_log(&b->call, b->memory, ARGS(0, 6), NULL), SWAPC_OK);
    assert_string_equal(b->line, "1234");
    assert_int_equal(b->generation, 7);
}

static void console_lines_are_counted(void **state) {
    struct bench *b = *state;
    b->limits.log_lines = 3;
    for (int i = 0; i < 10; i++)
        assert_int_equal(swapci_wapc_console_log(&b->call, b->memory, ARGS(0, 1), NULL), SWAPC_OK);
    assert_int_equal(b->lines, 3);
    again(b);
    swapci_wapc_console_log(&b->call, b->memory, ARGS(0, 1), NULL);
    assert_int_equal(b->lines, 4);
}

static void no_console_drops_lines(void **state) {
    struct bench *b = *state;
    b->host.console = NULL;
    assert_int_equal(swapci_wapc_console_log(&b->call, b->memory, ARGS(0, 1), NULL), SWAPC_OK);
    assert_int_equal(b->lines, 0);
}

/* Every sequence of up to four of these acts, against a model of six lines. */
enum act { RESPOND_A, RESPOND_B, RESPOND_NOTHING, FAIL_E, FAIL_NOTHING, HOST_CALL, ACTS };

struct model {
    const char *response; /* NULL: none */
    const char *error;
};

static void perform(struct bench *b, enum act act, struct model *m) {
    switch (act) {
    case RESPOND_A:
    case RESPOND_B:
    case RESPOND_NOTHING:
        m->response = act == RESPOND_A ? "A" : act == RESPOND_B ? "Bbbb" : "";
        respond(b, m->response);
        break;
    case FAIL_E:
    case FAIL_NOTHING:
        m->error = act == FAIL_E ? "E" : "";
        give_error(b, m->error);
        break;
    default:
        assert_int_equal(host_call(b, "b", "n", "o", "p"), 1);
        assert_int_equal(length(b, swapci_wapc_host_response_len), 4);
    }
}

static void sequences_of_four(void **state) {
    struct bench *b = *state;
    b->answer = "host";
    for (unsigned length_ = 0, count = 1; length_ <= 4; length_++, count *= ACTS)
        for (unsigned code = 0; code < count; code++)
            for (int32_t result = 0; result < 2; result++) {
                struct model m = {NULL, ""};
                again(b);
                for (unsigned i = 0, rest = code; i < length_; i++, rest /= ACTS)
                    perform(b, (enum act)(rest % ACTS), &m);
                if (result && !m.response && *m.error) expect(b, 1, SWAPC_GUEST_ERROR, m.error);
                else if (result) expect(b, 1, SWAPC_OK, m.response ? m.response : "");
                else
                    expect(b, 0, SWAPC_GUEST_ERROR,
                           *m.error ? m.error : "guest failed without a message");
            }
}

static void out_of_memory_is_a_status(void **state) {
    struct bench *b = *state;
    swapci_alloc_fail_at(1);
    assert_int_equal(swapci_wapc_guest_response(&b->call, b->memory, ARGS(0, 8), NULL),
                     SWAPC_NO_MEMORY);
    assert_true(swapci_alloc_failed());
    again(b);
    swapci_alloc_fail_at(1);
    assert_int_equal(swapci_call_answer(&b->call, 0), SWAPC_NO_MEMORY);
    swapci_alloc_fail_at(0);
    again(b);
    expect(b, 0, SWAPC_GUEST_ERROR, "guest failed without a message");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(span_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(span_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(span_of_zero_length_takes_any_pointer, setup, teardown),
        cmocka_unit_test_setup_teardown(span_of_no_memory_holds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(span_of_native_memory_is_the_address, setup, teardown),
        cmocka_unit_test_setup_teardown(request_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(request_outside_traps, setup, teardown),
        cmocka_unit_test_setup_teardown(response_is_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(any_result_but_0_is_success, setup, teardown),
        cmocka_unit_test_setup_teardown(no_response_is_an_empty_one, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_response_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_response_an_error_counts_on_1_too, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(with_a_response_an_error_counts_only_on_0, setup, teardown),
        cmocka_unit_test_setup_teardown(zero_without_text_has_a_fixed_text, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_do_not_leak_into_the_next_call, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_of_any_kind_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(response_and_error_outside_trap, setup, teardown),
        cmocka_unit_test_setup_teardown(response_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(host_call_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(host_call_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(host_error_without_text_is_the_status, setup, teardown),
        cmocka_unit_test_setup_teardown(host_without_handler_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(host_answers_do_not_leak, setup, teardown),
        cmocka_unit_test_setup_teardown(host_answer_outside_traps, setup, teardown),
        cmocka_unit_test_setup_teardown(host_call_outside_traps, setup, teardown),
        cmocka_unit_test_setup_teardown(host_call_count_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(host_call_payload_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(host_call_depth_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(console_line_is_tagged_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(console_lines_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(no_console_drops_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(sequences_of_four, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_is_a_status, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
