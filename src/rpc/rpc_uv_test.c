#include "rpc_uv.h"

#include "rpc_runtime.h"
#include "rpc_scratch.h"
#include "test_main.h"
#include "transport_client.h"
#include "transport_service.h"

#include <pthread.h>
#include <uv.h>

#define PATIENCE 600000 /* ms; reached only by a test that fails */
#define SENDERS 4

/* A signer in small: one loop, which answers Sending from a timer, and clients in threads. */
struct stage {
    uv_loop_t loop;
    uv_timer_t timer;
    pthread_t owner;
    swapci_transport_sending *held[SENDERS];
    size_t count;
};

static void on_connect(void *user, const char *stream, uint32_t serial,
                       swapci_transport_answer *answer) {
    struct stage *stage = user;
    (void)stream;
    (void)serial;
    (void)answer;
    assert_true(pthread_equal(pthread_self(), stage->owner));
}

static void on_timer(uv_timer_t *timer) {
    struct stage *stage = timer->data;
    for (size_t i = 0; i < stage->count; i++)
        swapci_transport_sending_answer(stage->held[i], SWAPCI_TRANSPORT_OK, "s");
    uv_stop(&stage->loop);
}

/* Holds all until the last client has asked. */
static void on_sending(void *user, const char *stream, uint32_t serial,
                       swapci_transport_sending *sending) {
    struct stage *stage = user;
    (void)stream;
    (void)serial;
    assert_true(pthread_equal(pthread_self(), stage->owner));
    stage->held[stage->count++] = sending;
    if (stage->count == SENDERS) uv_timer_start(&stage->timer, on_timer, 1, 0);
}

struct sender {
    pthread_t thread;
    const char *address;
    enum swapc_status status;
};

static void *send_main(void *user) {
    struct sender *s = user;
    swapci_rpc_client *client;
    s->status = swapci_rpc_client_new(s->address, &client, NULL);
    if (!s->status) s->status = swapci_rpc_client_wait_ready(client, PATIENCE, NULL);
    if (!s->status)
        s->status = swapci_transport_client_connect(client, "s", 1, PATIENCE, NULL, NULL);
    if (!s->status)
        s->status = swapci_transport_client_sending(client, "s", 2, PATIENCE, NULL, NULL);
    swapci_rpc_client_free(client);
    return NULL;
}

static void handlers_run_in_the_loop(void **state) {
    struct swapci_rpc_scratch *scratch = *state;
    struct stage stage = {.owner = pthread_self()};
    struct sender senders[SENDERS];
    swapci_transport_service service = {
        .on_connect = on_connect, .on_sending = on_sending, .user = &stage};
    swapci_rpc_server_config config = {.address = scratch->address};
    swapci_rpc_server *server;
    swapci_rpc_uv *uv;
    uv_loop_init(&stage.loop);
    uv_timer_init(&stage.loop, &stage.timer);
    stage.timer.data = &stage;
    assert_int_equal(swapci_rpc_server_new(&config, &server, NULL), SWAPC_OK);
    swapci_transport_service_add(server, &service);
    assert_int_equal(swapci_rpc_uv_attach(server, &stage.loop, &uv, NULL), SWAPC_OK);
    assert_int_equal(swapci_rpc_server_start(server, NULL), SWAPC_OK);
    for (size_t i = 0; i < SENDERS; i++) {
        senders[i].address = scratch->address;
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_main, &senders[i]), 0);
    }
    uv_run(&stage.loop, UV_RUN_DEFAULT);
    /* The answers have just been given; the shutdown lets them through. */
    swapci_rpc_server_shutdown(server, PATIENCE);
    for (size_t i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        assert_int_equal(senders[i].status, SWAPC_OK);
    }
    swapci_rpc_uv_detach(uv);
    uv_close((uv_handle_t *)&stage.timer, NULL);
    uv_run(&stage.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&stage.loop), 0);
    swapci_rpc_server_free(server);
    swapci_rpc_shutdown();
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(handlers_run_in_the_loop, swapci_rpc_scratch_make,
                                        swapci_rpc_scratch_remove),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
