/* The step that stores outputs, under every refusal: each command of its script denied in turn and in pairs, keys of another type, no
 * memory, no id left, another's lease, the same batch twice. Whatever it is, an entry has its output or letter, or it is pending and has none; and
 * once the cause is mended each has exactly one, in order. */
#include "outputs_fixture.h"

#include "redis_refusal.h"
#include "redis_reply.h"

enum { MANY = 40, ERROR_EVERY = 7 };

static void open_scene(scene *s, bool delete, uint64_t keep) {
    scene_open(s, true);
    for (int i = 0; i < MANY; i++) fixture_command(s->admin, "XADD in * payload p other o");
    scene_read(s);
    assert_int_equal(s->entries.count, MANY);
    s->outputs.delete = delete;
    s->outputs.keep = keep;
}

/* Stores all entries from `first` on, every seventh as a letter: one attempt. */
static enum swapc_status store_once(scene *s, size_t first, swapc_error *error) {
    enum swapc_status status;
    swapci_process_results_clear(&s->results);
    for (size_t i = first; i < s->entries.count; i++) {
        const swapci_process_entry *e = &s->entries.list[i];
        if (i % ERROR_EVERY == 3)
            status = swapci_process_results_add_error(&s->results, &s->entries, e, "TRAP",
                                                      swapc_bytes_str("why"), NULL);
        else status = swapci_process_results_add(&s->results, &s->entries, e, e->payload);
        fixture_ok(status, error);
    }
    status = swapci_process_outputs_send(&s->outputs, &s->results,
                                         s->entries.list[s->entries.count - 1].id, error);
    return status == SWAPC_OK ? swapci_process_outputs_take(&s->outputs, error) : status;
}

/* The same, again where the script was forgotten. */
static enum swapc_status store(scene *s, size_t first, swapc_error *error) {
    enum swapc_status status;
    do status = store_once(s, first, error);
    while (status == SWAPC_BUSY);
    return status;
}

static bool is_pending(scene *s, swapc_bytes id) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(s->admin, "a test", &reply, &error, "XPENDING in swapc %b %b 1",
                                 id.ptr, id.len, id.ptr, id.len),
               &error);
    bool pending = reply->elements > 0;
    freeReplyObject(reply);
    return pending;
}

/* How many entries of a stream have this id in the field `id`, which is the first one. */
static size_t stored(scene *s, const char *stream, swapc_bytes id) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    size_t count = 0;
    fixture_ok(
        swapci_redis_append(s->admin, 4,
                            (swapc_bytes[]){swapc_bytes_str("XRANGE"), swapc_bytes_str(stream),
                                            swapc_bytes_str("-"), swapc_bytes_str("+")},
                            &error),
        &error);
    fixture_ok(swapci_redis_get_any(s->admin, &reply, &error), &error);
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        count +=
            swapc_bytes_equal(swapci_reply_bytes(reply->element[i]->element[1]->element[1]), id);
    freeReplyObject(reply);
    return count;
}

/* Returns how many are stored. */
static size_t expect_all_or_nothing(scene *s, const char *when) {
    size_t done = 0;
    for (size_t i = 0; i < s->entries.count; i++) {
        swapc_bytes id = s->entries.list[i].id_text;
        size_t outputs = stored(s, "out", id), letters = stored(s, "in:dead", id);
        bool pending = is_pending(s, id);
        if (outputs + letters + pending != 1)
            fail_msg("%s: entry %zu has %zu outputs, %zu letters and is %spending", when, i,
                     outputs, letters, pending ? "" : "not ");
        done += !pending;
    }
    return done;
}

