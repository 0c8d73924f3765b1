/* Members that are counted, not worked: how they come, go, fail, and are looked at meanwhile. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "fleet.h"
#include "test_main.h"

enum { COUNT = 4 };

struct yard {
    atomic_uint opened[COUNT], closed[COUNT], asked[COUNT];
    atomic_uint kept;
    atomic_bool stubborn; /* members end only when they are pressed */
    atomic_bool breaks;   /* the next to close fails */
    atomic_bool shut;     /* none can be opened */
    atomic_bool slow;     /* to open: for as long as it is wanted */
    atomic_uint opening;
    atomic_uint looks; /* whether members have ended */
    atomic_uint troubled;
};

struct worker {
    struct yard *yard;
    unsigned k;
    atomic_bool over;
    atomic_int *stop;
};

static void nap(void) {
    nanosleep(&(struct timespec){0, 2000000}, NULL);
}

static enum swapc_status yard_open(void *user, unsigned k, atomic_int *stop, void **member,
                                   swapc_error *error) {
    struct yard *y = user;
    atomic_fetch_add(&y->opening, 1);
    while (atomic_load(&y->slow) && !atomic_load(stop)) nap();
    if (atomic_load(&y->slow)) return SWAPC_INTERRUPTED;
    if (atomic_load(&y->shut)) return swapc_error_set(error, SWAPC_PROTOCOL, "%u is shut", k);
    struct worker *w = calloc(1, sizeof *w);
    *w = (struct worker){.yard = y, .k = k, .stop = stop};
    /* Never two of one number. */
    assert_int_equal(atomic_fetch_add(&y->opened[k], 1), atomic_load(&y->closed[k]));
    *member = w;
    return SWAPC_OK;
}

static enum swapc_status yard_start(void *member, swapc_error *error) {
    (void)member;
    (void)error;
    return SWAPC_OK;
}

static void hear(enum swapc_log_level level, const char *source, const char *message, void *user) {
    struct yard *y = user;
    assert_int_equal(level, SWAPC_LOG_WARN);
    assert_string_equal(source, "test");
    assert_string_equal(message,
                        "partition {b.1} cannot be worked on, and is tried again: 1 is shut");
    atomic_fetch_add(&y->troubled, 1);
}

static void yard_end(void *member, bool now) {
    struct worker *w = member;
    struct yard *y = w->yard;
    if (atomic_fetch_add(&y->asked[w->k], 1) == 0 && atomic_load(&y->stubborn))
        assert_int_equal(atomic_load(w->stop), 0); /* what is in hand may need it */
    if (now || !atomic_load(&y->stubborn)) atomic_store(&w->over, true);
}

static bool yard_ended(void *member) {
    atomic_fetch_add(&((struct worker *)member)->yard->looks, 1);
    return atomic_load(&((struct worker *)member)->over);
}

static void yard_keep(void *user, void *member) {
    (void)member;
    atomic_fetch_add(&((struct yard *)user)->kept, 1);
}

static enum swapc_status yard_join(void *member, swapc_error *error) {
    const struct worker *w = member;
    if (!atomic_exchange(&w->yard->breaks, false)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_PROTOCOL, "number %u broke", w->k);
}

static void yard_close(void *member) {
    const struct worker *w = member;
    atomic_fetch_add(&w->yard->closed[w->k], 1);
    free(member);
}

static const struct swapci_fleet_ops yard_ops = {.open = yard_open,
                                                 .start = yard_start,
                                                 .end = yard_end,
                                                 .ended = yard_ended,
                                                 .keep = yard_keep,
                                                 .join = yard_join,
                                                 .close = yard_close};

static void count(void *context, unsigned k, void *member) {
    assert_int_equal(((struct worker *)member)->k, k);
    ++*(unsigned *)context;
}

static unsigned working(swapci_fleet *fleet) {
    unsigned n = 0;
    swapci_fleet_each(fleet, NULL, count, &n);
    return n;
}

