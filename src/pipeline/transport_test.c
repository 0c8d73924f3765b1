/* One suite for every back end of transport.h, and signer and verifier over each. */
#include "back_ends_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger.h"
#include "registry.h"
#include "signer.h"
#include "verifier.h"

const struct swapci_engine_entry swapci_engine_table[] = {{"none", NULL}};
const unsigned swapci_engine_count = 1;

/* ---- helpers -------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t x = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Record number n: its length and bytes follow from n alone; now and then the largest, or none. */
static swapc_bytes record_of(uint32_t n, uint8_t out[RECORD_MAX]) {
    uint64_t random = n;
    size_t len = next_random(&random) % 300;
    if (n % 97 == 5) len = RECORD_MAX;
    if (n % 31 == 7) len = 0;
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)(n * 31 + i * 7 + (n >> 8));
    return swapc_bytes_of(out, len);
}

static void expect_record(uint32_t n, swapc_bytes found) {
    static uint8_t bytes[RECORD_MAX];
    swapc_bytes wanted = record_of(n, bytes);
    assert_int_equal(found.len, wanted.len);
    if (wanted.len) assert_memory_equal(found.ptr, wanted.ptr, wanted.len);
}

static enum swapc_status take(bench *b, int timeout_ms) {
    return swapci_receiver_take(b->receiver, b->arena, sizeof b->arena, b->records, BATCH,
                                &b->count, timeout_ms, NULL);
}

/* And makes it visible, as far as the server: in_flight awaits what is on its way there. */
static enum swapc_status send_one(bench *b, swapc_bytes record, int timeout_ms) {
    enum swapc_status status = swapci_sender_send(b->sender, record, timeout_ms, NULL);
    if (status != SWAPC_OK) return status;
    status = swapci_sender_flush(b->sender, NULL);
    (void)swapci_sender_in_flight(b->sender);
    return status;
}

static enum swapc_status send_text(bench *b, const char *text, int timeout_ms) {
    return send_one(b, swapc_bytes_str(text), timeout_ms);
}

/* What is said of the peer may be old. */
static void await(bool (*is)(bench *b), bench *b) {
    while (!is(b)) swapci_redis_sleep(NULL, 10, NULL);
}

static bool receiver_is_there(bench *b) {
    (void)swapci_sender_wait_receiver(b->sender, 0, NULL);
    return swapci_sender_receiver_alive(b->sender);
}

static bool sender_is_there(bench *b) {
    return swapci_receiver_sender_alive(b->receiver);
}

static bool sender_is_gone(bench *b) {
    return !swapci_receiver_sender_alive(b->receiver);
}

/* Sends until there is no room; returns how many went. */
static uint32_t fill(bench *b) {
    static uint8_t bytes[1000];
    uint32_t sent = 0;
    while (send_one(b, swapc_bytes_of(bytes, sizeof bytes), 0) == SWAPC_OK) sent++;
    return sent;
}

/* ---- cases ---------------------------------------------------------------------------------- */

/* Over a network a batch may have been taken and not be handed out yet. */
static uint32_t at_least(const bench *b, uint32_t count) {
    if (!b->end->many) return count;
    return count > BATCH ? count - BATCH : 0;
}

static void run_order(bench *b) {
    enum { RECORDS = 3000 };
    static uint8_t bytes[RECORD_MAX];
    uint32_t sent = 0, got = 0;
    uint64_t random = 1;
    open_sender(b);
    open_receiver(b);
    while (got < RECORDS) {
        uint64_t burst = next_random(&random) % 40;
        while (burst-- > 0 && sent < RECORDS &&
               swapci_sender_send(b->sender, record_of(sent, bytes), 0, NULL) == SWAPC_OK)
            sent++;
        assert_int_equal(swapci_sender_flush(b->sender, NULL), SWAPC_OK);
        assert_in_range(swapci_sender_in_flight(b->sender), at_least(b, sent - got),
                        SWAPCI_TRANSPORT_COUNTED);
        enum swapc_status status = take(b, 0);
        assert_int_equal(status, b->count ? SWAPC_OK : SWAPC_EMPTY);
        for (unsigned i = 0; i < b->count; i++) expect_record(got++, b->records[i]);
        assert_in_range(swapci_sender_in_flight(b->sender), at_least(b, sent - got),
                        SWAPCI_TRANSPORT_COUNTED);
    }
    assert_int_equal(sent, RECORDS);
    assert_int_equal(swapci_sender_in_flight(b->sender), 0);
}

