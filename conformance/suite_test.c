/* The runner of the suite itself: what it accepts, that wrong answers fail, what it skips. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "script.h"
#include "fake_engine.h"
#include "test_main.h"

/* A suite in a folder of its own, whose guest is the fake engine's echo. */
struct bench {
    char folder[64];
    unsigned results;
    struct swapci_conformance_summary summary;
    char text[512]; /* of the last result */
    swapc_error error;
};

static void write_file(const struct bench *b, const char *name, const void *bytes, size_t len) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", b->folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static int setup(void **state) {
    static struct bench bench;
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    bench = (struct bench){.results = 0};
    strcpy(bench.folder, "/tmp/swapc-suite-XXXXXX");
    assert_non_null(mkdtemp(bench.folder));
    swapc_bytes echo = swapci_fake_bytes(&swapci_fake_echo, bytes);
    write_file(&bench, "echo.wasm", echo.ptr, echo.len);
    *state = &bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/echo.wasm", b->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/cases.json", b->folder);
    unlink(path);
    return rmdir(b->folder);
}

static void note(const struct swapci_conformance_result *result, void *user) {
    struct bench *b = user;
    b->results++;
    snprintf(b->text, sizeof b->text, "%s", result->text);
}

static enum swapc_status run(struct bench *b, const char *suite, const char *engine,
                             const char *only) {
    struct swapci_conformance_options options = {b->folder, engine, only};
    if (suite) write_file(b, "cases.json", suite, strlen(suite));
    b->results = 0;
    swapc_error_clear(&b->error);
    return swapci_conformance_run(&options, note, b, &b->summary, &b->error);
}

/* Runs one case, given as the inside of its object, and returns how it ended. */
static enum swapci_conformance_verdict verdict(struct bench *b, const char *inside) {
    char suite[1024];
    snprintf(suite, sizeof suite, "{\"cases\": [{\"name\": \"n\", \"module\": \"echo\", %s}]}",
             inside);
    if (run(b, suite, "fake", NULL) != SWAPC_OK) fail_msg("%s: %s", inside, b->error.text);
    assert_int_equal(b->results, 1);
    return b->summary.passed    ? SWAPCI_CASE_PASSED
           : b->summary.skipped ? SWAPCI_CASE_SKIPPED
                                : SWAPCI_CASE_FAILED;
}

