#include "ring.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "clock.h"
#include "ring_fixture.h"

static enum swapc_status put(swapci_ring *ring, uint32_t n, size_t len) {
    uint8_t bytes[64];
    assert_true(len <= sizeof bytes);
    fixture_fill(bytes, len, n);
    return swapci_ring_put(ring, swapc_bytes_of(bytes, len), NULL);
}

/* Takes one record and proves that it is number n of len bytes. */
static void expect_take(swapci_ring *ring, uint32_t n, size_t len) {
    uint8_t bytes[64], want[64];
    size_t got = 0;
    fixture_fill(want, len, n);
    assert_int_equal(swapci_ring_take(ring, bytes, sizeof bytes, &got, NULL), SWAPC_OK);
    assert_int_equal(got, len);
    if (len) assert_memory_equal(bytes, want, len);
}

static enum swapc_status take_any(swapci_ring *ring) {
    uint8_t bytes[64];
    size_t len;
    return swapci_ring_take(ring, bytes, sizeof bytes, &len, NULL);
}

static void passes_in_order(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 1024, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_capacity(c), 1024);
    for (uint32_t n = 0; n < 10; n++) assert_int_equal(put(p, n, n), SWAPC_OK);
    assert_int_equal(take_any(c), SWAPC_EMPTY);
    swapci_ring_publish(p);
    for (uint32_t n = 0; n < 10; n++) expect_take(c, n, n);
    assert_int_equal(take_any(c), SWAPC_EMPTY);
    assert_true(swapci_ring_used(p) > 0);
    swapci_ring_release(c);
    assert_int_equal(swapci_ring_used(p), 0);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* A record of every length from each of the 8-byte places of the ring, so around its end too. */
