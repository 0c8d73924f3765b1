/* signer_fixture.h - for the signer's tests: a signer, and the test as its verifier.
 *
 * Threads: the test's. A case makes its scene and frees it; one that fails leaves it to teardown.
 */
#ifndef SWAPCI_SIGNER_FIXTURE_H
#define SWAPCI_SIGNER_FIXTURE_H

#include "stream_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger.h"
#include "record.h"
#include "ring.h"
#include "signer.h"
#include "transport_ring.h"
#include "verdict.h"

enum { RECORD_MAX = 16384 };

/* A signer, and the test as its verifier. */
typedef struct scene {
    swapci_redis *redis;
    swapci_stream_names names;
    char ring_name[64];
    char keys[64];
    swapci_key_pairs *pairs;
    swapci_transport_ring_config transport;
    swapci_sender *sender;
    swapci_signer_config config;
    swapci_signer *signer;
    swapci_ring *ring; /* our end; NULL: no verifier */
    swapci_verdict_writer *verdicts;
    swapci_ledger *ledger;
    uint64_t seen; /* records */
} scene;

/* That of the case that runs, for the teardown: a case that fails ends in its middle. */
static scene *current;

static inline scene *scene_new(void) {
    swapc_error error = SWAPC_ERROR_INIT;
    scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    current = s;
    swapci_keyring *keys = NULL;
    s->redis = fixture_open(5000);
    s->names = fixture_names();
    snprintf(s->ring_name, sizeof s->ring_name, "signer-test-%d", (int)getpid());
    snprintf(s->keys, sizeof s->keys, "/tmp/signer-test-keys-%d", (int)getpid());
    fixture_ok(swapci_keyring_load(s->keys, SWAPCI_KEYS_PRIVATE, 2, &keys, &error), &error);
    fixture_ok(swapci_key_pairs_new(keys, &s->pairs, &error), &error);
    swapci_keyring_free(keys);
    fixture_ok(swapci_verdict_writer_new(s->redis, &s->names, 0, &s->verdicts, &error), &error);
    fixture_ok(swapci_ledger_new(&s->ledger, &error), &error);
    s->config.redis_url = fixture_url();
    s->config.redis_retry_ms = 5000;
    s->config.consumer = "one";
    s->config.leave_ms = 600000; /* however crowded the machine is */
    s->transport.name = s->ring_name;
    s->transport.capacity = 4 * RECORD_MAX;
    s->config.pairs = s->pairs;
    return s;
}

static inline void scene_free(scene *s) {
    char public_keys[80];
    current = NULL;
    if (s->signer) {
        swapci_signer_stop(s->signer);
        swapci_signer_join(s->signer, NULL);
    }
    swapci_signer_free(s->signer);
    swapci_sender_close(s->sender);
    swapci_ring_close(s->ring);
    swapci_ring_unlink(NULL, s->ring_name, NULL);
    swapci_key_pairs_free(s->pairs);
    swapci_verdict_writer_free(s->verdicts);
    swapci_ledger_free(s->ledger);
    swapci_redis_free(s->redis);
    snprintf(public_keys, sizeof public_keys, "%s.pub", s->keys);
    unlink(s->keys);
    unlink(public_keys);
    free(s);
}

static inline int teardown(void **state) {
    (void)state;
    if (current) scene_free(current);
    return 0;
}

static inline void add(scene *s, size_t count, const char *method) {
    swapc_error error = SWAPC_ERROR_INIT;
    for (size_t i = 0; i < count; i++) {
        char body[32];
        swapci_stream_id id;
        snprintf(body, sizeof body, "message %zu", i);
        swapci_message message = {swapc_bytes_str(body), method, 0};
        fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
        fixture_ok(swapci_ledger_add(s->ledger, id, 0, &error), &error);
    }
}

static inline void start(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_transport_ring_send(&s->transport, &s->sender, &error), &error);
    s->config.sender = s->sender;
    fixture_ok(swapci_signer_new(&s->config, &s->signer, &error), &error);
    fixture_ok(swapci_signer_start(s->signer, &error), &error);
}

/* Frees the signer, as its process does when it ends. */
static inline void end(scene *s) {
    swapci_signer_free(s->signer);
    swapci_sender_close(s->sender);
    s->signer = NULL;
    s->sender = NULL;
}

static inline void attach(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_ring_config ring = {s->ring_name, NULL, s->transport.capacity, NULL};
    fixture_ok(swapci_ring_open(&ring, SWAPCI_RING_CONSUMER, &s->ring, &error), &error);
}

static inline void detach(scene *s) {
    swapci_ring_close(s->ring);
    s->ring = NULL;
}

static inline void answer(scene *s, const swapci_record *record, const char *status) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_verdict v = {.id = record->id,
                        .method = record->method->name,
                        .status = status,
                        .digest = "d",
                        .generation = 1,
                        .t_us = record->t_us};
    fixture_ok(swapci_verdict_add(s->verdicts, &v, &error), &error);
}

/* Reads one record into `bytes`; returns 0 when none came within timeout_ms or the stream ended. */
static inline int read_record(scene *s, uint8_t *bytes, swapci_record *out, int timeout_ms) {
    swapc_error error = SWAPC_ERROR_INIT;
    size_t len;
    enum swapc_status status =
        swapci_ring_read(s->ring, bytes, RECORD_MAX, &len, timeout_ms, &error);
    if (status == SWAPC_EMPTY || status == SWAPC_CLOSED || status == SWAPC_UNREACHABLE) return 0;
    fixture_ok(status, &error);
    fixture_ok(swapci_record_decode(swapc_bytes_of(bytes, len), out, &error), &error);
    s->seen++;
    return 1;
}

/* Answers Valid to what is there and to what comes at once. */
static inline void answer_ready(scene *s) {
    static uint8_t bytes[RECORD_MAX];
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_record record;
    while (read_record(s, bytes, &record, 10)) answer(s, &record, "Valid");
    fixture_ok(swapci_verdict_flush(s->verdicts, &error), &error);
}

/* Drains the signer and answers until its end of stream. */
static inline void finish(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_signer_drain(s->signer);
    while (swapci_signer_stats_get(s->signer).state != SWAPCI_SIGNER_ENDED) answer_ready(s);
    fixture_ok(swapci_signer_join(s->signer, &error), &error);
}

static inline swapci_ledger_result join(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_ledger_result result;
    fixture_ok(swapci_ledger_join(s->ledger, s->redis, &s->names, &result, &error), &error);
    assert_int_equal(result.lost, 0);
    assert_int_equal(result.duplicates, 0);
    return result;
}

/* How many consumers the group has. */
static inline size_t consumers(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(s->redis, "a test", &reply, &error, "XINFO CONSUMERS %s %s",
                                 s->names.messages, SWAPCI_STREAM_GROUP),
               &error);
    size_t count = reply->elements;
    freeReplyObject(reply);
    return count;
}

#endif
