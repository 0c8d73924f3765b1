/* What our own client never does: bytes that are no HTTP/2, a call without a message. And where
 * gRPC's own lines go. */
#include "rpc_client.h"
#include "rpc_runtime.h"
#include "rpc_scratch.h"
#include "rpc_server.h"
#include "rpc_wire.h"
#include "test_main.h"

#include <grpc/grpc_security.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATIENCE 600000 /* ms; reached only by a test that fails */

static void echo(void *user, swapci_rpc_call *call, swapc_bytes request) {
    (void)user;
    swapci_rpc_call_reply(call, request);
}

static const swapci_rpc_method methods[] = {{.name = "/t.T/Echo", .handle = echo}};

/* stall_ms: as in the config; 0: as it comes. */
static swapci_rpc_server *serve(const char *address, unsigned stall_ms) {
    swapci_rpc_server *server;
    swapci_rpc_server_config config = {.address = address, .calls_max = 2, .stall_ms = stall_ms};
    assert_int_equal(swapci_rpc_server_new(&config, &server, NULL), SWAPC_OK);
    swapci_rpc_server_add(server, methods, 1, NULL);
    return server;
}

static void assert_serves(const char *address) {
    swapci_rpc_client *client;
    uint8_t *reply;
    size_t len;
    enum swapc_status status;
    assert_int_equal(swapci_rpc_client_new(address, &client, NULL), SWAPC_OK);
    assert_int_equal(swapci_rpc_client_wait_ready(client, PATIENCE, NULL), SWAPC_OK);
    do
        status = swapci_rpc_client_call(client, "/t.T/Echo", swapc_bytes_str("x"), PATIENCE, &reply,
                                        &len, NULL);
    while (status == SWAPC_CANCELLED); /* it stalled, on a crowded machine */
    assert_int_equal(status, SWAPC_OK);
    free(reply);
    swapci_rpc_client_free(client);
}

/* Sends bytes and waits until the server hangs up. */
static void shout(const char *path, const void *bytes, size_t len) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char sink[256];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(name.sun_path, path, strlen(path) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
    shutdown(fd, SHUT_WR);
    while (recv(fd, sink, sizeof sink, 0) > 0) continue;
    close(fd);
}

static void no_http2(void **state) {
    struct swapci_rpc_scratch *scratch = *state;
    static const char *const noise[] = {
        "GET / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01",
        "",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff",
    };
    swapci_rpc_server *server = serve(scratch->address, 0);
    assert_int_equal(swapci_rpc_server_start(server, NULL), SWAPC_OK);
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
        shout(scratch->path, noise[i], strlen(noise[i]));
    assert_serves(scratch->address);
    swapci_rpc_server_free(server);
    swapci_rpc_shutdown();
}

/* Calls Echo with no message at all, saying so or leaving the server to wait; returns the status's
 * code. */
static grpc_status_code call_empty_handed(grpc_channel *channel, bool say_so) {
    grpc_completion_queue *queue = grpc_completion_queue_create_for_next(NULL);
    grpc_call *call = grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue,
                                               grpc_slice_from_static_string("/t.T/Echo"), NULL,
                                               swapci_rpc_wire_deadline(PATIENCE), NULL);
    grpc_metadata_array head, trail;
    grpc_status_code code = GRPC_STATUS_OK;
    grpc_slice text = grpc_empty_slice();
    grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
                      {.op = GRPC_OP_RECV_INITIAL_METADATA},
                      {.op = GRPC_OP_RECV_STATUS_ON_CLIENT},
                      {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}};
    grpc_metadata_array_init(&head);
    grpc_metadata_array_init(&trail);
    ops[1].data.recv_initial_metadata.recv_initial_metadata = &head;
    ops[2].data.recv_status_on_client.trailing_metadata = &trail;
    ops[2].data.recv_status_on_client.status = &code;
    ops[2].data.recv_status_on_client.status_details = &text;
    assert_int_equal(grpc_call_start_batch(call, ops, say_so ? 4 : 3, NULL, NULL), GRPC_CALL_OK);
    grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_slice_unref(text);
    grpc_metadata_array_destroy(&head);
    grpc_metadata_array_destroy(&trail);
    grpc_call_unref(call);
    grpc_completion_queue_shutdown(queue);
    grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_completion_queue_destroy(queue);
    return code;
}

