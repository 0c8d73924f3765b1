/* What is shared: config->health, whose fields are atomics that this connection's thread writes and whoever
 * asks for health reads, each by itself, but for why and why_of, which `why_lock` guards, one for all, as they are written where something is
 * refused only; and the stop flag, which others raise. */
#include "redis.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "printable.h"
#include "redis_dial.h"
#include "redis_impl.h"

/* Behind answers of up to so many bytes: one that never ends is no answer. */
enum { LAST_WORDS_SIZE = 256, LAST_WORDS_BEHIND = 32 << 20 };

static enum swapc_status interrupted(swapc_error *error) {
    return swapc_error_set(error, SWAPC_INTERRUPTED, "interrupted");
}

enum swapc_status swapci_redis_sleep(const atomic_int *stop, uint32_t ms, swapc_error *error) {
    while (ms > 0) {
        uint32_t slice = ms < SWAPCI_REDIS_SLICE_MS ? ms : SWAPCI_REDIS_SLICE_MS;
        if (swapci_redis_stopped(stop)) return interrupted(error);
        struct timespec t = {0, (long)slice * 1000000L};
        nanosleep(&t, NULL);
        ms -= slice;
    }
    return swapci_redis_stopped(stop) ? interrupted(error) : SWAPC_OK;
}

static void disconnect(swapci_redis *redis) {
    swapci_redis_tls_free(redis->tls);
    redis->tls = NULL;
    if (redis->context) redisFree(redis->context); /* closes the socket */
    redis->context = NULL;
    redis->owed = 0;
    redis->in_part = false;
    swapci_redis_keys_forget(&redis->keys);
}

void swapci_redis_drop(swapci_redis *redis) {
    disconnect(redis);
}

static void note_answered(swapci_redis *redis) {
    if (redis->config.health)
        atomic_store(&redis->config.health->answered_ns, swapci_clock_monotonic_ns());
}

static void note_silent(swapci_redis *redis) {
    if (redis->config.health)
        atomic_store(&redis->config.health->silent_ns, swapci_clock_monotonic_ns());
}

void swapci_redis_stuck(swapci_redis *redis, bool stuck) {
    swapci_redis_health *health = redis->config.health;
    if (!health) return;
    if (stuck) atomic_fetch_add(&health->stuck, 1);
    else atomic_fetch_sub(&health->stuck, 1);
}

static pthread_mutex_t why_lock = PTHREAD_MUTEX_INITIALIZER;

void swapci_redis_note_refusal(swapci_redis *redis, const char *text) {
    swapci_redis_health *health = redis->config.health;
    if (!health) return;
    pthread_mutex_lock(&why_lock);
    if (text[0] || health->why_of == redis) {
        snprintf(health->why, sizeof health->why, "%s", text);
        health->why_of = text[0] ? redis : NULL;
    }
    pthread_mutex_unlock(&why_lock);
}

bool swapci_redis_refuses(const swapci_redis_health *health, char *out, size_t size) {
    if (swapci_redis_up(health)) return false;
    pthread_mutex_lock(&why_lock);
    bool known = health->why[0] != 0;
    if (known) snprintf(out, size, "%s", health->why);
    pthread_mutex_unlock(&why_lock);
    if (known) swapci_printable_line(out, size); /* the cut may have left a part of a character */
    return known;
}

/* The connection is of no use any more; says why. */
static enum swapc_status lost(swapci_redis *redis, swapc_error *error) {
    enum swapc_status status = SWAPC_IO;
    if (redis->context && redis->context->err == REDIS_ERR_OOM) status = SWAPC_NO_MEMORY;
    note_silent(redis);
    swapc_error_set(error, status, "the connection to Redis at %s was lost: %s", redis->url.shown,
                    redis->context ? redis->context->errstr : "not connected");
    disconnect(redis);
    return status;
}

/* Waits for the socket; Redis counts as silent when that takes long. DEADLINE after answer_ms. */
static enum swapc_status await_socket(swapci_redis *redis, short events, swapc_error *error) {
    uint64_t now = swapci_clock_monotonic_ns();
    uint64_t patience = SWAPCI_REDIS_SILENT_MS * 1000000ull;
    uint64_t end = now + (uint64_t)redis->config.answer_ms * 1000000u;
    uint64_t first = now + patience < end ? now + patience : end;
    int fd = redis->context->fd;
    enum swapc_status status = swapci_redis_await(fd, events, first, redis->config.stop, error);
    if (status != SWAPC_DEADLINE) return status;
    note_silent(redis);
    return swapci_redis_await(fd, events, end, redis->config.stop, error);
}