static void expect_done(scene *s, const char *when) {
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = store(s, 0, &error);
    if (status != SWAPC_OK) fail_msg("%s: %s", when, error.text);
    assert_int_equal(expect_all_or_nothing(s, when), MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(
            stored(s, i % ERROR_EVERY == 3 ? "in:dead" : "out", s->entries.list[i].id_text), 1);
}

/* Those that each batch needs, and the rest. */
static const char *const commands[] = {"get",  "hget",  "xadd",    "xdel",     "hset",
                                       "xack", "xtrim", "evalsha", "xpending", "eval"};
enum { COMMANDS = sizeof commands / sizeof *commands, NEEDED = 9 };

static void deny(scene *s, const char *command) {
    char line[64];
    snprintf(line, sizeof line, "ACL SETUSER clerk -%s", command);
    fixture_command(s->admin, line);
}

static void denied_pair(unsigned a, unsigned b) {
    scene s;
    char when[64];
    swapc_error error = SWAPC_ERROR_INIT;
    open_scene(&s, true, 1000);
    snprintf(when, sizeof when, "without %s and %s", commands[a], commands[b]);
    deny(&s, commands[a]);
    deny(&s, commands[b]);
    enum swapc_status status = store(&s, 0, &error);
    bool needed = a < NEEDED || b < NEEDED;
    if (needed == (status == SWAPC_OK)) fail_msg("%s: %s", when, swapc_status_name(status));
    assert_true(!needed || status == SWAPC_PROTOCOL);
    assert_true(!needed || strstr(error.text, "ACL SETUSER"));
    assert_int_equal(expect_all_or_nothing(&s, when), needed ? 0 : MANY);
    fixture_allow_all(s.admin);
    swapc_error_clear(&error);
    expect_done(&s, when);
    scene_close(&s);
}

static void each_command_denied_in_turn_and_in_pairs(void **state) {
    (void)state;
    for (unsigned a = 0; a < COMMANDS; a++)
        for (unsigned b = a; b < COMMANDS; b++) denied_pair(a, b);
}

/* make: a command that puts something in the way; unmake: one that takes it away. */
static void obstructed(const char *make, const char *unmake, const char *said, size_t stored_most) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    open_scene(&s, false, 0);
    fixture_command(s.admin, make);
    assert_int_equal(store(&s, 0, &error), SWAPC_PROTOCOL);
    if (!strstr(error.text, said)) fail_msg("%s: %s", make, error.text);
    assert_true(expect_all_or_nothing(&s, make) <= stored_most);
    fixture_command(s.admin, unmake);
    expect_done(&s, make);
    scene_close(&s);
}

static void keys_of_another_type_and_no_memory(void **state) {
    (void)state;
    swapci_redis *redis = fixture_open(0);
    const char *first = fixture_refused_type(redis);
    swapci_redis_free(redis);
    obstructed("SET out x", "DEL out", first, 0);
    obstructed("SET in:dead x", "DEL in:dead", first, 3); /* those before the first letter */
    obstructed("SET in:swapc x", "DEL in:swapc", "HGET", 0);
    obstructed("HSET in:swapc done no-id", "HDEL in:swapc done", "HSET it", 0);
    obstructed("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "maxmemory", 0);
    obstructed("CONFIG SET min-replicas-to-write 3", "CONFIG SET min-replicas-to-write 0",
               "replicas", 0);
}

/* XACK says nothing of a group that is not there: what was stored without it would come again with the stream. */
static void while_the_stream_or_its_group_is_gone_nothing_is_stored(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, true, 0);
    fixture_command(s.admin, "RENAME in away");
    assert_int_equal(store(&s, 0, &error), SWAPC_PROTOCOL);
    assert_int_equal(swapci_redis_last_refusal(s.redis), SWAPCI_REDIS_MISSING);
    fixture_command(s.admin, "XADD in * payload another");
    swapc_error_clear(&error);
    assert_int_equal(store(&s, 0, &error), SWAPC_PROTOCOL);
    assert_int_equal(swapci_redis_last_refusal(s.redis), SWAPCI_REDIS_MISSING);
    fixture_command(s.admin, "RENAME away in");
    assert_int_equal(expect_all_or_nothing(&s, "it is back"), 0);
    expect_done(&s, "it is back");
    scene_close(&s);
}

/* The value of a field of the only letter; NULL: it has none. The caller frees *reply. */
static const char *letter_field(scene *s, const char *name, redisReply **reply) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_redis_call(s->admin, "a test", reply, &error, "XRANGE in:dead - +"), &error);
    assert_int_equal((*reply)->elements, 1);
    const redisReply *fields = (*reply)->element[0]->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, name) == 0) return fields->element[i + 1]->str;
    return NULL;
}

