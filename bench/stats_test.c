#include "stats.h"

#include <math.h>
#include <stdlib.h>

#include "test_main.h"

static void median_of_odd_and_even(void **state) {
    (void)state;
    double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2}, one[] = {7};
    assert_true(swapci_spread_of(odd, 3).median == 2);
    struct swapci_spread spread = swapci_spread_of(even, 4);
    assert_true(spread.median == 2.5 && spread.min == 1 && spread.max == 4);
    spread = swapci_spread_of(one, 1);
    assert_true(spread.median == 7 && spread.low == 7 && spread.high == 7);
}

/* The ranks of the tables for the sign test: 6 to 8 samples give the extremes, 9 the second ones,
 * 20 the sixth, 21 the sixth, 100 the fortieth. */
static void interval_has_the_tabled_ranks(void **state) {
    (void)state;
    static const struct {
        size_t count, low;
    } rows[] = {{1, 1},  {5, 1},  {6, 1},  {8, 1},  {9, 2},
                {12, 3}, {20, 6}, {21, 6}, {25, 8}, {100, 40}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        double samples[100];
        for (size_t i = 0; i < rows[r].count; i++) samples[i] = (double)(i + 1);
        struct swapci_spread spread = swapci_spread_of(samples, rows[r].count);
        assert_true(spread.low == (double)rows[r].low);
        assert_true(spread.high == (double)(rows[r].count + 1 - rows[r].low));
    }
}

/* It holds the true median as often as it says. */
static void interval_holds_the_median(void **state) {
    (void)state;
    unsigned held = 0, trials = 4000;
    srand48(7);
    for (unsigned t = 0; t < trials; t++) {
        double samples[21];
        for (size_t i = 0; i < 21; i++) samples[i] = -log(drand48()); /* median log 2 */
        struct swapci_spread spread = swapci_spread_of(samples, 21);
        held += spread.low <= log(2) && log(2) <= spread.high;
    }
    assert_in_range(held, trials * 95 / 100, trials);
}

static void copy_keeps_the_order(void **state) {
    (void)state;
    const double samples[] = {3, 1, 2};
    assert_true(swapci_spread_copy(samples, 3).median == 2);
    assert_true(samples[0] == 3 && samples[1] == 1);
    assert_true(swapci_spread_copy(samples, 0).median == 0);
}

static void quantiles_are_samples(void **state) {
    (void)state;
    const double sorted[] = {10, 20, 30, 40, 50};
    assert_true(swapci_quantile(sorted, 5, 0) == 10);
    assert_true(swapci_quantile(sorted, 5, 0.5) == 30);
    assert_true(swapci_quantile(sorted, 5, 0.99) == 50);
    assert_true(swapci_quantile(sorted, 5, 1) == 50);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_of_odd_and_even),
        cmocka_unit_test(interval_has_the_tabled_ranks),
        cmocka_unit_test(interval_holds_the_median),
        cmocka_unit_test(copy_keeps_the_order),
        cmocka_unit_test(quantiles_are_samples),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