static ssize_t broken(redisContext *context, const char *why) {
    context->err = REDIS_ERR_IO;
    snprintf(context->errstr, sizeof context->errstr, "%s", why);
    return -1;
}

static void note_tls_refusal(swapci_redis *redis, const char *why) {
    snprintf(redis->tls_refused, sizeof redis->tls_refused, "%s", why);
}

static ssize_t read_tls(redisContext *context, char *buffer, size_t size) {
    swapci_redis *redis = context->privdata;
    const char *why = NULL;
    bool refused = false;
    ssize_t count = swapci_redis_tls_read(redis->tls, buffer, size, &why, &refused);
    if (refused) note_tls_refusal(redis, why);
    return count < 0 ? broken(context, why) : count;
}

static ssize_t read_counted(redisContext *context, char *buffer, size_t size) {
    swapci_redis *redis = context->privdata;
    ssize_t count =
        redis->tls ? read_tls(context, buffer, size) : redis->plain_read(context, buffer, size);
    if (count > 0) redis->received += (size_t)count;
    return count;
}

/* What the socket takes now, or -1 with the reason; EAGAIN when it takes nothing. */
static ssize_t write_now(swapci_redis *redis, const char **why) {
    const redisContext *context = redis->context;
    size_t len = sdslen(context->obuf);
    bool refused = false;
    if (redis->tls) {
        ssize_t sent = swapci_redis_tls_write(redis->tls, context->obuf, len, why, &refused);
        if (refused) note_tls_refusal(redis, *why);
        errno = sent == 0 ? EAGAIN : EIO;
        return sent > 0 ? sent : -1;
    }
    ssize_t sent = send(context->fd, context->obuf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) *why = strerrordesc_np(errno);
    return sent;
}

/* Raises no SIGPIPE, and waits for a server that takes nothing in slices. */
static ssize_t write_patiently(redisContext *context) {
    swapci_redis *redis = context->privdata;
    for (;;) {
        const char *why = NULL;
        ssize_t sent = write_now(redis, &why);
        if (sent >= 0) return sent;
        if (errno == EAGAIN) {
            enum swapc_status status = await_socket(redis, POLLOUT, NULL);
            if (status == SWAPC_OK) continue;
            redis->interrupted = status == SWAPC_INTERRUPTED;
            why = "it takes nothing any more";
        } else if (errno == EINTR) {
            continue;
        }
        return broken(context, why);
    }
}

/* What there is to read now; 0 or less: nothing. */
static ssize_t read_now(swapci_redis *redis, char *buffer, size_t size) {
    const char *why = NULL;
    bool refused;
    return redis->tls ? swapci_redis_tls_read(redis->tls, buffer, size, &why, &refused)
                      : recv(redis->context->fd, buffer, size, MSG_DONTWAIT);
}

/* A server says why it hangs up on what is sent to it, and that comes last. Out: the error answer, without its sign; "": it said none. */
static void last_words(swapci_redis *redis, char out[LAST_WORDS_SIZE]) {
    char tail[2 * LAST_WORDS_SIZE];
    size_t len = 0;
    ssize_t more;
    out[0] = 0;
    for (size_t total = 0; total < LAST_WORDS_BEHIND; total += (size_t)more) {
        more = read_now(redis, tail + len, LAST_WORDS_SIZE);
        if (more <= 0) break;
        size_t all = len + (size_t)more;
        len = all < LAST_WORDS_SIZE ? all : LAST_WORDS_SIZE - 1;
        memmove(tail, tail + all - len, len);
    }
    if (len < 3 || memcmp(tail + len - 2, "\r\n", 2) != 0) return;
    size_t end = len - 2, begin = end;
    while (begin > 0 && tail[begin - 1] != '\n') begin--;
    if (begin < end && tail[begin] == '-')
        snprintf(out, LAST_WORDS_SIZE, "%.*s", (int)(end - begin - 1), tail + begin + 1);
}

/* It took not all of what was sent. */
static enum swapc_status hung_up(swapci_redis *redis, swapc_error *error) {
    char words[LAST_WORDS_SIZE] = "";
    if (redis->context) last_words(redis, words);
    if (!words[0]) return lost(redis, error);
    note_silent(redis);
    disconnect(redis);
    return swapci_redis_refused(redis, swapc_bytes_str(words), "what was sent",
                                swapc_bytes_of(NULL, 0), error);
}

