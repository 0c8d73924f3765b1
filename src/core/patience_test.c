#include "patience.h"

#include "clock.h"
#include "test_main.h"

#define MS UINT64_C(1000000)

/* Looping guests have their CPU time, sleeping ones do not wait for a CPU: one more try each,
 * and no more time. */
static void who_hangs_is_tried_once_more(void **state) {
    (void)state;
    swapci_patience loops = SWAPCI_PATIENCE_INIT, sleeps = SWAPCI_PATIENCE_INIT;
    assert_true(swapci_patience_judge(&loops, 250, 250 * MS, 10 * MS));
    assert_int_equal(swapci_patience_ms(&loops, 250), 250);
    assert_false(swapci_patience_judge(&loops, 250, 250 * MS, 10 * MS));
    assert_true(swapci_patience_judge(&sleeps, 250, 1 * MS, 1 * MS));
    assert_int_equal(swapci_patience_ms(&sleeps, 250), 250);
    assert_false(swapci_patience_judge(&sleeps, 250, 1 * MS, 1 * MS));
}

static void who_had_no_CPU_has_twice_the_time_up_to_a_limit(void **state) {
    (void)state;
    swapci_patience p = SWAPCI_PATIENCE_INIT;
    for (uint32_t times = 2; times <= SWAPCI_PATIENCE_MOST; times *= 2) {
        assert_true(swapci_patience_judge(&p, 250, 5 * MS, 240 * MS));
        assert_int_equal(swapci_patience_ms(&p, 250), times * 250);
    }
    assert_false(swapci_patience_judge(&p, 250, 5 * MS, 240 * MS));
    assert_int_equal(swapci_patience_ms(&p, UINT32_MAX / 2), UINT32_MAX);
}

/* A loop on a crowded machine: over as soon as it had the CPU time. */
static void who_had_it_after_all_is_not_tried_again(void **state) {
    (void)state;
    swapci_patience p = SWAPCI_PATIENCE_INIT;
    assert_true(swapci_patience_judge(&p, 250, 50 * MS, 200 * MS));
    assert_true(swapci_patience_judge(&p, 250, 100 * MS, 400 * MS));
    assert_false(swapci_patience_judge(&p, 250, 200 * MS, 800 * MS));
}

static void it_is_measured_from_the_try_on(void **state) {
    (void)state;
    swapci_patience p = SWAPCI_PATIENCE_INIT;
    swapci_patience_try(&p);
    assert_true(p.waited_ns <= swapci_clock_thread_waited_ns());
    uint64_t until_ns = swapci_clock_thread_cpu_ns() + 3 * MS;
    while (swapci_clock_thread_cpu_ns() < until_ns) continue;
    assert_true(swapci_patience_again(&p, 2)); /* the first: in any case */
    assert_false(swapci_patience_again(&p, 2));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_hangs_is_tried_once_more),
        cmocka_unit_test(who_had_no_CPU_has_twice_the_time_up_to_a_limit),
        cmocka_unit_test(who_had_it_after_all_is_not_tried_again),
        cmocka_unit_test(it_is_measured_from_the_try_on),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
