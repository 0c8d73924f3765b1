/* Each command that the verdicts' script uses, refused in turn and in pairs, and every other way in
 * which Redis refuses: a message has its verdict or is pending, and once the cause is mended each has
 * exactly one. */
#include "stream_fixture.h"

#include <pthread.h>
#include <string.h>

#include "redis_retry.h"
#include "verdict.h"

enum { MANY = 300 };

typedef struct scene {
    swapci_redis *admin, *redis; /* the writer's user is `judge` */
    swapci_stream_names names;
    swapci_stream_id ids[MANY];
    size_t count;
} scene;

/* Runs a command as the administrator; it must succeed. */
__attribute__((format(printf, 2, 3))) static void admin(scene *s, const char *format, ...) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    char line[512], *at = line;
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    swapc_bytes argv[16];
    size_t argc = 0;
    for (char *word; (word = strsep(&at, " "));) argv[argc++] = swapc_bytes_str(word);
    fixture_ok(swapci_redis_append(s->admin, argc, argv, &error), &error);
    fixture_ok(swapci_redis_get(s->admin, "a test", &reply, &error), &error);
    freeReplyObject(reply);
}

static void allow_all(scene *s) {
    admin(s, "ACL SETUSER judge reset on >pw ~* +@all");
}

static void log_in(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(s->redis, "a test", &reply, &error, "AUTH judge pw"), &error);
    freeReplyObject(reply);
}

static void open_scene(scene *s, size_t count) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_config config = {.url = fixture_url()};
    swapci_batch batch = SWAPCI_BATCH_INIT;
    static const swapci_message messages[MANY];
    *s = (scene){.admin = fixture_open(0), .names = fixture_names(), .count = count};
    allow_all(s);
    fixture_ok(swapci_redis_open(&config, &s->redis, &error), &error);
    log_in(s);
    fixture_ok(swapci_stream_create(s->admin, &s->names, &error), &error);
    fixture_ok(swapci_stream_add(s->admin, &s->names, messages, count, s->ids, &error), &error);
    fixture_ok(swapci_stream_read(s->admin, &s->names, "c", MANY, 0, &batch, &error), &error);
    swapci_batch_fini(&batch);
}

static void close_scene(scene *s) {
    swapci_redis_free(s->redis);
    swapci_redis_free(s->admin);
}

/* Judges all messages. Returns what the writer answered. */
static enum swapc_status judge(scene *s, uint64_t keep, swapc_error *error) {
    swapci_verdict_writer *writer = NULL;
    fixture_ok(swapci_verdict_writer_new(s->redis, &s->names, keep, &writer, error), error);
    enum swapc_status status = SWAPC_OK;
    for (size_t i = 0; i < s->count && status == SWAPC_OK; i++) {
        swapci_verdict v = {.id = s->ids[i], .status = "Valid", .reason = i % 2 ? "odd" : NULL};
        status = swapci_verdict_add(writer, &v, error);
    }
    if (status == SWAPC_OK) status = swapci_verdict_flush(writer, error);
    swapci_verdict_writer_free(writer);
    return status;
}

/* How many verdicts there are; each is of another message. */
static size_t verdicts(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    size_t ours = 0;
    fixture_ok(
        swapci_redis_call(s->admin, "a test", &reply, &error, "XRANGE %s - +", s->names.verdicts),
        &error);
    for (size_t i = 0; i < reply->elements; i++) {
        swapc_bytes fields[SWAPCI_VERDICT_FIELD_COUNT];
        swapci_stream_id id;
        assert_true(swapci_verdict_read(reply->element[i]->element[1], fields));
        if (!swapci_stream_id_parse(fields[SWAPCI_VERDICT_FIELD_id], &id)) continue;
        size_t at = 0;
        while (at < s->count && swapci_stream_id_compare(s->ids[at], id) != 0) at++;
        assert_true(at < s->count);
        for (size_t j = 0; j < i; j++) {
            swapc_bytes other[SWAPCI_VERDICT_FIELD_COUNT];
            swapci_verdict_read(reply->element[j]->element[1], other);
            assert_false(
                swapc_bytes_equal(other[SWAPCI_VERDICT_FIELD_id], fields[SWAPCI_VERDICT_FIELD_id]));
        }
        ours++;
    }
    freeReplyObject(reply);
    return ours;
}

static void assert_nothing_lost(scene *s, size_t stored) {
    size_t pending = fixture_pending(s->admin, "c");
    assert_int_equal(stored + pending, s->count);
    assert_int_equal(fixture_integer(s->admin, "XLEN %s", s->names.messages), pending);
}