static enum swapc_status unreachable(const swapci_redis *redis, const char *why,
                                     swapc_error *error) {
    bool ours =
        strcmp(why, strerrordesc_np(EMFILE)) == 0 || strcmp(why, strerrordesc_np(ENFILE)) == 0;
    return swapc_error_set(error, SWAPC_UNREACHABLE, "Redis at %s cannot be reached (%s): %s",
                           redis->url.shown, why,
                           ours ? "raise the limit of this process's open files (ulimit -n)"
                                : "start it there, or give another with --redis URL");
}

static struct timeval timeval_of(uint32_t ms) {
    struct timeval t = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};
    return t;
}

/* Opens the socket. A failure is UNREACHABLE, which restore takes as "try again". */
static enum swapc_status dial(swapci_redis *redis, swapc_error *error) {
    struct timeval answer_time = timeval_of(redis->config.answer_ms);
    redisOptions options = {.type = REDIS_CONN_USERFD, .command_timeout = &answer_time};
    swapc_error why = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_redis_dial(&redis->url, redis->config.connect_ms,
                                                 redis->config.stop, &options.endpoint.fd, &why);
    if (status == SWAPC_OK && redis->url.tls) {
        uint64_t wait_ns = (uint64_t)redis->config.connect_ms * 1000000u;
        status = swapci_redis_tls_open(&redis->url, options.endpoint.fd,
                                       swapci_clock_monotonic_ns() + wait_ns, redis->config.stop,
                                       &redis->tls, &why);
        if (status != SWAPC_OK) close(options.endpoint.fd);
    }
    if (status == SWAPC_UNREACHABLE) return unreachable(redis, why.text, error);
    if (status == SWAPC_PROTOCOL) return swapci_redis_refused_tls(redis, why.text, error);
    if (status != SWAPC_OK) return swapc_error_set(error, status, "%s", why.text);
    redis->context = redisConnectWithOptions(&options);
    if (!redis->context) {
        close(options.endpoint.fd);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    }
    redis->funcs = *redis->context->funcs;
    redis->funcs.write = write_patiently;
    redis->plain_read = redis->funcs.read;
    redis->funcs.read = read_counted;
    redis->context->funcs = &redis->funcs;
    redis->context->privdata = redis;
    redis->context->reader->maxbuf = 1 << 20; /* keep the buffer that a batch needs */
    /* hiredis makes room for as many as a reply claims; none of ours has a hundredth of it. */
    redis->context->reader->maxelements = 1 << 20;
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
        status = swapci_redis_check(redis, reply, "the connection", error);
        freeReplyObject(reply);
    }
    return status;
}

enum swapc_status swapci_redis_attempt(swapci_redis *redis, swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    disconnect(redis);
    redis->refusal = SWAPCI_REDIS_NOT_REFUSED;
    redis->hangs = redis->outsized = false;
    redis->tls_refused[0] = 0;
    enum swapc_status status = dial(redis, &why);
    if (status == SWAPC_OK) status = greet(redis, &why);
    if (status != SWAPC_OK) {
        disconnect(redis);
        note_silent(redis);
    }
    redis->epoch += status == SWAPC_OK;
    if (status == SWAPC_IO && redis->tls_refused[0]) {
        snprintf(
            why.text, sizeof why.text,
            "it ended TLS (%s): a certificate that it trusts is given with ?cert=FILE&key=FILE",
            redis->tls_refused);
        return swapci_redis_refused_tls(redis, why.text, error);
    }
    if (status == SWAPC_IO && redis->hangs)
        return unreachable(redis, "it takes connections and does not answer", error);
    if (status == SWAPC_IO)
        return unreachable(redis,
                           redis->url.tls && !redis->url.cert[0]
                               ? "it closed the connection; if it wants a certificate of ours, "
                                 "that is given with ?cert=FILE&key=FILE"
                               : "it closed the connection",
                           error);
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
    if (status == SWAPC_OK) status = swapci_redis_first(redis, error);
    if (status != SWAPC_OK) {
        swapci_redis_free(redis);
        return status;
    }
    *out = redis;
    return SWAPC_OK;
}

void swapci_redis_free(swapci_redis *redis) {
    if (!redis) return;
    redis->said_count =
        0; /* what was complained of has not got well: nobody waits for it any more */
    swapci_redis_fine(redis);
    disconnect(redis);
    swapci_redis_keys_fini(&redis->keys);
    explicit_bzero(redis->url.password, sizeof redis->url.password);
    free(redis);
}

