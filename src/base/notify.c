#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EXTEND_S = 30, EXTEND_EVERY_S = 10, BEATS = 4 };

/* A whole positive number, or 0. */
static uint64_t number_of(const char *name) {
    const char *text = getenv(name);
    char *end = NULL;
    if (!text || *text < '0' || *text > '9') return 0;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    return *end || errno || value > UINT64_MAX / 1000 ? 0 : value;
}

static enum swapc_status address_of(const char *name, struct sockaddr_un *out, socklen_t *len,
                                    swapc_error *error) {
    size_t size = strlen(name);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((*name != '/' && *name != '@') || size < 2 || size >= sizeof out->sun_path)
        return swapc_error_set(error, SWAPC_INVALID,
                               "$NOTIFY_SOCKET is \"%s\": it must be a path or @NAME, shorter than "
                               "%zu bytes; the service manager is told nothing",
                               name, sizeof out->sun_path);
    memcpy(out->sun_path, name, size);
    if (*name == '@') out->sun_path[0] = 0;
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    return SWAPC_OK;
}

enum swapc_status swapci_notify_open(swapci_notify *notify, swapc_error *error) {
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t len = 0;
    *notify = (swapci_notify)SWAPCI_NOTIFY_INIT;
    if (!name || !*name) return SWAPC_OK;
    enum swapc_status status = address_of(name, &address, &len, error);
    if (status != SWAPC_OK) return status;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, len) != 0) {
        int why = errno;
        if (fd >= 0) close(fd);
        return swapc_error_set_errno(error, SWAPC_SYSTEM, why,
                                     "the service manager cannot be told anything at %s", name);
    }
    notify->fd = fd;
    uint64_t whose = number_of("WATCHDOG_PID");
    if (whose == 0 || whose == (uint64_t)getpid())
        notify->watchdog_ns = number_of("WATCHDOG_USEC") * 1000;
    return SWAPC_OK;
}

/* Returns whether the manager's socket took it. */
static bool send_line(const swapci_notify *notify, const char *text) {
    return send(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void tell_status(swapci_notify *notify, const char *status) {
    char text[SWAPCI_NOTIFY_STATUS_MAX], line[SWAPCI_NOTIFY_STATUS_MAX + 8];
    snprintf(text, sizeof text, "%s", status);
    text[strcspn(text, "\n")] = 0; /* a line is a statement of its own */
    if (strcmp(text, notify->status) == 0) return;
    snprintf(line, sizeof line, "STATUS=%s", text);
    if (send_line(notify, line)) memcpy(notify->status, text, sizeof text);
}

static void ask_for_time(swapci_notify *notify, uint64_t now_ns) {
    char line[64];
    if (notify->extend_ns && now_ns - notify->extend_ns < EXTEND_EVERY_S * 1000000000ull) return;
    snprintf(line, sizeof line, "EXTEND_TIMEOUT_USEC=%d", EXTEND_S * 1000000);
    if (send_line(notify, line)) notify->extend_ns = now_ns;
}

void swapci_notify_turn(swapci_notify *notify, uint64_t now_ns, bool serving, const char *status) {
    if (notify->fd < 0) return;
    if (notify->watchdog_ns &&
        (!notify->beat_ns || now_ns - notify->beat_ns >= notify->watchdog_ns / BEATS) &&
        send_line(notify, "WATCHDOG=1"))
        notify->beat_ns = now_ns;
    if (notify->stopping) return;
    tell_status(notify, status);
    if (notify->ready) return;
    if (serving) notify->ready = send_line(notify, "READY=1");
    else ask_for_time(notify, now_ns);
}

void swapci_notify_stopping(swapci_notify *notify) {
    if (notify->fd < 0 || notify->stopping) return;
    notify->stopping = true;
    send_line(notify, "STOPPING=1\nSTATUS=ending: what is under way is finished and stored");
}

void swapci_notify_close(swapci_notify *notify) {
    if (notify->fd >= 0) close(notify->fd);
    notify->fd = -1;
}
