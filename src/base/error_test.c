#include "swapc/error.h"

#include <errno.h>
#include <string.h>

#include "test_main.h"

static void every_status_has_name_and_text(void **state) {
    (void)state;
    assert_string_equal(swapc_status_name(SWAPC_OK), "OK");
    assert_string_equal(swapc_status_name(SWAPC_TRAP_MEMORY), "TRAP_MEMORY");
    assert_string_equal(swapc_status_text(SWAPC_TRAP), "the guest trapped");
    assert_string_equal(swapc_status_name((enum swapc_status)999), "UNKNOWN");
    assert_string_equal(swapc_status_text((enum swapc_status)999), "unknown status");
}

static void first_report_wins(void **state) {
    (void)state;
    swapc_error e = SWAPC_ERROR_INIT;
    assert_int_equal(swapc_error_set(&e, SWAPC_IO, "cannot read %s", "a"), SWAPC_IO);
    assert_int_equal(swapc_error_set(&e, SWAPC_TRAP, "later"), SWAPC_TRAP);
    assert_int_equal(e.status, SWAPC_IO);
    assert_string_equal(e.text, "cannot read a");
    swapc_error_clear(&e);
    swapc_error_set(&e, SWAPC_TRAP, "later");
    assert_string_equal(e.text, "later");
}

static void null_error_is_allowed(void **state) {
    (void)state;
    assert_int_equal(swapc_error_set(NULL, SWAPC_IO, "x"), SWAPC_IO);
    assert_int_equal(swapc_error_set_errno(NULL, SWAPC_IO, ENOENT, "x"), SWAPC_IO);
    swapc_error_clear(NULL);
}

static void errno_text_is_appended(void **state) {
    (void)state;
    swapc_error e = SWAPC_ERROR_INIT;
    swapc_error_set_errno(&e, SWAPC_IO, ENOENT, "open %s", "f");
    assert_string_equal(e.text, "open f: No such file or directory: check the path");
    assert_int_equal(e.native, ENOENT);
    swapc_error_clear(&e);
    swapc_error_set_errno(&e, SWAPC_IO, EISDIR, "read %s", "d");
    assert_string_equal(e.text, "read d: Is a directory: it is a folder; name a file");
    swapc_error_clear(&e);
    swapc_error_set_errno(&e, SWAPC_IO, EDOM, "x"); /* where nothing general can be said */
    assert_string_equal(e.text, "x: Numerical argument out of domain");
}

static void long_text_is_cut_at_a_whole_character(void **state) {
    (void)state;
    char text[2 * SWAPC_ERROR_TEXT_MAX + 1];
    for (size_t i = 0; i + 1 < sizeof text; i += 2) memcpy(text + i, "\xC3\xA9", 2);
    text[sizeof text - 1] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        swapc_error e = SWAPC_ERROR_INIT;
        swapc_error_set(&e, SWAPC_IO, "%s%s", shift ? "x" : "", text);
        size_t len = strlen(e.text);
        assert_true(len >= SWAPC_ERROR_TEXT_MAX - 3 && len < SWAPC_ERROR_TEXT_MAX);
        assert_int_equal((unsigned char)e.text[len - 1], 0xA9);
    }
}

static void errno_text_fits_after_long_text(void **state) {
    (void)state;
    char text[SWAPC_ERROR_TEXT_MAX];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    swapc_error e = SWAPC_ERROR_INIT;
    swapc_error_set_errno(&e, SWAPC_IO, ENOENT, "%s", text);
    assert_int_equal(strlen(e.text), SWAPC_ERROR_TEXT_MAX - 1);
}

/* Whatever piece of somebody else's it holds, a report is one line of UTF-8; nothing is escaped
 * twice. */
static void a_report_is_one_line(void **state) {
    (void)state;
    swapc_error e = SWAPC_ERROR_INIT, twice = SWAPC_ERROR_INIT;
    swapc_error_set(&e, SWAPC_IO, "%s \\ \xc3\xa9", "a\nb\x1b[2J\xff");
    assert_string_equal(e.text, "a\\nb\\x1b[2J\\xff \\ \xc3\xa9");
    swapc_error_set(&twice, SWAPC_IO, "%s", e.text);
    assert_string_equal(twice.text, e.text);
    char text[2 * SWAPC_ERROR_TEXT_MAX];
    memset(text, '\x1b', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    swapc_error_clear(&e);
    swapc_error_set(&e, SWAPC_IO, "%s", text);
    assert_true(strlen(e.text) < SWAPC_ERROR_TEXT_MAX);
    assert_string_equal(e.text + strlen(e.text) - 3, "...");
}

static void a_full_descriptor_table_has_a_remedy(void **state) {
    (void)state;
    swapc_error e = SWAPC_ERROR_INIT;
    swapc_error_set_errno(&e, SWAPC_IO, EMFILE, "cannot open %s", "f");
    assert_non_null(strstr(e.text, "cannot open f: Too many open files: raise the limit"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_name_and_text),
        cmocka_unit_test(first_report_wins),
        cmocka_unit_test(null_error_is_allowed),
        cmocka_unit_test(errno_text_is_appended),
        cmocka_unit_test(long_text_is_cut_at_a_whole_character),
        cmocka_unit_test(errno_text_fits_after_long_text),
        cmocka_unit_test(a_report_is_one_line),
        cmocka_unit_test(a_full_descriptor_table_has_a_remedy),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
