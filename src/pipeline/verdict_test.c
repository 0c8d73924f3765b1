#include "stream_fixture.h"

#include <string.h>

#include "clock.h"
#include "stream_command.h"
#include "verdict.h"

/* A connection, a group, and count messages given to consumer `c`. */
typedef struct scene {
    swapci_redis *redis;
    swapci_stream_names names;
    swapci_stream_id ids[600];
    swapci_verdict_writer *writer;
} scene;

static void scene_open(scene *s, size_t count, uint32_t retry_ms) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_message *messages = test_calloc(600, sizeof *messages);
    s->redis = fixture_open(retry_ms);
    s->names = fixture_names();
    fixture_ok(swapci_stream_create(s->redis, &s->names, &error), &error);
    fixture_ok(swapci_stream_add(s->redis, &s->names, messages, count, s->ids, &error), &error);
    fixture_ok(swapci_stream_read(s->redis, &s->names, "c", 600, 0, &batch, &error), &error);
    fixture_ok(swapci_verdict_writer_new(s->redis, &s->names, 0, &s->writer, &error), &error);
    swapci_batch_fini(&batch);
    test_free(messages);
}

static void scene_close(scene *s) {
    swapci_verdict_writer_free(s->writer);
    swapci_redis_free(s->redis);
}

static void put(scene *s, size_t i, const char *status, const char *reason) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_verdict v = {.id = s->ids[i],
                        .method = "schnorr",
                        .status = status,
                        .digest = "d1",
                        .generation = 4,
                        .reason = reason};
    fixture_ok(swapci_verdict_add(s->writer, &v, &error), &error);
}

static void flush(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_verdict_flush(s->writer, &error), &error);
}

/* The value of a field of the verdict at `index`. */
static void field(scene *s, size_t index, const char *name, char *out, size_t size) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    out[0] = 0;
    fixture_ok(
        swapci_redis_call(s->redis, "a test", &reply, &error, "XRANGE %s - +", s->names.verdicts),
        &error);
    assert_true(index < reply->elements);
    redisReply *fields = reply->element[index]->element[1];
    for (size_t i = 0; i < fields->elements; i += 2)
        if (!strcmp(fields->element[i]->str, name))
            snprintf(out, size, "%s", fields->element[i + 1]->str);
    freeReplyObject(reply);
}

static void stores_and_acknowledges(void **state) {
    scene *s = test_calloc(1, sizeof *s);
    char text[64], id[SWAPCI_STREAM_ID_SIZE];
    (void)state;
    scene_open(s, 2, 0);
    put(s, 1, "Valid", NULL);
    put(s, 0, "Error", "poisoned");
    flush(s);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.verdicts), 2);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.messages), 0);
    assert_int_equal(fixture_pending(s->redis, "c"), 0);
    swapci_stream_id_format(s->ids[1], id);
    field(s, 0, "id", text, sizeof text);
    assert_string_equal(text, id);
    field(s, 0, "method", text, sizeof text);
    assert_string_equal(text, "schnorr");
    field(s, 0, "digest", text, sizeof text);
    assert_string_equal(text, "d1");
    field(s, 0, "generation", text, sizeof text);
    assert_string_equal(text, "4");
    field(s, 0, "reason", text, sizeof text);
    assert_string_equal(text, "");
    field(s, 1, "status", text, sizeof text);
    assert_string_equal(text, "Error");
    field(s, 1, "reason", text, sizeof text);
    assert_string_equal(text, "poisoned");
    scene_close(s);
    test_free(s);
}

static void latency_follows_t(void **state) {
    scene *s = test_calloc(1, sizeof *s);
    swapc_error error = SWAPC_ERROR_INIT;
    char text[64];
    uint64_t latency;
    (void)state;
    scene_open(s, 2, 0);
    swapci_verdict hour_ago = {
        .id = s->ids[0], .status = "Valid", .t_us = swapci_clock_realtime_us() - 3600000000u};
    swapci_verdict ahead = {
        .id = s->ids[1], .status = "Valid", .t_us = swapci_clock_realtime_us() + 3600000000u};
    fixture_ok(swapci_verdict_add(s->writer, &hour_ago, &error), &error);
    fixture_ok(swapci_verdict_add(s->writer, &ahead, &error), &error);
    flush(s);
    field(s, 0, "latency_us", text, sizeof text);
    assert_true(swapci_decimal_parse(swapc_bytes_str(text), &latency));
    assert_true(latency >= 3600000000u && latency < 4000000000u);
    field(s, 1, "latency_us", text, sizeof text);
    assert_string_equal(text, "0");
    scene_close(s);
    test_free(s);
}

