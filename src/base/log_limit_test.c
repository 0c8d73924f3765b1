#include "log_limit.h"

#include "test_main.h"

static const uint64_t ms = 1000000, begin = 5;

static void some_lines_and_then_none(void **state) {
    swapci_log_limit limit = {0};
    unsigned told = 0;
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        told += swapci_log_limit_may(&limit, begin + i * ms, begin + i * ms);
    assert_int_equal(told, SWAPCI_LOG_LIMIT_LINES);
    assert_int_equal(swapci_log_limit_left_out(&limit), 100 - told);
    assert_int_equal(swapci_log_limit_left_out(&limit), 0);
}

static void after_its_time_there_are_lines_again(void **state) {
    swapci_log_limit limit = {0};
    (void)state;
    while (swapci_log_limit_may(&limit, begin, begin)) continue;
    uint64_t later = begin + SWAPCI_LOG_LIMIT_MS * ms;
    assert_false(swapci_log_limit_may(&limit, later - 1, later - 1));
    assert_true(swapci_log_limit_may(&limit, later, later));
    assert_int_equal(swapci_log_limit_left_out(&limit), 2);
}

static void what_lasts_is_told_all_the_same(void **state) {
    swapci_log_limit limit = {0};
    (void)state;
    while (swapci_log_limit_may(&limit, begin, begin)) continue;
    uint64_t long_after = begin + SWAPCI_LOG_LIMIT_LASTS_MS * ms;
    assert_false(swapci_log_limit_may(&limit, long_after - 1, begin));
    assert_true(swapci_log_limit_may(&limit, long_after, begin));
    assert_false(swapci_log_limit_may(&limit, long_after, long_after + 1));
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_lines_and_then_none),
        cmocka_unit_test(after_its_time_there_are_lines_again),
        cmocka_unit_test(what_lasts_is_told_all_the_same),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
