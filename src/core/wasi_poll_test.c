/* poll_oneoff: sleeping under the call's deadline, and descriptors that are always ready. */
#include <pthread.h>
#include <time.h>

#include "clock.h"
#include "test_main.h"
#include "wasi.h"

enum { MEMORY = 65536, IN = 0x1000, OUT = 0x2000, COUNT = 0x3000 };
enum { CLOCK = 0, READ = 1, WRITE = 2, REALTIME = 0, MONOTONIC = 1 };
enum { SUCCESS = 0, BADF = 8, INVAL = 28 };

struct bench {
    uint8_t bytes[MEMORY];
    swapc_host_config host;
    swapc_limits limits;
    swapc_run run;
    swapc_call call;
    swapc_reply reply;
    uint32_t subscriptions;
};

static int setup(void **state) {
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    memset(bench.bytes, 0xee, MEMORY);
    bench.call.host = &bench.host;
    bench.call.limits = &bench.limits;
    bench.call.module_name = "tested";
    swapci_call_begin(&bench.call, swapc_bytes_of(NULL, 0), swapc_bytes_of(NULL, 0), &bench.reply,
                      NULL, 0);
    bench.call.run = &bench.run;
    *state = &bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    swapci_call_fini(&b->call);
    return 0;
}

/* Appends a subscription; id is its clock or its descriptor. */
static void subscribe(struct bench *b, uint64_t userdata, uint8_t tag, uint32_t id,
                      uint64_t timeout, uint16_t flags) {
    uint8_t *at = b->bytes + IN + 48 * b->subscriptions++;
    memset(at, 0, 48);
    memcpy(at, &userdata, 8);
    at[8] = tag;
    memcpy(at + 16, &id, 4);
    if (tag != CLOCK) return;
    memcpy(at + 24, &timeout, 8);
    memcpy(at + 40, &flags, 2);
}

static enum swapc_status poll_at(struct bench *b, const uint64_t args[4], uint64_t *result) {
    return swapci_wasi_poll_oneoff(&b->call, (swapc_memory){b->bytes, MEMORY}, args, result);
}

static enum swapc_status poll_status(struct bench *b) {
    uint64_t result = 999;
    return poll_at(b, (const uint64_t[]){IN, OUT, b->subscriptions, COUNT}, &result);
}

/* Polls what was subscribed; returns the number of events. */
static uint32_t poll_all(struct bench *b) {
    uint64_t result = 999;
    uint32_t count;
    enum swapc_status status =
        poll_at(b, (const uint64_t[]){IN, OUT, b->subscriptions, COUNT}, &result);
    assert_int_equal(status, SWAPC_OK);
    assert_int_equal(result, SUCCESS);
    memcpy(&count, b->bytes + COUNT, 4);
    return count;
}

static void assert_event(const struct bench *b, int index, uint64_t userdata, uint16_t code,
                         uint8_t tag) {
    const uint8_t *at = b->bytes + OUT + 32 * index;
    uint64_t got_userdata;
    uint16_t got_code;
    memcpy(&got_userdata, at, 8);
    memcpy(&got_code, at + 8, 2);
    assert_int_equal(got_userdata, userdata);
    assert_int_equal(got_code, code);
    assert_int_equal(at[10], tag);
}

static void a_sleep_is_not_shorter_than_asked(void **state) {
    struct bench *b = *state;
    subscribe(b, 0x1122334455667788u, CLOCK, MONOTONIC, 2000000, 0);
    uint64_t begun = swapci_clock_monotonic_ns();
    assert_int_equal(poll_all(b), 1);
    assert_true(swapci_clock_monotonic_ns() - begun >= 2000000);
    assert_event(b, 0, 0x1122334455667788u, SUCCESS, CLOCK);
    assert_int_equal(b->bytes[OUT + 32], 0xee);
}

/* Were it taken for a relative time, the sleep would last for decades and meet the deadline. */
static void absolute_times_are_of_their_clock(void **state) {
    struct bench *b = *state;
    b->run.deadline_ns = swapci_clock_monotonic_ns() + 10000000000u;
    subscribe(b, 1, CLOCK, MONOTONIC, swapci_clock_monotonic_ns() + 1000000, 1);
    assert_int_equal(poll_all(b), 1);
    b->subscriptions = 0;
    subscribe(b, 2, CLOCK, REALTIME, swapci_clock_realtime_us() * 1000 + 1000000, 1);
    assert_int_equal(poll_all(b), 1);
    b->subscriptions = 0;
    subscribe(b, 3, CLOCK, REALTIME, 1, 1);
    assert_int_equal(poll_all(b), 1);
    assert_event(b, 0, 3, SUCCESS, CLOCK);
}

