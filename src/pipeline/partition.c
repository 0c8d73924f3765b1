#include "partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis_refusal.h"
#include "redis_reply.h"
#include "redis_retry.h"

/* ---- names and servers --------------------------------------------------------------------------- */

/* Where the next URL of the list begins, behind its comma; NULL: there is none. */
static const char *next_url(const char *list) {
    static const char *const schemes[] = {"redis://", "rediss://", "unix:"};
    for (const char *comma = list; (comma = strchr(comma, ',')); comma++)
        for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
            if (strncmp(comma + 1, schemes[i], strlen(schemes[i])) == 0) return comma + 1;
    return NULL;
}

static enum swapc_status split_urls(swapci_partitions *p, const char *urls, swapc_error *error) {
    for (const char *at = urls; at; p->servers++) {
        const char *next = next_url(at);
        if (p->servers == SWAPCI_SERVERS_MAX)
            return swapc_error_set(error, SWAPC_TOO_LARGE, "--redis takes up to %d servers",
                                   SWAPCI_SERVERS_MAX);
        char *copy = next ? strndup(at, (size_t)(next - at) - 1) : strdup(at);
        if (!copy) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
        p->urls[p->servers] = copy;
        at = next;
    }
    if (p->servers <= p->count) return SWAPC_OK;
    return swapc_error_set(
        error, SWAPC_INVALID,
        "--redis names %u servers, and --partitions %u: a server needs a partition, give "
        "--partitions %u or more",
        p->servers, p->count, p->servers);
}

/* The tag between the braces; the whole when there are none. Returns false when Redis would take another one. */
static bool tag_of(const char *prefix, swapc_bytes *out) {
    const char *open = strchr(prefix, '{'), *close = strchr(prefix, '}');
    *out = swapc_bytes_str(prefix);
    if (!open && !close) return out->len > 0;
    if (!open || !close || close < open + 2) return false;
    *out = swapc_bytes_of(open + 1, (size_t)(close - open) - 1);
    return !strchr(open + 1, '{') && !strchr(close + 1, '}');
}

/* One that is for a single partition may have braces as it likes. */
static enum swapc_status name(swapci_partitions *p, const char *prefix, swapc_error *error) {
    swapc_bytes tag;
    if (strlen(prefix) >= sizeof p->prefix)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "%s '%.40s…' is too long", p->option,
                               prefix);
    snprintf(p->prefix, sizeof p->prefix, "%s", prefix);
    if (!tag_of(prefix, &tag) && p->count > 1)
        return swapc_error_set(
            error, SWAPC_INVALID,
            "of %s %s no partitions can be made: give a name without braces, or with "
            "one pair that has something in it, as {orders}:priced",
            p->option, prefix);
    bool braces = strchr(prefix, '{') != NULL;
    snprintf(p->record, sizeof p->record, braces ? "{%.*s}:partitions" : "%.*s:partitions",
             (int)tag.len, (const char *)tag.ptr);
    snprintf(p->twin, sizeof p->twin, braces ? "%.*s:partitions" : "{%.*s}:partitions",
             (int)tag.len, (const char *)tag.ptr);
    return SWAPC_OK;
}

enum swapc_status swapci_partitions_init(swapci_partitions *p, const char *option,
                                         const char *prefix, unsigned count, const char *urls,
                                         swapc_error *error) {
    *p = (swapci_partitions){.option = option, .count = count};
    enum swapc_status status = SWAPC_OK;
    if (count < 1 || count > SWAPCI_PARTITIONS_MAX)
        status = swapc_error_set(error, SWAPC_TOO_LARGE, "--partitions takes 1 to %d",
                                 SWAPCI_PARTITIONS_MAX);
    if (status == SWAPC_OK) status = name(p, prefix, error);
    if (status == SWAPC_OK) status = split_urls(p, urls, error);
    if (status != SWAPC_OK) swapci_partitions_fini(p);
    return status;
}

void swapci_partitions_fini(swapci_partitions *p) {
    for (unsigned i = 0; i < p->servers; i++) free(p->urls[i]);
    p->servers = 0;
}

enum swapc_status swapci_partition_prefix(const swapci_partitions *p, unsigned k, char *out,
                                          size_t size, swapc_error *error) {
    const char *close = strchr(p->prefix, '}');
    size_t before = close ? (size_t)(close - p->prefix) : strlen(p->prefix);
    int len = p->count == 1 ? snprintf(out, size, "%s", p->prefix)
              : close       ? snprintf(out, size, "%.*s.%u%s", (int)before, p->prefix, k, close)
                            : snprintf(out, size, "{%s.%u}", p->prefix, k);
    if (len >= 0 && (size_t)len < size) return SWAPC_OK;
    return swapc_error_set(
        error, SWAPC_INVALID,
        "%s %.80s is too long for partitions: shorten it by %d, as with a tag and a number "
        "it may have %zu bytes",
        p->option, p->prefix, len - (int)size + 1, size - 1);
}

