#include "ring_wait.h"

#include "test_main.h"

/* One sleeper and one waker, every order of their steps, on one thread: sleep only reports whether
 * the kernel would have let it sleep. */
enum { SLEEPER_STEPS = 3, WAKER_STEPS = 2, ROUSING_STEPS = 3 };

struct world {
    swapci_ring_waiter waiter;
    _Atomic uint64_t counter;
    uint32_t seq;
    int found; /* the sleeper saw its place reached */
    int slept; /* the kernel would have let it sleep */
    int woken; /* a wake came after that */
};

static void sleeper_step(struct world *w, int step) {
    if (step == 0) w->seq = swapci_ring_wait_begin(&w->waiter, 1);
    else if (step == 1) w->found = atomic_load(&w->counter) >= 1;
    else if (!w->found) w->slept = swapci_ring_wait_sleep(&w->waiter, w->seq, 0);
}

static void waker_step(struct world *w, int step) {
    if (step == 0) atomic_store(&w->counter, 1);
    else if (swapci_ring_wait_notify(&w->waiter, 1) && w->slept) w->woken = 1;
}

/* Who rouses first, and is then a waker. */
static void rousing_step(struct world *w, int step) {
    if (step > 0) waker_step(w, step - 1);
    else if (swapci_ring_wait_rouse(&w->waiter) && w->slept) w->woken = 1;
}

/* Returns how many orders there are. */
static int try_orders(int steps, void (*step)(struct world *w, int step)) {
    int orders = 0;
    for (unsigned order = 0; order < 1u << (SLEEPER_STEPS + steps); order++) {
        if (__builtin_popcount(order) != steps) continue;
        struct world w = {.found = 0};
        int sleeper = 0, waker = 0;
        for (int i = 0; i < SLEEPER_STEPS + steps; i++)
            if (order >> i & 1) step(&w, waker++);
            else sleeper_step(&w, sleeper++);
        if (w.slept && !w.woken) fail_msg("order %u sleeps for ever", order);
        orders++;
    }
    return orders;
}

static void no_order_loses_a_wake(void **state) {
    (void)state;
    assert_int_equal(try_orders(WAKER_STEPS, waker_step), 10);
    assert_int_equal(try_orders(ROUSING_STEPS, rousing_step), 20);
}

static void wakes_only_at_the_place(void **state) {
    swapci_ring_waiter waiter = {0};
    (void)state;
    assert_int_equal(swapci_ring_wait_notify(&waiter, 100), 0); /* nobody sleeps */
    swapci_ring_wait_begin(&waiter, 100);
    assert_int_equal(swapci_ring_wait_notify(&waiter, 99), 0);
    assert_int_equal(swapci_ring_wait_notify(&waiter, 100), 1);
    assert_int_equal(swapci_ring_wait_notify(&waiter, 101), 0); /* once a sleep */
    swapci_ring_wait_begin(&waiter, UINT64_MAX);
    assert_int_equal(swapci_ring_wait_notify(&waiter, UINT64_MAX - 1), 0);
    assert_int_equal(swapci_ring_wait_notify(&waiter, 1), 1); /* the counter went round */
    swapci_ring_wait_begin(&waiter, 1);
    swapci_ring_wait_end(&waiter);
    assert_int_equal(swapci_ring_wait_notify(&waiter, 2), 0);
}

static void wake_between_look_and_sleep(void **state) {
    swapci_ring_waiter waiter = {0};
    (void)state;
    uint32_t seq = swapci_ring_wait_begin(&waiter, 1);
    assert_int_equal(swapci_ring_wait_sleep(&waiter, seq, 1), 1);
    swapci_ring_wait_wake(&waiter);
    assert_int_equal(swapci_ring_wait_sleep(&waiter, seq, 60000), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_order_loses_a_wake),
        cmocka_unit_test(wakes_only_at_the_place),
        cmocka_unit_test(wake_between_look_and_sleep),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
