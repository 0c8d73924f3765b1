#include "stream_fixture.h"

#include <pthread.h>
#include <string.h>

#include "lease.h"

static void add(swapci_redis *redis, const char *const *bodies, size_t count,
                swapci_stream_id *ids) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names = fixture_names();
    swapci_message messages[16] = {0};
    for (size_t i = 0; i < count; i++) messages[i].body = swapc_bytes_str(bodies[i]);
    fixture_ok(swapci_stream_add(redis, &names, messages, count, ids, &error), &error);
}

static const char *const three[] = {"a", "", "ccc"};

static void ids_are_read_and_written(void **state) {
    char text[SWAPCI_STREAM_ID_SIZE];
    swapci_stream_id id = {UINT64_MAX, UINT64_MAX}, back;
    (void)state;
    size_t len = swapci_stream_id_format(id, text);
    assert_int_equal(len, SWAPCI_STREAM_ID_SIZE - 1);
    assert_true(swapci_stream_id_parse(swapc_bytes_str(text), &back));
    assert_int_equal(swapci_stream_id_compare(id, back), 0);
    static const char *const wrong[] = {
        "", "-", "1-", "-1", "1", "1-2-3", "1-+2", " 1-2", "18446744073709551616-0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(swapci_stream_id_parse(swapc_bytes_str(wrong[i]), &back));
    assert_true(swapci_stream_id_compare((swapci_stream_id){1, 9}, (swapci_stream_id){2, 0}) < 0);
    assert_true(swapci_stream_id_compare((swapci_stream_id){2, 1}, (swapci_stream_id){2, 0}) > 0);
}

static void prefixes_are_checked(void **state) {
    swapci_stream_names names;
    char longest[SWAPCI_STREAM_PREFIX_MAX + 2];
    (void)state;
    assert_int_equal(swapci_stream_names_init(&names, "{x}:y", NULL), SWAPC_OK);
    assert_string_equal(names.messages, "{x}:y:messages");
    assert_int_equal(swapci_stream_names_init(&names, "", NULL), SWAPC_INVALID);
    assert_int_equal(swapci_stream_names_init(&names, "a b", NULL), SWAPC_INVALID);
    memset(longest, 'p', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(swapci_stream_names_init(&names, longest, NULL), SWAPC_INVALID);
    longest[sizeof longest - 2] = 0;
    assert_int_equal(swapci_stream_names_init(&names, longest, NULL), SWAPC_OK);
}

static void what_came_before_the_group_is_read(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_stream_id ids[3];
    (void)state;
    add(redis, three, 3, ids);
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    fixture_ok(swapci_stream_create(redis, &names, &error), &error); /* once more is fine */
    fixture_ok(swapci_stream_read(redis, &names, "c", 2, 10, &batch, &error), &error);
    assert_int_equal(batch.count, 2);
    assert_int_equal(swapci_stream_id_compare(batch.entries[0].id, ids[0]), 0);
    assert_true(swapc_bytes_equal(batch.entries[0].body, swapc_bytes_str("a")));
    assert_true(batch.entries[1].has_body);
    assert_int_equal(batch.entries[1].body.len, 0);
    fixture_ok(swapci_stream_read(redis, &names, "c", 2, 0, &batch, &error), &error);
    assert_int_equal(batch.count, 1);
    fixture_ok(swapci_stream_read(redis, &names, "c", 2, 1, &batch, &error), &error);
    assert_int_equal(batch.count, 0);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

struct reader {
    swapci_redis *redis;
    swapci_stream_names names;
    swapci_batch batch;
    enum swapc_status status;
};

static void *wait_for_messages(void *user) {
    struct reader *r = user;
    r->status = swapci_stream_read(r->redis, &r->names, "c", 8, 60000, &r->batch, NULL);
    return NULL;
}

/* Redis answers who waits after the first entry: what comes in the same pipeline is no batch of its own. */
static void who_waited_gets_all_that_came_at_once(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    const swapci_redis_config config = {.url = fixture_url()};
    struct reader r = {.names = fixture_names(), .batch = SWAPCI_BATCH_INIT};
    const char *twelve[12];
    swapci_stream_id ids[12];
    pthread_t thread;
    (void)state;
    for (int i = 0; i < 12; i++) twelve[i] = "a";
    fixture_ok(swapci_redis_open(&config, &r.redis, &error), &error);
    fixture_ok(swapci_stream_create(redis, &r.names, &error), &error);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_messages, &r), 0);
    fixture_await_blocked(redis, 1);
    add(redis, twelve, 12, ids);
    pthread_join(thread, NULL);
    assert_int_equal(r.batch.count, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(swapci_stream_id_compare(r.batch.entries[i].id, ids[i]), 0);
    fixture_ok(swapci_stream_read(r.redis, &r.names, "c", 8, 60000, &r.batch, &error), &error);
    assert_int_equal(r.batch.count, 4); /* that are there */
    fixture_command(redis, "DEL swapc:messages");
    fixture_command(redis, "SET swapc:messages x");
    assert_int_equal(swapci_stream_read(r.redis, &r.names, "c", 8, 10, &r.batch, &error),
                     SWAPC_PROTOCOL);
    assert_int_equal(r.batch.count, 0);
    fixture_ok(swapci_redis_probe(r.redis, &error), &error); /* no answer is owed */
    swapci_batch_fini(&r.batch);
    swapci_redis_free(r.redis);
    swapci_redis_free(redis);
}

/* What is read is pending with us: it would wait for somebody to notice. Here the stream is gone by when the second read comes. */
static void what_came_is_not_lost_with_a_refusal_behind_it(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    const swapci_redis_config config = {.url = fixture_url()};
    struct reader r = {.names = fixture_names(), .batch = SWAPCI_BATCH_INIT};
    pthread_t thread;
    (void)state;
    fixture_ok(swapci_redis_open(&config, &r.redis, &error), &error);
    fixture_ok(swapci_stream_create(redis, &r.names, &error), &error);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_messages, &r), 0);
    fixture_await_blocked(redis, 1);
    fixture_ok(swapci_redis_appendf(redis, &error, "XADD swapc:messages * m a"), &error);
    fixture_ok(swapci_redis_appendf(redis, &error, "DEL swapc:messages"), &error);
    fixture_ok(swapci_redis_skip(redis, 2, "a test", &error), &error);
    pthread_join(thread, NULL);
    assert_int_equal(r.status, SWAPC_OK);
    assert_int_equal(r.batch.count, 1);
    assert_int_equal(swapci_stream_read(r.redis, &r.names, "c", 8, 10, &r.batch, &error),
                     SWAPC_PROTOCOL);
    assert_int_equal(r.batch.count, 0);
    swapci_batch_fini(&r.batch);
    swapci_redis_free(r.redis);
    swapci_redis_free(redis);
}

