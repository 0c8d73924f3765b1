#include "hex.h"

#include <string.h>

#include "test_main.h"

static void every_byte_round_trips(void **state) {
    (void)state;
    uint8_t data[256], back[256];
    char text[SWAPCI_HEX_SIZE(256)];
    for (int i = 0; i < 256; i++) data[i] = (uint8_t)i;
    swapci_hex_encode(swapc_bytes_of(data, 256), text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_string_equal(text + 508, "feff");
    assert_int_equal(swapci_hex_decode(swapc_bytes_str(text), back), 1);
    assert_memory_equal(data, back, 256);
}

static void empty_is_empty(void **state) {
    (void)state;
    char text[1] = {'x'};
    swapci_hex_encode(swapc_bytes_of(NULL, 0), text);
    assert_int_equal(text[0], 0);
    assert_int_equal(swapci_hex_decode(swapc_bytes_of(NULL, 0), NULL), 1);
}

static void upper_case_is_read(void **state) {
    (void)state;
    uint8_t out[2];
    assert_int_equal(swapci_hex_decode(swapc_bytes_str("aBCd"), out), 1);
    assert_memory_equal(out, "\xAB\xCD", 2);
}

static void only_digits_are_read(void **state) {
    (void)state;
    uint8_t out[2];
    assert_int_equal(swapci_hex_decode(swapc_bytes_str("abc"), out), 0);
    for (int c = 0; c < 256; c++) {
        int is_digit = c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;
        uint8_t left[2] = {(uint8_t)c, '0'}, right[2] = {'0', (uint8_t)c};
        assert_int_equal(swapci_hex_decode(swapc_bytes_of(left, 2), out), is_digit);
        assert_int_equal(swapci_hex_decode(swapc_bytes_of(right, 2), out), is_digit);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_round_trips),
        cmocka_unit_test(empty_is_empty),
        cmocka_unit_test(upper_case_is_read),
        cmocka_unit_test(only_digits_are_read),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
