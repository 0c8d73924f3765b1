/* What transport_test.c's suite cannot ask of a ring: many senders and receivers at a time, who die, and a server
 * that refuses or forgets. */
#include "stream_fixture.h"

#include <pthread.h>

#include <stdio.h>

#include "transport_redis.h"

enum { CAPACITY = 1 << 16, TAKE = 8, PATIENCE_MS = 600000 /* with a crowded machine */ };

typedef struct stage {
    swapci_redis *admin;
    swapci_sender *senders[2];
    swapci_receiver *receivers[2];
} stage;

static swapci_transport_redis_config config_of(const swapci_stream_names *names) {
    return (swapci_transport_redis_config){
        .redis = {.url = fixture_url(), .retry_ms = SWAPCI_REDIS_FOREVER, .service = true},
        .names = names,
        .capacity = CAPACITY,
        .poll_ms = -1,
        .lease_ms = PATIENCE_MS,
        .answer_ms = PATIENCE_MS};
}

static void open_stage(stage *s) {
    const swapci_stream_names names = fixture_names();
    const swapci_transport_redis_config config = config_of(&names);
    swapc_error error = SWAPC_ERROR_INIT;
    s->admin = fixture_open(5000);
    fixture_command(s->admin, "FLUSHALL");
    for (int i = 0; i < 2; i++) {
        fixture_ok(swapci_transport_redis_send(&config, &s->senders[i], &error), &error);
        fixture_ok(swapci_transport_redis_receive(&config, &s->receivers[i], &error), &error);
    }
}

static void close_stage(stage *s) {
    for (int i = 0; i < 2; i++) {
        swapci_sender_close(s->senders[i]);
        swapci_receiver_close(s->receivers[i]);
    }
    swapci_redis_free(s->admin);
}

static void send(stage *s, int sender, const char *text) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_sender_send(s->senders[sender], swapc_bytes_str(text), -1, &error), &error);
    fixture_ok(swapci_sender_flush(s->senders[sender], &error), &error);
    (void)swapci_sender_in_flight(s->senders[sender]); /* it is there now */
}

/* Takes up to max records, and returns how many. */
static unsigned take(stage *s, int receiver, unsigned max, int timeout_ms,
                     enum swapc_status *status) {
    static uint8_t arena[CAPACITY / 4];
    swapc_bytes records[TAKE];
    unsigned count;
    *status = swapci_receiver_take(s->receivers[receiver], arena, sizeof arena, records, max,
                                   &count, timeout_ms, NULL);
    return count;
}

static unsigned take_ready(stage *s, int receiver, unsigned max) {
    enum swapc_status status;
    unsigned count = take(s, receiver, max, 0, &status);
    assert_int_equal(status, count ? SWAPC_OK : SWAPC_EMPTY);
    return count;
}

static bool both_lost(stage *s) {
    bool first = swapci_sender_lost(s->senders[0]), second = swapci_sender_lost(s->senders[1]);
    return first && second;
}

static bool none_lost(stage *s) {
    bool first = swapci_sender_lost(s->senders[0]), second = swapci_sender_lost(s->senders[1]);
    return !first && !second;
}

/* The name of a peer whose name begins so; by which the receivers are told apart. */
static void make_expire(stage *s, char role) {
    char script[256];
    snprintf(
        script, sizeof script,
        "for _, who in ipairs(redis.call('HKEYS', KEYS[1])) do if string.sub(who, 1, 1) == '%c' "
        "then redis.call('HSET', KEYS[1], who, 1) end end return 1",
        role);
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(s->admin, "a test", &reply, &error, "EVAL %s 1 swapc:signed:peers",
                                 script),
               &error);
    freeReplyObject(reply);
}

struct waiter {
    stage *stage;
    unsigned count;
    enum swapc_status status;
};

static void *wait_for_records(void *user) {
    struct waiter *w = user;
    w->count = take(w->stage, 0, TAKE, -1, &w->status);
    return NULL;
}

