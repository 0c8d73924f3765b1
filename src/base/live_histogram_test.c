#include "live_histogram.h"

#include "test_main.h"

/* Every bucket's bounds are where it begins and ends, over the whole range. */
static void a_value_is_in_the_bucket_that_its_bounds_say(void **state) {
    uint64_t lower = 0;
    (void)state;
    for (unsigned i = 0; i < SWAPCI_LIVE_BUCKETS; i++) {
        uint64_t upper = swapci_live_upper_ns(i);
        const uint64_t inside[] = {lower, lower + (upper - lower) / 2, upper - 1};
        assert_true(upper > lower);
        for (unsigned v = 0; v < 3; v++) {
            swapci_live_histogram h = {0};
            swapci_live_counts counts = {0};
            swapci_live_record(&h, inside[v]);
            swapci_live_add(&h, &counts);
            assert_int_equal(counts.buckets[i], 1);
            assert_int_equal(counts.count, 1);
            assert_int_equal(counts.sum_ns, inside[v]);
        }
        lower = upper;
    }
}

static void several_are_added_up(void **state) {
    swapci_live_histogram a = {0}, b = {0};
    swapci_live_counts counts = {0};
    (void)state;
    swapci_live_record(&a, 5);
    swapci_live_record(&b, 5);
    swapci_live_record(&b, 1u << 20);
    swapci_live_add(&a, &counts);
    swapci_live_add(&b, &counts);
    assert_int_equal(counts.count, 3);
    assert_int_equal(counts.buckets[0], 2);
    assert_int_equal(counts.sum_ns, 10 + (1u << 20));
}

/* Held against values that are known, over random ones. */
static void percentiles_are_within_a_quarter(void **state) {
    swapci_live_histogram h = {0};
    swapci_live_counts counts = {0};
    (void)state;
    assert_int_equal(swapci_live_percentile(&counts, 50), 0);
    for (uint64_t i = 1; i <= 10000; i++) swapci_live_record(&h, i * 10000);
    swapci_live_add(&h, &counts);
    for (unsigned percent = 1; percent <= 100; percent++) {
        double want = percent * 1e6, got = (double)swapci_live_percentile(&counts, percent);
        assert_true(got > want * 0.8 && got < want * 1.25);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_in_the_bucket_that_its_bounds_say),
        cmocka_unit_test(several_are_added_up),
        cmocka_unit_test(percentiles_are_within_a_quarter),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
