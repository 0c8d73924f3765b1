/* swapc/host.h - the host: engines, and what guests may reach.
 *
 * A host opens the engines of this build as they are needed and holds what all its modules share:
 * the log, the console, the handler of host calls, the default limits. Most programs have one.
 * Guests can reach nothing but what this file names: no files, no network, no environment.
 *
 * Threads: a host may be used by several threads at once; swapc_host_free by one, after all its
 *     modules are released. The callbacks run on the thread that made the call, several at once.
 * Ownership: the config is copied; strings and user pointers in it must outlive the host.
 * wasmtime installs process-wide handlers for SIGSEGV, SIGBUS, SIGILL and SIGFPE when it is opened;
 * they hand on what is not theirs.
 */
#ifndef SWAPC_HOST_H
#define SWAPC_HOST_H

#include "swapc/bytes.h"
#include "swapc/error.h"
#include "swapc/limits.h"
#include "swapc/log.h"
#include "swapc/trust.h"
#include "swapc/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct swapc_host swapc_host;
typedef struct swapc_reply swapc_reply;

/* A guest's host call (waPC __host_call): answer by swapc_reply_set with the response, or with an
 * error's text and a status other than SWAPC_OK. All views are borrowed for the call.
 * user is the host's; call_user the one of this call's options (NULL without). */
typedef enum swapc_status (*swapc_host_call_fn)(swapc_bytes binding, swapc_bytes ns,
                                                swapc_bytes operation, swapc_bytes payload,
                                                swapc_reply *reply, void *call_user, void *user);

/* A guest's console line (waPC __console_log, or WASI stdout and stderr): best effort, bytes of any
 * content, cut at limits.log_max. generation is 0 outside a slot. */
typedef void (*swapc_console_fn)(const char *module, uint64_t generation, swapc_bytes line,
                                 void *user);

typedef struct swapc_host_config {
    swapc_log log;
    swapc_limits limits;          /* of every module, unless its own options say otherwise */
    swapc_host_call_fn host_call; /* NULL: every host call answers with an error */
    void *host_call_user;
    swapc_console_fn console; /* NULL: lines are dropped */
    void *console_user;
    uint32_t instances; /* instances expected at once; 0: 64 */
    /* Where compiled modules are kept from one run to the next: a directory that is this user's
     * own and closed to others (mode 0700), made when it is missing; the code in it is believed.
     * NULL: $SWAPC_CACHE, else $XDG_CACHE_HOME/swapc, else ~/.cache/swapc; "": none are kept.
     * A directory that cannot be used is logged, and nothing is kept. */
    const char *cache;
    /* Which modules are taken: NULL takes all; else signed bundles only (swapc/trust.h). */
    const swapc_trust *trust;
} swapc_host_config;

#define SWAPC_HOST_CONFIG_INIT {{0, 0, SWAPC_LOG_INFO}, SWAPC_LIMITS_INIT, 0, 0, 0, 0, 0, 0, 0}

/* Makes a host. config NULL: the defaults. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapc_host_new(const swapc_host_config *config, swapc_host **out,
                                 swapc_error *error);

/* Frees the host and closes its engines. NULL does nothing. Modules still held: panic. */
void swapc_host_free(swapc_host *host);

/* One engine that swapc knows, built in or not. */
typedef struct swapc_engine_info {
    const char *name;
    const char *version; /* of the runtime; NULL when it is not built in */
    uint32_t caps;       /* enum swapc_engine_caps of swapc/sys/engine.h; 0 when not built in */
    const char *const *flavours; /* of a bundle that it runs, best first, NULL-ended; or NULL */
    int built;
} swapc_engine_info;

/* The engines in their fixed order. Returns 1 and fills *out, or 0 when index is past the last. */
int swapc_engine_at(unsigned index, swapc_engine_info *out);

#ifdef __cplusplus
}
#endif
#endif