static void right_answers_pass(void **state) {
    static const char *const cases[] = {
        "\"payload\": \"a\", \"ok\": \"a\"",
        "\"payload_hex\": \"ff00\", \"ok_hex\": \"FF00\"",
        "\"payload\": \"\\\\xff\", \"ok_hex\": \"ff\"",
        "\"payload_size\": 1000, \"echo\": true",
        "\"payload_size\": 1000, \"ok_len\": 1000",
        "\"payload\": \"a\", \"ok\": \"a\", \"console\": [], \"host_calls\": 0",
        "\"calls\": [{\"payload\": \"a\", \"ok\": \"a\"}, {\"payload\": \"\", \"ok\": \"\"}]",
        "\"bytes_hex\": \"00\", \"load\": \"MODULE_MALFORMED\"",
        "\"bytes_hex\": \"00\", \"load\": [\"TRAP\", \"MODULE_MALFORMED\"], \"text\": \"was cut\"",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (verdict(*state, cases[i]) != SWAPCI_CASE_PASSED)
            fail_msg("%s: %s", cases[i], ((struct bench *)*state)->text);
}

static void wrong_answers_fail(void **state) {
    static const char *const cases[] = {
        "\"payload\": \"a\", \"ok\": \"b\"",
        "\"payload\": \"a\", \"ok\": \"\"",
        "\"payload\": \"a\", \"ok\": \"ab\"",
        "\"payload\": \"a\", \"error\": \"a\"",
        "\"payload\": \"a\", \"status\": \"TRAP\"",
        "\"payload\": \"a\", \"status\": [\"TRAP\", \"LIMIT\"]",
        "\"payload_size\": 1000, \"ok_len\": 999",
        "\"payload\": \"a\", \"ok\": \"a\", \"console\": [\"line\"]",
        "\"payload\": \"a\", \"ok\": \"a\", \"console_lines\": 1",
        "\"payload\": \"a\", \"ok\": \"a\", \"host_calls\": 1",
        "\"payload\": \"a\", \"ok\": \"a\", \"host_seen\": [\"|||\"]",
        "\"calls\": [{\"payload\": \"a\", \"ok\": \"a\"}, {\"payload\": \"a\", \"ok\": \"b\"}]",
        "\"load\": \"TRAP\"",
        "\"bytes_hex\": \"00\", \"load\": \"MODULE_IMPORT\"",
        "\"bytes_hex\": \"00\", \"load\": \"MODULE_MALFORMED\", \"text\": \"not said\"",
        "\"bytes_hex\": \"00\", \"ok\": \"\"",
        "\"rows\": [[1], [2]], \"payload\": \"a\", \"ok\": \"b\"",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (verdict(*state, cases[i]) != SWAPCI_CASE_FAILED) fail_msg("%s did not fail", cases[i]);
        assert_true(((struct bench *)*state)->text[0] != '\0');
    }
}

static void a_missing_guest_fails(void **state) {
    struct bench *b = *state;
    assert_int_equal(run(b,
                         "{\"cases\": [{\"name\": \"n\", \"module\": \"nothing\", \"ok\": \"\"}]}",
                         "fake", NULL),
                     SWAPC_OK);
    assert_int_equal(b->summary.failed, 1);
    assert_non_null(strstr(b->text, "nothing.wasm"));
}

static void a_row_that_fails_is_named(void **state) {
    struct bench *b = *state;
    assert_int_equal(verdict(b, "\"rows\": [[7, 8]], \"payload\": \"a\", \"ok\": \"b\""),
                     SWAPCI_CASE_FAILED);
    assert_non_null(strstr(b->text, "(row: 7, 8)"));
}

static void what_an_engine_does_not_hold_is_skipped(void **state) {
    struct bench *b = *state;
    assert_int_equal(verdict(b, "\"needs\": [\"wasm\", \"sandbox\"], \"ok\": \"\""),
                     SWAPCI_CASE_PASSED);
    assert_int_equal(verdict(b, "\"needs\": [\"stack\"], \"ok\": \"wrong\""), SWAPCI_CASE_SKIPPED);
    assert_non_null(strstr(b->text, "stack"));
}

/* A case that cannot be understood must not pass for one that was run. */
static void cases_that_are_not_understood(void **state) {
    static const char *const cases[] = {
        "\"do\": [\"no_such_step\"], \"ok\": \"\"",
        "\"do\": [\"guest_response 1\"], \"ok\": \"\"",
        "\"do\": [\"guest_response 1 2 3\"], \"ok\": \"\"",
        "\"do\": [\"guest_response $0 1\"], \"ok\": \"\"",
        "\"do\": [\"put 1\"], \"ok\": \"\"",
        "\"do\": [\"repeat x trap\"], \"ok\": \"\"",
        "\"payload_hex\": \"f\", \"ok\": \"\"",
        "\"needs\": [\"nonsense\"], \"ok\": \"\"",
        "\"status\": \"NO_SUCH_STATUS\"",
        "\"ok\": \"\", \"expect\": \"nothing that is known\"",
        "\"payload\": \"a\"",
        "\"calls\": [{\"payload\": \"a\"}]",
        "\"calls\": []",
        "\"calls\": [{\"ok\": \"\", \"rows\": []}]",
        "\"load\": []",
        "\"ok\": \"\", \"limits\": {\"memory\": 1}",
        "\"ok\": \"\", \"host\": \"silent\"",
        "\"ok\": \"\", \"host\": [{}]",
        "\"ok\": \"\", \"console\": [1]",
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char suite[512];
        snprintf(suite, sizeof suite, "{\"cases\": [{\"name\": \"n\", \"module\": \"echo\", %s}]}",
                 cases[i]);
        enum swapc_status status = run(b, suite, "fake", NULL);
        if (status != SWAPC_CORRUPT) fail_msg("%s gave %s", cases[i], swapc_status_name(status));
    }
}

static void suites_that_are_not_there(void **state) {
    struct bench *b = *state;
    assert_int_equal(run(b, NULL, "fake", NULL), SWAPC_NOT_FOUND);
    assert_int_equal(run(b, "{", "fake", NULL), SWAPC_CORRUPT);
    assert_int_equal(run(b, "{}", "fake", NULL), SWAPC_CORRUPT);
    assert_int_equal(run(b, "{\"cases\": [{}]}", "fake", NULL), SWAPC_CORRUPT);
    assert_int_equal(run(b, "{\"cases\": []}", "absent", NULL), SWAPC_NO_ENGINE);
    assert_int_equal(run(b, "{\"cases\": []}", "v8", NULL), SWAPC_NO_ENGINE);
    assert_int_equal(run(b, "{\"cases\": []}", "fake", NULL), SWAPC_OK);
}

static void one_case_by_its_name(void **state) {
    struct bench *b = *state;
    const char *suite = "{\"cases\": [{\"name\": \"a\", \"module\": \"echo\", \"ok\": \"\"},"
                        "{\"name\": \"b\", \"module\": \"echo\", \"ok\": \"\"}]}";
    assert_int_equal(run(b, suite, "fake", "b"), SWAPC_OK);
    assert_int_equal(b->summary.passed, 1);
    assert_int_equal(run(b, suite, "fake", "c"), SWAPC_NOT_FOUND);
}

static void steps_become_bytes(void **state) {
    (void)state;
    static const struct {
        const char *step;
        const uint8_t bytes[20];
        size_t len;
    } steps[] = {
        {"guest_response 1 -1", {2, 2, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 10},
        {"trap", {12, 0}, 2},
        {"return 0x80000000", {0, 1, 0, 0, 0, 0x80}, 6},
        {"put $1 a\\xffb", {10, 2, 9, 0, 0, 0, 3, 0, 0, 0, 'a', 0xff, 'b'}, 13},
        {"repeat 3 trap", {12, 0, 12, 0, 12, 0}, 6},
        {"repeat $0 size", {21, 0, 21, 0}, 4},
    };
    const struct swapci_script_row row = {{2, 9}, 2};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        swapci_buffer out = SWAPCI_BUFFER_INIT;
        assert_int_equal(swapci_script_step(steps[i].step, &row, &out, NULL), SWAPC_OK);
        assert_int_equal(out.len, steps[i].len);
        assert_memory_equal(out.ptr, steps[i].bytes, out.len);
        swapci_buffer_fini(&out);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(right_answers_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_answers_fail, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_guest_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_that_fails_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(what_an_engine_does_not_hold_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(cases_that_are_not_understood, setup, teardown),
        cmocka_unit_test_setup_teardown(suites_that_are_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(one_case_by_its_name, setup, teardown),
        cmocka_unit_test(steps_become_bytes),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