/* Starts a server on the loopback and a channel to it. */
static grpc_channel *meet(swapci_rpc_server **server, unsigned stall_ms) {
    char target[64];
    *server = serve("127.0.0.1:0", stall_ms);
    assert_int_equal(swapci_rpc_server_start(*server, NULL), SWAPC_OK);
    snprintf(target, sizeof target, "ipv4:%s", swapci_rpc_server_address(*server));
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, plain, NULL);
    grpc_channel_credentials_release(plain);
    return channel;
}

static void part(grpc_channel *channel, swapci_rpc_server *server) {
    grpc_channel_destroy(channel);
    assert_serves(swapci_rpc_server_address(server));
    swapci_rpc_server_free(server);
    swapci_rpc_shutdown();
}

static void no_message(void **state) {
    (void)state;
    swapci_rpc_server *server;
    grpc_channel *channel = meet(&server, 0);
    assert_int_equal(call_empty_handed(channel, true), GRPC_STATUS_INVALID_ARGUMENT);
    part(channel, server);
}

/* More of them than the method has room for, one after the other. */
static void silent_clients_are_cancelled(void **state) {
    (void)state;
    swapci_rpc_server *server;
    grpc_channel *channel = meet(&server, 500);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_empty_handed(channel, false), GRPC_STATUS_CANCELLED);
    part(channel, server);
}

static void folder_missing(void **state) {
    (void)state;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_rpc_server *server = serve("unix:/tmp/swapc-no-such-folder/x.sock", 0);
    assert_int_equal(swapci_rpc_server_start(server, &error), SWAPC_SYSTEM);
    assert_non_null(strstr(error.text, "swapc-no-such-folder"));
    swapci_rpc_server_free(server);
    swapci_rpc_shutdown();
}

static void bad_addresses(void **state) {
    (void)state;
    swapci_rpc_server *server;
    swapci_rpc_client *client;
    char text[160] = "unix:/";
    swapci_rpc_server_config config = {.address = text};
    memset(text + 6, 'x', 120);
    assert_int_equal(swapci_rpc_server_new(&config, &server, NULL), SWAPC_TOO_LARGE);
    assert_null(server);
    assert_int_equal(swapci_rpc_client_new("nowhere", &client, NULL), SWAPC_INVALID);
    assert_null(client);
}

static void count_line(enum swapc_log_level level, const char *source, const char *message,
                       void *user) {
    (void)level;
    (void)message;
    assert_string_equal(source, "grpc");
    ++*(unsigned *)user;
}

static void grpc_speaks_to_the_sink(void **state) {
    (void)state;
    unsigned lines = 0;
    swapc_log log = {count_line, &lines, SWAPC_LOG_DEBUG};
    swapci_rpc_server *server = serve("unix:/tmp/swapc-no-such-folder/x.sock", 0);
    swapci_rpc_log_set(&log);
    assert_int_equal(swapci_rpc_server_start(server, NULL), SWAPC_SYSTEM);
    assert_int_not_equal(lines, 0);
    swapci_rpc_log_set(NULL);
    swapci_rpc_server_free(server);
    swapci_rpc_shutdown();
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_http2, swapci_rpc_scratch_make,
                                        swapci_rpc_scratch_remove),
        cmocka_unit_test(no_message),
        cmocka_unit_test(silent_clients_are_cancelled),
        cmocka_unit_test(folder_missing),
        cmocka_unit_test(bad_addresses),
        cmocka_unit_test(grpc_speaks_to_the_sink),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
