/* What is shared: a control's request belongs to its thread from the start of that to the resume of the
 * connection, which the serving thread leaves alone meanwhile; `control` of the server says that one is
 * under way, `sleeping` counts connections that are not resumed yet, and is raised before `stopping` is
 * looked at, so that the end either waits for them or lets none fall asleep; stats are under the lock. */
#include <stdlib.h>
#include <string.h>

#include "http_impl.h"

struct request {
    struct swapci_http_server *server;
    struct MHD_Connection *connection;
    const swapci_http_route *route;
    swapci_buffer body;
    bool running, done; /* a control's thread was started; has answered */
    pthread_t thread;
    swapci_http_reply reply;
};

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void swapci_http_common_headers(struct MHD_Response *response) {
    static const char *const headers[][2] = {{"Cache-Control", "no-store"},
                                             {"Content-Security-Policy", policy},
                                             {"Cross-Origin-Resource-Policy", "same-origin"},
                                             {"Referrer-Policy", "no-referrer"},
                                             {"X-Content-Type-Options", "nosniff"}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

static enum MHD_Result send_response(struct request *r, unsigned code,
                                     struct MHD_Response *response) {
    if (!response) return MHD_NO;
    swapci_http_common_headers(response);
    pthread_mutex_lock(&r->server->lock);
    r->server->stats.requests[code / 100 < 6 ? code / 100 : 0]++;
    pthread_mutex_unlock(&r->server->lock);
    enum MHD_Result queued = MHD_queue_response(r->connection, code, response);
    MHD_destroy_response(response);
    return queued;
}

/* One sentence of refusal. */
static enum MHD_Result refuse(struct request *r, unsigned code, const char *why) {
    size_t len = strlen(why);
    char *text = malloc(len + 2);
    if (!text) return MHD_NO;
    memcpy(text, why, len);
    memcpy(text + len, "\n", 2);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len + 1, text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    if (code == 401) MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (code == 405)
        MHD_add_response_header(response, "Allow",
                                r->route->kind == SWAPCI_HTTP_CONTROL ? "POST" : "GET, HEAD");
    if (code >= 400 && code != 404) MHD_add_response_header(response, "Connection", "close");
    return send_response(r, code, response);
}

/* Takes the reply's body over. */
static enum MHD_Result send_reply(struct request *r) {
    static char nothing;
    swapci_http_reply *reply = &r->reply;
    struct MHD_Response *response =
        reply->constant.ptr
            ? MHD_create_response_from_buffer(reply->constant.len,
                                              (void *)(uintptr_t)reply->constant.ptr,
                                              MHD_RESPMEM_PERSISTENT)
            : MHD_create_response_from_buffer(reply->body.len,
                                              reply->body.ptr ? (void *)reply->body.ptr : &nothing,
                                              MHD_RESPMEM_MUST_COPY);
    if (response) MHD_add_response_header(response, "Content-Type", reply->type);
    return send_response(r, reply->code, response);
}

static enum MHD_Result answer_stream(struct request *r) {
    struct MHD_Response *response = swapci_http_stream_new(r->server, r->connection);
    if (response) return send_response(r, 200, response);
    return refuse(r, 503, "enough pages are open on this process: close one");
}

static const char *header(const struct request *r, const char *name) {
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

static void *control_main(void *user) {
    struct request *r = user;
    struct swapci_http_server *server = r->server;
    swapci_http_request request = {swapci_buffer_bytes(&r->body), header(r, "Authorization")};
    r->route->answer(server->config.user, &request, &r->reply);
    r->done = true;
    atomic_store(&server->control, false); /* who has the answer may ask again at once */
    MHD_resume_connection(r->connection);
    atomic_fetch_sub(&server->sleeping, 1);
    return NULL;
}

/* The connection sleeps until the thread resumes it, which comes back to on_request. */
static enum MHD_Result answer_control(struct request *r) {
    struct swapci_http_server *server = r->server;
    if (atomic_exchange(&server->control, true))
        return refuse(r, 409, "another control is under way: try again when it is done");
    atomic_fetch_add(&server->sleeping, 1);
    if (!atomic_load(&server->stopping)) {
        MHD_suspend_connection(r->connection);
        r->running = pthread_create(&r->thread, NULL, control_main, r) == 0;
        if (r->running) return MHD_YES;
        MHD_resume_connection(r->connection);
    }
    atomic_fetch_sub(&server->sleeping, 1);
    atomic_store(&server->control, false);
    return refuse(r, 503, "this process is ending, or can start no thread");
}

static enum MHD_Result answer(struct request *r) {
    switch (r->route->kind) {
    case SWAPCI_HTTP_STREAM:
        return answer_stream(r);
    case SWAPCI_HTTP_CONTROL:
        return answer_control(r);
    default: {
        const swapci_http_request request = {{0}, NULL};
        r->route->answer(r->server->config.user, &request, &r->reply);
        return send_reply(r);
    }
    }
}

static const swapci_http_route *find(const struct swapci_http_server *server, const char *path) {
    for (size_t i = 0; i < server->config.route_count; i++)
        if (strcmp(server->config.routes[i].path, path) == 0) return &server->config.routes[i];
    return NULL;
}

/* By its head alone, before anything of a body is read. Returns false when it has been answered. */
static bool may_go_on(struct request *r, const char *path, const char *method,
                      enum MHD_Result *answered) {
    const char *why = "";
    r->route = find(r->server, path);
    if (!r->route) {
        *answered = refuse(r, 404, "nothing is here; the page is at /");
        return false;
    }
    bool post = strcmp(method, "POST") == 0;
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (r->route->kind == SWAPCI_HTTP_CONTROL ? !post : !get) {
        *answered = refuse(r, 405, "this is not done in that way; see Allow");
        return false;
    }
    const struct swapci_http_headers headers = {
        .host = header(r, "Host"),
        .origin = header(r, "Origin"),
        .fetch_site = header(r, "Sec-Fetch-Site"),
        .authorization = header(r, "Authorization"),
        .content_type = header(r, "Content-Type"),
        .content_length = header(r, "Content-Length"),
    };
    unsigned code = swapci_http_guard(&r->server->place, r->route->kind, &headers, &why);
    if (code == 0) return true;
    *answered = refuse(r, code, why);
    return false;
}

static enum MHD_Result begin(struct swapci_http_server *server, struct MHD_Connection *connection,
                             const char *path, const char *method, void **context) {
    struct request *r = calloc(1, sizeof *r);
    enum MHD_Result answered = MHD_YES;
    if (!r) return MHD_NO;
    *context = r;
    r->server = server;
    r->connection = connection;
    r->reply = (swapci_http_reply){.code = 200, .type = "application/json"};
    if (!may_go_on(r, path, method, &answered)) return answered;
    if (r->route->kind == SWAPCI_HTTP_CONTROL) return MHD_YES; /* its body comes first */
    swapci_http_connection_silent(connection, server, false);
    return answer(r);
}

enum MHD_Result swapci_http_on_request(void *user, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *data, size_t *size, void **context) {
    struct request *r = *context;
    (void)version;
    if (!r) return begin(user, connection, url, method, context);
    if (*size > 0) { /* at most what Content-Length said, which was looked at */
        if (swapci_buffer_append(&r->body, swapc_bytes_of(data, *size)) != SWAPC_OK) return MHD_NO;
        *size = 0;
        return MHD_YES;
    }
    if (r->done) return send_reply(r);
    swapci_http_connection_silent(connection, r->server, false);
    return answer(r);
}

void swapci_http_on_completed(void *user, struct MHD_Connection *connection, void **context,
                              enum MHD_RequestTerminationCode how) {
    struct swapci_http_server *server = user;
    struct request *r = *context;
    if (!r) return;
    if (r->running) pthread_join(r->thread, NULL);
    if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        pthread_mutex_lock(&server->lock);
        server->stats.requests[0]++;
        pthread_mutex_unlock(&server->lock);
    }
    swapci_http_connection_silent(connection, server, true);
    swapci_buffer_fini(&r->body);
    swapci_buffer_fini(&r->reply.body);
    free(r);
    *context = NULL;
}
