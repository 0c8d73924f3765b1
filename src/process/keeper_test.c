/* The keeper on a real server: one owner at a time, given back at the end, lost when another has it; and what is told of
 * the outputs' readers. */
#include "stream_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "keeper.h"

typedef struct scene {
    swapci_redis *redis;
    swapci_process_names names;
    swapci_keeper keeper;
    char logged[300];
} scene;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what was logged */

static void keep_log(enum swapc_log_level level, const char *source, const char *message,
                     void *user) {
    (void)level, (void)source;
    pthread_mutex_lock(&lock);
    snprintf(((scene *)user)->logged, sizeof(((scene *)user)->logged), "%s", message);
    pthread_mutex_unlock(&lock);
}

static bool was_logged(const scene *s, const char *words) {
    pthread_mutex_lock(&lock);
    bool was = strstr(s->logged, words) != NULL;
    pthread_mutex_unlock(&lock);
    return was;
}

static int open_scene(void **state) {
    static scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    const struct swapci_process_given given = {.in = "in", .out = "out"};
    s = (scene){.redis = fixture_open(0), .keeper.host.fd = -1};
    fixture_ok(swapci_process_names_init(&s.names, &given, &error), &error);
    *state = &s;
    return 0;
}

static int close_scene(void **state) {
    scene *s = *state;
    swapci_keeper_fini(&s->keeper);
    swapci_redis_free(s->redis);
    return 0;
}

static void start(scene *s, swapci_keeper *k, uint64_t max_lag) {
    swapc_error error = SWAPC_ERROR_INIT;
    const swapci_redis_config config = {.url = fixture_url(), .retry_ms = SWAPCI_REDIS_RETRY_MS};
    *k = (swapci_keeper){.names = &s->names,
                         .max_lag = max_lag,
                         .lease_ms = SWAPCI_LEASE_MS,
                         .log = {keep_log, s, SWAPC_LOG_INFO}};
    fixture_ok(swapci_keeper_init(k, &config, &error), &error);
    fixture_ok(swapci_keeper_start(k, &error), &error);
}

static bool lease_is_there(scene *s) {
    return fixture_integer(s->redis, "EXISTS %s", s->names.lease) == 1;
}

static void await_owner(const swapci_keeper *k, bool owns) {
    while (swapci_keeper_owns(k) != owns) swapci_redis_sleep(NULL, 10, NULL);
}

static void await_lag(const swapci_keeper *k, uint64_t lag, bool lagging) {
    while (atomic_load(&k->lag) != lag || atomic_load(&k->lagging) != lagging)
        swapci_redis_sleep(NULL, 10, NULL);
}

static void one_owns_and_the_next_one_follows(void **state) {
    scene *s = *state;
    swapci_keeper next;
    start(s, &s->keeper, 0);
    await_owner(&s->keeper, true); /* at once, unless the machine is crowded */
    start(s, &next, 0);
    assert_false(swapci_keeper_owns(&next));
    assert_true(swapci_keeper_is_anothers(&next));
    swapci_keeper_end(&s->keeper);
    assert_false(swapci_keeper_owns(&s->keeper));
    await_owner(&next, true);
    swapci_keeper_end(&s->keeper); /* once more does nothing: it is another's now */
    assert_true(lease_is_there(s));
    swapci_keeper_fini(&next);
    assert_false(lease_is_there(s));
}

/* As after a stop of the process beyond the lease. */
static void whose_lease_another_has_owns_nothing_and_gives_nothing_back(void **state) {
    scene *s = *state;
    start(s, &s->keeper, 0);
    fixture_command(s->redis, "SET in:swapc:owner another,elsewhere PX 60000");
    await_owner(&s->keeper, false);
    swapci_keeper_end(&s->keeper);
    assert_true(lease_is_there(s));
}

static void a_lease_that_is_gone_is_taken_again(void **state) {
    scene *s = *state;
    start(s, &s->keeper, 0);
    fixture_command(s->redis, "DEL in:swapc:owner");
    while (!lease_is_there(s)) swapci_redis_sleep(NULL, 10, NULL);
    await_owner(&s->keeper, true);
}

