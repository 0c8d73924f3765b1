/* The verifier and a ring that its test writes. No module is loaded: every record that can be read
 * is answered Error, which is enough to see that it was. */
#include "keys_fixture.h"
#include "stream_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "registry.h"
#include "ring.h"
#include "transport_ring.h"
#include "verifier.h"

const struct swapci_engine_entry swapci_engine_table[] = {{"none", NULL}};
const unsigned swapci_engine_count = 1;

enum { WORKERS = 2, CAPACITY = 1 << 16 };

typedef struct scene {
    swapci_redis *redis;
    swapci_stream_names names;
    char ring[64];
    fixture_keys keys;
    swapci_judges *judges;
    swapci_receiver *receiver;
    swapci_verifier *verifier;
    swapci_ring *producer;
    swapc_log log;
} scene;

static int scene_setup(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    scene *s = calloc(1, sizeof *s);
    *state = s;
    fixture_keys_make(&s->keys, 1);
    snprintf(s->ring, sizeof s->ring, "t");
    swapci_judges_config judges = {
        .engine = "none", .keys_pub = s->keys.public_path, .workers = WORKERS};
    return swapci_judges_new(&judges, &s->judges, &error) == SWAPC_OK ? 0 : -1;
}

static int scene_teardown(void **state) {
    scene *s = *state;
    if (s->verifier) {
        swapci_verifier_stop(s->verifier);
        swapci_verifier_join(s->verifier, NULL);
    }
    swapci_verifier_free(s->verifier);
    swapci_receiver_close(s->receiver);
    swapci_ring_close(s->producer);
    swapci_ring_unlink(s->keys.folder, s->ring, NULL);
    swapci_judges_free(s->judges);
    swapci_redis_free(s->redis);
    fixture_keys_remove(&s->keys);
    free(s);
    return 0;
}

static void open_all(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    s->redis = fixture_open(0);
    s->names = fixture_names();
    swapci_ring_config ring = {s->ring, s->keys.folder, CAPACITY, NULL};
    fixture_ok(swapci_ring_open(&ring, SWAPCI_RING_PRODUCER, &s->producer, &error), &error);
    swapci_transport_ring_config transport = {s->ring, s->keys.folder, CAPACITY};
    fixture_ok(swapci_transport_ring_receive(&transport, &s->receiver, &error), &error);
    swapci_verifier_config config = {
        .judges = s->judges,
        .receiver = s->receiver,
        .redis = {.url = fixture_url()},
        .names = &s->names,
        .workers = WORKERS,
        .log = s->log,
    };
    fixture_ok(swapci_verifier_new(&config, &s->verifier, &error), &error);
    assert_int_equal(swapci_ring_consumer_changed(s->producer), 0);
}

/* Makes count messages pending for a consumer, so that they can be answered. Out: the batch. */
static void give_out(scene *s, unsigned count, swapci_batch *batch) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_message message = {swapc_bytes_str("hello"), NULL, 0};
    swapci_stream_id id;
    fixture_ok(swapci_stream_create(s->redis, &s->names, &error), &error);
    for (unsigned i = 0; i < count; i++)
        fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
    fixture_ok(swapci_stream_read(s->redis, &s->names, "c", count, 0, batch, &error), &error);
    assert_int_equal(batch->count, count);
}

static void write_record(scene *s, const swapci_entry *entry) {
    swapc_error error = SWAPC_ERROR_INIT;
    uint8_t bytes[256], key[32] = {0}, signature[64] = {0};
    size_t len;
    swapci_record record = {.id = entry->id,
                            .method = swapci_method_table[0],
                            .deliveries = 1,
                            .key = swapc_bytes_of(key, sizeof key),
                            .signature = swapc_bytes_of(signature, sizeof signature),
                            .message = entry->body};
    fixture_ok(swapci_record_encode(&record, bytes, sizeof bytes, &len, &error), &error);
    fixture_ok(swapci_ring_write(s->producer, swapc_bytes_of(bytes, len), -1, &error), &error);
}

/* A record as a later release would write it. */
static void write_record_of_another_release(scene *s, uint8_t version, uint8_t method) {
    uint8_t bytes[64] = {version, method};
    assert_int_equal(swapci_ring_write(s->producer, swapc_bytes_of(bytes, sizeof bytes), -1, NULL),
                     SWAPC_OK);
}

static void start(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_verifier_start(s->verifier, &error), &error);
}