static void wraps_at_every_offset(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 128, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    uint32_t n = 0;
    for (size_t len = 0; len <= 32; len++) {
        for (int place = 0; place < 128 / 8; place++) {
            assert_int_equal(put(p, n, len), SWAPC_OK);
            assert_int_equal(put(p, n + 1, 32 - len), SWAPC_OK);
            swapci_ring_publish(p);
            expect_take(c, n, len);
            expect_take(c, n + 1, 32 - len);
            n += 2;
            /* an empty record moves the next round by 8 bytes */
            assert_int_equal(put(p, n, 0), SWAPC_OK);
            swapci_ring_publish(p);
            expect_take(c, n, 0);
            swapci_ring_release(c);
        }
    }
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void refuses_oversize(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 128, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    swapc_error error = SWAPC_ERROR_INIT;
    uint8_t bytes[33] = {0};
    size_t len = 0;
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 33), 0, &error), SWAPC_TOO_LARGE);
    assert_non_null(strstr(error.text, "33 bytes"));
    assert_non_null(strstr(error.text, "32 bytes"));
    assert_int_equal(swapci_ring_used(p), 0);
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 32), 0, NULL), SWAPC_OK);
    /* the reader's buffer is too small: the record stays and its size is told */
    assert_int_equal(swapci_ring_take(c, bytes, 31, &len, NULL), SWAPC_TOO_LARGE);
    assert_int_equal(len, 32);
    assert_int_equal(swapci_ring_take(c, bytes, 32, &len, NULL), SWAPC_OK);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void full_ring_is_busy(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(put(p, 1, 16), SWAPC_OK);
    assert_int_equal(put(p, 2, 16), SWAPC_OK);
    assert_int_equal(put(p, 3, 16), SWAPC_BUSY);
    swapci_ring_publish(p);
    expect_take(c, 1, 16);
    /* taken is not released */
    assert_int_equal(put(p, 3, 16), SWAPC_BUSY);
    swapci_ring_release(c);
    assert_int_equal(put(p, 3, 16), SWAPC_OK);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void waits_time_out(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    uint8_t bytes[16] = {0};
    size_t len;
    assert_int_equal(swapci_ring_read(c, bytes, 16, &len, 5, NULL), SWAPC_EMPTY);
    assert_int_equal(put(p, 1, 16), SWAPC_OK);
    assert_int_equal(put(p, 2, 16), SWAPC_OK);
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), 5, NULL), SWAPC_BUSY);
    assert_int_equal(swapci_ring_wait_drained(p, 5, NULL), SWAPC_BUSY);
    expect_take(c, 1, 16);
    expect_take(c, 2, 16);
    swapci_ring_release(c);
    assert_int_equal(swapci_ring_wait_drained(p, 5, NULL), SWAPC_OK);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void absent_peer_is_unreachable(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapc_error error = SWAPC_ERROR_INIT;
    uint8_t bytes[16] = {0};
    size_t len;
    assert_int_equal(swapci_ring_wait_peer(p, 0, NULL), SWAPC_UNREACHABLE);
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), -1, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), -1, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), -1, &error),
                     SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "no consumer"));
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_wait_peer(p, -1, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_wait_peer(c, -1, NULL), SWAPC_OK);
    swapci_ring_close(p);
    /* what was published is still there */
    assert_int_equal(swapci_ring_read(c, bytes, 16, &len, -1, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_read(c, bytes, 16, &len, -1, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_read(c, bytes, 16, &len, -1, NULL), SWAPC_UNREACHABLE);
    swapci_ring_close(c);
}

static void finished_stream_ends(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(put(p, 1, 8), SWAPC_OK);
    swapci_ring_finish(p);
    expect_take(c, 1, 8);
    assert_int_equal(take_any(c), SWAPC_CLOSED);
    swapci_ring_close(p);
    assert_int_equal(take_any(c), SWAPC_CLOSED);
    p = fixture_open(state, SWAPCI_RING_PRODUCER, 0, NULL);
    assert_int_equal(take_any(c), SWAPC_EMPTY);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void roles_are_exclusive(void **state) {
    swapci_ring_config config = {"t", *state, 64, NULL};
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 64, NULL);
    swapci_ring *other = NULL;
    assert_int_equal(put(p, 7, 8), SWAPC_OK);
    swapci_ring_publish(p);
    assert_int_equal(swapci_ring_open(&config, SWAPCI_RING_PRODUCER, &other, &error), SWAPC_BUSY);
    assert_non_null(strstr(error.text, "has a producer already"));
    assert_int_equal(swapci_ring_open(&config, SWAPCI_RING_CONSUMER, &other, NULL), SWAPC_BUSY);
    assert_null(other);
    expect_take(c, 7, 8); /* the refused ones changed nothing */
    assert_int_equal(swapci_ring_consumer_changed(p), 0);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* Recovery by event: the next consumer finds what the last one did not release, the producer sees
 * that it is another one, once. */
static void new_consumer_is_noticed(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 256, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_consumer_changed(p), 0); /* the first */
    for (uint32_t n = 0; n < 4; n++) assert_int_equal(put(p, n, 8), SWAPC_OK);
    swapci_ring_publish(p);
    expect_take(c, 0, 8);
    swapci_ring_release(c);
    expect_take(c, 1, 8);
    swapci_ring_close(c); /* dies with 0 in work, 1 taken, 2 and 3 unread */
    assert_int_equal(swapci_ring_peer_alive(p), 0);
    assert_int_equal(swapci_ring_consumer_changed(p), 0);
    c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_consumer_changed(p), 1);
    assert_int_equal(swapci_ring_consumer_changed(p), 0);
    for (uint32_t n = 1; n < 4; n++) expect_take(c, n, 8);
    swapci_ring_release(c);
    assert_int_equal(swapci_ring_wait_drained(p, 0, NULL), SWAPC_OK);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* Two consumers between two looks are a change even when the first look came before both. */
static void second_consumer_is_a_change(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 256, NULL);
    swapci_ring_close(fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL));
    swapci_ring_close(fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL));
    assert_int_equal(swapci_ring_consumer_changed(p), 1);
    swapci_ring_close(p);
}

