/* What is shared: `sum`, and of each place `facts` and `owner`, with their `at_ns`, under
 * `lock`, and `stop`. The connections, and what is `asked` of a place, are the thread's own; the
 * rest is not changed. */
#include "stream_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "redis_reply.h"
#include "redis_url.h"

struct place {
    char *url, shown[SWAPCI_STREAM_WATCH_TEXT_MAX];
    swapci_stream_names names;
    swapci_redis *redis; /* NULL: not connected, or that of `same` is used */
    bool silent;         /* it did not answer in this round */
    unsigned same;       /* the first place of this server */
    swapci_stream_facts asked, facts;
    char asked_owner[SWAPCI_STREAM_WATCH_TEXT_MAX], owner[SWAPCI_STREAM_WATCH_TEXT_MAX];
    uint64_t at_ns; /* 0: nothing is known */
};

struct swapci_stream_watch {
    struct place *places;
    unsigned count;
    char *owners; /* NULL: nobody has them */
    atomic_int stop;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, and the places' */
    swapci_stream_facts sum;
    uint64_t at_ns; /* 0: nothing is known */
};

static const swapci_stream_facts unknown = {
    SWAPCI_STREAM_UNKNOWN, SWAPCI_STREAM_UNKNOWN, SWAPCI_STREAM_UNKNOWN, SWAPCI_STREAM_UNKNOWN,
    SWAPCI_STREAM_UNKNOWN, SWAPCI_STREAM_UNKNOWN, SWAPCI_STREAM_UNKNOWN, SWAPCI_STREAM_UNKNOWN};

static uint64_t number_of(const redisReply *reply) {
    return reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0 ? (uint64_t)reply->integer
                                                                     : SWAPCI_STREAM_UNKNOWN;
}

static void take_pending(const redisReply *reply, swapci_stream_facts *out) {
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
        out->pending = number_of(reply->element[0]);
}

/* The field of a flat list of names and values. */
static uint64_t field(const redisReply *row, const char *name) {
    for (size_t i = 0; i + 1 < row->elements; i += 2)
        if (row->element[i]->type == REDIS_REPLY_STRING && strcmp(row->element[i]->str, name) == 0)
            return number_of(row->element[i + 1]);
    return SWAPCI_STREAM_UNKNOWN;
}

static bool is_our_group(const redisReply *row, const char *group) {
    for (size_t i = 0; row->type == REDIS_REPLY_ARRAY && i + 1 < row->elements; i += 2)
        if (row->element[i]->type == REDIS_REPLY_STRING &&
            strcmp(row->element[i]->str, "name") == 0)
            return row->element[i + 1]->type == REDIS_REPLY_STRING &&
                   strcmp(row->element[i + 1]->str, group) == 0;
    return false;
}

static void take_groups(const redisReply *reply, const char *group, swapci_stream_facts *out) {
    if (reply->type != REDIS_REPLY_ARRAY) return;
    for (size_t i = 0; i < reply->elements; i++) {
        if (!is_our_group(reply->element[i], group)) continue;
        uint64_t read = field(reply->element[i], "entries-read");
        out->lag = field(reply->element[i], "lag");
        if (read != SWAPCI_STREAM_UNKNOWN && out->lag != SWAPCI_STREAM_UNKNOWN)
            out->added = read + out->lag;
    }
}

static void take_memory(const redisReply *reply, swapci_stream_facts *out) {
    static const char name[] = "used_memory:";
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_VERB) return;
    const char *at = strstr(reply->str, name);
    if (at) out->used_memory_bytes = strtoull(at + sizeof name - 1, NULL, 10);
}

/* In the order of the commands. */
static void take(unsigned which, const redisReply *reply, const char *group,
                 swapci_stream_facts *out) {
    switch (which) {
    case 0:
        out->messages = number_of(reply);
        break;
    case 1:
        out->verdicts = number_of(reply);
        break;
    case 2:
        out->dead = number_of(reply);
        break;
    case 3:
        take_pending(reply, out);
        break;
    case 4:
        take_groups(reply, group, out);
        break;
    default:
        take_memory(reply, out);
    }
}

