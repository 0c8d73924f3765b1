/* rpc_server.h - a gRPC server that hands calls to plain functions.
 *
 * A service is a table of methods {name, handler}; swapci_rpc_server_add takes it before the start.
 * The server has one thread of its own, which sits on gRPC's completion queue. A handler either
 * runs there (SWAPCI_RPC_ON_RPC_THREAD: for what must answer while the owner is busy and never
 * blocks) or in the owner's thread: requests wait in a queue, the owner is woken by a callback
 * (uv_async_send in rpc_uv.h, a write to an eventfd, ...) and calls swapci_rpc_server_poll.
 * Without a wake callback everything runs on the rpc thread.
 *
 * A handler gets a call handle and answers it, at once or any time later, from any thread.
 *
 * Threads: the handle functions (swapci_rpc_call_*) may be called from any thread, also inside
 *     handlers. new, add, wake_set, start, shutdown and free: one thread at a time, and never from
 *     a handler on the rpc thread. poll: one thread at a time.
 * Ownership: a handle is the handler's from its call until swapci_rpc_call_reply or _finish, which
 *     must come exactly once and void it, also when the client has left or the server was shut
 *     down meanwhile: the answer is then dropped. The request's bytes are good until the handler
 *     returns. A handle may outlive swapci_rpc_server_free.
 * Fork: start starts threads; fork children before.
 * Limits: each method has its own room, so that no kind of call shuts out another: calls_max calls
 *     in work, and kept_max that wait (swapci_rpc_call_keep); what is beyond gets RESOURCE_EXHAUSTED.
 *     A request has up to SWAPCI_RPC_REQUEST_MAX bytes. A client that does not send its request, or
 *     does not take its answer, for stall_ms is cancelled; one that has gone without a word is
 *     found by keepalive within 80 s; a connection must speak HTTP/2 within 10 s.
 *     Without tls nothing is encrypted: a TCP address that other machines reach is logged as such.
 */
#ifndef SWAPCI_RPC_SERVER_H
#define SWAPCI_RPC_SERVER_H

#include "buffer.h"
#include "rpc_code.h"
#include "rpc_tls.h"
#include "swapc/bytes.h"
#include "swapc/error.h"
#include "swapc/log.h"

#include <stdbool.h>
#include <stddef.h>

#define SWAPCI_RPC_MESSAGE_MAX (1024 * 1024) /* bytes of an answer */
#define SWAPCI_RPC_REQUEST_MAX (64 * 1024)   /* bytes of a request to the server */
#define SWAPCI_RPC_CALLS_MAX 256             /* of one method in work, when the config says 0 */
#define SWAPCI_RPC_STALL_MS 10000            /* when the config says 0 */
#define SWAPCI_RPC_SERVICES_MAX 8            /* calls of swapci_rpc_server_add */
#define SWAPCI_RPC_METHODS_MAX 8             /* of a service */

typedef struct swapci_rpc_server swapci_rpc_server;
typedef struct swapci_rpc_call swapci_rpc_call;

#define SWAPCI_RPC_ON_RPC_THREAD 1u /* flag: run the handler on the rpc thread; it must not block */

/* One row of a service. Tables are static and outlive the server and its handles. */
typedef struct swapci_rpc_method {
    const char *name; /* "/package.Service/Method" */
    /* Called once a request, with the user of swapci_rpc_server_add. */
    void (*handle)(void *user, swapci_rpc_call *call, swapc_bytes request);
    /* Optional: called at most once, after handle and where it ran, when the client left (its
     * deadline passed, it cancelled, it died) or the server shut down before the handle was
     * finished. The handle must still be finished, here or later. May run while another thread
     * finishes it: then call serves only to be compared. */
    void (*gone)(void *user, swapci_rpc_call *call);
    unsigned flags; /* SWAPCI_RPC_ON_RPC_THREAD or 0 */
    /* Instead of handle, for a conversation (a stream in both directions): appends the answer of one
     * message to reply. Called on the rpc thread; must not block. Messages are taken one by one, each
     * after the answer before it has left. A code other than OK ends the call. */
    enum swapci_rpc_code (*answer)(void *user, swapc_bytes request, swapci_buffer *reply);
    unsigned kept_max; /* calls that may wait at a time, see swapci_rpc_call_keep */
} swapci_rpc_method;