static void new_producer_keeps_published(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 256, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(put(p, 1, 8), SWAPC_OK);
    swapci_ring_publish(p);
    assert_int_equal(put(p, 2, 8), SWAPC_OK); /* never published */
    swapci_ring_close(p);
    p = fixture_open(state, SWAPCI_RING_PRODUCER, 0, NULL);
    assert_int_equal(swapci_ring_consumer_changed(p), 0);
    assert_int_equal(put(p, 3, 8), SWAPC_OK);
    swapci_ring_publish(p);
    expect_take(c, 1, 8);
    expect_take(c, 3, 8);
    assert_int_equal(take_any(c), SWAPC_EMPTY);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void reset_drops_and_counts(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 256, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_consumer_changed(p), 0);
    for (uint32_t n = 0; n < 4; n++) assert_int_equal(put(p, n, 8), SWAPC_OK);
    swapci_ring_publish(p);
    assert_int_equal(swapci_ring_reset(c, NULL), SWAPC_OK);
    assert_int_equal(take_any(c), SWAPC_EMPTY);
    assert_int_equal(swapci_ring_wait_drained(p, 0, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_consumer_changed(p), 1);
    assert_int_equal(put(p, 9, 8), SWAPC_OK);
    swapci_ring_publish(p);
    expect_take(c, 9, 8);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* Nobody slept, so nobody may have been woken: no system calls in a busy ring. */
static void busy_ring_makes_no_wakes(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 1024, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    uint8_t bytes[64];
    size_t len;
    for (uint32_t n = 0; n < 1000; n++) {
        fixture_fill(bytes, 40, n);
        assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 40), -1, NULL), SWAPC_OK);
        assert_int_equal(swapci_ring_read(c, bytes, sizeof bytes, &len, -1, NULL), SWAPC_OK);
    }
    swapci_ring_stats a = swapci_ring_stats_get(p), b = swapci_ring_stats_get(c);
    assert_int_equal(a.sleeps + a.wakes + b.sleeps + b.wakes, 0);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static atomic_int stop_flag;
static swapci_ring *interrupted;

static void on_signal(int number) {
    (void)number;
    atomic_store(&stop_flag, 1);
    swapci_ring_wake_self(interrupted);
}

static void *signal_main(void *main_thread) {
    pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
    return NULL;
}

static void *wake_main(void *unused) {
    (void)unused;
    atomic_store(&stop_flag, 1);
    swapci_ring_wake_self(interrupted);
    return NULL;
}

/* Reads for ever from an empty ring, until what another thread does ends it. Out: the consumer, yet to be closed. */
static swapci_ring *end_a_wait(void **state, void *(*by)(void *), void *user) {
    pthread_t thread;
    uint8_t bytes[16];
    size_t len;
    atomic_store(&stop_flag, 0);
    interrupted = fixture_open(state, SWAPCI_RING_CONSUMER, 0, &stop_flag);
    assert_int_equal(pthread_create(&thread, NULL, by, user), 0);
    assert_int_equal(swapci_ring_read(interrupted, bytes, 16, &len, -1, NULL), SWAPC_INTERRUPTED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return interrupted;
}

static void stop_ends_waits(void **state) {
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = end_a_wait(state, wake_main, NULL);
    assert_int_equal(swapci_ring_wait_peer(c, -1, NULL), SWAPC_INTERRUPTED);
    swapci_ring_close(c);
    swapci_ring_close(p);
}

static void signal_ends_waits(void **state) {
    struct sigaction action = {.sa_handler = on_signal};
    pthread_t self = pthread_self();
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    swapci_ring_close(end_a_wait(state, signal_main, &self));
    swapci_ring_close(p);
}

/* ---- rousing ------------------------------------------------------------------------------------ */

enum { ROUSED = 1000 };

static void *take_roused(void *user) {
    swapci_ring *consumer = user;
    for (uint32_t i = 0;; i++) {
        uint32_t record = 0;
        size_t len = 0;
        enum swapc_status status =
            swapci_ring_read(consumer, &record, sizeof record, &len, -1, NULL);
        if (status == SWAPC_CLOSED) return consumer;
        if (status != SWAPC_OK || record != i) return NULL;
    }
}

/* It finds each record, and sooner or later (the machine may be crowded) one by the one wake. */
static void a_roused_consumer_gets_what_follows(void **state) {
    pthread_t thread;
    void *good = NULL;
    unsigned by_one_wake = 0;
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 1 << 16, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(pthread_create(&thread, NULL, take_roused, c), 0);
    for (uint32_t i = 0; i < ROUSED || by_one_wake == 0; i++) {
        uint64_t before = swapci_ring_stats_get(p).wakes;
        if (i % 4) usleep(200);
        swapci_ring_rouse(p);
        bool roused = swapci_ring_stats_get(p).wakes == before + 1;
        assert_int_equal(swapci_ring_write(p, swapc_bytes_of((uint8_t *)&i, sizeof i), -1, NULL),
                         SWAPC_OK);
        by_one_wake += roused && swapci_ring_stats_get(p).wakes == before + 1;
    }
    swapci_ring_finish(p);
    assert_int_equal(pthread_join(thread, &good), 0);
    assert_ptr_equal(good, c);
    swapci_ring_close(c);
    swapci_ring_close(p);
}

static atomic_bool roused_enough;

static void *rouse_main(void *producer) {
    while (!atomic_load(&roused_enough)) {
        usleep(5000);
        swapci_ring_rouse(producer);
    }
    return NULL;
}

/* A rouse is no record, and ends no wait. */
static void a_roused_consumer_goes_on_waiting(void **state) {
    pthread_t thread;
    uint8_t bytes[16];
    size_t len;
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    swapci_ring_rouse(p); /* nobody sleeps */
    assert_int_equal(swapci_ring_stats_get(p).wakes, 0);
    do {
        atomic_store(&roused_enough, false);
        assert_int_equal(pthread_create(&thread, NULL, rouse_main, p), 0);
        uint64_t begin = swapci_clock_monotonic_ns();
        assert_int_equal(swapci_ring_read(c, bytes, 16, &len, 500, NULL), SWAPC_EMPTY);
        assert_true(swapci_clock_monotonic_ns() - begin >= UINT64_C(490000000));
        atomic_store(&roused_enough, true);
        assert_int_equal(pthread_join(thread, NULL), 0);
    } while (swapci_ring_stats_get(p).wakes == 0); /* it was awake each time */
    swapci_ring_close(c);
    swapci_ring_close(p);
}

/* ---- a file that is removed -------------------------------------------------------------------- */

/* Another file in its place is none of ours, either. */
static void who_is_left_with_a_removed_file_is_told(void **state) {
    for (int i = 0; i < 4; i++) {
        char path[SWAPCI_RING_PATH_MAX];
        uint8_t bytes[16] = {1};
        swapc_error error = SWAPC_ERROR_INIT;
        size_t len;
        swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 1 << 16, NULL);
        swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL), *other = NULL;
        swapci_ring_path(*state, "t", path, sizeof path, NULL);
        assert_int_equal(unlink(path), 0);
        if (i / 2) other = fixture_open(state, SWAPCI_RING_CONSUMER, 1 << 16, NULL);
        assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), 0, NULL), SWAPC_OK);
        assert_int_equal(swapci_ring_read(c, bytes, 16, &len, 0, NULL), SWAPC_OK);
        assert_int_equal(swapci_ring_wait_peer(p, 0, NULL), SWAPC_OK);
        if (i % 2) {
            swapci_ring_close(c);
            assert_int_equal(swapci_ring_wait_peer(p, 0, &error), SWAPC_SYSTEM);
            swapci_ring_close(p);
        } else {
            swapci_ring_close(p);
            assert_int_equal(swapci_ring_read(c, bytes, 16, &len, -1, &error), SWAPC_SYSTEM);
            swapci_ring_close(c);
        }
        assert_non_null(strstr(error.text, path));
        if (other) assert_int_equal(access(path, F_OK), 0); /* which is not theirs to remove */
        swapci_ring_close(other);
    }
}