static void records_arrive_whole_and_in_order(void **state) {
    (void)state;
    on_each(run_order);
}

static void run_limits(bench *b) {
    static uint8_t large[RECORD_MAX + 1];
    swapc_error error = SWAPC_ERROR_INIT;
    open_sender(b);
    open_receiver(b);
    assert_int_equal(swapci_sender_send(b->sender, swapc_bytes_of(large, sizeof large), 0, &error),
                     SWAPC_TOO_LARGE);
    assert_true(error.text[0] != '\0');
    for (int i = 0; i < BATCH + 2; i++) assert_int_equal(send_text(b, "x", 0), SWAPC_OK);
    assert_int_equal(send_one(b, swapc_bytes_of(large, RECORD_MAX), 0), SWAPC_OK);
    assert_int_equal(take(b, 0), SWAPC_OK); /* no more than asked for */
    assert_int_equal(b->count, BATCH);
    assert_int_equal(take(b, 0), SWAPC_OK); /* the large one does not fit behind these */
    assert_int_equal(b->count, 2);
    assert_int_equal(take(b, 0), SWAPC_OK);
    assert_int_equal(b->count, 1);
    assert_int_equal(b->records[0].len, RECORD_MAX);
}

static void a_batch_is_what_is_asked_for_and_fits(void **state) {
    (void)state;
    on_each(run_limits);
}

static void run_waits(bench *b) {
    open_sender(b);
    assert_false(swapci_sender_receiver_alive(b->sender));
    assert_int_equal(swapci_sender_wait_receiver(b->sender, 10, NULL), SWAPC_UNREACHABLE);
    assert_true(fill(b) > 8);
    assert_int_equal(send_text(b, "", 0), SWAPC_OK); /* no bytes, but perhaps no room for a head */
    fill(b);
    static uint8_t kilobyte[1000];
    swapc_bytes more = swapc_bytes_of(kilobyte, sizeof kilobyte);
    assert_int_equal(swapci_sender_send(b->sender, more, 10, NULL), SWAPC_UNREACHABLE);
    assert_int_equal(swapci_sender_wait_taken(b->sender, 10, NULL), SWAPC_UNREACHABLE);
    open_receiver(b);
    await(receiver_is_there, b);
    await(sender_is_there, b);
    assert_int_equal(swapci_sender_wait_receiver(b->sender, 0, NULL), SWAPC_OK);
    assert_int_equal(swapci_sender_send(b->sender, more, 10, NULL), SWAPC_BUSY);
    assert_int_equal(swapci_sender_wait_taken(b->sender, 10, NULL), SWAPC_BUSY);
    while (take(b, 0) == SWAPC_OK) continue;
    assert_int_equal(swapci_sender_wait_taken(b->sender, 0, NULL), SWAPC_OK);
    assert_int_equal(take(b, 10), SWAPC_EMPTY);
    assert_int_equal(b->count, 0);
    close_sender(b);
    assert_int_equal(take(b, 10), SWAPC_UNREACHABLE);
    await(sender_is_gone, b);
}

static void waits_say_what_they_waited_for(void **state) {
    (void)state;
    on_each(run_waits);
}

static void run_one_each(bench *b) {
    swapci_sender *second = NULL;
    swapci_receiver *other = NULL;
    if (b->end->many) return;
    open_sender(b);
    open_receiver(b);
    assert_int_equal(b->end->send(b, &second), SWAPC_BUSY);
    assert_int_equal(b->end->receive(b, &other), SWAPC_BUSY);
    assert_int_equal(send_text(b, "still here", 0), SWAPC_OK);
    assert_int_equal(take(b, 0), SWAPC_OK);
}

static void a_side_that_is_taken_is_busy(void **state) {
    (void)state;
    on_each(run_one_each);
}

