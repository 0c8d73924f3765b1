#include "service.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

#include "cli.h"
#include "clock.h"
#include "descriptors.h"
#include "health_service.h"
#include "log_limit.h"
#include "notify.h"
#include "partition_rows.h"
#include "reason.h"
#include "reflection_service.h"
#include "rpc_runtime.h"
#include "rpc_server.h"
#include "rpc_uv.h"
#include "signals.h"

enum {
    TICK_MS = 100,
    GRACE_MS = 300,
    RATE_TICKS = 50,
    PART_TICKS = 10,
    PART_LOOKS = 6,
    SAY_MS = 5000,
    COMPLAIN_MS = 10000,
    DESCRIPTORS = 24 /* of libuv, gRPC, the HTTP server, and some that ask */
};

/* What is kept of partitions. */
struct parts {
    swapci_control_partitions now; /* by the last tick, without what Redis knows */
    uint64_t done[PART_LOOKS][SWAPCI_CONTROL_PARTITION_ROWS]; /* a circle: one a second */
    uint64_t at_ns[PART_LOOKS];
    unsigned looks;
    swapci_stream_watch *watch; /* once somebody has asked, and there is no front's */
};

struct frame {
    const struct swapci_service *service;
    uv_loop_t loop;
    uv_async_t signalled;
    uv_timer_t tick;
    swapci_rpc_server *server;
    swapci_health_service *health;
    swapci_rpc_uv *joint;
    swapci_control_service control;
    char *socket; /* NULL: none was made */
    swapci_front *front;
    char *http_socket; /* NULL: none was made */
    swapci_notify notify;
    struct parts *parts; /* NULL: there are none */

    /* How things stand, by the last tick. */
    struct swapci_service_view view;
    bool serving, peer_seen, lonely_said, full_said;
    char reason[SWAPCI_CONTROL_REASON_MAX];
    char reason_log[SWAPCI_CONTROL_REASON_MAX];  /* the same for the log */
    char reason_told[SWAPCI_CONTROL_REASON_MAX]; /* … which was told this */
    uint64_t reason_ns;                          /* since when reason_log is so */
    swapci_log_limit health_limit;
    uint64_t lonely_ns, full_ns; /* since when; 0: not */
    uint64_t errors_said, keys_said, complained_ns;
    uint64_t done[RATE_TICKS]; /* a circle */
    unsigned ticks;
};

