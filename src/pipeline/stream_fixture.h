/* stream_fixture.h - for tests: what redis_fixture.h has, and the pipeline's streams on its server.
 *
 * Threads: the test's.
 */
#ifndef SWAPCI_STREAM_FIXTURE_H
#define SWAPCI_STREAM_FIXTURE_H

#include <string.h>

#include "redis_fixture.h"
#include "stream.h"

/* The names of the default prefix. */
static inline swapci_stream_names fixture_names(void) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names;
    fixture_ok(swapci_stream_names_init(&names, NULL, &error), &error);
    return names;
}

/* Runs a command, words apart by blanks; it must succeed. */
static inline void fixture_command(swapci_redis *redis, const char *line) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    char copy[256], *at = copy;
    swapc_bytes argv[16];
    size_t argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word; (word = strsep(&at, " "));) argv[argc++] = swapc_bytes_str(word);
    fixture_ok(swapci_redis_append(redis, argc, argv, &error), &error);
    fixture_ok(swapci_redis_get(redis, line, &reply, &error), &error);
    freeReplyObject(reply);
}

/* Gives the user `clerk` all rights. */
static inline void fixture_allow_all(swapci_redis *admin) {
    fixture_command(admin, "ACL SETUSER clerk reset on >pw ~* +@all");
}

/* A connection as the user `clerk`, who has all rights at first. */
static inline swapci_redis *fixture_clerk(swapci_redis *admin) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_config config = {.url = fixture_url()};
    swapci_redis *redis = NULL;
    fixture_allow_all(admin);
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    fixture_command(redis, "AUTH clerk pw");
    return redis;
}

/* How many entries are pending for consumer; up to 600. */
static inline size_t fixture_pending(swapci_redis *redis, const char *consumer) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_stream_names names = fixture_names();
    swapci_pending page[600];
    size_t count = 600;
    fixture_ok(swapci_stream_pending(redis, &names, consumer, (swapci_stream_id){0, 0}, page,
                                     &count, &error),
               &error);
    return count;
}

/* Until so many clients of the server wait for entries. */
static inline void fixture_await_blocked(swapci_redis *admin, unsigned count) {
    char wanted[32];
    bool there;
    snprintf(wanted, sizeof wanted, "blocked_clients:%u\r\n", count);
    do {
        swapc_error error = SWAPC_ERROR_INIT;
        redisReply *reply = NULL;
        fixture_ok(swapci_redis_call(admin, "a test", &reply, &error, "INFO clients"), &error);
        there = strstr(reply->str, wanted) != NULL;
        freeReplyObject(reply);
        if (!there) swapci_redis_sleep(NULL, 2, NULL);
    } while (!there);
}

#endif
