#include "rpc_runtime.h"
#include "rpc_scratch.h"
#include "rpc_stream.h"
#include "test_main.h"
#include "transport_client.h"
#include "transport_service.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>

#define PATIENCE 600000 /* ms; reached only by a test that fails */

struct signer {
    struct swapci_rpc_scratch *scratch;
    swapci_rpc_server *server;
    swapci_rpc_client *client;
    swapci_transport_service service;
    swapci_transport_sending *sending;
    sem_t asked, left;
    bool busy; /* refuse Connect */
    unsigned connects;
    char stream[300];
    uint32_t serial;
};

static void on_connect(void *user, const char *stream, uint32_t serial,
                       swapci_transport_answer *answer) {
    struct signer *signer = user;
    signer->connects++;
    signer->serial = serial;
    snprintf(signer->stream, sizeof signer->stream, "%s", stream);
    if (signer->busy) {
        answer->status = SWAPCI_TRANSPORT_HALT;
        snprintf(answer->text, sizeof answer->text, "no room");
    }
}

static void on_sending(void *user, const char *stream, uint32_t serial,
                       swapci_transport_sending *sending) {
    struct signer *signer = user;
    signer->serial = serial;
    snprintf(signer->stream, sizeof signer->stream, "%s", stream ? stream : "(none)");
    signer->sending = sending;
    sem_post(&signer->asked);
}

static void on_left(void *user, swapci_transport_sending *sending) {
    struct signer *signer = user;
    swapci_transport_sending_answer(sending, SWAPCI_TRANSPORT_HALT, NULL);
    sem_post(&signer->left);
}

static int hire(void **state) {
    struct signer *signer = calloc(1, sizeof *signer);
    void *scratch;
    if (!signer || swapci_rpc_scratch_make(&scratch)) return -1;
    signer->scratch = scratch;
    signer->service = (swapci_transport_service){
        .on_connect = on_connect, .on_sending = on_sending, .on_left = on_left, .user = signer};
    sem_init(&signer->asked, 0, 0);
    sem_init(&signer->left, 0, 0);
    swapci_rpc_server_config config = {.address = signer->scratch->address};
    if (swapci_rpc_server_new(&config, &signer->server, NULL) ||
        swapci_rpc_client_new(signer->scratch->address, &signer->client, NULL))
        return -1;
    swapci_transport_service_add(signer->server, &signer->service);
    *state = signer;
    return swapci_rpc_server_start(signer->server, NULL) ||
                   swapci_rpc_client_wait_ready(signer->client, PATIENCE, NULL)
               ? -1
               : 0;
}

static int dismiss(void **state) {
    struct signer *signer = *state;
    void *scratch = signer->scratch;
    swapci_rpc_client_free(signer->client);
    swapci_rpc_server_free(signer->server);
    swapci_rpc_shutdown();
    sem_destroy(&signer->asked);
    sem_destroy(&signer->left);
    free(signer);
    return swapci_rpc_scratch_remove(&scratch);
}