typedef struct swapci_rpc_server_config {
    const char *address;       /* unix:PATH or HOST:PORT, copied; a socket file gets mode 0600 */
    swapc_log log;             /* copied */
    const swapci_rpc_tls *tls; /* for TCP; borrowed until start; NULL: none */
    unsigned calls_max;        /* of one method in work at a time; 0: SWAPCI_RPC_CALLS_MAX */
    unsigned
        stall_ms; /* how long a client may keep its call from going on; 0: SWAPCI_RPC_STALL_MS */
} swapci_rpc_server_config;

/* Looks at what can be known to be wrong with a server's address and TLS before it is made, so that it is told before
 * anything is waited for. Returns OK, or what new or start would return. */
enum swapc_status swapci_rpc_server_check(const swapci_rpc_server_config *config,
                                          swapc_error *error);

/* Makes a server that does not listen yet.
 * Returns OK; INVALID or TOO_LARGE (the address); NO_MEMORY. After failure *out is NULL. */
enum swapc_status swapci_rpc_server_new(const swapci_rpc_server_config *config,
                                        swapci_rpc_server **out, swapc_error *error);

/* Adds a service of count methods, before the start. The table is borrowed; user goes to its
 * handlers and outlives the shutdown. Misuse: more than SWAPCI_RPC_SERVICES_MAX. */
void swapci_rpc_server_add(swapci_rpc_server *server, const swapci_rpc_method *methods,
                           size_t count, void *user);

/* Has wake(user) called on the rpc thread whenever swapci_rpc_server_poll has work; it must not
 * block and not call the server. Before the start. NULL: all handlers run on the rpc thread. */
void swapci_rpc_server_wake_set(swapci_rpc_server *server, void (*wake)(void *user), void *user);

/* Listens and serves. A socket file left by a server that is gone is replaced.
 * Returns OK; BUSY (the address is in use), INVALID, SYSTEM, NO_MEMORY.
 * After failure the server may be started again or freed. */
enum swapc_status swapci_rpc_server_start(swapci_rpc_server *server, swapc_error *error);

/* Returns the TCP port that the started server listens on (the one picked for :0); 0 on unix. */
unsigned swapci_rpc_server_port(const swapci_rpc_server *server);

/* Returns the address to give to a client, "unix:PATH" or "HOST:PORT" with the port picked.
 * Borrowed until free. */
const char *swapci_rpc_server_address(const swapci_rpc_server *server);

/* Runs the handlers of all requests that wait, and `gone` of those whose client has left. Returns
 * how many handlers ran. */
size_t swapci_rpc_server_poll(swapci_rpc_server *server);

/* Stops: takes no new calls, answers those not yet answered with UNAVAILABLE, gives answers
 * grace_ms to reach their clients, cancels the rest, ends the thread, and calls `gone` for handles
 * that are not finished. Blocks; afterwards no handler runs, no wake comes, and the socket file is
 * gone. A second time does nothing. */
void swapci_rpc_server_shutdown(swapci_rpc_server *server, unsigned grace_ms);

/* Shuts down without grace if it still runs, and frees. NULL does nothing. */
void swapci_rpc_server_free(swapci_rpc_server *server);

/* Says that the call will wait for long, a stream or an answer that comes later: it gives up its
 * place among its method's calls in work, and takes one of kept_max instead.
 * Returns false when those are taken: the call has then been finished with RESOURCE_EXHAUSTED, and
 * the handle is void. */
bool swapci_rpc_call_keep(swapci_rpc_call *call);

/* Answers a unary call with message, copied, and status OK. Voids the handle. */
void swapci_rpc_call_reply(swapci_rpc_call *call, swapc_bytes message);

/* Ends a call with code and text (NULL: none), copied, up to 511 bytes. Voids the handle. */
void swapci_rpc_call_finish(swapci_rpc_call *call, enum swapci_rpc_code code, const char *text);

/* Sends one message, copied, on a stream. A stream carries states, not events: a message that has
 * not left when the next one comes is replaced by it, so a slow client costs no memory.
 * Returns OK, CLOSED (the client left or the server stops: finish the handle). */
enum swapc_status swapci_rpc_call_send(swapci_rpc_call *call, swapc_bytes message);

#endif
