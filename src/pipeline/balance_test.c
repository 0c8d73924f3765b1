#include "balance.h"

#include <stdio.h>
#include <string.h>

#include "lease.h"
#include "stream_fixture.h"

enum { MEMBERS = 12 };

typedef struct scene {
    swapci_redis *redis;
    unsigned count;
    swapci_balance members[MEMBERS];
    bool here[MEMBERS];
} scene;

static scene scene_open(unsigned count) {
    swapc_error error = SWAPC_ERROR_INIT;
    scene s = {.redis = fixture_open(0), .count = count};
    swapci_partitions p;
    fixture_ok(swapci_partitions_init(&p, "--stream", "b", count, "unix:x", &error), &error);
    for (unsigned i = 0; i < MEMBERS; i++)
        fixture_ok(swapci_balance_init(&s.members[i], &p, "signer", "one", &error), &error);
    swapci_partitions_fini(&p);
    return s;
}

static void beat(scene *s, unsigned i) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_balance *b = &s->members[i];
    fixture_ok(swapci_balance_beat(b, s->redis, &error), &error);
    s->here[i] = true;
}

static void leave(scene *s, unsigned i) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_balance_leave(&s->members[i], s->redis, &error), &error);
    s->here[i] = false;
}

static void set_end(scene *s, unsigned i, const char *end) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(s->redis, "a test", &reply, &error, "HSET %s m:%s %s",
                                 s->members[i].key, s->members[i].member, end),
               &error);
    freeReplyObject(reply);
}

/* As if it had not beaten for long: what the server's clock says is not waited for. */
static void die(scene *s, unsigned i) {
    set_end(s, i, "1");
    s->here[i] = false;
}

static unsigned has(const scene *s, unsigned i) {
    unsigned n = 0;
    for (unsigned k = 0; k < s->count; k++) n += s->members[i].mine[k];
    return n;
}

/* Who has partition k, as each member believes. */
static int owner(const scene *s, unsigned k) {
    int found = -1;
    for (unsigned i = 0; i < MEMBERS; i++)
        if (s->here[i] && s->members[i].mine[k]) {
            if (found >= 0) fail_msg("partition %u is of two", k);
            found = (int)i;
        }
    return found;
}

/* However crowded the machine is, nobody misses a beat. */
static void live_long(scene *s) {
    for (unsigned i = 0; i < MEMBERS; i++) s->members[i].out_ms = 600000;
}

/* All beat; then each partition has one owner and nobody one more than another by more than one. Returns how many have moved from
 * one that is still here to another. */
static unsigned settle(scene *s) {
    int before[SWAPCI_PARTITIONS_MAX];
    unsigned members = 0, least = s->count, most = 0, moved = 0;
    for (unsigned k = 0; k < s->count; k++) {
        before[k] = -1;
        for (unsigned i = 0; i < MEMBERS; i++)
            if (s->here[i] && s->members[i].mine[k] && before[k] < 0) before[k] = (int)i;
    }
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < MEMBERS; i++)
            if (s->here[i]) beat(s, i);
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (!s->here[i]) continue;
        unsigned n = has(s, i);
        members++;
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    assert_true(members == 0 || most - least <= 1);
    for (unsigned k = 0; k < s->count; k++) {
        int now = owner(s, k);
        assert_true(members == 0 || now >= 0);
        moved += before[k] >= 0 && now != before[k];
    }
    return moved;
}

static void each_number_of_members_has_fair_shares(void **state) {
    static const unsigned counts[] = {1, 2, 3, 4, 7, 16};
    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        scene s = scene_open(counts[c]);
        live_long(&s);
        for (unsigned i = 0; i < MEMBERS; i++) {
            s.here[i] = true;
            unsigned moved = settle(&s);
            assert_true(moved <= counts[c] / (i + 1) + 1); /* no more than its share */
            assert_int_equal(s.members[i].members, i + 1);
            assert_int_equal(settle(&s), 0);
        }
        for (unsigned i = 0; i + 1 < MEMBERS; i++) {
            leave(&s, i);
            assert_int_equal(settle(&s), 0); /* who stays keeps what he has */
        }
        swapci_redis_free(s.redis);
    }
}

