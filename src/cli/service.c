#include "service.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

#include "cli.h"
#include "clock.h"
#include "health_service.h"
#include "reflection_service.h"
#include "rpc_runtime.h"
#include "rpc_server.h"
#include "rpc_uv.h"
#include "signals.h"

enum { TICK_MS = 100, GRACE_MS = 300 };

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
    if (f->health) swapci_health_service_drain(f->health);
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

static void on_tick(uv_timer_t *handle) {
    struct frame *f = handle->data;
    if (f->service->ended(f->service->user)) uv_stop(&f->loop);
}

static void start_watching(struct frame *f) {
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

static const char *const services[] = {"grpc.health.v1.Health", "swapc.control.v1.Control", NULL};
static const char *const all_services[] = {"grpc.health.v1.Health", "swapc.control.v1.Control",
                                           "transport_interface.Transport_interface", NULL};

static enum swapc_status listen_on(struct frame *f, swapc_error *error) {
    const struct swapci_service *s = f->service;
    swapci_rpc_server_config config = {.address = s->listen, .log = s->log};
    enum swapc_status status = swapci_rpc_server_new(&config, &f->server, error);
    if (status == SWAPC_OK) status = swapci_health_service_new(&f->health, error);
    if (status != SWAPC_OK) return status;
    swapci_health_service_add(f->health, f->server);
    if (s->transport) swapci_transport_service_add(f->server, s->transport);
    if (s->control) swapci_control_service_add(f->server, &f->control);
    swapci_reflection_service_add(f->server, s->transport ? all_services : services);
    status = swapci_rpc_uv_attach(f->server, &f->loop, &f->joint, error);
    if (status == SWAPC_OK) status = swapci_rpc_server_start(f->server, error);
    if (status == SWAPC_OK) {
        keep_socket_in_mind(f);
        swapci_health_service_set(f->health, "", true);
        swapci_health_service_set(f->health, s->health_name, true);
    }
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
}

enum swapc_status swapci_service_run(const struct swapci_service *service, swapc_error *error) {
    struct frame f = {.service = service};
    enum swapc_status status = SWAPC_OK;
    if (service->control) f.control = *service->control;
    f.control.drain = drain;
    f.control.drain_user = &f;
    f.control.started_ns = swapci_clock_monotonic_ns();
    start_watching(&f);
    if (service->listen) status = listen_on(&f, error);
    if (status == SWAPC_OK && service->start) status = service->start(service->user, error);
    if (status == SWAPC_OK) {
        swapci_signals_working(SWAPCI_SIGNALS_FORCE_MS);
        uv_run(&f.loop, UV_RUN_DEFAULT);
    }
    stop_listening(&f);
    stop_watching(&f);
    swapci_rpc_shutdown();
    return status;
}

int swapci_service_exit(const char *command, enum swapc_status status, const swapc_error *error) {
    bool asked = swapci_signals_came();
    if (status == SWAPC_OK || (asked && status == SWAPC_INTERRUPTED)) return SWAPCI_EXIT_OK;
    int failed = swapci_cli_fail(command, error);
    return asked ? SWAPCI_EXIT_OK : failed;
}
