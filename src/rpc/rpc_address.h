/* rpc_address.h - the two kinds of address a server listens on: unix:PATH and HOST:PORT.
 *
 * An IPv6 host is written in brackets, [::1]:8080. Port 0 asks the system for a free one.
 *
 * Threads: plain values; swapci_rpc_address_claim touches the file system and must not run for one
 *     path from two threads at once.
 * Ownership: the caller's storage, no heap.
 */
#ifndef SWAPCI_RPC_ADDRESS_H
#define SWAPCI_RPC_ADDRESS_H

#include "swapc/error.h"

#include <stdbool.h>

#define SWAPCI_RPC_PATH_MAX 107 /* bytes of a Unix socket's path, without its NUL */
#define SWAPCI_RPC_HOST_MAX 253 /* bytes of a host name */

typedef struct swapci_rpc_address {
    bool is_unix;
    char path[SWAPCI_RPC_PATH_MAX + 1]; /* unix only */
    char host[SWAPCI_RPC_HOST_MAX + 1]; /* without brackets */
    unsigned port;                      /* 0 to 65535 */
    char text[384];                     /* as people write it, and as parse reads it again */
    char listen_at[384];                /* as a gRPC server takes it */
    char target[400];                   /* as a gRPC client takes it */
} swapci_rpc_address;

/* Reads text. Returns OK, INVALID (not an address), TOO_LARGE (the path or host is too long). */
enum swapc_status swapci_rpc_address_parse(const char *text, swapci_rpc_address *out,
                                           swapc_error *error);

/* Puts the port that the system picked into an address with port 0. */
void swapci_rpc_address_port_set(swapci_rpc_address *address, unsigned port);

/* Whether the folder of a socket is there and may be written to; touches nothing. Returns OK (also of TCP), SYSTEM. */
enum swapc_status swapci_rpc_address_folder(const swapci_rpc_address *address, swapc_error *error);

/* Makes sure that a server may listen there: removes the socket file of a server that is gone.
 * Returns OK, BUSY (somebody listens there), INVALID (the path is not a socket, the host has no
 * address here), SYSTEM (not allowed, no such folder, ...).
 * Two servers that claim one path in the same instant are not told apart: the later one wins. */
enum swapc_status swapci_rpc_address_claim(const swapci_rpc_address *address, swapc_error *error);

/* Returns true when only this machine can reach the address. */
bool swapci_rpc_address_is_local(const swapci_rpc_address *address);

#endif
