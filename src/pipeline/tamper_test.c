#include "tamper.h"

#include "test_main.h"

static void tamper_changes_one_bit(void **state) {
    static const uint8_t message[3] = {0x00, 0xFF, 0x5A};
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    unsigned seen = 0;
    (void)state;
    for (uint64_t random = 0; random < 24; random++) {
        assert_int_equal(swapci_tamper(swapc_bytes_of(message, 3), random, &out), SWAPC_OK);
        assert_int_equal(out.len, 3);
        unsigned diff = 0;
        for (int i = 0; i < 3; i++) diff |= (unsigned)(out.ptr[i] ^ message[i]) << 8 * i;
        assert_int_equal(__builtin_popcount(diff), 1);
        seen |= diff;
    }
    assert_int_equal(seen, 0xFFFFFF); /* every bit has its turn */
    assert_int_equal(swapci_tamper(swapc_bytes_of(message, 3), UINT64_MAX, &out), SWAPC_OK);
    assert_int_equal(swapci_tamper(swapc_bytes_of(NULL, 0), 77, &out), SWAPC_OK);
    assert_int_equal(out.len, 1);
    swapci_buffer_fini(&out);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(tamper_changes_one_bit)};
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