static void who_dies_is_out_and_only_his_move(void **state) {
    scene s = scene_open(8);
    (void)state;
    live_long(&s);
    for (unsigned i = 0; i < 3; i++) s.here[i] = true;
    settle(&s);
    die(&s, 1);
    assert_int_equal(settle(&s), 0);
    assert_int_equal(s.members[0].members, 2);
    beat(&s, 1); /* woken */
    settle(&s);
    assert_int_equal(s.members[0].members, 3);
    swapci_redis_free(s.redis);
}

static void who_leaves_gives_at_once(void **state) {
    scene s = scene_open(4);
    (void)state;
    live_long(&s);
    beat(&s, 0);
    beat(&s, 1);
    beat(&s, 0);
    assert_int_equal(has(&s, 0), 2);
    leave(&s, 1);
    assert_int_equal(has(&s, 1), 0);
    beat(&s, 0);
    assert_int_equal(has(&s, 0), 4);
    leave(&s, 0);
    assert_int_equal(fixture_integer(s.redis, "EXISTS %s", s.members[0].key), 0);
    swapci_redis_free(s.redis);
}

static void a_hash_that_is_lost_is_made_anew(void **state) {
    scene s = scene_open(8);
    (void)state;
    live_long(&s);
    for (unsigned i = 0; i < 3; i++) s.here[i] = true;
    settle(&s);
    fixture_command(s.redis, "FLUSHALL");
    settle(&s); /* which looks at the shares */
    swapci_redis_free(s.redis);
}

static swapci_terms terms_of(const char *operation) {
    swapci_terms terms = {.what = "b"};
    swapci_terms_add(&terms, "--out", "o");
    swapci_terms_add(&terms, "--operation", operation);
    return terms;
}

static void who_comes_with_other_terms_is_none_of_them(void **state) {
    const swapci_terms price = terms_of("price"), weigh = terms_of("weigh");
    swapc_error error = SWAPC_ERROR_INIT;
    scene s = scene_open(4);
    (void)state;
    live_long(&s);
    s.members[0].terms = s.members[1].terms = &price;
    s.members[2].terms = &weigh;
    beat(&s, 0);
    assert_int_equal(swapci_balance_beat(&s.members[2], s.redis, &error), SWAPC_NOT_ALLOWED);
    assert_non_null(
        strstr(error.text, "--operation price, and this process has --operation weigh"));
    assert_int_equal(has(&s, 2), 0);
    beat(&s, 1);
    beat(&s, 0);
    assert_int_equal(has(&s, 0), 2);
    assert_int_equal(s.members[0].members, 2);
    leave(&s, 0);
    die(&s, 1);
    beat(&s, 2); /* nobody is there any more */
    assert_int_equal(has(&s, 2), 4);
    swapc_error_clear(&error);
    assert_int_equal(swapci_balance_beat(&s.members[1], s.redis, &error), SWAPC_NOT_ALLOWED);
    assert_int_equal(has(&s, 1), 0); /* woken, and too late */
    fixture_command(s.redis, "FLUSHALL");
    beat(&s, 1); /* first come */
    swapc_error_clear(&error);
    assert_int_equal(swapci_balance_beat(&s.members[2], s.redis, &error), SWAPC_NOT_ALLOWED);
    assert_int_equal(has(&s, 2), 0);
    beat(&s, 3); /* any will do */
    swapci_redis_free(s.redis);
}