static swapci_fleet *fleet_of(struct yard *yard) {
    static const swapci_partitions partitions = {.count = COUNT, .prefix = "b"};
    const swapci_fleet_config config = {.ops = &yard_ops,
                                        .user = yard,
                                        .partitions = &partitions,
                                        .log_role = "test",
                                        .log = {hear, yard, SWAPC_LOG_WARN}};
    swapci_fleet *fleet = NULL;
    assert_int_equal(swapci_fleet_new(&config, &fleet, NULL), SWAPC_OK);
    return fleet;
}

static void members_come_and_go_as_wished(void **state) {
    struct yard yard = {.kept = 0};
    swapci_fleet *fleet = fleet_of(&yard);
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned k = 0; k < COUNT; k++) swapci_fleet_wish(fleet, k, SWAPCI_FLEET_IN);
        while (working(fleet) < COUNT) nap();
        swapci_fleet_wish(fleet, round % COUNT, SWAPCI_FLEET_OUT);
        while (swapci_fleet_busy(fleet, round % COUNT)) nap();
        assert_int_equal(working(fleet), COUNT - 1);
        assert_int_equal(yard.kept, round + 1);
    }
    assert_false(swapci_fleet_ended(fleet));
    assert_int_equal(swapci_fleet_join(fleet, NULL), SWAPC_OK);
    assert_true(swapci_fleet_ended(fleet));
    assert_int_equal(yard.kept, 20 + COUNT - 1);
    swapci_fleet_free(fleet);
}

/* Hundreds of members that work have as many threads to look at them. */
static void who_works_is_looked_at_seldom(void **state) {
    struct yard yard = {.kept = 0};
    swapci_fleet *fleet = fleet_of(&yard);
    (void)state;
    for (unsigned k = 0; k < COUNT; k++) swapci_fleet_wish(fleet, k, SWAPCI_FLEET_IN);
    while (working(fleet) < COUNT) nap();
    uint64_t start_ns = swapci_clock_monotonic_ns();
    unsigned before = yard.looks;
    for (unsigned i = 0; i < 10; i++) { /* what is wished of one does not rouse the others */
        swapci_fleet_wish(fleet, 0, i % 2 ? SWAPCI_FLEET_IN : SWAPCI_FLEET_FIRST);
        for (unsigned j = 0; j < 20; j++) nap();
    }
    unsigned looks = yard.looks - before; /* four a second at each; where one is asked to end, 50 */
    uint64_t took_ms = (swapci_clock_monotonic_ns() - start_ns) / 1000000u;
    assert_true(looks <= COUNT * (2 + took_ms / 125) + 20);
    assert_int_equal(swapci_fleet_join(fleet, NULL), SWAPC_OK);
    swapci_fleet_free(fleet);
}

/* What does not end when it is asked is pressed. */
static void who_does_not_end_is_pressed(void **state) {
    struct yard yard = {.stubborn = true};
    swapci_fleet *fleet = fleet_of(&yard);
    (void)state;
    swapci_fleet_wish(fleet, 0, SWAPCI_FLEET_IN);
    swapci_fleet_wish(fleet, 1, SWAPCI_FLEET_IN);
    while (working(fleet) < 2) nap();
    swapci_fleet_wish(fleet, 0, SWAPCI_FLEET_OUT);
    while (swapci_fleet_busy(fleet, 0)) nap();
    assert_int_equal(yard.asked[0], 2);
    swapci_fleet_wish(fleet, 1, SWAPCI_FLEET_OUT_NOW);
    while (swapci_fleet_busy(fleet, 1)) nap();
    assert_int_equal(yard.asked[1], 1);
    assert_int_equal(swapci_fleet_join(fleet, NULL), SWAPC_OK);
    swapci_fleet_free(fleet);
}

static void a_failure_ends_all_and_is_told(void **state) {
    struct yard yard = {.kept = 0};
    swapci_fleet *fleet = fleet_of(&yard);
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    for (unsigned k = 0; k < COUNT; k++) swapci_fleet_wish(fleet, k, SWAPCI_FLEET_IN);
    while (working(fleet) < COUNT) nap();
    atomic_store(&yard.breaks, true);
    swapci_fleet_wish(fleet, 2, SWAPCI_FLEET_OUT);
    while (!swapci_fleet_ended(fleet)) nap();
    assert_true(swapci_fleet_failed(fleet));
    assert_int_equal(swapci_fleet_join(fleet, &error), SWAPC_PROTOCOL);
    assert_string_equal(error.text, "partition {b.2}: number 2 broke");
    swapci_fleet_free(fleet);
}

