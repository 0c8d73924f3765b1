#include "signer_fixture.h"

#include "strikes.h"

#include <math.h>

static void drains_to_the_last_message(void **state) {
    scene *s = scene_new();
    uint8_t byte[16];
    size_t len;
    (void)state;
    add(s, 1000, "ecdsa"); /* also those from before the signer */
    attach(s);
    start(s);
    add(s, 500, NULL);
    finish(s); /* messages that were not read yet stay */
    assert_int_equal(swapci_ring_take(s->ring, byte, sizeof byte, &len, NULL), SWAPC_CLOSED);
    end(s);
    start(s);
    while (swapci_signer_stats_get(s->signer).state != SWAPCI_SIGNER_READING)
        swapci_redis_sleep(NULL, 1, NULL);
    while (fixture_integer(s->redis, "XLEN %s", s->names.messages) > 0) answer_ready(s);
    finish(s);
    assert_int_equal(join(s).valid, 1500);
    assert_int_equal(s->seen, 1500);
    assert_int_equal(fixture_integer(s->redis, "EXISTS %s:lease:one", s->names.prefix), 0);
    assert_int_equal(consumers(s), 0);
    scene_free(s);
}

static void a_stopped_signer_leaves_the_group_when_nothing_is_pending(void **state) {
    scene *s = scene_new();
    (void)state;
    add(s, 20, NULL);
    attach(s);
    start(s);
    while (swapci_signer_stats_get(s->signer).sent < 20) swapci_redis_sleep(NULL, 1, NULL);
    swapci_signer_stop(s->signer);
    assert_int_equal(swapci_signer_join(s->signer, NULL), SWAPC_INTERRUPTED);
    assert_int_equal(consumers(s),
                     1); /* it has messages: they are its successor's, or who comes first */
    assert_int_equal(fixture_integer(s->redis, "EXISTS %s:lease:one", s->names.prefix), 0);
    end(s);
    start(s);
    while (fixture_integer(s->redis, "XLEN %s", s->names.messages) > 0) answer_ready(s);
    swapci_redis_sleep(NULL, 20, NULL); /* most likely waits for messages now */
    swapci_signer_stop(s->signer);
    assert_int_equal(swapci_signer_join(s->signer, NULL), SWAPC_INTERRUPTED);
    assert_int_equal(consumers(s), 0);
    assert_int_equal(fixture_integer(s->redis, "EXISTS %s:lease:one", s->names.prefix), 0);
    assert_int_equal(join(s).valid, 20);
    scene_free(s);
}

/* Else its successor on another host waits for the lease to end. */
static void a_stopped_signer_gives_its_name_back_to_a_slow_redis(void **state) {
    scene *s = scene_new();
    (void)state;
    start(s);
    while (swapci_signer_stats_get(s->signer).state != SWAPCI_SIGNER_READING)
        swapci_redis_sleep(NULL, 1, NULL);
    fixture_command(s->redis, "CLIENT PAUSE 400");
    swapci_signer_stop(s->signer);
    assert_int_equal(swapci_signer_join(s->signer, NULL), SWAPC_INTERRUPTED);
    assert_int_equal(fixture_integer(s->redis, "EXISTS %s:lease:one", s->names.prefix), 0);
    assert_int_equal(consumers(s), 0);
    scene_free(s);
}

/* From Redis 7 on such a message leaves the pending list without an answer; the books say lost. */
static void a_message_deleted_by_somebody_is_no_obstacle(void **state) {
    scene *s = scene_new();
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_ledger_result r;
    (void)state;
    add(s, 3, NULL);
    fixture_ok(swapci_stream_create(s->redis, &s->names, &error), &error);
    fixture_ok(swapci_stream_read(s->redis, &s->names, "one", 3, 0, &batch, &error), &error);
    swapci_batch_fini(&batch);
    assert_int_equal(fixture_integer(s->redis, "XTRIM %s MAXLEN = 2", s->names.messages), 1);
    attach(s);
    start(s);
    finish(s);
    fixture_ok(swapci_ledger_join(s->ledger, s->redis, &s->names, &r, &error), &error);
    assert_int_equal(r.valid, 2);
    assert_int_equal(r.lost + r.errors, 1); /* 6.2: errors */
    scene_free(s);
}

