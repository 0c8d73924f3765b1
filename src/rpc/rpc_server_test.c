#include "rpc_client.h"
#include "rpc_runtime.h"
#include "rpc_scratch.h"
#include "rpc_server.h"
#include "rpc_stream.h"
#include "test_main.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PATIENCE 600000 /* ms; reached only by a test that fails */

enum { WAITING_MAX = 3 };

/* A service for tests: Echo answers at once, Keep stores the handle, Refuse says no, Count
 * streams. */
struct desk {
    struct swapci_rpc_scratch *scratch;
    swapci_rpc_server *server;
    swapci_rpc_client *client;
    sem_t kept, woken;
    swapci_rpc_call *handle;
    unsigned left;
};

static void echo(void *user, swapci_rpc_call *call, swapc_bytes request) {
    (void)user;
    swapci_rpc_call_reply(call, request);
}

static void keep(void *user, swapci_rpc_call *call, swapc_bytes request) {
    struct desk *desk = user;
    (void)request;
    desk->handle = call;
    sem_post(&desk->kept);
}

/* As Keep, for long; on_left finishes it. The handle is NULL when there was no room. */
static void wait_long(void *user, swapci_rpc_call *call, swapc_bytes request) {
    struct desk *desk = user;
    (void)request;
    desk->handle = swapci_rpc_call_keep(call) ? call : NULL;
    sem_post(&desk->kept);
}

static void on_left(void *user, swapci_rpc_call *call) {
    struct desk *desk = user;
    desk->left++;
    swapci_rpc_call_finish(call, SWAPCI_RPC_CANCELLED, NULL);
}

static void refuse(void *user, swapci_rpc_call *call, swapc_bytes request) {
    (void)user;
    (void)request;
    swapci_rpc_call_finish(call, SWAPCI_RPC_FAILED_PRECONDITION, "not today");
}

/* Many messages in a row: the rpc thread is busy here, so all but the first wait, and each replaces
 * the one before. */
static void count(void *user, swapci_rpc_call *call, swapc_bytes request) {
    (void)user;
    (void)request;
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(swapci_rpc_call_send(call, swapc_bytes_of(&i, sizeof i)), SWAPC_OK);
    swapci_rpc_call_finish(call, SWAPCI_RPC_OK, NULL);
}

static const swapci_rpc_method methods[] = {
    {.name = "/t.T/Echo", .handle = echo},
    {.name = "/t.T/Keep", .handle = keep},
    {.name = "/t.T/Wait", .handle = wait_long, .gone = on_left, .kept_max = WAITING_MAX},
    {.name = "/t.T/Refuse", .handle = refuse},
    {.name = "/t.T/Count", .handle = count},
};

static swapci_rpc_server *make(const char *address, unsigned calls_max, void *user) {
    swapci_rpc_server *server;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_rpc_server_config config = {.address = address, .calls_max = calls_max};
    assert_int_equal(swapci_rpc_server_new(&config, &server, &error), SWAPC_OK);
    swapci_rpc_server_add(server, methods, sizeof methods / sizeof *methods, user);
    return server;
}

static int open_desk(void **state) {
    struct desk *desk = calloc(1, sizeof *desk);
    void *scratch;
    if (!desk || swapci_rpc_scratch_make(&scratch)) return -1;
    desk->scratch = scratch;
    sem_init(&desk->kept, 0, 0);
    sem_init(&desk->woken, 0, 0);
    desk->server = make(desk->scratch->address, 2, desk);
    if (swapci_rpc_client_new(desk->scratch->address, &desk->client, NULL)) return -1;
    *state = desk;
    return 0;
}

static int close_desk(void **state) {
    struct desk *desk = *state;
    void *scratch = desk->scratch;
    swapci_rpc_client_free(desk->client);
    swapci_rpc_server_free(desk->server);
    swapci_rpc_shutdown();
    sem_destroy(&desk->kept);
    sem_destroy(&desk->woken);
    free(desk);
    return swapci_rpc_scratch_remove(&scratch);
}

/* On a crowded machine a call that comes before it would not find the server. */
static void await_ready(swapci_rpc_client *client) {
    assert_int_equal(swapci_rpc_client_wait_ready(client, PATIENCE, NULL), SWAPC_OK);
}

static void start(struct desk *desk) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_rpc_server_start(desk->server, &error);
    assert_string_equal(error.text, "");
    await_ready(desk->client);
}