enum swapc_status swapci_redis_probe(swapci_redis *redis, swapc_error *error) {
    redisReply *reply;
    if (!redis->context) return swapci_redis_attempt(redis, error);
    SWAPC_CHECK(redis->owed == 0);
    enum swapc_status status = swapci_redis_call(redis, "the connection", &reply, error, "PING");
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

void swapci_redis_stopped_by(swapci_redis *redis, const atomic_int *stop) {
    redis->config.stop = stop;
}

void swapci_redis_hurry(swapci_redis *redis, uint32_t ms) {
    redis->config.connect_ms = redis->config.answer_ms = ms;
}

const char *swapci_redis_name(const swapci_redis *redis) {
    return redis->url.shown;
}

/* Before an append: remembers where in the pipeline the command begins. */
static void begin(swapci_redis *redis) {
    if (!redis->in_part) redis->part_at = sdslen(redis->context->obuf);
    redis->in_part = true;
}

/* Books what an append of hiredis answered. */
static enum swapc_status appended(swapci_redis *redis, int result, unsigned replies,
                                  swapc_error *error) {
    if (result != REDIS_OK) return lost(redis, error);
    if (replies == 0) return SWAPC_OK;
    size_t len = sdslen(redis->context->obuf), at = redis->part_at < len ? redis->part_at : len;
    if (redis->owed == 0) swapci_redis_keys_forget(&redis->keys);
    swapci_redis_keys_sent(&redis->keys, swapc_bytes_of(redis->context->obuf + at, len - at),
                           replies);
    redis->in_part = false;
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
    begin(redis);
    return appended(redis, redisAppendCommandArgv(redis->context, (int)argc, ptr, len), 1, error);
}

static enum swapc_status append_list(swapci_redis *redis, swapc_error *error, const char *format,
                                     va_list list) {
    if (!redis->context) return lost(redis, error);
    begin(redis);
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
    begin(redis);
    int result = redisAppendFormattedCommand(redis->context, (const char *)bytes.ptr, bytes.len);
    return appended(redis, result, replies, error);
}

enum swapc_status swapci_redis_flush(swapci_redis *redis, swapc_error *error) {
    int done = 0;
    redis->interrupted = false;
    while (!done) {
        if (redis->context && redisBufferWrite(redis->context, &done) == REDIS_OK) continue;
        if (!redis->interrupted) return hung_up(redis, error);
        disconnect(redis);
        return interrupted(error);
    }
    return SWAPC_OK;
}

/* Waits until the socket can be read. */
static enum swapc_status wait_readable(swapci_redis *redis, swapc_error *error) {
    enum swapc_status status = await_socket(redis, POLLIN, error);
    if (status != SWAPC_DEADLINE) return status;
    redis->hangs = true;
    swapc_error_set(error, SWAPC_IO, "Redis at %s has not answered for %u s", redis->url.shown,
                    (unsigned)(redis->config.answer_ms / 1000));
    return lost(redis, error);
}

void swapci_redis_limit(swapci_redis *redis, size_t bytes) {
    redis->limit = bytes;
}

static enum swapc_status too_much(swapci_redis *redis, swapc_error *error) {
    disconnect(redis);
    return swapc_error_set(error, SWAPC_TOO_LARGE,
                           "an answer of Redis at %s has more than %zu bytes", redis->url.shown,
                           redis->limit);
}

enum swapc_status swapci_redis_get_any(swapci_redis *redis, redisReply **out, swapc_error *error) {
    void *reply = NULL;
    if (!redis->context) return lost(redis, error);
    SWAPC_CHECK(redis->owed > 0);
    enum swapc_status status = swapci_redis_flush(redis, error);
    redis->received = 0;
    while (status == SWAPC_OK) {
        if (redis->limit && redis->received > redis->limit) return too_much(redis, error);
        if (redisGetReplyFromReader(redis->context, &reply) != REDIS_OK) return lost(redis, error);
        if (reply) {
            redis->owed--;
            swapci_redis_keys_taken(&redis->keys);
            note_answered(redis);
            *out = reply;
            break;
        }
        status = wait_readable(redis, error);
        if (status == SWAPC_OK && redisBufferRead(redis->context) != REDIS_OK)
            return lost(redis, error);
    }
    return status;
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
