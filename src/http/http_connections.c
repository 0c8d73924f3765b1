/* What is shared: the list of connections, under the server's lock. A descriptor in it is open: the library
 * tells of a connection's end before it closes it, and shutdown(2) only makes its reads and writes fail. */
#include <stdlib.h>
#include <sys/socket.h>

#include "clock.h"
#include "http_impl.h"

/* From so many on, a new one shuts the one that has been silent longest, if that is so long. */
enum { NEARLY_ALL = SWAPCI_HTTP_CONNECTIONS - 8, PATIENCE_MS = 100 };

static void shut(struct swapci_http_server *server, struct swapci_http_connection *c) {
    shutdown(c->fd, SHUT_RDWR);
    c->silent = false; /* once */
    server->stats.shed++;
}

static void make_room(struct swapci_http_server *server, uint64_t now_ns) {
    struct swapci_http_connection *oldest = NULL;
    for (struct swapci_http_connection *c = server->connections; c; c = c->next)
        if (c->silent && now_ns - c->since_ns > PATIENCE_MS * 1000000ull &&
            (!oldest || c->since_ns < oldest->since_ns))
            oldest = c;
    if (oldest) shut(server, oldest);
}

void swapci_http_connections_sweep(struct swapci_http_server *server, uint64_t now_ns) {
    for (struct swapci_http_connection *c = server->connections; c; c = c->next)
        if (c->silent && now_ns - c->since_ns > SWAPCI_HTTP_REQUEST_MS * 1000000ull)
            shut(server, c);
    if (server->stats.connections >= NEARLY_ALL) make_room(server, now_ns);
}

static void begin(struct swapci_http_server *server, struct MHD_Connection *connection,
                  void **context) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct swapci_http_connection *c = calloc(1, sizeof *c);
    *context = c;
    if (!c) return; /* it is served, and has no deadline but the library's */
    *c = (struct swapci_http_connection){info->connect_fd, true, swapci_clock_monotonic_ns(), NULL};
    pthread_mutex_lock(&server->lock);
    if (++server->stats.connections >= NEARLY_ALL) make_room(server, c->since_ns);
    c->next = server->connections;
    server->connections = c;
    pthread_mutex_unlock(&server->lock);
}

static void end(struct swapci_http_server *server, struct swapci_http_connection *c) {
    if (!c) return;
    pthread_mutex_lock(&server->lock);
    struct swapci_http_connection **at = &server->connections;
    while (*at != c) at = &(*at)->next;
    *at = c->next;
    server->stats.connections--;
    pthread_mutex_unlock(&server->lock);
    free(c);
}

void swapci_http_on_connection(void *user, struct MHD_Connection *connection, void **context,
                               enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) begin(user, connection, context);
    else end(user, *context);
}

void swapci_http_connection_silent(struct MHD_Connection *connection,
                                   struct swapci_http_server *server, bool silent) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct swapci_http_connection *c = info ? info->socket_context : NULL;
    if (!c) return;
    pthread_mutex_lock(&server->lock);
    c->silent = silent;
    c->since_ns = swapci_clock_monotonic_ns();
    pthread_mutex_unlock(&server->lock);
}
