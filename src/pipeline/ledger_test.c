#include "stream_fixture.h"

#include <string.h>

#include "ledger.h"
#include "verdict.h"

static swapci_ledger *ledger_new(void) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_ledger *ledger = NULL;
    fixture_ok(swapci_ledger_new(&ledger, &error), &error);
    return ledger;
}

static void add(swapci_ledger *ledger, uint64_t ms, uint64_t seq) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_ledger_add(ledger, (swapci_stream_id){ms, seq}, 0, &error), &error);
}

static void tell(swapci_redis *redis, const char *id, const char *status) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error,
                                 "XADD swapc:verdicts * id %s method m status %s digest d "
                                 "generation 1 latency_us 250 reason r-%s",
                                 id, status, id),
               &error);
    freeReplyObject(reply);
}

static void alter(swapci_redis *redis, uint64_t ms, uint64_t seq) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names = fixture_names();
    swapci_stream_id id = {ms, seq};
    fixture_ok(swapci_stream_tampered_add(redis, &names, &id, 1, &error), &error);
}

static swapci_ledger_result join(swapci_ledger *ledger, swapci_redis *redis) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names = fixture_names();
    swapci_ledger_result result;
    fixture_ok(swapci_ledger_join(ledger, redis, &names, &result, &error), &error);
    return result;
}

static void ids_become_runs(void **state) {
    swapci_ledger *ledger = ledger_new();
    (void)state;
    for (uint64_t ms = 1; ms <= 300; ms++) /* more runs than the first table holds */
        for (uint64_t seq = 0; seq < 100; seq++) add(ledger, ms, seq);
    add(ledger, 300, 101); /* a gap: somebody else's message */
    assert_int_equal(swapci_ledger_count(ledger), 30001);
    assert_int_equal(swapci_ledger_runs(ledger), 301);
    assert_int_equal(swapci_ledger_add(ledger, (swapci_stream_id){300, 101}, 0, NULL),
                     SWAPC_INVALID);
    assert_int_equal(swapci_ledger_add(ledger, (swapci_stream_id){299, 500}, 0, NULL),
                     SWAPC_INVALID);
    assert_int_equal(swapci_ledger_count(ledger), 30001);
    swapci_ledger_free(ledger);
}

