/* Dead letters shown, given back and dropped; each command that giving one back needs, refused in turn:
 * the letter is there and no message came of it, or the other way round. */
#include "stream_fixture.h"

#include <string.h>

#include "dead.h"

typedef struct scene {
    swapci_redis *admin, *redis; /* redis: as the user `clerk` */
    swapci_stream_names names;
    swapci_stream_id entries[8];
    swapci_letter last; /* its views are not kept */
    size_t shown;
    char body[64], method[16], reason[16];
} scene;

static void admin(scene *s, const char *line) {
    fixture_command(s->admin, line);
}

static void allow_all(scene *s) {
    fixture_allow_all(s->admin);
}

static void open_scene(scene *s) {
    *s = (scene){.admin = fixture_open(0), .names = fixture_names()};
    s->redis = fixture_clerk(s->admin);
}

static void close_scene(scene *s) {
    swapci_redis_free(s->redis);
    swapci_redis_free(s->admin);
}

static void keep_text(swapc_bytes bytes, char *out, size_t size) {
    snprintf(out, size, "%.*s", (int)bytes.len, bytes.len ? (const char *)bytes.ptr : "");
}

static enum swapc_status note(const swapci_letter *letter, void *user, swapc_error *error) {
    scene *s = user;
    (void)error;
    if (s->shown < 8) s->entries[s->shown] = letter->entry;
    s->shown++;
    s->last = *letter;
    keep_text(letter->body, s->body, sizeof s->body);
    keep_text(letter->method, s->method, sizeof s->method);
    keep_text(letter->reason, s->reason, sizeof s->reason);
    return SWAPC_OK;
}

static void show(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    s->shown = 0;
    fixture_ok(swapci_dead_each(s->redis, &s->names, SWAPCI_LETTER_MESSAGE, note, s, &error),
               &error);
}

static void bury(scene *s) {
    admin(s, "XADD swapc:dead * id 7-3 m body method ecdsa reason poisoned t 55 strikes 3");
    show(s);
    assert_int_equal(s->shown, 1);
}

static void assert_counts(scene *s, long long letters, long long messages) {
    assert_int_equal(fixture_integer(s->admin, "XLEN %s", s->names.dead), letters);
    assert_int_equal(fixture_integer(s->admin, "XLEN %s", s->names.messages), messages);
}

static void all_letters_are_shown_over_pages(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    show(&s);
    assert_int_equal(s.shown, 0);
    for (int i = 0; i < 21; i++) admin(&s, "XADD swapc:dead * id 1-1 m x");
    admin(&s,
          "XADD swapc:dead 18446744073709551615-18446744073709551615 id 7-3 m body method ecdsa "
          "reason poisoned t 55 strikes 3"); /* the last that can be */
    show(&s);
    assert_int_equal(s.shown, 22);
    assert_string_equal(s.body, "body");
    assert_string_equal(s.method, "ecdsa");
    assert_string_equal(s.reason, "poisoned");
    assert_int_equal(s.last.id.ms, 7);
    assert_int_equal(s.last.id.seq, 3);
    assert_int_equal(s.last.t_us, 55);
    assert_int_equal(s.last.strikes, 3);
    close_scene(&s);
}

static void what_others_put_there_is_shown_too(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    admin(&s, "XADD swapc:dead * id x strikes -1 t y other z");
    show(&s);
    assert_int_equal(s.shown, 1);
    assert_false(s.last.has_body);
    assert_int_equal(s.last.id.ms + s.last.t_us + s.last.strikes, 0);
    swapc_error error = SWAPC_ERROR_INIT;
    bool taken = true;
    swapci_stream_id id;
    assert_int_equal(swapci_dead_retry(s.redis, &s.names, SWAPCI_LETTER_MESSAGE, s.entries[0],
                                       &taken, &id, &error),
                     SWAPC_NOT_FOUND);
    assert_non_null(strstr(error.text, "body"));
    assert_counts(&s, 1, 0);
    close_scene(&s);
}

static void a_letter_is_given_back_once(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_stream_id id = {0, 0};
    bool taken = false;
    (void)state;
    open_scene(&s);
    fixture_ok(swapci_stream_create(s.admin, &s.names, &error), &error);
    bury(&s);
    fixture_ok(swapci_dead_retry(s.redis, &s.names, SWAPCI_LETTER_MESSAGE, s.entries[0], &taken,
                                 &id, &error),
               &error);
    assert_true(taken);
    assert_counts(&s, 0, 1);
    fixture_ok(swapci_stream_read(s.admin, &s.names, "c", 9, 0, &batch, &error), &error);
    assert_int_equal(batch.count, 1);
    assert_int_equal(swapci_stream_id_compare(batch.entries[0].id, id), 0);
    assert_true(swapc_bytes_equal(batch.entries[0].body, swapc_bytes_str("body")));
    assert_true(swapc_bytes_equal(batch.entries[0].method, swapc_bytes_str("ecdsa")));
    swapci_batch_fini(&batch);
    fixture_ok(swapci_dead_retry(s.redis, &s.names, SWAPCI_LETTER_MESSAGE, s.entries[0], &taken,
                                 &id, &error),
               &error);
    assert_false(taken);
    assert_counts(&s, 0, 1);
    close_scene(&s);
}

