/* What the members' threads share with the case: `owners`, how many work on a partition under its lease; `most`. */
#include "shares.h"

#include <string.h>

#include "lease.h"
#include "stream_fixture.h"

enum { PARTITIONS = 4 };

typedef struct scene {
    swapci_redis *redis;
    swapci_partitions partitions;
    atomic_int owners[PARTITIONS], most;
    atomic_bool fails; /* the work */
} scene;

static void nap(void) {
    swapci_redis_sleep(NULL, 5, NULL);
}

/* Holds the partition's lease for as long as it is to, as all works do. */
static enum swapc_status work(void *user, swapci_share *share, swapc_error *error) {
    scene *s = user;
    swapci_redis_config config = {.url = fixture_url(), .stop = &share->hurry};
    swapci_redis *redis = NULL;
    swapci_lease lease;
    char key[64];
    bool recalled;
    if (atomic_load(&s->fails)) return swapc_error_set(error, SWAPC_PROTOCOL, "it is refused");
    snprintf(key, sizeof key, "{b.%u}:owner", share->partition);
    enum swapc_status status = swapci_lease_init_key(&lease, key, NULL, error);
    lease.ms = SWAPCI_PARTITION_LEASE_MS;
    if (status == SWAPC_OK) status = swapci_redis_open(&config, &redis, error);
    if (status != SWAPC_OK) return status;
    while (status == SWAPC_OK && !lease.held && !atomic_load(&share->stop)) {
        status = swapci_lease_hold(redis, &lease, false, &recalled, error);
        nap();
    }
    if (status == SWAPC_OK && lease.held) {
        int now = 1 + atomic_fetch_add(&s->owners[share->partition], 1);
        if (now > atomic_load(&s->most)) atomic_store(&s->most, now);
        atomic_store(&share->up, true);
        while (!atomic_load(&share->stop)) {
            (void)swapci_lease_hold(redis, &lease, false, &recalled, error);
            nap();
        }
        atomic_fetch_sub(&s->owners[share->partition], 1);
        status = swapci_lease_release(redis, &lease, error);
    }
    swapci_redis_free(redis);
    return status;
}

static void scene_open(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    memset(s, 0, sizeof *s);
    s->redis = fixture_open(0);
    fixture_ok(
        swapci_partitions_init(&s->partitions, "--stream", "b", PARTITIONS, fixture_url(), &error),
        &error);
}

static void scene_close(scene *s) {
    swapci_partitions_fini(&s->partitions);
    swapci_redis_free(s->redis);
}

static swapci_shares *member(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_shares *shares = NULL;
    const swapci_shares_config config = {
        .partitions = &s->partitions,
        .role = "test",
        .consumer = "one",
        .log_role = "test",
        .redis = {.retry_ms = SWAPCI_REDIS_FOREVER, .service = true},
        .work = work,
        .user = s};
    fixture_ok(swapci_shares_new(&config, &shares, &error), &error);
    fixture_ok(swapci_shares_start(shares, &error), &error);
    return shares;
}

static unsigned up(const swapci_shares *shares) {
    swapci_shares_stats stats;
    swapci_shares_stats_get(shares, &stats);
    return stats.up;
}

static void await_up(const swapci_shares *shares, unsigned count) {
    while (up(shares) != count) nap(); /* CTest ends what never comes */
}

static void join(swapci_shares *shares) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_shares_stop(shares);
    fixture_ok(swapci_shares_join(shares, &error), &error);
    assert_true(swapci_shares_ended(shares));
    assert_int_equal(up(shares), 0);
    swapci_shares_free(shares);
}

static void who_joins_and_leaves_moves_them_with_one_owner_at_a_time(void **state) {
    scene s;
    (void)state;
    scene_open(&s);
    swapci_shares *a = member(&s);
    await_up(a, 4);
    swapci_shares *b = member(&s);
    await_up(b, 2);
    await_up(a, 2);
    join(a);
    await_up(b, 4);
    assert_int_equal(atomic_load(&s.most), 1);
    join(b);
    assert_int_equal(fixture_integer(s.redis, "EXISTS %s", "b:members:test"), 0);
    scene_close(&s);
}

static void a_work_that_fails_at_the_start_ends_all(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    scene_open(&s);
    atomic_store(&s.fails, true);
    swapci_shares *a = member(&s);
    while (!swapci_shares_ended(a)) nap();
    assert_int_equal(swapci_shares_join(a, &error), SWAPC_PROTOCOL);
    assert_non_null(strstr(error.text, "partition {b."));
    assert_non_null(strstr(error.text, "it is refused"));
    swapci_shares_free(a);
    scene_close(&s);
}

static void a_work_that_fails_later_is_begun_again(void **state) {
    scene s;
    swapci_shares_stats stats;
    (void)state;
    scene_open(&s);
    swapci_shares *a = member(&s);
    await_up(a, 4);
    swapci_shares *b = member(&s);
    await_up(b, 2);
    await_up(a, 2);
    atomic_store(&s.fails, true);
    join(b);
    do {
        nap();
        swapci_shares_stats_get(a, &stats);
    } while (stats.failing < 2);
    assert_int_equal(stats.up, 2);
    atomic_store(&s.fails, false);
    await_up(a, 4);
    join(a);
    scene_close(&s);
}

/* Beats so far, refused ones too: each begins with the server's own look at the hash. */
static long long beats(const scene *s) {
    return fixture_integer(s->redis, "EVAL %s 0",
                           "return tonumber(string.match(redis.call('INFO', 'commandstats'), "
                           "'cmdstat_hgetall:calls=(%d+)') or 0)");
}

static void await_beats(const scene *s, long long more) {
    for (long long until = beats(s) + more; beats(s) < until;) nap();
}

/* As while the first server is away: here it refuses each beat. */
static void while_they_cannot_be_shared_out_all_go_on_with_what_they_have(void **state) {
    scene s;
    (void)state;
    scene_open(&s);
    swapci_shares *a = member(&s);
    await_up(a, 4);
    swapci_shares *b = member(&s);
    await_up(b, 2);
    await_up(a, 2);
    fixture_command(s.redis, "SET b:members:test x");
    await_beats(&s, 6);
    assert_int_equal(up(a), 2);
    assert_int_equal(up(b), 2);
    join(b);
    await_beats(&s, 2);
    assert_int_equal(up(a), 2); /* nobody is given what b had */
    fixture_command(s.redis, "DEL b:members:test");
    await_up(a, 4);
    assert_int_equal(atomic_load(&s.most), 1);
    join(a);
    scene_close(&s);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_joins_and_leaves_moves_them_with_one_owner_at_a_time),
        cmocka_unit_test(a_work_that_fails_at_the_start_ends_all),
        cmocka_unit_test(a_work_that_fails_later_is_begun_again),
        cmocka_unit_test(while_they_cannot_be_shared_out_all_go_on_with_what_they_have),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