static void assert_echo(swapci_rpc_client *client, size_t len) {
    uint8_t *out = malloc(len ? len : 1), *in;
    size_t in_len;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_non_null(out);
    memset(out, 0x5a, len ? len : 1);
    swapci_rpc_client_call(client, "/t.T/Echo", swapc_bytes_of(out, len), PATIENCE, &in, &in_len,
                           &error);
    assert_string_equal(error.text, "");
    assert_int_equal(in_len, len);
    assert_memory_equal(in, out, len);
    free(in);
    free(out);
}

/* A call from a thread of its own. */
struct caller {
    pthread_t thread;
    swapci_rpc_client *client;
    const char *method;
    unsigned timeout_ms;
    enum swapc_status status;
    swapc_error error;
    char reply[16];
};

static void *call_main(void *user) {
    struct caller *c = user;
    uint8_t *reply;
    size_t len;
    c->status = swapci_rpc_client_call(c->client, c->method, swapc_bytes_str("x"), c->timeout_ms,
                                       &reply, &len, &c->error);
    if (!c->status && len < sizeof c->reply) memcpy(c->reply, reply, len);
    free(reply);
    return NULL;
}

static void call_begin(struct caller *c, swapci_rpc_client *client, const char *method) {
    *c = (struct caller){.client = client, .method = method, .timeout_ms = PATIENCE};
    assert_int_equal(pthread_create(&c->thread, NULL, call_main, c), 0);
}

static void call_end(struct caller *c) {
    assert_int_equal(pthread_join(c->thread, NULL), 0);
}

static void echoes_all_sizes(void **state) {
    struct desk *desk = *state;
    start(desk);
    assert_echo(desk->client, 0);
    assert_echo(desk->client, 1);
    assert_echo(desk->client, 50000);
    assert_echo(desk->client, SWAPCI_RPC_REQUEST_MAX);
}

static void too_large_is_refused(void **state) {
    struct desk *desk = *state;
    size_t len = SWAPCI_RPC_REQUEST_MAX + 1, reply_len;
    uint8_t *big = calloc(1, len), *reply;
    start(desk);
    assert_int_equal(swapci_rpc_client_call(desk->client, "/t.T/Echo", swapc_bytes_of(big, len),
                                            PATIENCE, &reply, &reply_len, NULL),
                     SWAPC_LIMIT);
    assert_null(reply);
    free(big);
    assert_echo(desk->client, 1);
}

static void tcp_picks_a_port(void **state) {
    (void)state;
    swapci_rpc_client *client;
    swapci_rpc_server *server = make("127.0.0.1:0", 0, NULL);
    assert_int_equal(swapci_rpc_server_start(server, NULL), SWAPC_OK);
    assert_int_not_equal(swapci_rpc_server_port(server), 0);
    assert_int_equal(swapci_rpc_client_new(swapci_rpc_server_address(server), &client, NULL),
                     SWAPC_OK);
    await_ready(client);
    assert_echo(client, 10);
    swapci_rpc_client_free(client);
    swapci_rpc_server_free(server);
    swapci_rpc_shutdown();
}

static void port_in_use(void **state) {
    (void)state;
    swapc_error error = SWAPC_ERROR_INIT;
    char port[16];
    swapci_rpc_server *first = make("127.0.0.1:0", 0, NULL);
    assert_int_equal(swapci_rpc_server_start(first, NULL), SWAPC_OK);
    swapci_rpc_server *second = make(swapci_rpc_server_address(first), 0, NULL);
    assert_int_equal(swapci_rpc_server_start(second, &error), SWAPC_BUSY);
    snprintf(port, sizeof port, "port %u", swapci_rpc_server_port(first));
    assert_non_null(strstr(error.text, port));
    swapci_rpc_server_free(first);
    assert_int_equal(swapci_rpc_server_start(second, NULL), SWAPC_OK);
    swapci_rpc_server_free(second);
    swapci_rpc_shutdown();
}