static void add_raw(scene *s, const char *fields) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    char command[256];
    swapci_stream_id id;
    snprintf(command, sizeof command, "XADD %s * %s", s->names.messages, fields);
    fixture_ok(swapci_redis_call(s->redis, "a test", &reply, &error, command), &error);
    assert_true(swapci_stream_id_parse(swapc_bytes_of(reply->str, reply->len), &id));
    fixture_ok(swapci_ledger_add(s->ledger, id, 0, &error), &error);
    freeReplyObject(reply);
}

static void what_cannot_be_signed_is_answered(void **state) {
    scene *s = scene_new();
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    char *large = test_calloc(1, RECORD_MAX);
    swapci_stream_id id;
    (void)state;
    add_raw(s, "x y");
    add_raw(s, "m y method rsa");
    swapci_message message = {swapc_bytes_of(large, RECORD_MAX), NULL, 0};
    fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
    fixture_ok(swapci_ledger_add(s->ledger, id, 0, &error), &error);
    message.body.len = swapci_signer_message_max(RECORD_MAX); /* just fits */
    fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
    fixture_ok(swapci_ledger_add(s->ledger, id, 0, &error), &error);
    attach(s);
    start(s);
    static const char *const reasons[] = {"malformed", "unknown method", "too large"};
    while (fixture_integer(s->redis, "XLEN %s", s->names.verdicts) < 3 ||
           swapci_signer_stats_get(s->signer).sent < 1) /* the large one is read by itself */
        swapci_redis_sleep(NULL, 5, NULL);
    finish(s);
    fixture_ok(
        swapci_redis_call(s->redis, "a test", &reply, &error, "XRANGE %s - +", s->names.verdicts),
        &error);
    for (size_t i = 0; i < 3; i++) {
        redisReply *fields = reply->element[i]->element[1];
        assert_string_equal(fields->element[fields->elements - 1]->str, reasons[i]);
    }
    freeReplyObject(reply);
    swapci_ledger_result r = join(s);
    assert_int_equal(r.errors, 3);
    assert_int_equal(r.valid, 1);
    test_free(large);
    scene_free(s);
}

static void a_message_is_tampered_after_signing(void **state) {
    scene *s = scene_new();
    static uint8_t bytes[RECORD_MAX];
    swapci_record record;
    unsigned altered = 0;
    (void)state;
    s->config.tamper = 0.25;
    s->config.seed = 3;
    for (int i = 0; i < 400; i++) add_raw(s, "m same");
    attach(s);
    start(s);
    for (int i = 0; i < 400; i++) {
        assert_true(read_record(s, bytes, &record, -1));
        int same = swapc_bytes_equal(record.message, swapc_bytes_str("same"));
        assert_int_equal(record.message.len, 4);
        assert_int_equal(record.flags, 0); /* only the ledger is told */
        altered += !same;
        answer(s, &record, same ? "Valid" : "NotValid");
    }
    finish(s);
    assert_true(altered > 50 && altered < 150);
    swapci_ledger_result r = join(s);
    assert_int_equal(r.tampered, altered);
    assert_int_equal(r.wrong, 0);
    assert_int_equal(swapci_signer_stats_get(s->signer).tampered, altered);
    scene_free(s);
}

static void a_dead_verifiers_messages_are_sent_again(void **state) {
    scene *s = scene_new();
    static uint8_t bytes[RECORD_MAX];
    swapci_record record;
    (void)state;
    add(s, 300, NULL);
    attach(s);
    start(s);
    for (int i = 0; i < 100; i++) /* taken, and never answered */
        assert_true(read_record(s, bytes, &record, -1));
    detach(s);
    attach(s);
    while (s->seen < 400) {
        assert_true(read_record(s, bytes, &record, -1));
        answer(s, &record, "Valid");
    }
    finish(s);
    assert_int_equal(join(s).valid, 300);
    assert_true(swapci_signer_stats_get(s->signer).resent >= 100);
    scene_free(s);
}