const char *swapci_partition_url(const swapci_partitions *p, unsigned k) {
    return p->urls[k % p->servers];
}

void swapci_partition_list(const bool chosen[SWAPCI_PARTITIONS_MAX], char *out, size_t size) {
    static const char cut[] = "…";
    size_t at = 0;
    snprintf(out, size, "none");
    for (unsigned k = 0; k < SWAPCI_PARTITIONS_MAX; k++) {
        unsigned first = k;
        char run[32];
        if (!chosen[k]) continue;
        while (k + 1 < SWAPCI_PARTITIONS_MAX && chosen[k + 1]) k++;
        int len = k == first ? snprintf(run, sizeof run, "%s%u", at ? "," : "", k)
                             : snprintf(run, sizeof run, "%s%u-%u", at ? "," : "", first, k);
        bool fits = at + (size_t)len + sizeof cut <= size;
        snprintf(out + at, size - at, "%s", fits ? run : cut);
        if (!fits) return;
        at += (size_t)len;
    }
}

/* ---- the record ---------------------------------------------------------------------------------- */

typedef struct claim {
    const swapci_partitions *partitions;
    const char *plain;
    swapci_redis *redis;
    unsigned server;
    bool only_ask;
    bool kept[SWAPCI_SERVERS_MAX]; /* the record there is of this claim */
} claim;

enum { RECORD_SIZE = 64 };

struct record {
    unsigned count, server, of;
};

static void record_text(const swapci_partitions *p, unsigned server, char out[RECORD_SIZE]) {
    snprintf(out, RECORD_SIZE, "%u partitions, server %u of %u", p->count, server + 1, p->servers);
}

/* Out: text, as much of it as may be shown. Returns false when it is no record. */
static bool record_parse(swapc_bytes found, char text[RECORD_SIZE], struct record *out) {
    size_t len = found.len < RECORD_SIZE - 1 ? found.len : RECORD_SIZE - 1;
    snprintf(text, RECORD_SIZE, "%.*s", (int)len, (const char *)found.ptr);
    return sscanf(text, "%u partitions, server %u of %u", &out->count, &out->server, &out->of) == 3;
}

/* What others have is told apart: the number, and the servers. */
static enum swapc_status differs(const claim *c, const char *record, swapc_bytes found,
                                 swapc_error *error) {
    const swapci_partitions *p = c->partitions;
    const char *where = swapci_redis_name(c->redis);
    char text[RECORD_SIZE];
    struct record is;
    if (!record_parse(found, text, &is))
        return swapc_error_set(
            error, SWAPC_INVALID,
            "%s on %s holds '%s', not a number of partitions: DEL it, or choose another "
            "name for %s",
            record, where, text, p->option);
    if (p->count == 1)
        return swapc_error_set(
            error, SWAPC_INVALID,
            "stream %s has %u partitions: give --partitions %u (or, once all of it is "
            "done and all commands have ended, DEL %s)",
            p->prefix, is.count, is.count, record);
    if (is.count != p->count)
        return swapc_error_set(
            error, SWAPC_INVALID,
            "stream %s has %u partitions, --partitions says %u: give the same on every "
            "command (or, once all of it is done and all commands have ended, DEL %s on "
            "each server)",
            p->prefix, is.count, p->count, record);
    if (is.server > 0 && is.server <= c->server && c->kept[is.server - 1])
        return swapc_error_set(error, SWAPC_INVALID,
                               "%s is in --redis twice, as number %u and %u: name each server once",
                               where, is.server, c->server + 1);
    return swapc_error_set(
        error, SWAPC_INVALID,
        "%s is server %u of %u of stream %s, and in --redis it is %u of %u: give the "
        "same servers in the same order on every command (or, once all commands have "
        "ended, DEL %s on each server)",
        where, is.server, is.of, p->prefix, c->server + 1, p->servers, record);
}

/* Looks at a record without keeping one: *found, when it is there and says the same. strict: what may not be read is a
 * failure, and what is no record is refused; else, where others may have it, neither says anything. */
static enum swapc_status look(const claim *c, const char *record, bool strict, bool *found,
                              swapc_error *error) {
    char ours[RECORD_SIZE], text[RECORD_SIZE];
    redisReply *reply = NULL;
    struct record is;
    enum swapc_status status = swapci_redis_appendf(c->redis, error, "GET %s", record);
    if (status == SWAPC_OK) status = swapci_redis_get_any(c->redis, &reply, error);
    if (status != SWAPC_OK) return status;
    swapc_bytes held = swapci_reply_bytes(reply);
    record_text(c->partitions, c->server, ours);
    if (strict) status = swapci_redis_check(c->redis, reply, "the number of partitions", error);
    bool there = reply->type == REDIS_REPLY_STRING;
    if (there && (record_parse(held, text, &is) || strict) && strcmp(ours, text) != 0)
        status = differs(c, record, held, error);
    *found = there && status == SWAPC_OK;
    freeReplyObject(reply);
    return status;
}

