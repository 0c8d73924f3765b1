/* The server against clients that are slow, many, large, or wrong: raw sockets, since no well-behaved client is
 * any of these. */
#include "http_server.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test_main.h"

enum { ANSWER_MAX = 1 << 20 };

struct scene {
    char folder[64], path[96], address[104];
    swapci_http_server *server;
    atomic_int documents;
    atomic_bool in_control, let_go;
};

static void answer_page(void *user, const swapci_http_request *request, swapci_http_reply *reply) {
    (void)user, (void)request;
    reply->constant = swapc_bytes_str("page");
}

static void answer_events(void *user, const swapci_http_request *request,
                          swapci_http_reply *reply) {
    struct scene *s = user;
    (void)request;
    assert_int_equal(swapci_buffer_printf(&reply->body, "document %d", ++s->documents), SWAPC_OK);
}

static void answer_control(void *user, const swapci_http_request *request,
                           swapci_http_reply *reply) {
    struct scene *s = user;
    atomic_store(&s->in_control, true);
    while (!atomic_load(&s->let_go)) usleep(1000);
    reply->code = 202;
    assert_int_equal(swapci_buffer_append(&reply->body, request->body), SWAPC_OK);
}

static const swapci_http_route routes[] = {
    {"/page", SWAPCI_HTTP_PAGE, answer_page},
    {"/events", SWAPCI_HTTP_STREAM, answer_events},
    {"/control", SWAPCI_HTTP_CONTROL, answer_control},
};

static int setup(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    swapc_error error = SWAPC_ERROR_INIT;
    *state = s;
    strcpy(s->folder, "/tmp/swapc-http-test-XXXXXX");
    if (!mkdtemp(s->folder)) return -1;
    snprintf(s->path, sizeof s->path, "%s/s", s->folder);
    snprintf(s->address, sizeof s->address, "unix:%s", s->path);
    const swapci_http_config config = {.address = s->address,
                                       .token = "0123456789abcdef0123456789abcdef",
                                       .routes = routes,
                                       .route_count = sizeof routes / sizeof *routes,
                                       .user = s};
    return swapci_http_server_start(&config, &s->server, &error) == SWAPC_OK ? 0 : -1;
}

static int teardown(void **state) {
    struct scene *s = *state;
    atomic_store(&s->let_go, true);
    swapci_http_server_stop(s->server);
    int left = access(s->path, F_OK) == 0;
    rmdir(s->folder);
    free(s);
    return left;
}

