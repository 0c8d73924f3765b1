#include "rpc_address.h"

#include "rpc_scratch.h"
#include "test_main.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void reads_unix(void **state) {
    (void)state;
    swapci_rpc_address a;
    assert_int_equal(swapci_rpc_address_parse("unix:/run/a b%.sock", &a, NULL), SWAPC_OK);
    assert_true(a.is_unix);
    assert_string_equal(a.path, "/run/a b%.sock");
    assert_string_equal(a.text, "unix:/run/a b%.sock");
    assert_string_equal(a.target, "unix:/run/a%20b%25.sock");
}

static void reads_tcp(void **state) {
    (void)state;
    swapci_rpc_address a;
    assert_int_equal(swapci_rpc_address_parse("[::1]:8080", &a, NULL), SWAPC_OK);
    assert_false(a.is_unix);
    assert_string_equal(a.host, "::1");
    assert_int_equal(a.port, 8080);
    assert_string_equal(a.target, "ipv6:[::1]:8080");
    assert_int_equal(swapci_rpc_address_parse("127.0.0.1:0", &a, NULL), SWAPC_OK);
    swapci_rpc_address_port_set(&a, 65535);
    assert_string_equal(a.text, "127.0.0.1:65535");
    assert_int_equal(swapci_rpc_address_parse("localhost:1", &a, NULL), SWAPC_OK);
    assert_string_equal(a.target, "dns:///localhost:1");
    assert_true(swapci_rpc_address_is_local(&a));
    assert_int_equal(swapci_rpc_address_parse("10.0.0.1:1", &a, NULL), SWAPC_OK);
    assert_false(swapci_rpc_address_is_local(&a));
}

static void refuses_nonsense(void **state) {
    (void)state;
    static const char *const bad[] = {"",           "host",    "host:",   ":80",
                                      "host:65536", "host:8x", "[::1]",   "::1:8080",
                                      "[]:1",       "unix:",   "host:-1", "[host]:8080"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        swapci_rpc_address a;
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(swapci_rpc_address_parse(bad[i], &a, &error), SWAPC_INVALID);
        assert_true(error.text[0]);
    }
}

static void path_length_limit(void **state) {
    (void)state;
    char text[200] = "unix:/";
    swapci_rpc_address a;
    swapc_error error = SWAPC_ERROR_INIT;
    memset(text + 6, 'x', 106);
    assert_int_equal(swapci_rpc_address_parse(text, &a, &error), SWAPC_OK);
    assert_int_equal(strlen(a.path), 107);
    text[112] = 'x';
    assert_int_equal(swapci_rpc_address_parse(text, &a, &error), SWAPC_TOO_LARGE);
    assert_non_null(strstr(error.text, "108 bytes"));
}

static int listen_unix(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(name.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void claims_stale_not_live(void **state) {
    struct swapci_rpc_scratch *scratch = *state;
    swapci_rpc_address a;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_rpc_address_parse(scratch->address, &a, NULL), SWAPC_OK);
    assert_int_equal(swapci_rpc_address_claim(&a, &error), SWAPC_OK);
    int fd = listen_unix(a.path);
    assert_int_equal(swapci_rpc_address_claim(&a, &error), SWAPC_BUSY);
    assert_non_null(strstr(error.text, a.path));
    close(fd);
    assert_int_equal(access(a.path, F_OK), 0);
    assert_int_equal(swapci_rpc_address_claim(&a, NULL), SWAPC_OK);
    assert_int_not_equal(access(a.path, F_OK), 0);
}

static void spares_other_files(void **state) {
    struct swapci_rpc_scratch *scratch = *state;
    swapci_rpc_address a;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_rpc_address_parse(scratch->address, &a, NULL), SWAPC_OK);
    int fd = open(a.path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(swapci_rpc_address_claim(&a, &error), SWAPC_INVALID);
    assert_int_equal(access(a.path, F_OK), 0);
}

static void finds_used_port(void **state) {
    (void)state;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    swapci_rpc_address a;
    swapc_error error = SWAPC_ERROR_INIT;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    assert_int_equal(swapci_rpc_address_parse("127.0.0.1:0", &a, NULL), SWAPC_OK);
    swapci_rpc_address_port_set(&a, ntohs(name.sin_port));
    assert_int_equal(swapci_rpc_address_claim(&a, &error), SWAPC_BUSY);
    assert_non_null(strstr(error.text, "in use"));
    close(fd);
    assert_int_equal(swapci_rpc_address_claim(&a, NULL), SWAPC_OK);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_unix),
        cmocka_unit_test(reads_tcp),
        cmocka_unit_test(refuses_nonsense),
        cmocka_unit_test(path_length_limit),
        cmocka_unit_test_setup_teardown(claims_stale_not_live, swapci_rpc_scratch_make,
                                        swapci_rpc_scratch_remove),
        cmocka_unit_test_setup_teardown(spares_other_files, swapci_rpc_scratch_make,
                                        swapci_rpc_scratch_remove),
        cmocka_unit_test(finds_used_port),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
