/* swapc/module.h - a compiled module, and calling it.
 *
 * A module is one flavour of a bundle (or a single file) compiled for one engine: immutable,
 * reference-counted, shared by threads. Calls run on instances that the module keeps warm: a call
 * takes one, or makes one, and gives it back; one that trapped or ran into a limit is thrown away,
 * and the next call gets a fresh one. No operation, payload, response, error or host answer of one
 * call is visible to the next; but the guest's own memory, globals and tables are as the call
 * before left them: a module may cache, count, and leak what it was told. See docs/MODULES.md,
 *     "What is kept".
 *
 * Threads: every function may be called from several threads at once on one module. A reply
 *     belongs to one thread at a time.
 * Ownership: `out` is the caller's reference, given back with swapc_module_release. Views in a
 *     reply are void after the next call with that reply, or its fini.
 * NULL: where a function or a field does not say what it means, NULL is misuse.
 * Signals: only swapc_cancel_request may be called from a handler. Stacks and callbacks:
 *     swapc/swapc.h.
 */
#ifndef SWAPC_MODULE_H
#define SWAPC_MODULE_H

#include "swapc/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Compiled code with a name, immutable and counted. */
typedef struct swapc_module swapc_module;

/* Options are borrowed for the call that takes them. */
typedef struct swapc_module_options {
    size_t size;    /* sizeof(swapc_module_options), by SWAPC_MODULE_OPTIONS_INIT */
    unsigned fresh; /* 1: read and compile anew, and keep nothing (see host.h, cache) */
    /* NULL: the first engine that the host allows and that runs it; among those that take wasm, one
     * that validates it whole where the host allows one, unless the module is signed (wasm3
     * validates little). A name must be one that the host allows, too. */
    const char *engine;
    const char *flavour;        /* of a bundle; NULL: the engine's best one that is there */
    const swapc_limits *limits; /* NULL: the host's; copied; memory_max at most the host's */
} swapc_module_options;

/* What a swapc_module_options begins as: `swapc_module_options name =
 * SWAPC_MODULE_OPTIONS_INIT;`. */
#define SWAPC_MODULE_OPTIONS_INIT {sizeof(swapc_module_options), 0, 0, 0, 0}

/* Bytes that structs keep free for a swapc_module_options inside them, so that it can grow. */
#define SWAPC_MODULE_OPTIONS_ROOM 128

/* Comes from the library; no field is NULL. */
typedef struct swapc_module_info {
    size_t size;            /* what this library knows: see SWAPC_HAS */
    const char *name;       /* the bundle's, or the file's name */
    const char *version;    /* the bundle's; "" for a single file */
    const char *engine;     /* that runs it: "wasmtime" */
    const char *flavour;    /* "wide", "plain", "mvp", "size", "native"; "file": a single file */
    const char *path;       /* of the file that was compiled */
    const char *digest_hex; /* SHA-256 of that file, 64 digits */
    const char *const
        *operations; /* that the manifest names, NULL-ended; an empty list: not said */
    int unoptimised; /* 1: compiled without optimisation, since with it it might have taken longer
                      * than limits.compile_ms: it runs slower than it could */
} swapc_module_info;

/* Reads a bundle (a folder with module.toml) or a single file (.wasm, .so), checks it, compiles it
 * (or takes the compiled form that is kept of this very file, see swapc_host_config.cache), and
 * proves that an instance starts. Blocks for the compilation. options NULL: the defaults.
 * Returns SWAPC_OK; INVALID (sizes, limits above the host's), NOT_FOUND, NO_ENGINE, NOT_ALLOWED (it
 * would need an engine that the host does not list; nothing of the file has run), NO_FLAVOUR,
 * BUNDLE, 2xx (the module; with the host's trust policy also SIGNATURE, VERSION and SELF_TEST), 3xx
 * (its start), IO, NO_MEMORY, CORRUPT (the record of versions); `error` names file and remedy.
 * After failure *out is untouched. */
enum swapc_status swapc_module_load(swapc_host *host, const char *path,
                                    const swapc_module_options *options, swapc_module **out,
                                    swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2, 4);

/* The same from memory; name is for messages and info. bytes are copied. No compiled form is looked
 * for or kept. */
enum swapc_status swapc_module_load_bytes(swapc_host *host, const char *name, swapc_bytes bytes,
                                          const swapc_module_options *options, swapc_module **out,
                                          swapc_error *error) SWAPC_WARN_UNUSED
    SWAPC_NONNULL(1, 2, 5);

/* One more reference; returns module. */
swapc_module *swapc_module_retain(swapc_module *module) SWAPC_NONNULL(1);
/* Gives a reference back; the last one frees the module and its instances. NULL does nothing. While
 * a call runs, somebody holds a reference: letting go of the last one in a callback of that call
 * panics. */
void swapc_module_release(swapc_module *module);

/* Borrowed until the module is freed; never NULL. */
const swapc_module_info *swapc_module_describe(const swapc_module *module) SWAPC_NONNULL(1);

/* What a module's instances take: the caller's storage, filled. */
typedef struct swapc_module_usage {
    size_t size;           /* sizeof(swapc_module_usage), by SWAPC_MODULE_USAGE_INIT */
    uint64_t instances;    /* that are there: in calls, and kept warm for the next ones */
    uint64_t memory_bytes; /* of their linear memories, each as of its last answer; 0 before it, and
                            * of native modules, which have none */
} swapc_module_usage;

