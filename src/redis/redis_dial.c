/* What is shared: the stop flag alone, an atomic that other threads and signal handlers raise. */
#include "redis_dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "redis.h"

enum { UNIX_RETRY_MS = 10 };

bool swapci_redis_stopped(const atomic_int *stop) {
    return stop && atomic_load_explicit(stop, memory_order_relaxed) != 0;
}

enum swapc_status swapci_redis_await(int fd, short events, uint64_t until_ns,
                                     const atomic_int *stop, swapc_error *error) {
    struct pollfd wait = {fd, events, 0};
    for (;;) {
        int ready = poll(&wait, 1, SWAPCI_REDIS_SLICE_MS);
        if (ready > 0) return SWAPC_OK;
        if (ready < 0 && errno != EINTR)
            return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "waiting for Redis failed");
        if (swapci_redis_stopped(stop))
            return swapc_error_set(error, SWAPC_INTERRUPTED, "interrupted");
        if (swapci_clock_monotonic_ns() >= until_ns) return SWAPC_DEADLINE;
    }
}

static enum swapc_status unreachable(const char *why, swapc_error *error) {
    return swapc_error_set(error, SWAPC_UNREACHABLE, "%s", why);
}

/* A connect is under way: how it ends. */
static enum swapc_status conclude(int fd, uint64_t until_ns, const atomic_int *stop,
                                  swapc_error *error) {
    int failed = 0;
    socklen_t len = sizeof failed;
    enum swapc_status status = swapci_redis_await(fd, POLLOUT, until_ns, stop, error);
    if (status == SWAPC_DEADLINE) return unreachable("it does not answer", error);
    if (status != SWAPC_OK) return status;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0) failed = errno;
    return failed ? unreachable(strerrordesc_np(failed), error) : SWAPC_OK;
}

/* A full queue of connections at a Unix socket is no wait for the kernel: it is tried again here. */
static enum swapc_status connect_to(int fd, const struct sockaddr *name, socklen_t len,
                                    uint64_t until_ns, const atomic_int *stop, swapc_error *error) {
    for (;;) {
        if (connect(fd, name, len) == 0) return SWAPC_OK;
        if (errno == EINPROGRESS) return conclude(fd, until_ns, stop, error);
        if (errno != EAGAIN && errno != EINTR) return unreachable(strerrordesc_np(errno), error);
        if (swapci_clock_monotonic_ns() >= until_ns)
            return unreachable("it takes no more connections", error);
        enum swapc_status status = swapci_redis_sleep(stop, UNIX_RETRY_MS, error);
        if (status != SWAPC_OK) return status;
    }
}

static enum swapc_status try_address(int family, const struct sockaddr *name, socklen_t len,
                                     uint64_t until_ns, const atomic_int *stop, int *out,
                                     swapc_error *error) {
    int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return unreachable(strerrordesc_np(errno), error);
    enum swapc_status status = connect_to(fd, name, len, until_ns, stop, error);
    if (status != SWAPC_OK) {
        close(fd);
        return status;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    if (family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *out = fd;
    return SWAPC_OK;
}

static enum swapc_status dial_host(const swapci_redis_url *url, uint64_t until_ns,
                                   const atomic_int *stop, int *fd, swapc_error *error) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", url->port);
    int unknown = getaddrinfo(url->host, port, &hints, &list);
    if (unknown) return unreachable(gai_strerror(unknown), error);
    enum swapc_status status = SWAPC_UNREACHABLE;
    for (const struct addrinfo *at = list; at && status == SWAPC_UNREACHABLE; at = at->ai_next) {
        swapc_error_clear(error); /* the last address's reason is the one that is told */
        status = try_address(at->ai_family, at->ai_addr, at->ai_addrlen, until_ns, stop, fd, error);
    }
    freeaddrinfo(list);
    return status;
}

enum swapc_status swapci_redis_dial(const swapci_redis_url *url, uint32_t connect_ms,
                                    const atomic_int *stop, int *fd, swapc_error *error) {
    uint64_t until_ns = swapci_clock_monotonic_ns() + (uint64_t)connect_ms * 1000000u;
    if (!url->is_unix) return dial_host(url, until_ns, stop, fd, error);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, url->path, strlen(url->path) + 1);
    return try_address(AF_UNIX, (const struct sockaddr *)&name, sizeof name, until_ns, stop, fd,
                       error);
}
