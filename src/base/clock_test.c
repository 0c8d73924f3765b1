#include "clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "test_main.h"

static void monotonic_never_goes_back(void **state) {
    (void)state;
    uint64_t last = swapci_clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = swapci_clock_monotonic_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void realtime_is_in_microseconds(void **state) {
    (void)state;
    uint64_t before = (uint64_t)time(NULL);
    uint64_t us = swapci_clock_realtime_us();
    uint64_t after = (uint64_t)time(NULL) + 1;
    /* time() may lag the precise clock by a tick at the turn of a second */
    assert_in_range(us / 1000000u, before, after);
}

static void cpu_clocks_advance_with_work(void **state) {
    (void)state;
    uint64_t thread = swapci_clock_thread_cpu_ns();
    uint64_t process = swapci_clock_process_cpu_ns();
    volatile uint64_t sum = 0;
    while (swapci_clock_thread_cpu_ns() == thread)
        for (uint64_t i = 0; i < 10000; i++) sum += i;
    assert_true(swapci_clock_process_cpu_ns() > process);
}

static void expect_deadline(uint32_t span_ms, uint64_t tolerance_ns) {
    uint64_t span = (uint64_t)span_ms * 1000000u;
    uint64_t before = swapci_clock_monotonic_ns();
    uint64_t deadline = swapci_clock_deadline_ns(span_ms);
    uint64_t after = swapci_clock_monotonic_ns();
    assert_in_range(deadline, before + span - tolerance_ns, after + span + tolerance_ns);
}

/* Long ones are only looked at from 10 s on, where the part is more than any machine stands
 * still. */
static void deadlines_are_exact_or_long(void **state) {
    (void)state;
    static const uint32_t exact[] = {0, 1, 10, 100, 999}, longer[] = {10000, 60000, UINT32_MAX};
    for (unsigned i = 0; i < sizeof exact / sizeof *exact; i++) expect_deadline(exact[i], 0);
    for (unsigned i = 0; i < sizeof longer / sizeof *longer; i++)
        expect_deadline(longer[i], (uint64_t)longer[i] * 1000000u / 50);
}

/* At no time more than was given, nor more than a moment before; and all of it, but for the
 * fiftieth. */
static void what_is_left_is_no_more_than_was_given(void **state) {
    (void)state;
    static const uint32_t given[] = {0,    1,    999,   1000,  1001,    1019,
                                     1020, 1021, 10000, 60000, 3600000, UINT32_MAX};
    for (unsigned i = 0; i < sizeof given / sizeof *given; i++) {
        uint64_t before_ns = swapci_clock_monotonic_ns();
        uint64_t deadline = swapci_clock_deadline_ns(given[i]);
        uint64_t left = swapci_clock_left_ms(deadline);
        uint64_t passed_ms = (swapci_clock_monotonic_ns() - before_ns) / 1000000u;
        assert_true(left <= given[i]);
        if (given[i] >= 60000) assert_true(left + passed_ms >= given[i] / 50 * 48);
        assert_true(swapci_clock_left_ms(deadline) <= left);
    }
    uint64_t now = swapci_clock_monotonic_ns(), before = UINT64_MAX;
    assert_int_equal(swapci_clock_left_ms(now), 0);
    for (uint64_t ms = 3000; ms > 0; ms--) {
        uint64_t left = swapci_clock_left_ms(now + ms * 1000000u);
        assert_true(left <= before);
        before = left;
    }
}

static void *burn(void *user) {
    const atomic_bool *end = user;
    while (!atomic_load_explicit(end, memory_order_relaxed)) continue;
    return NULL;
}

/* Two threads on one processor: each waits while the other runs. */
static void who_waits_for_a_processor_is_told_so(void **state) {
    (void)state;
    cpu_set_t allowed, one;
    pthread_t other;
    atomic_bool end = false;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0 ||
        access("/proc/thread-self/schedstat", R_OK) != 0)
        skip();
    assert_int_equal(pthread_create(&other, NULL, burn, &end), 0);
    uint64_t before = swapci_clock_thread_waited_ns(), waited = before;
    while (waited < before + 1000000) {
        uint64_t now = swapci_clock_thread_waited_ns();
        assert_true(now >= waited);
        waited = now;
    }
    atomic_store(&end, true);
    pthread_join(other, NULL);
    sched_setaffinity(0, sizeof allowed, &allowed);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_never_goes_back),
        cmocka_unit_test(realtime_is_in_microseconds),
        cmocka_unit_test(cpu_clocks_advance_with_work),
        cmocka_unit_test(deadlines_are_exact_or_long),
        cmocka_unit_test(what_is_left_is_no_more_than_was_given),
        cmocka_unit_test(who_waits_for_a_processor_is_told_so),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