static void connect_proceeds(void **state) {
    struct signer *signer = *state;
    swapci_transport_answer answer;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_transport_client_connect(signer->client, "stream_storage", 7, PATIENCE, &answer, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(answer.status, SWAPCI_TRANSPORT_PROCEED);
    assert_string_equal(answer.text, "stream_storage");
    assert_string_equal(signer->stream, "stream_storage");
    assert_int_equal(signer->serial, 7);
}

static void connect_without_name(void **state) {
    struct signer *signer = *state;
    static const char *const names[] = {NULL, ""};
    for (int i = 0; i < 2; i++) {
        swapci_transport_answer answer;
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(
            swapci_transport_client_connect(signer->client, names[i], 1, PATIENCE, &answer, &error),
            SWAPC_INVALID);
        assert_int_equal(answer.status, SWAPCI_TRANSPORT_ERROR);
        assert_non_null(strstr(error.text, "stream's name"));
    }
    assert_int_equal(signer->connects, 0);
}

static void connect_may_be_refused(void **state) {
    struct signer *signer = *state;
    swapci_transport_answer answer;
    signer->busy = true;
    assert_int_equal(
        swapci_transport_client_connect(signer->client, "s", 1, PATIENCE, &answer, NULL),
        SWAPC_INVALID);
    assert_int_equal(answer.status, SWAPCI_TRANSPORT_HALT);
    assert_string_equal(answer.text, "no room");
}

static void name_length_limit(void **state) {
    struct signer *signer = *state;
    char name[SWAPCI_TRANSPORT_STREAM_MAX + 2] = {0};
    swapci_transport_answer answer;
    memset(name, 'n', SWAPCI_TRANSPORT_STREAM_MAX);
    assert_int_equal(
        swapci_transport_client_connect(signer->client, name, 1, PATIENCE, &answer, NULL),
        SWAPC_OK);
    assert_string_equal(answer.text, name);
    name[SWAPCI_TRANSPORT_STREAM_MAX] = 'n';
    assert_int_equal(swapci_transport_client_connect(signer->client, name, 1, PATIENCE, NULL, NULL),
                     SWAPC_INVALID);
    assert_int_equal(signer->connects, 1);
}

struct sender {
    pthread_t thread;
    swapci_rpc_client *client;
    const char *stream;
    enum swapc_status status;
    swapci_transport_answer answer;
};

static void *send_main(void *user) {
    struct sender *s = user;
    s->status = swapci_transport_client_sending(s->client, s->stream, 9, 0, &s->answer, NULL);
    return NULL;
}

static void sending_waits_for_the_signer(void **state) {
    struct signer *signer = *state;
    struct sender sender = {.client = signer->client, .stream = "s"};
    pthread_create(&sender.thread, NULL, send_main, &sender);
    sem_wait(&signer->asked);
    assert_string_equal(signer->stream, "s");
    assert_int_equal(signer->serial, 9);
    /* The signer is not blocked by it. */
    assert_int_equal(swapci_transport_client_connect(signer->client, "t", 1, PATIENCE, NULL, NULL),
                     SWAPC_OK);
    swapci_transport_sending_answer(signer->sending, SWAPCI_TRANSPORT_OK, "s");
    pthread_join(sender.thread, NULL);
    assert_int_equal(sender.status, SWAPC_OK);
    assert_int_equal(sender.answer.status, SWAPCI_TRANSPORT_OK);
    assert_string_equal(sender.answer.text, "s");
}

static void sending_without_name(void **state) {
    struct signer *signer = *state;
    struct sender sender = {.client = signer->client};
    pthread_create(&sender.thread, NULL, send_main, &sender);
    sem_wait(&signer->asked);
    assert_string_equal(signer->stream, "(none)");
    swapci_transport_sending_answer(signer->sending, SWAPCI_TRANSPORT_ERROR, NULL);
    pthread_join(sender.thread, NULL);
    assert_int_equal(sender.status, SWAPC_INVALID);
    assert_string_equal(sender.answer.text, "");
}

static void sending_ends_with_the_signer(void **state) {
    struct signer *signer = *state;
    struct sender sender = {.client = signer->client, .stream = "s"};
    pthread_create(&sender.thread, NULL, send_main, &sender);
    sem_wait(&signer->asked);
    swapci_rpc_server_shutdown(signer->server, PATIENCE);
    pthread_join(sender.thread, NULL);
    assert_int_equal(sender.status, SWAPC_UNREACHABLE);
    sem_wait(&signer->left);
}

/* More clients than may wait, one after the other, each gone before it was answered. */
static void sending_whose_client_left_makes_room(void **state) {
    struct signer *signer = *state;
    for (int i = 0; i < SWAPCI_TRANSPORT_WAITING_MAX + 20; i++) {
        /* A deadline may come before the request does: then nothing waits; and before others, of which it was not seen
         * yet that they have left. */
        enum swapc_status status;
        do status = swapci_transport_client_sending(signer->client, "s", 1, 20, NULL, NULL);
        while (status == SWAPC_LIMIT);
        assert_int_equal(status, SWAPC_DEADLINE);
        if (sem_trywait(&signer->asked) == 0) sem_wait(&signer->left);
    }
}

/* What waits shuts out neither Connect nor, once one has left, the next. */
static void waiting_is_bounded(void **state) {
    struct signer *signer = *state;
    enum { MANY = SWAPCI_TRANSPORT_WAITING_MAX + 3 };
    static const uint8_t request[] = {0x08, 1, 0x22, 1, 's'};
    swapci_rpc_stream *streams[MANY];
    bool is_refused[MANY] = {false};
    uint8_t *message;
    size_t len, refused = 0;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(swapci_rpc_stream_new(signer->client, SWAPCI_TRANSPORT_METHOD,
                                               swapc_bytes_of(request, sizeof request), &streams[i],
                                               NULL),
                         SWAPC_OK);
    for (int i = 0; i < SWAPCI_TRANSPORT_WAITING_MAX; i++) sem_wait(&signer->asked);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            swapci_transport_client_connect(signer->client, "s", 1, PATIENCE, NULL, NULL),
            SWAPC_OK);
    assert_int_equal(swapci_transport_client_sending(signer->client, "s", 1, PATIENCE, NULL, NULL),
                     SWAPC_LIMIT);
    while (refused < 3) { /* which ones, only their answers tell */
        for (int i = 0; i < MANY; i++) {
            if (is_refused[i]) continue;
            is_refused[i] =
                swapci_rpc_stream_read(streams[i], 1, &message, &len, NULL) == SWAPC_LIMIT;
            refused += is_refused[i];
        }
    }
    assert_int_equal(refused, 3);
    for (int i = 0; i < MANY; i++) swapci_rpc_stream_free(streams[i]);
    for (int i = 0; i < SWAPCI_TRANSPORT_WAITING_MAX; i++) sem_wait(&signer->left);
    assert_int_equal(sem_trywait(&signer->left), -1);
}

