#include "stream_fixture.h"

#include <string.h>

#include "lease.h"

typedef struct scene {
    swapci_redis *redis;
    swapci_stream_names names;
} scene;

static scene scene_open(void) {
    return (scene){fixture_open(0), fixture_names()};
}

static swapci_lease lease_at(scene *s, const char *place) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_lease lease;
    fixture_ok(swapci_lease_init(&lease, &s->names, "one", place, &error), &error);
    return lease;
}

static bool hold(scene *s, swapci_lease *lease, bool taken) {
    swapc_error error = SWAPC_ERROR_INIT;
    bool recalled;
    fixture_ok(swapci_lease_hold(s->redis, lease, taken, &recalled, &error), &error);
    return recalled;
}

static void expire(scene *s) {
    assert_int_equal(fixture_integer(s->redis, "DEL %s:lease:one", s->names.prefix), 1);
}

static void one_owner_at_a_time(void **state) {
    scene s = scene_open();
    swapci_lease a = lease_at(&s, NULL), b = lease_at(&s, NULL);
    (void)state;
    assert_false(swapci_lease_fresh(&a));
    hold(&s, &a, false);
    assert_true(swapci_lease_fresh(&a));
    hold(&s, &b, false);
    assert_false(b.held);
    assert_false(swapci_lease_fresh(&b));
    assert_true(b.others_ms > 0 && b.others_ms <= SWAPCI_LEASE_MS);
    hold(&s, &a, false);
    assert_true(a.held);
    expire(&s);
    hold(&s, &b, false);
    assert_true(b.held);
    hold(&s, &a, false); /* as one that was stopped beyond its lease */
    assert_false(a.held);
    swapci_redis_free(s.redis);
}

static void the_next_at_a_place_takes_over_at_once(void **state) {
    scene s = scene_open();
    swapci_lease a = lease_at(&s, "boot/1/ring"), b = lease_at(&s, "boot/1/ring");
    swapci_lease elsewhere = lease_at(&s, "boot/2/ring"), nowhere = lease_at(&s, "");
    (void)state;
    hold(&s, &a, false);
    hold(&s, &elsewhere, false);
    assert_false(elsewhere.held);
    hold(&s, &nowhere, false);
    assert_false(nowhere.held);
    hold(&s, &b, false);
    assert_true(b.held);
    expire(&s);
    hold(&s, &nowhere, false); /* a lease without a place is nobody's successor */
    assert_true(nowhere.held);
    swapci_lease nobody = lease_at(&s, "");
    hold(&s, &nobody, false);
    assert_false(nobody.held);
    swapci_redis_free(s.redis);
}

static void what_was_taken_late_is_recalled_once(void **state) {
    scene s = scene_open();
    swapci_lease a = lease_at(&s, NULL), b = lease_at(&s, NULL);
    (void)state;
    hold(&s, &a, false);
    expire(&s);
    assert_false(hold(&s, &b, false));
    assert_false(hold(&s, &a, true));
    assert_false(a.held);
    assert_true(hold(&s, &b, false));
    assert_false(hold(&s, &b, false));
    swapci_redis_free(s.redis);
}

static void a_refusal_leaves_the_recall_for_the_next_time(void **state) {
    scene s = scene_open();
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_lease a = lease_at(&s, NULL), b = lease_at(&s, NULL);
    bool recalled;
    (void)state;
    hold(&s, &b, false);
    hold(&s, &a, true);
    assert_false(a.held);
    fixture_command(s.redis, "CONFIG SET maxmemory 1"); /* SET is refused, DEL is not */
    assert_int_equal(swapci_lease_hold(s.redis, &b, false, &recalled, &error), SWAPC_PROTOCOL);
    fixture_command(s.redis, "CONFIG SET maxmemory 0");
    assert_true(hold(&s, &b, false));
    assert_false(hold(&s, &b, false));
    swapci_redis_free(s.redis);
}

static void a_lease_can_be_shorter(void **state) {
    scene s = scene_open();
    swapci_lease a = lease_at(&s, NULL);
    (void)state;
    a.ms = SWAPCI_LEASE_MS / 2;
    hold(&s, &a, false);
    assert_true(fixture_integer(s.redis, "PTTL %s:lease:one", s.names.prefix) <= (long long)a.ms);
    assert_true(a.until_ns < swapci_lease_now_ns() + a.ms * UINT64_C(1000000));
    swapci_redis_free(s.redis);
}

/* Persisted, or restored without its end. */
static void a_lease_without_an_end_ends_all_the_same(void **state) {
    scene s = scene_open();
    swapci_lease a = lease_at(&s, NULL), b = lease_at(&s, NULL);
    (void)state;
    hold(&s, &a, false);
    assert_int_equal(fixture_integer(s.redis, "PERSIST %s:lease:one", s.names.prefix), 1);
    hold(&s, &b, false);
    assert_false(b.held); /* the owner may be there yet */
    assert_true(b.others_ms > 0);
    assert_true(fixture_integer(s.redis, "PTTL %s:lease:one", s.names.prefix) > 0);
    /* One with an end that lies far off, as the server's clock went back. */
    fixture_integer(s.redis, "PEXPIRE %s:lease:one 3600000", s.names.prefix);
    hold(&s, &b, false);
    assert_true(b.others_ms > 0 && b.others_ms <= SWAPCI_LEASE_MS);
    assert_true(fixture_integer(s.redis, "PTTL %s:lease:one", s.names.prefix) <= SWAPCI_LEASE_MS);
    swapci_redis_free(s.redis);
}

static void only_the_owner_leaves(void **state) {
    scene s = scene_open();
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_lease a = lease_at(&s, NULL), b = lease_at(&s, NULL);
    (void)state;
    fixture_ok(swapci_stream_create(s.redis, &s.names, &error), &error);
    hold(&s, &b, false);
    fixture_ok(swapci_lease_leave(s.redis, &s.names, &a, "one", &error), &error);
    assert_int_equal(fixture_integer(s.redis, "EXISTS %s:lease:one", s.names.prefix), 1);
    fixture_ok(swapci_lease_leave(s.redis, &s.names, &b, "one", &error), &error);
    assert_int_equal(fixture_integer(s.redis, "EXISTS %s:lease:one", s.names.prefix), 0);
    swapci_redis_free(s.redis);
}

static void another_kind_of_key_is_refused(void **state) {
    scene s = scene_open();
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_lease a = lease_at(&s, NULL);
    bool recalled;
    (void)state;
    fixture_integer(s.redis, "LPUSH %s:lease:one x", s.names.prefix);
    assert_int_equal(swapci_lease_hold(s.redis, &a, false, &recalled, &error), SWAPC_PROTOCOL);
    assert_false(swapci_lease_fresh(&a));
    expire(&s);
    hold(&s, &a, false);
    assert_true(a.held);
    swapci_redis_free(s.redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_owner_at_a_time),
        cmocka_unit_test(the_next_at_a_place_takes_over_at_once),
        cmocka_unit_test(what_was_taken_late_is_recalled_once),
        cmocka_unit_test(a_refusal_leaves_the_recall_for_the_next_time),
        cmocka_unit_test(a_lease_can_be_shorter),
        cmocka_unit_test(a_lease_without_an_end_ends_all_the_same),
        cmocka_unit_test(only_the_owner_leaves),
        cmocka_unit_test(another_kind_of_key_is_refused),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
