/* Flat answers are what hiredis makes of the same bytes, and the connection is as before after them. */
#include "redis_flat.h"

#include "redis_fixture.h"
#include "redis_refusal.h"
#include "redis_reply.h"

static swapci_redis *redis;
static swapci_redis_flat flat;

static void ask_flat(const char *script) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_flat_clear(&flat);
    fixture_ok(swapci_redis_appendf(redis, &error, "EVAL %s 0", script), &error);
    fixture_ok(swapci_redis_get_flat(redis, "a test", &flat, &error), &error);
}

/* Walks both. Returns the part behind. */
static size_t same(const redisReply *reply, size_t part) {
    assert_true(part < flat.count);
    assert_int_equal(flat.parts[part].type, reply->type);
    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS)
        assert_true(swapc_bytes_equal(swapci_flat_bytes(&flat, part), swapci_reply_bytes(reply)));
    part++;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        part = same(reply->element[i], part);
    return part;
}

static void they_are_what_hiredis_makes_of_them(void **state) {
    static const char *const scripts[] = {
        "return {}",
        "return false",
        "return 7",
        "return 'x'",
        "return {1, 'two', {}, {'a', {'b', false}, {{{'deep'}}}}, redis.status_reply('FINE')}",
        "local t = {} for i = 1, 3000 do t[i] = {i .. '-0', {'payload', string.rep('y', i % 300)}} "
        "end return t",
        "return string.rep('z', 5000000)",
    };
    (void)state;
    redis = fixture_open(0);
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        redisReply *reply = NULL;
        fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, "EVAL %s 0", scripts[i]),
                   &error);
        ask_flat(scripts[i]);
        assert_int_equal(same(reply, 0), flat.count);
        freeReplyObject(reply);
    }
    swapci_redis_flat_fini(&flat);
    swapci_redis_free(redis);
}

static void errors_and_ends_are_as_ever(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    redis = fixture_open(0);
    fixture_ok(swapci_redis_appendf(redis, &error, "SET a 1"), &error);
    fixture_ok(swapci_redis_appendf(redis, &error, "XLEN a"), &error);
    fixture_ok(swapci_redis_appendf(redis, &error, "GET a"), &error);
    fixture_ok(swapci_redis_skip(redis, 1, "a test", &error), &error);
    assert_int_equal(swapci_redis_get_flat(redis, "a test", &flat, &error), SWAPC_PROTOCOL);
    assert_string_equal(swapci_redis_last_code(redis), "WRONGTYPE");
    assert_int_equal(flat.count, 0);
    swapc_error_clear(&error);
    fixture_ok(swapci_redis_get_flat(redis, "a test", &flat, &error), &error);
    assert_true(swapc_bytes_equal(swapci_flat_bytes(&flat, 0), swapc_bytes_str("1")));
    swapci_redis_flat_clear(&flat);
    swapci_redis_limit(redis, 1 << 20);
    fixture_ok(swapci_redis_appendf(redis, &error, "EVAL %s 0", "return string.rep('z', 9000000)"),
               &error);
    assert_int_equal(swapci_redis_get_flat(redis, "a test", &flat, &error), SWAPC_TOO_LARGE);
    assert_int_equal(flat.count, 0);
    swapci_redis_flat_fini(&flat);
    swapci_redis_free(redis);
}

/* One that fails, in whole or in its middle, leaves those before it. */
static void one_comes_behind_the_other(void **state) {
    static const char *const refused[] = {"return redis.error_reply('ERR no')",
                                          "return {'a', string.rep('z', 9000000)}"};
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    redis = fixture_open(0);
    ask_flat("return {'first', {'second'}}");
    swapci_redis_limit(redis, 1 << 20);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        fixture_ok(swapci_redis_appendf(redis, &error, "EVAL %s 0", refused[i]), &error);
        assert_int_not_equal(swapci_redis_get_flat(redis, "a test", &flat, &error), SWAPC_OK);
        swapc_error_clear(&error);
        assert_int_equal(flat.count, 4);
        assert_int_equal(flat.bytes.len, strlen("firstsecond"));
    }
    fixture_ok(swapci_redis_attempt(redis, &error), &error);
    fixture_ok(swapci_redis_appendf(redis, &error, "EVAL %s 0", "return {'third'}"), &error);
    fixture_ok(swapci_redis_get_flat(redis, "a test", &flat, &error), &error);
    assert_int_equal(flat.count, 6);
    assert_true(swapc_bytes_equal(swapci_flat_bytes(&flat, 1), swapc_bytes_str("first")));
    assert_true(swapc_bytes_equal(swapci_flat_bytes(&flat, 3), swapc_bytes_str("second")));
    assert_int_equal(flat.parts[4].size, 1);
    assert_true(swapc_bytes_equal(swapci_flat_bytes(&flat, 5), swapc_bytes_str("third")));
    swapci_redis_flat_fini(&flat);
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_what_hiredis_makes_of_them),
        cmocka_unit_test(one_comes_behind_the_other),
        cmocka_unit_test(errors_and_ends_are_as_ever),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