/* The stop flag of one that is to go at once has risen, and is low again for its successor. */
static void a_member_that_is_wanted_again_works_again(void **state) {
    struct yard yard = {.kept = 0};
    swapci_fleet *fleet = fleet_of(&yard);
    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        swapci_fleet_wish(fleet, 3, SWAPCI_FLEET_IN);
        while (working(fleet) == 0) nap();
        swapci_fleet_wish(fleet, 3, SWAPCI_FLEET_OUT_NOW);
        swapci_fleet_wish(fleet, 3, SWAPCI_FLEET_IN);
    }
    assert_int_equal(swapci_fleet_join(fleet, NULL), SWAPC_OK);
    assert_int_equal(yard.opened[3], yard.closed[3]);
    swapci_fleet_free(fleet);
}

/* What a process begins with has to be right; what it is given later, or has worked on, may be so again. */
static void what_cannot_be_opened_ends_all_at_first_and_is_tried_again_later(void **state) {
    struct yard yard = {.shut = true};
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_fleet *fleet = fleet_of(&yard);
    (void)state;
    swapci_fleet_wish(fleet, 1, SWAPCI_FLEET_FIRST);
    while (!swapci_fleet_ended(fleet)) nap();
    assert_int_equal(swapci_fleet_join(fleet, &error), SWAPC_PROTOCOL);
    assert_string_equal(error.text, "partition {b.1}: 1 is shut");
    swapci_fleet_free(fleet);
    static const enum swapci_fleet_wish wishes[] = {SWAPCI_FLEET_IN, SWAPCI_FLEET_FIRST};
    fleet = fleet_of(&yard);
    for (unsigned i = 0; i < 2; i++) {
        atomic_store(&yard.shut, true);
        swapci_fleet_wish(fleet, 1, wishes[i]);
        char why[64];
        while (!swapci_fleet_trouble(fleet, 1, why, sizeof why) || yard.troubled <= i) nap();
        assert_string_equal(why, "1 is shut");
        assert_false(swapci_fleet_trouble(fleet, 0, why, sizeof why));
        assert_false(swapci_fleet_failed(fleet));
        atomic_store(&yard.shut, false);
        while (working(fleet) == 0) nap();
        assert_false(swapci_fleet_trouble(fleet, 1, why, sizeof why));
        assert_string_equal(why, "");
        swapci_fleet_wish(fleet, 1, SWAPCI_FLEET_OUT);
        while (swapci_fleet_busy(fleet, 1)) nap();
    }
    assert_int_equal(swapci_fleet_join(fleet, NULL), SWAPC_OK);
    swapci_fleet_free(fleet);
}

static void what_is_not_wanted_any_more_is_not_opened(void **state) {
    struct yard yard = {.slow = true};
    swapci_fleet *fleet = fleet_of(&yard);
    (void)state;
    swapci_fleet_wish(fleet, 2, SWAPCI_FLEET_IN);
    while (yard.opening == 0) nap();
    swapci_fleet_wish(fleet, 2, SWAPCI_FLEET_OUT);
    while (swapci_fleet_busy(fleet, 2)) nap();
    assert_int_equal(yard.opened[2], 0);
    assert_int_equal(swapci_fleet_join(fleet, NULL), SWAPC_OK);
    swapci_fleet_free(fleet);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_and_go_as_wished),
        cmocka_unit_test(who_works_is_looked_at_seldom),
        cmocka_unit_test(who_does_not_end_is_pressed),
        cmocka_unit_test(a_failure_ends_all_and_is_told),
        cmocka_unit_test(what_cannot_be_opened_ends_all_at_first_and_is_tried_again_later),
        cmocka_unit_test(what_is_not_wanted_any_more_is_not_opened),
        cmocka_unit_test(a_member_that_is_wanted_again_works_again),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
