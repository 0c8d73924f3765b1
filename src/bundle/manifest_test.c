/* What module.toml may say, and that each refusal names its line. */
#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>

#include "test_main.h"

#define HEAD "name = \"n\"\nversion = \"1.0.0\"\n"
#define GOOD HEAD "[flavours]\nwide = \"wide.wasm\"\n"
#define DIGEST "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

static enum swapc_status parse(const char *text, struct swapci_manifest *m, swapc_error *error) {
    *error = (swapc_error)SWAPC_ERROR_INIT;
    return swapci_manifest_parse(swapc_bytes_str(text), "b/module.toml", m, error);
}

static void a_full_manifest(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    const char *text = "# a comment\n"
                       "name = \"schnorr\"   # and one more\r\n"
                       "  version=\"1.2.3\"\n"
                       "operations = [\"verify_message\", # over lines\n"
                       "  'verify_raw',\n"
                       "]\n"
                       "\n"
                       "[ flavours ]\n"
                       "wide = \"wide.wasm\"\n"
                       "native = 'native.so'";
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    assert_string_equal(m.name, "schnorr");
    assert_string_equal(m.version, "1.2.3");
    assert_int_equal(m.operations.count, 2);
    assert_string_equal(m.operations.list[0], "verify_message");
    assert_string_equal(m.operations.list[1], "verify_raw");
    assert_int_equal(m.flavour_count, 2);
    assert_string_equal(swapci_manifest_flavour(&m, "wide")->file, "wide.wasm");
    assert_string_equal(swapci_manifest_flavour(&m, "native")->file, "native.so");
    assert_null(swapci_manifest_flavour(&m, "mvp"));
    swapci_manifest_fini(&m);
}

/* Editors of Windows write one; it is no part of the first key. */
static void a_byte_order_mark(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    assert_int_equal(parse("\xef\xbb\xbf" GOOD, &m, &error), SWAPC_OK);
    assert_string_equal(m.name, "n");
    assert_int_equal(parse("\xef\xbb" GOOD, &m, &error), SWAPC_BUNDLE);
    assert_int_equal(parse("\n\xef\xbb\xbf" GOOD, &m, &error), SWAPC_BUNDLE);
}

/* What is not known is refused by line and name, and the name that was meant is told. */
static void what_is_not_known_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {GOOD "[[self_tests]]\noperation = \"a\"\n", "line 5: no table is called \"self_tests\""},
        {GOOD "[[self_tests]]\noperation = \"a\"\n", "did you mean \"self_test\"?"},
        {GOOD "[[self_test]]\noperaton = \"a\"\n", "line 6: no key is called \"operaton\""},
        {GOOD "[[self_test]]\noperaton = \"a\"\n", "did you mean \"operation\"?"},
        {GOOD "[[self_test]]\nresponse_txt = \"a\"\n", "did you mean \"response_text\"?"},
        {"nmae = \"n\"\n" GOOD, "line 1: no key is called \"nmae\" here: did you mean \"name\"?"},
        {HEAD "operation = [\"a\"]\n", "line 3: no key is called \"operation\""},
        {HEAD "operation = [\"a\"]\n", "did you mean \"operations\"?"},
        {HEAD "[flavors]\nwide = \"w\"\n", "did you mean \"flavours\"?"},
        {HEAD "[zzz]\n", "line 3: no table is called \"zzz\" here"},
        {HEAD "flavours.wide = \"w\"\n", "line 3: dotted names"},
        {GOOD "[\"digests\"]\nwide = \"00\"\n",
         "line 5: keys and tables are written without quotes"},
        {GOOD "[flavours]\nmvp = \"m\"\n", "line 5: [flavours] stands there already"},
        {GOOD "[[flavours]]\nmvp = \"m\"\n", "line 5: this table is written [in single"},
        {GOOD "[self_test]\noperation = \"a\"\n", "line 5: this table is written [[self_test]]"},
        {"operations = [\"a\"]\noperations = [\"b\"]\n" GOOD,
         "line 2: operations is said a second"},
        {"operations = [\"a\", \"a\"]\n" GOOD, "line 1: operation a is named a second"},
        {"operations = []\n" GOOD, "line 1: operations names none"},
        {"operations = [\n\"a\",\n1]\n" GOOD, "line 3: expected a \"string\", but found 1]"},
        {GOOD "[digests]\nwied = \"" DIGEST "\"\n", "did you mean \"wide\"?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct swapci_manifest m;
        swapc_error error;
        enum swapc_status status = parse(rows[i].text, &m, &error);
        if (status != SWAPC_BUNDLE || !strstr(error.text, rows[i].says))
            fail_msg("row %zu gave %s: %s", i, swapc_status_name(status), error.text);
    }
}