static void a_new_signer_takes_up_what_is_pending(void **state) {
    scene *s = scene_new();
    static uint8_t bytes[RECORD_MAX];
    swapci_record record;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    s->config.tamper = 0.5;
    add(s, 50, NULL);
    attach(s);
    start(s);
    swapc_bytes first;
    uint8_t kept[RECORD_MAX];
    assert_true(read_record(s, kept, &record, -1));
    first = record.message;
    while (swapci_signer_stats_get(s->signer).sent < 50) swapci_redis_sleep(NULL, 1, NULL);
    swapci_signer_stop(s->signer);
    assert_int_equal(swapci_signer_join(s->signer, &error), SWAPC_INTERRUPTED);
    end(s);
    detach(s); /* both are gone: the ring is emptied */
    start(s);
    attach(s);
    assert_true(read_record(s, bytes, &record, -1));
    assert_int_equal(record.deliveries, 2);
    assert_true(
        swapc_bytes_equal(record.message, first)); /* tampered as before, or as before not */
    answer(s, &record, "Valid");
    finish(s);
    swapci_ledger_result r = join(s);
    assert_int_equal(r.valid, 50);
    assert_int_equal(r.tampered, r.wrong); /* we said Valid to all */
    scene_free(s);
}

/* Dies with what it has not stored; its successor attaches. */
static void die(scene *s) {
    detach(s);
    swapci_verdict_writer_free(s->verdicts);
    assert_int_equal(swapci_redis_attempt(s->redis, NULL), SWAPC_OK); /* no answer is owed to it */
    swapci_verdict_writer_new(s->redis, &s->names, 0, &s->verdicts, NULL);
    attach(s);
}

/* As a worker notes that its call of the record runs. */
static void note_running(scene *s, const swapci_record *record, bool alone) {
    swapci_ring_note(s->ring, 0, record->id.ms | (alone ? UINT64_C(1) << 63 : 0), record->id.seq);
}

/* The call of this record runs when its verifier dies. */
static void die_of_it(scene *s, const swapci_record *record) {
    note_running(s, record, (record->flags & SWAPCI_RECORD_ALONE) != 0);
    die(s);
}

/* A neighbour's death, whatever runs. */
static void die_beside_it(scene *s, const swapci_record *record) {
    note_running(s, record, false);
    die(s);
}

/* No call runs: after the last one, before the script, while it is killed at rest. */
static void die_at_rest(scene *s, const swapci_record *record) {
    note_running(s, record, false);
    swapci_ring_note(s->ring, 0, 0, 0);
    die(s);
}

/* As a verifier does that cannot read a record. */
static void empty_ring(scene *s, const swapci_record *record) {
    (void)record;
    assert_int_equal(swapci_ring_reset(s->ring, NULL), SWAPC_OK);
}

enum { SUSPECT_MEETINGS = 8 }; /* then the suspect gets its verdict */

/* Answers 40 messages, but does `meet` at message 20, as long as that comes, 8 times at the most. Returns
 * how often it came to that. */
static unsigned meet_suspect(scene *s, void (*meet)(scene *s, const swapci_record *record)) {
    static uint8_t bytes[RECORD_MAX];
    swapci_record record;
    unsigned deaths = 0;
    add(s, 40, NULL);
    attach(s);
    start(s);
    for (;;) {
        if (!read_record(s, bytes, &record, 50)) {
            assert_int_equal(swapci_verdict_flush(s->verdicts, NULL), SWAPC_OK);
            if (fixture_integer(s->redis, "XLEN %s", s->names.messages) == 0) break;
            continue;
        }
        if (deaths < SUSPECT_MEETINGS &&
            swapc_bytes_equal(record.message, swapc_bytes_str("message 20"))) {
            meet(s, &record);
            deaths++;
        } else {
            answer(s, &record, "Valid");
        }
    }
    finish(s);
    return deaths;
}

static void poison_is_answered_and_takes_nobody_along(void **state) {
    (void)state;
    scene *s = scene_new();
    unsigned deaths = meet_suspect(s, die_of_it);
    swapci_ledger_result r = join(s);
    assert_int_equal(deaths, SWAPCI_STRIKES_MAX);
    assert_int_equal(r.valid, 39);
    assert_int_equal(r.errors, 1);
    assert_string_equal(r.first_reason, "poisoned");
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.dead), 1);
    assert_int_equal(fixture_integer(s->redis, "EXISTS %s", s->names.strikes), 0);
    scene_free(s);
}

