/* What is shared: `stop`, raised once; the waiter and `wanted`, as ring_wait.c says, and
 * `woken_ns`, which the sleeper stores and the measuring thread clears before each wake. The two
 * connections belong to one thread each. */
#include "floor.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "clock.h"
#include "ring_wait.h"
#include "samples.h"
#include "signal_mask.h"

enum { BLOCK_MS = 100, ANSWER_S = 5, REQUESTS = 16, WAKE_MS = 1000 };

struct swapci_floor {
    swapc_host *host;
    swapc_module *module;
    const swapci_key_pairs *keys;
    struct swapci_samples samples;
    swapc_reply reply;
    unsigned room, rounds;
    double *us[SWAPCI_FLOOR_PARTS];

    redisContext *client, *server_side;
    char sha[41];   /* of the script */
    char after[64]; /* the id of the last verdict */
    pthread_t worker, sleeper;
    bool has_worker, has_sleeper;
    atomic_bool stop;

    swapci_ring_waiter waiter;
    _Atomic uint64_t wanted, woken_ns;
};

static void pause_ns(long ns) {
    const struct timespec pause = {0, ns};
    nanosleep(&pause, NULL);
}

/* ---- Redis ----------------------------------------------------------------------------------- */

/* What verdict.lua comes to when nothing goes wrong and nothing is asked. */
static const char script[] =
    "redis.call('XADD', KEYS[2], '*', 'id', ARGV[1], 'method', 'schnorr', 'status', 'Valid', "
    "'digest', '0123456789abcdef', 'generation', '1', 'latency_us', '100') "
    "redis.call('XACK', KEYS[1], 'floor', ARGV[1]) return redis.call('XDEL', KEYS[1], ARGV[1])";

/* The first id in the answer of XREAD and XREADGROUP; NULL: none. */
static const char *first_id(const redisReply *reply) {
    for (int depth = 0; depth < 4; depth++) {
        if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) return NULL;
        reply = reply->element[depth == 1 ? reply->elements - 1 : 0];
    }
    return reply->type == REDIS_REPLY_STRING ? reply->str : NULL;
}

/* What signer and verifier are to Redis. */
static void *answer(void *user) {
    struct swapci_floor *f = user;
    bool good = true;
    swapci_signal_mask_all(NULL);
    while (good && !atomic_load(&f->stop)) {
        redisReply *reply = redisCommand(
            f->server_side,
            "XREADGROUP GROUP floor bench COUNT 128 BLOCK %d STREAMS floor:messages >", BLOCK_MS);
        const char *id = first_id(reply);
        good = reply && reply->type != REDIS_REPLY_ERROR;
        redisReply *stored =
            id ? redisCommand(f->server_side, "EVALSHA %s 2 floor:messages floor:verdicts %s",
                              f->sha, id)
               : NULL;
        if (id) good = stored && stored->type == REDIS_REPLY_INTEGER;
        freeReplyObject(stored);
        freeReplyObject(reply);
    }
    return NULL;
}

static enum swapc_status lost(const struct swapci_floor *f, swapc_error *error) {
    return swapc_error_set(error, SWAPC_IO, "the private Redis does not answer: %s",
                           f->client->err ? f->client->errstr : "no verdict in 5 s");
}

static enum swapc_status trip(struct swapci_floor *f, double *us, swapc_error *error) {
    redisReply *added = NULL, *verdict = NULL;
    uint64_t begin = swapci_clock_monotonic_ns();
    redisAppendCommand(f->client, "XADD floor:messages * m %s method schnorr t %llu",
                       "Katherine Johnson", (unsigned long long)swapci_clock_realtime_us());
    redisAppendCommand(f->client, "XREAD BLOCK %d STREAMS floor:verdicts %s", 1000 * ANSWER_S - 500,
                       f->after);
    bool good = redisGetReply(f->client, (void **)&added) == REDIS_OK &&
                redisGetReply(f->client, (void **)&verdict) == REDIS_OK;
    *us = (double)(swapci_clock_monotonic_ns() - begin) / 1e3;
    const char *id = good ? first_id(verdict) : NULL;
    if (id) snprintf(f->after, sizeof f->after, "%s", id);
    freeReplyObject(added);
    freeReplyObject(verdict);
    return id ? SWAPC_OK : lost(f, error);
}

