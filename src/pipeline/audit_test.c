/* What others did to stream and group, and whether a consumer comes to what is left; each command that this
 * needs, refused in turn; and the same for the script that takes a consumer out of the group. */
#include "stream_fixture.h"

#include "audit.h"

enum { MANY = 6 };

typedef struct scene {
    swapci_redis *admin, *redis; /* redis: as the user `clerk` */
    swapci_stream_names names;
    swapci_lease lease; /* of consumer c */
    swapci_stream_id ids[MANY];
} scene;

static void add(scene *s, size_t count) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_message messages[MANY];
    for (size_t i = 0; i < count; i++)
        messages[i] = (swapci_message){.body = swapc_bytes_str("text")};
    fixture_ok(swapci_stream_add(s->admin, &s->names, messages, count, s->ids, &error), &error);
}

static void take(scene *s, const char *consumer, unsigned count) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    fixture_ok(swapci_stream_read(s->admin, &s->names, consumer, count, 0, &batch, &error), &error);
    assert_int_equal(batch.count, count);
    swapci_batch_fini(&batch);
}

static void open_scene(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    bool recalled;
    *s = (scene){.admin = fixture_open(0), .names = fixture_names()};
    s->redis = fixture_clerk(s->admin);
    fixture_ok(swapci_stream_create(s->admin, &s->names, &error), &error);
    fixture_ok(swapci_lease_init(&s->lease, &s->names, "c", NULL, &error), &error);
    fixture_ok(swapci_lease_hold(s->admin, &s->lease, false, &recalled, &error), &error);
}

static void close_scene(scene *s) {
    swapci_redis_free(s->redis);
    swapci_redis_free(s->admin);
}

static swapci_audit look(scene *s, size_t most) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_audit found;
    fixture_ok(swapci_audit_look(s->redis, &s->names, &s->lease, "c", most, &found, &error),
               &error);
    return found;
}

static void what_a_group_was_made_to_pass_over_is_taken(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    add(&s, MANY);
    take(&s, "c", 1);
    take(&s, "other", 1);
    fixture_command(s.admin, "XGROUP SETID swapc:messages swapc $");
    swapci_audit found = look(&s, 3);
    assert_int_equal(found.taken, 3);
    assert_false(found.fresh);
    found = look(&s, 3);
    assert_int_equal(found.taken, 1);
    assert_int_equal(swapci_stream_id_compare(found.first_open, s.ids[0]), 0);
    assert_int_equal(look(&s, 3).taken, 0);
    assert_int_equal(fixture_pending(s.admin, "c"), MANY - 1);
    assert_int_equal(fixture_pending(s.admin, "other"), 1);
    close_scene(&s);
}

static void what_a_group_that_was_made_anew_does_not_know_is_taken(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    add(&s, MANY);
    take(&s, "c", 4);
    fixture_command(s.admin, "XGROUP DESTROY swapc:messages swapc");
    fixture_command(s.admin, "XGROUP CREATE swapc:messages swapc $");
    assert_int_equal(look(&s, 100).taken, MANY);
    assert_int_equal(fixture_pending(s.admin, "c"), MANY);
    fixture_command(s.admin, "XGROUP DELCONSUMER swapc:messages swapc c");
    assert_int_equal(look(&s, 100).taken, MANY);
    close_scene(&s);
}

static void a_message_that_has_come_is_the_askers(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    add(&s, 2);
    swapci_audit found = look(&s, 100);
    assert_true(found.fresh);
    assert_int_equal(found.taken, 0);
    assert_int_equal(fixture_pending(s.admin, "c"), 1);
    close_scene(&s);
}

static void without_the_lease_nothing_is_taken(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    add(&s, MANY);
    fixture_command(s.admin, "XGROUP SETID swapc:messages swapc $");
    fixture_command(s.admin, "SET swapc:lease:c another");
    assert_int_equal(look(&s, 100).taken, 0);
    fixture_command(s.admin, "DEL swapc:lease:c");
    assert_int_equal(look(&s, 100).taken, 0);
    assert_int_equal(fixture_pending(s.admin, "c"), 0);
    close_scene(&s);
}