/* As of stream_test.c: what a signer sends in one pipeline is taken together, in its order, by who waits for it. */
static void who_waited_takes_all_that_came_at_once(void **state) {
    stage s;
    struct waiter w = {.stage = &s};
    swapc_error error = SWAPC_ERROR_INIT;
    pthread_t thread;
    (void)state;
    open_stage(&s);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_records, &w), 0);
    fixture_await_blocked(s.admin, 1);
    for (int i = 0; i < TAKE + 3; i++)
        fixture_ok(swapci_sender_send(s.senders[0], swapc_bytes_str("x"), -1, &error), &error);
    fixture_ok(swapci_sender_flush(s.senders[0], &error), &error);
    pthread_join(thread, NULL);
    assert_int_equal(w.status, SWAPC_OK);
    assert_int_equal(w.count, TAKE);
    (void)swapci_sender_in_flight(s.senders[0]);
    assert_int_equal(take_ready(&s, 0, TAKE), 3);
    assert_true(none_lost(&s));
    close_stage(&s);
}

static void each_record_is_taken_once(void **state) {
    stage s;
    char text[16];
    unsigned got = 0;
    (void)state;
    open_stage(&s);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%d", i);
        send(&s, i % 2, text);
    }
    for (unsigned count = 1; count > 0;) {
        count = take_ready(&s, 0, 3) + take_ready(&s, 1, 5);
        got += count;
    }
    assert_int_equal(got, 100);
    assert_int_equal(swapci_sender_in_flight(s.senders[0]), 0);
    assert_true(none_lost(&s));
    close_stage(&s);
}

static void each_sender_waits_for_its_own(void **state) {
    stage s;
    (void)state;
    open_stage(&s);
    send(&s, 0, "first");
    send(&s, 1, "second");
    assert_int_equal(take_ready(&s, 0, 1), 1);
    assert_int_equal(swapci_sender_wait_taken(s.senders[0], 0, NULL), SWAPC_OK);
    assert_int_equal(swapci_sender_wait_taken(s.senders[1], 10, NULL), SWAPC_BUSY);
    assert_int_equal(swapci_sender_in_flight(s.senders[0]), 0);
    assert_int_equal(swapci_sender_in_flight(s.senders[1]), 1);
    close_stage(&s);
}

static void one_that_comes_waits_for_what_was_there(void **state) {
    const swapci_stream_names names = fixture_names();
    const swapci_transport_redis_config config = config_of(&names);
    swapc_error error = SWAPC_ERROR_INIT;
    stage s;
    (void)state;
    open_stage(&s);
    send(&s, 0, "of the one before");
    swapci_sender_close(s.senders[0]);
    fixture_ok(swapci_transport_redis_send(&config, &s.senders[0], &error), &error);
    assert_int_equal(swapci_sender_wait_taken(s.senders[0], 10, NULL), SWAPC_BUSY);
    assert_int_equal(take_ready(&s, 0, 1), 1);
    assert_int_equal(swapci_sender_wait_taken(s.senders[0], 0, NULL), SWAPC_OK);
    close_stage(&s);
}

static void the_end_of_one_of_many_closes_nothing(void **state) {
    stage s;
    enum swapc_status status;
    (void)state;
    open_stage(&s);
    swapci_sender_finish(s.senders[0]);
    (void)take(&s, 0, 1, 10, &status);
    assert_int_equal(status, SWAPC_EMPTY);
    send(&s, 1, "more");
    swapci_sender_finish(s.senders[1]);
    assert_int_equal(take(&s, 0, 1, -1, &status), 1);
    (void)take(&s, 0, 1, -1, &status);
    assert_int_equal(status, SWAPC_CLOSED);
    close_stage(&s);
}

static void a_death_is_a_loss_to_every_sender(void **state) {
    const swapci_transport_note range = {.ms = 5, .last_ms = 9};
    const swapci_transport_note inside = {.ms = 7, .seq = 1};
    const swapci_transport_note alone = {.ms = 7, .seq = 2, .alone = true};
    swapci_transport_note left[2][8];
    size_t counts[2] = {0, 0}, convictions = 0, ranges = 0;
    stage s;
    (void)state;
    open_stage(&s);
    assert_true(none_lost(&s));
    swapci_receiver_announce(s.receivers[0], 0, &range);
    swapci_receiver_note(s.receivers[0], 0, &inside); /* told with the range */
    swapci_receiver_note(s.receivers[1], 1, &alone);
    make_expire(&s, 'r'); /* both; they come back by their next heartbeat */
    for (int i = 0; counts[0] + counts[1] == 0 || i < 10; i++) {
        swapci_redis_sleep(NULL, 20, NULL);
        for (int n = 0; n < 2; n++)
            if (swapci_sender_lost(s.senders[n]))
                counts[n] += swapci_sender_left(s.senders[n], left[n] + counts[n], 8 - counts[n]);
    }
    for (int n = 0; n < 2; n++) {
        for (size_t i = 0; i < counts[n]; i++) {
            convictions += left[n][i].alone;
            ranges += left[n][i].ms == 5 && left[n][i].last_ms == 9;
        }
    }
    assert_true(ranges <= 2 && convictions <= 1); /* a strike that counts is told to one */
    assert_true(ranges + convictions > 0);
    close_stage(&s);
}

