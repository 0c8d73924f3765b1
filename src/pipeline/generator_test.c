#include "stream_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "generator.h"

static swapci_generator_config config_of(swapci_ledger *ledger) {
    swapci_generator_config config = {0};
    config.redis.url = fixture_url();
    config.redis.retry_ms = 5000;
    config.names = fixture_names();
    config.message_max = 1 << 20;
    config.ledger = ledger;
    return config;
}

static swapci_ledger *ledger_new(void) {
    swapci_ledger *ledger = NULL;
    assert_int_equal(swapci_ledger_new(&ledger, NULL), SWAPC_OK);
    return ledger;
}

/* All messages with their methods. */
static void read_all(swapci_redis *redis, swapci_batch *batch, unsigned count) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names = fixture_names();
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    fixture_ok(swapci_stream_read(redis, &names, "c", count, 0, batch, &error), &error);
}

static void names_and_methods_are_drawn(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_ledger *ledger = ledger_new();
    swapci_generator_config config = config_of(ledger);
    swapci_generator_result result;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    unsigned ecdsa = 0;
    _Atomic uint64_t sent = 0;
    (void)state;
    config.messages = 1000; /* not a whole number of batches */
    config.method = "random";
    config.sent = &sent;
    fixture_ok(swapci_generator_run(&config, &result, &error), &error);
    assert_int_equal(result.sent, 1000);
    assert_int_equal(sent, 1000);
    assert_int_equal(swapci_ledger_count(ledger), 1000);
    assert_true(result.first_us > 0);
    read_all(redis, &batch, 2000);
    assert_int_equal(batch.count, 1000);
    for (size_t i = 0; i < batch.count; i++) {
        int is_ecdsa = swapc_bytes_equal(batch.entries[i].method, swapc_bytes_str("ecdsa"));
        assert_true(is_ecdsa ||
                    swapc_bytes_equal(batch.entries[i].method, swapc_bytes_str("schnorr")));
        assert_true(batch.entries[i].t_us >= result.first_us);
        ecdsa += (unsigned)is_ecdsa;
    }
    assert_true(ecdsa > 350 && ecdsa < 650);
    swapci_batch_fini(&batch);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

static void lines_are_sent_as_they_are(void **state) {
    static const char text[] = "a\n\nb\0c\nlast";
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_generator_config config = config_of(NULL);
    swapci_generator_result result;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    char path[] = "/tmp/lines-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    config.input = path;
    fixture_ok(swapci_generator_run(&config, &result, &error), &error);
    assert_int_equal(result.sent, 4);
    assert_int_equal(result.bytes, 8);
    config.messages = 2;
    fixture_ok(swapci_generator_run(&config, &result, &error), &error);
    assert_int_equal(result.sent, 2);
    read_all(redis, &batch, 10);
    assert_int_equal(batch.count, 6);
    assert_true(batch.entries[1].has_body && batch.entries[1].body.len == 0);
    assert_true(swapc_bytes_equal(batch.entries[2].body, swapc_bytes_of("b\0c", 3)));
    assert_true(swapc_bytes_equal(batch.entries[3].body, swapc_bytes_str("last")));
    assert_int_equal(batch.entries[0].method.len, 0);
    unlink(path);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

static void a_line_too_large_is_refused_after_those_before_it(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_generator_config config = config_of(NULL);
    swapci_generator_result result;
    char path[] = "/tmp/lines-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_int_equal(write(fd, "ok\ntoolong\n", 11), 11);
    close(fd);
    config.input = path;
    config.message_max = 3;
    assert_int_equal(swapci_generator_run(&config, &result, &error), SWAPC_TOO_LARGE);
    assert_non_null(strstr(error.text, "line 2"));
    assert_int_equal(result.sent, 1);
    assert_int_equal(fixture_integer(redis, "XLEN %s", config.names.messages), 1);
    unlink(path);
    swapci_redis_free(redis);
}

typedef struct running {
    swapci_generator_config config;
    swapci_generator_result result;
    swapc_error error;
    enum swapc_status status;
} running;

static void *run_thread(void *user) {
    running *r = user;
    r->status = swapci_generator_run(&r->config, &r->result, &r->error);
    return NULL;
}

static void wait_for(_Atomic uint64_t *sent, uint64_t at_least) {
    while (atomic_load(sent) < at_least) swapci_redis_sleep(NULL, 5, NULL);
}

static void waits_for_answers_and_stops_when_told(void **state) {
    swapci_redis *redis = fixture_open(0);
    running r = {.config = config_of(NULL)};
    pthread_t thread;
    atomic_int stop = 0;
    _Atomic uint64_t sent = 0;
    (void)state;
    r.config.messages = 5000;
    r.config.unanswered_max = 1024;
    r.config.redis.stop = &stop;
    r.config.sent = &sent;
    assert_int_equal(pthread_create(&thread, NULL, run_thread, &r), 0);
    wait_for(&sent, 1024);
    assert_int_equal(fixture_integer(redis, "XLEN %s", r.config.names.messages), 1024);
    assert_int_equal(fixture_integer(redis, "XTRIM %s MAXLEN = 1", r.config.names.messages), 1023);
    wait_for(&sent, 1024 + 768);
    atomic_store(&stop, 1);
    pthread_join(thread, NULL);
    assert_int_equal(r.status, SWAPC_INTERRUPTED);
    assert_true(r.result.sent >= 1024 + 768 && r.result.sent <= 1024 + 1023);
    swapci_redis_free(redis);
}

static void a_lost_connection_loses_no_message(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    running r = {.config = config_of(ledger_new())};
    pthread_t thread;
    redisReply *reply = NULL;
    _Atomic uint64_t sent = 0;
    (void)state;
    r.config.messages = 50000;
    r.config.sent = &sent;
    assert_int_equal(pthread_create(&thread, NULL, run_thread, &r), 0);
    wait_for(&sent, 1000);
    fixture_ok(
        swapci_redis_call(redis, "a test", &reply, &error, "CLIENT KILL TYPE normal SKIPME yes"),
        &error);
    freeReplyObject(reply);
    pthread_join(thread, NULL);
    fixture_ok(r.status, &r.error);
    assert_int_equal(r.result.sent, 50000);
    assert_int_equal(swapci_ledger_count(r.config.ledger), 50000);
    long long length = fixture_integer(redis, "XLEN %s", r.config.names.messages);
    assert_true(length >= 50000 && length <= 50000 + SWAPCI_GENERATOR_BATCH);
    swapci_ledger_free(r.config.ledger);
    swapci_redis_free(redis);
}

/* What a place gets at once does not get less by there being more of them: each round asks a place for its length once. */
static void several_places_get_whole_pipelines(void **state) {
    enum { PLACES = 8, EACH = 2 * SWAPCI_GENERATOR_BATCH };
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_generator_config config = config_of(NULL);
    swapci_generator_result result;
    swapci_stream_names names[PLACES];
    swapci_generator_place places[PLACES];
    redisReply *reply = NULL;
    (void)state;
    for (unsigned k = 0; k < PLACES; k++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "place%u", k);
        fixture_ok(swapci_stream_names_init(&names[k], prefix, &error), &error);
        places[k] = (swapci_generator_place){fixture_url(), &names[k], NULL};
    }
    config.places = places;
    config.place_count = PLACES;
    config.messages = PLACES * EACH;
    fixture_command(redis, "CONFIG RESETSTAT");
    fixture_ok(swapci_generator_run(&config, &result, &error), &error);
    assert_int_equal(result.sent, PLACES * EACH);
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, "INFO commandstats"), &error);
    assert_non_null(strstr(reply->str, "cmdstat_xlen:calls=16,"));
    freeReplyObject(reply);
    for (unsigned k = 0; k < PLACES; k++)
        assert_int_equal(fixture_integer(redis, "XLEN %s", names[k].messages), EACH);
    swapci_redis_free(redis);
}

static void asks_for_what_it_needs(void **state) {
    swapci_generator_config config = config_of(NULL);
    swapci_generator_result result;
    (void)state;
    assert_int_equal(swapci_generator_run(&config, &result, NULL), SWAPC_INVALID);
    config.messages = 1;
    config.method = "rsa";
    assert_int_equal(swapci_generator_run(&config, &result, NULL), SWAPC_INVALID);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_places_get_whole_pipelines),
        cmocka_unit_test(names_and_methods_are_drawn),
        cmocka_unit_test(lines_are_sent_as_they_are),
        cmocka_unit_test(a_line_too_large_is_refused_after_those_before_it),
        cmocka_unit_test(waits_for_answers_and_stops_when_told),
        cmocka_unit_test(a_lost_connection_loses_no_message),
        cmocka_unit_test(asks_for_what_it_needs),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