/* Whether the stream is there as it is without partitions: then it is refused that it has any. */
static enum swapc_status refuse_plain(const claim *c, swapc_error *error) {
    const swapci_partitions *p = c->partitions;
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(c->redis, "the stream without partitions", &reply,
                                                 error, "EXISTS %s", c->plain);
    if (status != SWAPC_OK) return status;
    bool there = reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
    freeReplyObject(reply);
    if (!there) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID,
                           "stream %s has no partitions, as %s is there, and --partitions says %u: "
                           "leave --partitions out, or give another %s (or, once all of it is done "
                           "and all commands have ended, DEL %s)",
                           p->prefix, c->plain, p->count, p->option, c->plain);
}

static enum swapc_status take_back(void *user, swapc_error *error) {
    const claim *c = user;
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(c->redis, "the number of partitions", &reply,
                                                 error, "DEL %s", c->partitions->record);
    freeReplyObject(reply);
    return status;
}

/* Keeps the record, unless another was first. Then who makes the stream without partitions finds it, in his second look
 * (check_single), or is found here: then it is taken back. */
static enum swapc_status keep(claim *c, swapc_error *error) {
    const swapci_partitions *p = c->partitions;
    redisReply *reply = NULL;
    char text[RECORD_SIZE];
    bool found;
    record_text(p, c->server, text);
    enum swapc_status status = swapci_redis_call(c->redis, "the number of partitions", &reply,
                                                 error, "SET %s %s NX", p->record, text);
    if (status != SWAPC_OK) return status;
    bool first = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    if (!first) return look(c, p->record, true, &found, error);
    c->kept[c->server] = true;
    return refuse_plain(c, error);
}

/* Each command has one key: of a Redis Cluster the two may lie in different slots. */
static enum swapc_status ask(void *user, swapc_error *error) {
    claim *c = user;
    const swapci_partitions *p = c->partitions;
    bool found, other;
    if (p->count == 1) return swapci_partitions_check_single(p, c->redis, error);
    enum swapc_status status = look(c, p->record, true, &found, error);
    if (status == SWAPC_OK && !found) status = refuse_plain(c, error);
    if (status == SWAPC_OK && !found && !c->only_ask) status = keep(c, error);
    return status == SWAPC_OK ? look(c, p->twin, false, &other, error) : status;
}

static enum swapc_status ask_server(claim *c, const swapci_redis_config *config,
                                    swapci_redis_step step, swapc_error *error) {
    swapci_redis_config redis = *config;
    redis.url = c->partitions->urls[c->server];
    enum swapc_status status = swapci_redis_open(&redis, &c->redis, error);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_persist(c->redis, step, c, error);
    swapci_redis_free(c->redis);
    return status;
}

/* All are asked before one of them keeps anything, and what was kept is taken back: what is refused leaves nothing behind. */
static enum swapc_status ask_all(claim *c, bool only_ask, const swapci_redis_config *config,
                                 swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    c->only_ask = only_ask;
    for (c->server = 0; c->server < c->partitions->servers && status == SWAPC_OK; c->server++)
        status = ask_server(c, config, ask, error);
    return status;
}

enum swapc_status swapci_partitions_ask(const swapci_partitions *p, const char *plain,
                                        const swapci_redis_config *config, swapc_error *error) {
    claim c = {.partitions = p, .plain = plain};
    return ask_all(&c, true, config, error);
}

enum swapc_status swapci_partitions_claim(const swapci_partitions *p, const char *plain,
                                          const swapci_redis_config *config, swapc_error *error) {
    claim c = {.partitions = p, .plain = plain};
    enum swapc_status status = p->servers > 1 ? ask_all(&c, true, config, error) : SWAPC_OK;
    if (status == SWAPC_OK) status = ask_all(&c, false, config, error);
    const swapci_redis_config once = {.health = config->health, .stop = config->stop};
    for (c.server = 0; c.server < p->servers && status == SWAPC_INVALID; c.server++)
        if (c.kept[c.server]) (void)ask_server(&c, &once, take_back, NULL);
    return status;
}

enum swapc_status swapci_partitions_check_single(const swapci_partitions *p, swapci_redis *redis,
                                                 swapc_error *error) {
    const claim c = {.partitions = p, .redis = redis};
    bool found;
    return look(&c, p->record, false, &found, error);
}