static void socket_is_private_and_goes(void **state) {
    struct desk *desk = *state;
    struct stat info;
    start(desk);
    assert_int_equal(stat(desk->scratch->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    swapci_rpc_server_shutdown(desk->server, 0);
    assert_int_not_equal(stat(desk->scratch->path, &info), 0);
}

static void stale_socket_is_replaced(void **state) {
    struct desk *desk = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(name.sun_path, desk->scratch->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd);
    start(desk);
    assert_echo(desk->client, 1);
}

static void live_socket_is_spared(void **state) {
    struct desk *desk = *state;
    swapc_error error = SWAPC_ERROR_INIT;
    start(desk);
    swapci_rpc_server *second = make(desk->scratch->address, 0, NULL);
    assert_int_equal(swapci_rpc_server_start(second, &error), SWAPC_BUSY);
    assert_non_null(strstr(error.text, desk->scratch->path));
    swapci_rpc_server_free(second);
    assert_echo(desk->client, 1);
}

static void unknown_method(void **state) {
    struct desk *desk = *state;
    uint8_t *reply;
    size_t len;
    swapc_error error = SWAPC_ERROR_INIT;
    start(desk);
    assert_int_equal(swapci_rpc_client_call(desk->client, "/t.T/Nope", swapc_bytes_str(""),
                                            PATIENCE, &reply, &len, &error),
                     SWAPC_UNSUPPORTED);
    assert_int_equal(error.native, SWAPCI_RPC_UNIMPLEMENTED);
    assert_non_null(strstr(error.text, "/t.T/Nope"));
    assert_echo(desk->client, 1);
}

static void code_and_text_arrive(void **state) {
    struct desk *desk = *state;
    uint8_t *reply;
    size_t len;
    swapc_error error = SWAPC_ERROR_INIT;
    start(desk);
    assert_int_equal(swapci_rpc_client_call(desk->client, "/t.T/Refuse", swapc_bytes_str(""),
                                            PATIENCE, &reply, &len, &error),
                     SWAPC_INVALID);
    assert_int_equal(error.native, SWAPCI_RPC_FAILED_PRECONDITION);
    assert_non_null(strstr(error.text, "not today"));
}

static void deferred_until_released(void **state) {
    struct desk *desk = *state;
    struct caller caller;
    start(desk);
    call_begin(&caller, desk->client, "/t.T/Keep");
    sem_wait(&desk->kept);
    assert_echo(desk->client, 1); /* others are served meanwhile */
    swapci_rpc_call_reply(desk->handle, swapc_bytes_str("late"));
    call_end(&caller);
    assert_int_equal(caller.status, SWAPC_OK);
    assert_string_equal(caller.reply, "late");
}

static void answer_after_client_left(void **state) {
    struct desk *desk = *state;
    uint8_t *reply;
    size_t len;
    start(desk);
    assert_int_equal(swapci_rpc_client_call(desk->client, "/t.T/Keep", swapc_bytes_str(""), 50,
                                            &reply, &len, NULL),
                     SWAPC_DEADLINE);
    /* The deadline may have come before the request did: then nothing was kept. */
    assert_echo(desk->client, 1);
    bool kept = sem_trywait(&desk->kept) == 0;
    if (kept) swapci_rpc_call_reply(desk->handle, swapc_bytes_str("late"));
    assert_echo(desk->client, 1);
    swapci_rpc_server_shutdown(desk->server, 0);
    if (!kept && sem_trywait(&desk->kept) == 0) /* it came after all */
        swapci_rpc_call_finish(desk->handle, SWAPCI_RPC_OK, NULL);
}

static void shutdown_ends_pending_calls(void **state) {
    struct desk *desk = *state;
    struct caller caller;
    start(desk);
    call_begin(&caller, desk->client, "/t.T/Keep");
    sem_wait(&desk->kept);
    swapci_rpc_server_shutdown(desk->server, PATIENCE);
    call_end(&caller);
    assert_int_equal(caller.status, SWAPC_UNREACHABLE);
    assert_non_null(strstr(caller.error.text, "shutting down"));
    swapci_rpc_call_reply(desk->handle, swapc_bytes_str("too late"));
}

static void shutdown_without_grace(void **state) {
    struct desk *desk = *state;
    struct caller caller;
    start(desk);
    call_begin(&caller, desk->client, "/t.T/Keep");
    sem_wait(&desk->kept);
    swapci_rpc_server_shutdown(desk->server, 0);
    call_end(&caller);
    assert_true(caller.status == SWAPC_UNREACHABLE || caller.status == SWAPC_CANCELLED);
    swapci_rpc_call_finish(desk->handle, SWAPCI_RPC_OK, NULL);
}

static void handle_outlives_server(void **state) {
    struct desk *desk = *state;
    struct caller caller;
    start(desk);
    call_begin(&caller, desk->client, "/t.T/Keep");
    sem_wait(&desk->kept);
    swapci_rpc_server_free(desk->server);
    desk->server = NULL;
    call_end(&caller);
    swapci_rpc_client_free(desk->client);
    desk->client = NULL;
    swapci_rpc_shutdown();
    swapci_rpc_call_reply(desk->handle, swapc_bytes_str("far too late"));
}

/* A client learns from the first call that its server was another one meanwhile. */
static void restarts(void **state) {
    struct desk *desk = *state;
    for (int i = 0; i < 3; i++) {
        uint8_t *reply;
        size_t len;
        start(desk);
        enum swapc_status status = swapci_rpc_client_call(
            desk->client, "/t.T/Echo", swapc_bytes_str("x"), PATIENCE, &reply, &len, NULL);
        assert_true(status == SWAPC_OK || (i > 0 && status == SWAPC_UNREACHABLE));
        free(reply);
        await_ready(desk->client);
        assert_echo(desk->client, 3);
        swapci_rpc_server_shutdown(desk->server, PATIENCE);
    }
}

static void calls_are_limited(void **state) {
    struct desk *desk = *state;
    struct caller first, second, third;
    start(desk);
    call_begin(&first, desk->client, "/t.T/Keep");
    sem_wait(&desk->kept);
    swapci_rpc_call *one = desk->handle;
    call_begin(&second, desk->client, "/t.T/Keep");
    sem_wait(&desk->kept);
    swapci_rpc_call *two_handle = desk->handle;
    call_begin(&third, desk->client, "/t.T/Keep");
    call_end(&third);
    assert_int_equal(third.status, SWAPC_LIMIT);
    for (int i = 0; i < 5; i++) assert_echo(desk->client, 1); /* another kind has room of its own */
    swapci_rpc_call_reply(one, swapc_bytes_str("1"));
    swapci_rpc_call_reply(two_handle, swapc_bytes_str("2"));
    call_end(&first);
    call_end(&second);
    assert_int_equal(first.status, SWAPC_OK);
    assert_int_equal(second.status, SWAPC_OK);
}

static void wake_up(void *user) {
    struct desk *desk = user;
    sem_post(&desk->woken);
}

/* Those that wait do not count among those in work, and are limited too. */
static void waiting_calls_have_their_own_room(void **state) {
    struct desk *desk = *state;
    enum { MANY = WAITING_MAX + 1 };
    struct caller callers[MANY];
    swapci_rpc_call *handles[MANY];
    size_t waiting = 0, refused = 0;
    start(desk);
    for (int i = 0; i < MANY; i++) {
        call_begin(&callers[i], desk->client, "/t.T/Wait");
        sem_wait(&desk->kept);
        if (desk->handle) handles[waiting++] = desk->handle;
    }
    assert_int_equal(waiting, WAITING_MAX);
    assert_echo(desk->client, 1); /* more of them wait than may be in work */
    while (waiting > 0) swapci_rpc_call_reply(handles[--waiting], swapc_bytes_str("1"));
    for (int i = 0; i < MANY; i++) {
        call_end(&callers[i]);
        refused += callers[i].status == SWAPC_LIMIT;
    }
    assert_int_equal(refused, 1);
}

/* On the owner's thread, by poll: the client's deadline passes while the handle is kept. */
static void who_left_is_told_in_the_owners_thread(void **state) {
    struct desk *desk = *state;
    struct caller caller;
    swapci_rpc_server_wake_set(desk->server, wake_up, desk);
    start(desk);
    for (int i = 0; i < 3 * WAITING_MAX; i++) {
        desk->handle = NULL;
        desk->left = 0;
        call_begin(&caller, desk->client, "/t.T/Wait");
        sem_wait(&desk->woken);
        assert_int_equal(swapci_rpc_server_poll(desk->server), 1);
        sem_wait(&desk->kept);
        assert_non_null(desk->handle); /* what left has made room */
        swapci_rpc_client_close(desk->client);
        call_end(&caller);
        assert_int_equal(desk->left, 0);
        sem_wait(&desk->woken);
        swapci_rpc_server_poll(desk->server);
        assert_int_equal(desk->left, 1);
        swapci_rpc_client_free(desk->client);
        assert_int_equal(swapci_rpc_client_new(desk->scratch->address, &desk->client, NULL),
                         SWAPC_OK);
        await_ready(desk->client);
    }
}

static void polled_by_hand(void **state) {
    struct desk *desk = *state;
    struct caller caller;
    swapci_rpc_server_wake_set(desk->server, wake_up, desk);
    start(desk);
    assert_int_equal(swapci_rpc_server_poll(desk->server), 0);
    call_begin(&caller, desk->client, "/t.T/Echo");
    sem_wait(&desk->woken);
    assert_int_equal(swapci_rpc_server_poll(desk->server), 1);
    call_end(&caller);
    assert_int_equal(caller.status, SWAPC_OK);
    assert_string_equal(caller.reply, "x");
}

static void shutdown_drops_unpolled(void **state) {
    struct desk *desk = *state;
    struct caller caller;
    swapci_rpc_server_wake_set(desk->server, wake_up, desk);
    start(desk);
    call_begin(&caller, desk->client, "/t.T/Keep");
    sem_wait(&desk->woken);
    swapci_rpc_server_shutdown(desk->server, PATIENCE);
    call_end(&caller);
    assert_int_equal(caller.status, SWAPC_UNREACHABLE);
    assert_int_equal(swapci_rpc_server_poll(desk->server), 0);
    assert_null(desk->handle);
}

static void *many_main(void *user) {
    for (int i = 0; i < 200; i++) assert_echo(user, (size_t)i * 7);
    return NULL;
}

static void two_clients_at_once(void **state) {
    struct desk *desk = *state;
    swapci_rpc_client *other;
    pthread_t thread;
    start(desk);
    assert_int_equal(swapci_rpc_client_new(desk->scratch->address, &other, NULL), SWAPC_OK);
    await_ready(other);
    assert_int_equal(pthread_create(&thread, NULL, many_main, other), 0);
    many_main(desk->client);
    pthread_join(thread, NULL);
    swapci_rpc_client_free(other);
}

static void no_server(void **state) {
    struct desk *desk = *state;
    uint8_t *reply;
    size_t len;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_rpc_client_call(desk->client, "/t.T/Echo", swapc_bytes_str(""),
                                            PATIENCE, &reply, &len, &error),
                     SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, desk->scratch->path));
    swapc_error_clear(&error);
    assert_int_equal(swapci_rpc_client_wait_ready(desk->client, 1, &error), SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "start it"));
}

