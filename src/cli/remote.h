/* remote.h - asking a running process over gRPC, for `swapc status` and `swapc module`.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_REMOTE_H
#define SWAPCI_REMOTE_H

#include <jansson.h>

#include "control_client.h"

enum { SWAPCI_REMOTE_MS = 10000, SWAPCI_REMOTE_SWAP_MS = 120000 };

/* The rows of a client's mutual TLS, a swapci_rpc_tls. */
#define SWAPCI_REMOTE_TLS_ROWS(t)                                                                  \
    {"tls-cert",                                                                                   \
     SWAPCI_OPTION_STRING,                                                                         \
     &(t).cert,                                                                                    \
     "FILE",                                                                                       \
     "own certificate (PEM), for a TCP address with TLS",                                          \
     0,                                                                                            \
     0,                                                                                            \
     0},                                                                                           \
        {"tls-key", SWAPCI_OPTION_STRING, &(t).key, "FILE", "its private key", 0, 0, 0},           \
        {"tls-ca", SWAPCI_OPTION_STRING, &(t).ca, "FILE", "CA of the server's certificate", 0, 0,  \
         0},                                                                                       \
        {"tls-name",                                                                               \
         SWAPCI_OPTION_STRING,                                                                     \
         &(t).name,                                                                                \
         "NAME",                                                                                   \
         "name in it (default: the address's host)",                                               \
         0,                                                                                        \
         0,                                                                                        \
         0}

/* Connects to unix:PATH or HOST:PORT, with TLS when any of tls is given.
 * Returns as swapci_rpc_client_new_tls and _wait_ready. */
enum swapc_status swapci_remote_open(const char *address, const swapci_rpc_tls *tls,
                                     swapci_rpc_client **out, swapc_error *error);

/* Frees the client, and gRPC with it. NULL: gRPC only. */
void swapci_remote_close(swapci_rpc_client *client);

/* One module as a JSON object. */
json_t *swapci_remote_module_json(const swapci_control_module *module);

#endif
