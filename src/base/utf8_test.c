#include "utf8.h"

#include "test_main.h"

static int valid(const char *text) {
    return swapci_utf8_valid(swapc_bytes_str(text));
}

static void text_is_valid(void **state) {
    (void)state;
    assert_true(swapci_utf8_valid(swapc_bytes_of(NULL, 0)));
    assert_true(swapci_utf8_valid(swapc_bytes_of("\0", 1)));
    assert_true(valid("plain ASCII, longer than a word of eight bytes"));
    assert_true(valid("\xc2\x80 \xdf\xbf"));
    assert_true(valid("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
    assert_true(valid("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
}

static void other_bytes_are_not(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2 ",
        "\xe0\x9f\xbf",
        "\xe1\x80",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe1\x80 ",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5",
        "\xf8",
        "\xf1\x80\x80",
        "\xff",
        "12345678\x80",
        "1234567\xc2",
        "\xf1\x80\x80 ",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(valid(bad[i]));
}

/* Every code point, at every distance from a word's start: the encoder here is the definition. */
static void every_code_point(void **state) {
    (void)state;
    for (uint32_t c = 0; c <= 0x110010; c++) {
        uint8_t text[16] = "abcdefgh";
        size_t at = c % 9;
        size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = len; i-- > 1;)
            text[at + i] = (uint8_t)(0x80 | (c >> 6 * (len - 1 - i) & 0x3f));
        text[at] = (uint8_t)(leads[len] | c >> 6 * (len - 1));
        int expected = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        assert_int_equal(swapci_utf8_valid(swapc_bytes_of(text, at + len)), expected);
        uint8_t encoded[4];
        assert_int_equal(swapci_utf8_encode(c, encoded), len);
        assert_memory_equal(encoded, text + at, len);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_valid),
        cmocka_unit_test(other_bytes_are_not),
        cmocka_unit_test(every_code_point),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