bool swapci_service_bind_parent(pid_t parent) {
    if (parent == 0) return true;
    /* In this order: a parent that dies before the call is seen by the check after it. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == parent;
}

/* Asked once or more, by a signal or through gRPC: the work is told once. */
static void drain(void *user) {
    struct frame *f = user;
    if (f->control.draining) return;
    f->control.draining = true;
    swapci_signals_end(); /* where gRPC asked for it, what hangs is waited for no longer than after a signal */
    if (f->health) swapci_health_service_drain(f->health);
    swapci_notify_stopping(&f->notify);
    f->service->stop(f->service->user);
}

static void on_signalled(uv_async_t *handle) {
    drain(handle->data);
}

/* On the watching thread. */
static void tell(void *user) {
    struct frame *f = user;
    uv_async_send(&f->signalled);
}

static void say(const struct frame *f, enum swapc_log_level level, const char *text) {
    swapc_log_write(&f->service->log, level, f->service->role, "%s", text);
}

static void set_health(struct frame *f, bool serving) {
    static const char *const always[] = {"", "swapc.control.v1.Control", NULL};
    for (int i = 0; f->health && always[i]; i++)
        swapci_health_service_set(f->health, always[i], serving);
    if (f->health) swapci_health_service_set(f->health, f->service->health_name, serving);
}

void swapci_service_view_redis(struct swapci_service_view *view,
                               const swapci_redis_health *health) {
    view->redis = swapci_redis_up(health);
    (void)swapci_redis_refuses(health, view->denied, sizeof view->denied);
}

/* Which partitions are hindered, and what the first one is hindered by; for the log, which was told what was refused when it was, without
 * that. Returns false: none is. */
static bool name_hindered(const struct frame *f, bool for_log,
                          char out[SWAPCI_CONTROL_REASON_MAX]) {
    const struct parts *parts = f->parts;
    bool hindered[SWAPCI_PARTITIONS_MAX] = {false};
    char list[SWAPCI_CONTROL_PARTITIONS_MAX / 2];
    const swapci_control_partition *first = NULL;
    bool several = false;
    for (size_t k = 0; k < parts->now.count; k++) {
        const swapci_control_partition *row = &parts->now.rows[k];
        hindered[k] = row->why[0] != 0;
        several |= hindered[k] && first;
        if (hindered[k] && !first) first = row;
    }
    if (!first) return false;
    swapci_control_partition told = *first;
    if (for_log && told.silent)
        swapci_partition_row_silent(&told, f->service->places[told.number].url);
    swapci_partition_list(hindered, list, sizeof list);
    if (several)
        snprintf(out, SWAPCI_CONTROL_REASON_MAX, "partitions %s are hindered; %u: %s", list,
                 told.number, told.why);
    else snprintf(out, SWAPCI_CONTROL_REASON_MAX, "partition %s is hindered: %s", list, told.why);
    return true;
}

/* Why this process is not to be used now; "" when it is. A peer that never was there and never was
 * needed is not missed. for_log: as above. */
static void judge_health(const struct frame *f, bool for_log, char out[SWAPCI_CONTROL_REASON_MAX]) {
    const struct swapci_service *s = f->service;
    bool missed = !f->view.peer && (f->peer_seen || f->view.done > 0 || f->view.full);
    out[0] = 0;
    if (f->control.draining) snprintf(out, SWAPCI_CONTROL_REASON_MAX, "it is ending");
    else if (f->parts && name_hindered(f, for_log, out)) return;
    else if (!f->view.redis)
        snprintf(out, SWAPCI_CONTROL_REASON_MAX, "%s",
                 f->view.denied[0] && !for_log ? f->view.denied
                                               : "Redis does not answer, or refuses what is asked");
    else if (f->view.refused[0]) snprintf(out, SWAPCI_CONTROL_REASON_MAX, "%s", f->view.refused);
    else if (f->view.standby)
        snprintf(out, SWAPCI_CONTROL_REASON_MAX,
                 "another %s has its consumer's name: give each its own --consumer", s->role);
    else if (f->view.hindered)
        snprintf(out, SWAPCI_CONTROL_REASON_MAX, "messages cannot be judged: its log says why");
    else if (missed)
        snprintf(out, SWAPCI_CONTROL_REASON_MAX, "no %s is on the %s: start swapc %s %s there",
                 s->peer, s->place, s->peer, s->join);
}

static void follow_health(struct frame *f, uint64_t now) {
    char reason[SWAPCI_CONTROL_REASON_MAX], line[SWAPCI_CONTROL_REASON_MAX + 32];
    judge_health(f, false, f->reason);
    judge_health(f, true, reason);
    bool serving = !reason[0];
    if (strcmp(reason, f->reason_log) != 0) f->reason_ns = now;
    if (strcmp(reason, f->reason_told) != 0 && !f->control.draining &&
        swapci_log_limit_may(&f->health_limit, now, f->reason_ns)) {
        snprintf(line, sizeof line, serving ? "serving again" : "not serving: %s", reason);
        say(f, serving ? SWAPC_LOG_INFO : SWAPC_LOG_WARN, line);
        memcpy(f->reason_told, reason, sizeof reason);
    }
    memcpy(f->reason_log, reason, sizeof reason);
    f->serving = serving;
    set_health(f, serving);
}

/* Says once that something lasts; *since is 0 while it does not. */
static void say_if_it_lasts(struct frame *f, bool lasts, uint64_t now, uint64_t *since, bool *said,
                            const char *text) {
    if (!lasts) *since = *said = 0;
    else if (*since == 0) *since = now;
    if (*since == 0 || *said || now - *since < SAY_MS * 1000000ull) return;
    *said = true;
    say(f, SWAPC_LOG_WARN, text);
}

static void follow_waits(struct frame *f, uint64_t now) {
    const struct swapci_service *s = f->service;
    char text[256];
    snprintf(text, sizeof text, "waiting for a %s on the %s for 5 s: swapc %s %s is one", s->peer,
             s->place, s->peer, s->join);
    say_if_it_lasts(f, !f->view.peer && f->view.redis, now, &f->lonely_ns, &f->lonely_said, text);
    snprintf(text, sizeof text,
             "waiting for room on the %s for 5 s: the %s takes less than there is", s->place,
             s->peer);
    say_if_it_lasts(f, f->view.full && f->view.peer, now, &f->full_ns, &f->full_said, text);
}

/* At most one line in COMPLAIN_MS. */
static void follow_verdicts(struct frame *f, uint64_t now) {
    const struct swapci_service_view *v = &f->view;
    char text[384];
    uint64_t errors = v->errors - f->errors_said, keys = v->unknown_keys - f->keys_said;
    if (errors + keys == 0 ||
        (f->complained_ns && now - f->complained_ns < COMPLAIN_MS * 1000000ull))
        return;
    f->complained_ns = now;
    f->errors_said = v->errors;
    f->keys_said = v->unknown_keys;
    if (errors > 0)
        snprintf(text, sizeof text, "%llu more %s, the last one for: %s: %s",
                 (unsigned long long)errors,
                 f->service->errors_are ? f->service->errors_are : "verdicts are Error",
                 v->last_error, swapci_reason_remedy(v->last_error));
    else
        snprintf(text, sizeof text,
                 "%llu more verdicts are NotValid because their key is unknown: %s",
                 (unsigned long long)keys, swapci_reason_remedy(SWAPCI_REASON_UNKNOWN_KEY));
    say(f, SWAPC_LOG_WARN, text);
}

static void tell_front(const struct frame *f) {
    swapci_front_health health = {.serving = f->serving && !f->control.draining,
                                  .draining = f->control.draining,
                                  .redis_up = f->view.redis,
                                  .peer_up = f->view.peer};
    if (!f->front) return;
    memcpy(health.reason, f->reason, sizeof health.reason);
    swapci_front_tell(f->front, &health);
}

static void tell_manager(struct frame *f, uint64_t now) {
    char text[SWAPCI_CONTROL_REASON_MAX + 16];
    snprintf(text, sizeof text, "%s%s", f->serving ? "serving" : "not serving: ", f->reason);
    swapci_notify_turn(&f->notify, now, f->serving && !f->control.draining, text);
}

static void look_at_parts(struct frame *f, uint64_t now) {
    struct parts *p = f->parts;
    f->service->rows(f->service->user, p->now.rows);
    for (size_t k = 0; k < p->now.count; k++) f->view.redis &= !p->now.rows[k].silent;
    if (f->ticks % PART_TICKS != 0) return;
    unsigned at = p->looks++ % PART_LOOKS;
    p->at_ns[at] = now;
    for (size_t k = 0; k < p->now.count; k++) p->done[at][k] = p->now.rows[k].done;
}

static void look_around(struct frame *f) {
    uint64_t now = swapci_clock_monotonic_ns();
    f->view = (struct swapci_service_view){.redis = true, .peer = true};
    f->service->look(f->service->user, &f->view);
    f->peer_seen |= f->view.peer;
    if (f->parts) look_at_parts(f, now);
    f->done[f->ticks++ % RATE_TICKS] = f->view.done;
    follow_health(f, now);
    follow_waits(f, now);
    follow_verdicts(f, now);
    tell_front(f);
    tell_manager(f, now);
}

static void frame_status(void *user, swapci_control_status *out) {
    const struct frame *f = user;
    unsigned last = f->ticks ? (f->ticks - 1) % RATE_TICKS : 0;
    unsigned first = f->ticks >= RATE_TICKS ? f->ticks % RATE_TICKS : 0;
    unsigned span = f->ticks >= RATE_TICKS ? RATE_TICKS - 1 : f->ticks ? f->ticks - 1 : 0;
    if (span > 0)
        out->rate_per_s = (double)(f->done[last] - f->done[first]) * 1000 / (span * TICK_MS);
    out->serving = f->serving && !f->control.draining;
    out->redis_up = f->view.redis;
    out->peer_up = f->view.peer;
    snprintf(out->reason, sizeof out->reason, "%s",
             f->control.draining ? "it is ending" : f->reason);
}

/* The watch is begun by the first who asks, who does not wait for it: he asks again. */
static swapci_stream_watch *watch_of(struct frame *f) {
    const struct swapci_service *s = f->service;
    if (f->front) return swapci_front_watch(f->front);
    if (!f->parts->watch)
        (void)swapci_stream_watch_start_all(s->places, s->place_count, s->owners, &f->parts->watch,
                                            NULL);
    return f->parts->watch;
}

static void frame_partitions(void *user, swapci_control_partitions *out) {
    struct frame *f = user;
    const struct parts *p = f->parts;
    if (!p) return;
    uint64_t now = swapci_clock_monotonic_ns();
    unsigned first = p->looks < PART_LOOKS ? 0 : p->looks % PART_LOOKS;
    *out = p->now;
    f->service->rows(f->service->user, out->rows);
    for (size_t k = 0; p->looks > 0 && now > p->at_ns[first] && k < out->count; k++)
        out->rows[k].rate_per_s =
            (double)(out->rows[k].done - p->done[first][k]) * 1e9 / (double)(now - p->at_ns[first]);
    swapci_stream_watch *watch = watch_of(f);
    if (watch) swapci_facts_add_streams(watch, out);
}

static void on_tick(uv_timer_t *handle) {
    struct frame *f = handle->data;
    look_around(f);
    if (f->service->ended(f->service->user)) uv_stop(&f->loop);
}

static void start_watching(struct frame *f) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_notify_open(&f->notify, &error) != SWAPC_OK) say(f, SWAPC_LOG_WARN, error.text);
    uv_loop_init(&f->loop);
    uv_async_init(&f->loop, &f->signalled, on_signalled);
    uv_timer_init(&f->loop, &f->tick);
    f->signalled.data = f->tick.data = f;
    uv_timer_start(&f->tick, on_tick, TICK_MS, TICK_MS);
    swapci_signals_tell(tell, f);
}