static void a_manifest_has_a_size(void **state) {
    (void)state;
    struct swapci_manifest m;
    static char text[SWAPCI_MANIFEST_MAX + 2];
    memset(text, '#', sizeof text - 1);
    memcpy(text, GOOD, sizeof GOOD - 1);
    assert_int_equal(
        swapci_manifest_parse(swapc_bytes_of(text, SWAPCI_MANIFEST_MAX), "m", &m, NULL), SWAPC_OK);
    assert_int_equal(
        swapci_manifest_parse(swapc_bytes_of(text, SWAPCI_MANIFEST_MAX + 1), "m", &m, NULL),
        SWAPC_TOO_LARGE);
}

static void escapes_of_a_string(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    assert_int_equal(
        parse(HEAD "operations = [\"a\\\"b\\\\c\"]\n[flavours]\nw = \"w\"\n", &m, &error),
        SWAPC_OK);
    assert_string_equal(m.operations.list[0], "a\"b\\c");
    swapci_manifest_fini(&m);
}

static void expect_span(const struct swapci_manifest *m, struct swapci_span32 span,
                        const char *bytes, size_t len) {
    assert_true(
        swapc_bytes_equal(swapci_vectors_view(&m->self_tests, span), swapc_bytes_of(bytes, len)));
}

static void self_tests_are_read(void **state) {
    (void)state;
    static struct swapci_manifest m;
    swapc_error error;
    const char *text = GOOD "[[self_test]]\n"
                            "operation = \"verify\"\n"
                            "request = \"00ffA0\"\n"
                            "response = \"01\"\n"
                            "note = \"why\"\n"
                            "[[self_test]]\n"
                            "error = true # refuses\n"
                            "operation = \"other\"\n"
                            "[[self_test]]\n"
                            "operation = \"empty\"\n"
                            "request = \"\"\n"
                            "response = \"\"\n"
                            "[[self_test]]\n"
                            "operation = 'text'\n"
                            "request_text = \"{\\\"a\\\": \\u00e4}\\n\"\n"
                            "error_text = 'C:\\no \"such\"'\n"
                            "deadline_ms = 1500\n";
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    assert_int_equal(m.self_tests.count, 4);
    const struct swapci_vector *t = m.self_tests.rows;
    expect_span(&m, t[0].operation, "verify", 6);
    expect_span(&m, t[0].request, "\x00\xff\xa0", 3);
    expect_span(&m, t[0].answer, "\x01", 1);
    assert_int_equal(t[0].kind, SWAPCI_ANSWER_RESPONSE);
    assert_string_equal(t[0].note, "why");
    assert_int_equal(t[0].deadline_ms, 0);
    expect_span(&m, t[1].operation, "other", 5);
    assert_int_equal(t[1].request.len, 0);
    assert_int_equal(t[1].kind, SWAPCI_ANSWER_ANY_ERROR);
    assert_int_equal(t[2].kind, SWAPCI_ANSWER_RESPONSE);
    assert_int_equal(t[2].answer.len, 0);
    expect_span(&m, t[3].request, "{\"a\": \xc3\xa4}\n", 10);
    assert_int_equal(t[3].kind, SWAPCI_ANSWER_ERROR_TEXT);
    expect_span(&m, t[3].answer, "C:\\no \"such\"", 12);
    assert_int_equal(t[3].deadline_ms, 1500);
    swapci_manifest_fini(&m);
}