static void assert_refused(scene *s, uint64_t keep, const char *named) {
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(judge(s, keep, &error), SWAPC_PROTOCOL);
    if (!strstr(error.text, named)) fail_msg("'%s' does not name %s", error.text, named);
}

/* After the cause is mended. */
static void assert_heals(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(judge(s, 0, &error), &error);
    assert_int_equal(verdicts(s), s->count);
    assert_nothing_lost(s, s->count);
}

static const size_t sizes[] = {1, 2, MANY};

/* What the script runs, as an ACL calls it, and the name that the sentence must show. */
static const struct {
    const char *rule, *named;
} commands[] = {
    {"-xadd", "XADD"},   {"-xack", "XACK"},         {"-xdel", "XDEL"},
    {"-xtrim", "XTRIM"}, {"-evalsha -eval", "run"}, {"-time", "TIME"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void each_command_denied_in_turn(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
        for (size_t c = 0; c < COMMANDS; c++) {
            scene s;
            open_scene(&s, sizes[size]);
            admin(&s, "ACL SETUSER judge %s", commands[c].rule);
            assert_refused(&s, 1000000, commands[c].named);
            assert_nothing_lost(&s, verdicts(&s));
            assert_int_equal(verdicts(&s), 0);
            allow_all(&s);
            assert_heals(&s);
            close_scene(&s);
        }
    }
}

static void each_pair_of_commands_denied(void **state) {
    (void)state;
    for (size_t a = 0; a < COMMANDS; a++) {
        for (size_t b = 0; b < a; b++) {
            scene s;
            open_scene(&s, 3);
            admin(&s, "ACL SETUSER judge %s %s", commands[a].rule, commands[b].rule);
            assert_refused(&s, 1000000, "");
            assert_int_equal(verdicts(&s), 0);
            assert_nothing_lost(&s, 0);
            allow_all(&s);
            assert_heals(&s);
            close_scene(&s);
        }
    }
}

static void each_key_denied(void **state) {
    static const char *const keys[] = {"~swapc:messages", "~swapc:verdicts",
                                       "~swapc:messages %R~swapc:verdicts",
                                       "%R~swapc:messages ~swapc:verdicts"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        scene s;
        open_scene(&s, MANY);
        if (strstr(keys[i], "%R~") && fixture_major(s.admin) < 7) {
            close_scene(&s);
            continue;
        }
        admin(&s, "ACL SETUSER judge resetkeys %s", keys[i]);
        assert_refused(&s, 0, "");
        assert_int_equal(verdicts(&s), 0);
        assert_nothing_lost(&s, 0);
        allow_all(&s);
        assert_heals(&s);
        close_scene(&s);
    }
}

static enum swapc_status check(scene *s, swapc_error *error) {
    swapci_verdict_writer *writer = NULL;
    fixture_ok(swapci_verdict_writer_new(s->redis, &s->names, 9, &writer, error), error);
    enum swapc_status status = swapci_verdict_check(writer, error);
    swapci_verdict_writer_free(writer);
    return status;
}

static void a_check_at_the_start_names_what_is_denied(void **state) {
    (void)state;
    for (size_t c = 0; c <= COMMANDS; c++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        open_scene(&s, 1);
        if (c < COMMANDS) admin(&s, "ACL SETUSER judge %s", commands[c].rule);
        else admin(&s, "SET swapc:verdicts x");
        assert_int_equal(check(&s, &error), SWAPC_PROTOCOL);
        if (c < COMMANDS) assert_non_null(strstr(error.text, commands[c].named));
        admin(&s, "DEL swapc:verdicts");
        allow_all(&s);
        swapc_error_clear(&error);
        fixture_ok(check(&s, &error), &error);
        assert_nothing_lost(&s, 0);
        close_scene(&s);
    }
}

static void a_user_who_may_not_load_scripts_stores_all_the_same(void **state) {
    scene s;
    (void)state;
    open_scene(&s, MANY);
    admin(&s, "ACL SETUSER judge -script -evalsha");
    assert_heals(&s);
    close_scene(&s);
}

static void a_wrong_type_of_the_verdicts(void **state) {
    static const char *const made[] = {"SET swapc:verdicts x", "HSET swapc:verdicts a b",
                                       "SADD swapc:verdicts x", "LPUSH swapc:verdicts x"};
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        scene s;
        open_scene(&s, i % 2 ? MANY : 1);
        admin(&s, "%s", made[i]);
        assert_refused(&s, 0, fixture_refused_type(s.admin));
        assert_nothing_lost(&s, 0);
        admin(&s, "DEL swapc:verdicts");
        assert_heals(&s);
        close_scene(&s);
    }
}

