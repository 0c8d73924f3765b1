#include "redis.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "redis_url.h"
#include "swapc/log.h"

struct swapci_redis {
    swapci_redis_url url;
    swapci_redis_config config;
    redisContext *context;   /* NULL while not connected */
    redisContextFuncs funcs; /* hiredis's, with a write that raises no SIGPIPE */
    uint64_t owed;           /* answers not taken yet */
};

/* What Redis's error codes mean for the person at the keyboard. */
static const struct {
    const char *code;
    const char *remedy;
} remedies[] = {
    {"NOAUTH", "it asks for a password: put it into the URL, redis://:password@host:port"},
    {"WRONGPASS", "user or password is wrong: check those in the URL"},
    {"NOPERM", "this user may not do that: allow it with ACL SETUSER"},
    {"OOM", "it is at its maxmemory: raise that, or trim the verdicts with --keep"},
    {"MISCONF", "it cannot write to its disk: free space there, see its log"},
    {"READONLY", "it is a read-only replica: give the URL of the primary"},
    {"WRONGTYPE", "a key of that name holds something else: choose another prefix with --stream"},
    {"NOGROUP", "stream or group was deleted meanwhile: start the signer again"},
    {"LOADING", "it is still loading its data: try again in a while"},
    {"BUSY", "it is busy with a script: try again, or SCRIPT KILL there"},
    {"ERR unknown command", "it is too old or no Redis: version 6.2 or newer is needed"},
    {"ERR DB index", "it has no such database: change the number in the URL"},
};

static int stop_raised(const atomic_int *stop) {
    return stop && atomic_load_explicit(stop, memory_order_relaxed) != 0;
}

static enum swapc_status interrupted(swapc_error *error) {
    return swapc_error_set(error, SWAPC_INTERRUPTED, "interrupted");
}

enum swapc_status swapci_redis_sleep(const atomic_int *stop, uint32_t ms, swapc_error *error) {
    while (ms > 0) {
        uint32_t slice = ms < SWAPCI_REDIS_SLICE_MS ? ms : SWAPCI_REDIS_SLICE_MS;
        if (stop_raised(stop)) return interrupted(error);
        struct timespec t = {0, (long)slice * 1000000L};
        nanosleep(&t, NULL);
        ms -= slice;
    }
    return stop_raised(stop) ? interrupted(error) : SWAPC_OK;
}

static void disconnect(swapci_redis *redis) {
    if (redis->context) redisFree(redis->context);
    redis->context = NULL;
    redis->owed = 0;
}

/* The connection is of no use any more; says why. */
static enum swapc_status lost(swapci_redis *redis, swapc_error *error) {
    enum swapc_status status = SWAPC_IO;
    if (redis->context && redis->context->err == REDIS_ERR_OOM) status = SWAPC_NO_MEMORY;
    swapc_error_set(error, status, "the connection to Redis at %s was lost: %s", redis->url.shown,
                    redis->context ? redis->context->errstr : "not connected");
    disconnect(redis);
    return status;
}

static ssize_t write_quietly(redisContext *context) {
    ssize_t sent;
    do {
        sent = send(context->fd, context->obuf, sdslen(context->obuf), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        context->err = REDIS_ERR_IO;
        snprintf(context->errstr, sizeof context->errstr, "%s", strerrordesc_np(errno));
    }
    return sent;
}

static enum swapc_status unreachable(const swapci_redis *redis, const char *why,
                                     swapc_error *error) {
    return swapc_error_set(error, SWAPC_UNREACHABLE,
                           "Redis at %s cannot be reached (%s): start it there, or give another "
                           "with --redis URL",
                           redis->url.shown, why);
}

static struct timeval timeval_of(uint32_t ms) {
    struct timeval t = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};
    return t;
}

/* Opens the socket. A failure is UNREACHABLE, which restore takes as "try again". */
static enum swapc_status dial(swapci_redis *redis, swapc_error *error) {
    struct timeval connect_time = timeval_of(redis->config.connect_ms);
    struct timeval answer_time = timeval_of(redis->config.answer_ms);
    redisOptions options = {0};
    options.options = REDIS_OPT_SET_SOCK_CLOEXEC;
    options.connect_timeout = &connect_time;
    options.command_timeout = &answer_time;
    if (redis->url.is_unix) REDIS_OPTIONS_SET_UNIX(&options, redis->url.path);
    else REDIS_OPTIONS_SET_TCP(&options, redis->url.host, redis->url.port);
    redis->context = redisConnectWithOptions(&options);
    if (!redis->context) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    if (redis->context->err) {
        enum swapc_status status = unreachable(redis, redis->context->errstr, error);
        disconnect(redis);
        return status;
    }
    redis->funcs = *redis->context->funcs;
    redis->funcs.write = write_quietly;
    redis->context->funcs = &redis->funcs;
    redis->context->reader->maxbuf = 1 << 20; /* keep the buffer that a batch needs */
    return SWAPC_OK;
}