/* Before a forced end. */
static void remove_socket(void *path) {
    unlink(path);
}

static void keep_socket_in_mind(struct frame *f) {
    static const char prefix[] = "unix:";
    const char *address = swapci_rpc_server_address(f->server);
    if (strncmp(address, prefix, sizeof prefix - 1) != 0) return;
    f->socket = strdup(address + sizeof prefix - 1);
    if (f->socket) swapci_signals_leftover(remove_socket, f->socket);
}

static enum swapc_status open_front(struct frame *f, swapc_error *error) {
    const struct swapci_service *s = f->service;
    const swapci_front_config config = {.address = s->http,
                                        .role = s->role,
                                        .log = s->log,
                                        .watched = true,
                                        .collect = s->collect,
                                        .user = s->user,
                                        .redis = s->redis,
                                        .names = s->names,
                                        .places = s->places,
                                        .place_count = s->place_count,
                                        .owners = s->owners,
                                        .rows = s->rows,
                                        .control = s->act,
                                        .token_file = s->http_token};
    swapci_signals_making();
    enum swapc_status status = swapci_front_start(&config, &f->front, error);
    const char *path = status == SWAPC_OK ? swapci_front_socket(f->front) : NULL;
    f->http_socket = path ? strdup(path) : NULL;
    if (f->http_socket) swapci_signals_leftover(remove_socket, f->http_socket);
    swapci_signals_made();
    return status;
}