/* As after the server's clock went back, by a minute or by hours, when its member died. */
static void an_end_far_off_is_none(void **state) {
    static const long long later_ms[] = {60000, 7200000};
    (void)state;
    for (size_t i = 0; i < sizeof later_ms / sizeof *later_ms; i++) {
        scene s = scene_open(2);
        char end[24];
        beat(&s, 0);
        snprintf(end, sizeof end, "%lld",
                 fixture_integer(s.redis, "EVAL %s 0", "return redis.call('TIME')[1] * 1000") +
                     later_ms[i]);
        set_end(&s, 0, end);
        beat(&s, 1);
        assert_int_equal(s.members[1].members, 1);
        assert_int_equal(has(&s, 1), 2);
        swapci_redis_free(s.redis);
    }
}

/* Members that are dead are forgotten, and so is all when nobody beats. */
static void nothing_grows(void **state) {
    scene s = scene_open(3);
    (void)state;
    live_long(&s);
    for (unsigned i = 0; i < MEMBERS; i++) {
        beat(&s, i);
        if (i > 0) die(&s, i - 1);
    }
    beat(&s, MEMBERS - 1);
    assert_int_equal(fixture_integer(s.redis, "HLEN %s", s.members[0].key), 1 + 3);
    assert_true(fixture_integer(s.redis, "PTTL %s", s.members[0].key) > 0);
    swapci_redis_free(s.redis);
}

/* By what the server keeps of a member that has just beaten, and of a lease that it has just taken: what is left of both, and the
 * beat after which the others know, and the one after which they have it. */
static void a_death_is_over_within_five_seconds(void **state) {
    static const char left_ms[] =
        "local t, all = redis.call('TIME'), redis.call('HGETALL', 'b:members:signer') "
        "for i = 1, #all, 2 do if string.sub(all[i], 1, 2) == 'm:' then "
        "return all[i + 1] - t[1] * 1000 - math.floor(t[2] / 1000) end end return 5000";
    scene s = scene_open(2);
    swapci_lease lease;
    swapc_error error = SWAPC_ERROR_INIT;
    bool recalled;
    (void)state;
    beat(&s, 0);
    long long left = fixture_integer(s.redis, "EVAL %s 0", left_ms);
    assert_true(left + 2 * SWAPCI_BALANCE_BEAT_MS < 5000);
    fixture_ok(swapci_lease_init_key(&lease, "{b.0}:owner:signer", NULL, &error), &error);
    lease.ms = SWAPCI_PARTITION_LEASE_MS;
    fixture_ok(swapci_lease_hold(s.redis, &lease, false, &recalled, &error), &error);
    left = fixture_integer(s.redis, "PTTL %s", lease.key);
    assert_int_not_equal(left, -1); /* it has no end */
    assert_true(left + SWAPCI_BALANCE_BEAT_MS < 5000);
    swapci_redis_free(s.redis);
}

static void each_right_is_named(void **state) {
    static const char *const rights[] = {"time", "hgetall", "hset", "hdel", "pexpire", "eval"};
    scene s = scene_open(3);
    swapci_redis *clerk = fixture_clerk(s.redis);
    (void)state;
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        char line[64];
        snprintf(line, sizeof line, "ACL SETUSER clerk -%s", rights[i]);
        fixture_allow_all(s.redis);
        fixture_command(s.redis, line);
        assert_int_equal(swapci_balance_beat(&s.members[0], clerk, &error), SWAPC_PROTOCOL);
        snprintf(line, sizeof line, "+%s", rights[i]);
        if (!strstr(error.text, line)) fail_msg("'%s' does not say '%s'", error.text, line);
    }
    swapci_redis_free(clerk);
    swapci_redis_free(s.redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_of_members_has_fair_shares),
        cmocka_unit_test(who_dies_is_out_and_only_his_move),
        cmocka_unit_test(who_leaves_gives_at_once),
        cmocka_unit_test(a_hash_that_is_lost_is_made_anew),
        cmocka_unit_test(who_comes_with_other_terms_is_none_of_them),
        cmocka_unit_test(an_end_far_off_is_none),
        cmocka_unit_test(nothing_grows),
        cmocka_unit_test(a_death_is_over_within_five_seconds),
        cmocka_unit_test(each_right_is_named),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