/* Logs in, selects the database, and learns whether the server serves. */
static enum swapc_status greet(swapci_redis *redis, swapc_error *error) {
    const swapci_redis_url *url = &redis->url;
    enum swapc_status status = SWAPC_OK;
    redisReply *reply = NULL;
    if (url->password[0] && url->user[0])
        status = swapci_redis_appendf(redis, error, "AUTH %s %s", url->user, url->password);
    else if (url->password[0])
        status = swapci_redis_appendf(redis, error, "AUTH %s", url->password);
    if (status == SWAPC_OK && url->db)
        status = swapci_redis_appendf(redis, error, "SELECT %u", (unsigned)url->db);
    if (status == SWAPC_OK) status = swapci_redis_appendf(redis, error, "PING");
    while (status == SWAPC_OK && redis->owed > 0) {
        status = swapci_redis_get_any(redis, &reply, error);
        if (status != SWAPC_OK) break;
        if (swapci_redis_is_error(reply, "LOADING"))
            status = unreachable(redis, "it is still loading its data", error);
        else status = swapci_redis_check(redis, reply, "the connection", error);
        freeReplyObject(reply);
    }
    return status;
}

static enum swapc_status attempt(swapci_redis *redis, swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = dial(redis, &why);
    if (status == SWAPC_OK) status = greet(redis, &why);
    if (status != SWAPC_OK) disconnect(redis);
    if (status == SWAPC_IO) return unreachable(redis, "it closed the connection", error);
    return status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", why.text);
}

enum swapc_status swapci_redis_open(const swapci_redis_config *config, swapci_redis **out,
                                    swapc_error *error) {
    swapci_redis *redis = calloc(1, sizeof *redis);
    if (!redis) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    redis->config = *config;
    redis->config.url = NULL;
    redis->config.connect_ms = config->connect_ms ? config->connect_ms : 2000;
    redis->config.answer_ms = config->answer_ms ? config->answer_ms : 30000;
    enum swapc_status status = swapci_redis_url_parse(config->url, &redis->url, error);
    if (status == SWAPC_OK) status = attempt(redis, error);
    if (status != SWAPC_OK) {
        swapci_redis_free(redis);
        return status;
    }
    *out = redis;
    return SWAPC_OK;
}

void swapci_redis_free(swapci_redis *redis) {
    if (!redis) return;
    disconnect(redis);
    explicit_bzero(redis->url.password, sizeof redis->url.password);
    free(redis);
}

enum swapc_status swapci_redis_restore(swapci_redis *redis, swapc_error *error) {
    uint64_t end = swapci_clock_monotonic_ns() + (uint64_t)redis->config.retry_ms * 1000000u;
    uint32_t pause = 50;
    for (;;) {
        swapc_error why = SWAPC_ERROR_INIT;
        disconnect(redis);
        enum swapc_status status = attempt(redis, &why);
        if (status == SWAPC_OK) return status;
        if (status != SWAPC_UNREACHABLE || swapci_clock_monotonic_ns() >= end)
            return swapc_error_set(error, status, "%s", why.text);
        status = swapci_redis_sleep(redis->config.stop, pause, error);
        if (status != SWAPC_OK) return status;
        pause = pause < 1600 ? pause * 2 : 2000;
    }
}

const char *swapci_redis_name(const swapci_redis *redis) {
    return redis->url.shown;
}

/* Books what an append of hiredis answered. */
static enum swapc_status appended(swapci_redis *redis, int result, unsigned replies,
                                  swapc_error *error) {
    if (result != REDIS_OK) return lost(redis, error);
    redis->owed += replies;
    return SWAPC_OK;
}

enum swapc_status swapci_redis_append(swapci_redis *redis, size_t argc, const swapc_bytes *argv,
                                      swapc_error *error) {
    const char *ptr[16];
    size_t len[16];
    SWAPC_CHECK(argc > 0 && argc <= 16);
    if (!redis->context) return lost(redis, error);
    for (size_t i = 0; i < argc; i++) {
        ptr[i] = argv[i].len ? (const char *)argv[i].ptr : "";
        len[i] = argv[i].len;
    }
    return appended(redis, redisAppendCommandArgv(redis->context, (int)argc, ptr, len), 1, error);
}

static enum swapc_status append_list(swapci_redis *redis, swapc_error *error, const char *format,
                                     va_list list) {
    if (!redis->context) return lost(redis, error);
    return appended(redis, redisvAppendCommand(redis->context, format, list), 1, error);
}

enum swapc_status swapci_redis_appendf(swapci_redis *redis, swapc_error *error, const char *format,
                                       ...) {
    va_list list;
    va_start(list, format);
    enum swapc_status status = append_list(redis, error, format, list);
    va_end(list);
    return status;
}

