/* http_impl.h - what the server's files share: http_server.c (life), http_request.c (one request),
 * http_stream.c (events), http_connections.c (who is connected, and who gives way).
 *
 * Threads: `lock` guards connections, streams and stats; it is held for some stores, and for libmicrohttpd's
 *     suspend and resume, which take its own lock below ours. Config, place and daemon are const after start.
 */
#ifndef SWAPCI_HTTP_IMPL_H
#define SWAPCI_HTTP_IMPL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http_guard.h"
#include "http_server.h"
#include "rpc_address.h"

/* One connection: silent from its first byte, or from the answer before, until a whole request is there. */
struct swapci_http_connection {
    int fd;
    bool silent;
    uint64_t since_ns; /* silent since */
    struct swapci_http_connection *next;
};

/* A document for all streams. */
struct swapci_http_document {
    unsigned users; /* under the lock */
    size_t len;
    char bytes[];
};

struct swapci_http_stream {
    struct swapci_http_server *server;
    struct MHD_Connection *connection;
    struct swapci_http_document *now, *after; /* being sent, and what comes then; NULL: none */
    size_t sent;                              /* of now */
    uint64_t since_ns;                        /* when now was begun */
    bool asleep;
    struct swapci_http_stream *next;
};

struct swapci_http_server {
    swapci_http_config config;
    struct swapci_http_place place;
    swapci_rpc_address address;
    const swapci_http_route *events; /* NULL: none */
    int listening;
    struct MHD_Daemon *daemon;
    pthread_t ticker;
    bool ticking;
    atomic_bool stopping;
    atomic_bool control;  /* one is under way */
    atomic_uint sleeping; /* connections of controls that are not resumed yet */

    pthread_mutex_t lock; /* guards what is below */
    pthread_cond_t wake;  /* of the ticker */
    struct swapci_http_connection *connections;
    struct swapci_http_stream *streams;
    swapci_http_stats stats;
};

/* http_connections.c */
void swapci_http_on_connection(void *user, struct MHD_Connection *connection, void **context,
                               enum MHD_ConnectionNotificationCode code);
void swapci_http_connection_silent(struct MHD_Connection *connection,
                                   struct swapci_http_server *server, bool silent);
/* Under the lock: shuts those that have been silent for too long. */
void swapci_http_connections_sweep(struct swapci_http_server *server, uint64_t now_ns);

/* http_request.c */
enum MHD_Result swapci_http_on_request(void *user, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *data, size_t *size, void **request);
void swapci_http_on_completed(void *user, struct MHD_Connection *connection, void **request,
                              enum MHD_RequestTerminationCode how);
/* The headers of every answer. */
void swapci_http_common_headers(struct MHD_Response *response);

/* http_stream.c */
/* Returns a response, or NULL: there are too many, or no memory. */
struct MHD_Response *swapci_http_stream_new(struct swapci_http_server *server,
                                            struct MHD_Connection *connection);
/* On the ticker: makes a document when anybody listens, and gives it to all. */
void swapci_http_streams_feed(struct swapci_http_server *server);
/* Under the lock: closes who has not taken a document for too long. */
void swapci_http_streams_sweep(struct swapci_http_server *server, uint64_t now_ns);
/* Wakes all streams, which then end, since the server is stopping. */
void swapci_http_streams_end(struct swapci_http_server *server);

#endif
