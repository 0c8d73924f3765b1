/* What is shared: the list of streams and their documents, under the server's lock. A stream is asleep when
 * its connection is suspended: it falls asleep and is woken under the lock, so that no document is missed.
 * A document is made once for all, and freed by its last user. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "http_impl.h"

enum { BLOCK = 32 * 1024 };

static void let_go(struct swapci_http_document *document) {
    if (document && --document->users == 0) free(document);
}

/* Under the lock. Returns whether there is something to send. */
static bool has_some(struct swapci_http_stream *s) {
    if (s->now && s->sent < s->now->len) return true;
    if (!s->after) return false;
    let_go(s->now);
    s->now = s->after;
    s->after = NULL;
    s->sent = 0;
    s->since_ns = swapci_clock_monotonic_ns();
    return true;
}

static ssize_t read_some(void *user, uint64_t position, char *out, size_t max) {
    struct swapci_http_stream *s = user;
    ssize_t got = 0;
    (void)position;
    pthread_mutex_lock(&s->server->lock);
    if (atomic_load(&s->server->stopping)) {
        got = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (has_some(s)) {
        size_t left = s->now->len - s->sent;
        got = (ssize_t)(left < max ? left : max);
        memcpy(out, s->now->bytes + s->sent, (size_t)got);
        s->sent += (size_t)got;
    } else {
        s->asleep = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&s->server->lock);
    return got;
}

static void end(void *user) {
    struct swapci_http_stream *s = user;
    struct swapci_http_server *server = s->server;
    pthread_mutex_lock(&server->lock);
    struct swapci_http_stream **at = &server->streams;
    while (*at != s) at = &(*at)->next;
    *at = s->next;
    server->stats.streams--;
    let_go(s->now);
    let_go(s->after);
    pthread_mutex_unlock(&server->lock);
    free(s);
}

/* Takes a place. Returns false when all are taken. */
static bool join(struct swapci_http_server *server, struct swapci_http_stream *s) {
    pthread_mutex_lock(&server->lock);
    bool room = server->stats.streams < SWAPCI_HTTP_STREAMS;
    if (room) {
        server->stats.streams++;
        s->next = server->streams;
        server->streams = s;
        pthread_cond_signal(&server->wake); /* its first document need not wait a second */
    }
    pthread_mutex_unlock(&server->lock);
    return room;
}

struct MHD_Response *swapci_http_stream_new(struct swapci_http_server *server,
                                            struct MHD_Connection *connection) {
    struct swapci_http_stream *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->server = server;
    s->connection = connection;
    if (!join(server, s)) {
        free(s);
        return NULL;
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_some, s, end);
    if (!response) {
        end(s);
        return NULL;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    return response;
}

static void wake(struct swapci_http_stream *s) {
    if (!s->asleep) return;
    s->asleep = false;
    MHD_resume_connection(s->connection);
}

/* "data: …" and a blank line; the handler's text has no line breaks. */
static struct swapci_http_document *make(struct swapci_http_server *server) {
    static const char head[] = "data: ", tail[] = "\n\n";
    swapci_http_reply reply = {.code = 200};
    server->events->answer(server->config.user, NULL, &reply);
    size_t len = sizeof head - 1 + reply.body.len + sizeof tail - 1;
    struct swapci_http_document *document = malloc(sizeof *document + len + 1);
    if (document) {
        document->users = 1;
        document->len = len;
        memcpy(document->bytes, head, sizeof head - 1);
        if (reply.body.len > 0)
            memcpy(document->bytes + sizeof head - 1, reply.body.ptr, reply.body.len);
        memcpy(document->bytes + len - (sizeof tail - 1), tail, sizeof tail);
    }
    swapci_buffer_fini(&reply.body);
    return document;
}

void swapci_http_streams_feed(struct swapci_http_server *server) {
    pthread_mutex_lock(&server->lock);
    bool wanted = server->streams != NULL;
    pthread_mutex_unlock(&server->lock);
    struct swapci_http_document *document = wanted ? make(server) : NULL;
    if (!document) return;
    pthread_mutex_lock(&server->lock);
    for (struct swapci_http_stream *s = server->streams; s; s = s->next) {
        let_go(s->after);
        s->after = document;
        document->users++;
        wake(s);
    }
    let_go(document);
    pthread_mutex_unlock(&server->lock);
}

void swapci_http_streams_sweep(struct swapci_http_server *server, uint64_t now_ns) {
    for (struct swapci_http_stream *s = server->streams; s; s = s->next) {
        bool slow = !s->asleep && s->now && s->after &&
                    now_ns - s->since_ns > SWAPCI_HTTP_STREAM_MS * 1000000ull;
        if (!slow) continue;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        shutdown(info->connect_fd, SHUT_RDWR);
        s->since_ns = now_ns;
        server->stats.shed++;
    }
}

void swapci_http_streams_end(struct swapci_http_server *server) {
    pthread_mutex_lock(&server->lock);
    for (struct swapci_http_stream *s = server->streams; s; s = s->next) wake(s);
    pthread_mutex_unlock(&server->lock);
}