static int dial(const struct scene *s) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(at.sun_path, s->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void put(int fd, const char *text) {
    (void)!send(fd, text, strlen(text),
                MSG_NOSIGNAL); /* it may have been shut, and that is seen by reading */
}

/* Reads until `wanted` has come, or the end. Returns whether it has come. */
static bool comes(int fd, const char *wanted) {
    static char got[ANSWER_MAX];
    size_t len = 0;
    struct pollfd ready = {fd, POLLIN, 0};
    got[0] = 0;
    while (!strstr(got, wanted) && len < sizeof got - 1) {
        if (poll(&ready, 1, -1) != 1) return false;
        ssize_t more = read(fd, got + len, sizeof got - 1 - len);
        if (more <= 0) return false;
        len += (size_t)more;
        got[len] = 0;
    }
    return strstr(got, wanted) != NULL;
}

static void answers(const struct scene *s, const char *request, const char *wanted) {
    int fd = dial(s);
    put(fd, request);
    if (!comes(fd, wanted)) fail_msg("%s is not answered with %s", request, wanted);
    close(fd);
}

#define HEAD " HTTP/1.1\r\nHost: localhost\r\n"
#define POST                                                                                       \
    "POST /control" HEAD "Content-Type: application/json\r\n"                                      \
    "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n"

static void requests_are_answered_by_the_routes(void **state) {
    struct scene *s = *state;
    char *large = malloc(40000);
    answers(s, "GET /page" HEAD "\r\n", "\r\n\r\npage");
    answers(s, "GET /page" HEAD "\r\n", "Content-Security-Policy: default-src 'none'");
    answers(s, "HEAD /page" HEAD "\r\n", "Content-Length: 4\r\n");
    answers(s, "GET /other" HEAD "\r\n", " 404 ");
    answers(s, "GET /page/../page" HEAD "\r\n", " 404 ");
    answers(s, "POST /page" HEAD "Content-Length: 0\r\n\r\n", "Allow: GET, HEAD");
    answers(s, "GET /control" HEAD "\r\n", "Allow: POST");
    memset(large, 'a', 39999);
    large[39999] = 0;
    int fd = dial(s);
    put(fd, "GET /page" HEAD "X-Large: ");
    put(fd, large);
    put(fd, "\r\n\r\n");
    assert_true(comes(fd, " 431 "));
    close(fd);
    free(large);
}

static void a_body_is_bounded_before_it_is_read(void **state) {
    struct scene *s = *state;
    answers(s, POST "Content-Length: 16385\r\n\r\n", " 413 ");
    answers(s, POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", " 411 ");
    answers(s, "POST /control" HEAD "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
            " 401 ");
    atomic_store(&s->let_go, true);
    answers(s, POST "Content-Length: 5\r\n\r\nhello", "\r\n\r\nhello");
    answers(s, POST "Content-Length: 0\r\n\r\n", " 202 ");
}

static void one_control_at_a_time_and_others_are_served_meanwhile(void **state) {
    struct scene *s = *state;
    int first = dial(s);
    put(first, POST "Content-Length: 5\r\n\r\nfirst");
    while (!atomic_load(&s->in_control)) usleep(1000);
    answers(s, POST "Content-Length: 6\r\n\r\nsecond", " 409 ");
    answers(s, "GET /page" HEAD "\r\n", "page");
    atomic_store(&s->let_go, true);
    assert_true(comes(first, "first"));
    answers(s, POST "Content-Length: 6\r\n\r\nsecond", "second");
    close(first);
}

static void the_end_waits_for_a_control(void **state) {
    struct scene *s = *state;
    int fd = dial(s);
    put(fd, POST "Content-Length: 4\r\n\r\nlast");
    while (!atomic_load(&s->in_control)) usleep(1000);
    atomic_store(&s->let_go, true);
    swapci_http_server_stop(s->server);
    s->server = NULL;
    close(fd);
}

static void streams_get_documents_and_are_bounded(void **state) {
    struct scene *s = *state;
    int streams[SWAPCI_HTTP_STREAMS];
    for (int i = 0; i < SWAPCI_HTTP_STREAMS; i++) {
        streams[i] = dial(s);
        put(streams[i], "GET /events" HEAD "\r\n");
        assert_true(comes(streams[i], "data: document "));
    }
    answers(s, "GET /events" HEAD "\r\n", " 503 ");
    assert_true(comes(streams[0], "data: document ")); /* and another */
    assert_int_equal(swapci_http_server_stats(s->server).streams, SWAPCI_HTTP_STREAMS);
    close(streams[0]);
    while (swapci_http_server_stats(s->server).streams == SWAPCI_HTTP_STREAMS) usleep(1000);
    int again = dial(s);
    put(again, "GET /events" HEAD "\r\n");
    assert_true(comes(again, "data: document "));
    close(again);
    for (int i = 1; i < SWAPCI_HTTP_STREAMS; i++) close(streams[i]);
}

static void no_document_is_made_when_nobody_looks(void **state) {
    struct scene *s = *state;
    answers(s, "GET /page" HEAD "\r\n", "page");
    usleep(2 * SWAPCI_HTTP_EVENT_MS * 1000);
    assert_int_equal(atomic_load(&s->documents), 0);
}

/* More than there is room for, none of which says anything: a probe is answered all the same. */
static void the_silent_give_way(void **state) {
    struct scene *s = *state;
    enum { MANY = 3 * SWAPCI_HTTP_CONNECTIONS };
    int silent[MANY];
    for (int i = 0; i < MANY; i++) {
        silent[i] = dial(s);
        put(silent[i], i % 2 ? "GET /pa" : POST "Content-Length: 5\r\n\r\nhe");
        if (i % 8 == 0) usleep(20000);
        if (i % 50 == 49) answers(s, "GET /page" HEAD "\r\n", "page");
    }
    assert_true(swapci_http_server_stats(s->server).connections <= SWAPCI_HTTP_CONNECTIONS);
    assert_true(swapci_http_server_stats(s->server).shed > 0);
    for (int i = 0; i < MANY; i++) close(silent[i]);
}

static void an_address_has_one_server(void **state) {
    struct scene *s = *state;
    swapci_http_server *second = NULL;
    const swapci_http_config config = {.address = s->address, .routes = routes, .route_count = 1};
    swapci_http_config bad = config;
    assert_int_equal(swapci_http_server_start(&config, &second, NULL), SWAPC_BUSY);
    bad.address = "nonsense";
    assert_int_equal(swapci_http_server_start(&bad, &second, NULL), SWAPC_INVALID);
    answers(s, "GET /page" HEAD "\r\n", "page");
    bad.address = "127.0.0.1:0";
    assert_int_equal(swapci_http_server_start(&bad, &second, NULL), SWAPC_OK);
    assert_int_not_equal(atoi(strchr(swapci_http_server_address(second), ':') + 1), 0);
    swapci_http_server_stop(second);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_are_answered_by_the_routes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_body_is_bounded_before_it_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(one_control_at_a_time_and_others_are_served_meanwhile,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_waits_for_a_control, setup, teardown),
        cmocka_unit_test_setup_teardown(streams_get_documents_and_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(no_document_is_made_when_nobody_looks, setup, teardown),
        cmocka_unit_test_setup_teardown(the_silent_give_way, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_has_one_server, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
