/* rpc_client.h - a blocking gRPC client of one server.
 *
 * It connects by itself at the first call. When the server was restarted meanwhile, the next call
 * may find only the old connection and return UNREACHABLE; the one after it connects anew. Nothing
 * is sent twice by itself. No proxy. A deadline of 0 ms means none: then only an
 * answer, a lost server or close ends the call.
 *
 * Threads: call, wait_ready and close from any threads at once; new and free alone.
 * Ownership: see each function.
 * Fork: new starts gRPC's threads; fork children before.
 * Limits: an answer of SWAPCI_RPC_MESSAGE_MAX bytes.
 */
#ifndef SWAPCI_RPC_CLIENT_H
#define SWAPCI_RPC_CLIENT_H

#include "rpc_tls.h"
#include "swapc/bytes.h"
#include "swapc/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct swapci_rpc_client swapci_rpc_client;

/* Makes a client of the server at address, unix:PATH or HOST:PORT; does not connect yet.
 * Returns OK, INVALID or TOO_LARGE (the address), NO_MEMORY. After failure *out is NULL. */
enum swapc_status swapci_rpc_client_new(const char *address, swapci_rpc_client **out,
                                        swapc_error *error);

/* The same over mutual TLS (rpc_tls.h), for HOST:PORT; tls NULL: without. Returns also INVALID and IO for
 * tls's files. */
enum swapc_status swapci_rpc_client_new_tls(const char *address, const swapci_rpc_tls *tls,
                                            swapci_rpc_client **out, swapc_error *error);

/* Waits until the server is there: for start-up, when its socket may not exist yet.
 * Returns OK, UNREACHABLE (not within timeout_ms, which must not be 0; where
 * somebody is there and has not answered yet, not within four times that), CLOSED. */
enum swapc_status swapci_rpc_client_wait_ready(swapci_rpc_client *client, unsigned timeout_ms,
                                               swapc_error *error);

/* Calls method ("/package.Service/Method") and waits for the answer, at most timeout_ms.
 * Out: *reply, *reply_len, given to free().
 * Returns OK; UNREACHABLE (no server, or it left), DEADLINE, CLOSED, CANCELLED, or what the
 * server's code means (rpc_code.h), with that code in error->native and the server's words in
 * error->text. After failure *reply is NULL. */
enum swapc_status swapci_rpc_client_call(swapci_rpc_client *client, const char *method,
                                         swapc_bytes request, unsigned timeout_ms, uint8_t **reply,
                                         size_t *reply_len, swapc_error *error);

/* Makes the calls and waits in flight, and all later ones, return CLOSED soon. Does not block;
 * a second time does nothing. Not for signal handlers. */
void swapci_rpc_client_close(swapci_rpc_client *client);

/* Frees; no call may be in flight, no stream open. NULL does nothing. */
void swapci_rpc_client_free(swapci_rpc_client *client);

#endif
