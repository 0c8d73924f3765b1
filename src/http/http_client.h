/* http_client.h - one request to another swapc process's HTTP server, and its whole answer. It reads what
 * http_server.h sends: no TLS, no redirects, no chunks.
 *
 * Threads: any; blocks up to timeout_ms in all. Ownership: the buffer is the caller's.
 */
#ifndef SWAPCI_HTTP_CLIENT_H
#define SWAPCI_HTTP_CLIENT_H

#include <stdbool.h>

#include "buffer.h"

typedef struct swapci_http_call {
    const char *address;       /* unix:PATH or HOST:PORT */
    const char *method, *path; /* "GET", "/api/state" */
    const char *authorization; /* NULL: no such header */
    swapc_bytes body;          /* of a POST */
    unsigned timeout_ms;
    size_t answer_max; /* bytes, head and body */
} swapci_http_call;

/* Out: *code, and the body appended. Returns SWAPC_OK whatever the code is; INVALID (address), UNREACHABLE,
 * DEADLINE, TOO_LARGE, PROTOCOL (no HTTP), NO_MEMORY. */
enum swapc_status swapci_http_call_do(const swapci_http_call *call, unsigned *code,
                                      swapci_buffer *body, swapc_error *error);

/* Reads a whole answer: its code, 100 to 999, and its body, a view into it. Returns false when it is no
 * answer of HTTP/1. */
bool swapci_http_answer_split(swapc_bytes answer, unsigned *code, swapc_bytes *body);

#endif