static void what_no_verifier_died_on_is_no_poison(void **state) {
    void (*const meetings[])(scene *, const swapci_record *) = {die_beside_it, die_at_rest,
                                                                empty_ring};
    (void)state;
    for (size_t i = 0; i < sizeof meetings / sizeof *meetings; i++) {
        scene *s = scene_new();
        assert_int_equal(meet_suspect(s, meetings[i]), SUSPECT_MEETINGS);
        assert_int_equal(join(s).valid, 40);
        assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.dead), 0);
        assert_int_equal(fixture_integer(s->redis, "EXISTS %s", s->names.strikes), 0);
        scene_free(s);
    }
}

static void entries_of_a_dead_signer_are_adopted(void **state) {
    scene *s = scene_new();
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    (void)state;
    add(s, 20, NULL);
    fixture_ok(swapci_stream_create(s->redis, &s->names, &error), &error);
    fixture_ok(swapci_stream_read(s->redis, &s->names, "dead", 15, 0, &batch, &error), &error);
    swapci_batch_fini(&batch);
    attach(s);
    start(s);
    static uint8_t bytes[RECORD_MAX];
    swapci_record record;
    while (s->seen < 20) {
        assert_true(read_record(s, bytes, &record, -1));
        answer(s, &record, "Valid");
    }
    finish(s);
    assert_int_equal(join(s).valid, 20);
    assert_int_equal(swapci_signer_stats_get(s->signer).adopted, 15);
    assert_int_equal(consumers(s), 0);
    scene_free(s);
}

static void the_ring_is_not_flooded(void **state) {
    scene *s = scene_new();
    uint64_t sent = 0, before = 1;
    (void)state;
    s->transport.capacity = 1 << 20;
    add(s, 1500, NULL);
    start(s);
    while (sent < SWAPCI_SIGNER_IN_FLIGHT / 2 || sent != before) {
        before = sent;
        swapci_redis_sleep(NULL, 100, NULL);
        sent = swapci_signer_stats_get(s->signer).sent;
    }
    assert_true(sent <= SWAPCI_SIGNER_IN_FLIGHT);
    attach(s);
    while (fixture_integer(s->redis, "XLEN %s", s->names.messages) > 0) answer_ready(s);
    finish(s);
    assert_int_equal(join(s).valid, 1500);
    assert_int_equal(s->seen, 1500);
    scene_free(s);
}

static void large_messages_come_in_small_batches(void **state) {
    scene *s = scene_new();
    const size_t len = 1 << 20;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    swapci_message message = {swapc_bytes_of(test_calloc(1, len), len), NULL, 0};
    swapci_stream_id id;
    (void)state;
    s->transport.capacity = 8 << 20; /* holds seven */
    for (int i = 0; i < 40; i++)
        fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
    start(s); /* and nobody takes records */
    while (swapci_signer_stats_get(s->signer).sent < 7) swapci_redis_sleep(NULL, 10, NULL);
    fixture_ok(swapci_stream_read(s->redis, &s->names, "two", 40, 0, &batch, &error), &error);
    /* One at first, then two by two, of which the last may wait for room. */
    assert_in_range(batch.count, 31, 33);
    swapci_signer_stop(s->signer);
    assert_int_equal(swapci_signer_join(s->signer, NULL), SWAPC_INTERRUPTED);
    end(s);
    s->signer = NULL;
    swapci_batch_fini(&batch);
    test_free((void *)message.body.ptr);
    scene_free(s);
}

/* The reasons of all verdicts, and whose they are. */
static size_t too_large(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    size_t count = 0;
    fixture_ok(
        swapci_redis_call(s->redis, "a test", &reply, &error, "XRANGE %s - +", s->names.verdicts),
        &error);
    for (size_t i = 0; i < reply->elements; i++) {
        redisReply *fields = reply->element[i]->element[1];
        count += strcmp(fields->element[fields->elements - 1]->str, "too large") == 0;
    }
    freeReplyObject(reply);
    return count;
}

/* New or pending, whole batches of them or one among others: what is too large to be read is answered,
 * and costs the others nothing. */