static enum swapc_status raw(struct signer *signer, const void *bytes, size_t len,
                             uint8_t reply[64], size_t *reply_len) {
    uint8_t *out;
    enum swapc_status status =
        swapci_rpc_client_call(signer->client, SWAPCI_TRANSPORT_METHOD, swapc_bytes_of(bytes, len),
                               PATIENCE, &out, reply_len, NULL);
    if (!status && *reply_len <= 64) memcpy(reply, out, *reply_len);
    free(out);
    return status;
}

static void garbage_is_refused(void **state) {
    struct signer *signer = *state;
    static const uint8_t bad[][4] = {
        {0xff, 0xff, 0xff, 0xff}, /* no tag */
        {0x22, 0x7f, 'a', 'b'},   /* payload longer than the message */
        {0x12, 0x02, 0x08, 0x80}, /* a broken timestamp */
        {0x08, 0x05, 0x18, 0x01}, /* a command that is none */
    };
    uint8_t reply[64];
    size_t len;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(raw(signer, bad[i], sizeof bad[i], reply, &len), SWAPC_INVALID);
    assert_int_equal(signer->connects, 0);
}

/* The bytes themselves, so that the contract is held against more than our own client. */
static void wire_format(void **state) {
    struct signer *signer = *state;
    /* command absent (Connect is 0), timestamp {5}, serial 3, payload "ab", field 9 unknown. */
    static const uint8_t request[] = {0x12, 0x02, 0x08, 5, 0x18, 3, 0x22, 2, 'a', 'b', 0x48, 1};
    static const uint8_t head[] = {0x08, 3, 0x12, 2, 'a', 'b', 0x1a};
    uint8_t reply[64];
    size_t len;
    assert_int_equal(raw(signer, request, sizeof request, reply, &len), SWAPC_OK);
    assert_true(len > sizeof head);
    assert_memory_equal(reply, head, sizeof head);
    assert_int_equal(signer->serial, 3);
    assert_int_equal(raw(signer, "", 0, reply, &len), SWAPC_OK);
    assert_int_equal(reply[0], 0x08);
    assert_int_equal(reply[1], SWAPCI_TRANSPORT_ERROR);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(connect_proceeds, hire, dismiss),
        cmocka_unit_test_setup_teardown(connect_without_name, hire, dismiss),
        cmocka_unit_test_setup_teardown(connect_may_be_refused, hire, dismiss),
        cmocka_unit_test_setup_teardown(name_length_limit, hire, dismiss),
        cmocka_unit_test_setup_teardown(sending_waits_for_the_signer, hire, dismiss),
        cmocka_unit_test_setup_teardown(sending_without_name, hire, dismiss),
        cmocka_unit_test_setup_teardown(sending_ends_with_the_signer, hire, dismiss),
        cmocka_unit_test_setup_teardown(sending_whose_client_left_makes_room, hire, dismiss),
        cmocka_unit_test_setup_teardown(waiting_is_bounded, hire, dismiss),
        cmocka_unit_test_setup_teardown(garbage_is_refused, hire, dismiss),
        cmocka_unit_test_setup_teardown(wire_format, hire, dismiss),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
