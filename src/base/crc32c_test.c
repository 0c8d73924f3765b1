#include "crc32c.h"

#include <string.h>

#include "test_main.h"

typedef uint32_t (*crc_fn)(uint32_t crc, const void *data, size_t len);
static const crc_fn both[] = {swapci_crc32c, swapci_crc32c_table};

/* RFC 3720, B.4 */
static void known_answers(void **state) {
    (void)state;
    uint8_t data[32];
    for (size_t f = 0; f < 2; f++) {
        assert_int_equal(both[f](0, "123456789", 9), 0xE3069283);
        memset(data, 0, 32);
        assert_int_equal(both[f](0, data, 32), 0x8A9136AA);
        memset(data, 0xFF, 32);
        assert_int_equal(both[f](0, data, 32), 0x62A8AB43);
        for (int i = 0; i < 32; i++) data[i] = (uint8_t)i;
        assert_int_equal(both[f](0, data, 32), 0x46DD794E);
        assert_int_equal(both[f](0, NULL, 0), 0);
    }
}

static void fast_equals_table(void **state) {
    (void)state;
    uint8_t data[300];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 167 + 13);
    for (size_t from = 0; from < 9; from++) {
        for (size_t len = 0; from + len <= sizeof data; len++) {
            uint32_t start = (uint32_t)(len * 2654435761u);
            assert_int_equal(swapci_crc32c(start, data + from, len),
                             swapci_crc32c_table(start, data + from, len));
        }
    }
}

static void parts_make_the_whole(void **state) {
    (void)state;
    const char *text = "the quick brown fox jumps over the lazy dog";
    size_t len = strlen(text);
    uint32_t whole = swapci_crc32c(0, text, len);
    for (size_t cut = 0; cut <= len; cut++) {
        uint32_t first = swapci_crc32c(0, text, cut);
        assert_int_equal(swapci_crc32c(first, text + cut, len - cut), whole);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(fast_equals_table),
        cmocka_unit_test(parts_make_the_whole),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