/* Its owner or its mode changed: a successor of either side refuses it, so who is left is told why none comes. */
static void who_is_left_with_a_file_of_others_is_told(void **state) {
    for (int i = 0; i < 2; i++) {
        char path[SWAPCI_RING_PATH_MAX];
        uint8_t bytes[16] = {1};
        swapc_error error = SWAPC_ERROR_INIT;
        size_t len;
        swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 1 << 16, NULL);
        swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL), *other = NULL;
        const swapci_ring_config config = {"t", *state, 1 << 16, NULL};
        swapci_ring_path(*state, "t", path, sizeof path, NULL);
        assert_int_equal(geteuid() == 0 ? chown(path, 1, 1) : chmod(path, 0666), 0);
        assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), 0, NULL), SWAPC_OK);
        assert_int_equal(swapci_ring_read(c, bytes, 16, &len, 0, NULL), SWAPC_OK);
        swapci_ring_close(i ? p : c);
        assert_int_equal(swapci_ring_open(&config, i ? SWAPCI_RING_PRODUCER : SWAPCI_RING_CONSUMER,
                                          &other, &error),
                         SWAPC_INVALID);
        swapc_error_clear(&error);
        if (i) assert_int_equal(swapci_ring_read(c, bytes, 16, &len, -1, &error), SWAPC_SYSTEM);
        else assert_int_equal(swapci_ring_wait_peer(p, 0, &error), SWAPC_SYSTEM);
        assert_non_null(strstr(error.text, path));
        assert_non_null(strstr(error.text, geteuid() == 0 ? "another user" : "other users"));
        swapci_ring_close(i ? c : p);
        unlink(path);
    }
}

