/* service.h - the frame around a process that serves: `swapc signer`, `swapc verifier`, `swapc process`.
 *
 * gRPC with grpc.health.v1, and the wait in between, on one libuv loop. The work itself runs on threads
 * of its own; the loop only watches over it. Signals come by signals.h, which also ends what hangs.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_SERVICE_H
#define SWAPCI_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "control_service.h"
#include "front.h"
#include "swapc/swapc.h"
#include "transport_service.h"

/* What a service sees of the world around it; zeroed before it is asked for. */
struct swapci_service_view {
    bool redis;                              /* it answers */
    char denied[SWAPCI_CONTROL_REASON_MAX];  /* what it refuses; "": nothing, or it is not known */
    char refused[SWAPCI_CONTROL_REASON_MAX]; /* why its streams are not for it; "": they are */
    bool standby;                            /* another process has this one's name and office */
    bool peer;                               /* the other side of the ring is there */
    bool full;                               /* what is to be sent finds no room */
    bool hindered;         /* something keeps it from its work; its log says what */
    uint64_t done;         /* messages so far */
    uint64_t errors;       /* of them: verdict Error */
    uint64_t unknown_keys; /* of them: NotValid because their key is unknown */
    char last_error[SWAPCI_CONTROL_NAME_MAX];
};

/* Fills in redis and denied. */
void swapci_service_view_redis(struct swapci_service_view *view, const swapci_redis_health *health);

struct swapci_service {
    const char *role;  /* "signer": of the log */
    const char *peer;  /* "verifier"; NULL: it needs none, and the next two are not used */
    const char *place; /* where it meets it: "ring demo" */
    const char *join;  /* how a peer comes there: "--ring demo" */
    void (*look)(void *user, struct swapci_service_view *out); /* asked a few times a second */
    const char *errors_are;    /* what has become of an entry in view.errors; NULL: a verdict */
    const char *health_name;   /* the service that is SERVING beside "" */
    const char *listen;        /* NULL: no gRPC */
    const swapci_rpc_tls *tls; /* NULL: none */
    const swapci_transport_service *transport; /* NULL: none */
    const swapci_control_service *control;     /* of which drain and what follows are filled in;
                                                  NULL: none */
    const char *http;                          /* NULL: no HTTP */
    void (*collect)(void *user, swapci_facts *out); /* as of front.h */
    enum swapc_status (*act)(void *user, enum swapci_swap_action action, const char *slot,
                             const char *path, swapci_swap_event *event,
                             swapc_error *error); /* front.h's control; NULL: no slots */
    const char *http_token;                       /* the same */
    const swapci_redis_config *redis;             /* as of front.h */
    const swapci_stream_names *names;
    const swapci_stream_place *places; /* the same */
    unsigned place_count;
    const char *owners; /* the same; with more than one place */
    void (*rows)(void *user, swapci_control_partition *rows); /* the same; on any thread */
    pid_t parent; /* ends when this process does; 0: nobody's */
    swapc_log log;
    const char *ready; /* said once the work has begun */
    enum swapc_status (*start)(void *user,
                               swapc_error *error); /* begins the work: called once, when
                                  listening has succeeded, before any call is answered; NULL: none */
    bool (*ended)(void *user); /* asked a few times a second: the work ended by itself */
    void (*stop)(void *user);  /* called once when asked to end; must not block */
    void *user;
};

/* Ends this process with its parent: dies with it (PDEATHSIG), and at once when it is gone already.
 * Returns false when the parent is gone. parent 0: does nothing. */
bool swapci_service_bind_parent(pid_t parent);

/* Serves until a signal or Drain comes or the work ended, then shuts gRPC down. After a signal or
 * Drain, health says NOT_SERVING, stop() is called, and the wait is for ended().
 * Returns SWAPC_OK, or what listening or start() returned. */
enum swapc_status swapci_service_run(const struct swapci_service *service, swapc_error *error);

/* The exit status of a service that ended with status: 0 when a signal asked it to end, whatever was
 * broken off for it (what is not stored stays pending); else as swapci_cli_fail. Prints the error. */
int swapci_service_exit(const char *command, enum swapc_status status, const swapc_error *error);

#endif