static void await_verdicts(scene *s, long long count) {
    while (fixture_integer(s->redis, "XLEN %s", s->names.verdicts) < count) {
        assert_false(swapci_verifier_failed(s->verifier));
        swapci_redis_sleep(NULL, 2, NULL);
    }
}

static void a_record_that_cannot_be_read_is_asked_for_again(void **state) {
    scene *s = *state;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    open_all(s);
    give_out(s, 2, &batch);
    start(s);
    assert_int_equal(swapci_ring_write(s->producer, swapc_bytes_str("no record"), -1, NULL),
                     SWAPC_OK);
    while (!swapci_ring_consumer_changed(s->producer)) /* else the case does not end */
        swapci_redis_sleep(NULL, 2, NULL);
    write_record(s, &batch.entries[0]); /* and the verifier goes on */
    write_record(s, &batch.entries[1]);
    await_verdicts(s, 2);
    swapci_batch_fini(&batch);
}

static void count_version(enum swapc_log_level level, const char *source, const char *message,
                          void *user) {
    (void)source;
    if (level == SWAPC_LOG_ERROR && strstr(message, "version"))
        atomic_fetch_add((atomic_int *)user, 1);
}

static void a_record_of_another_release_stays_pending_and_is_said_once(void **state) {
    scene *s = *state;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    static atomic_int told;
    s->log = (swapc_log){count_version, &told, SWAPC_LOG_INFO};
    open_all(s);
    give_out(s, 3, &batch);
    start(s);
    write_record_of_another_release(s, 255, 0); /* of entry 0 */
    write_record(s, &batch.entries[1]);
    write_record_of_another_release(s, 1, 250);
    write_record(s, &batch.entries[2]);
    await_verdicts(s, 2);
    assert_int_equal(swapci_ring_consumer_changed(s->producer), 0); /* nothing is asked for again */
    assert_int_equal(fixture_pending(s->redis, "c"), 1);
    while (swapci_ring_used(s->producer) > 0) swapci_redis_sleep(NULL, 2, NULL);
    assert_int_equal(fixture_integer(s->redis, "XLEN %s", s->names.verdicts), 2);
    assert_int_equal(atomic_load(&told), 1);
    swapci_batch_fini(&batch);
}

/* Flips a bit of the record's bytes that lies at `place` of the data. */
static void spoil(const scene *s, off_t place) {
    char path[SWAPCI_RING_PATH_MAX];
    uint8_t byte;
    assert_int_equal(swapci_ring_path(s->keys.folder, s->ring, path, sizeof path, NULL), SWAPC_OK);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, 4096 + place), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 4096 + place), 1);
    close(fd);
}

static void count_dropped(enum swapc_log_level level, const char *source, const char *message,
                          void *user) {
    (void)level, (void)source;
    if (strstr(message, "is dropped, to be sent again")) atomic_fetch_add((atomic_int *)user, 1);
}

static void a_broken_ring_is_emptied_once(void **state) {
    enum { ROUNDS = 40 };
    scene *s = *state;
    swapci_batch batch = SWAPCI_BATCH_INIT;
    size_t written = 0;
    static atomic_int told;
    s->log = (swapc_log){count_dropped, &told, SWAPC_LOG_INFO};
    open_all(s);
    give_out(s, ROUNDS, &batch);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t place = written & (CAPACITY - 1);
        uint8_t junk[8] = {(uint8_t)round};
        assert_int_equal(swapci_ring_put(s->producer, swapc_bytes_of(junk, 8), NULL), SWAPC_OK);
        spoil(s, (off_t)place + 8);
        swapci_ring_publish(s->producer);
        written += 16;
        if (round == 0) start(s);
        while (!swapci_ring_consumer_changed(s->producer)) swapci_redis_sleep(NULL, 1, NULL);
        /* Whoever empties the ring a second time takes this one with it. */
        write_record(s, &batch.entries[round]);
        written += (8 +
                    swapci_record_size(&(swapci_record){.key = {NULL, 32},
                                                        .signature = {NULL, 64},
                                                        .message = batch.entries[round].body}) +
                    7) &
                   ~(size_t)7;
        await_verdicts(s, round + 1);
        assert_int_equal(swapci_ring_consumer_changed(s->producer), 0);
    }
    assert_in_range(atomic_load(&told), 1, ROUNDS - 1); /* not each time: log_limit.h */
    swapci_batch_fini(&batch);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_that_cannot_be_read_is_asked_for_again,
                                        scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_record_of_another_release_stays_pending_and_is_said_once,
                                        scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_broken_ring_is_emptied_once, scene_setup, scene_teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
