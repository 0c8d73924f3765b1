/* `swapc bench single`: one message at a time on an idle system. A private Redis, `swapc signer`
 * and `swapc verifier` as processes of their own; the clock runs from XADD being sent until a
 * reader that waits for it (XREAD BLOCK) has the stored verdict, and between two messages
 * everything goes to sleep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "floor.h"
#include "scenario.h"
#include "stand.h"

enum { MESSAGES = 2000, QUICK_MESSAGES = 400, WARM_UP = 50, WAIT_MS = 5000 };
/* Of so many messages one is followed by a look at the machine itself. */
/* The floor is measured between blocks of messages, and the first messages after it do not count:
 * in turn with each it made them find colder caches (p90 + 20 %, p99 + 40 % on a quiet machine). */
enum { BLOCK = 100, FLOOR_ROUNDS = 20, SETTLE = 5 };

struct bench {
    struct swapci_lab *lab;
    swapc_error *error;
    struct swapci_stand stand;
    swapci_key_pairs *pairs;
    struct swapci_floor *floor;
    double *us;
};

/* The id of the last verdict there is, for XREAD to wait behind. */
static enum swapc_status last_id(struct bench *b, char *out, size_t size) {
    redisReply *reply;
    enum swapc_status status =
        swapci_redis_call(b->stand.redis, "read the last verdict", &reply, b->error,
                          "XREVRANGE %s + - COUNT 1", b->stand.names.verdicts);
    if (status != SWAPC_OK) return status;
    bool there = reply->type == REDIS_REPLY_ARRAY && reply->elements == 1;
    snprintf(out, size, "%s", there ? reply->element[0]->element[0]->str : "0-0");
    freeReplyObject(reply);
    return SWAPC_OK;
}

/* XADD and the wait for its verdict go out in one write. */
static enum swapc_status one_message(struct bench *b, char *id, size_t size, double *us) {
    swapci_message message = {.body = swapc_bytes_str("Katherine Johnson"),
                              .method = "schnorr",
                              .t_us = swapci_clock_realtime_us()};
    swapci_stream_id added;
    redisReply *reply = NULL;
    uint64_t begin = swapci_clock_monotonic_ns();
    enum swapc_status status =
        swapci_stream_append(b->stand.redis, &b->stand.names, &message, b->error);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(b->stand.redis, b->error, "XREAD BLOCK %d STREAMS %s %s",
                                      WAIT_MS, b->stand.names.verdicts, id);
    if (status == SWAPC_OK) status = swapci_stream_added(b->stand.redis, &added, b->error);
    if (status == SWAPC_OK)
        status = swapci_redis_get(b->stand.redis, "wait for a verdict", &reply, b->error);
    *us = (double)(swapci_clock_monotonic_ns() - begin) / 1e3;
    if (status != SWAPC_OK) return status;
    bool there = reply->type == REDIS_REPLY_ARRAY && reply->elements == 1;
    if (there) snprintf(id, size, "%s", reply->element[0]->element[1]->element[0]->element[0]->str);
    freeReplyObject(reply);
    return there ? SWAPC_OK
                 : swapc_error_set(b->error, SWAPC_UNREACHABLE, "a message had no verdict in 5 s");
}

/* With the keys that the signer made, and its server. */
static enum swapc_status open_floor(struct bench *b, unsigned rounds) {
    swapci_keyring *ring = NULL;
    const char *socket = strchr(swapci_private_redis_url(b->stand.server), ':') + 1;
    enum swapc_status status =
        swapci_keyring_load(b->stand.keys, SWAPCI_KEYS_PRIVATE, 0, &ring, b->error);
    if (status == SWAPC_OK) status = swapci_key_pairs_new(ring, &b->pairs, b->error);
    swapci_keyring_free(ring);
    return status == SWAPC_OK
               ? swapci_floor_new(b->lab, socket, b->pairs, rounds, &b->floor, b->error)
               : status;
}

