#include "histogram.h"

#include "test_main.h"

static swapci_histogram h, other;

static void empty_answers_zero(void **state) {
    (void)state;
    swapci_histogram_init(&h);
    assert_int_equal(swapci_histogram_percentile(&h, 50), 0);
    assert_true(swapci_histogram_mean(&h) == 0);
    assert_int_equal(h.count, 0);
}

static void small_values_are_exact(void **state) {
    (void)state;
    swapci_histogram_init(&h);
    for (uint64_t v = 1; v <= 200; v++) swapci_histogram_record(&h, v);
    assert_int_equal(swapci_histogram_percentile(&h, 50), 100);
    assert_int_equal(swapci_histogram_percentile(&h, 99), 198);
    assert_int_equal(swapci_histogram_percentile(&h, 0), 1);
    assert_int_equal(swapci_histogram_percentile(&h, 100), 200);
    assert_int_equal(h.min, 1);
    assert_int_equal(h.max, 200);
    assert_int_equal(h.sum, 20100);
    assert_true(swapci_histogram_mean(&h) == 100.5);
}

/* One value between two outliers: the median is its bucket's top. */
static void check_error(uint64_t value) {
    swapci_histogram_init(&h);
    swapci_histogram_record(&h, 0);
    swapci_histogram_record(&h, value);
    swapci_histogram_record(&h, UINT64_MAX);
    uint64_t p = swapci_histogram_percentile(&h, 50);
    assert_true(p >= value);
    assert_true(p - value <= value / 128);
}

static void error_is_below_one_percent_everywhere(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t power = UINT64_C(1) << bit;
        check_error(power);
        check_error(power - 1);
        check_error(power + power / 3);
        check_error(power + (power - 1));
    }
}

static void percentile_of_round_ranks(void **state) {
    (void)state;
    swapci_histogram_init(&h);
    for (int i = 0; i < 999; i++) swapci_histogram_record(&h, 1);
    swapci_histogram_record(&h, 100);
    assert_int_equal(swapci_histogram_percentile(&h, 99.9), 1);
    assert_int_equal(swapci_histogram_percentile(&h, 99.91), 100);
}

static void merge_equals_recording_all(void **state) {
    (void)state;
    static swapci_histogram all;
    swapci_histogram_init(&h);
    swapci_histogram_init(&other);
    swapci_histogram_init(&all);
    uint64_t x = 1;
    for (int i = 0; i < 10000; i++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
        swapci_histogram_record(i % 3 ? &h : &other, x >> (i % 64));
        swapci_histogram_record(&all, x >> (i % 64));
    }
    swapci_histogram_merge(&h, &other);
    assert_memory_equal(&h, &all, sizeof h);
    swapci_histogram_init(&other);
    swapci_histogram_merge(&h, &other);
    assert_memory_equal(&h, &all, sizeof h);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_answers_zero),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(error_is_below_one_percent_everywhere),
        cmocka_unit_test(percentile_of_round_ranks),
        cmocka_unit_test(merge_equals_recording_all),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