/* The id of the last verdict leaves room for `room` more. */
static void exhausted_ids(void **state) {
    (void)state;
    for (unsigned room = 0; room < 4; room++) {
        scene s;
        open_scene(&s, 5);
        admin(&s, "XADD swapc:verdicts 18446744073709551615-%llu x 1",
              (unsigned long long)(UINT64_MAX - room));
        assert_refused(&s, 0, "XADD");
        assert_int_equal(verdicts(&s), room);
        assert_nothing_lost(&s, room);
        admin(&s, "RENAME swapc:verdicts kept");
        swapc_error error = SWAPC_ERROR_INIT;
        fixture_ok(judge(&s, 0, &error), &error);
        assert_int_equal(verdicts(&s), 5 - room);
        assert_nothing_lost(&s, 5);
        close_scene(&s);
    }
}

/* Each of these refuses writes: how it is brought about, and mended. */
static const struct {
    const char *spoil, *named, *mend;
} states[] = {
    {"CONFIG SET maxmemory 1", "OOM", "CONFIG SET maxmemory 0"},
    {"REPLICAOF 127.0.0.1 1", "READONLY", "REPLICAOF NO ONE"},
    {"CONFIG SET min-replicas-to-write 1", "NOREPLICAS", "CONFIG SET min-replicas-to-write 0"},
};

static void each_state_that_refuses_writes(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
        for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
            scene s;
            open_scene(&s, sizes[size]);
            admin(&s, "%s", states[i].spoil);
            assert_refused(&s, 0, states[i].named);
            assert_int_equal(verdicts(&s), 0);
            admin(&s, "%s", states[i].mend);
            assert_nothing_lost(&s, 0);
            assert_heals(&s);
            close_scene(&s);
        }
    }
}

struct mender {
    pthread_t thread;
    scene *scene;
    const char *mend;
};

static void *mend_soon(void *user) {
    struct mender *m = user;
    swapci_redis_sleep(NULL, 200, NULL);
    admin(m->scene, "%s", m->mend);
    return NULL;
}