/* What a swapc_module_usage begins as: `swapc_module_usage name = SWAPC_MODULE_USAGE_INIT;`. */
#define SWAPC_MODULE_USAGE_INIT {sizeof(swapc_module_usage), 0, 0}

/* Counts them. Any thread, also while calls run, which do not wait for it.
 * Returns SWAPC_OK, INVALID (the size). Out: *out. After failure it is untouched. */
enum swapc_status swapc_module_measure(const swapc_module *module, swapc_module_usage *out,
                                       swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

/* Puts the bundle's own vectors (the [[self_test]] tables of its module.toml: right and wrong
 * input, and what must come of it) to the module. Host calls that its operations make reach the
 * host's handler, without a call_user. Returns SWAPC_OK, also when there are none, or SELF_TEST. */
enum swapc_status swapc_module_self_test(swapc_module *module, swapc_error *error) SWAPC_WARN_UNUSED
    SWAPC_NONNULL(1);

/* A call's answer, reused from call to call: its buffer grows to the largest answer and stays. */
struct swapc_reply {
    swapc_bytes body; /* the response; or, with SWAPC_GUEST_ERROR, the guest's error bytes */
    uint8_t *storage; /* private */
    size_t capacity;  /* private */
};

/* What a swapc_reply begins as: `swapc_reply name = SWAPC_REPLY_INIT;`. */
#define SWAPC_REPLY_INIT {{0, 0}, 0, 0}

/* Frees the buffer. The reply is as after SWAPC_REPLY_INIT. In a callback, the reply of a call
 * around it panics, here and in swapc_reply_set. */
void swapc_reply_fini(swapc_reply *reply) SWAPC_NONNULL(1);

/* Copies bytes into the reply (for a host-call handler); bytes may be a part of the reply itself.
 * Returns SWAPC_OK or NO_MEMORY, after which the reply is as before. */
enum swapc_status swapc_reply_set(swapc_reply *reply, swapc_bytes bytes) SWAPC_NONNULL(1);

/* Stops calls from another thread: any number of calls may be given the same one. */
typedef struct swapc_cancel {
    int flag; /* private */
} swapc_cancel;
/* What a swapc_cancel begins as: `swapc_cancel name = SWAPC_CANCEL_INIT;`. */
#define SWAPC_CANCEL_INIT {0}

/* Asks the calls that run with cancel to stop (async-signal-safe), and later ones not to start. */
void swapc_cancel_request(swapc_cancel *cancel) SWAPC_NONNULL(1);

/* How long the innermost call whose host-call handler or console this thread is in may still take,
 * in whole milliseconds rounded down, never more than the call's deadline_ms: 0 when its deadline
 * has passed or it was cancelled, UINT32_MAX when it has no deadline, or when the thread is in no
 * such callback. For handlers that wait or work long: they cannot be interrupted, and a call whose
 * handler comes back late ends with DEADLINE (CANCELLED) all the same. */
uint32_t swapc_call_remaining_ms(void) SWAPC_WARN_UNUSED;

/* Options are borrowed for the call that takes them. deadline_ms and cancel hold for everything
 * between entering the call and its return: guest code, imports, an instance that has to be made
 * for it, and the calls that its host calls make on this thread, which get the smaller of their own
 * deadline and what is left of this one, and obey this one's cancel, too. What may overrun, and by
 * how much, is in docs/DEADLINES.md. A host-call handler cannot be interrupted: one that comes back
 * after the deadline ends the call with DEADLINE, and what it did has happened; nothing is
 * retried. */
typedef struct swapc_call_options {
    size_t size;                /* sizeof(swapc_call_options), by SWAPC_CALL_OPTIONS_INIT */
    uint32_t deadline_ms;       /* 0: the module's limit */
    const swapc_cancel *cancel; /* NULL: none */
    void *user;                 /* handed to the host-call handler; may be NULL */
} swapc_call_options;

/* What a swapc_call_options begins as: `swapc_call_options name = SWAPC_CALL_OPTIONS_INIT;`. */
#define SWAPC_CALL_OPTIONS_INIT {sizeof(swapc_call_options), 0, 0, 0}

/* Calls an operation: operation and payload are any bytes, borrowed for the call (an operation is
 * at most 64 KiB, a payload at most 1 GiB). They may be views of this very reply, so that the
 * answer of one call is the payload of the next; the reply then gets a new buffer. A call made in a
 * callback needs another reply than that of the call around it, else it panics. options NULL: none.
 * Returns SWAPC_OK with reply->body the response; GUEST_ERROR with reply->body the guest's error;
 * TRAP…, EXIT, DEADLINE, CANCELLED, MEMORY_LIMIT, LIMIT, NO_MEMORY with error set (error->engine is
 * the engine where it was the one to stop the guest) and as the body what the guest gave to
 * __guest_error before, or nothing; INVALID (the options' size), TOO_LARGE with an empty body.
 * A warm call with a deadline or without allocates nothing, chained ones apart. */
enum swapc_status swapc_module_call(swapc_module *module, swapc_bytes operation,
                                    swapc_bytes payload, const swapc_call_options *options,
                                    swapc_reply *reply, swapc_error *error) SWAPC_WARN_UNUSED
    SWAPC_NONNULL(1, 5);

#ifdef __cplusplus
}
#endif
#endif
