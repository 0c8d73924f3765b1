#include "http_client.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "rpc_address.h"

struct exchange {
    const swapci_http_call *call;
    uint64_t until_ns;
    int fd;
    swapc_error *error;
};

static enum swapc_status unreachable(const struct exchange *x, int why) {
    return swapc_error_set(x->error, SWAPC_UNREACHABLE, "nobody answers at %s (%s)",
                           x->call->address, strerror(why));
}

static enum swapc_status await(const struct exchange *x, short event) {
    struct pollfd ready = {x->fd, event, 0};
    uint64_t now = swapci_clock_monotonic_ns();
    int left = x->until_ns > now ? (int)((x->until_ns - now) / 1000000) + 1 : 0;
    int got = left > 0 ? poll(&ready, 1, left) : 0;
    if (got > 0 || (got < 0 && errno == EINTR)) return SWAPC_OK;
    if (got < 0) return unreachable(x, errno);
    return swapc_error_set(x->error, SWAPC_DEADLINE, "%s did not answer within %u ms",
                           x->call->address, x->call->timeout_ms);
}

static enum swapc_status dial(struct exchange *x, const struct sockaddr *at, socklen_t size) {
    int failed = 0;
    socklen_t len = sizeof failed;
    x->fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->fd < 0) return unreachable(x, errno);
    if (connect(x->fd, at, size) == 0) return SWAPC_OK;
    if (errno != EINPROGRESS) return unreachable(x, errno);
    enum swapc_status status = await(x, POLLOUT);
    if (status != SWAPC_OK) return status;
    getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &failed, &len);
    return failed ? unreachable(x, failed) : SWAPC_OK;
}

static enum swapc_status dial_address(struct exchange *x, const swapci_rpc_address *address) {
    if (address->is_unix) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        memcpy(at.sun_path, address->path, strlen(address->path) + 1);
        return dial(x, (struct sockaddr *)&at, sizeof at);
    }
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *at = NULL;
    char port[16];
    snprintf(port, sizeof port, "%u", address->port);
    int failed = getaddrinfo(address->host, port, &hints, &at);
    if (failed)
        return swapc_error_set(x->error, SWAPC_UNREACHABLE, "%s: %s", address->host,
                               gai_strerror(failed));
    enum swapc_status status = dial(x, at->ai_addr, at->ai_addrlen);
    freeaddrinfo(at);
    return status;
}

/* A server that refuses answers and closes with the body unread: its answer is there all the same. */
static bool cut_off(void) {
    return errno == EPIPE || errno == ECONNRESET;
}

static enum swapc_status send_all(struct exchange *x, swapc_bytes bytes) {
    for (size_t sent = 0; sent < bytes.len;) {
        ssize_t got = send(x->fd, bytes.ptr + sent, bytes.len - sent, MSG_NOSIGNAL);
        if (got > 0) {
            sent += (size_t)got;
            continue;
        }
        if (cut_off()) return SWAPC_OK;
        if (errno != EAGAIN && errno != EINTR) return unreachable(x, errno);
        enum swapc_status status = await(x, POLLOUT);
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

static enum swapc_status send_request(struct exchange *x, const swapci_rpc_address *address) {
    const swapci_http_call *call = x->call;
    swapci_buffer head = SWAPCI_BUFFER_INIT;
    bool v6 = !address->is_unix && strchr(address->host, ':');
    enum swapc_status status = swapci_buffer_printf(
        &head,
        "%s %s HTTP/1.1\r\nHost: %s%s%s\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n%s%s%s\r\n",
        call->method, call->path, v6 ? "[" : "", address->is_unix ? "localhost" : address->host,
        v6 ? "]" : "", call->body.len, call->authorization ? "Authorization: " : "",
        call->authorization ? call->authorization : "", call->authorization ? "\r\n" : "");
    if (status == SWAPC_OK) status = swapci_buffer_append(&head, call->body);
    if (status == SWAPC_OK) status = send_all(x, swapci_buffer_bytes(&head));
    swapci_buffer_fini(&head);
    return status;
}

/* All until the other side closes. */
static enum swapc_status read_all(struct exchange *x, swapci_buffer *out) {
    for (;;) {
        enum swapc_status status = swapci_buffer_reserve(out, 16 * 1024);
        if (status != SWAPC_OK) return status;
        ssize_t got = recv(x->fd, out->ptr + out->len, 16 * 1024, 0);
        if (got == 0) return SWAPC_OK;
        if (got > 0) {
            out->len += (size_t)got;
            if (out->len > x->call->answer_max)
                return swapc_error_set(x->error, SWAPC_TOO_LARGE, "%s answers more than %zu bytes",
                                       x->call->address, x->call->answer_max);
            continue;
        }
        if (out->len > 0 && cut_off()) return SWAPC_OK;
        if (errno != EAGAIN && errno != EINTR) return unreachable(x, errno);
        status = await(x, POLLIN);
        if (status != SWAPC_OK) return status;
    }
}

bool swapci_http_answer_split(swapc_bytes answer, unsigned *code, swapc_bytes *body) {
    static const char version[] = "HTTP/1.";
    enum { DIGITS = sizeof version - 1 + 2, HEAD = DIGITS + 3 }; /* "HTTP/1.1 200" */
    const uint8_t *at = answer.ptr;
    const uint8_t *end = answer.len >= HEAD ? memmem(at, answer.len, "\r\n\r\n", 4) : NULL;
    if (!end || memcmp(at, version, sizeof version - 1) != 0 || at[DIGITS - 1] != ' ') return false;
    *code = 0;
    for (int i = DIGITS; i < HEAD; i++) {
        if (at[i] < '0' || at[i] > '9') return false;
        *code = *code * 10 + (unsigned)(at[i] - '0');
    }
    *body = swapc_bytes_of(end + 4, answer.len - (size_t)(end + 4 - at));
    return *code >= 100;
}

static enum swapc_status take_answer(const struct exchange *x, const swapci_buffer *answer,
                                     unsigned *code, swapci_buffer *body) {
    swapc_bytes content;
    if (!swapci_http_answer_split(swapci_buffer_bytes(answer), code, &content))
        return swapc_error_set(x->error, SWAPC_PROTOCOL,
                               "%s answers, but not as a swapc process does: is it an --http "
                               "address?",
                               x->call->address);
    return swapci_buffer_append(body, content);
}

enum swapc_status swapci_http_call_do(const swapci_http_call *call, unsigned *code,
                                      swapci_buffer *body, swapc_error *error) {
    struct exchange x = {.call = call,
                         .until_ns =
                             swapci_clock_monotonic_ns() + call->timeout_ms * UINT64_C(1000000),
                         .fd = -1,
                         .error = error};
    swapci_rpc_address address;
    swapci_buffer answer = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_rpc_address_parse(call->address, &address, error);
    if (status == SWAPC_OK) status = dial_address(&x, &address);
    if (status == SWAPC_OK) status = send_request(&x, &address);
    if (status == SWAPC_OK) status = read_all(&x, &answer);
    if (status == SWAPC_OK) status = take_answer(&x, &answer, code, body);
    if (x.fd >= 0) close(x.fd);
    swapci_buffer_fini(&answer);
    return status;
}
