#include "balance.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "embedded.h"
#include "hex.h"
#include "redis_refusal.h"
#include "redis_reply.h"

/* balance.lua, embedded. */
extern const struct swapci_embedded swapci_balance_lua[];

bool swapci_balance_key(const swapci_partitions *partitions, const char *role, char *out,
                        size_t size) {
    int len = snprintf(out, size, "%s:members:%s", partitions->prefix, role);
    return len >= 0 && (size_t)len < size;
}

enum swapc_status swapci_balance_init(swapci_balance *b, const swapci_partitions *partitions,
                                      const char *role, const char *consumer, swapc_error *error) {
    uint8_t random[8];
    char hex[SWAPCI_HEX_SIZE(sizeof random)];
    *b = (swapci_balance){.count = partitions->count, .out_ms = SWAPCI_BALANCE_OUT_MS};
    if (strlen(role) > SWAPCI_BALANCE_ROLE_MAX || strlen(consumer) > SWAPCI_STREAM_CONSUMER_MAX)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "--consumer '%.40s…' is too long", consumer);
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium cannot be initialised");
    randombytes_buf(random, sizeof random);
    swapci_hex_encode(swapc_bytes_of(random, sizeof random), hex);
    (void)swapci_balance_key(partitions, role, b->key, sizeof b->key); /* it fits */
    snprintf(b->member, sizeof b->member, "%s/%s", consumer, hex);
    return SWAPC_OK;
}

static bool is_numbers(const redisReply *reply) {
    bool fine = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
    for (size_t i = 0; fine && i < reply->elements; i++)
        fine = reply->element[i]->type == REDIS_REPLY_INTEGER;
    return fine;
}

/* {-2, terms, end} */
static bool is_other_terms(const redisReply *reply) {
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
           reply->element[0]->type == REDIS_REPLY_INTEGER && reply->element[0]->integer == -2 &&
           reply->element[1]->type == REDIS_REPLY_STRING &&
           reply->element[2]->type == REDIS_REPLY_INTEGER;
}

static enum swapc_status answered(swapci_balance *b, swapci_redis *redis, const redisReply *reply,
                                  swapc_error *error) {
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
        reply->element[2]->type == REDIS_REPLY_STRING)
        return swapci_redis_refused(redis, swapci_reply_bytes(reply->element[2]),
                                    "to share out the partitions",
                                    swapci_reply_bytes(reply->element[1]), error);
    if (is_other_terms(reply)) {
        memset(b->mine, 0, sizeof b->mine);
        b->others_end = (uint64_t)reply->element[2]->integer;
        return swapci_terms_check(b->terms, swapci_reply_bytes(reply->element[1]), error);
    }
    if (!is_numbers(reply))
        return swapci_reply_unexpected(redis, "the script that shares out", error);
    memset(b->mine, 0, sizeof b->mine);
    b->members = (unsigned)reply->element[0]->integer;
    for (size_t i = 1; i < reply->elements; i++) {
        long long k = reply->element[i]->integer;
        if (k >= 0 && k < (long long)b->count) b->mine[k] = true;
    }
    return SWAPC_OK;
}

static enum swapc_status run(swapci_balance *b, swapci_redis *redis, uint32_t alive_ms,
                             swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(
        redis, "to share out the partitions", &reply, error, "EVAL %b 1 %s %s %u %u %s %u",
        swapci_balance_lua[0].bytes, swapci_balance_lua[0].len, b->key, b->member, alive_ms,
        b->count, b->terms ? b->terms->text : "", 3 * b->out_ms);
    if (status != SWAPC_OK) return status;
    status = answered(b, redis, reply, error);
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_balance_beat(swapci_balance *b, swapci_redis *redis, swapc_error *error) {
    return run(b, redis, b->out_ms, error);
}

enum swapc_status swapci_balance_leave(swapci_balance *b, swapci_redis *redis, swapc_error *error) {
    return run(b, redis, 0, error);
}