/* The writer's own connection waits for somebody to mend it. */
static void a_service_stores_when_the_cause_is_mended(void **state) {
    static const struct {
        const char *spoil, *mend;
    } causes[] = {
        {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"},
        {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"},
        {"SET swapc:verdicts x", "DEL swapc:verdicts"},
        {"XADD swapc:verdicts 18446744073709551615-18446744073709551600 x 1", "DEL swapc:verdicts"},
        {"ACL SETUSER default -xdel", "ACL SETUSER default +xdel"},
        {"ACL SETUSER default -eval -evalsha", "ACL SETUSER default +eval +evalsha"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        struct mender mender = {.scene = &s, .mend = causes[i].mend};
        open_scene(&s, MANY);
        swapci_redis_free(s.redis);
        swapci_redis_config config = {
            .url = fixture_url(), .retry_ms = SWAPCI_REDIS_FOREVER, .service = true};
        fixture_ok(swapci_redis_open(&config, &s.redis, &error), &error);
        swapci_redis_settled(s.redis);
        admin(&s, "%s", causes[i].spoil);
        pthread_create(&mender.thread, NULL, mend_soon, &mender);
        fixture_ok(judge(&s, 0, &error), &error);
        pthread_join(mender.thread, NULL);
        if (!strstr(causes[i].spoil, "XADD")) /* there some were stored, and deleted with it */
            assert_int_equal(verdicts(&s), MANY);
        assert_nothing_lost(&s, MANY);
        close_scene(&s);
    }
}

static void a_group_that_is_gone_leaves_its_messages(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    (void)state;
    open_scene(&s, MANY);
    admin(&s, "XGROUP DESTROY swapc:messages swapc");
    fixture_ok(judge(&s, 0, &error), &error); /* they are to be given out anew */
    assert_int_equal(verdicts(&s), 0);
    assert_int_equal(fixture_integer(s.admin, "XLEN %s", s.names.messages), MANY);
    fixture_ok(swapci_stream_create(s.admin, &s.names, &error), &error);
    fixture_ok(swapci_stream_read(s.admin, &s.names, "c", MANY, 0, &batch, &error), &error);
    swapci_batch_fini(&batch);
    assert_heals(&s);
    close_scene(&s);
}

/* Buries the first message. Returns what the writer answered. */
static enum swapc_status bury(scene *s, swapc_error *error) {
    swapci_verdict_writer *writer = NULL;
    swapci_verdict v = {
        .id = s->ids[0], .method = "schnorr", .status = "Error", .reason = "poisoned"};
    swapci_dead_letter letter = {swapc_bytes_str("a body"), "poisoned", 3};
    fixture_ok(swapci_verdict_writer_new(s->redis, &s->names, 0, &writer, error), error);
    enum swapc_status status = swapci_verdict_bury(writer, &v, &letter, error);
    swapci_verdict_writer_free(writer);
    return status;
}

/* Each way in which burying is refused, as the administrator brings it about, and mends it. */
static const struct {
    const char *spoil, *named, *mend;
} burials[] = {
    {"ACL SETUSER judge -xadd", "XADD", NULL},
    {"ACL SETUSER judge -xack", "XACK", NULL},
    {"ACL SETUSER judge -xdel", "XDEL", NULL},
    {"ACL SETUSER judge -hdel", "HDEL", NULL},
    {"ACL SETUSER judge -time", "TIME", NULL},
    {"ACL SETUSER judge -eval -evalsha", "run", NULL},
    {"ACL SETUSER judge resetkeys ~swapc:messages ~swapc:verdicts ~swapc:strikes", "", NULL},
    {"ACL SETUSER judge resetkeys ~swapc:messages ~swapc:verdicts ~swapc:dead", "", NULL},
    {"SET swapc:dead x", "", "DEL swapc:dead"}, /* fixture_refused_type */
    {"SET swapc:verdicts x", "", "DEL swapc:verdicts"},
    {"XADD swapc:dead 18446744073709551615-18446744073709551615 x 1", "XADD", "DEL swapc:dead"},
    {"CONFIG SET maxmemory 1", "OOM", "CONFIG SET maxmemory 0"},
    {"REPLICAOF 127.0.0.1 1", "READONLY", "REPLICAOF NO ONE"},
};

static void a_message_is_buried_whole_or_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof burials / sizeof *burials; i++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        open_scene(&s, 2);
        admin(&s, "HSET swapc:strikes %llu-%llu 3", (unsigned long long)s.ids[0].ms,
              (unsigned long long)s.ids[0].seq);
        admin(&s, "%s", burials[i].spoil);
        print_message("%s\n", burials[i].spoil);
        assert_int_equal(bury(&s, &error), SWAPC_PROTOCOL);
        const char *named = strncmp(burials[i].spoil, "SET ", 4) == 0
                                ? fixture_refused_type(s.admin)
                                : burials[i].named;
        if (!strstr(error.text, named)) fail_msg("'%s' does not name %s", error.text, named);
        admin(&s, "%s", burials[i].mend ? burials[i].mend : "PING");
        allow_all(&s);
        assert_int_equal(verdicts(&s), 0);
        assert_nothing_lost(&s, 0);
        assert_int_equal(fixture_integer(s.admin, "XLEN %s", "swapc:dead"), 0);
        assert_int_equal(fixture_integer(s.admin, "HLEN %s", "swapc:strikes"), 1);
        swapc_error_clear(&error);
        fixture_ok(bury(&s, &error), &error);
        assert_int_equal(verdicts(&s), 1);
        assert_nothing_lost(&s, 1);
        assert_int_equal(fixture_integer(s.admin, "XLEN %s", "swapc:dead"), 1);
        assert_int_equal(fixture_integer(s.admin, "HLEN %s", "swapc:strikes"), 0);
        fixture_ok(bury(&s, &error), &error); /* it is answered: nothing more is kept of it */
        assert_int_equal(verdicts(&s), 1);
        assert_int_equal(fixture_integer(s.admin, "XLEN %s", "swapc:dead"), 1);
        close_scene(&s);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_denied_in_turn),
        cmocka_unit_test(each_pair_of_commands_denied),
        cmocka_unit_test(each_key_denied),
        cmocka_unit_test(a_check_at_the_start_names_what_is_denied),
        cmocka_unit_test(a_service_stores_when_the_cause_is_mended),
        cmocka_unit_test(a_user_who_may_not_load_scripts_stores_all_the_same),
        cmocka_unit_test(a_wrong_type_of_the_verdicts),
        cmocka_unit_test(exhausted_ids),
        cmocka_unit_test(each_state_that_refuses_writes),
        cmocka_unit_test(a_group_that_is_gone_leaves_its_messages),
        cmocka_unit_test(a_message_is_buried_whole_or_not),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
