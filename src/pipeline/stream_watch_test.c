/* What the watch sees of streams that the test fills, and that it neither waits nor fails without Redis. */
#include "stream_fixture.h"

#include "stream_watch.h"

#include <stdlib.h>

static swapci_stream_facts await_messages(swapci_stream_watch *watch, uint64_t wanted) {
    swapci_stream_facts facts;
    do {
        swapci_redis_sleep(NULL, 5, NULL);
        swapci_stream_watch_get(watch, &facts);
    } while (facts.messages != wanted);
    return facts;
}

static void it_sees_what_is_in_the_streams(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    const swapci_redis_config config = {.url = fixture_url()};
    swapci_message message = {swapc_bytes_str("hello"), NULL, 0};
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_stream_watch *watch;
    swapci_stream_id id;
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    for (unsigned i = 0; i < 3; i++)
        fixture_ok(swapci_stream_add(redis, &names, &message, 1, &id, &error), &error);
    fixture_ok(swapci_stream_read(redis, &names, "c", 2, 10, &batch, &error), &error);
    fixture_ok(swapci_stream_watch_start(&config, &names, &watch, &error), &error);
    swapci_stream_facts facts = await_messages(watch, 3);
    assert_int_equal(facts.pending, 2);
    assert_int_equal(facts.verdicts, 0);
    assert_int_equal(facts.dead, 0);
    const bool counted = fixture_major(redis) >= 7;
    assert_int_equal(facts.lag, counted ? 1 : SWAPCI_STREAM_UNKNOWN);
    assert_int_equal(facts.added, counted ? 3 : SWAPCI_STREAM_UNKNOWN);
    assert_true(facts.used_memory_bytes > 100000 &&
                facts.used_memory_bytes != SWAPCI_STREAM_UNKNOWN);
    assert_true(facts.age_ms < 60000);
    fixture_ok(swapci_stream_add(redis, &names, &message, 1, &id, &error), &error);
    assert_int_equal(await_messages(watch, 4).lag, counted ? 2 : SWAPCI_STREAM_UNKNOWN);
    swapci_stream_watch_stop(watch);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

static void without_a_server_nothing_is_known(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names = fixture_names();
    const swapci_redis_config config = {.url = "unix:/nowhere/at/all"};
    swapci_stream_watch *watch;
    swapci_stream_facts facts;
    (void)state;
    fixture_ok(swapci_stream_watch_start(&config, &names, &watch, &error), &error);
    swapci_redis_sleep(NULL, 50, NULL);
    swapci_stream_watch_get(watch, &facts);
    assert_true(facts.messages == SWAPCI_STREAM_UNKNOWN && facts.age_ms == SWAPCI_STREAM_UNKNOWN);
    swapci_stream_watch_stop(watch);
}

/* Of three sets one lies on a server that is not there: nothing is known of it, nor the sums; the others are as they are. */
static void of_several_each_is_told_and_one_that_is_silent_hides_no_other(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names(), other;
    char server[SWAPCI_STREAM_WATCH_TEXT_MAX], owner[SWAPCI_STREAM_WATCH_TEXT_MAX];
    swapci_message message = {swapc_bytes_str("hello"), NULL, 0};
    swapci_stream_watch *watch;
    swapci_stream_facts facts;
    swapci_stream_id id;
    (void)state;
    fixture_ok(swapci_stream_names_init(&other, "watch-other", &error), &error);
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    for (unsigned i = 0; i < 2; i++)
        fixture_ok(swapci_stream_add(redis, &names, &message, 1, &id, &error), &error);
    fixture_ok(swapci_stream_add(redis, &other, &message, 1, &id, &error), &error);
    fixture_command(redis,
                    "HSET watch-owners m:host/a 1 p:0 host/0123 p:2 a/b/4567 p:7 no/1 p:1 plain");
    const swapci_stream_place places[] = {
        {fixture_url(), names}, {"unix:/nowhere/at/all", names}, {fixture_url(), other}};
    fixture_ok(swapci_stream_watch_start_all(places, 3, "watch-owners", &watch, &error), &error);
    do {
        swapci_redis_sleep(NULL, 5, NULL);
        swapci_stream_watch_get_one(watch, 2, &facts, server, owner);
    } while (facts.messages == SWAPCI_STREAM_UNKNOWN);
    assert_int_equal(facts.messages, 1);
    assert_string_equal(owner, "a/b");
    swapci_stream_watch_get_one(watch, 0, &facts, server, owner);
    assert_int_equal(facts.messages, 2);
    assert_string_equal(owner, "host");
    assert_string_equal(server, fixture_url());
    swapci_stream_watch_get_one(watch, 1, &facts, server, owner);
    assert_true(facts.messages == SWAPCI_STREAM_UNKNOWN && facts.age_ms == SWAPCI_STREAM_UNKNOWN);
    assert_string_equal(owner, "");
    assert_string_equal(server, "unix:/nowhere/at/all");
    swapci_stream_watch_get(watch, &facts);
    assert_true(facts.messages == SWAPCI_STREAM_UNKNOWN && facts.age_ms == SWAPCI_STREAM_UNKNOWN);
    swapci_stream_watch_stop(watch);
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sees_what_is_in_the_streams),
        cmocka_unit_test(of_several_each_is_told_and_one_that_is_silent_hides_no_other),
        cmocka_unit_test(without_a_server_nothing_is_known),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
