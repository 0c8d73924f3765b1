/* What is shared: `health` and `told_ns`, under `lock`; `facts` is filled in and read under `collecting`, by
 * one of the server's threads at a time. */
#include "front.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "metrics.h"
#include "swapc/swapc.h"

enum { HANGS_MS = 10000 };

struct swapci_front {
    swapci_front_config config;
    swapci_http_server *server;
    swapci_stream_watch *watch;
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
    f->config.collect(f->config.user, facts);
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
                 swapci_clock_monotonic_ns() - told_ns > HANGS_MS * 1000000ull;
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

static const swapci_http_route routes[] = {
    {"/livez", SWAPCI_HTTP_PROBE, answer_live},
    {"/readyz", SWAPCI_HTTP_PROBE, answer_ready},
    {"/metrics", SWAPCI_HTTP_PROBE, answer_metrics},
};

enum swapc_status swapci_front_start(const swapci_front_config *config, swapci_front **out,
                                     swapc_error *error) {
    struct swapci_front *f = calloc(1, sizeof *f);
    if (!f) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the HTTP server");
    f->config = *config;
    f->started_ns = swapci_clock_monotonic_ns();
    f->health = (swapci_front_health){.redis_up = true, .reason = "it is starting"};
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_init(&f->collecting, NULL);
    const swapci_http_config server = {.address = config->address,
                                       .routes = routes,
                                       .route_count = sizeof routes / sizeof *routes,
                                       .user = f,
                                       .log = config->log};
    enum swapc_status status = SWAPC_OK;
    if (config->redis)
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

void swapci_front_stop(swapci_front *front) {
    if (!front) return;
    swapci_http_server_stop(front->server);
    swapci_stream_watch_stop(front->watch);
    pthread_mutex_destroy(&front->lock);
    pthread_mutex_destroy(&front->collecting);
    free(front);
}
