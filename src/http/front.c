/* What is shared: `health` and `told_ns`, under `lock`; `facts` is filled in and read under `collecting`, by
 * one of the server's threads at a time. */
#include "front.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "http_token.h"
#include "metrics.h"
#include "page.h"
#include "remotes.h"
#include "state.h"
#include "swapc/swapc.h"

enum { HANGS_MS = 10000 };

struct swapci_front {
    swapci_front_config config;
    swapci_http_server *server;
    swapci_stream_watch *watch;
    swapci_remotes *remotes;
    char token[SWAPCI_HTTP_TOKEN_MAX + 1];
    uint64_t started_ns;
    pthread_mutex_t lock;
    swapci_front_health health;
    uint64_t told_ns;
    pthread_mutex_t collecting;
    swapci_facts facts;
};

/* Under collecting. */
static void look(struct swapci_front *f) {
    swapci_facts *facts = &f->facts;
    *facts = (swapci_facts){.pid = (uint32_t)getpid()};
    snprintf(facts->role, sizeof facts->role, "%s", f->config.role);
    snprintf(facts->version, sizeof facts->version, "%s", swapc_version());
    facts->uptime_ms = (swapci_clock_monotonic_ns() - f->started_ns) / 1000000;
    pthread_mutex_lock(&f->lock);
    facts->serving = f->health.serving;
    facts->draining = f->health.draining;
    facts->redis_up = f->health.redis_up;
    facts->peer_up = f->health.peer_up;
    snprintf(facts->reason, sizeof facts->reason, "%s", f->health.reason);
    pthread_mutex_unlock(&f->lock);
    swapci_facts_read_process(&facts->process);
    facts->http = swapci_http_server_stats(f->server);
    facts->has_streams = f->watch != NULL;
    if (f->watch) swapci_stream_watch_get(f->watch, &facts->streams);
    if (f->watch && f->config.rows && f->config.place_count > 1) {
        facts->parts.count = f->config.place_count;
        f->config.rows(f->config.user, facts->parts.rows);
        swapci_facts_add_streams(f->watch, &facts->parts);
    }
    facts->controls = f->config.control && f->config.token_file;
    for (size_t i = 0; i < swapci_remotes_count(f->remotes); i++) {
        facts->remotes[i].up = swapci_remotes_up(f->remotes, i, &facts->remotes[i].address);
        facts->remote_count++;
    }
    if (f->config.collect) f->config.collect(f->config.user, facts);
}

static void say(swapci_http_reply *reply, unsigned code, const char *first, const char *second) {
    reply->code = code;
    reply->type = "text/plain; charset=utf-8";
    if (swapci_buffer_printf(&reply->body, "%s%s\n", first, second) != SWAPC_OK) reply->code = 500;
}

static void answer_live(void *user, const swapci_http_request *request, swapci_http_reply *reply) {
    struct swapci_front *f = user;
    (void)request;
    pthread_mutex_lock(&f->lock);
    uint64_t told_ns = f->told_ns;
    pthread_mutex_unlock(&f->lock);
    bool hangs = f->config.watched && told_ns &&
                 swapci_clock_monotonic_ns() - told_ns > f->config.hangs_ms * 1000000ull;
    if (hangs) say(reply, 503, "the main loop has not turned for 10 s", "");
    else say(reply, 200, "alive", "");
}

static void answer_ready(void *user, const swapci_http_request *request, swapci_http_reply *reply) {
    struct swapci_front *f = user;
    (void)request;
    pthread_mutex_lock(&f->lock);
    swapci_front_health health = f->health;
    pthread_mutex_unlock(&f->lock);
    if (health.serving) say(reply, 200, "ready", "");
    else say(reply, 503, "not ready: ", health.reason);
}

static void answer_metrics(void *user, const swapci_http_request *request,
                           swapci_http_reply *reply) {
    struct swapci_front *f = user;
    (void)request;
    reply->type = SWAPCI_METRICS_TYPE;
    pthread_mutex_lock(&f->collecting);
    look(f);
    if (swapci_metrics_write(&f->facts, &reply->body) != SWAPC_OK) reply->code = 500;
    pthread_mutex_unlock(&f->collecting);
}