static void close_front(struct frame *f) {
    swapci_front_stop(f->front);
    if (f->http_socket) swapci_signals_leftover_gone(f->http_socket);
    free(f->http_socket);
}

static const char *const services[] = {"grpc.health.v1.Health", "swapc.control.v1.Control", NULL};
static const char *const all_services[] = {"grpc.health.v1.Health", "swapc.control.v1.Control",
                                           "transport_interface.Transport_interface", NULL};

static enum swapc_status listen_on(struct frame *f, swapc_error *error) {
    const struct swapci_service *s = f->service;
    const swapci_rpc_tls *tls = swapci_rpc_tls_given(s->tls) ? s->tls : NULL;
    swapci_rpc_server_config config = {.address = s->listen, .log = s->log, .tls = tls};
    enum swapc_status status = swapci_rpc_server_new(&config, &f->server, error);
    if (status == SWAPC_OK) status = swapci_health_service_new(&f->health, error);
    if (status != SWAPC_OK) return status;
    swapci_health_service_add(f->health, f->server);
    if (s->transport) swapci_transport_service_add(f->server, s->transport);
    if (s->control) swapci_control_service_add(f->server, &f->control);
    swapci_reflection_service_add(f->server, s->transport ? all_services : services);
    status = swapci_rpc_uv_attach(f->server, &f->loop, &f->joint, error);
    if (status != SWAPC_OK) return status;
    swapci_signals_making();
    status = swapci_rpc_server_start(f->server, error);
    if (status == SWAPC_OK) keep_socket_in_mind(f);
    swapci_signals_made();
    return status;
}

