#include "service.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

#include "clock.h"
#include "health_service.h"
#include "reflection_service.h"
#include "rpc_runtime.h"
#include "rpc_server.h"
#include "rpc_uv.h"

enum { TICK_MS = 100, GRACE_MS = 500 };

struct frame {
    const struct swapci_service *service;
    uv_loop_t loop;
    uv_signal_t interrupt, terminate, hang_up;
    uv_timer_t tick;
    swapci_rpc_server *server;
    swapci_health_service *health;
    swapci_rpc_uv *joint;
    swapci_control_service control;
    unsigned signals;
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

static void on_signal(uv_signal_t *handle, int number) {
    struct frame *f = handle->data;
    (void)number;
    if (f->signals++ > 0 || f->control.draining) uv_stop(&f->loop);
    else drain(f);
}

static void on_tick(uv_timer_t *handle) {
    struct frame *f = handle->data;
    if (f->service->ended(f->service->user)) uv_stop(&f->loop);
}

/* Under nohup it stays ignored. */
static bool hang_up_counts(void) {
    struct sigaction now;
    return sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler != SIG_IGN;
}

static void start_watching(struct frame *f) {
    uv_loop_init(&f->loop);
    uv_signal_init(&f->loop, &f->interrupt);
    uv_signal_init(&f->loop, &f->terminate);
    uv_signal_init(&f->loop, &f->hang_up);
    uv_timer_init(&f->loop, &f->tick);
    f->interrupt.data = f->terminate.data = f->hang_up.data = f->tick.data = f;
    uv_signal_start(&f->interrupt, on_signal, SIGINT);
    uv_signal_start(&f->terminate, on_signal, SIGTERM);
    if (hang_up_counts()) uv_signal_start(&f->hang_up, on_signal, SIGHUP);
    uv_timer_start(&f->tick, on_tick, TICK_MS, TICK_MS);
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
}

static void stop_watching(struct frame *f) {
    uv_close((uv_handle_t *)&f->interrupt, NULL);
    uv_close((uv_handle_t *)&f->terminate, NULL);
    uv_close((uv_handle_t *)&f->hang_up, NULL);
    uv_close((uv_handle_t *)&f->tick, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_loop_close(&f->loop);
}

enum swapc_status swapci_service_run(const struct swapci_service *service, bool *interrupted,
                                     swapc_error *error) {
    struct frame f = {.service = service};
    enum swapc_status status = SWAPC_OK;
    if (service->control) f.control = *service->control;
    f.control.drain = drain;
    f.control.drain_user = &f;
    f.control.started_ns = swapci_clock_monotonic_ns();
    start_watching(&f);
    if (service->listen) status = listen_on(&f, error);
    if (status == SWAPC_OK && service->start) status = service->start(service->user, error);
    if (status == SWAPC_OK) uv_run(&f.loop, UV_RUN_DEFAULT);
    *interrupted = f.signals > 0;
    stop_listening(&f);
    stop_watching(&f);
    swapci_rpc_shutdown();
    return status;
}