static void only_what_is_due_is_an_event(void **state) {
    struct bench *b = *state;
    b->run.deadline_ns = swapci_clock_monotonic_ns() + 10000000000u;
    subscribe(b, 1, CLOCK, MONOTONIC, UINT64_MAX, 0);
    subscribe(b, 2, CLOCK, REALTIME, 1000, 0);
    subscribe(b, 3, CLOCK, MONOTONIC, UINT64_MAX, 1);
    subscribe(b, 4, CLOCK, REALTIME, UINT64_MAX, 1);
    assert_int_equal(poll_all(b), 1);
    assert_event(b, 0, 2, SUCCESS, CLOCK);
}

/* They would never end a sleep otherwise. */
static void what_cannot_be_waited_for_answers_at_once(void **state) {
    struct bench *b = *state;
    b->run.deadline_ns = swapci_clock_monotonic_ns() + 10000000000u;
    subscribe(b, 1, CLOCK, MONOTONIC, UINT64_MAX, 0);
    subscribe(b, 2, CLOCK, 2, UINT64_MAX, 0);
    subscribe(b, 3, 3, 0, 0, 0);
    subscribe(b, 4, READ, 1, 0, 0);
    subscribe(b, 5, READ, 3, 0, 0);
    subscribe(b, 6, WRITE, 0, 0, 0);
    assert_int_equal(poll_all(b), 5);
    assert_event(b, 0, 2, INVAL, CLOCK);
    assert_event(b, 1, 3, INVAL, 3);
    assert_event(b, 2, 4, BADF, READ);
    assert_event(b, 3, 5, BADF, READ);
    assert_event(b, 4, 6, BADF, WRITE);
}

static void standard_descriptors_are_ready(void **state) {
    struct bench *b = *state;
    subscribe(b, 1, READ, 0, 0, 0);
    subscribe(b, 2, WRITE, 1, 0, 0);
    subscribe(b, 3, WRITE, 2, 0, 0);
    assert_int_equal(poll_all(b), 3);
    assert_event(b, 0, 1, SUCCESS, READ);
    assert_int_equal(b->bytes[OUT + 24], 1); /* hung up: standard input is at its end */
    assert_event(b, 1, 2, SUCCESS, WRITE);
    assert_event(b, 2, 3, SUCCESS, WRITE);
}

static void the_deadline_wakes(void **state) {
    struct bench *b = *state;
    b->run.deadline_ns = swapci_clock_monotonic_ns() + 5000000;
    subscribe(b, 1, CLOCK, MONOTONIC, UINT64_MAX, 0);
    assert_int_equal(poll_status(b), SWAPC_DEADLINE);
    assert_int_equal(b->call.report.status, SWAPC_DEADLINE);
}

static void *cancel_later(void *flag) {
    const struct timespec pause = {0, 5000000};
    nanosleep(&pause, NULL);
    __atomic_store_n((int *)flag, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void cancelling_wakes(void **state) {
    struct bench *b = *state;
    int flag = 0;
    pthread_t other;
    b->run.cancel = &flag;
    subscribe(b, 1, CLOCK, MONOTONIC, UINT64_MAX, 0);
    assert_int_equal(pthread_create(&other, NULL, cancel_later, &flag), 0);
    assert_int_equal(poll_status(b), SWAPC_CANCELLED);
    assert_int_equal(pthread_join(other, NULL), 0);
}

static void waiting_for_nothing_is_refused(void **state) {
    struct bench *b = *state;
    uint64_t result = 999;
    assert_int_equal(poll_at(b, (const uint64_t[]){IN, OUT, 0, COUNT}, &result), SWAPC_OK);
    assert_int_equal(result, INVAL);
}

static void spans_outside_trap(void **state) {
    struct bench *b = *state;
    const uint64_t rows[][4] = {{MEMORY - 47, OUT, 1, COUNT}, {IN, MEMORY - 31, 1, COUNT},
                                {IN, OUT, 1, MEMORY - 3},     {0, 0, UINT32_MAX, COUNT},
                                {0, 0, 1366, COUNT},          {UINT32_MAX, OUT, 1, COUNT}};
    subscribe(b, 1, CLOCK, MONOTONIC, 0, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t result = 999;
        assert_int_equal(poll_at(b, rows[i], &result), SWAPC_TRAP_MEMORY);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sleep_is_not_shorter_than_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(absolute_times_are_of_their_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_is_due_is_an_event, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_waited_for_answers_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(standard_descriptors_are_ready, setup, teardown),
        cmocka_unit_test_setup_teardown(the_deadline_wakes, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelling_wakes, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_for_nothing_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(spans_outside_trap, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