static void the_slowest_group_of_the_outputs_counts(void **state) {
    scene *s = *state;
    fixture_command(s->redis, "XGROUP CREATE out quick $ MKSTREAM");
    fixture_command(s->redis, "XGROUP CREATE out slow $");
    if (fixture_integer(s->redis, "EVAL %s 0", "return redis.acl_check_cmd and 1 or 0") == 0)
        skip(); /* Redis 6 tells no lag */
    start(s, &s->keeper, 2);
    for (int i = 0; i < 2; i++) fixture_command(s->redis, "XADD out * a b");
    fixture_command(s->redis, "XREADGROUP GROUP quick c COUNT 2 STREAMS out >");
    fixture_command(s->redis, "XADD out * a b"); /* now: only one group is ever too far behind */
    await_lag(&s->keeper, 3, true);
    while (!was_logged(s, "group slow is 3 entries of out behind")) /* told behind it */
        swapci_redis_sleep(NULL, 10, NULL);
    fixture_command(s->redis, "XREADGROUP GROUP slow c COUNT 2 STREAMS out >");
    await_lag(&s->keeper, 1, false);
    fixture_command(s->redis, "DEL out");
    await_lag(&s->keeper, 0, false);
    fixture_command(s->redis, "SET out x"); /* what cannot be asked holds nobody up */
    swapci_keeper_worked(&s->keeper);
    while (atomic_load(&s->keeper.worked)) swapci_redis_sleep(NULL, 10, NULL); /* it asks */
    swapci_redis_sleep(NULL, 250, NULL);
    assert_false(atomic_load(&s->keeper.lagging));
    await_owner(&s->keeper, true);
}

static void without_a_limit_no_group_holds_anything_up(void **state) {
    scene *s = *state;
    fixture_command(s->redis, "XGROUP CREATE out slow $ MKSTREAM");
    for (int i = 0; i < 3; i++) fixture_command(s->redis, "XADD out * a b");
    start(s, &s->keeper, 0);
    swapci_redis_sleep(NULL, 250, NULL); /* in which it would have looked */
    assert_false(atomic_load(&s->keeper.lagging));
}

static long calls_of(scene *s, const char *command) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(s->redis, "a test", &reply, &error, "INFO commandstats"), &error);
    const char *at = strstr(reply->str, command);
    long calls = at ? strtol(at + strlen(command), NULL, 10) : 0;
    freeReplyObject(reply);
    return calls;
}

/* Hundreds of partitions have as many keepers. Redis 6 counts all of XINFO as one. */
static void who_stores_nothing_seldom_asks_how_far_the_readers_are(void **state) {
    scene *s = *state;
    const char *command =
        fixture_major(s->redis) >= 7 ? "cmdstat_xinfo|groups:calls=" : "cmdstat_xinfo:calls=";
    start(s, &s->keeper, 1000);
    fixture_command(s->redis, "CONFIG RESETSTAT");
    uint64_t start_ns = swapci_clock_monotonic_ns();
    swapci_redis_sleep(NULL, 1500, NULL);
    long calls = calls_of(s, command); /* one a second; if it stored, ten */
    assert_true((uint64_t)calls <= 2 + (swapci_clock_monotonic_ns() - start_ns) / 500000000u);
    for (unsigned i = 0; i < 5; i++) { /* each is followed by a look */
        swapci_keeper_worked(&s->keeper);
        while (atomic_load(&s->keeper.worked)) swapci_redis_sleep(NULL, 1, NULL);
    }
    assert_true(calls_of(s, command) >= 4);
}

/* ---- what a group has in common ------------------------------------------------------------------ */

static swapci_terms terms_of(const char *operation) {
    swapci_terms terms = {.what = "in as group swapc"};
    swapci_terms_add(&terms, "--operation", operation);
    return terms;
}

/* A keeper with these terms, as far as it is let. Returns what its first question is answered with. */
static enum swapc_status come(scene *s, swapci_keeper *k, const swapci_terms *terms,
                              swapc_error *error) {
    const swapci_redis_config config = {.url = fixture_url(), .retry_ms = SWAPCI_REDIS_RETRY_MS};
    *k = (swapci_keeper){.names = &s->names,
                         .lease_ms = SWAPCI_LEASE_MS,
                         .terms = terms,
                         .log = {keep_log, s, SWAPC_LOG_INFO}};
    return swapci_keeper_init(k, &config, error);
}