static redisContext *connect_to(const char *socket) {
    const struct timeval patience = {ANSWER_S, 0};
    redisContext *context = redisConnectUnixWithTimeout(socket, patience);
    if (context && !context->err) redisSetTimeout(context, patience);
    return context;
}

static enum swapc_status open_redis(struct swapci_floor *f, const char *socket,
                                    swapc_error *error) {
    f->client = connect_to(socket);
    f->server_side = connect_to(socket);
    if (!f->client || !f->server_side || f->client->err || f->server_side->err)
        return swapc_error_set(error, SWAPC_UNREACHABLE, "no connection to the private Redis");
    freeReplyObject(redisCommand(f->client, "XGROUP CREATE floor:messages floor 0 MKSTREAM"));
    redisReply *loaded = redisCommand(f->client, "SCRIPT LOAD %s", script);
    bool good = loaded && loaded->type == REDIS_REPLY_STRING;
    if (good) snprintf(f->sha, sizeof f->sha, "%s", loaded->str);
    freeReplyObject(loaded);
    return good ? SWAPC_OK : lost(f, error);
}

/* ---- a wake ---------------------------------------------------------------------------------- */

/* What a verifier's worker does at the ring. */
static void *sleep_again(void *user) {
    struct swapci_floor *f = user;
    swapci_signal_mask_all(NULL);
    for (uint64_t seen = 0; !atomic_load(&f->stop);) {
        uint32_t seq = swapci_ring_wait_begin(&f->waiter, seen + 1);
        if (atomic_load(&f->wanted) == seen) swapci_ring_wait_sleep(&f->waiter, seq, BLOCK_MS);
        if (atomic_load(&f->wanted) == seen) continue;
        atomic_store(&f->woken_ns, swapci_clock_monotonic_ns());
        seen = atomic_load(&f->wanted);
    }
    return NULL;
}

static enum swapc_status wake(struct swapci_floor *f, double *us, swapc_error *error) {
    uint64_t woken = 0;
    atomic_store(&f->woken_ns, 0);
    uint64_t begin = swapci_clock_monotonic_ns();
    swapci_ring_wait_notify(&f->waiter, atomic_fetch_add(&f->wanted, 1) + 1);
    for (unsigned ms = 0; ms < WAKE_MS && woken == 0; ms++) {
        pause_ns(1000000);
        woken = atomic_load(&f->woken_ns);
    }
    if (woken == 0) return swapc_error_set(error, SWAPC_SYSTEM, "a thread was not woken in 1 s");
    *us = woken > begin ? (double)(woken - begin) / 1e3 : 0;
    return SWAPC_OK;
}

/* ---- cryptography ---------------------------------------------------------------------------- */

static enum swapc_status sign(struct swapci_floor *f, double *us, swapc_error *error) {
    swapci_signature signature;
    size_t pair = f->rounds % swapci_key_pairs_count(f->keys);
    uint64_t begin = swapci_clock_monotonic_ns();
    enum swapc_status status =
        swapci_method_sign(swapci_method_table[0], f->keys, pair,
                           swapc_bytes_str("Katherine Johnson"), &signature, error);
    *us = (double)(swapci_clock_monotonic_ns() - begin) / 1e3;
    return status;
}

static enum swapc_status verify(struct swapci_floor *f, double *us, swapc_error *error) {
    swapc_bytes request = f->samples.requests[f->rounds % f->samples.count];
    uint64_t begin = swapci_clock_monotonic_ns();
    enum swapc_status status = swapc_module_call(f->module, swapc_bytes_str("verify_message"),
                                                 request, NULL, &f->reply, error);
    *us = (double)(swapci_clock_monotonic_ns() - begin) / 1e3;
    if (status != SWAPC_OK || swapci_samples_valid(f->reply.body)) return status;
    return swapc_error_set(error, SWAPC_CORRUPT, "a right signature was not found valid");
}

