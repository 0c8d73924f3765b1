/* What is shared: what was last heard of each remote, under `lock`, which is not held while one is asked;
 * `stop`, on which the thread sleeps. Addresses are const. */
#include "remotes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http_client.h"
#include "signal_mask.h"

enum { PERIOD_MS = 1000, ANSWER_MAX = 4 << 20 };

struct remote {
    char *address;
    json_t *processes; /* last heard; NULL: never */
    char gone[512];    /* why it does not answer; "": it does */
};

struct swapci_remotes {
    pthread_t thread;
    bool started, stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t count;
    struct remote rows[];
};

static void take(struct swapci_remotes *remotes, struct remote *r, json_t *document,
                 const char *gone) {
    json_t *processes = json_incref(json_object_get(document, "processes"));
    pthread_mutex_lock(&remotes->lock);
    if (json_is_array(processes)) {
        json_decref(r->processes);
        r->processes = json_incref(processes);
        gone = "";
    }
    snprintf(r->gone, sizeof r->gone, "%s", gone);
    pthread_mutex_unlock(&remotes->lock);
    json_decref(processes);
}

static void ask(struct swapci_remotes *remotes, struct remote *r) {
    const swapci_http_call call = {.address = r->address,
                                   .method = "GET",
                                   .path = "/api/state",
                                   .timeout_ms = SWAPCI_REMOTE_ASK_MS,
                                   .answer_max = ANSWER_MAX};
    swapci_buffer body = SWAPCI_BUFFER_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    unsigned code = 0;
    json_t *document = NULL;
    enum swapc_status status = swapci_http_call_do(&call, &code, &body, &error);
    if (status == SWAPC_OK && code == 200)
        document = json_loadb((const char *)body.ptr, body.len, 0, NULL);
    if (status == SWAPC_OK && !document)
        swapc_error_set(&error, SWAPC_PROTOCOL, "%s answers with code %u: is it a swapc --http?",
                        r->address, code);
    take(remotes, r, document, error.text);
    json_decref(document);
    swapci_buffer_fini(&body);
}

/* Returns false when it is time to end. */
static bool pause_between(struct swapci_remotes *remotes) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PERIOD_MS / 1000;
    pthread_mutex_lock(&remotes->lock);
    while (!remotes->stop && pthread_cond_timedwait(&remotes->wake, &remotes->lock, &until) == 0);
    bool on = !remotes->stop;
    pthread_mutex_unlock(&remotes->lock);
    return on;
}

static void *watch(void *user) {
    struct swapci_remotes *remotes = user;
    do
        for (size_t i = 0; i < remotes->count; i++) ask(remotes, &remotes->rows[i]);
    while (pause_between(remotes));
    return NULL;
}

enum swapc_status swapci_remotes_start(const char *const *addresses, size_t count,
                                       swapci_remotes **out, swapc_error *error) {
    struct swapci_remotes *remotes = calloc(1, sizeof *remotes + count * sizeof *remotes->rows);
    pthread_condattr_t clock;
    sigset_t before;
    bool whole = remotes != NULL;
    if (!remotes) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the processes");
    pthread_mutex_init(&remotes->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&remotes->wake, &clock);
    pthread_condattr_destroy(&clock);
    for (size_t i = 0; i < count; i++) {
        remotes->rows[i].address = strdup(addresses[i]);
        snprintf(remotes->rows[i].gone, sizeof remotes->rows[i].gone, "not asked yet");
        whole &= remotes->rows[i].address != NULL;
        remotes->count++;
    }
    swapci_signal_mask_all(&before);
    remotes->started = whole && pthread_create(&remotes->thread, NULL, watch, remotes) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!remotes->started) {
        swapci_remotes_stop(remotes);
        return swapc_error_set(error, SWAPC_SYSTEM, "cannot start the thread that asks processes");
    }
    *out = remotes;
    return SWAPC_OK;
}

static void append_one(const struct remote *r, size_t number, const json_t *process,
                       json_t *processes) {
    const char *id = json_string_value(json_object_get(process, "id"));
    const char *place = json_string_value(json_object_get(process, "address"));
    char text[64];
    json_t *copy = process ? json_copy((json_t *)(uintptr_t)process) : json_object();
    snprintf(text, sizeof text, "%zu/%.40s", number, id ? id : "0");
    json_object_set_new(copy, "id", json_string(text));
    json_object_set_new(copy, "address", json_string(place && *place ? place : r->address));
    if (r->gone[0]) json_object_set_new(copy, "gone", json_string(r->gone));
    json_array_append_new(processes, copy);
}

void swapci_remotes_append(swapci_remotes *remotes, json_t *processes) {
    pthread_mutex_lock(&remotes->lock);
    for (size_t i = 0; i < remotes->count; i++) {
        const struct remote *r = &remotes->rows[i];
        size_t index;
        json_t *process;
        if (json_array_size(r->processes) == 0) append_one(r, i + 1, NULL, processes);
        json_array_foreach(r->processes, index, process) append_one(r, i + 1, process, processes);
    }
    pthread_mutex_unlock(&remotes->lock);
}

size_t swapci_remotes_count(const swapci_remotes *remotes) {
    return remotes ? remotes->count : 0;
}

bool swapci_remotes_up(swapci_remotes *remotes, size_t index, const char **address) {
    *address = remotes->rows[index].address;
    pthread_mutex_lock(&remotes->lock);
    bool up = remotes->rows[index].gone[0] == 0;
    pthread_mutex_unlock(&remotes->lock);
    return up;
}

static void fail(swapci_http_reply *reply, unsigned code, const char *text) {
    reply->code = code;
    json_t *object = json_pack("{s:b, s:s}", "ok", 0, "text", text);
    char *dump = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (dump) (void)swapci_buffer_append(&reply->body, swapc_bytes_str(dump));
    free(dump);
    json_decref(object);
}

void swapci_remotes_control(swapci_remotes *remotes, const char *id, const char *path, json_t *body,
                            const char *authorization, swapci_http_reply *reply) {
    char *rest = NULL;
    size_t number = strtoul(id, &rest, 10);
    if (number == 0 || number > swapci_remotes_count(remotes) || *rest != '/') {
        fail(reply, 404, "there is no such process");
        return;
    }
    json_object_set_new(body, "process", json_string(rest + 1));
    char *text = json_dumps(body, JSON_COMPACT);
    swapc_error error = SWAPC_ERROR_INIT;
    const swapci_http_call call = {.address = remotes->rows[number - 1].address,
                                   .method = "POST",
                                   .path = path,
                                   .authorization = authorization,
                                   .body = swapc_bytes_str(text ? text : ""),
                                   .timeout_ms = SWAPCI_REMOTE_CONTROL_MS,
                                   .answer_max = ANSWER_MAX};
    if (swapci_http_call_do(&call, &reply->code, &reply->body, &error) != SWAPC_OK) {
        swapci_buffer_clear(&reply->body);
        fail(reply, 502, error.text);
    }
    free(text);
}

void swapci_remotes_stop(swapci_remotes *remotes) {
    if (!remotes) return;
    pthread_mutex_lock(&remotes->lock);
    remotes->stop = true;
    pthread_cond_signal(&remotes->wake);
    pthread_mutex_unlock(&remotes->lock);
    if (remotes->started) pthread_join(remotes->thread, NULL);
    for (size_t i = 0; i < remotes->count; i++) {
        free(remotes->rows[i].address);
        json_decref(remotes->rows[i].processes);
    }
    pthread_cond_destroy(&remotes->wake);
    pthread_mutex_destroy(&remotes->lock);
    free(remotes);
}
