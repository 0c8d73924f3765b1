/* What a process that has no more of something says. */
#include "rpc_client.h"
#include "rpc_runtime.h"
#include "rpc_server.h"
#include "test_main.h"

#include <string.h>
#include <sys/resource.h>

/* gRPC would abort. */
static void without_file_descriptors_it_is_said(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    struct rlimit before, none;
    swapci_rpc_server *server = NULL;
    swapci_rpc_client *client = NULL;
    (void)state;
    const swapci_rpc_server_config config = {.address = "127.0.0.1:0"};
    assert_int_equal(swapci_rpc_server_new(&config, &server, &error), SWAPC_OK);
    swapci_rpc_shutdown(); /* of what was made before */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum swapc_status served = swapci_rpc_server_start(server, &error);
    enum swapc_status called = swapci_rpc_client_new("127.0.0.1:1", &client, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(served, SWAPC_SYSTEM);
    assert_int_equal(called, SWAPC_SYSTEM);
    assert_non_null(strstr(error.text, "ulimit -n"));
    assert_int_equal(swapci_rpc_server_start(server, NULL), SWAPC_OK);
    swapci_rpc_server_shutdown(server, 0);
    swapci_rpc_server_free(server);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_file_descriptors_it_is_said)};
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