static void nothing_sent_is_nothing_lost(void **state) {
    swapci_redis *redis = fixture_open(0);
    swapci_ledger *ledger = ledger_new();
    (void)state;
    swapci_ledger_result r = join(ledger, redis);
    assert_int_equal(r.messages + r.lost + r.wrong + r.duplicates, 0);
    assert_int_equal(r.last_us, 0);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

static void each_kind_is_counted(void **state) {
    swapci_redis *redis = fixture_open(0);
    swapci_ledger *ledger = ledger_new();
    (void)state;
    for (uint64_t seq = 0; seq < 8; seq++) add(ledger, 5, seq);
    alter(redis, 5, 1);
    alter(redis, 5, 2);
    alter(redis, 4, 0); /* not ours */
    tell(redis, "5-0", "Valid");
    tell(redis, "5-1", "NotValid"); /* tampered: right */
    tell(redis, "5-2", "Valid");    /* tampered: wrong */
    tell(redis, "5-3", "NotValid"); /* wrong */
    tell(redis, "5-4", "Error");    /* wrong */
    tell(redis, "5-5", "Valid");
    tell(redis, "5-5", "NotValid"); /* too many, and the first one counts */
    tell(redis, "5-8", "Valid");    /* not ours */
    tell(redis, "6-0", "Valid");
    tell(redis, "nonsense", "Valid");
    swapci_ledger_result r = join(ledger, redis);
    assert_int_equal(r.messages, 8);
    assert_int_equal(r.valid, 3);
    assert_int_equal(r.not_valid, 2);
    assert_int_equal(r.errors, 1);
    assert_int_equal(r.lost, 2);
    assert_int_equal(r.wrong, 3);
    assert_int_equal(r.duplicates, 1);
    assert_int_equal(r.tampered, 2);
    assert_int_equal(r.foreign, 3);
    assert_int_equal(r.first_lost.seq, 6);
    assert_int_equal(r.first_wrong.seq, 2);
    assert_int_equal(r.first_error.seq, 4);
    assert_string_equal(r.first_reason, "r-5-4");
    assert_int_equal(r.latency_us->count, 6);
    assert_int_equal(swapci_histogram_percentile(r.latency_us, 50), 250);
    assert_true(r.last_us > 0);
    assert_int_equal(fixture_integer(redis, "SCARD %s", "swapc:tampered"), 1);
    fixture_command(redis, "XADD swapc:verdicts 18446744073709551615-18446744073709551615 id 6-1");
    r = join(ledger, redis); /* the same once more, with one whose id is the last that can be */
    assert_int_equal(r.tampered, 2);
    assert_int_equal(r.foreign, 4);
    assert_int_equal(r.wrong, 3);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

static void older_verdicts_are_not_read(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_ledger *ledger = ledger_new();
    swapci_stream_names names = fixture_names();
    (void)state;
    tell(redis, "5-0", "Valid");
    fixture_ok(swapci_ledger_start(ledger, redis, &names, &error), &error);
    add(ledger, 5, 0);
    assert_int_equal(join(ledger, redis).lost, 1);
    tell(redis, "5-0", "Valid");
    swapci_ledger_result r = join(ledger, redis);
    assert_int_equal(r.lost, 0);
    assert_int_equal(r.duplicates, 0);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

static void many_pages_are_read_once(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_ledger *ledger = ledger_new();
    swapci_stream_names names = fixture_names();
    uint64_t answered;
    (void)state;
    for (uint64_t seq = 0; seq < 3000; seq++) {
        char id[SWAPCI_STREAM_ID_SIZE];
        add(ledger, 7, seq);
        if (seq % 3 == 0) alter(redis, 7, seq);
        swapci_stream_id_format((swapci_stream_id){7, seq}, id);
        tell(redis, id, seq % 3 == 0 ? "NotValid" : "Valid");
        if (seq == 1999) {
            fixture_ok(swapci_ledger_read(ledger, redis, &names, &answered, &error), &error);
            assert_int_equal(answered, 2000);
        }
    }
    swapci_ledger_result r = join(ledger, redis);
    assert_int_equal(r.valid, 2000);
    assert_int_equal(r.not_valid, 1000);
    assert_int_equal(r.tampered, 1000);
    assert_int_equal(r.lost + r.wrong + r.duplicates + r.foreign, 0);
    assert_int_equal(fixture_integer(redis, "EXISTS %s", names.tampered), 0);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

static void run_command(swapci_redis *redis, const char *command) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, command), &error);
    freeReplyObject(reply);
}

static void what_changes_after_a_read_shows(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_ledger *ledger = ledger_new();
    swapci_stream_names names = fixture_names();
    uint64_t answered;
    (void)state;
    tell(redis, "5-0", "Valid"); /* older than the run */
    fixture_ok(swapci_ledger_start(ledger, redis, &names, &error), &error);
    add(ledger, 5, 0);
    add(ledger, 5, 1);
    run_command(redis, "XADD swapc:verdicts 99999999999998-0 id 5-0 status Valid latency_us 7");
    run_command(redis, "XADD swapc:verdicts 99999999999999-0 id 5-1 status Error latency_us 7");
    fixture_ok(swapci_ledger_read(ledger, redis, &names, &answered, &error), &error);
    assert_int_equal(answered, 2);
    run_command(redis, "XDEL swapc:verdicts 99999999999998-0 99999999999999-0");
    tell(redis, "5-1", "NotValid");
    swapci_ledger_result r = join(ledger, redis);
    assert_int_equal(r.lost, 1);
    assert_int_equal(r.first_lost.seq, 0);
    assert_int_equal(r.not_valid, 1);
    assert_int_equal(r.errors + r.duplicates + r.foreign, 0);
    assert_string_equal(r.first_reason, "");
    assert_int_equal(r.latency_us->count, 1);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

/* Of a message whose time is known the end is known to the microsecond. */
static void the_last_verdict_has_its_microsecond(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_ledger *ledger = ledger_new();
    (void)state;
    fixture_ok(swapci_ledger_add(ledger, (swapci_stream_id){5, 0}, 5123, &error), &error);
    fixture_ok(swapci_ledger_add(ledger, (swapci_stream_id){5, 1}, 5456, &error), &error);
    assert_int_equal(swapci_ledger_runs(ledger), 2);
    run_command(redis, "XADD swapc:verdicts 7-0 id 5-1 status Valid latency_us 1700");
    run_command(redis, "XADD swapc:verdicts 7-1 id 5-0 status Valid latency_us 1999");
    assert_int_equal(join(ledger, redis).last_us, 7156);
    add(ledger, 6, 0);
    run_command(redis, "XADD swapc:verdicts 8-0 id 6-0 status Valid latency_us 2500");
    assert_int_equal(join(ledger, redis).last_us, 8000);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_become_runs),
        cmocka_unit_test(nothing_sent_is_nothing_lost),
        cmocka_unit_test(each_kind_is_counted),
        cmocka_unit_test(older_verdicts_are_not_read),
        cmocka_unit_test(many_pages_are_read_once),
        cmocka_unit_test(what_changes_after_a_read_shows),
        cmocka_unit_test(the_last_verdict_has_its_microsecond),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
