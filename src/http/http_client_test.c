/* The client against the server beside it, and against what is none. */
#include "http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_server.h"
#include "test_main.h"

static const char token[] = "0123456789abcdef0123456789abcdef";

static void answer(void *user, const swapci_http_request *request, swapci_http_reply *reply) {
    (void)user;
    reply->code = request->body.len > 0 ? 202 : 200;
    assert_int_equal(swapci_buffer_append(&reply->body, swapc_bytes_str("hello ")), SWAPC_OK);
    assert_int_equal(swapci_buffer_append(&reply->body, request->body), SWAPC_OK);
}

static const swapci_http_route routes[] = {{"/get", SWAPCI_HTTP_DATA, answer},
                                           {"/do", SWAPCI_HTTP_CONTROL, answer}};

static enum swapc_status ask(swapci_http_call call, unsigned *code, char out[256]) {
    swapci_buffer body = SWAPCI_BUFFER_INIT;
    call.timeout_ms = call.timeout_ms ? call.timeout_ms : 600000;
    call.answer_max = call.answer_max ? call.answer_max : 4096;
    enum swapc_status status = swapci_http_call_do(&call, code, &body, NULL);
    snprintf(out, 256, "%.*s", (int)body.len, body.ptr ? (char *)body.ptr : "");
    swapci_buffer_fini(&body);
    return status;
}

static void it_reads_what_the_server_sends(void **state) {
    char folder[] = "/tmp/swapc-client-test-XXXXXX", local[64];
    const char *const addresses[] = {"127.0.0.1:0", local};
    char out[256], bearer[64], address[128];
    unsigned code = 0;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(local, sizeof local, "unix:%s/s", folder);
    snprintf(bearer, sizeof bearer, "Bearer %s", token);
    for (size_t i = 0; i < 2; i++) {
        swapci_http_server *server;
        const swapci_http_config config = {
            .address = addresses[i], .token = token, .routes = routes, .route_count = 2};
        assert_int_equal(swapci_http_server_start(&config, &server, NULL), SWAPC_OK);
        snprintf(address, sizeof address, "%s", swapci_http_server_address(server));
        swapci_http_call call = {.address = address, .method = "GET", .path = "/get"};
        assert_int_equal(ask(call, &code, out), SWAPC_OK);
        assert_int_equal(code, 200);
        assert_string_equal(out, "hello ");
        call.answer_max = 40;
        assert_int_equal(ask(call, &code, out), SWAPC_TOO_LARGE);
        call = (swapci_http_call){.address = call.address,
                                  .method = "POST",
                                  .path = "/do",
                                  .body = swapc_bytes_str("you")};
        assert_int_equal(ask(call, &code, out), SWAPC_OK);
        assert_int_equal(code, 401);
        call.authorization = bearer;
        assert_int_equal(ask(call, &code, out), SWAPC_OK);
        assert_int_equal(code, 202);
        assert_string_equal(out, "hello you");
        swapci_http_server_stop(server);
        assert_int_equal(ask(call, &code, out), SWAPC_UNREACHABLE);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* The kernel takes the connection, and nobody answers. */
static void who_does_not_answer_is_not_waited_for(void **state) {
    char out[256], address[64];
    unsigned code;
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    const uint8_t *bytes = (const uint8_t *)&at;
    snprintf(address, sizeof address, "127.0.0.1:%d", bytes[2] << 8 | bytes[3]);
    swapci_http_call call = {.address = address, .method = "GET", .path = "/", .timeout_ms = 50};
    assert_int_equal(ask(call, &code, out), SWAPC_DEADLINE);
    close(fd);
    call.address = "nonsense";
    assert_int_equal(ask(call, &code, out), SWAPC_INVALID);
}

/* Nothing behind the answer's end is looked at: each lies in storage of its own length. */
static void what_is_no_answer_is_told_from_one(void **state) {
    static const struct {
        const char *text;
        unsigned code; /* 0: it is none */
        const char *body;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello"},
        {"HTTP/1.0 503\r\nA: b\r\n\r\n", 503, ""},
        {"HTTP/1.1\r\n\r\n", 0, NULL},
        {"HTTP/1.1    \r\n\r\n", 0, NULL},
        {"HTTP/1.1 +20 \r\n\r\n", 0, NULL},
        {"HTTP/1.1 099 \r\n\r\n", 0, NULL},
        {"HTTP/2 200\r\n\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\n", 0, NULL},
        {"", 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = strlen(rows[i].text);
        uint8_t *own = malloc(len ? len : 1);
        unsigned code = 0;
        swapc_bytes body = {0};
        assert_non_null(own);
        memcpy(own, rows[i].text, len);
        bool is = swapci_http_answer_split(swapc_bytes_of(own, len), &code, &body);
        assert_int_equal(is, rows[i].code != 0);
        if (is) {
            assert_int_equal(code, rows[i].code);
            assert_true(swapc_bytes_equal(body, swapc_bytes_str(rows[i].body)));
        }
        free(own);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_what_the_server_sends),
        cmocka_unit_test(what_is_no_answer_is_told_from_one),
        cmocka_unit_test(who_does_not_answer_is_not_waited_for),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
