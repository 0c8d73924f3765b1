/* http_server.h - a small HTTP/1.1 server for people, probes and scrapers: bounded in everything, and never
 * in the way of those who work.
 *
 * One thread serves all connections and answers what is at hand; what may take long (a control) runs on a
 * thread of its own, one at a time, while its connection sleeps; a third makes one document a second for
 * all streams of events.
 *
 * Who may ask: routes say (http_guard.h decides). Probes are open to whoever reaches the address; pages and
 * data too, but for other sites' scripts; controls need the token.
 *
 * Bounds: SWAPCI_HTTP_CONNECTIONS connections, of which the one that has kept silent longest gives way to a
 *     new one when they are nearly used up; 16 KiB of headers (431); a body of SWAPCI_HTTP_BODY_MAX (413)
 *     whose length is said before (411); a whole request within SWAPCI_HTTP_REQUEST_MS;
 *     SWAPCI_HTTP_STREAMS streams (503), each a client that takes a document within
 *     SWAPCI_HTTP_STREAM_MS, or is closed; who is slower than one a second misses some.
 * Threads: start and stop by one thread. Handlers of routes run on the server's threads, as their kind says.
 * Ownership: start gives, stop frees; config is copied, what it points at outlives the server.
 */
#ifndef SWAPCI_HTTP_SERVER_H
#define SWAPCI_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "swapc/log.h"

enum {
    SWAPCI_HTTP_CONNECTIONS = 64,
    SWAPCI_HTTP_STREAMS = 16,
    SWAPCI_HTTP_BODY_MAX = 16 * 1024,
    SWAPCI_HTTP_REQUEST_MS = 10000,
    SWAPCI_HTTP_STREAM_MS = 30000,
    SWAPCI_HTTP_EVENT_MS = 1000
};

typedef struct swapci_http_request {
    swapc_bytes body; /* of a control */
    const char
        *authorization; /* of a control: the header as it came, for who hands it on; or NULL */
} swapci_http_request;

typedef struct swapci_http_reply {
    unsigned code;        /* 200 unless the handler says otherwise */
    const char *type;     /* static; "application/json" unless the handler says otherwise */
    swapci_buffer body;   /* the handler appends; freed by the server */
    swapc_bytes constant; /* instead of body, when it has a pointer: never freed */
} swapci_http_reply;

enum swapci_http_kind {
    SWAPCI_HTTP_PROBE,  /* GET; on the serving thread: must not block */
    SWAPCI_HTTP_PAGE,   /* the same */
    SWAPCI_HTTP_DATA,   /* the same */
    SWAPCI_HTTP_STREAM, /* GET, server-sent events: called once a second for all streams together */
    SWAPCI_HTTP_CONTROL /* POST, JSON, on a thread of its own, one at a time (409); needs the token */
};

typedef struct swapci_http_route {
    const char *path;
    enum swapci_http_kind kind;
    void (*answer)(void *user, const swapci_http_request *request, swapci_http_reply *reply);
} swapci_http_route;

typedef struct swapci_http_config {
    const char *address; /* unix:PATH (mode 0600) or HOST:PORT, port 0: any */
    const char *token;   /* of controls; NULL: see pass_on */
    bool
        pass_on; /* controls are let in with whatever token they bring: their handler asks who knows */
    const swapci_http_route *routes;
    size_t route_count;
    void *user;
    swapc_log log;
} swapci_http_config;

typedef struct swapci_http_server swapci_http_server;

typedef struct swapci_http_stats {
    uint64_t requests[6]; /* by the hundreds of their answer's code; [0]: broken off */
    unsigned connections, streams;
    uint64_t shed; /* connections that were closed because they said nothing, or took nothing */
} swapci_http_stats;

/* Says before anything is made whether a server can be: this build has one, address is an address, and there is a folder
 * for its socket. Returns SWAPC_OK, INVALID, TOO_LARGE, SYSTEM. */
enum swapc_status swapci_http_server_check(const char *address, swapc_error *error);

/* Returns SWAPC_OK, INVALID (address; or this build has no server), TOO_LARGE (the path), BUSY (somebody
 * listens there), SYSTEM, NO_MEMORY. After failure nothing is left. */
enum swapc_status swapci_http_server_start(const swapci_http_config *config,
                                           swapci_http_server **out, swapc_error *error);

/* Where it listens: "unix:PATH" or "HOST:PORT". Borrowed. */
const char *swapci_http_server_address(const swapci_http_server *server);

/* The path of its socket, for who removes it before a forced end; NULL: none. Borrowed. */
const char *swapci_http_server_socket(const swapci_http_server *server);

/* Any thread. */
swapci_http_stats swapci_http_server_stats(swapci_http_server *server);

/* Closes all connections, waits for a control that is under way, removes the socket. NULL does nothing. */
void swapci_http_server_stop(swapci_http_server *server);

#endif
