/* What is shared: see http_impl.h. The ticker sleeps on `wake` under the lock; stop raises `stopping`, and
 * wakes whatever sleeps. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "http_impl.h"
#include "signal_mask.h"

enum { TICK_MS = 250, TICKS = SWAPCI_HTTP_EVENT_MS / TICK_MS, MEMORY = 16 * 1024, BACKLOG = 64 };

/* Sleeps a tick. Returns true when somebody has something to be done at once. */
static bool sleep_tick(struct swapci_http_server *server) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&server->lock);
    bool woken = !atomic_load(&server->stopping) &&
                 pthread_cond_timedwait(&server->wake, &server->lock, &until) == 0;
    pthread_mutex_unlock(&server->lock);
    return woken;
}

static void *tick(void *user) {
    struct swapci_http_server *server = user;
    for (unsigned turn = 0; !atomic_load(&server->stopping); turn++) {
        bool woken = sleep_tick(server);
        uint64_t now = swapci_clock_monotonic_ns();
        pthread_mutex_lock(&server->lock);
        swapci_http_connections_sweep(server, now);
        swapci_http_streams_sweep(server, now);
        pthread_mutex_unlock(&server->lock);
        if (server->events && (woken || turn % TICKS == 0)) swapci_http_streams_feed(server);
    }
    return NULL;
}

/* ---- listening ------------------------------------------------------------------------------ */

static enum swapc_status failed_to_listen(const struct swapci_http_server *server,
                                          swapc_error *error) {
    if (errno == EADDRINUSE)
        return swapc_error_set(error, SWAPC_BUSY,
                               "somebody listens at %s already: give --http another port",
                               server->address.text);
    return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot listen at %s",
                                 server->address.text);
}

static enum swapc_status listen_unix(struct swapci_http_server *server, swapc_error *error) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, server->address.path, strlen(server->address.path) + 1);
    server->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    fchmod(server->listening, 0600); /* what bind makes has no more than that, at any moment */
    if (bind(server->listening, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(server->listening, BACKLOG) != 0)
        return failed_to_listen(server, error);
    return SWAPC_OK;
}

static void take_port(struct swapci_http_server *server) {
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    char port[16];
    if (getsockname(server->listening, (struct sockaddr *)&at, &size) == 0 &&
        getnameinfo((struct sockaddr *)&at, size, NULL, 0, port, sizeof port, NI_NUMERICSERV) == 0)
        swapci_rpc_address_port_set(&server->address, (unsigned)strtoul(port, NULL, 10));
}

static enum swapc_status listen_tcp(struct swapci_http_server *server, swapc_error *error) {
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *at = NULL;
    char port[16];
    int one = 1;
    snprintf(port, sizeof port, "%u", server->address.port);
    if (getaddrinfo(server->address.host, port, &hints, &at) != 0)
        return swapc_error_set(error, SWAPC_INVALID, "this machine has no address \"%s\"",
                               server->address.host);
    server->listening = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(server->listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int failed =
        bind(server->listening, at->ai_addr, at->ai_addrlen) || listen(server->listening, BACKLOG);
    enum swapc_status status = failed ? failed_to_listen(server, error) : SWAPC_OK;
    freeaddrinfo(at);
    if (status == SWAPC_OK) take_port(server);
    return status;
}

static enum swapc_status start_listening(struct swapci_http_server *server, swapc_error *error) {
    enum swapc_status status =
        swapci_rpc_address_parse(server->config.address, &server->address, error);
    if (status == SWAPC_OK) status = swapci_rpc_address_claim(&server->address, error);
    if (status != SWAPC_OK) return status;
    server->place = (struct swapci_http_place){
        .is_unix = server->address.is_unix,
        .is_local = swapci_rpc_address_is_local(&server->address),
        .host = server->address.is_unix ? NULL : server->address.host,
        .token = server->config.token,
        .pass_on = server->config.pass_on,
    };
    return server->address.is_unix ? listen_unix(server, error) : listen_tcp(server, error);
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool start_threads(struct swapci_http_server *server) {
    sigset_t before;
    swapci_signal_mask_all(&before);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        swapci_http_on_request, server, MHD_OPTION_LISTEN_SOCKET, server->listening,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)SWAPCI_HTTP_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(SWAPCI_HTTP_STREAM_MS / 1000), MHD_OPTION_NOTIFY_COMPLETED,
        swapci_http_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, swapci_http_on_connection,
        server, MHD_OPTION_END);
    server->ticking = server->daemon && pthread_create(&server->ticker, NULL, tick, server) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return server->ticking;
}

enum swapc_status swapci_http_server_check(const char *address, swapc_error *error) {
    swapci_rpc_address parsed;
    enum swapc_status status = swapci_rpc_address_parse(address, &parsed, error);
    return status == SWAPC_OK ? swapci_rpc_address_folder(&parsed, error) : status;
}

enum swapc_status swapci_http_server_start(const swapci_http_config *config,
                                           swapci_http_server **out, swapc_error *error) {
    struct swapci_http_server *server = calloc(1, sizeof *server);
    pthread_condattr_t clock;
    if (!server) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the HTTP server");
    server->config = *config;
    server->listening = -1;
    for (size_t i = 0; i < config->route_count; i++)
        if (config->routes[i].kind == SWAPCI_HTTP_STREAM) server->events = &config->routes[i];
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&server->wake, &clock);
    pthread_condattr_destroy(&clock);
    enum swapc_status status = start_listening(server, error);
    if (status == SWAPC_OK && !start_threads(server))
        status = swapc_error_set(error, SWAPC_SYSTEM, "cannot start the HTTP server's threads");
    if (status != SWAPC_OK) {
        swapci_http_server_stop(server);
        return status;
    }
    *out = server;
    return SWAPC_OK;
}

const char *swapci_http_server_address(const swapci_http_server *server) {
    return server->address.text;
}

const char *swapci_http_server_socket(const swapci_http_server *server) {
    return server->address.is_unix ? server->address.path : NULL;
}

swapci_http_stats swapci_http_server_stats(swapci_http_server *server) {
    pthread_mutex_lock(&server->lock);
    swapci_http_stats stats = server->stats;
    pthread_mutex_unlock(&server->lock);
    return stats;
}

/* The library must not be stopped while a connection sleeps. */
static void wake_all(struct swapci_http_server *server) {
    const struct timespec step = {0, 2000000};
    pthread_mutex_lock(&server->lock);
    pthread_cond_signal(&server->wake);
    pthread_mutex_unlock(&server->lock);
    if (server->ticking) pthread_join(server->ticker, NULL);
    while (atomic_load(&server->sleeping) > 0) nanosleep(&step, NULL);
    swapci_http_streams_end(server);
}

void swapci_http_server_stop(swapci_http_server *server) {
    if (!server) return;
    atomic_store(&server->stopping, true);
    if (server->daemon) {
        MHD_quiesce_daemon(server->daemon);
        wake_all(server);
        MHD_stop_daemon(server->daemon);
    }
    if (server->listening >= 0) close(server->listening);
    if (server->listening >= 0 && server->address.is_unix) unlink(server->address.path);
    pthread_cond_destroy(&server->wake);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