static void stop_listening(struct frame *f) {
    if (f->server) swapci_rpc_server_shutdown(f->server, GRACE_MS);
    swapci_control_service_end(&f->control);
    swapci_rpc_uv_detach(f->joint);
    swapci_health_service_free(f->health);
    swapci_rpc_server_free(f->server);
    if (f->socket) swapci_signals_leftover_gone(f->socket);
    free(f->socket);
}

static void stop_watching(struct frame *f) {
    swapci_signals_tell(NULL, NULL);
    uv_close((uv_handle_t *)&f->signalled, NULL);
    uv_close((uv_handle_t *)&f->tick, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_loop_close(&f->loop);
    swapci_notify_close(&f->notify);
}

enum swapc_status swapci_service_run(const struct swapci_service *service, swapc_error *error) {
    struct frame f = {.service = service};
    enum swapc_status status = swapci_descriptors_need("a service", DESCRIPTORS, error);
    if (status != SWAPC_OK) return status; /* libuv, gRPC and the HTTP server would abort or hang */
    if (service->control) f.control = *service->control;
    if (service->rows && service->place_count > 1) {
        f.parts = calloc(1, sizeof *f.parts);
        if (!f.parts) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
        f.parts->now.count = service->place_count;
    }
    f.control.drain = drain;
    f.control.drain_user = &f;
    f.control.frame_status = frame_status;
    f.control.frame_partitions = frame_partitions;
    f.control.read_only = service->listen && strncmp(service->listen, "unix:", 5) != 0 &&
                          !swapci_rpc_tls_given(service->tls);
    f.control.started_ns = swapci_clock_monotonic_ns();
    start_watching(&f);
    if (service->listen) status = listen_on(&f, error);
    if (status == SWAPC_OK && service->http) status = open_front(&f, error);
    if (status == SWAPC_OK && service->start) status = service->start(service->user, error);
    if (status == SWAPC_OK) {
        swapci_signals_working(SWAPCI_SIGNALS_FORCE_MS);
        look_around(&f);
        swapc_log_write(&service->log, SWAPC_LOG_INFO, service->role, "ready: %s%s%s%s%s",
                        service->ready, service->listen ? ", gRPC at " : "",
                        service->listen ? swapci_rpc_server_address(f.server) : "",
                        f.front ? ", HTTP at " : "", f.front ? swapci_front_address(f.front) : "");
        uv_run(&f.loop, UV_RUN_DEFAULT);
    }
    close_front(&f);
    stop_listening(&f);
    stop_watching(&f);
    if (f.parts) swapci_stream_watch_stop(f.parts->watch);
    free(f.parts);
    swapci_rpc_shutdown();
    return status;
}

int swapci_service_exit(const char *command, enum swapc_status status, const swapc_error *error) {
    bool asked = swapci_signals_came();
    if (status == SWAPC_OK || (asked && status == SWAPC_INTERRUPTED)) return SWAPCI_EXIT_OK;
    int failed = swapci_cli_fail(command, error);
    return asked ? SWAPCI_EXIT_OK : failed;
}
