/* swapc/host.h - the host: engines, and what guests may reach.
 *
 * A host opens the engines of this build as they are needed and holds what all its modules share:
 * the log, the console, the handler of host calls, the default limits, the list of engines that may
 * run anything here. Most programs have one. Guests can reach nothing but what this file names: no
 * files, no network, no environment. Native code can reach everything: it runs only in a host that
 * lists its engine by name.
 *
 * Threads: a host may be used by several threads at once; swapc_host_free by one, after all its
 *     modules are released. The callbacks run on the thread that made the call, several at once,
 *     and with no lock held: they may load, call and swap (swapc/swapc.h says on which stack).
 * Ownership: the config is copied, its list of engines too; other strings and user pointers in it
 *     must outlive the host, and so must the trust policy.
 * NULL: where a function or a field does not say what it means, NULL is misuse.
 * wasmtime installs process-wide handlers for SIGSEGV, SIGBUS, SIGILL and SIGFPE when it is opened;
 * they hand on what is not theirs.
 */
#ifndef SWAPC_HOST_H
#define SWAPC_HOST_H

#include "swapc/attributes.h"
#include "swapc/bytes.h"
#include "swapc/error.h"
#include "swapc/limits.h"
#include "swapc/log.h"
#include "swapc/trust.h"
#include "swapc/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Engines, limits and a policy, which modules are loaded into. */
typedef struct swapc_host swapc_host;
typedef struct swapc_reply swapc_reply; /* see module.h */

/* A guest's host call (waPC __host_call): answer by swapc_reply_set with the response, or with an
 * error's text and a status other than SWAPC_OK: the guest gets it as the host's error, but for
 * NO_MEMORY, with which the call ends. All views are borrowed for the call, reply too.
 * user is the host's; call_user the one of this call's options (NULL without). Runs on the calling
 * thread, below the guest, and may call modules in its turn, the same one too. */
typedef enum swapc_status (*swapc_host_call_fn)(swapc_bytes binding, swapc_bytes ns,
                                                swapc_bytes operation, swapc_bytes payload,
                                                swapc_reply *reply, void *call_user, void *user);

/* A guest's console line (waPC __console_log, or WASI stdout and stderr): best effort, bytes of any
 * content, cut at limits.log_max. generation is 0 outside a slot. module and line are borrowed for
 * the callback. */
typedef void (*swapc_console_fn)(const char *module, uint64_t generation, swapc_bytes line,
                                 void *user);

/* What an engine holds. A ceiling without its bit is not held, and the docs say so. */
enum swapc_engine_caps {
    SWAPC_CAP_WASM = 1u << 0,     /* takes wasm binaries; without it: shared objects */
    SWAPC_CAP_SANDBOX = 1u << 1,  /* a guest cannot touch the host's memory */
    SWAPC_CAP_DEADLINE = 1u << 2, /* a deadline stops loops */
    SWAPC_CAP_CANCEL = 1u << 3,   /* a cancel stops loops */
    SWAPC_CAP_MEMORY = 1u << 4,   /* limits.memory_max */
    SWAPC_CAP_STACK = 1u << 5,    /* runaway recursion traps */
    /* A deadline and cancel are held by counting in the guest's code, which takes time; modules
     * loaded with limits.deadline_ms 0 run as they came, and refuse (UNSUPPORTED) a call with
     * either. */
    SWAPC_CAP_METERED = 1u << 6
};

/* What a host is made with. */
typedef struct swapc_host_config {
    size_t size;   /* sizeof(swapc_host_config), by SWAPC_HOST_CONFIG_INIT */
    swapc_log log; /* what the library has to say */
    union {
        swapc_limits limits; /* of every module, unless its own options say otherwise */
        unsigned char limits_room[SWAPC_LIMITS_ROOM]; /* private: so that limits can grow */
    };
    swapc_host_call_fn host_call; /* NULL: every host call answers with an error */
    void *host_call_user;         /* handed to host_call */
    swapc_console_fn console;     /* NULL: lines are dropped */
    void *console_user;           /* handed to console */
    uint32_t instances;           /* instances expected at once; 0: 64 */
    /* Where compiled modules are kept from one run to the next: a directory that is this user's
     * own and closed to others (mode 0700), made when it is missing; the code in it is believed.
     * NULL: $SWAPC_CACHE, else $XDG_CACHE_HOME/swapc, else ~/.cache/swapc; "": none are kept.
     * A directory that cannot be used is logged, and nothing is kept. */
    const char *cache;
    /* Which modules are taken: NULL takes all; else signed bundles only (swapc/trust.h). */
    const swapc_trust *trust;
    /* Which engines may run anything in this host: names, NULL-ended. NULL: every engine of the
     * build that is a sandbox (SWAPC_CAP_SANDBOX), so never native code, whatever a file's bytes or
     * a bundle's manifest say: loading a shared object runs its constructors before any check can.
     * Who lists an engine without that bit ("native") trusts every module that this host loads. */
    const char *const *engines;
} swapc_host_config;

/* What a swapc_host_config begins as: `swapc_host_config name = SWAPC_HOST_CONFIG_INIT;`. */
#define SWAPC_HOST_CONFIG_INIT                                                                     \
    {sizeof(swapc_host_config), {0, 0, SWAPC_LOG_INFO}, {SWAPC_LIMITS_INIT}, 0, 0, 0, 0, 0, 0, 0, 0}

/* Makes a host. config NULL: the defaults. Returns SWAPC_OK, INVALID (its size or that of its
 * limits), NO_ENGINE (a name in engines that this build does not have), NO_MEMORY, SYSTEM. Blocks
 * little: an engine is opened when the first module needs it. */
enum swapc_status swapc_host_new(const swapc_host_config *config, swapc_host **out,
                                 swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(2);

/* Frees the host and closes its engines. NULL does nothing. Modules still held: panic. */
void swapc_host_free(swapc_host *host);

/* One engine that swapc knows, built in or not. */
typedef struct swapc_engine_info {
    size_t size;                 /* sizeof(swapc_engine_info), by SWAPC_ENGINE_INFO_INIT */
    const char *name;            /* never NULL; all strings are static */
    const char *version;         /* of the runtime; NULL when it is not built in */
    const char *const *flavours; /* of a bundle that it runs, best first, NULL-ended; or NULL */
    uint32_t caps;               /* enum swapc_engine_caps, or-ed; 0 when not built in */
    int built;                   /* 1: in this build */
} swapc_engine_info;

/* What a swapc_engine_info begins as: `swapc_engine_info name = SWAPC_ENGINE_INFO_INIT;`. */
#define SWAPC_ENGINE_INFO_INIT {sizeof(swapc_engine_info), 0, 0, 0, 0, 0}

/* The engines in their fixed order, which is that of preference. Returns 1 and fills *out as far as
 * out->size says, or 0 when index is past the last. out->size too small for any version: panic. */
int swapc_engine_at(unsigned index, swapc_engine_info *out) SWAPC_WARN_UNUSED SWAPC_NONNULL(2);

#ifdef __cplusplus
}
#endif
#endif
