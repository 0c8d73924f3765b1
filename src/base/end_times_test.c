/* What the variable says, and what a limit is by it. */
#include "end_times.h"

#include <stdlib.h>

#include "test_main.h"

static void a_value_is_a_whole_number_in_its_bounds_and_another_counts_as_1(void **state) {
    static const struct {
        const char *text;
        uint32_t times;
    } rows[] = {{NULL, 1},    {"", 1},
                {"1", 1},     {"30", 30},
                {"100", 100}, {"101", 1},
                {"0", 1},     {"-3", 1},
                {" 3", 1},    {"3s", 1},
                {"+3", 1},    {"x", 1},
                {"3 ", 1},    {"99999999999999999999", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(swapci_end_times_of(rows[i].text), rows[i].times);
}

static void a_limit_is_as_many_times_as_long_as_the_environment_says(void **state) {
    (void)state;
    assert_int_equal(swapci_end_ms(700), 700 * swapci_end_times_of(getenv("SWAPC_END_TIMES")));
    assert_int_equal(swapci_end_ms(0), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_a_whole_number_in_its_bounds_and_another_counts_as_1),
        cmocka_unit_test(a_limit_is_as_many_times_as_long_as_the_environment_says),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
