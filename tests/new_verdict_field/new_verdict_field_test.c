/* What a new field of the verdict has to be: a row. Stored, read back and accounted for like the others,
 * whether it is always there or only when it says something. */
#include "stream_fixture.h"

#include "ledger.h"
#include "verdict.h"

enum { MESSAGES = 3 };

/* Puts messages and a verdict for each: with the new fields, with one of them, with none. */
static void store(swapci_redis *redis, const swapci_stream_names *names, swapci_ledger *ledger) {
    static const swapci_verdict values[MESSAGES] = {
        {.method = "schnorr", .status = "Valid", .digest = "d", .attempts = 7, .place = "here"},
        {.status = "Valid", .attempts = UINT64_MAX},
        {.status = "Error", .reason = "TRAP"}};
    const swapci_message messages[MESSAGES] = {0};
    swapci_stream_id ids[MESSAGES];
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_verdict_writer *writer;
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_stream_create(redis, names, &error), &error);
    fixture_ok(swapci_ledger_start(ledger, redis, names, &error), &error);
    fixture_ok(swapci_stream_add(redis, names, messages, MESSAGES, ids, &error), &error);
    fixture_ok(swapci_stream_read(redis, names, "c", MESSAGES, 0, &batch, &error), &error);
    fixture_ok(swapci_verdict_writer_new(redis, names, 0, &writer, &error), &error);
    for (size_t i = 0; i < MESSAGES; i++) {
        swapci_verdict verdict = values[i];
        verdict.id = ids[i];
        fixture_ok(swapci_ledger_add(ledger, ids[i], 0, &error), &error);
        fixture_ok(swapci_verdict_add(writer, &verdict, &error), &error);
    }
    fixture_ok(swapci_verdict_flush(writer, &error), &error);
    swapci_verdict_writer_free(writer);
    swapci_batch_fini(&batch);
}

static void expect(const redisReply *entry, const char *attempts, const char *place,
                   const char *reason) {
    swapc_bytes fields[SWAPCI_VERDICT_FIELD_COUNT];
    assert_true(swapci_verdict_read(entry->element[1], fields));
    assert_true(
        swapc_bytes_equal(fields[SWAPCI_VERDICT_FIELD_attempts], swapc_bytes_str(attempts)));
    assert_true(swapc_bytes_equal(fields[SWAPCI_VERDICT_FIELD_place], swapc_bytes_str(place)));
    assert_true(swapc_bytes_equal(fields[SWAPCI_VERDICT_FIELD_reason], swapc_bytes_str(reason)));
}

static void a_row_is_stored_read_and_accounted_for(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_ledger *ledger;
    swapci_ledger_result books;
    redisReply *reply;
    (void)state;
    fixture_ok(swapci_ledger_new(&ledger, &error), &error);
    store(redis, &names, ledger);
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, "XRANGE %s - +", names.verdicts),
               &error);
    assert_int_equal(reply->elements, MESSAGES);
    expect(reply->element[0], "7", "here", "");
    expect(reply->element[1], "18446744073709551615", "", "");
    expect(reply->element[2], "0", "", "TRAP");
    freeReplyObject(reply);
    fixture_ok(swapci_ledger_join(ledger, redis, &names, &books, &error), &error);
    assert_int_equal(books.valid, 2);
    assert_int_equal(books.errors, 1);
    assert_string_equal(books.first_reason, "TRAP");
    assert_int_equal(books.lost + books.duplicates, 0);
    swapci_ledger_free(ledger);
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_stored_read_and_accounted_for),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