static void what_is_over_is_no_strike(void **state) {
    const swapci_transport_note range = {.ms = 5, .last_ms = 9};
    swapci_transport_note left[8];
    stage s;
    (void)state;
    open_stage(&s);
    send(&s, 0, "taken");
    assert_int_equal(take_ready(&s, 0, 1), 1);
    swapci_receiver_announce(s.receivers[0], 0, &range);
    swapci_receiver_announce(s.receivers[0], 0, NULL);
    swapci_receiver_close(s.receivers[0]);
    s.receivers[0] = NULL;
    assert_true(both_lost(&s)); /* it may have taken more than it judged */
    assert_int_equal(swapci_sender_left(s.senders[0], left, 8), 0);
    close_stage(&s);
}

static void what_others_delete_is_a_loss(void **state) {
    static const char *const commands[] = {"DEL swapc:signed", "XGROUP DESTROY swapc:signed swapc",
                                           "FLUSHALL"};
    stage s;
    (void)state;
    open_stage(&s);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        bool lost[2] = {false, false};
        send(&s, 0, "gone, or not");
        assert_true(none_lost(&s));
        fixture_command(s.admin, commands[i]);
        while (!(lost[0] && lost[1])) {
            lost[0] |= swapci_sender_lost(s.senders[0]);
            lost[1] |= swapci_sender_lost(s.senders[1]);
            swapci_redis_sleep(NULL, 20, NULL);
        }
        while (take_ready(&s, 0, TAKE) > 0) continue;
        assert_int_equal(swapci_sender_wait_taken(s.senders[0], -1, NULL), SWAPC_OK);
        send(&s, 1, "what comes is taken");
        assert_int_equal(take_ready(&s, 1, TAKE), 1);
        (void)both_lost(&s);
    }
    close_stage(&s);
}

static void what_redis_refuses_is_lost_and_said_so(void **state) {
    stage s;
    (void)state;
    open_stage(&s);
    fixture_command(s.admin, "CONFIG SET maxmemory 1");
    (void)swapci_sender_send(s.senders[0], swapc_bytes_str("refused"), 0, NULL);
    (void)swapci_sender_flush(s.senders[0], NULL);
    (void)swapci_sender_in_flight(s.senders[0]);
    assert_int_equal(swapci_sender_send(s.senders[0], swapc_bytes_str("x"), 0, NULL), SWAPC_BUSY);
    assert_true(swapci_sender_lost(s.senders[0]));
    fixture_command(s.admin, "CONFIG SET maxmemory 0");
    assert_int_equal(swapci_sender_wait_taken(s.senders[0], -1, NULL), SWAPC_OK);
    send(&s, 0, "goes on");
    assert_int_equal(take_ready(&s, 0, TAKE), 1);
    close_stage(&s);
}

static void entries_of_others_are_passed_over(void **state) {
    stage s;
    (void)state;
    open_stage(&s);
    fixture_command(s.admin, "XADD swapc:signed * other field");
    send(&s, 0, "ours");
    fixture_command(s.admin, "XADD swapc:signed * other field");
    unsigned got = 0;
    for (int i = 0; i < 4; i++) got += take_ready(&s, 0, TAKE);
    assert_int_equal(got, 1);
    assert_int_equal(swapci_sender_wait_taken(s.senders[0], -1, NULL), SWAPC_OK);
    close_stage(&s);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waited_takes_all_that_came_at_once),
        cmocka_unit_test(each_record_is_taken_once),
        cmocka_unit_test(each_sender_waits_for_its_own),
        cmocka_unit_test(one_that_comes_waits_for_what_was_there),
        cmocka_unit_test(the_end_of_one_of_many_closes_nothing),
        cmocka_unit_test(a_death_is_a_loss_to_every_sender),
        cmocka_unit_test(what_is_over_is_no_strike),
        cmocka_unit_test(what_others_delete_is_a_loss),
        cmocka_unit_test(what_redis_refuses_is_lost_and_said_so),
        cmocka_unit_test(entries_of_others_are_passed_over),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