/* ---- the page and what it lives on ------------------------------------------------------------ */

/* Takes document over. */
static void put_json(swapci_http_reply *reply, json_t *document) {
    char *text = document ? json_dumps(document, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (!text || swapci_buffer_append(&reply->body, swapc_bytes_str(text)) != SWAPC_OK)
        reply->code = 500;
    free(text);
    json_decref(document);
}

static json_t *own_state(struct swapci_front *f) {
    pthread_mutex_lock(&f->collecting);
    look(f);
    json_t *process = swapci_state_process(&f->facts);
    pthread_mutex_unlock(&f->collecting);
    json_object_set_new(process, "id", json_string("0"));
    json_object_set_new(process, "address", json_string(swapci_http_server_address(f->server)));
    return process;
}

static void answer_state(void *user, const swapci_http_request *request, swapci_http_reply *reply) {
    struct swapci_front *f = user;
    json_t *processes = json_array();
    (void)request;
    if (f->config.collect) json_array_append_new(processes, own_state(f));
    if (f->remotes) swapci_remotes_append(f->remotes, processes);
    put_json(reply, json_pack("{s:I, s:o}", "now_us", (json_int_t)swapci_clock_realtime_us(),
                              "processes", processes));
}

static const char *text_of(const json_t *body, const char *key) {
    const char *text = json_string_value(json_object_get(body, key));
    return text ? text : "";
}

static void act_here(struct swapci_front *f, enum swapci_swap_action action, const json_t *body,
                     swapci_http_reply *reply) {
    swapci_swap_event event = {.number = 0};
    swapc_error error = SWAPC_ERROR_INIT;
    if (!f->config.control) {
        reply->code = 404;
        put_json(reply, json_pack("{s:b, s:s}", "ok", 0, "text",
                                  "this process has no slots: swap the verifier's"));
        return;
    }
    event.action = action;
    event.status = f->config.control(f->config.user, action, text_of(body, "slot"),
                                     text_of(body, "path"), &event, &error);
    if (event.number == 0) { /* it did not come to a slot */
        snprintf(event.slot, sizeof event.slot, "%s", text_of(body, "slot"));
        snprintf(event.text, sizeof event.text, "%s", error.text);
    }
    /* A browser would call 422 an error of the page, on its console. */
    if (event.status != SWAPC_OK && !json_is_true(json_object_get(body, "page"))) reply->code = 422;
    put_json(reply, swapci_state_event(&event));
}

static void act(struct swapci_front *f, enum swapci_swap_action action, const char *path,
                const swapci_http_request *request, swapci_http_reply *reply) {
    json_t *body = json_loadb((const char *)request->body.ptr, request->body.len,
                              JSON_REJECT_DUPLICATES, NULL);
    const char *process = text_of(body, "process");
    if (!json_is_object(body)) {
        reply->code = 400;
        put_json(reply,
                 json_pack("{s:b, s:s}", "ok", 0, "text",
                           "a control is {\"process\", \"slot\", \"path\"} in JSON, each once"));
    } else if (*process == 0 || strcmp(process, "0") == 0) {
        act_here(f, action, body, reply);
    } else {
        char *id = strdup(process);
        if (id) swapci_remotes_control(f->remotes, id, path, body, request->authorization, reply);
        else reply->code = 500;
        free(id);
    }
    json_decref(body);
}

static void answer_check(void *user, const swapci_http_request *request, swapci_http_reply *reply) {
    act(user, SWAPCI_ACTION_CHECK, "/api/check", request, reply);
}

static void answer_swap(void *user, const swapci_http_request *request, swapci_http_reply *reply) {
    act(user, SWAPCI_ACTION_SWAP, "/api/swap", request, reply);
}

static void answer_rollback(void *user, const swapci_http_request *request,
                            swapci_http_reply *reply) {
    act(user, SWAPCI_ACTION_ROLLBACK, "/api/rollback", request, reply);
}

static const swapci_http_route routes[] = {
    {"/livez", SWAPCI_HTTP_PROBE, answer_live},
    {"/readyz", SWAPCI_HTTP_PROBE, answer_ready},
    {"/metrics", SWAPCI_HTTP_PROBE, answer_metrics},
    {"/", SWAPCI_HTTP_PAGE, swapci_page_index},
    {"/app.js", SWAPCI_HTTP_PAGE, swapci_page_app},
    {"/chart.js", SWAPCI_HTTP_PAGE, swapci_page_chart},
    {"/dom.js", SWAPCI_HTTP_PAGE, swapci_page_dom},
    {"/partitions.js", SWAPCI_HTTP_PAGE, swapci_page_partitions},
    {"/model.js", SWAPCI_HTTP_PAGE, swapci_page_model},
    {"/style.css", SWAPCI_HTTP_PAGE, swapci_page_style},
    {"/icon.svg", SWAPCI_HTTP_PAGE, swapci_page_icon},
    {"/api/state", SWAPCI_HTTP_DATA, answer_state},
    {"/api/events", SWAPCI_HTTP_STREAM, answer_state},
    {"/api/check", SWAPCI_HTTP_CONTROL, answer_check},
    {"/api/swap", SWAPCI_HTTP_CONTROL, answer_swap},
    {"/api/rollback", SWAPCI_HTTP_CONTROL, answer_rollback},
};

enum swapc_status swapci_front_start(const swapci_front_config *config, swapci_front **out,
                                     swapc_error *error) {
    struct swapci_front *f = calloc(1, sizeof *f);
    if (!f) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the HTTP server");
    f->config = *config;
    if (config->hangs_ms == 0) f->config.hangs_ms = HANGS_MS;
    f->started_ns = swapci_clock_monotonic_ns();
    f->health = (swapci_front_health){.redis_up = true, .reason = "it is starting"};
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_init(&f->collecting, NULL);
    const swapci_http_config server = {.address = config->address,
                                       .token = config->token_file ? f->token : NULL,
                                       .pass_on = !config->collect,
                                       .routes = routes,
                                       .route_count = sizeof routes / sizeof *routes,
                                       .user = f,
                                       .log = config->log};
    enum swapc_status status = SWAPC_OK;
    if (config->token_file) status = swapci_http_token_load(config->token_file, f->token, error);
    if (status == SWAPC_OK && config->remote_count > 0)
        status = swapci_remotes_start(config->remotes, config->remote_count, &f->remotes, error);
    if (status == SWAPC_OK && config->places)
        status = swapci_stream_watch_start_all(config->places, config->place_count, config->owners,
                                               &f->watch, error);
    else if (status == SWAPC_OK && config->redis)
        status = swapci_stream_watch_start(config->redis, config->names, &f->watch, error);
    if (status == SWAPC_OK) status = swapci_http_server_start(&server, &f->server, error);
    if (status != SWAPC_OK) {
        swapci_front_stop(f);
        return status;
    }
    *out = f;
    return SWAPC_OK;
}

void swapci_front_tell(swapci_front *front, const swapci_front_health *health) {
    pthread_mutex_lock(&front->lock);
    front->health = *health;
    front->told_ns = swapci_clock_monotonic_ns();
    pthread_mutex_unlock(&front->lock);
}

const char *swapci_front_address(const swapci_front *front) {
    return swapci_http_server_address(front->server);
}

const char *swapci_front_socket(const swapci_front *front) {
    return swapci_http_server_socket(front->server);
}

swapci_stream_watch *swapci_front_watch(const swapci_front *front) {
    return front->watch;
}

void swapci_front_stop(swapci_front *front) {
    if (!front) return;
    swapci_http_server_stop(front->server);
    swapci_remotes_stop(front->remotes);
    swapci_stream_watch_stop(front->watch);
    pthread_mutex_destroy(&front->lock);
    pthread_mutex_destroy(&front->collecting);
    free(front);
}
