/* front.h - what a process shows of itself over HTTP:
 *
 *   /livez     200 while the process works at all; 503 when its main loop hangs
 *   /readyz    200 while it can be used, as grpc.health.v1 says; 503 and a sentence why not
 *   /metrics   metrics.h
 *   /          the page (dashboard/), which lives on /api/events: the same documents as /api/state, once a
 *              second; and /api/check, /api/swap and /api/rollback, POST, for who has the token
 *
 * It can show other processes beside its own, or none of its own (remotes.h); their controls are handed on
 * with the token that came, and they decide.
 *
 * Nobody who works on messages is asked or waits: facts are counters that are read as they stand, and how
 * full the streams are is asked over a connection of the front's own (stream_watch.h).
 *
 * Threads: start and stop by one thread; health by one; collect is called on the front's threads, one at a
 *     time. Ownership: start gives, stop frees; what the config points at outlives the front.
 */
#ifndef SWAPCI_FRONT_H
#define SWAPCI_FRONT_H

#include "facts.h"
#include "http_server.h"

typedef struct swapci_front_health {
    bool serving, draining, redis_up, peer_up;
    char reason[SWAPCI_CONTROL_REASON_MAX]; /* why not serving */
} swapci_front_health;

typedef struct swapci_front_config {
    const char *address; /* as of http_server.h */
    const char *role;    /* "signer"; static */
    swapc_log log;
    bool watched; /* health is told several times a second: else the main loop counts as hanging */
    uint32_t hangs_ms; /* after so long; 0: 10 s */
    /* Fills in what the process knows of itself; out is zeroed but for role, health and what the front
     * knows. Must not block. */
    void (*collect)(void *user, swapci_facts *out); /* NULL: it only shows remotes */
    void *user;
    const swapci_redis_config *redis; /* for the watch of the streams; NULL: none; copied */
    const swapci_stream_names *names; /* the same */
    const swapci_stream_place
        *places; /* of several sets of streams, instead; NULL: there is one; copied */
    unsigned place_count;
    const char *owners; /* of the places, as of stream_watch.h; NULL: nobody has them; copied */
    /* Fills in a row for each place, but for what the watch knows; on the front's threads. Must
     * not block. NULL: none. */
    void (*rows)(void *user, swapci_control_partition *rows);
    /* Checks, swaps or rolls back; on a thread of the server's, one at a time; may take as long as a
     * compilation. Out: *event, zeroed before. NULL: this process has no slots. */
    enum swapc_status (*control)(void *user, enum swapci_swap_action action, const char *slot,
                                 const char *path, swapci_swap_event *event, swapc_error *error);
    const char *token_file;     /* of controls (http_token.h); NULL: none are taken */
    const char *const *remotes; /* addresses of others; copied */
    size_t remote_count;        /* at most SWAPCI_REMOTES_MAX */
} swapci_front_config;

typedef struct swapci_front swapci_front;

/* Returns as swapci_http_token_load, swapci_http_server_start and swapci_stream_watch_start. Until health is told it is not
 * serving: "it is starting". */
enum swapc_status swapci_front_start(const swapci_front_config *config, swapci_front **out,
                                     swapc_error *error);

/* Tells how the process stands. */
void swapci_front_tell(swapci_front *front, const swapci_front_health *health);

/* As of http_server.h. */
const char *swapci_front_address(const swapci_front *front);
const char *swapci_front_socket(const swapci_front *front);

/* The watch of the streams; NULL: none. It is the front's. */
swapci_stream_watch *swapci_front_watch(const swapci_front *front);

/* Before what collect uses is freed. NULL does nothing. */
void swapci_front_stop(swapci_front *front);

#endif