/* memory: of the server too, which takes it longer than all the rest. */
static enum swapc_status ask(const swapci_stream_names *n, swapci_redis *redis, bool memory,
                             swapci_stream_facts *out) {
    const unsigned commands = memory ? 6 : 5;
    *out = unknown;
    enum swapc_status status = swapci_redis_appendf(redis, NULL, "XLEN %s", n->messages);
    if (status == SWAPC_OK) status = swapci_redis_appendf(redis, NULL, "XLEN %s", n->verdicts);
    if (status == SWAPC_OK) status = swapci_redis_appendf(redis, NULL, "XLEN %s", n->dead);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(redis, NULL, "XPENDING %s %s", n->messages, n->group);
    if (status == SWAPC_OK)
        status = swapci_redis_appendf(redis, NULL, "XINFO GROUPS %s", n->messages);
    if (status == SWAPC_OK && memory) status = swapci_redis_appendf(redis, NULL, "INFO memory");
    for (unsigned i = 0; i < commands && status == SWAPC_OK; i++) {
        redisReply *reply;
        status = swapci_redis_get_any(redis, &reply, NULL);
        if (status != SWAPC_OK) break;
        take(i, reply, n->group, out);
        freeReplyObject(reply);
    }
    return status;
}

static void add(uint64_t *sum, uint64_t one) {
    *sum = *sum == SWAPCI_STREAM_UNKNOWN || one == SWAPCI_STREAM_UNKNOWN ? SWAPCI_STREAM_UNKNOWN
                                                                         : *sum + one;
}

/* memory: it is another server's than those before. */
static void add_facts(swapci_stream_facts *sum, const swapci_stream_facts *one, bool memory) {
    add(&sum->messages, one->messages);
    add(&sum->lag, one->lag);
    add(&sum->pending, one->pending);
    add(&sum->added, one->added);
    add(&sum->verdicts, one->verdicts);
    add(&sum->dead, one->dead);
    if (memory) add(&sum->used_memory_bytes, one->used_memory_bytes);
}

/* A server that does not answer is asked once in a round, and not for each of its places. */
static enum swapc_status ask_place(struct swapci_stream_watch *w, unsigned i) {
    struct place *place = &w->places[i], *server = &w->places[place->same];
    const swapci_redis_config config = {.url = server->url, .answer_ms = 2000, .stop = &w->stop};
    place->asked = unknown;
    if (server->silent) return SWAPC_UNREACHABLE;
    enum swapc_status status =
        server->redis ? SWAPC_OK : swapci_redis_open(&config, &server->redis, NULL);
    if (status == SWAPC_OK)
        status = ask(&place->names, server->redis, place->same == i, &place->asked);
    if (status == SWAPC_OK) return status;
    place->asked = unknown;
    server->silent = true;
    swapci_redis_free(server->redis);
    server->redis = NULL;
    return status;
}

/* Of "p:K" and "CONSUMER/16 hex digits". */
static void take_owner(struct swapci_stream_watch *w, const redisReply *key,
                       const redisReply *member) {
    if (key->type != REDIS_REPLY_STRING || member->type != REDIS_REPLY_STRING) return;
    if (strncmp(key->str, "p:", 2) != 0) return;
    unsigned long k = strtoul(key->str + 2, NULL, 10);
    const char *end = strrchr(member->str, '/');
    if (k >= w->count || !end) return;
    struct place *place = &w->places[k];
    snprintf(place->asked_owner, sizeof place->asked_owner, "%.*s", (int)(end - member->str),
             member->str);
}

static void ask_owners(struct swapci_stream_watch *w) {
    swapci_redis *redis = w->places[0].redis;
    redisReply *reply = NULL;
    for (unsigned i = 0; i < w->count; i++) w->places[i].asked_owner[0] = 0;
    if (!w->owners || !redis || w->places[0].silent) return;
    enum swapc_status status = swapci_redis_appendf(redis, NULL, "HGETALL %s", w->owners);
    if (status == SWAPC_OK) status = swapci_redis_get_any(redis, &reply, NULL);
    if (status != SWAPC_OK) return; /* the next round connects anew */
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
        take_owner(w, reply->element[i], reply->element[i + 1]);
    freeReplyObject(reply);
}

/* What was asked is there for others at once. */
static void publish(struct swapci_stream_watch *w, const swapci_stream_facts *sum) {
    uint64_t now = swapci_clock_monotonic_ns();
    pthread_mutex_lock(&w->lock);
    w->sum = sum ? *sum : unknown;
    w->at_ns = sum ? now : 0;
    for (unsigned i = 0; i < w->count; i++) {
        struct place *place = &w->places[i];
        bool known = !w->places[place->same].silent;
        place->facts = place->asked;
        place->at_ns = known ? now : 0;
        memcpy(place->owner, place->asked_owner, sizeof place->owner);
    }
    pthread_mutex_unlock(&w->lock);
}