static void messages_too_large_to_be_read_are_answered(void **state) {
    enum { COUNT = 12 };
    static const size_t large = 24 << 20;
    (void)state;
    for (int pending = 0; pending < 2; pending++) {
        scene *s = scene_new();
        swapc_error error = SWAPC_ERROR_INIT;
        swapci_batch batch = SWAPCI_BATCH_INIT;
        char *body = calloc(1, large);
        assert_non_null(body);
        add(s, 20, NULL); /* so that batches have grown */
        for (int i = 0; i < COUNT; i++) {
            swapci_stream_id id;
            bool is_large = i == 3 || i == 9;
            swapci_message message = {swapc_bytes_of(body, is_large ? large : 5), NULL, 0};
            fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
            fixture_ok(swapci_ledger_add(s->ledger, id, 0, &error), &error);
        }
        free(body);
        fixture_ok(swapci_stream_create(s->redis, &s->names, &error), &error);
        if (pending)
            fixture_ok(swapci_stream_read(s->redis, &s->names, "one", 100, 0, &batch, &error),
                       &error);
        swapci_batch_fini(&batch);
        attach(s);
        start(s);
        while (fixture_integer(s->redis, "XLEN %s", s->names.messages) > 0) answer_ready(s);
        assert_int_equal(too_large(s), 2);
        finish(s);
        swapci_ledger_result r = join(s);
        assert_int_equal(r.errors, 2);
        assert_int_equal(r.valid, 20 + COUNT - 2);
        scene_free(s);
    }
}

static void note_sent(enum swapc_status status, const char *stream, void *user) {
    assert_non_null(strstr(stream, ":messages"));
    atomic_store((atomic_int *)user, (int)status + 1);
}

static void sent_is_answered_when_all_is_signed(void **state) {
    scene *s = scene_new();
    atomic_int told = 0, late = 0, after = 0, forgotten = 0;
    (void)state;
    add(s, 700, NULL); /* more than may be in flight */
    start(s);
    assert_int_equal(swapci_signer_when_sent(s->signer, note_sent, &told), SWAPC_OK);
    for (int i = 0; i < 1000; i++) { /* who does not wait any more costs nothing */
        assert_int_equal(swapci_signer_when_sent(s->signer, note_sent, &forgotten), SWAPC_OK);
        assert_true(swapci_signer_forget(s->signer, &forgotten));
        assert_false(swapci_signer_forget(s->signer, &forgotten));
    }
    swapci_redis_sleep(NULL, 300, NULL);
    assert_int_equal(told, 0); /* nobody takes records, so not all can be signed */
    attach(s);
    static uint8_t bytes[RECORD_MAX];
    swapci_record record;
    while (!told)
        if (read_record(s, bytes, &record, 10)) answer(s, &record, "Valid");
    assert_int_equal(told, SWAPC_OK + 1);
    assert_int_equal(swapci_signer_stats_get(s->signer).sent, 700);
    assert_int_equal(swapci_signer_when_sent(s->signer, note_sent, &late), SWAPC_OK);
    while (!late) /* nothing new: at once */
        swapci_redis_sleep(NULL, 1, NULL);
    assert_int_equal(late, SWAPC_OK + 1);
    finish(s);
    assert_int_equal(swapci_signer_when_sent(s->signer, note_sent, &after), SWAPC_OK);
    assert_int_equal(after, SWAPC_CLOSED + 1);
    assert_int_equal(forgotten, 0);
    assert_int_equal(join(s).valid, 700);
    scene_free(s);
}

/* What was sent waits for a verifier, and none is there; nothing is pending any more, so nobody else has to wait for it. */
static void a_stream_that_is_deleted_keeps_no_new_message_back(void **state) {
    scene *s = scene_new();
    atomic_int told = 0;
    (void)state;
    add(s, 5, NULL);
    start(s);
    while (swapci_signer_stats_get(s->signer).sent < 5) swapci_redis_sleep(NULL, 1, NULL);
    fixture_integer(s->redis, "DEL %s", s->names.messages);
    add(s, 3, NULL);
    assert_int_equal(swapci_signer_when_sent(s->signer, note_sent, &told), SWAPC_OK);
    while (!told) swapci_redis_sleep(NULL, 1, NULL);
    assert_int_equal(told, SWAPC_OK + 1);
    assert_int_equal(swapci_signer_stats_get(s->signer).sent, 8);
    attach(s);
    while (fixture_integer(s->redis, "XLEN %s", s->names.messages) > 0) answer_ready(s);
    finish(s);
    scene_free(s);
}