/* Line 6 of each text is the bad one. */
static void refused_self_tests_are_named(void **state) {
    (void)state;
    static const char *const bad[] = {
        "operation = \"\"",
        "operation = 1",
        "operation = \"a\"\noperation = \"b\"",
        "request = \"0\"",
        "request = \"0g\"",
        "request = \"00\"\nrequest = \"00\"",
        "response = \"0x\"",
        "response = true",
        "response = \"\"\nresponse = \"\"",
        "error = false",
        "error = \"text\"",
        "error = true\nerror = true",
        "error = true\nresponse = \"\"",
        "response = \"\"\nerror = true",
        "response = \"\"\nresponse_text = \"\"",
        "error_text = \"a\"\nerror = true",
        "request = \"\"\nrequest_text = \"\"",
        "request_text = 7",
        "error_text = \"\\q\"",
        "error_text = \"\\u12\"",
        "error_text = \"\\ud800\"",
        "deadline_ms = 0",
        "deadline_ms = 10001",
        "deadline_ms = 1x",
        "deadline_ms = \"5\"",
        "deadline_ms = 99999999999999999999",
        "deadline_ms = 5\ndeadline_ms = 5",
        "note = 1",
        "note = \"a\"\nnote = \"b\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static struct swapci_manifest m;
        swapc_error error;
        char text[256];
        snprintf(text, sizeof text, GOOD "[[self_test]]\n%s\n", bad[i]);
        enum swapc_status status = parse(text, &m, &error);
        const char *line = strchr(bad[i], '\n') ? "line 7: " : "line 6: ";
        if (status != SWAPC_BUNDLE || !strstr(error.text, line))
            fail_msg("\"%s\" gave %s: %s", bad[i], swapc_status_name(status), error.text);
    }
}

static void incomplete_self_tests_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "[[self_test]]\n", "[[self_test]]\noperation = \"a\"\n",
        "[[self_test]]\nresponse = \"\"\n[[self_test]]\noperation = \"a\"\nerror = true\n"};
    static struct swapci_manifest m;
    swapc_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256];
        snprintf(text, sizeof text, GOOD "%s", bad[i]);
        assert_int_equal(parse(text, &m, &error), SWAPC_BUNDLE);
        assert_non_null(strstr(error.text, "self_test 1 "));
    }
}

/* Neither many vectors nor large ones. */
static void too_many_self_tests_are_refused(void **state) {
    (void)state;
    static struct swapci_manifest m;
    static char text[3 * SWAPCI_VECTOR_BYTES_MAX];
    swapc_error error;
    strcpy(text, GOOD);
    for (int i = 0; i < SWAPCI_VECTORS_MAX; i++)
        strcat(text, "[[self_test]]\noperation = \"a\"\nerror = true\n");
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    swapci_manifest_fini(&m);
    strcat(text, "[[self_test]]\noperation = \"a\"\nerror = true\n");
    assert_int_equal(parse(text, &m, &error), SWAPC_BUNDLE);

    strcpy(text, GOOD "[[self_test]]\noperation = \"a\"\nerror = true\nrequest = \"");
    memset(text + strlen(text), '0', 2 * SWAPCI_VECTOR_BYTES_MAX);
    strcat(text, "\"\n");
    assert_int_equal(parse(text, &m, &error), SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "line 8: "));
}

/* Line 3 of each text is the bad one. */
static void refused_lines_are_named(void **state) {
    (void)state;
    static const char *const bad[] = {
        "key",
        "key =",
        "= \"value\"",
        "key = \"open",
        "key = \"a\" \"b\"",
        "name = \"bad \\n escape\"",
        "name = \"\xff\"",
        "name = \"\xe2\x80\xae\"",
        "name = \"\"",
        "key = \"ends in \\",
        "key = word",
        "key = 1979-05-27T07:32:00Z",
        "key = 1.5.x!",
        "key = [1, 2]",
        "key = [\"a\"",
        "key = [\"a\" \"b\"]",
        "key = {a = 1}",
        "k@y = 1",
        "\"quoted\" = 1",
        "[table",
        "[]",
        "[a] b",
        "[[a]",
        "[\"a\"]",
        "name = 1",
        "version = [\"1\"]",
        "name = \"0123456789012345678901234567890123456789012345678901234567890123\"",
        "k012345678901234567890123456789012345678901234567890123456789012345 = 1",
        "key = \"\"\"many\"\"\"",
        "name = \"second\"",
        "version = \"2\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct swapci_manifest m;
        swapc_error error;
        char text[512];
        snprintf(text, sizeof text, HEAD "%s\n[flavours]\nwide = \"wide.wasm\"\n", bad[i]);
        enum swapc_status status = parse(text, &m, &error);
        if (status != SWAPC_BUNDLE || !strstr(error.text, "b/module.toml line 3: "))
            fail_msg("\"%s\" gave %s: %s", bad[i], swapc_status_name(status), error.text);
    }
}