static void ask_all(struct swapci_stream_watch *w) {
    swapci_stream_facts sum = {.messages = 0};
    bool whole = true;
    for (unsigned i = 0; i < w->count; i++) w->places[i].silent = false;
    for (unsigned i = 0; i < w->count && !atomic_load(&w->stop); i++) {
        whole = ask_place(w, i) == SWAPC_OK && whole;
        if (whole) add_facts(&sum, &w->places[i].asked, w->places[i].same == i);
    }
    ask_owners(w);
    publish(w, whole ? &sum : NULL);
}

static void *watch(void *user) {
    struct swapci_stream_watch *w = user;
    while (!atomic_load(&w->stop)) {
        ask_all(w);
        swapci_redis_sleep(&w->stop, SWAPCI_STREAM_WATCH_MS, NULL);
    }
    return NULL;
}

static void free_watch(struct swapci_stream_watch *w) {
    if (!w) return;
    for (unsigned i = 0; i < w->count && w->places; i++) {
        swapci_redis_free(w->places[i].redis);
        free(w->places[i].url);
    }
    free(w->places);
    free(w->owners);
    free(w);
}

static void show(struct place *place) {
    swapci_redis_url url;
    if (swapci_redis_url_parse(place->url, &url, NULL) != SWAPC_OK) return;
    snprintf(place->shown, sizeof place->shown, "%.127s", url.shown);
}

static struct swapci_stream_watch *watch_new(const swapci_stream_place *places, unsigned count,
                                             const char *owners) {
    struct swapci_stream_watch *w = calloc(1, sizeof *w);
    bool whole = w && (w->places = calloc(count, sizeof *w->places));
    if (w) w->count = count;
    if (whole && owners) whole = (w->owners = strdup(owners)) != NULL;
    for (unsigned i = 0; i < count && whole; i++) {
        struct place *p = &w->places[i];
        p->names = places[i].names;
        while (strcmp(places[p->same].url, places[i].url) != 0) p->same++;
        p->facts = unknown;
        whole = (p->url = strdup(places[i].url)) != NULL;
        if (whole) show(p);
    }
    if (whole) return w;
    free_watch(w);
    return NULL;
}

enum swapc_status swapci_stream_watch_start_all(const swapci_stream_place *places, unsigned count,
                                                const char *owners, swapci_stream_watch **out,
                                                swapc_error *error) {
    struct swapci_stream_watch *w = watch_new(places, count, owners);
    if (!w) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to watch the streams");
    w->sum = unknown;
    pthread_mutex_init(&w->lock, NULL);
    int failed = pthread_create(&w->thread, NULL, watch, w);
    if (failed) {
        pthread_mutex_destroy(&w->lock);
        free_watch(w);
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot watch the streams");
    }
    *out = w;
    return SWAPC_OK;
}

enum swapc_status swapci_stream_watch_start(const swapci_redis_config *redis,
                                            const swapci_stream_names *names,
                                            swapci_stream_watch **out, swapc_error *error) {
    const swapci_stream_place place = {redis->url, *names};
    return swapci_stream_watch_start_all(&place, 1, NULL, out, error);
}

/* Under the lock. */
static uint64_t age_ms(uint64_t at_ns) {
    return at_ns ? (swapci_clock_monotonic_ns() - at_ns) / 1000000 : SWAPCI_STREAM_UNKNOWN;
}

void swapci_stream_watch_get(swapci_stream_watch *watch, swapci_stream_facts *out) {
    pthread_mutex_lock(&watch->lock);
    *out = watch->sum;
    out->age_ms = age_ms(watch->at_ns);
    pthread_mutex_unlock(&watch->lock);
}

void swapci_stream_watch_get_one(swapci_stream_watch *watch, unsigned k, swapci_stream_facts *out,
                                 char server[SWAPCI_STREAM_WATCH_TEXT_MAX],
                                 char owner[SWAPCI_STREAM_WATCH_TEXT_MAX]) {
    const struct place *place = &watch->places[k];
    pthread_mutex_lock(&watch->lock);
    *out = place->facts;
    out->age_ms = age_ms(place->at_ns);
    out->used_memory_bytes = SWAPCI_STREAM_UNKNOWN;
    memcpy(server, place->shown, sizeof place->shown);
    memcpy(owner, place->owner, sizeof place->owner);
    pthread_mutex_unlock(&watch->lock);
}

void swapci_stream_watch_stop(swapci_stream_watch *watch) {
    if (!watch) return;
    atomic_store(&watch->stop, 1);
    pthread_join(watch->thread, NULL);
    pthread_mutex_destroy(&watch->lock);
    free_watch(watch);
}