static void run_finish(bench *b) {
    open_receiver(b);
    open_sender(b);
    assert_int_equal(send_text(b, "last", 0), SWAPC_OK);
    swapci_sender_finish(b->sender);
    close_sender(b);
    assert_int_equal(take(b, -1), SWAPC_OK);
    assert_int_equal(take(b, -1), SWAPC_CLOSED);
    open_sender(b);
    assert_int_equal(take(b, 0), SWAPC_EMPTY);
    assert_int_equal(send_text(b, "next", 0), SWAPC_OK);
    assert_int_equal(take(b, 0), SWAPC_OK);
}

static void the_end_comes_after_the_last_record(void **state) {
    (void)state;
    on_each(run_finish);
}

static void run_losses(bench *b) {
    open_sender(b);
    open_receiver(b);
    assert_false(swapci_sender_lost(b->sender)); /* the first loses nothing */
    assert_int_equal(send_text(b, "taken by one that dies", 0), SWAPC_OK);
    assert_int_equal(send_text(b, "left for the next", 0), SWAPC_OK);
    assert_int_equal(swapci_receiver_take(b->receiver, b->arena, sizeof b->arena, b->records, 1,
                                          &b->count, 0, NULL),
                     SWAPC_OK);
    close_receiver(b);
    open_receiver(b);
    assert_true(swapci_sender_lost(b->sender));
    assert_false(swapci_sender_lost(b->sender)); /* told once */
    assert_int_equal(take(b, 0), SWAPC_OK);
    assert_int_equal(b->count, 1);
    assert_true(swapc_bytes_equal(b->records[0], swapc_bytes_str("left for the next")));
    assert_int_equal(send_text(b, "dropped", 0), SWAPC_OK);
    assert_int_equal(swapci_receiver_reset(b->receiver, NULL), SWAPC_OK);
    assert_int_equal(take(b, 0), SWAPC_EMPTY);
    assert_int_equal(swapci_sender_in_flight(b->sender), 0);
    assert_true(swapci_sender_lost(b->sender));
}

static void a_loss_is_told_once(void **state) {
    (void)state;
    on_each(run_losses);
}

/* ---- with a second thread ------------------------------------------------------------------- */

static void *interrupt_soon(void *user) {
    bench *b = user;
    swapci_redis_sleep(NULL, 30, NULL);
    swapci_receiver_interrupt(b->receiver);
    swapci_sender_interrupt(b->sender);
    return NULL;
}

static void run_notes(bench *b) {
    const swapci_transport_note one = {.ms = 7, .seq = 3, .alone = false};
    const swapci_transport_note two = {
        .ms = SWAPCI_TRANSPORT_NOTE_MS - 1, .seq = UINT64_MAX, .alone = true};
    swapci_transport_note left[SWAPCI_TRANSPORT_NOTES];
    open_sender(b);
    open_receiver(b);
    swapci_receiver_note(b->receiver, 0, &two); /* finished: the next note says so */
    swapci_receiver_note(b->receiver, 0, NULL);
    swapci_receiver_note(b->receiver, 1, &two);
    swapci_receiver_note(b->receiver, 1, &one);
    swapci_receiver_note(b->receiver, SWAPCI_TRANSPORT_NOTES - 1, &two);
    assert_int_equal(swapci_sender_left(b->sender, left, SWAPCI_TRANSPORT_NOTES), 0);
    close_receiver(b); /* as it would die: with what it noted */
    open_receiver(b);
    assert_true(swapci_sender_lost(b->sender));
    assert_int_equal(swapci_sender_left(b->sender, left, 1), 1);
    assert_true(left[0].ms == 7 && left[0].seq == 3 && !left[0].alone && !left[0].last_ms);
    assert_int_equal(swapci_sender_left(b->sender, left, SWAPCI_TRANSPORT_NOTES), 1);
    assert_true(left[0].ms == two.ms && left[0].seq == two.seq && left[0].alone);
    assert_int_equal(left[0].last_ms, 0);
    assert_int_equal(swapci_sender_left(b->sender, left, SWAPCI_TRANSPORT_NOTES), 0);
    const swapci_transport_note many = {.ms = 7, .last_ms = UINT64_MAX};
    swapci_receiver_note(b->receiver, 2, &many);
    close_receiver(b);
    open_receiver(b);
    assert_true(swapci_sender_lost(b->sender));
    assert_int_equal(swapci_sender_left(b->sender, left, SWAPCI_TRANSPORT_NOTES), 1);
    assert_true(left[0].ms == 7 && left[0].last_ms == UINT64_MAX && !left[0].alone);
    close_receiver(b); /* with nothing noted */
    open_receiver(b);
    assert_int_equal(swapci_sender_left(b->sender, left, SWAPCI_TRANSPORT_NOTES), 0);
    for (unsigned death = 0; death < 3; death++) { /* more than are kept: some are forgotten */
        for (unsigned i = 0; i < SWAPCI_TRANSPORT_NOTES / 2; i++)
            swapci_receiver_note(b->receiver, i, &one);
        close_receiver(b);
        open_receiver(b);
    }
    assert_true(swapci_sender_lost(b->sender));
    assert_int_equal(swapci_sender_left(b->sender, left, SWAPCI_TRANSPORT_NOTES),
                     SWAPCI_TRANSPORT_NOTES);
}

