/* Entries as Redis answers them, of any fields, and what is no such answer: refused, and nothing read outside. */
#include "entry.h"

#include "redis_fixture.h"

static swapci_redis *redis;
static swapci_process_entries entries;

/* One for all cases: none of them leaves anything there. */
static swapci_redis *server(void) {
    if (!redis) redis = fixture_open(0);
    return redis;
}

/* Takes what a script answers. */
static enum swapc_status take(const char *script) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_redis_appendf(server(), &error, "EVAL %s 0", script), &error);
    return swapci_process_entries_take(redis, 1, swapc_bytes_str("payload"), &entries, &error);
}

static void assert_payload(size_t i, const void *bytes, size_t len) {
    assert_true(i < entries.count && entries.list[i].has_payload);
    assert_int_equal(entries.list[i].payload.len, len);
    if (len > 0) assert_memory_equal(entries.list[i].payload.ptr, bytes, len);
}

static void entries_have_any_fields(void **state) {
    (void)state;
    assert_int_equal(take("return {{'in', {"
                          "{'1-1', {'payload', 'a'}},"
                          "{'1-2', {'x', 'payload', 'payload', ''}},"
                          "{'1-3', {'payload', 'first', 'payload', '\\0\\255', '', ''}},"
                          "{'1-4', {'Payload', 'p', 'payload ', 'q', 'payloa', 'r'}},"
                          "{'18446744073709551615-18446744073709551615', {}}}}}"),
                     SWAPC_OK);
    assert_int_equal(entries.count, 5);
    assert_payload(0, "a", 1);
    assert_payload(1, "", 0);
    assert_payload(2, "\0\377", 2); /* the last of that name counts */
    assert_false(entries.list[3].has_payload);
    assert_int_equal(entries.list[3].fields, 6);
    assert_false(entries.list[4].has_payload);
    assert_int_equal(entries.list[4].fields, 0);
    assert_int_equal(entries.list[4].id.seq, UINT64_MAX);
    assert_true(swapc_bytes_equal(swapci_flat_bytes(&entries.flat, entries.list[3].first + 2),
                                  swapc_bytes_str("payload ")));
}

static void deleted_entries_are_told_as_each_version_of_redis_tells_them(void **state) {
    (void)state;
    assert_int_equal(take("return {{'1-1', false}, {'1-2', {'payload', 'b'}}, false}"), SWAPC_OK);
    assert_int_equal(entries.count, 2);
    assert_false(entries.list[0].has_payload);
    assert_int_equal(entries.list[0].fields, 0);
    assert_payload(1, "b", 1);
    assert_int_equal(take("return {false, false}"), SWAPC_OK);
    assert_int_equal(entries.count, 0);
}

static void nothing_is_no_entry(void **state) {
    static const char *const scripts[] = {"return false", "return {}", "return {{'in', {}}}"};
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        assert_int_equal(take("return {{'1-1', {'payload', 'a'}}}"), SWAPC_OK);
        assert_int_equal(take(scripts[i]), SWAPC_OK);
        assert_int_equal(entries.count, 0);
    }
}

/* Each is refused, and an answer as it should be is taken behind it. */
static void what_is_no_list_of_entries_is_refused(void **state) {
    static const char *const scripts[] = {
        "return 7",
        "return 'text'",
        "return redis.status_reply('FINE')",
        "return {7}",
        "return {'1-1'}",
        "return {{'1-1'}}",
        "return {{'1-1', {'payload'}}}",
        "return {{'1-1', {'payload', 7}}}",
        "return {{'1-1', {7, 'a'}}}",
        "return {{'1-1', {'payload', {'a'}}}}",
        "return {{'1-1', 'payload'}}",
        "return {{'1-1', {'payload', 'a'}, 'more'}}",
        "return {{7, {'payload', 'a'}}}",
        "return {{'', {'payload', 'a'}}}",
        "return {{'1', {'payload', 'a'}}}",
        "return {{'1-', {'payload', 'a'}}}",
        "return {{'-1', {'payload', 'a'}}}",
        "return {{'1-1x', {'payload', 'a'}}}",
        "return {{'18446744073709551616-0', {'payload', 'a'}}}",
        "return {{'in', {{'1-1', {'payload', 'a'}}}, 'more'}}",
        "return {{'in', 'text'}}",
        "return {{'in', {{'1-1', {'payload', 'a'}}}}, {'two', {}}}",
        "return {{'1-1', {'payload', 'a'}}, {'1-2', {'payload', 'a', 'odd'}}}",
        "return redis.error_reply('ERR whatever')",
    };
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        enum swapc_status status = take(scripts[i]);
        if (status != SWAPC_PROTOCOL) fail_msg("%s: %s", scripts[i], swapc_status_name(status));
        assert_int_equal(take("return {{'1-1', {'payload', 'a'}}}"), SWAPC_OK);
        assert_payload(0, "a", 1);
    }
}

