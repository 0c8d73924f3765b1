#include "redis_fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void answers_come_in_order(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    for (int i = 0; i < 1000; i++)
        fixture_ok(swapci_redis_appendf(redis, &error, "INCR n"), &error);
    for (int i = 1; i <= 1000; i++) {
        redisReply *reply = NULL;
        fixture_ok(swapci_redis_get(redis, "to count", &reply, &error), &error);
        assert_int_equal(reply->integer, i);
        freeReplyObject(reply);
    }
    swapci_redis_free(redis);
}

static void an_error_answer_becomes_a_sentence(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    redisReply *reply = NULL;
    (void)state;
    assert_int_equal(swapci_redis_call(redis, "to set", &reply, &error, "SET a 1"), SWAPC_OK);
    freeReplyObject(reply);
    reply = NULL;
    assert_int_equal(swapci_redis_call(redis, "the length", &reply, &error, "XLEN a"),
                     SWAPC_PROTOCOL);
    assert_null(reply);
    assert_non_null(strstr(error.text, "--stream"));
    assert_non_null(strstr(error.text, "the length"));
    swapci_redis_free(redis);
}

static void skip_takes_all_after_an_error(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    fixture_ok(swapci_redis_appendf(redis, &error, "NONSENSE"), &error);
    fixture_ok(swapci_redis_appendf(redis, &error, "SET n 7"), &error);
    assert_int_equal(swapci_redis_skip(redis, 2, "a test", &error), SWAPC_PROTOCOL);
    assert_int_equal(fixture_integer(redis, "INCR %s", "n"), 8);
    swapci_redis_free(redis);
}

static void names_an_absent_server_without_the_password(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_config config = {"redis://:secret@127.0.0.1:1", 500, 0, 0, NULL};
    swapci_redis *redis = NULL;
    (void)state;
    assert_int_equal(swapci_redis_open(&config, &redis, &error), SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "redis://127.0.0.1:1/0"));
    assert_non_null(strstr(error.text, "--redis"));
    assert_null(strstr(error.text, "secret"));
}

static void a_raised_stop_ends_the_wait(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    atomic_int stop = 0;
    swapci_redis_config config = {fixture_url(), 0, 0, 0, &stop};
    swapci_redis *redis = NULL;
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    atomic_store(&stop, 1);
    assert_int_equal(swapci_redis_call(redis, "to wait", &reply, &error, "BLPOP none 30"),
                     SWAPC_INTERRUPTED);
    swapci_redis_free(redis);
}

static void a_lost_server_is_io_then_unreachable(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis *server = NULL;
    swapci_redis *redis = NULL;
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_private_redis_start(NULL, &server, &error), &error);
    swapci_redis_config config = {swapci_private_redis_url(server), 0, 0, 300, NULL};
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    kill(swapci_private_redis_pid(server), SIGKILL);
    enum swapc_status status = SWAPC_OK;
    for (int i = 0; i < 1000 && status == SWAPC_OK; i++) {
        status = swapci_redis_call(redis, "to ask", &reply, &error, "PING");
        if (status == SWAPC_OK) freeReplyObject(reply);
    }
    assert_int_equal(status, SWAPC_IO);
    swapc_error_clear(&error);
    assert_int_equal(swapci_redis_restore(redis, &error), SWAPC_UNREACHABLE);
    assert_int_equal(swapci_redis_call(redis, "to ask", &reply, &error, "PING"), SWAPC_IO);
    swapci_redis_free(redis);
    swapci_private_redis_stop(server);
}

static void a_database_that_is_not_there_is_named(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    char url[256];
    swapci_redis_config config = {url, 0, 0, 0, NULL};
    swapci_redis *redis = NULL;
    (void)state;
    snprintf(url, sizeof url, "%s?db=9999", fixture_url());
    assert_int_equal(swapci_redis_open(&config, &redis, &error), SWAPC_PROTOCOL);
    assert_non_null(strstr(error.text, "no such database: change the number in the URL"));
}

static void restore_connects_again(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(5000);
    swapci_redis *other = fixture_open(0);
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_redis_call(other, "to kill", &reply, &error, "CLIENT KILL TYPE normal"),
               &error);
    freeReplyObject(reply);
    assert_int_equal(swapci_redis_call(redis, "to ask", &reply, &error, "PING"), SWAPC_IO);
    swapc_error_clear(&error);
    fixture_ok(swapci_redis_restore(redis, &error), &error);
    assert_int_equal(fixture_integer(redis, "INCR %s", "n"), 1);
    swapci_redis_free(redis);
    swapci_redis_free(other);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_order),
        cmocka_unit_test(an_error_answer_becomes_a_sentence),
        cmocka_unit_test(skip_takes_all_after_an_error),
        cmocka_unit_test(names_an_absent_server_without_the_password),
        cmocka_unit_test(a_raised_stop_ends_the_wait),
        cmocka_unit_test(a_lost_server_is_io_then_unreachable),
        cmocka_unit_test(a_database_that_is_not_there_is_named),
        cmocka_unit_test(restore_connects_again),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