static void run_interrupt(bench *b) {
    pthread_t thread;
    open_sender(b);
    open_receiver(b);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, b), 0);
    assert_int_equal(take(b, -1), SWAPC_INTERRUPTED); /* else the case does not end */
    pthread_join(thread, NULL);
    assert_int_equal(take(b, -1), SWAPC_INTERRUPTED); /* and so does every later wait */
    while (send_text(b, "needs no wait", 0) == SWAPC_OK) continue; /* is still done */
    assert_int_equal(send_text(b, "needs a wait.", -1), SWAPC_INTERRUPTED);
    if (!b->end->many) { /* else nothing was sent: each word with the server is a wait */
        assert_int_equal(swapci_sender_wait_taken(b->sender, -1, NULL), SWAPC_INTERRUPTED);
        assert_int_equal(take(b, 0), SWAPC_OK);
    }
    close_receiver(b);
    assert_int_equal(swapci_sender_wait_receiver(b->sender, -1, NULL), SWAPC_INTERRUPTED);
}

static void what_a_dead_receiver_was_at_is_told(void **state) {
    (void)state;
    on_each(run_notes);
}

static void an_interrupt_ends_every_wait(void **state) {
    (void)state;
    on_each(run_interrupt);
}

enum { MANY = 20000 };

static void *send_many(void *user) {
    static uint8_t bytes[RECORD_MAX];
    bench *b = user;
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = 0; n < MANY && status == SWAPC_OK; n++)
        while ((status = swapci_sender_send(b->sender, record_of(n, bytes), 100, NULL)) ==
               SWAPC_BUSY)
            continue;
    swapci_sender_finish(b->sender);
    return (void *)(uintptr_t)status;
}

static void run_threads(bench *b) {
    pthread_t thread;
    void *status;
    uint32_t got = 0;
    open_sender(b);
    open_receiver(b);
    assert_int_equal(pthread_create(&thread, NULL, send_many, b), 0);
    for (;;) {
        enum swapc_status taken = take(b, 1000);
        if (taken == SWAPC_EMPTY) continue;
        if (taken != SWAPC_OK) {
            assert_int_equal(taken, SWAPC_CLOSED);
            break;
        }
        for (unsigned i = 0; i < b->count; i++) expect_record(got++, b->records[i]);
    }
    pthread_join(thread, &status);
    assert_int_equal((uintptr_t)status, SWAPC_OK);
    assert_int_equal(got, MANY);
}

static void two_threads_lose_nothing(void **state) {
    (void)state;
    on_each(run_threads);
}

/* ---- signer and verifier -------------------------------------------------------------------- */

enum { MESSAGES = 2000, WORKERS = 2 };

typedef struct scene {
    bench *b;
    char keys[80], keys_pub[96];
    swapci_redis *redis;
    swapci_stream_names names;
    swapci_key_pairs *pairs;
    swapci_judges *judges; /* without modules: every record is answered Error */
    swapci_ledger *ledger;
    swapci_verifier *verifier;
} scene;

