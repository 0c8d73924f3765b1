#include "health_client.h"
#include "health_service.h"
#include "rpc_runtime.h"
#include "rpc_scratch.h"
#include "test_main.h"

#define PATIENCE 600000 /* ms; reached only by a test that fails */

struct ward {
    struct swapci_rpc_scratch *scratch;
    swapci_rpc_server *server;
    swapci_rpc_client *client;
    swapci_health_service *health;
};

static int open_ward(void **state) {
    struct ward *ward = calloc(1, sizeof *ward);
    void *scratch;
    if (!ward || swapci_rpc_scratch_make(&scratch)) return -1;
    ward->scratch = scratch;
    swapci_rpc_server_config config = {.address = ward->scratch->address};
    if (swapci_rpc_server_new(&config, &ward->server, NULL) ||
        swapci_rpc_client_new(ward->scratch->address, &ward->client, NULL) ||
        swapci_health_service_new(&ward->health, NULL))
        return -1;
    swapci_health_service_add(ward->health, ward->server);
    *state = ward;
    return swapci_rpc_server_start(ward->server, NULL) ||
                   swapci_rpc_client_wait_ready(ward->client, PATIENCE, NULL)
               ? -1
               : 0;
}

static int close_ward(void **state) {
    struct ward *ward = *state;
    void *scratch = ward->scratch;
    swapci_rpc_client_free(ward->client);
    swapci_rpc_server_free(ward->server);
    swapci_health_service_free(ward->health);
    swapci_rpc_shutdown();
    free(ward);
    return swapci_rpc_scratch_remove(&scratch);
}

