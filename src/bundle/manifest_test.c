/* What module.toml may say, and that each refusal names its line. */
#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>

#include "test_main.h"

#define HEAD "name = \"n\"\nversion = \"1.0.0\"\n"
#define GOOD HEAD "[flavours]\nwide = \"wide.wasm\"\n"

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
                       "operations = [\"verify_message\", \"verify_raw\",]\n"
                       "empty = []\n"
                       "count = -12\n"
                       "yes = true\n"
                       "\n"
                       "[flavours]\n"
                       "wide = \"wide.wasm\"\n"
                       "native = \"native.so\"\n"
                       "[[later.tables]]\n"
                       "name = \"other\"";
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    assert_string_equal(m.name, "schnorr");
    assert_string_equal(m.version, "1.2.3");
    assert_int_equal(m.flavour_count, 2);
    assert_string_equal(swapci_manifest_flavour(&m, "wide")->file, "wide.wasm");
    assert_string_equal(swapci_manifest_flavour(&m, "native")->file, "native.so");
    assert_null(swapci_manifest_flavour(&m, "mvp"));
}

static void escapes_of_a_string(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    assert_int_equal(
        parse("name = \"a\\\"b\\\\c\"\nversion = \"1\"\n[flavours]\nw = \"w\"\n", &m, &error),
        SWAPC_OK);
    assert_string_equal(m.name, "a\"b\\c");
}

static void expect_span(const struct swapci_manifest *m, struct swapci_span16 span,
                        const char *bytes, size_t len) {
    assert_int_equal(span.len, len);
    assert_memory_equal(m->self_tests.bytes + span.at, bytes, len);
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
                            "response = \"\"\n";
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    assert_int_equal(m.self_tests.count, 3);
    const struct swapci_self_test *t = m.self_tests.tests;
    expect_span(&m, t[0].operation, "verify", 6);
    expect_span(&m, t[0].request, "\x00\xff\xa0", 3);
    expect_span(&m, t[0].response, "\x01", 1);
    assert_false(t[0].refuses);
    expect_span(&m, t[1].operation, "other", 5);
    assert_int_equal(t[1].request.len, 0);
    assert_true(t[1].refuses);
    assert_true(t[2].has_response);
    assert_int_equal(t[2].response.len, 0);
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
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static struct swapci_manifest m;
        swapc_error error;
        char text[256];
        snprintf(text, sizeof text, GOOD "[[self_test]]\n%s\n", bad[i]);
        enum swapc_status status = parse(text, &m, &error);
        const char *line = strchr(bad[i], '\n') ? "line 7 " : "line 6 ";
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
    assert_int_equal(parse(GOOD "[self_test]\n", &m, &error), SWAPC_BUNDLE);
}

/* Neither many vectors nor large ones leave their storage. */
static void too_many_self_tests_are_refused(void **state) {
    (void)state;
    static struct swapci_manifest m;
    static char text[3 * SWAPCI_SELF_TEST_BYTES];
    swapc_error error;
    strcpy(text, GOOD);
    for (int i = 0; i < SWAPCI_SELF_TESTS_MAX; i++)
        strcat(text, "[[self_test]]\noperation = \"a\"\nerror = true\n");
    assert_int_equal(parse(text, &m, &error), SWAPC_OK);
    strcat(text, "[[self_test]]\noperation = \"a\"\nerror = true\n");
    assert_int_equal(parse(text, &m, &error), SWAPC_BUNDLE);

    strcpy(text, GOOD "[[self_test]]\noperation = \"a\"\nerror = true\nrequest = \"");
    memset(text + strlen(text), '0', 2 * SWAPCI_SELF_TEST_BYTES);
    strcat(text, "\"\n");
    assert_int_equal(parse(text, &m, &error), SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "line 8 "));
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
        "key = \"bad \\n escape\"",
        "key = \"ends in \\",
        "key = 'single'",
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
        if (status != SWAPC_BUNDLE || !strstr(error.text, "b/module.toml line 3 "))
            fail_msg("\"%s\" gave %s: %s", bad[i], swapc_status_name(status), error.text);
    }
}

/* A flavour's file stays in the bundle's folder. */
static void refused_flavours(void **state) {
    (void)state;
    static const char *const bad[] = {
        "x = \"\"",         "x = \".\"",         "x = \"..\"",    "x = \".hidden\"",
        "x = \"a/b.wasm\"", "x = \"/abs\"",      "x = \"../up\"", "x = 1",
        "x = [\"a.wasm\"]", "wide = \"b.wasm\"", "x = \"a\\/b\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct swapci_manifest m;
        swapc_error error;
        char text[256];
        snprintf(text, sizeof text, GOOD "%s\n", bad[i]);
        enum swapc_status status = parse(text, &m, &error);
        if (status != SWAPC_BUNDLE || !strstr(error.text, "line 5 "))
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
    assert_int_equal(parse("version = \"1\"\n[flavours]\nw = \"w\"\n", &m, &error), SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "name or version"));
    assert_int_equal(parse("name = \"n\"\n[flavours]\nw = \"w\"\n", &m, &error), SWAPC_BUNDLE);
    assert_int_equal(parse(HEAD, &m, &error), SWAPC_BUNDLE);
    assert_non_null(strstr(error.text, "[flavours]"));
    assert_int_equal(parse(HEAD "[flavours]\n", &m, &error), SWAPC_BUNDLE);
}

/* name under another table is not the bundle's. */
static void keys_belong_to_their_table(void **state) {
    (void)state;
    struct swapci_manifest m;
    swapc_error error;
    assert_int_equal(parse(GOOD "[author]\nname = \"someone\"\nversion = \"9\"\n", &m, &error),
                     SWAPC_OK);
    assert_string_equal(m.name, "n");
    assert_string_equal(m.version, "1.0.0");
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
    assert_non_null(strstr(error.text, "line 20 "));
}

/* Nothing past the end is read, wherever the text ends (the address sanitizer watches). */
static void every_truncation(void **state) {
    (void)state;
    static const char text[] = GOOD "[x]\na = [\"b\", \"c\\\"\"]\nd = -1\n[[y]]\n";
    for (size_t len = 0; len < sizeof text; len++) {
        struct swapci_manifest m;
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, text, len);
        enum swapc_status status = swapci_manifest_parse(swapc_bytes_of(copy, len), "m", &m, NULL);
        assert_true(status == SWAPC_OK || status == SWAPC_BUNDLE);
        free(copy);
    }
}

#define DIGEST "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

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
    assert_int_equal(parse("expires = \"a\"\nexpires = \"b\"\n" GOOD, &m, &error), SWAPC_BUNDLE);
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
        cmocka_unit_test(refused_flavours),
        cmocka_unit_test(control_bytes_are_refused),
        cmocka_unit_test(incomplete_manifests),
        cmocka_unit_test(keys_belong_to_their_table),
        cmocka_unit_test(sixteen_flavours_and_not_more),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(digests_and_expiry),
        cmocka_unit_test(refused_digests),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
