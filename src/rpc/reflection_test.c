/* grpc.reflection: one message a conversation through our own client; the lookups by themselves. */
#include "descriptor_set.h"
#include "embedded.h"
#include "reflection_service.h"
#include "rpc_client.h"
#include "rpc_runtime.h"
#include "rpc_scratch.h"
#include "test_main.h"

#include "reflection.pb-c.h"

#include <string.h>

#define PATIENCE 600000 /* ms; reached only by a test that fails */
#define V1 "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
#define V1ALPHA "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

extern const struct swapci_embedded swapci_proto_set[];

struct bench {
    struct swapci_rpc_scratch *scratch;
    swapci_rpc_server *server;
    swapci_rpc_client *client;
};

static const char *const services[] = {"swapc.control.v1.Control", "grpc.health.v1.Health", NULL};

static int start(void **state) {
    static struct bench bench;
    void *scratch;
    if (swapci_rpc_scratch_make(&scratch)) return -1;
    bench.scratch = scratch;
    *state = &bench;
    swapci_rpc_server_config config = {.address = bench.scratch->address};
    if (swapci_rpc_server_new(&config, &bench.server, NULL) ||
        swapci_rpc_client_new(bench.scratch->address, &bench.client, NULL))
        return -1;
    swapci_reflection_service_add(bench.server, services);
    return swapci_rpc_server_start(bench.server, NULL) ||
                   swapci_rpc_client_wait_ready(bench.client, PATIENCE, NULL)
               ? -1
               : 0;
}

static int stop(void **state) {
    struct bench *b = *state;
    void *scratch = b->scratch;
    swapci_rpc_client_free(b->client);
    swapci_rpc_server_free(b->server);
    swapci_rpc_shutdown();
    return swapci_rpc_scratch_remove(&scratch);
}

typedef Grpc__Reflection__V1__ServerReflectionRequest request_t;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_t;

static response_t *ask(struct bench *b, const char *method, request_t *request) {
    uint8_t bytes[256], *reply;
    size_t len;
    size_t size = grpc__reflection__v1__server_reflection_request__pack(request, bytes);
    assert_int_equal(swapci_rpc_client_call(b->client, method, swapc_bytes_of(bytes, size),
                                            PATIENCE, &reply, &len, NULL),
                     SWAPC_OK);
    response_t *response =
        grpc__reflection__v1__server_reflection_response__unpack(NULL, len, reply);
    free(reply);
    assert_non_null(response);
    return response;
}

static void services_are_listed(void **state) {
    static const char *const methods[] = {V1, V1ALPHA};
    for (int i = 0; i < 2; i++) {
        request_t request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
        request.message_request_case =
            GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES;
        request.list_services = (char *)"";
        response_t *response = ask(*state, methods[i], &request);
        assert_int_equal(
            response->message_response_case,
            GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE);
        assert_int_equal(response->list_services_response->n_service, 2);
        assert_string_equal(response->list_services_response->service[1]->name, services[1]);
        grpc__reflection__v1__server_reflection_response__free_unpacked(response, NULL);
    }
}

static void a_symbol_has_its_file(void **state) {
    request_t request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL;
    request.file_containing_symbol = (char *)"swapc.control.v1.Control";
    response_t *response = ask(*state, V1, &request);
    assert_int_equal(
        response->message_response_case,
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE);
    grpc__reflection__v1__server_reflection_response__free_unpacked(response, NULL);
    request.file_containing_symbol = (char *)"swapc.control.v1.Nothing";
    response = ask(*state, V1, &request);
    assert_int_equal(
        response->message_response_case,
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE);
    assert_int_equal(response->error_response->error_code, SWAPCI_RPC_NOT_FOUND);
    grpc__reflection__v1__server_reflection_response__free_unpacked(response, NULL);
}

static void garbage_is_refused(void **state) {
    struct bench *b = *state;
    uint8_t *reply;
    size_t len;
    assert_int_equal(swapci_rpc_client_call(b->client, V1, swapc_bytes_str("\xff\xff"), PATIENCE,
                                            &reply, &len, NULL),
                     SWAPC_INVALID);
}

static void lookups(void **state) {
    (void)state;
    static const char *const symbols[] = {
        "swapc.control.v1.Control",          "swapc.control.v1.Control.Swap",
        "swapc.control.v1.Module",           "grpc.health.v1.HealthCheckResponse.ServingStatus",
        "transport_interface.ClientCommand", "google.protobuf.Timestamp"};
    static const char *const strangers[] = {"",
                                            ".",
                                            "swapc",
                                            "swapc.control.v1",
                                            "Control",
                                            "swapc.control.v1.Contro",
                                            "swapc.control.v1.Controls",
                                            "google.protobuf.Any"};
    swapc_bytes set = swapc_bytes_of(swapci_proto_set[0].bytes, swapci_proto_set[0].len), file;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (!swapci_descriptor_symbol(set, symbols[i], &file)) fail_msg("%s", symbols[i]);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        if (swapci_descriptor_symbol(set, strangers[i], &file)) fail_msg("%s", strangers[i]);
    assert_true(swapci_descriptor_file(set, "control.proto", &file));
    assert_true(swapci_descriptor_file(set, "google/protobuf/timestamp.proto", &file));
    assert_false(swapci_descriptor_file(set, "control", &file));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(services_are_listed, start, stop),
        cmocka_unit_test_setup_teardown(a_symbol_has_its_file, start, stop),
        cmocka_unit_test_setup_teardown(garbage_is_refused, start, stop),
        cmocka_unit_test(lookups),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