static void fields_are_told_apart(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_message full = {swapc_bytes_of("\0m", 2), "ecdsa", 1234567};
    swapci_stream_id id;
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    fixture_ok(swapci_stream_add(redis, &names, &full, 1, &id, &error), &error);
    fixture_ok(swapci_redis_call(redis, "to add", &reply, &error, "XADD %s * x m t soon M other",
                                 names.messages),
               &error);
    freeReplyObject(reply);
    fixture_ok(swapci_stream_read(redis, &names, "c", 9, 10, &batch, &error), &error);
    assert_int_equal(batch.count, 2);
    assert_true(swapc_bytes_equal(batch.entries[0].body, full.body));
    assert_true(swapc_bytes_equal(batch.entries[0].method, swapc_bytes_str("ecdsa")));
    assert_int_equal(batch.entries[0].t_us, 1234567);
    assert_false(batch.entries[1].has_body);
    assert_int_equal(batch.entries[1].t_us, 0);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

static void pending_counts_only_real_deliveries(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_stream_id ids[3];
    swapci_pending page[2];
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    add(redis, three, 3, ids);
    fixture_ok(swapci_stream_read(redis, &names, "c", 9, 0, &batch, &error), &error);
    assert_int_equal(fixture_pending(redis, "c"), 3);
    size_t count = 2;
    swapci_stream_id start = {0, 0};
    fixture_ok(swapci_stream_pending(redis, &names, "c", start, page, &count, &error), &error);
    assert_int_equal(count, 2);
    assert_int_equal(page[0].deliveries, 1);
    fixture_ok(swapci_stream_claim(redis, &names, "c", 0, page, 2, &batch, &error), &error);
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.entries[1].deliveries, 2);
    count = 2;
    fixture_ok(swapci_stream_pending(redis, &names, "c", start, page, &count, &error), &error);
    assert_int_equal(page[0].deliveries, 2);
    count = 2;
    fixture_ok(swapci_stream_pending(redis, &names, "c", page[1].id, page, &count, &error), &error);
    assert_int_equal(count, 1);
    assert_int_equal(page[0].deliveries, 1);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

static void a_deleted_message_is_left_out_of_a_claim(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_stream_id ids[3];
    swapci_pending page[3];
    size_t count = 3;
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    add(redis, three, 3, ids);
    fixture_ok(swapci_stream_read(redis, &names, "c", 9, 0, &batch, &error), &error);
    fixture_ok(
        swapci_stream_pending(redis, &names, "c", (swapci_stream_id){0, 0}, page, &count, &error),
        &error);
    page[2].deliveries = 7;
    assert_int_equal(fixture_integer(redis, "XTRIM %s MAXLEN = 2", names.messages), 1);
    fixture_ok(swapci_stream_claim(redis, &names, "c", 0, page, 3, &batch, &error), &error);
    assert_int_equal(batch.count, 2);
    assert_int_equal(swapci_stream_id_compare(batch.entries[0].id, ids[1]), 0);
    assert_int_equal(batch.entries[1].deliveries, 8);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

/* How many consumers the group has. */
static size_t consumers(swapci_redis *redis) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(
        swapci_redis_call(redis, "a test", &reply, &error, "XINFO CONSUMERS swapc:messages swapc"),
        &error);
    size_t count = reply->elements;
    freeReplyObject(reply);
    return count;
}

static void only_dead_consumers_lose_their_entries(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_stream_id ids[3];
    size_t moved, fresh;
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    add(redis, three, 3, ids);
    fixture_ok(swapci_stream_read(redis, &names, "dead", 2, 0, &batch, &error), &error);
    fixture_ok(swapci_stream_read(redis, &names, "alive", 2, 0, &batch, &error), &error);
    swapci_lease alive, me;
    bool recalled;
    fixture_ok(swapci_lease_init(&alive, &names, "alive", NULL, &error), &error);
    fixture_ok(swapci_lease_init(&me, &names, "me", NULL, &error), &error);
    fixture_ok(swapci_lease_hold(redis, &alive, false, &recalled, &error), &error);
    fixture_ok(swapci_stream_adopt(redis, &names, "me", 0, 100, NULL, NULL, &moved, &fresh, &error),
               &error);
    assert_int_equal(moved, 2);
    assert_int_equal(fixture_pending(redis, "me"), 2);
    swapci_pending page[3];
    size_t count = 3;
    fixture_ok(
        swapci_stream_pending(redis, &names, "me", (swapci_stream_id){0, 0}, page, &count, &error),
        &error);
    assert_int_equal(page[0].deliveries, 1); /* moving is no delivery */
    fixture_ok(swapci_stream_adopt(redis, &names, "me", 0, 100, NULL, NULL, &moved, &fresh, &error),
               &error);
    assert_int_equal(moved, 0);
    fixture_ok(swapci_lease_leave(redis, &names, &alive, "alive", &error), &error);
    assert_int_equal(consumers(redis),
                     2); /* it did not leave: one is pending, which is anybody's now */
    fixture_ok(swapci_stream_adopt(redis, &names, "me", 0, 100, NULL, NULL, &moved, &fresh, &error),
               &error);
    assert_int_equal(moved, 1);
    assert_int_equal(consumers(redis), 1); /* the dead have left */
    assert_int_equal(fixture_integer(redis, "XGROUP DELCONSUMER %s swapc me", names.messages), 3);
    fixture_ok(swapci_lease_hold(redis, &me, false, &recalled, &error), &error);
    fixture_ok(swapci_lease_leave(redis, &names, &me, "me", &error), &error);
    assert_int_equal(fixture_integer(redis, "EXISTS %s:lease:me", names.prefix), 0);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

/* A server whose clock went back would keep a dead one's lease, and takes its entries for fresh. */
static void a_clock_that_goes_back_keeps_nothing_from_the_heirs(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_stream_id ids[3];
    size_t moved, fresh;
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    add(redis, three, 3, ids);
    fixture_ok(swapci_stream_read(redis, &names, "dead", 2, 0, &batch, &error), &error);
    fixture_command(redis, "SET swapc:lease:dead x PX 3600000");
    fixture_ok(
        swapci_stream_adopt(redis, &names, "me", 1000, 100, NULL, NULL, &moved, &fresh, &error),
        &error);
    assert_int_equal(moved, 0);
    assert_true(fixture_integer(redis, "PTTL %s:lease:dead", names.prefix) <= SWAPCI_LEASE_MS);
    assert_int_equal(fixture_integer(redis, "DEL %s:lease:dead", names.prefix), 1);
    fixture_ok(
        swapci_stream_adopt(redis, &names, "me", 3600000, 100, NULL, NULL, &moved, &fresh, &error),
        &error);
    assert_int_equal(moved, 0);
    assert_int_equal(fresh, 2);
    fixture_ok(swapci_stream_adopt(redis, &names, "me", 0, 100, NULL, NULL, &moved, &fresh, &error),
               &error);
    assert_int_equal(moved, 2);
    assert_int_equal(fresh, 0);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

/* Others read the group, too, and under names that ours never have. */
static void a_dead_consumer_may_have_any_name(void **state) {
    char kilobyte[1024];
    memset(kilobyte, 'k', sizeof kilobyte);
    const swapc_bytes dead[] = {{(const uint8_t *)kilobyte, sizeof kilobyte},
                                {(const uint8_t *)kilobyte, SWAPCI_STREAM_CONSUMER_MAX},
                                {(const uint8_t *)"a\0b", 3},
                                {(const uint8_t *)"a b:%s", 6},
                                {(const uint8_t *)"", 0}};
    enum { COUNT = sizeof dead / sizeof *dead };
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_stream_id ids[3];
    size_t moved, fresh;
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    add(redis, three, 3, ids);
    add(redis, three, 3, ids);
    for (size_t i = 0; i < COUNT; i++) {
        redisReply *reply = NULL;
        fixture_ok(swapci_redis_call(redis, "a test", &reply, &error,
                                     "XREADGROUP GROUP swapc %b COUNT 1 STREAMS swapc:messages >",
                                     dead[i].ptr, dead[i].len),
                   &error);
        assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
        freeReplyObject(reply);
    }
    assert_int_equal(consumers(redis), COUNT);
    fixture_command(redis, "SET swapc:lease: x"); /* without an end: nobody renews it */
    fixture_ok(swapci_stream_adopt(redis, &names, "me", 0, 100, NULL, NULL, &moved, &fresh, &error),
               &error);
    assert_int_equal(moved, COUNT);
    assert_int_equal(fixture_pending(redis, "me"), COUNT);
    assert_int_equal(consumers(redis),
                     2); /* but who has a lease, whatever it is worth, is not taken out */
    swapci_redis_free(redis);
}

static void after_the_last_id_there_is_nothing(void **state) {
    static const swapci_stream_id last = {UINT64_MAX, UINT64_MAX};
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_pending page[2];
    size_t count = 2, moved, fresh;
    (void)state;
    fixture_ok(swapci_stream_create(redis, &names, &error), &error);
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error,
                                 "XADD swapc:messages "
                                 "18446744073709551615-18446744073709551615 m x"),
               &error);
    freeReplyObject(reply);
    fixture_ok(swapci_stream_read(redis, &names, "dead", 9, 0, &batch, &error), &error);
    assert_int_equal(batch.count, 1);
    assert_int_equal(swapci_stream_id_compare(batch.entries[0].id, last), 0);
    fixture_ok(swapci_stream_adopt(redis, &names, "me", 0, 100, NULL, NULL, &moved, &fresh, &error),
               &error);
    assert_int_equal(moved, 1);
    fixture_ok(
        swapci_stream_pending(redis, &names, "me", (swapci_stream_id){0, 0}, page, &count, &error),
        &error);
    assert_int_equal(count, 1);
    count = 2;
    fixture_ok(swapci_stream_pending(redis, &names, "me", page[0].id, page, &count, &error),
               &error);
    assert_int_equal(count, 0);
    swapci_batch_fini(&batch);
    swapci_redis_free(redis);
}

static void last_id_and_length(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    swapci_stream_names names = fixture_names();
    swapci_stream_id ids[3], last = {1, 1};
    uint64_t length = 9;
    (void)state;
    fixture_ok(swapci_stream_last_id(redis, names.messages, &last, &error), &error);
    assert_int_equal(last.ms, 0);
    fixture_ok(swapci_stream_length(redis, &names, &length, &error), &error);
    assert_int_equal(length, 0);
    add(redis, three, 3, ids);
    fixture_ok(swapci_stream_last_id(redis, names.messages, &last, &error), &error);
    assert_int_equal(swapci_stream_id_compare(last, ids[2]), 0);
    fixture_ok(swapci_stream_length(redis, &names, &length, &error), &error);
    assert_int_equal(length, 3);
    fixture_ok(swapci_stream_tampered_add(redis, &names, ids, 3, &error), &error);
    assert_int_equal(fixture_integer(redis, "SCARD %s", names.tampered), 3);
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_read_and_written),
        cmocka_unit_test(prefixes_are_checked),
        cmocka_unit_test(what_came_before_the_group_is_read),
        cmocka_unit_test(who_waited_gets_all_that_came_at_once),
        cmocka_unit_test(what_came_is_not_lost_with_a_refusal_behind_it),
        cmocka_unit_test(fields_are_told_apart),
        cmocka_unit_test(pending_counts_only_real_deliveries),
        cmocka_unit_test(a_deleted_message_is_left_out_of_a_claim),
        cmocka_unit_test(only_dead_consumers_lose_their_entries),
        cmocka_unit_test(a_clock_that_goes_back_keeps_nothing_from_the_heirs),
        cmocka_unit_test(a_dead_consumer_may_have_any_name),
        cmocka_unit_test(after_the_last_id_there_is_nothing),
        cmocka_unit_test(last_id_and_length),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
