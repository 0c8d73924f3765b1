#include "rpc_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char unix_prefix[] = "unix:";

/* gRPC reads paths as part of a URI, so all but the plainest characters go as %XX. */
static void path_encode(const char *path, char *out) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (; *path; path++)
        if (strchr(plain, *path)) *out++ = *path;
        else out += sprintf(out, "%%%02X", (unsigned char)*path);
    *out = 0;
}

static enum swapc_status unix_parse(const char *path, swapci_rpc_address *out, swapc_error *error) {
    size_t len = strlen(path);
    if (len == 0)
        return swapc_error_set(error, SWAPC_INVALID, "unix: needs a path: write unix:/run/x.sock");
    if (len > SWAPCI_RPC_PATH_MAX)
        return swapc_error_set(error, SWAPC_TOO_LARGE,
                               "socket path %s has %zu bytes, at most %d fit: use a shorter folder",
                               path, len, SWAPCI_RPC_PATH_MAX);
    out->is_unix = true;
    memcpy(out->path, path, len + 1);
    snprintf(out->text, sizeof out->text, "%s%s", unix_prefix, path);
    memcpy(out->listen_at, unix_prefix, sizeof unix_prefix);
    path_encode(path, out->listen_at + sizeof unix_prefix - 1);
    memcpy(out->target, out->listen_at, sizeof out->listen_at);
    return SWAPC_OK;
}

/* Returns the port, or -1 when text is no number from 0 to 65535. */
static long port_parse(const char *text) {
    long port = 0;
    if (!*text) return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return -1;
        port = port * 10 + (*text - '0');
        if (port > 65535) return -1;
    }
    return port;
}

static void tcp_print(swapci_rpc_address *out) {
    unsigned char number[16];
    bool v6 = strchr(out->host, ':') != NULL;
    /* A number needs no resolver: gRPC's asks the name servers even for those. */
    const char *scheme = inet_pton(AF_INET, out->host, number) == 1 ? "ipv4:"
                         : v6                                       ? "ipv6:"
                                                                    : "dns:///";
    snprintf(out->text, sizeof out->text, "%s%s%s:%u", v6 ? "[" : "", out->host, v6 ? "]" : "",
             out->port);
    memcpy(out->listen_at, out->text, sizeof out->listen_at);
    snprintf(out->target, sizeof out->target, "%s%s", scheme, out->text);
}

void swapci_rpc_address_port_set(swapci_rpc_address *address, unsigned port) {
    address->port = port;
    tcp_print(address);
}

static enum swapc_status tcp_parse(const char *text, swapci_rpc_address *out, swapc_error *error) {
    const char *host = text;
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    long port = colon ? port_parse(colon + 1) : -1;
    bool bracket = len > 2 && host[0] == '[' && host[len - 1] == ']';
    if (bracket) {
        host++;
        len -= 2;
    }
    if (len > SWAPCI_RPC_HOST_MAX)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "host name of %zu bytes, at most %d fit",
                               len, SWAPCI_RPC_HOST_MAX);
    memcpy(out->host, host, len);
    if (port < 0 || len == 0 || strpbrk(out->host, "[]/ ") ||
        (strchr(out->host, ':') != NULL) != bracket)
        return swapc_error_set(error, SWAPC_INVALID,
                               "\"%s\" is no address: write unix:PATH, HOST:PORT or [IPv6]:PORT",
                               text);
    out->port = (unsigned)port;
    tcp_print(out);
    return SWAPC_OK;
}

enum swapc_status swapci_rpc_address_parse(const char *text, swapci_rpc_address *out,
                                           swapc_error *error) {
    memset(out, 0, sizeof *out);
    if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0)
        return unix_parse(text + sizeof unix_prefix - 1, out, error);
    return tcp_parse(text, out, error);
}

