#include "lease.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "embedded.h"
#include "hex.h"
#include "redis_refusal.h"
#include "redis_reply.h"
#include "stream_command.h"

/* Part of the lease that is not counted on: the way to Redis and back. */
enum { MARGIN_MS = 1000 };

/* lease.lua, embedded. */
extern const struct swapci_embedded swapci_lease_lua[];

/* On the clock that goes on while the process is stopped and while the machine sleeps. */
uint64_t swapci_lease_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum swapc_status swapci_lease_init_key(swapci_lease *lease, const char *key, const char *place,
                                        swapc_error *error) {
    uint8_t random[(SWAPCI_LEASE_TOKEN - 1) / 2];
    *lease = (swapci_lease){.ms = SWAPCI_LEASE_MS};
    if (place && strlen(place) >= sizeof lease->place)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "the name of the ring is too long");
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium cannot be initialised");
    randombytes_buf(random, sizeof random);
    swapci_hex_encode(swapc_bytes_of(random, sizeof random), lease->token);
    snprintf(lease->place, sizeof lease->place, "%s", place ? place : "");
    snprintf(lease->key, sizeof lease->key, "%s", key);
    return SWAPC_OK;
}

enum swapc_status swapci_lease_init(swapci_lease *lease, const swapci_stream_names *names,
                                    const char *consumer, const char *place, swapc_error *error) {
    char key[sizeof lease->key];
    snprintf(key, sizeof key, "%s:lease:%s", names->prefix, consumer);
    return swapci_lease_init_key(lease, key, place, error);
}

static bool is_pair(const redisReply *reply) {
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_INTEGER &&
           reply->element[1]->type == REDIS_REPLY_INTEGER;
}

enum swapc_status swapci_lease_ask(swapci_redis *redis, swapci_lease *lease, bool taken,
                                   swapc_error *error) {
    lease->asked_ns = swapci_lease_now_ns();
    return swapci_redis_appendf(redis, error, "EVAL %b 2 %s %s:recall %s %s %d %d",
                                swapci_lease_lua[0].bytes, swapci_lease_lua[0].len, lease->key,
                                lease->key, lease->token, lease->place, (int)lease->ms, (int)taken);
}

enum swapc_status swapci_lease_hold(swapci_redis *redis, swapci_lease *lease, bool taken,
                                    bool *recalled, swapc_error *error) {
    *recalled = false;
    enum swapc_status status = swapci_lease_ask(redis, lease, taken, error);
    return status == SWAPC_OK ? swapci_lease_answer(redis, lease, recalled, error) : status;
}

enum swapc_status swapci_lease_answer(swapci_redis *redis, swapci_lease *lease, bool *recalled,
                                      swapc_error *error) {
    redisReply *reply = NULL;
    *recalled = false;
    enum swapc_status status = swapci_redis_get(redis, "the lease", &reply, error);
    if (status != SWAPC_OK) return status;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3) {
        status = swapci_redis_refused(redis, swapci_reply_bytes(reply->element[2]), "for the lease",
                                      swapci_reply_bytes(reply->element[1]), error);
    } else if (is_pair(reply)) {
        int64_t value = reply->element[1]->integer;
        lease->held = reply->element[0]->integer == 1;
        lease->until_ns = lease->asked_ns + (lease->ms - MARGIN_MS) * UINT64_C(1000000);
        lease->others_ms = lease->held || value < 0 ? 0 : (uint64_t)value;
        *recalled = lease->held && value > 0;
    } else {
        status = swapci_reply_unexpected(redis, "the lease's script", error);
    }
    freeReplyObject(reply);
    return status;
}

bool swapci_lease_fresh(const swapci_lease *lease) {
    return lease->held && swapci_lease_now_ns() < lease->until_ns;
}

enum swapc_status swapci_lease_release(swapci_redis *redis, const swapci_lease *lease,
                                       swapc_error *error) {
    static const char script[] =
        "local held = redis.call('GET', KEYS[1]) "
        "if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end "
        "return 1";
    redisReply *reply = NULL;
    enum swapc_status status =
        swapci_redis_call(redis, "to end the lease", &reply, error, "EVAL %s 1 %s %s", script,
                          lease->key, lease->token);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_lease_leave(swapci_redis *redis, const swapci_stream_names *names,
                                     const swapci_lease *lease, const char *consumer,
                                     swapc_error *error) {
    return swapci_stream_retire(redis, names, consumer, lease->token, error);
}