static void a_second_verdict_counts_for_nothing(void **state) {
    scene *s = test_calloc(1, sizeof *s);
    (void)state;
    scene_open(s, 1, 0);
    put(s, 0, "Valid", NULL);
    put(s, 0, "NotValid", NULL); /* in the same batch */
    flush(s);
    put(s, 0, "NotValid", NULL); /* and in a later one */
    flush(s);
    swapci_verdict_stats stats = swapci_verdict_stats_get(s->writer);
    assert_int_equal(stats.stored, 1);
    assert_int_equal(stats.repeated, 2);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.verdicts), 1);
    scene_close(s);
    test_free(s);
}

static void full_batches_go_by_themselves(void **state) {
    scene *s = test_calloc(1, sizeof *s);
    (void)state;
    scene_open(s, 600, 0);
    for (size_t i = 0; i < 600; i++) put(s, i, "Valid", NULL);
    assert_int_equal(swapci_verdict_stats_get(s->writer).stored, SWAPCI_VERDICT_BATCH);
    assert_int_equal(swapci_verdict_open(s->writer), 600 - SWAPCI_VERDICT_BATCH);
    flush(s);
    assert_int_equal(swapci_verdict_open(s->writer), 0);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.verdicts), 600);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.messages), 0);
    scene_close(s);
    test_free(s);
}

static void a_forgotten_script_is_sent_as_text(void **state) {
    scene *s = test_calloc(1, sizeof *s);
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    (void)state;
    scene_open(s, 2, 0);
    put(s, 0, "Valid", NULL);
    flush(s);
    fixture_ok(swapci_redis_call(s->redis, "a test", &reply, &error, "SCRIPT FLUSH"), &error);
    freeReplyObject(reply);
    put(s, 1, "Valid", NULL);
    flush(s);
    assert_int_equal(swapci_verdict_stats_get(s->writer).stored, 2);
    scene_close(s);
    test_free(s);
}

static void kill_clients(void) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_config config = {.url = fixture_url()};
    swapci_redis *other = NULL;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_open(&config, &other, &error), &error);
    fixture_ok(swapci_redis_call(other, "a test", &reply, &error, "CLIENT KILL TYPE normal"),
               &error);
    freeReplyObject(reply);
    swapci_redis_free(other);
}

static void a_lost_connection_loses_and_doubles_nothing(void **state) {
    scene *s = test_calloc(1, sizeof *s);
    (void)state;
    scene_open(s, 300, 5000);
    for (size_t i = 0; i < 299; i++) /* a batch is under way */
        put(s, i, "Valid", NULL);
    kill_clients();
    put(s, 299, "Valid", NULL);
    flush(s);
    kill_clients();
    put(s, 0, "NotValid", NULL);
    flush(s);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.verdicts), 300);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.messages), 0);
    scene_close(s);
    test_free(s);
}

static void keep_trims_the_verdicts(void **state) {
    scene *s = test_calloc(1, sizeof *s);
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    scene_open(s, 600, 0);
    swapci_verdict_writer_free(s->writer);
    s->writer = NULL;
    fixture_ok(swapci_verdict_writer_new(s->redis, &s->names, 100, &s->writer, &error), &error);
    for (size_t i = 0; i < 600; i++) put(s, i, "Valid", NULL);
    flush(s);
    long long kept = fixture_integer(s->redis, "XLEN %s", s->names.verdicts);
    assert_true(kept >= 100 && kept < 300); /* Redis trims whole nodes of 100 */
    scene_close(s);
    test_free(s);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_and_acknowledges),
        cmocka_unit_test(latency_follows_t),
        cmocka_unit_test(a_second_verdict_counts_for_nothing),
        cmocka_unit_test(full_batches_go_by_themselves),
        cmocka_unit_test(a_forgotten_script_is_sent_as_text),
        cmocka_unit_test(a_lost_connection_loses_and_doubles_nothing),
        cmocka_unit_test(keep_trims_the_verdicts),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