/* Returns 0 when a server answers at path, else the errno of the attempt. */
static int unix_connect(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return errno;
    memcpy(name.sun_path, path, strlen(path) + 1);
    int failed = connect(fd, (const struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
    close(fd);
    /* A full queue of connections is a server too. */
    return failed == EAGAIN ? 0 : failed;
}

static enum swapc_status unix_claim(const char *path, swapc_error *error) {
    struct stat info;
    if (lstat(path, &info) != 0) {
        if (errno == ENOENT) return SWAPC_OK;
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot look at socket %s", path);
    }
    if (!S_ISSOCK(info.st_mode))
        return swapc_error_set(error, SWAPC_INVALID,
                               "%s exists and is no socket: remove it or listen elsewhere", path);
    int failed = unix_connect(path);
    if (failed == 0)
        return swapc_error_set(
            error, SWAPC_BUSY,
            "address in use: a server listens on %s: stop it or use another path", path);
    if (failed != ECONNREFUSED)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot check socket %s", path);
    if (info.st_uid != geteuid())
        return swapc_error_set(error, SWAPC_INVALID,
                               "%s is a socket that another user left: remove it or listen "
                               "elsewhere",
                               path);
    if (unlink(path) != 0 && errno != ENOENT)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot remove stale socket %s",
                                     path);
    return SWAPC_OK;
}

static int tcp_bind(const struct addrinfo *where) {
    int on = 1;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    /* Without it a port of a server that has just ended would count as used. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    int failed = bind(fd, where->ai_addr, where->ai_addrlen) == 0 ? 0 : errno;
    close(fd);
    return failed;
}

static enum swapc_status tcp_refused(const swapci_rpc_address *address, int failed,
                                     swapc_error *error) {
    if (failed == EADDRINUSE)
        return swapc_error_set(error, SWAPC_BUSY,
                               "port %u of %s is in use: stop its owner, or take another port "
                               "(0 picks a free one)",
                               address->port, address->host);
    if (failed == EADDRNOTAVAIL)
        return swapc_error_set(error, SWAPC_INVALID,
                               "%s is no address of this machine: listen on one of its own",
                               address->host);
    return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot listen on %s", address->text);
}

/* gRPC only says that listening failed; trying the bind first tells why. An address family that
 * this machine lacks counts as refused only when no address is left. */
static enum swapc_status tcp_claim(const swapci_rpc_address *address, swapc_error *error) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char port[8];
    int good = 0, failed = 0;
    snprintf(port, sizeof port, "%u", address->port);
    int bad_name = getaddrinfo(address->host, port, &hints, &list);
    if (bad_name)
        return swapc_error_set(error, SWAPC_INVALID, "host %s has no address: %s", address->host,
                               gai_strerror(bad_name));
    for (const struct addrinfo *at = list; at; at = at->ai_next) {
        int one = tcp_bind(at);
        if (one == 0) good++;
        else if (failed != EADDRINUSE) failed = one;
    }
    freeaddrinfo(list);
    if (failed == EADDRINUSE || !good) return tcp_refused(address, failed, error);
    return SWAPC_OK;
}

enum swapc_status swapci_rpc_address_folder(const swapci_rpc_address *address, swapc_error *error) {
    char folder[SWAPCI_RPC_PATH_MAX + 1];
    memcpy(folder, address->path, sizeof folder);
    char *slash = address->is_unix ? strrchr(folder, '/') : NULL;
    if (!slash) return SWAPC_OK;
    slash[slash == folder] = '\0';
    if (access(folder, W_OK | X_OK) == 0) return SWAPC_OK;
    return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot listen on %s", address->text);
}

enum swapc_status swapci_rpc_address_claim(const swapci_rpc_address *address, swapc_error *error) {
    return address->is_unix ? unix_claim(address->path, error) : tcp_claim(address, error);
}

bool swapci_rpc_address_is_local(const swapci_rpc_address *address) {
    return address->is_unix || strcmp(address->host, "localhost") == 0 ||
           strcmp(address->host, "::1") == 0 || strncmp(address->host, "127.", 4) == 0;
}