/* What the machine takes for it, and what is left. */
static void add_floor(struct bench *b, json_t *row) {
    static const char *const keys[SWAPCI_FLOOR_PARTS] = {[SWAPCI_FLOOR_REDIS] = "redis_us",
                                                         [SWAPCI_FLOOR_WAKE] = "wake_us",
                                                         [SWAPCI_FLOOR_SIGN] = "sign_us",
                                                         [SWAPCI_FLOOR_VERIFY] = "verify_us"};
    double us[SWAPCI_FLOOR_PARTS], sum = 0;
    if (swapci_floor_medians(b->floor, us) == 0) return;
    for (int p = 0; p < SWAPCI_FLOOR_PARTS; p++) {
        json_object_set_new(row, keys[p], json_real(us[p]));
        sum += us[p];
    }
    json_object_set_new(row, "floor_us", json_real(sum));
    swapci_lab_note(
        b->lab,
        "the floor is what its parts take on this machine, each alone after such a pause and "
        "between the messages: %.0f µs a bare trip through Redis (the same commands, "
        "nothing else), %.0f to wake a thread, %.0f to sign and %.0f to verify with caches "
        "that others have used meanwhile; a message takes less where it sleeps less often than "
        "they do",
        us[SWAPCI_FLOOR_REDIS], us[SWAPCI_FLOOR_WAKE], us[SWAPCI_FLOOR_SIGN],
        us[SWAPCI_FLOOR_VERIFY]);
}

static void add_row(struct bench *b, unsigned count) {
    struct swapci_spread spread = swapci_spread_of(b->us, count); /* sorts */
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    char label[64];
    json_t *row = swapci_lab_row(b->lab);
    bool known = swapc_engine_at(0, &info);
    json_object_set_new(row, "engine", json_string(known ? info.name : "default"));
    json_object_set_new(row, "p50_us", json_real(spread.median));
    json_object_set_new(row, "low_us", json_real(spread.low));
    json_object_set_new(row, "high_us", json_real(spread.high));
    json_object_set_new(row, "p90_us", json_real(swapci_quantile(b->us, count, 0.9)));
    json_object_set_new(row, "p99_us", json_real(swapci_quantile(b->us, count, 0.99)));
    json_object_set_new(row, "max_us", json_real(spread.max));
    add_floor(b, row);
    json_object_set_new(row, "messages", json_integer(count));
    json_object_set_new(row, "default", json_true());
    snprintf(label, sizeof label, "%s, one message", known ? info.name : "default");
    swapci_lab_distribution(b->lab, label, "µs", b->us, count);
}

/* One message after a pause that lets everything go to sleep. */
static enum swapc_status lone_message(struct bench *b, char *id, size_t size, double *us) {
    const struct timespec pause = {0, SWAPCI_FLOOR_PAUSE_NS};
    nanosleep(&pause, NULL);
    return one_message(b, id, size, us);
}

static enum swapc_status measure_floor(struct bench *b, char *id, size_t size) {
    enum swapc_status status = SWAPC_OK;
    double unused;
    for (int i = 0; i < FLOOR_ROUNDS && status == SWAPC_OK; i++)
        status = swapci_floor_round(b->floor, b->error);
    for (int i = 0; i < SETTLE && status == SWAPC_OK; i++)
        status = lone_message(b, id, size, &unused);
    return status;
}

static enum swapc_status run(struct bench *b) {
    unsigned wanted = b->lab->quick ? QUICK_MESSAGES : MESSAGES, count = 0;
    char id[SWAPCI_STREAM_ID_SIZE];
    double unused;
    enum swapc_status status = last_id(b, id, sizeof id);
    b->us = calloc(wanted, sizeof *b->us);
    if (!b->us) return swapc_error_set(b->error, SWAPC_NO_MEMORY, "no memory");
    if (status == SWAPC_OK) status = open_floor(b, wanted / BLOCK * FLOOR_ROUNDS);
    for (unsigned i = 0; i < WARM_UP && status == SWAPC_OK; i++)
        status = one_message(b, id, sizeof id, &unused);
    while (status == SWAPC_OK && count < wanted && !swapci_lab_stopped(b->lab)) {
        status = lone_message(b, id, sizeof id, &b->us[count]);
        count += status == SWAPC_OK;
        if (status == SWAPC_OK && count % BLOCK == 0) status = measure_floor(b, id, sizeof id);
        if (count % 50 == 0) swapci_pace_progress(&b->lab->pace, count, wanted);
    }
    if (count > 0) add_row(b, count);
    return status;
}

enum swapc_status swapci_scenario_single(struct swapci_lab *lab, swapc_error *error) {
    struct bench b = {.lab = lab, .error = error};
    const struct swapci_stand_config config = {.method = "schnorr", .via = "shm", .workers = 1};
    enum swapc_status status = swapci_stand_start(&b.stand, lab, &config, error);
    if (status == SWAPC_OK) status = run(&b);
    free(b.us);
    swapci_floor_free(b.floor);
    swapci_key_pairs_free(b.pairs);
    swapci_stand_stop(&b.stand);
    swapci_lab_note(lab, "signer, verifier and Redis as processes of their own; everything sleeps "
                         "before each message");
    return swapci_lab_stopped(lab) ? SWAPC_OK : status;
}