enum swapc_status swapci_redis_append_raw(swapci_redis *redis, swapc_bytes bytes, unsigned replies,
                                          swapc_error *error) {
    if (!redis->context) return lost(redis, error);
    int result = redisAppendFormattedCommand(redis->context, (const char *)bytes.ptr, bytes.len);
    return appended(redis, result, replies, error);
}

enum swapc_status swapci_redis_flush(swapci_redis *redis, swapc_error *error) {
    int done = 0;
    while (!done)
        if (!redis->context || redisBufferWrite(redis->context, &done) != REDIS_OK)
            return lost(redis, error);
    return SWAPC_OK;
}

/* Waits until the socket can be read. */
static enum swapc_status wait_readable(swapci_redis *redis, swapc_error *error) {
    uint64_t end = swapci_clock_monotonic_ns() + (uint64_t)redis->config.answer_ms * 1000000u;
    struct pollfd wait = {redis->context->fd, POLLIN, 0};
    for (;;) {
        int ready = poll(&wait, 1, SWAPCI_REDIS_SLICE_MS);
        if (ready > 0) return SWAPC_OK;
        if (ready < 0 && errno != EINTR)
            return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "waiting for Redis failed");
        if (stop_raised(redis->config.stop)) return interrupted(error);
        if (swapci_clock_monotonic_ns() >= end) {
            swapc_error_set(error, SWAPC_IO, "Redis at %s has not answered for %u s",
                            redis->url.shown, (unsigned)(redis->config.answer_ms / 1000));
            return lost(redis, error);
        }
    }
}

enum swapc_status swapci_redis_get_any(swapci_redis *redis, redisReply **out, swapc_error *error) {
    void *reply = NULL;
    if (!redis->context) return lost(redis, error);
    SWAPC_CHECK(redis->owed > 0);
    enum swapc_status status = swapci_redis_flush(redis, error);
    while (status == SWAPC_OK) {
        if (redisGetReplyFromReader(redis->context, &reply) != REDIS_OK) return lost(redis, error);
        if (reply) {
            redis->owed--;
            *out = reply;
            break;
        }
        status = wait_readable(redis, error);
        if (status == SWAPC_OK && redisBufferRead(redis->context) != REDIS_OK)
            return lost(redis, error);
    }
    return status;
}

/* Whether text begins with code as a word. */
static bool begins_with(swapc_bytes text, const char *code) {
    size_t len = strlen(code);
    return text.len >= len && memcmp(text.ptr, code, len) == 0 &&
           (text.len == len || text.ptr[len] == ' ');
}

int swapci_redis_is_error(const redisReply *reply, const char *code) {
    return reply->type == REDIS_REPLY_ERROR &&
           begins_with(swapc_bytes_of(reply->str, reply->len), code);
}

enum swapc_status swapci_redis_refused(const swapci_redis *redis, swapc_bytes reply,
                                       const char *what, swapc_error *error) {
    const char *remedy = "see the server's log";
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (begins_with(reply, remedies[i].code)) remedy = remedies[i].remedy;
    return swapc_error_set(error, SWAPC_PROTOCOL, "Redis at %s refused %s (%.*s): %s",
                           redis->url.shown, what, (int)reply.len, (const char *)reply.ptr, remedy);
}

enum swapc_status swapci_redis_check(const swapci_redis *redis, const redisReply *reply,
                                     const char *what, swapc_error *error) {
    if (reply->type != REDIS_REPLY_ERROR) return SWAPC_OK;
    return swapci_redis_refused(redis, swapc_bytes_of(reply->str, reply->len), what, error);
}

enum swapc_status swapci_redis_get(swapci_redis *redis, const char *what, redisReply **out,
                                   swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_get_any(redis, &reply, error);
    if (status == SWAPC_OK) {
        status = swapci_redis_check(redis, reply, what, error);
        if (status == SWAPC_OK) *out = reply;
        else freeReplyObject(reply);
    }
    return status;
}

enum swapc_status swapci_redis_skip(swapci_redis *redis, unsigned count, const char *what,
                                    swapc_error *error) {
    enum swapc_status first = SWAPC_OK;
    for (unsigned i = 0; i < count; i++) {
        redisReply *reply = NULL;
        enum swapc_status status = swapci_redis_get(redis, what, &reply, error);
        if (status == SWAPC_OK) freeReplyObject(reply);
        else first = first == SWAPC_OK ? status : first;
        if (status != SWAPC_OK && status != SWAPC_PROTOCOL) return status;
    }
    return first;
}

enum swapc_status swapci_redis_call(swapci_redis *redis, const char *what, redisReply **out,
                                    swapc_error *error, const char *format, ...) {
    va_list list;
    va_start(list, format);
    enum swapc_status status = append_list(redis, error, format, list);
    va_end(list);
    return status == SWAPC_OK ? swapci_redis_get(redis, what, out, error) : status;
}
