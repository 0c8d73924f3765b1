#include "redis_retry.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "redis_impl.h"

enum { PAUSE_FIRST_MS = 50, PAUSE_MAX_MS = 1000 };

static enum swapci_redis_refusal class_of(const swapci_redis *redis, enum swapc_status status) {
    if (status == SWAPC_IO || status == SWAPC_UNREACHABLE) return SWAPCI_REDIS_GONE;
    if (status != SWAPC_PROTOCOL) return SWAPCI_REDIS_NOT_REFUSED;
    return redis->refusal == SWAPCI_REDIS_NOT_REFUSED ? SWAPCI_REDIS_NEVER : redis->refusal;
}

static void begin_trouble(swapci_redis *redis) {
    if (redis->troubled) return;
    redis->troubled = true;
    redis->troubled_since_ns = swapci_clock_monotonic_ns();
    redis->pause_ms = 0;
    redis->said_count = 0;
    redis->quiet =
        !swapci_log_limit_may(&redis->told, redis->troubled_since_ns, redis->troubled_since_ns);
    swapci_redis_stuck(redis, true);
}

void swapci_redis_fine(swapci_redis *redis) {
    if (!redis->troubled) return;
    redis->troubled = false;
    swapci_redis_note_refusal(redis, "");
    swapci_redis_stuck(redis, false);
    if (redis->said_count > 0)
        swapc_log_write(redis->config.log, SWAPC_LOG_INFO, redis->config.role,
                        "Redis at %s serves again after %.1f s", redis->url.shown,
                        (double)(swapci_clock_monotonic_ns() - redis->troubled_since_ns) / 1e9);
}

void swapci_redis_settled(swapci_redis *redis) {
    redis->settled = true;
}

uint64_t swapci_redis_epoch(const swapci_redis *redis) {
    return redis->epoch;
}

/* Whether the log is told of this trouble: a connection that comes and goes would fill it. */
static bool may_say(swapci_redis *redis) {
    uint64_t lasts_ns = SWAPCI_LOG_LIMIT_LASTS_MS * UINT64_C(1000000);
    if (redis->quiet && swapci_clock_monotonic_ns() - redis->troubled_since_ns >= lasts_ns)
        redis->quiet = false;
    return !redis->quiet;
}

/* Tells the log what it was not told since the trouble began: a server may well say this and that in
 * turn. */
static void say(swapci_redis *redis, enum swapc_status status, const char *text) {
    const char *code = status == SWAPC_PROTOCOL ? redis->code : "gone";
    char more[SWAPCI_LOG_LIMIT_MORE];
    if (!may_say(redis)) return;
    for (unsigned i = 0; i < redis->said_count; i++)
        if (strcmp(code, redis->said[i]) == 0) return;
    if (redis->said_count == REDIS_SAID_MAX) return;
    strcpy(redis->said[redis->said_count++], code);
    swapc_log_write(redis->config.log, SWAPC_LOG_WARN, redis->config.role, "%s; trying again%s",
                    text, swapci_log_limit_more(&redis->told, more));
}

/* Whether there is no point in another try. */
static bool give_up(const swapci_redis *redis, enum swapci_redis_refusal class) {
    uint32_t retry_ms = redis->config.retry_ms;
    if (class == SWAPCI_REDIS_NEVER && !(redis->config.service && redis->settled)) return true;
    if (retry_ms == SWAPCI_REDIS_FOREVER) return false;
    uint64_t spent = swapci_clock_monotonic_ns() - redis->troubled_since_ns;
    return redis->pause_ms > 0 && spent >= (uint64_t)retry_ms * 1000000u;
}

static enum swapc_status fail(enum swapc_status status, const char *text, swapc_error *error) {
    if (status == SWAPC_IO) status = SWAPC_UNREACHABLE;
    return swapc_error_set(error, status, "%s", text);
}

/* Waits before the next try; the first connect anew is made at once. */
static enum swapc_status pause_for(swapci_redis *redis, enum swapci_redis_refusal class,
                                   swapc_error *error) {
    uint32_t pause = redis->pause_ms;
    if (pause == 0) redis->pause_ms = PAUSE_FIRST_MS;
    else redis->pause_ms = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    if (pause == 0 && class != SWAPCI_REDIS_GONE) pause = PAUSE_FIRST_MS;
    return swapci_redis_sleep(redis->config.stop, pause, error);
}

enum swapc_status swapci_redis_mend(swapci_redis *redis, enum swapc_status status,
                                    const swapc_error *why, swapc_error *error) {
    swapc_error last = *why;
    for (;;) {
        enum swapci_redis_refusal class = class_of(redis, status);
        if (class == SWAPCI_REDIS_NOT_REFUSED) return fail(status, last.text, error);
        begin_trouble(redis);
        redis->epoch +=
            class == SWAPCI_REDIS_MISSING; /* also where it comes between two of the first steps */
        if (give_up(redis, class)) return fail(status, last.text, error);
        say(redis, status, last.text);
        swapci_redis_note_refusal(redis, status == SWAPC_PROTOCOL ? last.text : "");
        status = pause_for(redis, class, error);
        if (status != SWAPC_OK) return status;
        bool anew = class == SWAPCI_REDIS_GONE || redis->owed > 0 || !redis->context;
        redis->refusal = SWAPCI_REDIS_NOT_REFUSED;
        if (!anew) return SWAPC_OK;
        swapc_error_clear(&last);
        status = swapci_redis_attempt(redis, &last);
        if (status == SWAPC_OK) return status;
    }
}

enum swapc_status swapci_redis_first(swapci_redis *redis, swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_redis_attempt(redis, &why);
    if (status == SWAPC_OK) return status;
    return redis->config.service ? swapci_redis_mend(redis, status, &why, error)
                                 : swapc_error_set(error, status, "%s", why.text);
}

enum swapc_status swapci_redis_persist(swapci_redis *redis, swapci_redis_step step, void *user,
                                       swapc_error *error) {
    for (;;) {
        swapc_error why = SWAPC_ERROR_INIT;
        enum swapc_status status = step(user, &why);
        if (status == SWAPC_OK) {
            swapci_redis_fine(redis);
            return status;
        }
        status = swapci_redis_mend(redis, status, &why, error);
        if (status != SWAPC_OK) return status;
    }
}
