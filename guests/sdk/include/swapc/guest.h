/* swapc/guest.h - writing a waPC module in C.
 *
 * A module is a table of operations; each handler gets the request's bytes and answers with bytes
 * or fails with a text. The same source becomes a wasm module (it imports nothing but `wapc`, and
 * exports `memory` and `__guest_call`) and a native shared object (swapc/sys/native_module.h). It
 * is freestanding: of the C library only memcpy, memmove, memset, memcmp and strlen, no heap, and
 * no writable globals (linking a native module that has one is an error): what one call leaves
 * behind, the next one must not see.
 *
 * A whole module:
 *
 *     #include "swapc/guest.h"
 *
 *     static int32_t greet(swapc_guest *g, swapc_bytes request) {
 *         return swapc_guest_respond(g, request);
 *     }
 *
 *     const swapc_guest_operation swapc_guest_operations[] = {{"greet", greet}, {0, 0}};
 *
 * Threads: a guest runs on one thread at a time, in one call at a time.
 * Ownership: a request is good until the handler returns; the answer of a host call until the next
 *     host call, scratch, or the handler's return. What a function is given, it copies.
 * Limits: an operation and its request together stay below 2 GiB; the host's own limits are lower.
 */
#ifndef SWAPC_GUEST_H
#define SWAPC_GUEST_H

#include "swapc/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The running call. Its content is the SDK's. */
typedef struct swapc_guest swapc_guest;

/* Handles one operation. Returns 1 (answered; without a response the answer is empty) or 0 (failed:
 * end in `return swapc_guest_fail(...)`). */
typedef int32_t (*swapc_guest_handler)(swapc_guest *g, swapc_bytes request);

typedef struct swapc_guest_operation {
    const char *name; /* UTF-8 */
    swapc_guest_handler handler;
} swapc_guest_operation;

/* The module defines this table; a row of NULL name ends it. A call of an operation that is not in
 * it fails with "unknown operation NAME". */
extern const swapc_guest_operation swapc_guest_operations[];

/* Sets the response; the last one of a call counts. Returns 1. */
int32_t swapc_guest_respond(swapc_guest *g, swapc_bytes response);

/* Sets the error: any bytes, usually UTF-8 text. Returns 0. */
int32_t swapc_guest_fail(swapc_guest *g, swapc_bytes error);

/* The same with a C string. */
static inline int32_t swapc_guest_fail_text(swapc_guest *g, const char *text) {
    return swapc_guest_fail(g, swapc_bytes_str(text));
}

/* Calls the host. Returns 1 with *answer its response, or 0 with *answer its error text (also when
 * there is no memory for the answer). */
int32_t swapc_guest_host_call(swapc_guest *g, const char *binding, const char *ns,
                              const char *operation, swapc_bytes payload, swapc_bytes *answer);

/* Memory for the handler's own work: len bytes of any content, aligned for any type, good until the
 * next of it, the next host call, or the handler's return. It is the instance's, who keeps it for the
 * next call: a warm one gets it without an allocation. Returns NULL when there is not so much. */
void *swapc_guest_scratch(swapc_guest *g, size_t len);

/* Writes one line to the host's console: best effort, the host may cut or drop it. */
void swapc_guest_console(swapc_guest *g, swapc_bytes line);

#ifdef __cplusplus
}
#endif
#endif
