/* What may be shown of bytes that are not ours. */
#include "printable.h"

#include <stdlib.h>

#include "test_main.h"
#include "utf8.h"

static void text_stays_and_what_acts_is_escaped(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"plain \"text\"", "plain \"text\""},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\x1b[2J\x1b[31mowned\nlevel=error", "\\x1b[2J\\x1b[31mowned\\nlevel=error"},
        {"a\rb\tc\\d\x7f", "a\\rb\\tc\\\\d\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\u{9b}31m"}, /* C1: CSI in one character */
        {"\xe2\x80\xae"
         "txt.exe",
         "\\u{202e}txt.exe"}, /* right to left */
        {"a\xe2\x80\xa8"
         "b\xe2\x81\xa6",
         "a\\u{2028}b\\u{2066}"},              /* line separator, isolate */
        {"\xff\xfe\xc3(", "\\xff\\xfe\\xc3("}, /* no UTF-8 */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},   /* a surrogate */
        {"\xc0\xaf", "\\xc0\\xaf"},            /* overlong */
        {"\xe2\x82", "\\xe2\\x82"},            /* cut off */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[128];
        assert_string_equal(swapci_printable(swapc_bytes_str(rows[i][0]), out, sizeof out),
                            rows[i][1]);
        assert_int_equal(swapci_printable_is(swapc_bytes_str(rows[i][0])),
                         strcmp(rows[i][0], rows[i][1]) == 0);
    }
    char out[16];
    assert_string_equal(swapci_printable(swapc_bytes_of((const uint8_t *)"a\0b", 3), out, 16),
                        "a\\x00b");
}

/* Whatever the bytes and the room: one line of well-formed text, ended, cut between characters. */
static void random_bytes_in_any_room(void **state) {
    (void)state;
    srand(17);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[40];
        char out[64];
        size_t len = (size_t)rand() % sizeof bytes, size = 4 + (size_t)rand() % 60;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(rand() % 3 ? rand() : "\xe2\x80\xae\\a\n"[rand() % 6]);
        memset(out, 'x', sizeof out);
        swapci_printable(swapc_bytes_of(bytes, len), out, size);
        size_t written = strlen(out);
        assert_true(written < size);
        assert_true(swapci_utf8_valid(swapc_bytes_str(out)));
        assert_true(swapci_printable_is(swapc_bytes_str(out)));
        for (size_t i = written + 1; i < sizeof out; i++)
            if (i >= size) assert_int_equal(out[i], 'x');
    }
}

static void what_is_cut_says_so(void **state) {
    (void)state;
    char out[8];
    assert_string_equal(swapci_printable(swapc_bytes_str("1234567"), out, 8), "1234567");
    assert_string_equal(swapci_printable(swapc_bytes_str("12345678"), out, 8), "1234...");
    assert_string_equal(swapci_printable(swapc_bytes_str("123\n\n\n"), out, 8), "123...");
}

static void values_are_text_or_digits(void **state) {
    (void)state;
    char out[16];
    assert_string_equal(swapci_printable_value(swapc_bytes_str(""), out, 16), "\"\"");
    assert_string_equal(swapci_printable_value(swapc_bytes_str("yes\n"), out, 16), "\"yes\\n\"");
    assert_string_equal(swapci_printable_value(swapc_bytes_str("12345678901234"), out, 16),
                        "\"1234567890...\"");
    assert_string_equal(swapci_printable_value(swapc_bytes_str("\x82\xac"
                                                               "a"),
                                               out, 16),
                        "82ac61");
    assert_string_equal(swapci_printable_value(swapc_bytes_str("\xff\1\2\3\4\5"), out, 16),
                        "ff0102030405");
    assert_string_equal(swapci_printable_value(swapc_bytes_str("\xff\1\2\3\4\5\6"), out, 16),
                        "ff0102030405...");
    assert_string_equal(swapci_printable_value(swapc_bytes_str("a\x1b"), out, 16), "611b");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_and_what_acts_is_escaped),
        cmocka_unit_test(random_bytes_in_any_room),
        cmocka_unit_test(what_is_cut_says_so),
        cmocka_unit_test(values_are_text_or_digits),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