static void large_ones_are_taken_whole(void **state) {
    (void)state;
    assert_int_equal(take("local t = {} for i = 1, 1000 do t[i] = {'1-' .. i, {'payload', "
                          "string.rep('y', i)}} end return {{'in', t}}"),
                     SWAPC_OK);
    assert_int_equal(entries.count, 1000);
    assert_int_equal(entries.list[999].payload.len, 1000);
    assert_int_equal(take("local f = {} for i = 1, 7000 do f[i] = 'n' .. i end "
                          "return {{'1-1', f}, {'1-2', {'payload', string.rep('z', 9000000)}}}"),
                     SWAPC_OK);
    assert_int_equal(entries.list[0].fields, 7000);
    assert_int_equal(entries.list[1].payload.len, 9000000);
    assert_int_equal(entries.list[1].payload.ptr[8999999], 'z');
    assert_true(entries.bytes > 9000000);
}

/* Random nestings of what answers are made of: no more than refused. The seed is printed. */
static void nestings_at_random_are_read_or_refused(void **state) {
    static const char script[] =
        "math.randomseed(tonumber(ARGV[1])) "
        "local words = {'1-1', 'payload', '', 'in', '5-0', 'x'} "
        "local function any(depth) "
        "  local k = math.random(depth > 4 and 3 or 7) "
        "  if k == 1 then return words[math.random(#words)] end "
        "  if k == 2 then return words[math.random(2)] end "
        "  if k == 3 then return math.random(4) == 1 and false or math.random(9) end "
        "  local t = {} "
        "  for i = 1, math.random(0, 3) do t[i] = any(depth + 1) end "
        "  return t "
        "end "
        "return any(0)";
    (void)state;
    for (unsigned seed = 1; seed <= 400; seed++) {
        swapc_error error = SWAPC_ERROR_INIT;
        fixture_ok(swapci_redis_appendf(server(), &error, "EVAL %s 0 %u", script, seed), &error);
        enum swapc_status status =
            swapci_process_entries_take(redis, 1, swapc_bytes_str("payload"), &entries, &error);
        if (status != SWAPC_OK && status != SWAPC_PROTOCOL)
            fail_msg("seed %u: %s", seed, swapc_status_name(status));
        for (size_t i = 0; status == SWAPC_OK && i < entries.count; i++)
            assert_true(entries.list[i].first + entries.list[i].fields <= entries.flat.count);
    }
}

/* Two reads in one pipeline: what one of them brought is taken, whatever the other is refused of. */
static void of_two_answers_all_entries_are_taken(void **state) {
#define A "return {{'in', {{'1-1', {'payload', 'a'}}}}}"
#define BC "return {{'in', {{'1-2', {'payload', 'b'}}, {'1-3', {'payload', 'c'}}}}}"
#define NONE "return false"
#define REFUSED "return redis.error_reply('NOPERM no')"
#define ODD "return 7"
    static const struct {
        const char *answers[2];
        enum swapc_status status;
        size_t count;
        const char *payloads;
    } cases[] = {
        {{A, BC}, SWAPC_OK, 3, "abc"},
        {{A, NONE}, SWAPC_OK, 1, "a"},
        {{NONE, BC}, SWAPC_OK, 2, "bc"},
        {{NONE, NONE}, SWAPC_OK, 0, ""},
        {{A, REFUSED}, SWAPC_OK, 1, "a"},
        {{REFUSED, BC}, SWAPC_OK, 2, "bc"},
        {{NONE, REFUSED}, SWAPC_PROTOCOL, 0, ""},
        {{REFUSED, NONE}, SWAPC_PROTOCOL, 0, ""},
        {{REFUSED, REFUSED}, SWAPC_PROTOCOL, 0, ""},
        {{A, ODD}, SWAPC_PROTOCOL, 0, ""},
        {{ODD, BC}, SWAPC_PROTOCOL, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        for (int k = 0; k < 2; k++)
            fixture_ok(swapci_redis_appendf(server(), &error, "EVAL %s 0", cases[i].answers[k]),
                       &error);
        enum swapc_status status =
            swapci_process_entries_take(redis, 2, swapc_bytes_str("payload"), &entries, &error);
        if (status != cases[i].status) fail_msg("case %zu: %s", i, swapc_status_name(status));
        assert_int_equal(error.status, status);
        fixture_ok(swapci_redis_probe(redis, &error), &error); /* no answer is owed */
        if (status != SWAPC_OK) continue;
        assert_int_equal(entries.count, cases[i].count);
        for (size_t e = 0; e < entries.count; e++) assert_payload(e, cases[i].payloads + e, 1);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_have_any_fields),
        cmocka_unit_test(deleted_entries_are_told_as_each_version_of_redis_tells_them),
        cmocka_unit_test(nothing_is_no_entry),
        cmocka_unit_test(what_is_no_list_of_entries_is_refused),
        cmocka_unit_test(large_ones_are_taken_whole),
        cmocka_unit_test(nestings_at_random_are_read_or_refused),
        cmocka_unit_test(of_two_answers_all_entries_are_taken),
    };
    int failed = swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
    swapci_process_entries_fini(&entries);
    swapci_redis_free(redis);
    return failed;
}