static void assert_check(struct ward *ward, const char *service, enum swapci_health wanted) {
    enum swapci_health health = SWAPCI_HEALTH_UNKNOWN;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_health_client_check(ward->client, service, PATIENCE, &health, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(health, wanted);
}

static void assert_next(swapci_rpc_stream *stream, enum swapci_health wanted) {
    enum swapci_health health = SWAPCI_HEALTH_UNKNOWN;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_health_client_next(stream, PATIENCE, &health, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(health, wanted);
}

static swapci_rpc_stream *watch(struct ward *ward, const char *service) {
    swapci_rpc_stream *stream;
    assert_int_equal(swapci_health_client_watch(ward->client, service, &stream, NULL), SWAPC_OK);
    return stream;
}

static void checks(void **state) {
    struct ward *ward = *state;
    enum swapci_health health;
    assert_check(ward, "", SWAPCI_HEALTH_NOT_SERVING);
    assert_int_equal(swapci_health_client_check(ward->client, "a.A", PATIENCE, &health, NULL),
                     SWAPC_NOT_FOUND);
    swapci_health_service_set(ward->health, "", true);
    swapci_health_service_set(ward->health, "a.A", true);
    assert_check(ward, "", SWAPCI_HEALTH_SERVING);
    assert_check(ward, "a.A", SWAPCI_HEALTH_SERVING);
    swapci_health_service_set(ward->health, "a.A", false);
    assert_check(ward, "a.A", SWAPCI_HEALTH_NOT_SERVING);
    assert_check(ward, "", SWAPCI_HEALTH_SERVING);
}

static void watch_follows(void **state) {
    struct ward *ward = *state;
    swapci_rpc_stream *whole = watch(ward, ""), *part = watch(ward, "a.A");
    assert_next(whole, SWAPCI_HEALTH_NOT_SERVING);
    assert_next(part, SWAPCI_HEALTH_SERVICE_UNKNOWN);
    swapci_health_service_set(ward->health, "", true);
    assert_next(whole, SWAPCI_HEALTH_SERVING);
    swapci_health_service_set(ward->health, "a.A", false);
    assert_next(part, SWAPCI_HEALTH_NOT_SERVING);
    swapci_health_service_set(ward->health, "a.A", false); /* no change, no message */
    swapci_health_service_set(ward->health, "a.A", true);
    assert_next(part, SWAPCI_HEALTH_SERVING);
    swapci_rpc_stream_free(whole);
    swapci_rpc_stream_free(part);
}

static void draining_is_for_good(void **state) {
    struct ward *ward = *state;
    swapci_health_service_set(ward->health, "", true);
    swapci_rpc_stream *stream = watch(ward, "");
    assert_next(stream, SWAPCI_HEALTH_SERVING);
    swapci_health_service_drain(ward->health);
    assert_next(stream, SWAPCI_HEALTH_NOT_SERVING);
    swapci_health_service_set(ward->health, "", true);
    swapci_health_service_set(ward->health, "late.Comer", true);
    assert_check(ward, "", SWAPCI_HEALTH_NOT_SERVING);
    assert_check(ward, "late.Comer", SWAPCI_HEALTH_NOT_SERVING);
    swapci_rpc_stream_free(stream);
}

/* A watcher that does not read: the changes do not pile up, and nobody waits for it. What was on
 * its way at the shutdown may be lost: gRPC drops it when it finds the connection closed. */
static void slow_watcher_costs_nothing(void **state) {
    struct ward *ward = *state;
    enum swapci_health health = SWAPCI_HEALTH_UNKNOWN;
    enum swapc_status status;
    unsigned count = 0;
    swapci_rpc_stream *stream = watch(ward, "");
    assert_next(stream, SWAPCI_HEALTH_NOT_SERVING);
    for (int i = 0; i < 100001; i++) swapci_health_service_set(ward->health, "", i % 2 == 0);
    swapci_rpc_server_shutdown(ward->server, 100);
    while ((status = swapci_health_client_next(stream, PATIENCE, &health, NULL)) == SWAPC_OK)
        count++;
    assert_true(status == SWAPC_UNREACHABLE || status == SWAPC_CANCELLED);
    assert_true(count < 100001);
    swapci_rpc_stream_free(stream);
}

static void shutdown_ends_watches(void **state) {
    struct ward *ward = *state;
    enum swapci_health health;
    swapci_rpc_stream *stream = watch(ward, "");
    assert_next(stream, SWAPCI_HEALTH_NOT_SERVING);
    swapci_rpc_server_shutdown(ward->server, PATIENCE);
    assert_int_equal(swapci_health_client_next(stream, PATIENCE, &health, NULL), SWAPC_UNREACHABLE);
    swapci_rpc_stream_free(stream);
}

/* A watcher that left makes room: more watches one after another than calls at a time. */
static void watchers_may_leave(void **state) {
    struct ward *ward = *state;
    for (int i = 0; i < SWAPCI_HEALTH_WATCHERS_MAX + 10; i++) {
        swapci_rpc_stream *stream = watch(ward, "");
        if (i % 3) /* else it leaves before its first message */
            assert_next(stream, SWAPCI_HEALTH_NOT_SERVING);
        swapci_rpc_stream_free(stream);
    }
}

/* The bytes, since our own client has no List. */
static void list_names_all(void **state) {
    struct ward *ward = *state;
    static const uint8_t wanted[] = {0x0a, 4,    0x12, 2, 8,   2, /* "": NOT_SERVING (key absent) */
                                     0x0a, 14,   0x0a, 8, 'l', 'i', 'v', 'e',  'n', 'e', 's',
                                     's',  0x12, 2,    8, 1, /* SERVING */
                                     0x0a, 9,    0x0a, 3, 'a', '.', 'A', 0x12, 2,   8,   1};
    uint8_t *reply;
    size_t len;
    swapci_health_service_set(ward->health, "a.A", true);
    assert_int_equal(swapci_rpc_client_call(ward->client, "/grpc.health.v1.Health/List",
                                            swapc_bytes_str(""), PATIENCE, &reply, &len, NULL),
                     SWAPC_OK);
    assert_int_equal(len, sizeof wanted);
    assert_memory_equal(reply, wanted, len);
    free(reply);
}

static void liveness_outlives_the_drain(void **state) {
    struct ward *ward = *state;
    assert_check(ward, SWAPCI_HEALTH_LIVENESS, SWAPCI_HEALTH_SERVING);
    swapci_rpc_stream *stream = watch(ward, SWAPCI_HEALTH_LIVENESS);
    assert_next(stream, SWAPCI_HEALTH_SERVING);
    swapci_health_service_drain(ward->health);
    assert_check(ward, SWAPCI_HEALTH_LIVENESS, SWAPCI_HEALTH_SERVING);
    swapci_rpc_stream_free(stream);
}

/* More watchers than there is room for: the surplus is refused, everybody else is served. */
static void watchers_shut_nobody_out(void **state) {
    struct ward *ward = *state;
    enum { MANY = 1024 };
    static swapci_rpc_stream *streams[MANY];
    unsigned refused = 0;
    for (int i = 0; i < MANY; i++) {
        enum swapci_health health;
        streams[i] = watch(ward, "");
        refused += swapci_health_client_next(streams[i], PATIENCE, &health, NULL) == SWAPC_LIMIT;
    }
    assert_int_equal(refused, MANY - SWAPCI_HEALTH_WATCHERS_MAX);
    assert_check(ward, "", SWAPCI_HEALTH_NOT_SERVING);
    swapci_health_service_set(ward->health, "", true);
    assert_next(streams[0], SWAPCI_HEALTH_SERVING);
    for (int i = 0; i < MANY; i++) swapci_rpc_stream_free(streams[i]);
}

static void close_ends_a_watch(void **state) {
    struct ward *ward = *state;
    enum swapci_health health;
    swapci_rpc_stream *stream = watch(ward, "");
    assert_next(stream, SWAPCI_HEALTH_NOT_SERVING);
    assert_int_equal(swapci_health_client_next(stream, 1, &health, NULL), SWAPC_DEADLINE);
    swapci_rpc_client_close(ward->client);
    assert_int_equal(swapci_health_client_next(stream, PATIENCE, &health, NULL), SWAPC_CLOSED);
    swapci_rpc_stream_free(stream);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(checks, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(watch_follows, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(draining_is_for_good, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(slow_watcher_costs_nothing, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(shutdown_ends_watches, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(watchers_may_leave, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(list_names_all, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(liveness_outlives_the_drain, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(watchers_shut_nobody_out, open_ward, close_ward),
        cmocka_unit_test_setup_teardown(close_ends_a_watch, open_ward, close_ward),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