static void start_verifier(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    open_receiver(s->b);
    swapci_verifier_config config = {.judges = s->judges,
                                     .receiver = s->b->receiver,
                                     .redis = {.url = fixture_url(), .retry_ms = 5000},
                                     .names = &s->names,
                                     .workers = WORKERS};
    fixture_ok(swapci_verifier_new(&config, &s->verifier, &error), &error);
    fixture_ok(swapci_verifier_start(s->verifier, &error), &error);
}

static void end_verifier(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_verifier_stop(s->verifier);
    fixture_ok(swapci_verifier_join(s->verifier, &error), &error);
    swapci_verifier_free(s->verifier);
    close_receiver(s->b);
}

static void prepare(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring *keys = NULL;
    snprintf(s->keys, sizeof s->keys, "%s/keys", s->b->folder);
    snprintf(s->keys_pub, sizeof s->keys_pub, "%s.pub", s->keys);
    s->redis = fixture_open(5000);
    s->names = fixture_names();
    fixture_ok(swapci_keyring_load(s->keys, SWAPCI_KEYS_PRIVATE, 1, &keys, &error), &error);
    fixture_ok(swapci_key_pairs_new(keys, &s->pairs, &error), &error);
    swapci_keyring_free(keys);
    swapci_judges_config judges = {.engine = "none", .keys_pub = s->keys_pub, .workers = WORKERS};
    fixture_ok(swapci_judges_new(&judges, &s->judges, &error), &error);
    fixture_ok(swapci_ledger_new(&s->ledger, &error), &error);
    for (int i = 0; i < MESSAGES; i++) {
        swapci_message message = {swapc_bytes_str("Ada"), NULL, 0};
        swapci_stream_id id;
        fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
        fixture_ok(swapci_ledger_add(s->ledger, id, 0, &error), &error);
    }
}

static void put_away(scene *s) {
    swapci_ledger_free(s->ledger);
    swapci_judges_free(s->judges);
    swapci_key_pairs_free(s->pairs);
    swapci_redis_free(s->redis);
    unlink(s->keys);
    unlink(s->keys_pub);
}

/* A verifier that leaves in the middle, and its successor: every message has one verdict. */
static void run_pipeline(bench *b) {
    scene s = {.b = b};
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_signer *signer = NULL;
    swapci_ledger_result books;
    prepare(&s);
    open_sender(b);
    start_verifier(&s);
    swapci_signer_config config = {.redis_url = fixture_url(),
                                   .redis_retry_ms = 5000,
                                   .consumer = "one",
                                   .sender = b->sender,
                                   .pairs = s.pairs};
    fixture_ok(swapci_signer_new(&config, &signer, &error), &error);
    fixture_ok(swapci_signer_start(signer, &error), &error);
    while (fixture_integer(s.redis, "XLEN %s", s.names.verdicts) < MESSAGES / 4)
        swapci_redis_sleep(NULL, 1, NULL);
    end_verifier(&s);
    start_verifier(&s);
    while (fixture_integer(s.redis, "XLEN %s", s.names.messages) > 0)
        swapci_redis_sleep(NULL, 1, NULL);
    swapci_signer_drain(signer);
    fixture_ok(swapci_signer_join(signer, &error), &error);
    end_verifier(&s);
    fixture_ok(swapci_ledger_join(s.ledger, s.redis, &s.names, &books, &error), &error);
    assert_int_equal(books.errors, MESSAGES);
    assert_string_equal(books.first_reason, "method not served");
    assert_int_equal(books.lost + books.duplicates, 0);
    swapci_signer_free(signer);
    put_away(&s);
}

static void signer_and_verifier_run_over_it(void **state) {
    (void)state;
    on_each(run_pipeline);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_arrive_whole_and_in_order),
        cmocka_unit_test(a_batch_is_what_is_asked_for_and_fits),
        cmocka_unit_test(waits_say_what_they_waited_for),
        cmocka_unit_test(a_side_that_is_taken_is_busy),
        cmocka_unit_test(the_end_comes_after_the_last_record),
        cmocka_unit_test(a_loss_is_told_once),
        cmocka_unit_test(what_a_dead_receiver_was_at_is_told),
        cmocka_unit_test(an_interrupt_ends_every_wait),
        cmocka_unit_test(two_threads_lose_nothing),
        cmocka_unit_test(signer_and_verifier_run_over_it),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
