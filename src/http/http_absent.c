/* In the place of the server in a build without one (-DSWAPC_HTTP=OFF). */
#include "http_server.h"

enum swapc_status swapci_http_server_check(const char *address, swapc_error *error) {
    (void)address;
    return swapc_error_set(error, SWAPC_INVALID,
                           "this build has no HTTP server: leave --http out, or install "
                           "libmicrohttpd-dev and configure with -DSWAPC_HTTP=ON");
}

enum swapc_status swapci_http_server_start(const swapci_http_config *config,
                                           swapci_http_server **out, swapc_error *error) {
    (void)out;
    return swapci_http_server_check(config->address, error);
}

const char *swapci_http_server_address(const swapci_http_server *server) {
    (void)server;
    return "";
}

const char *swapci_http_server_socket(const swapci_http_server *server) {
    (void)server;
    return NULL;
}

swapci_http_stats swapci_http_server_stats(swapci_http_server *server) {
    (void)server;
    return (swapci_http_stats){{0}, 0, 0, 0};
}

void swapci_http_server_stop(swapci_http_server *server) {
    (void)server;
}
