/* redis_fixture.h - for tests: one private redis-server a test program, emptied for each case.
 *
 * Threads: the test's. The server starts with the first use and ends with the program.
 */
#ifndef SWAPCI_REDIS_FIXTURE_H
#define SWAPCI_REDIS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "private_redis.h"
#include "redis.h"
#include "test_main.h"

static swapci_private_redis *fixture_server;

static inline void fixture_stop(void) {
    swapci_private_redis_stop(fixture_server);
    fixture_server = NULL;
}

/* Fails the case with the report's text unless status is SWAPC_OK. */
static inline void fixture_ok(enum swapc_status status, const swapc_error *error) {
    if (status != SWAPC_OK) fail_msg("%s: %s", swapc_status_name(status), error->text);
}

/* Starts the server when none runs. */
static inline const char *fixture_url(void) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (!fixture_server) {
        fixture_ok(swapci_private_redis_start(NULL, &fixture_server, &error), &error);
        atexit(fixture_stop);
    }
    return swapci_private_redis_url(fixture_server);
}

/* A connection to the emptied server, with retries for retry_ms. */
static inline swapci_redis *fixture_open(uint32_t retry_ms) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_config config = {.url = fixture_url(), .retry_ms = retry_ms};
    swapci_redis *redis = NULL;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, "FLUSHALL"), &error);
    freeReplyObject(reply);
    return redis;
}

/* Runs a command and returns its integer answer. */
static inline long long fixture_integer(swapci_redis *redis, const char *command, const char *key) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, command, key), &error);
    long long value = reply->integer;
    freeReplyObject(reply);
    return value;
}

/* The server's major version: 6 knows no rights to read alone and does not count what a stream had, and a script cannot
 * ask it what it may run. */
static inline long fixture_major(swapci_redis *redis) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, "INFO server"), &error);
    const char *version = strstr(reply->str, "redis_version:");
    long major = version ? strtol(version + strlen("redis_version:"), NULL, 10) : 0;
    freeReplyObject(reply);
    return major;
}

/* The command that a script is refused first where a key has another type: the XADD, or on Redis 6 the XDEL that is tried
 * before it. */
static inline const char *fixture_refused_type(swapci_redis *redis) {
    return fixture_major(redis) >= 7 ? "XADD" : "XDEL";
}

#endif