/* manifest_values_test.c has more values; here that each is asked, and that key, value and
 * remedy are said. */
static void values_that_cannot_be(void **state) {
    (void)state;
    static const struct {
        const char *text, *says, *remedy;
    } rows[] = {
        {"name = \"../../x\"\nversion = \"1.0.0\"\n",
         "line 1: name = \"../../x\" is no name of a module: ", "letters"},
        {"name = \"n\"\nversion = \"1.0\"\n",
         "line 2: version = \"1.0\" is no version: ", "as 1.0.0 "},
        {"name = \"n\"\nversion = \"-1.0.0\"\n", "version = \"-1.0.0\"", "MAJOR.MINOR.PATCH"},
        {"name = \"n\"\nversion = \"99999999999999999999.0.0\"\n",
         "version = \"99999999999999999999.0.0\"", "at most 18 digits"},
        {HEAD "expires = \"2026-02-30\"\n",
         "line 3: expires = \"2026-02-30\" is no time: ", "YYYY-MM-DD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct swapci_manifest m;
        swapc_error error;
        char text[256];
        snprintf(text, sizeof text, "%s[flavours]\nwide = \"wide.wasm\"\n", rows[i].text);
        enum swapc_status status = parse(text, &m, &error);
        if (status != SWAPC_BUNDLE || !strstr(error.text, rows[i].says) ||
            !strstr(error.text, rows[i].remedy))
            fail_msg("row %zu gave %s: %s", i, swapc_status_name(status), error.text);
    }
}

/* A flavour's file stays in the bundle's folder. */
static void refused_flavours(void **state) {
    (void)state;
    static const char *const bad[] = {
        "x = \"\"",         "x = \".\"",         "x = \"..\"",    "x = \".hidden\"",
        "x = \"a/b.wasm\"", "x = \"/abs\"",      "x = \"../up\"", "x = 1",
        "x = [\"a.wasm\"]", "wide = \"b.wasm\"", "x = \"a\\/b\"", "x = 'a\\b'",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct swapci_manifest m;
        swapc_error error;
        char text[256];
        snprintf(text, sizeof text, GOOD "%s\n", bad[i]);
        enum swapc_status status = parse(text, &m, &error);
        if (status != SWAPC_BUNDLE || !strstr(error.text, "line 5: "))
            fail_msg("\"%s\" gave %s: %s", bad[i], swapc_status_name(status), error.text);
    }
}

/* A NUL would end the C string early: what was checked and what is opened would differ. */
static void control_bytes_are_refused(void **state) {
    (void)state;
    for (int c = 0; c < 0x20; c++) {
        struct swapci_manifest m;
        swapc_error error = SWAPC_ERROR_INIT;
        char text[] = HEAD "[flavours]\nwide = \"a?b\"\n";
        *strchr(text, '?') = (char)c;
        if (c == '\t') continue;
        assert_int_equal(
            swapci_manifest_parse(swapc_bytes_of(text, sizeof text - 1), "m", &m, &error),
            SWAPC_BUNDLE);
    }
}

static void incomplete_manifests(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    assert_int_equal(parse("", &m, &error), SWAPC_BUNDLE);
    assert_int_equal(parse("version = \"1.0.0\"\n[flavours]\nw = \"w\"\n", &m, &error),
                     SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "name or version"));
    assert_int_equal(parse("name = \"n\"\n[flavours]\nw = \"w\"\n", &m, &error), SWAPC_BUNDLE);
    assert_int_equal(parse(HEAD, &m, &error), SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "[flavours]"));
    assert_int_equal(parse(HEAD "[flavours]\n", &m, &error), SWAPC_BUNDLE);
}

