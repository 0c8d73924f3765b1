/* A letter that is given back (dead.h) is the entry that it was, whatever its fields are called, and however often that happens. */
#include "outputs_fixture.h"

#include "dead.h"
#include "redis_reply.h"

/* Names and values of an entry: ours, what letters make of ours, and no text. */
static const char *const enemy[][2] = {
    {"id", "1-1"},
    {"reason", "mine"},
    {"text", ""},
    {"digest", "d"},
    {"in-id", "i"},
    {"in-reason", "r"},
    {"in-in-text", "t"},
    {"in-in-in-digest", "x"},
    {"left-out", "7"},
    {"in-left-out", "8"},
    {"in-", "-"},
    {"in", "n"},
    {"", "nameless"},
    {"in-in-", "?"},
    {"payload", "\xff\x80"},
    {"id", "twice"},
    {"\r\n$3", "\r\nid"},
    {"in-other", "o"},
};

enum { ENEMY = sizeof enemy / sizeof *enemy, LONG_NAME = 3000 };

/* XADD of all of those, and of a name as long as in-in-…-id can be. */
static void add_enemy(scene *s, const char *long_name) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_buffer command = SWAPCI_BUFFER_INIT;
    redisReply *reply = NULL;
    swapci_resp_head(&command, 3 + 2 * (ENEMY + 1));
    swapci_resp_str(&command, "XADD");
    swapci_resp_str(&command, "in");
    swapci_resp_str(&command, "*");
    for (size_t i = 0; i < ENEMY; i++)
        for (size_t k = 0; k < 2; k++) swapci_resp_str(&command, enemy[i][k]);
    swapci_resp_str(&command, long_name);
    swapci_resp_str(&command, "long");
    fixture_ok(swapci_redis_append_raw(s->redis, swapci_buffer_bytes(&command), 1, &error), &error);
    fixture_ok(swapci_redis_get(s->redis, "a test", &reply, &error), &error);
    freeReplyObject(reply);
    swapci_buffer_fini(&command);
}

static void assert_is_enemy(const swapci_process_entries *e, const char *long_name) {
    assert_int_equal(e->count, 1);
    assert_int_equal(e->list[0].fields, 2 * (ENEMY + 1));
    for (size_t i = 0; i <= ENEMY; i++)
        for (size_t k = 0; k < 2; k++) {
            swapc_bytes is = swapci_flat_bytes(&e->flat, e->list[0].first + 2 * i + k);
            const char *was = i < ENEMY ? enemy[i][k] : k ? "long" : long_name;
            if (!swapc_bytes_equal(is, swapc_bytes_str(was)))
                fail_msg("'%s' became '%.*s'", was, (int)is.len, (const char *)is.ptr);
        }
}

/* Gives the only letter back. */
static enum swapc_status give_back(scene *s, bool *taken, swapc_error *error) {
    redisReply *reply = NULL;
    swapci_stream_id letter, id;
    *taken = false;
    fixture_ok(swapci_redis_call(s->redis, "a test", &reply, error, "XRANGE in:dead - + COUNT 1"),
               error);
    bool is = reply->elements == 1 &&
              swapci_stream_id_parse(swapci_reply_bytes(reply->element[0]->element[0]), &letter);
    freeReplyObject(reply);
    assert_true(is);
    return swapci_dead_retry(s->redis, &s->names.stream, SWAPCI_LETTER_ENTRY, letter, taken, &id,
                             error);
}

/* Stores a letter about the entry that was read. */
static void bury(scene *s, const char *text, const char *digest) {
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status;
    swapci_process_results_clear(&s->results);
    fixture_ok(swapci_process_results_add_error(&s->results, &s->entries, s->entries.list, "TRAP",
                                                swapc_bytes_str(text), digest),
               &error);
    do {
        fixture_ok(
            swapci_process_outputs_send(&s->outputs, &s->results, s->entries.list[0].id, &error),
            &error);
        status = swapci_process_outputs_take(&s->outputs, &error);
    } while (status == SWAPC_BUSY);
    fixture_ok(status, &error);
}

static void a_letter_is_given_back_as_its_entry_was_however_often(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    char long_name[LONG_NAME + 3];
    (void)state;
    for (size_t i = 0; i < LONG_NAME; i++) long_name[i] = "in-"[i % 3];
    memcpy(long_name + LONG_NAME, "id", 3);
    scene_open(&s, false);
    add_enemy(&s, long_name);
    for (int round = 0; round < 3; round++) {
        bool taken;
        scene_read(&s);
        assert_is_enemy(&s.entries, long_name);
        bury(&s, round ? "why" : "", round > 1 ? "abc" : NULL);
        fixture_ok(give_back(&s, &taken, &error), &error);
        assert_true(taken);
        assert_int_equal(fixture_integer(s.redis, "XLEN %s", "in:dead"), 0);
    }
    scene_close(&s);
}

static void what_is_no_entrys_letter_stays(void **state) {
    static const char *const lines[] = {
        "XADD in:dead * id 1-1 reason deleted",
        "XADD in:dead * id 1-1 reason TRAP text why digest abc",
        "XADD in:dead * id 1-1 m body",
        "XADD in:dead * id 1-1 reason TRAP left-out 4000 payload p",
        "XADD in:dead * somebody else's",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        bool taken;
        scene_open(&s, false);
        fixture_command(s.redis, lines[i]);
        assert_int_equal(give_back(&s, &taken, &error), SWAPC_NOT_FOUND);
        assert_false(taken);
        assert_non_null(strstr(error.text, "drop it"));
        assert_int_equal(fixture_integer(s.redis, "XLEN %s", "in:dead"), 1);
        assert_int_equal(fixture_integer(s.redis, "XLEN %s", "in"), 0);
        scene_close(&s);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_is_given_back_as_its_entry_was_however_often),
        cmocka_unit_test(what_is_no_entrys_letter_stays),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