static void *wait_main(void *user) {
    struct caller *c = user;
    c->status = swapci_rpc_client_wait_ready(c->client, PATIENCE, &c->error);
    return NULL;
}

static void waits_for_the_server(void **state) {
    struct desk *desk = *state;
    struct caller waiter = {.client = desk->client};
    assert_int_equal(pthread_create(&waiter.thread, NULL, wait_main, &waiter), 0);
    usleep(30000); /* likely, not surely, the waiter is there first; it passes either way */
    start(desk);
    call_end(&waiter);
    assert_int_equal(waiter.status, SWAPC_OK);
    assert_echo(desk->client, 1);
}

static void close_ends_calls_and_waits(void **state) {
    struct desk *desk = *state;
    struct caller caller, waiter = {0};
    uint8_t *reply;
    size_t len;
    start(desk);
    call_begin(&caller, desk->client, "/t.T/Keep");
    sem_wait(&desk->kept);
    swapci_rpc_client_close(desk->client);
    call_end(&caller);
    assert_int_equal(caller.status, SWAPC_CLOSED);
    assert_int_equal(swapci_rpc_client_call(desk->client, "/t.T/Echo", swapc_bytes_str(""),
                                            PATIENCE, &reply, &len, NULL),
                     SWAPC_CLOSED);
    swapci_rpc_call_finish(desk->handle, SWAPCI_RPC_OK, NULL);
    swapci_rpc_server_shutdown(desk->server, 0);
    waiter.client = desk->client;
    wait_main(&waiter);
    assert_int_equal(waiter.status, SWAPC_CLOSED);
}

