/* rpc_tls.h - mutual TLS for servers and clients: files in, gRPC's credentials out.
 *
 * Both sides show a certificate and check the other's against a CA file; whoever has none, or one of
 * another CA, does not get through. All files are PEM.
 *
 * Threads: any. Ownership: strings are borrowed; credentials are released by gRPC's own functions. The
 *     private key is wiped from our memory once gRPC has it.
 * Limits: files of up to 1 MiB. They are read once: a new certificate needs a new start.
 */
#ifndef SWAPCI_RPC_TLS_H
#define SWAPCI_RPC_TLS_H

#include "swapc/error.h"

#include <stdbool.h>

typedef struct swapci_rpc_tls {
    const char *cert, *key; /* own certificate chain and private key */
    const char *ca;         /* what the other side's certificate must come from */
    const char *name;       /* client: that of the server's certificate; NULL: its address's host */
} swapci_rpc_tls;

/* Whether any of it was given; tls may be NULL. */
bool swapci_rpc_tls_given(const swapci_rpc_tls *tls);

struct grpc_server_credentials;
struct grpc_channel_credentials;

/* Reads the files of a server and forgets them. Returns as swapci_rpc_tls_server. */
enum swapc_status swapci_rpc_tls_check(const swapci_rpc_tls *tls, swapc_error *error);

/* Read the files. Return OK; INVALID (one of the three is missing, or no PEM), IO (cannot be read). */
enum swapc_status swapci_rpc_tls_server(const swapci_rpc_tls *tls,
                                        struct grpc_server_credentials **out, swapc_error *error);
enum swapc_status swapci_rpc_tls_client(const swapci_rpc_tls *tls,
                                        struct grpc_channel_credentials **out, swapc_error *error);

#endif