/* ---- a file that is made smaller --------------------------------------------------------------- */

/* Both sides get a sentence, whichever comes first, wherever the file was cut. */
static void a_file_made_smaller_is_an_error(void **state) {
    static const off_t cuts[] = {0, 100, 4096, 8192};
    for (size_t i = 0; i < 2 * sizeof cuts / sizeof *cuts; i++) {
        char path[SWAPCI_RING_PATH_MAX];
        uint8_t bytes[4096] = {1};
        swapc_error error = SWAPC_ERROR_INIT;
        size_t len;
        swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 1 << 16, NULL);
        swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
        swapci_ring_path(*state, "t", path, sizeof path, NULL);
        for (int n = 0; n < 4; n++)
            assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, sizeof bytes), 0, NULL),
                             SWAPC_OK);
        assert_int_equal(truncate(path, cuts[i / 2]), 0);
        enum swapc_status status = SWAPC_OK;
        for (int n = 0; n < 20 && i % 2 && status == SWAPC_OK; n++)
            status = swapci_ring_write(p, swapc_bytes_of(bytes, sizeof bytes), 10, &error);
        for (int n = 0; n < 20 && i % 2 == 0 && status == SWAPC_OK; n++)
            status = swapci_ring_read(c, bytes, sizeof bytes, &len, 10, &error);
        assert_int_equal(status, SWAPC_SYSTEM);
        assert_non_null(strstr(error.text, path));
        if (i % 2 == 0) assert_int_equal(swapci_ring_reset(c, NULL), SWAPC_SYSTEM);
        swapci_ring_close(p);
        swapci_ring_close(c);
        unlink(path);
    }
}

/* ---- every interleaving ---------------------------------------------------------------------- */

/* The ring holds two records. The producer's steps are put and publish, the consumer's take and
 * release, in any order: the model below says what each must answer. */
enum step { STEP_PUT, STEP_PUBLISH, STEP_TAKE, STEP_RELEASE, STEPS };

struct model {
    uint32_t put, published, taken, released;
};

static void run_step(swapci_ring *p, swapci_ring *c, enum step step, struct model *m) {
    switch (step) {
    case STEP_PUT:
        assert_int_equal(put(p, m->put, 16), m->put - m->released < 2 ? SWAPC_OK : SWAPC_BUSY);
        if (m->put - m->released < 2) m->put++;
        break;
    case STEP_PUBLISH:
        swapci_ring_publish(p);
        m->published = m->put;
        break;
    case STEP_TAKE:
        if (m->taken == m->published) assert_int_equal(take_any(c), SWAPC_EMPTY);
        else expect_take(c, m->taken++, 16);
        break;
    default:
        swapci_ring_release(c);
        m->released = m->taken;
    }
    assert_int_equal(swapci_ring_used(p), 24 * (m->published - m->released));
}

static void every_interleaving_of_steps(void **state) {
    enum { LENGTH = 9 };
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    struct model m = {0, 0, 0, 0};
    for (uint32_t program = 0; program < 1u << 2 * LENGTH; program++) {
        for (int i = 0; i < LENGTH; i++) run_step(p, c, (program >> 2 * i) % STEPS, &m);
        /* back to an empty ring; the place in it moves on, so that all wraps are met as well */
        run_step(p, c, STEP_PUBLISH, &m);
        while (m.taken != m.published) run_step(p, c, STEP_TAKE, &m);
        run_step(p, c, STEP_RELEASE, &m);
    }
    swapci_ring_close(p);
    swapci_ring_close(c);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        /* First: a process installs its handler once, and cmocka puts its own in place for each test. */
        cmocka_unit_test_setup_teardown(a_file_made_smaller_is_an_error, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(passes_in_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(wraps_at_every_offset, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_oversize, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(full_ring_is_busy, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(waits_time_out, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(absent_peer_is_unreachable, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(finished_stream_ends, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(roles_are_exclusive, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(new_consumer_is_noticed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(second_consumer_is_a_change, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(new_producer_keeps_published, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(reset_drops_and_counts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(busy_ring_makes_no_wakes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(stop_ends_waits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(signal_ends_waits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_roused_consumer_gets_what_follows, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_roused_consumer_goes_on_waiting, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(who_is_left_with_a_removed_file_is_told, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(who_is_left_with_a_file_of_others_is_told, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(every_interleaving_of_steps, fixture_setup,
                                        fixture_teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