static void streams_carry_the_newest(void **state) {
    struct desk *desk = *state;
    static const uint32_t wanted[] = {0, 999};
    swapci_rpc_stream *stream;
    uint8_t *message;
    size_t len;
    start(desk);
    assert_int_equal(
        swapci_rpc_stream_new(desk->client, "/t.T/Count", swapc_bytes_str(""), &stream, NULL),
        SWAPC_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(swapci_rpc_stream_read(stream, PATIENCE, &message, &len, NULL), SWAPC_OK);
        assert_int_equal(len, sizeof *wanted);
        assert_memory_equal(message, &wanted[i], len);
        free(message);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(swapci_rpc_stream_read(stream, PATIENCE, &message, &len, NULL),
                         SWAPC_CLOSED);
    swapci_rpc_stream_free(stream);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echoes_all_sizes, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(too_large_is_refused, open_desk, close_desk),
        cmocka_unit_test(tcp_picks_a_port),
        cmocka_unit_test(port_in_use),
        cmocka_unit_test_setup_teardown(socket_is_private_and_goes, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(stale_socket_is_replaced, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(live_socket_is_spared, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(unknown_method, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(code_and_text_arrive, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(deferred_until_released, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(answer_after_client_left, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(shutdown_ends_pending_calls, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(shutdown_without_grace, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(handle_outlives_server, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(restarts, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(calls_are_limited, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(waiting_calls_have_their_own_room, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(who_left_is_told_in_the_owners_thread, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(polled_by_hand, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(shutdown_drops_unpolled, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(two_clients_at_once, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(no_server, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(waits_for_the_server, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(close_ends_calls_and_waits, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(streams_carry_the_newest, open_desk, close_desk),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