/* The counts of a settled stream, or skips: a server before Redis 7. */
static swapci_counts settled(scene *s) {
    swapci_audit found = look(s, 100);
    if (found.counted == SWAPCI_COUNTED_NEVER) {
        close_scene(s);
        skip();
    }
    assert_int_equal(found.counted, SWAPCI_COUNTED);
    return found.counts;
}

static void trim(scene *s, long long count) {
    assert_int_equal(fixture_integer(s->admin, "XTRIM %s MAXLEN = 0", s->names.messages), count);
}

/* What the pipeline does with a message that it answers. */
static void answer(scene *s, size_t i) {
    char id[SWAPCI_STREAM_ID_SIZE];
    swapci_stream_id_format(s->ids[i], id);
    fixture_command(s->admin, "XADD swapc:verdicts * id x");
    assert_int_equal(fixture_integer(s->admin, "XACK swapc:messages swapc %s", id), 1);
    fixture_integer(s->admin, "XDEL swapc:messages %s", id);
}

static void messages_that_went_unread_are_counted(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    assert_int_equal(settled(&s).gone, 0);
    add(&s, MANY);
    take(&s, "c", 2);
    assert_int_equal(look(&s, 100).counted, SWAPCI_COUNTED_NOT_NOW); /* takes one more */
    trim(&s, MANY);
    assert_int_equal(settled(&s).gone, MANY - 3);
    add(&s, 3);
    take(&s, "c", 3);
    trim(&s, 3);
    assert_int_equal(settled(&s).gone, MANY - 3);
    close_scene(&s);
}

static void counts_are_of_one_moment(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    (void)settled(&s);
    add(&s, 4);
    take(&s, "c", 3);
    answer(&s, 0);
    answer(&s, 1);
    trim(&s, 2);
    swapci_counts now = settled(&s);
    assert_int_equal(now.added, 4);
    assert_int_equal(now.verdicts, 2);
    assert_int_equal(now.open, 1);
    close_scene(&s);
}

static void a_stream_is_counted_while_it_is_read(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_audit found;
    (void)state;
    open_scene(&s);
    (void)settled(&s);
    add(&s, 5);
    fixture_integer(s.admin, "XTRIM %s MAXLEN = 3", s.names.messages);
    fixture_ok(swapci_audit_count(s.redis, &s.names, &found, &error), &error);
    assert_int_equal(found.counted, SWAPCI_COUNTED);
    assert_int_equal(found.counts.added, 5);
    assert_int_equal(found.counts.open, 3);
    assert_int_equal(found.counts.gone, 2); /* nothing was read, and nothing answered */
    take(&s, "c", 1);
    fixture_command(s.admin, "SET swapc:lease:c another");
    fixture_ok(swapci_audit_count(s.redis, &s.names, &found, &error), &error);
    assert_int_equal(found.counts.open, 3);
    assert_int_equal(fixture_pending(s.admin, "c"), 1); /* it takes none */
    close_scene(&s);
}

static void without_the_right_nothing_is_counted(void **state) {
    scene s;
    (void)state;
    open_scene(&s);
    fixture_command(s.admin, "ACL SETUSER clerk -xinfo");
    assert_int_equal(look(&s, 100).counted, SWAPCI_COUNTED_REFUSED); /* the rest does without */
    close_scene(&s);
}

static void pending_ones_that_were_deleted_are_told_apart(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_pending page[MANY], gone[MANY];
    size_t count = MANY, gone_count = 99;
    (void)state;
    open_scene(&s);
    add(&s, MANY);
    take(&s, "c", MANY);
    assert_int_equal(fixture_integer(s.admin, "XTRIM %s MAXLEN = 4", s.names.messages), 2);
    fixture_ok(swapci_stream_pending(s.admin, &s.names, "c", (swapci_stream_id){0, 0}, page, &count,
                                     &error),
               &error);
    fixture_ok(swapci_audit_deleted(s.redis, &s.names, page, &count, gone, &gone_count, &error),
               &error);
    assert_int_equal(count, 4);
    assert_int_equal(gone_count, 2);
    assert_int_equal(swapci_stream_id_compare(gone[1].id, s.ids[1]), 0);
    assert_int_equal(swapci_stream_id_compare(page[0].id, s.ids[2]), 0);
    assert_int_equal(swapci_stream_id_compare(page[3].id, s.ids[5]), 0);
    assert_int_equal(fixture_pending(s.admin, "c"), MANY);
    close_scene(&s);
}