static enum swapc_status load(struct swapci_floor *f, const struct swapci_lab *lab,
                              swapc_error *error) {
    char path[SWAPCI_LAB_PATH];
    const swapci_method *method = swapci_method_table[0];
    enum swapc_status status = lab->find_bundle(method->module, path, sizeof path, error);
    if (status == SWAPC_OK) status = swapci_lab_host(lab->log, false, &f->host, error);
    if (status == SWAPC_OK) status = swapc_module_load(f->host, path, NULL, &f->module, error);
    if (status == SWAPC_OK)
        status = swapci_samples_make(method, REQUESTS, SWAPCI_SAMPLES_KEYS, &f->samples, error);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum swapc_status start_threads(struct swapci_floor *f, swapc_error *error) {
    f->has_worker = pthread_create(&f->worker, NULL, answer, f) == 0;
    f->has_sleeper = pthread_create(&f->sleeper, NULL, sleep_again, f) == 0;
    return f->has_worker && f->has_sleeper
               ? SWAPC_OK
               : swapc_error_set(error, SWAPC_SYSTEM, "no threads to measure wake-ups with");
}

enum swapc_status swapci_floor_new(const struct swapci_lab *lab, const char *socket,
                                   const swapci_key_pairs *keys, unsigned rounds,
                                   struct swapci_floor **out, swapc_error *error) {
    struct swapci_floor *f = calloc(1, sizeof *f);
    if (!f) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the floor");
    f->keys = keys;
    f->room = rounds;
    f->reply = (swapc_reply)SWAPC_REPLY_INIT;
    snprintf(f->after, sizeof f->after, "0-0");
    enum swapc_status status = load(f, lab, error);
    for (int p = 0; p < SWAPCI_FLOOR_PARTS && status == SWAPC_OK; p++) {
        f->us[p] = calloc(rounds, sizeof *f->us[p]);
        if (!f->us[p]) status = swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the floor");
    }
    if (status == SWAPC_OK) status = open_redis(f, socket, error);
    if (status == SWAPC_OK) status = start_threads(f, error);
    if (status == SWAPC_OK) *out = f;
    else swapci_floor_free(f);
    return status;
}

void swapci_floor_free(struct swapci_floor *floor) {
    if (!floor) return;
    atomic_store(&floor->stop, true);
    if (floor->has_worker) pthread_join(floor->worker, NULL);
    if (floor->has_sleeper) pthread_join(floor->sleeper, NULL);
    if (floor->client) redisFree(floor->client);
    if (floor->server_side) redisFree(floor->server_side);
    swapci_samples_fini(&floor->samples);
    swapc_reply_fini(&floor->reply);
    swapc_module_release(floor->module);
    swapc_host_free(floor->host);
    for (int p = 0; p < SWAPCI_FLOOR_PARTS; p++) free(floor->us[p]);
    free(floor);
}

enum swapc_status swapci_floor_round(struct swapci_floor *f, swapc_error *error) {
    enum swapc_status (*const parts[SWAPCI_FLOOR_PARTS])(
        struct swapci_floor *, double *, swapc_error *) = {[SWAPCI_FLOOR_REDIS] = trip,
                                                           [SWAPCI_FLOOR_WAKE] = wake,
                                                           [SWAPCI_FLOOR_SIGN] = sign,
                                                           [SWAPCI_FLOOR_VERIFY] = verify};
    enum swapc_status status = SWAPC_OK;
    if (f->rounds == f->room) return SWAPC_OK;
    for (int p = 0; p < SWAPCI_FLOOR_PARTS && status == SWAPC_OK; p++) {
        pause_ns(SWAPCI_FLOOR_PAUSE_NS);
        status = parts[p](f, &f->us[p][f->rounds], error);
    }
    f->rounds += status == SWAPC_OK;
    return status;
}

unsigned swapci_floor_medians(const struct swapci_floor *floor, double us[SWAPCI_FLOOR_PARTS]) {
    for (int p = 0; p < SWAPCI_FLOOR_PARTS && floor->rounds > 0; p++)
        us[p] = swapci_spread_copy(floor->us[p], floor->rounds).median;
    return floor->rounds;
}