static void expect_letter_of(unsigned fields, const char *f2, const char *left_out) {
    scene s;
    redisReply *reply = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    open_scene(&s, false, 0);
    fixture_ok(swapci_redis_call(s.admin, "a test", &reply, &error, "EVAL %s 0 %u",
                                 "local f = {'payload', 'p'} "
                                 "for i = 2, ARGV[1] do f[2 * i - 1], f[2 * i] = 'f' .. i, 'v' end "
                                 "return redis.call('XADD', 'in', '*', unpack(f))",
                                 fields),
               &error);
    freeReplyObject(reply);
    scene_read(&s);
    const swapci_process_entry *e = &s.entries.list[0];
    assert_int_equal(e->fields, 2 * fields);
    fixture_ok(swapci_process_results_add_error(&s.results, &s.entries, e, "TRAP",
                                                swapc_bytes_str("why"), "0011"),
               &error);
    fixture_ok(swapci_process_outputs_send(&s.outputs, &s.results, e->id, &error), &error);
    while (swapci_process_outputs_take(&s.outputs, &error) == SWAPC_BUSY)
        fixture_ok(swapci_process_outputs_send(&s.outputs, &s.results, e->id, &error), &error);
    const struct {
        const char *name, *value;
    } wanted[] = {{"reason", "TRAP"}, {"payload", "p"}, {"f2", f2}, {"left-out", left_out}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const char *value = letter_field(&s, wanted[i].name, &reply);
        if (wanted[i].value) assert_string_equal(value, wanted[i].value);
        else assert_null(value);
        freeReplyObject(reply);
    }
    scene_close(&s);
}

static void a_letter_has_all_fields_or_says_how_many_it_has_not(void **state) {
    (void)state;
    expect_letter_of(SWAPCI_PROCESS_FIELDS, "v", NULL);
    expect_letter_of(SWAPCI_PROCESS_FIELDS + 1, NULL, "3500");
}

static void where_no_id_is_left_those_before_are_stored(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, false, 0);
    fixture_command(s.admin, "XADD out 18446744073709551615-18446744073709551614 id 0-0");
    assert_int_equal(store(&s, 0, &error), SWAPC_PROTOCOL);
    assert_int_equal(expect_all_or_nothing(&s, "one id is left"), 1);
    fixture_command(s.admin, "RENAME out full");
    assert_int_equal(store(&s, 0, &error), SWAPC_OK);
    assert_int_equal(stored(&s, "full", s.entries.list[0].id_text), 1);
    assert_int_equal(stored(&s, "out", s.entries.list[0].id_text), 0);
    for (size_t i = 1; i < MANY; i++)
        assert_int_equal(
            stored(&s, i % ERROR_EVERY == 3 ? "in:dead" : "out", s.entries.list[i].id_text), 1);
    scene_close(&s);
}

static void a_batch_that_is_sent_again_is_not_stored_again(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, false, 0);
    expect_done(&s, "first");
    expect_done(&s, "again");
    fixture_command(s.admin, "SCRIPT FLUSH");
    expect_done(&s, "without the script");
    fixture_command(s.admin, "XGROUP DESTROY in swapc");
    fixture_command(s.admin, "XGROUP CREATE in swapc 0");
    assert_int_equal(store(&s, 0, &error), SWAPC_OK);
    assert_int_equal(stored(&s, "out", s.entries.list[0].id_text), 1); /* it is pending nowhere */
    scene_close(&s);
}

static void who_has_not_the_lease_stores_nothing(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, false, 0);
    fixture_command(s.admin, "SET in:swapc:owner another");
    assert_int_equal(store(&s, 0, &error), SWAPC_CLOSED);
    fixture_command(s.admin, "DEL in:swapc:owner");
    assert_int_equal(store(&s, 0, &error), SWAPC_CLOSED);
    assert_int_equal(expect_all_or_nothing(&s, "another's lease"), 0);
    scene_hold_lease(&s);
    expect_done(&s, "the lease is back");
    scene_close(&s);
}

/* What somebody was given late: behind it others are done already. */
static void an_entry_before_the_last_done_one_is_done_when_it_is_pending(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, false, 0);
    assert_int_equal(store(&s, MANY / 2, &error), SWAPC_OK);
    assert_int_equal(expect_all_or_nothing(&s, "the second half"), MANY / 2);
    expect_done(&s, "all");
    scene_close(&s);
}

/* What somebody without the lease was given: what is behind it waits. */
static void in_order_nothing_is_stored_before_what_is_pending(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, false, 0);
    s.outputs.in_order = true;
    assert_int_equal(store_once(&s, MANY / 2, &error), SWAPC_BUSY);
    assert_int_equal(expect_all_or_nothing(&s, "the second half"), 0);
    expect_done(&s, "all");
    assert_int_equal(store(&s, MANY / 2, &error), SWAPC_OK); /* it is pending nowhere */
    scene_close(&s);
}