static void deny(scene *s, const char *command) {
    char line[64];
    fixture_allow_all(s->admin);
    snprintf(line, sizeof line, "ACL SETUSER clerk -%s", command);
    fixture_command(s->admin, line);
}

static void assert_names(enum swapc_status status, const swapc_error *error, const char *command) {
    char remedy[64];
    snprintf(remedy, sizeof remedy, "ACL SETUSER default +%s", command);
    assert_int_equal(status, SWAPC_PROTOCOL);
    if (!strstr(error->text, remedy)) fail_msg("'%s' does not say %s", error->text, remedy);
}

static void each_command_of_the_audit_denied_in_turn(void **state) {
    static const char *const commands[] = {"get",       "xreadgroup", "xlen", "xpending",
                                           "xrevrange", "xclaim",     "eval"};
    scene s;
    (void)state;
    open_scene(&s);
    add(&s, MANY);
    fixture_command(s.admin, "XGROUP SETID swapc:messages swapc $");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        swapci_audit found;
        deny(&s, commands[i]);
        assert_names(swapci_audit_look(s.redis, &s.names, &s.lease, "c", 100, &found, &error),
                     &error, commands[i]);
        assert_int_equal(fixture_pending(s.admin, "c"), 0);
    }
    fixture_allow_all(s.admin);
    assert_int_equal(look(&s, 100).taken, MANY);
    close_scene(&s);
}

static size_t consumers(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(s->admin, "a test", &reply, &error,
                                 "XINFO CONSUMERS %s " SWAPCI_STREAM_GROUP, s->names.messages),
               &error);
    size_t count = reply->elements;
    freeReplyObject(reply);
    return count;
}

/* While something is refused the consumer stays, and who stays without its lease is taken out by the next
 * one. */
static void each_command_of_the_retirement_denied_in_turn(void **state) {
    static const char *const commands[] = {"get", "xinfo", "del", "xgroup", "eval"};
    scene s;
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        open_scene(&s);
        fixture_command(s.admin, "XGROUP CREATECONSUMER swapc:messages swapc c");
        deny(&s, commands[i]);
        assert_names(swapci_lease_leave(s.redis, &s.names, &s.lease, "c", &error), &error,
                     commands[i]);
        assert_int_equal(consumers(&s), 1);
        fixture_allow_all(s.admin);
        swapc_error_clear(&error);
        fixture_ok(swapci_lease_leave(s.redis, &s.names, &s.lease, "c", &error), &error);
        assert_int_equal(consumers(&s), 0);
        assert_int_equal(fixture_integer(s.admin, "EXISTS %s:lease:c", s.names.prefix), 0);
        close_scene(&s);
    }
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_group_was_made_to_pass_over_is_taken),
        cmocka_unit_test(what_a_group_that_was_made_anew_does_not_know_is_taken),
        cmocka_unit_test(a_message_that_has_come_is_the_askers),
        cmocka_unit_test(without_the_lease_nothing_is_taken),
        cmocka_unit_test(messages_that_went_unread_are_counted),
        cmocka_unit_test(counts_are_of_one_moment),
        cmocka_unit_test(a_stream_is_counted_while_it_is_read),
        cmocka_unit_test(without_the_right_nothing_is_counted),
        cmocka_unit_test(pending_ones_that_were_deleted_are_told_apart),
        cmocka_unit_test(each_command_of_the_audit_denied_in_turn),
        cmocka_unit_test(each_command_of_the_retirement_denied_in_turn),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