static void a_letter_is_dropped_once(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    bool taken = false;
    (void)state;
    open_scene(&s);
    bury(&s);
    fixture_ok(swapci_dead_drop(s.redis, &s.names, s.entries[0], &taken, &error), &error);
    assert_true(taken);
    fixture_ok(swapci_dead_drop(s.redis, &s.names, s.entries[0], &taken, &error), &error);
    assert_false(taken);
    assert_counts(&s, 0, 0);
    close_scene(&s);
}

/* Each way in which giving back is refused, the word its sentence must have, and what mends it. */
static const struct {
    const char *spoil, *named, *mend;
} refusals[] = {
    {"ACL SETUSER clerk -xadd", "XADD", NULL},
    {"ACL SETUSER clerk -xdel", "XDEL", NULL},
    {"ACL SETUSER clerk -xrange", "XRANGE", NULL},
    {"ACL SETUSER clerk -eval", "eval", NULL},
    {"ACL SETUSER clerk resetkeys ~swapc:dead", "", NULL},
    {"ACL SETUSER clerk resetkeys ~swapc:messages", "", NULL},
    {"ACL SETUSER clerk resetkeys ~swapc:messages %R~swapc:dead", "", NULL},
    {"ACL SETUSER clerk resetkeys ~swapc:dead %R~swapc:messages", "", NULL},
    {"SET swapc:messages x", "", "DEL swapc:messages"}, /* fixture_refused_type */
    {"XADD swapc:messages 18446744073709551615-18446744073709551615 x 1", "XADD",
     "DEL swapc:messages"},
    {"CONFIG SET maxmemory 1", "OOM", "CONFIG SET maxmemory 0"},
    {"REPLICAOF 127.0.0.1 1", "READONLY", "REPLICAOF NO ONE"},
    {"CONFIG SET min-replicas-to-write 1", "NOREPLICAS", "CONFIG SET min-replicas-to-write 0"},
};

static void whatever_is_refused_a_letter_is_given_back_whole_or_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        swapci_stream_id id;
        bool taken = true;
        open_scene(&s);
        if (strstr(refusals[i].spoil, "%R~") && fixture_major(s.admin) < 7) {
            close_scene(&s);
            continue;
        }
        bury(&s);
        print_message("%s\n", refusals[i].spoil);
        admin(&s, refusals[i].spoil);
        assert_int_equal(swapci_dead_retry(s.redis, &s.names, SWAPCI_LETTER_MESSAGE, s.entries[0],
                                           &taken, &id, &error),
                         SWAPC_PROTOCOL);
        assert_false(taken);
        const char *named = strncmp(refusals[i].spoil, "SET ", 4) == 0
                                ? fixture_refused_type(s.admin)
                                : refusals[i].named;
        if (!strstr(error.text, named)) fail_msg("'%s' does not name %s", error.text, named);
        admin(&s, refusals[i].mend ? refusals[i].mend : "PING");
        allow_all(&s);
        assert_counts(&s, 1, 0);
        swapc_error_clear(&error);
        fixture_ok(swapci_dead_retry(s.redis, &s.names, SWAPCI_LETTER_MESSAGE, s.entries[0], &taken,
                                     &id, &error),
                   &error);
        assert_true(taken);
        assert_counts(&s, 0, 1);
        close_scene(&s);
    }
}

static void a_refused_drop_or_list_says_which_command(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    bool taken = true;
    (void)state;
    open_scene(&s);
    bury(&s);
    admin(&s, "ACL SETUSER clerk -xdel");
    assert_int_equal(swapci_dead_drop(s.redis, &s.names, s.entries[0], &taken, &error),
                     SWAPC_PROTOCOL);
    assert_false(taken);
    assert_non_null(strstr(error.text, "xdel"));
    admin(&s, "RENAME swapc:dead kept");
    admin(&s, "SET swapc:dead x");
    swapc_error_clear(&error);
    assert_int_equal(swapci_dead_each(s.redis, &s.names, SWAPCI_LETTER_MESSAGE, note, &s, &error),
                     SWAPC_PROTOCOL);
    assert_non_null(strstr(error.text, "WRONGTYPE"));
    close_scene(&s);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_letters_are_shown_over_pages),
        cmocka_unit_test(what_others_put_there_is_shown_too),
        cmocka_unit_test(a_letter_is_given_back_once),
        cmocka_unit_test(a_letter_is_dropped_once),
        cmocka_unit_test(whatever_is_refused_a_letter_is_given_back_whole_or_not),
        cmocka_unit_test(a_refused_drop_or_list_says_which_command),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