/* ---- what was read in two parts ------------------------------------------------------------------- */

/* What the consumer c has. */
static void read_own(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_redis_appendf(s->admin, &error, "XREADGROUP GROUP swapc c STREAMS in 0"),
               &error);
    fixture_ok(
        swapci_process_entries_take(s->admin, 1, swapc_bytes_str("payload"), &s->entries, &error),
        &error);
}

/* Stores all that was read; letters: of the first one. */
static enum swapc_status store_all(scene *s, bool letters, swapc_error *error) {
    swapci_process_results_clear(&s->results);
    for (size_t i = 0; i < s->entries.count; i++) {
        const swapci_process_entry *e = &s->entries.list[i];
        fixture_ok(letters && i == 0
                       ? swapci_process_results_add_error(&s->results, &s->entries, e, "TRAP",
                                                          swapc_bytes_str("why"), NULL)
                       : swapci_process_results_add(&s->results, &s->entries, e, e->payload),
                   error);
    }
    enum swapc_status status = swapci_process_outputs_send(
        &s->outputs, &s->results, s->entries.list[s->entries.count - 1].id, error);
    return status == SWAPC_OK ? swapci_process_outputs_take(&s->outputs, error) : status;
}

/* A read that waits takes the first entry alone, and then what there is: another one that waits may have been given one between. */
static void in_order_nothing_is_stored_behind_a_gap(void **state) {
    static const struct {
        bool copy, letters;
    } kinds[] = {{false, false}, {true, false}, {false, true}};
    static const char *const adds[] = {"XADD in 1-1 payload a tag b", "XADD in 1-2 payload a tag b",
                                       "XADD in 1-3 payload a tag b", "XADD in 1-4 payload a tag b",
                                       "XADD in 1-5 payload a tag b"};
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        scene_open(&s, false);
        s.results.copy = kinds[k].copy;
        for (int i = 0; i < 5; i++) fixture_command(s.admin, adds[i]);
        fixture_command(s.admin, "XREADGROUP GROUP swapc c COUNT 1 STREAMS in >");
        fixture_command(s.admin, "XREADGROUP GROUP swapc other COUNT 1 STREAMS in >");
        fixture_command(s.admin, "XREADGROUP GROUP swapc c COUNT 5 STREAMS in >");
        read_own(&s);
        assert_int_equal(s.entries.count, 4);
        s.outputs.in_order = false; /* the script is there from here on */
        swapci_process_results_clear(&s.results);
        enum swapc_status status;
        do {
            fixture_ok(
                swapci_process_outputs_send(&s.outputs, &s.results, s.entries.list[0].id, &error),
                &error);
            status = swapci_process_outputs_take(&s.outputs, &error);
        } while (status == SWAPC_BUSY);
        s.outputs.in_order = true;
        assert_int_equal(store_all(&s, kinds[k].letters, &error), SWAPC_BUSY);
        assert_int_equal(fixture_integer(s.admin, "XLEN %s", "out"), 0);
        fixture_command(s.admin, "XCLAIM in swapc c 0 1-2");
        read_own(&s);
        assert_int_equal(s.entries.count, 5);
        fixture_ok(store_all(&s, kinds[k].letters, &error), &error);
        assert_int_equal(fixture_integer(s.admin, "XLEN %s", "out"), kinds[k].letters ? 4 : 5);
        scene_close(&s);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_denied_in_turn_and_in_pairs),
        cmocka_unit_test(keys_of_another_type_and_no_memory),
        cmocka_unit_test(while_the_stream_or_its_group_is_gone_nothing_is_stored),
        cmocka_unit_test(a_letter_has_all_fields_or_says_how_many_it_has_not),
        cmocka_unit_test(where_no_id_is_left_those_before_are_stored),
        cmocka_unit_test(a_batch_that_is_sent_again_is_not_stored_again),
        cmocka_unit_test(who_has_not_the_lease_stores_nothing),
        cmocka_unit_test(an_entry_before_the_last_done_one_is_done_when_it_is_pending),
        cmocka_unit_test(in_order_nothing_is_stored_before_what_is_pending),
        cmocka_unit_test(in_order_nothing_is_stored_behind_a_gap),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
