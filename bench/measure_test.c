#include "measure.h"

#include "clock.h"
#include "test_main.h"

/* A contender that writes down what it was given. */
struct spy {
    unsigned seen[64]; /* how often each unit ran */
    unsigned runs, fail_at;
    atomic_int *stop_after; /* raised in the third run */
    volatile uint64_t work;
    unsigned amount;
};

static enum swapc_status run_spy(void *user, unsigned from, unsigned to, swapc_error *error) {
    struct spy *spy = user;
    spy->runs++;
    for (unsigned i = from; i < to; i++) spy->seen[i]++;
    for (uint64_t i = 0; i < (uint64_t)(to - from) * spy->amount; i++) spy->work += i;
    if (spy->stop_after && spy->runs == 3) atomic_store(spy->stop_after, 1);
    if (spy->fail_at != 0 && spy->runs == spy->fail_at)
        return swapc_error_set(error, SWAPC_TRAP, "told to");
    return SWAPC_OK;
}

static struct swapci_contender contender(struct spy *spy, unsigned units) {
    return (struct swapci_contender){.run = run_spy, .user = spy, .units = units};
}

/* Each unit once in the warm-up and once in each round, however units and slices divide. */
static void every_unit_runs_once_a_round(void **state) {
    (void)state;
    for (unsigned units = 1; units <= 20; units++) {
        struct spy spies[2] = {{.amount = 0}, {.amount = 0}};
        struct swapci_contender both[] = {contender(&spies[0], units), contender(&spies[1], 20)};
        struct swapci_measure m = {.contenders = both, .count = 2};
        const struct swapci_pace pace = {.rounds = 4};
        assert_int_equal(swapci_measure_run(&m, &pace, NULL), SWAPC_OK);
        assert_int_equal(m.rounds, 4);
        for (unsigned i = 0; i < units; i++) assert_int_equal(spies[0].seen[i], 5);
        for (unsigned i = 0; i < 20; i++) assert_int_equal(spies[1].seen[i], 5);
        swapci_measure_fini(&m);
    }
}

/* Four times the work is some four times the time: told from twice and from eight times. */
static void ratios_are_the_works(void **state) {
    (void)state;
    struct spy spies[2] = {{.amount = 20000}, {.amount = 80000}};
    struct swapci_contender both[] = {contender(&spies[0], 16), contender(&spies[1], 16)};
    struct swapci_measure m = {.contenders = both, .count = 2};
    const struct swapci_pace pace = {.rounds = 9};
    assert_int_equal(swapci_measure_run(&m, &pace, NULL), SWAPC_OK);
    struct swapci_spread ratio = swapci_measure_ratio(&m, 1, 0);
    assert_true(ratio.median > 2 && ratio.median < 8);
    assert_true(swapci_measure_ratio(&m, 0, 0).max == 1);
    assert_true(swapci_measure_cpu(&m, 0).median > 0);
    assert_true(swapci_measure_wall(&m, 0).min > 0);
    swapci_measure_fini(&m);
}

/* What an interrupt leaves is the rounds that were whole. */
static void an_interrupt_keeps_whole_rounds(void **state) {
    (void)state;
    atomic_int stop = 0;
    struct spy spy = {.stop_after = &stop};
    struct swapci_contender one[] = {contender(&spy, 1)};
    struct swapci_measure m = {.contenders = one, .count = 1, .slices = 1};
    const struct swapci_pace pace = {.rounds = 1000, .stop = &stop};
    assert_int_equal(swapci_measure_run(&m, &pace, NULL), SWAPC_OK);
    assert_true(m.interrupted);
    assert_int_equal(m.rounds, 2); /* the first run was the warm-up */
    assert_int_equal(spy.runs, 3);
    swapci_measure_fini(&m);
}

static void a_failure_ends_it(void **state) {
    (void)state;
    struct spy spy = {.fail_at = 5};
    struct swapci_contender one[] = {contender(&spy, 8)};
    struct swapci_measure m = {.contenders = one, .count = 1};
    const struct swapci_pace pace = {.rounds = 1000};
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_measure_run(&m, &pace, &error), SWAPC_TRAP);
    assert_int_equal(spy.runs, 5);
    swapci_measure_fini(&m);
}

/* Time that is up ends it after three rounds, never before. */
static void time_that_is_up_leaves_three_rounds(void **state) {
    (void)state;
    struct spy spy = {.amount = 0};
    struct swapci_contender one[] = {contender(&spy, 1)};
    struct swapci_measure m = {.contenders = one, .count = 1};
    const struct swapci_pace pace = {.rounds = 1000, .until_ns = 1};
    assert_int_equal(swapci_measure_run(&m, &pace, NULL), SWAPC_OK);
    assert_int_equal(m.rounds, 3);
    assert_false(m.interrupted);
    swapci_measure_fini(&m);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_runs_once_a_round),
        cmocka_unit_test(ratios_are_the_works),
        cmocka_unit_test(an_interrupt_keeps_whole_rounds),
        cmocka_unit_test(a_failure_ends_it),
        cmocka_unit_test(time_that_is_up_leaves_three_rounds),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