static void sixteen_flavours_and_not_more(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    char text[1024] = HEAD "[flavours]\n";
    for (int i = 0; i < SWAPCI_FLAVOURS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "f%d = \"f%d.wasm\"\n", i, i);
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    assert_int_equal(m.flavour_count, SWAPCI_FLAVOURS_MAX);
    strcat(text, "more = \"m.wasm\"\n");
    assert_int_equal(parse(text, &m, &error), SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "line 20: "));
}

/* Nothing past the end is read, wherever the text ends (the address sanitizer watches). */
static void every_truncation(void **state) {
    (void)state;
    static const char text[] = "operations = [\"b\",\n 'c']\n" GOOD
                               "[[self_test]]\noperation = \"a\\u00e4\"\nerror = true\n"
                               "deadline_ms = 12\n";
    for (size_t len = 0; len < sizeof text; len++) {
        struct swapci_manifest m;
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, text, len);
        enum swapc_status status = swapci_manifest_parse(swapc_bytes_of(copy, len), "m", &m, NULL);
        assert_true(status == SWAPC_OK || status == SWAPC_BUNDLE);
        swapci_manifest_fini(&m);
        free(copy);
    }
}

static void digests_and_expiry(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    const char *text = "expires = \"2030-01-31\"\n" HEAD "[digests]\nwide = \"" DIGEST
                       "\"\n[flavours]\nwide = \"w.wasm\"\nmvp = \"m.wasm\"\n";
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    assert_string_equal(m.expires, "2030-01-31");
    assert_string_equal(swapci_manifest_digest(&m, "wide"), DIGEST);
    assert_null(swapci_manifest_digest(&m, "mvp"));
    assert_int_equal(parse(GOOD, &m, &error), SWAPC_OK);
    assert_string_equal(m.expires, "");
    assert_null(swapci_manifest_digest(&m, "wide"));
}

/* A digest that is none must not pass for one that is not there. */
static void refused_digests(void **state) {
    (void)state;
    static const char *const lines[] = {
        "wide = \"\"",
        "wide = \"5f70\"",
        "wide = \"" DIGEST "0\"",
        "wide = 12",
        "wide = \"" DIGEST "\" x",
        "wide = \"g" DIGEST "\"",
        "wide = [\"" DIGEST "\"]",
        "wide = \"5F70BF18A086007016E948B04AED3B82103A36BEA41755B6CDDFAF10ACE3C6EF\"",
        "wide = \"" DIGEST "\"\nwide = \"" DIGEST "\"",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct swapci_manifest m;
        swapc_error error;
        char text[512];
        snprintf(text, sizeof text, GOOD "[digests]\n%s\n", lines[i]);
        if (parse(text, &m, &error) != SWAPC_BUNDLE) fail_msg("%s", lines[i]);
        assert_non_null(strstr(error.text, " line "));
    }
    struct swapci_manifest m;
    swapc_error error;
    assert_int_equal(parse("expires = 2030\n" GOOD, &m, &error), SWAPC_BUNDLE);
    swapc_error_clear(&error);
    assert_int_equal(parse("expires = \"2030-02-31\"\n" GOOD, &m, &error), SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "line 1: expires = \"2030-02-31\" is no time"));
    swapc_error_clear(&error);
    assert_int_equal(parse("expires = \"2030-01-31\"\nexpires = \"2030-01-31\"\n" GOOD, &m, &error),
                     SWAPC_BUNDLE);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_manifest),
        cmocka_unit_test(escapes_of_a_string),
        cmocka_unit_test(self_tests_are_read),
        cmocka_unit_test(refused_self_tests_are_named),
        cmocka_unit_test(incomplete_self_tests_are_refused),
        cmocka_unit_test(too_many_self_tests_are_refused),
        cmocka_unit_test(refused_lines_are_named),
        cmocka_unit_test(values_that_cannot_be),
        cmocka_unit_test(refused_flavours),
        cmocka_unit_test(control_bytes_are_refused),
        cmocka_unit_test(incomplete_manifests),
        cmocka_unit_test(a_byte_order_mark),
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(a_manifest_has_a_size),
        cmocka_unit_test(sixteen_flavours_and_not_more),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(digests_and_expiry),
        cmocka_unit_test(refused_digests),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