static void who_has_other_terms_is_refused_while_another_is_alive(void **state) {
    const swapci_terms price = terms_of("price"), weigh = terms_of("weigh");
    scene *s = *state;
    swapci_keeper next;
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(come(s, &s->keeper, &price, &error), &error);
    fixture_ok(swapci_keeper_start(&s->keeper, &error), &error);
    assert_int_equal(come(s, &next, &weigh, &error), SWAPC_NOT_ALLOWED);
    assert_non_null(strstr(error.text,
                           "in as group swapc with --operation price, and this process has "
                           "--operation weigh"));
    swapci_keeper_fini(&next);
    swapc_error_clear(&error);
    swapci_keeper_end(&s->keeper);
    fixture_command(s->redis,
                    "SET in:swapc:owner dead,elsewhere PX 300"); /* killed on another host */
    fixture_ok(come(s, &next, &weigh, &error), &error);          /* it is waited for */
    assert_false(lease_is_there(s));
    fixture_ok(swapci_keeper_start(&next, &error), &error);
    await_owner(&next, true);
    assert_false(atomic_load(&next.disagrees));
    swapci_keeper_fini(&next);
}

/* Two that came at the same time: both were let in. */
static void who_stands_by_with_other_terms_says_so_until_the_others_have_ended(void **state) {
    const swapci_terms price = terms_of("price"), weigh = terms_of("weigh");
    scene *s = *state;
    swapci_keeper next;
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(come(s, &next, &weigh, &error), &error);
    fixture_ok(come(s, &s->keeper, &price, &error), &error);
    fixture_ok(swapci_keeper_start(&s->keeper, &error), &error);
    fixture_ok(swapci_keeper_start(&next, &error), &error);
    assert_false(swapci_keeper_owns(&next));
    assert_true(atomic_load(&next.disagrees));
    assert_true(was_logged(s, "and this process has --operation weigh"));
    swapci_keeper_end(&s->keeper);
    await_owner(&next, true);
    assert_false(atomic_load(&next.disagrees));
    swapci_keeper_fini(&next);
}

/* Somebody deletes all, and another output comes first; or says so by hand. */
static void whose_outputs_would_go_elsewhere_owns_nothing(void **state) {
    scene *s = *state;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keeper other;
    start(s, &s->keeper, 0);
    assert_int_equal(fixture_integer(s->redis, "HEXISTS %s out", s->names.state), 1);
    fixture_command(s->redis, "FLUSHALL");
    swapci_keeper_doubt(&s->keeper); /* or 2 s later */
    while (fixture_integer(s->redis, "HEXISTS %s out", s->names.state) != 1)
        swapci_redis_sleep(NULL, 10, NULL); /* its owner says it once more */
    await_owner(&s->keeper, true);
    fixture_command(s->redis, "HSET in:swapc out elsewhere");
    swapci_keeper_doubt(&s->keeper);
    while (!atomic_load(&s->keeper.disagrees) || lease_is_there(s))
        swapci_redis_sleep(NULL, 10, NULL);
    assert_true(was_logged(s, "group swapc of in writes to elsewhere"));
    assert_int_equal(come(s, &other, NULL, &error), SWAPC_NOT_ALLOWED);
    assert_non_null(strstr(error.text, "HDEL in:swapc out"));
    swapci_keeper_fini(&other);
    fixture_command(s->redis, "HDEL in:swapc out");
    await_owner(&s->keeper, true);
    while (atomic_load(&s->keeper.disagrees)) swapci_redis_sleep(NULL, 10, NULL);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_owns_and_the_next_one_follows, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(whose_lease_another_has_owns_nothing_and_gives_nothing_back,
                                        open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_lease_that_is_gone_is_taken_again, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(the_slowest_group_of_the_outputs_counts, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(who_has_other_terms_is_refused_while_another_is_alive,
                                        open_scene, close_scene),
        cmocka_unit_test_setup_teardown(
            who_stands_by_with_other_terms_says_so_until_the_others_have_ended, open_scene,
            close_scene),
        cmocka_unit_test_setup_teardown(whose_outputs_would_go_elsewhere_owns_nothing, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(without_a_limit_no_group_holds_anything_up, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(who_stores_nothing_seldom_asks_how_far_the_readers_are,
                                        open_scene, close_scene),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