static void a_lost_connection_loses_nothing(void **state) {
    scene *s = scene_new();
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    add(s, 600, NULL);
    attach(s);
    start(s);
    uint64_t next_kill = 100;
    while (fixture_integer(s->redis, "XLEN %s", s->names.messages) > 0) {
        answer_ready(s);
        if (s->seen >= next_kill) {
            redisReply *reply = NULL;
            fixture_ok(swapci_redis_call(s->redis, "a test", &reply, &error,
                                         "CLIENT KILL TYPE normal SKIPME yes"),
                       &error);
            freeReplyObject(reply);
            next_kill += 150;
        }
    }
    assert_true(next_kill > 100);
    finish(s);
    assert_int_equal(join(s).valid, 600);
    scene_free(s);
}

static void a_dead_server_ends_the_signer(void **state) {
    scene *s = scene_new();
    swapc_error error = SWAPC_ERROR_INIT;
    atomic_int told = 0;
    (void)state;
    s->config.redis_retry_ms = 0; /* as with the private server */
    start(s);
    fixture_stop();
    assert_int_equal(swapci_signer_join(s->signer, &error), SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "redis.sock"));
    assert_int_equal(swapci_signer_when_sent(s->signer, note_sent, &told), SWAPC_OK);
    assert_int_equal(told, SWAPC_CLOSED + 1);
    scene_free(s);
}

static void bad_configurations_are_refused(void **state) {
    scene *s = scene_new();
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_sender *second = NULL;
    (void)state;
    s->config.tamper = NAN;
    assert_int_equal(swapci_signer_new(&s->config, &s->signer, NULL), SWAPC_INVALID);
    s->config.tamper = 0;
    s->config.consumer = "";
    assert_int_equal(swapci_signer_new(&s->config, &s->signer, NULL), SWAPC_INVALID);
    s->config.consumer = "one";
    start(s);
    assert_int_equal(swapci_transport_ring_send(&s->transport, &second, &error), SWAPC_BUSY);
    assert_non_null(strstr(error.text, "--ring"));
    swapci_signer_stop(s->signer);
    assert_int_equal(swapci_signer_join(s->signer, NULL), SWAPC_INTERRUPTED);
    scene_free(s);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drains_to_the_last_message, NULL, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_signer_leaves_the_group_when_nothing_is_pending,
                                        NULL, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_signer_gives_its_name_back_to_a_slow_redis, NULL,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_message_deleted_by_somebody_is_no_obstacle, NULL,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_signed_is_answered, NULL, teardown),
        cmocka_unit_test_setup_teardown(a_message_is_tampered_after_signing, NULL, teardown),
        cmocka_unit_test_setup_teardown(a_dead_verifiers_messages_are_sent_again, NULL, teardown),
        cmocka_unit_test_setup_teardown(a_new_signer_takes_up_what_is_pending, NULL, teardown),
        cmocka_unit_test_setup_teardown(what_no_verifier_died_on_is_no_poison, NULL, teardown),
        cmocka_unit_test_setup_teardown(poison_is_answered_and_takes_nobody_along, NULL, teardown),
        cmocka_unit_test_setup_teardown(entries_of_a_dead_signer_are_adopted, NULL, teardown),
        cmocka_unit_test_setup_teardown(the_ring_is_not_flooded, NULL, teardown),
        cmocka_unit_test_setup_teardown(large_messages_come_in_small_batches, NULL, teardown),
        cmocka_unit_test_setup_teardown(messages_too_large_to_be_read_are_answered, NULL, teardown),
        cmocka_unit_test_setup_teardown(sent_is_answered_when_all_is_signed, NULL, teardown),
        cmocka_unit_test_setup_teardown(a_stream_that_is_deleted_keeps_no_new_message_back, NULL,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_lost_connection_loses_nothing, NULL, teardown),
        cmocka_unit_test_setup_teardown(a_dead_server_ends_the_signer, NULL, teardown),
        cmocka_unit_test_setup_teardown(bad_configurations_are_refused, NULL, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
