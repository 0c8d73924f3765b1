/* swapc/sys/engine.h - what a WebAssembly runtime (or a native loader) gives to the host core.
 *
 * An engine is one const struct of functions. It compiles modules, makes instances and enters them;
 * it knows nothing of waPC's protocol, of bundles, slots or pipelines. The host functions that a
 * guest may import (waPC's nine, the deny-all WASI subset) are implemented once, in the core, and
 * reach the engine as a table of {module, name, signature, function}; the engine only moves the
 * arguments. Embedders need swapc/swapc.h; this is not installed, because an engine is a part of the
 * build (src/engines) and cannot be registered by a program.
 *
 * Threads: open and close are called once each, alone. compile, validate and instantiate may be
 *     called from several threads at once. One instance is used by one thread at a time, but by
 *     different threads one after the other.
 * Ownership: the core owns nothing inside the three opaque types; what `out` receives belongs to
 *     the core until it hands it to the matching free function. Instances are freed before their
 *     module, modules before the engine's state.
 * After failure: `*out` is untouched, nothing is held. Every function that takes a swapc_error
 *     reports into it with swapc_error_set (naming the thing and the remedy) when it does not
 *     return SWAPC_OK, except where an import's status is passed on (see swapc_import_fn).
 */
#ifndef SWAPC_SYS_ENGINE_H
#define SWAPC_SYS_ENGINE_H

#include <stdbool.h>

#include "swapc/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SWAPC_ENGINE_ABI 2u

/* Each engine completes these three for itself, in its own file. */
typedef struct swapc_engine_state swapc_engine_state;
typedef struct swapc_engine_module swapc_engine_module;
typedef struct swapc_engine_instance swapc_engine_instance;

/* The core's state of one instance's current call: opaque here, handed back to the imports. */
typedef struct swapc_call swapc_call;

/* The guest's memory as it is now. The engine reads it anew for each import call (a guest may have
 * grown it since). Native modules have real addresses: base NULL, size UINT64_MAX. Before the
 * instance exists (an import called from a wasm start section) an engine that cannot look the
 * memory up passes size 0, and every non-empty span then traps. */
typedef struct swapc_memory {
    uint8_t *base;
    uint64_t size; /* bytes */
} swapc_memory;

/* A host function. args: one slot a parameter; an i32 is zero-extended, an i64 as it is. *result is
 * set when the signature has one (an i32 in the low half), and SWAPC_OK returned.
 * Any other status means: unwind the guest and return just this status from the function that
 * entered it, without reporting (the core holds the report already).
 * An import may itself enter another instance (host calls); it never enters the same one. */
typedef enum swapc_status (*swapc_import_fn)(swapc_call *call, swapc_memory memory,
                                             const uint64_t *args, uint64_t *result);

/* One row of the import table. signature: a letter a parameter, 'i' i32, 'I' i64; then, when there
 * is a result, ':' and its letter: "ii", "iiiiiiii:i", ":i". At most SWAPC_IMPORT_ARGS_MAX. */
#define SWAPC_IMPORT_ARGS_MAX 10
typedef struct swapc_import {
    const char *module;
    const char *name;
    const char *signature;
    swapc_import_fn fn;
} swapc_import;

typedef struct swapc_engine_config {
    const swapc_import *imports; /* valid until close */
    size_t import_count;
    swapc_log log;           /* copied */
    uint64_t memory_max;     /* the largest memory_max that instantiate will be given; 0: none */
    uint32_t pool_instances; /* a hint: how many instances live at once */
} swapc_engine_config;

/* What compile is given. bytes stay valid and unchanged until free_module. */
typedef struct swapc_artifact {
    swapc_bytes bytes;      /* the file's content; empty for deserialize */
    const char *path;       /* where it came from, for messages; never opened again; may be NULL */
    const char *digest_hex; /* SHA-256 of bytes, 64 lower-case digits */
    /* The core's estimate of how long an optimising compiler takes for these bytes at the worst, in
     * milliseconds; 0: it has none (native code, or compiled before). */
    uint32_t compile_ms;
    bool unoptimised; /* that is too long: compile without optimisation (see optimises) */
} swapc_artifact;

/* How long an entry into the guest may take. Lives until the entry returns. */
typedef struct swapc_run {
    uint64_t deadline_ns;          /* on CLOCK_MONOTONIC; 0: none; not after that of outer */
    const int *cancel;             /* read atomically (acquire); non-zero: stop; NULL: none */
    const struct swapc_run *outer; /* of the call whose host call made this one; NULL: none */
} swapc_run;

/* Whether a cancel was asked for, of this entry or of one around it. */
static inline bool swapc_run_cancelled(const swapc_run *run) {
    for (; run; run = run->outer)
        if (run->cancel && __atomic_load_n(run->cancel, __ATOMIC_ACQUIRE)) return true;
    return false;
}

/* Whether anything may stop the entry before the guest ends it. */
static inline bool swapc_run_limited(const swapc_run *run) {
    if (run->deadline_ns != 0) return true;
    for (; run; run = run->outer)
        if (run->cancel) return true;
    return false;
}

/* Takes the compiled form of a module; the bytes are borrowed for the call. */
typedef void (*swapc_compiled_fn)(swapc_bytes compiled, void *user);

typedef struct swapc_engine {
    uint32_t abi;                /* SWAPC_ENGINE_ABI */
    uint32_t caps;               /* enum swapc_engine_caps (swapc/host.h), or-ed */
    const char *name;            /* "wasmtime" */
    const char *const *flavours; /* flavours of a bundle that it runs, best first; NULL-ended */

    /* Returns the runtime's version, "50.0.1". Static. Called at any time, even before open. */
    const char *(*version)(void);

    /* Called once, before anything else. May block (reserves memory, starts threads). config is
     * borrowed for the call, its imports until close. */
    enum swapc_status (*open)(const swapc_engine_config *config, swapc_engine_state **out,
                              swapc_error *error);

    /* Frees the state; all modules are freed already. Joins the engine's threads. */
    void (*close)(swapc_engine_state *state);

    /* Optional (NULL: none): returns SWAPC_OK when the bytes are a valid wasm module of any feature
     * this engine knows, else SWAPC_MODULE_MALFORMED with the place. Used for its own modules
     * by compile anyway; the core calls it for engines that validate little (wasm3). */
    enum swapc_status (*validate)(swapc_engine_state *state, swapc_bytes bytes, swapc_error *error);

    /* Compiles. Blocks as long as compiling takes. The core has checked imports and exports of wasm
     * modules already (types too); the engine must still link safely.
     * Returns MODULE_MALFORMED, UNSUPPORTED (a feature it lacks), NO_MEMORY, SYSTEM. */
    enum swapc_status (*compile)(swapc_engine_state *state, const swapc_artifact *artifact,
                                 swapc_engine_module **out, swapc_error *error);
    void (*free_module)(swapc_engine_module *module);

    /* Makes an instance and runs its wasm start section (under run and limits). call is handed to
     * the imports for the instance's whole life. limits is borrowed for the call, run as well.
     * Returns what call returns, or NO_MEMORY, MEMORY_LIMIT when its initial memory is too big. */
    enum swapc_status (*instantiate)(swapc_engine_module *module, swapc_call *call,
                                     const swapc_limits *limits, const swapc_run *run,
                                     swapc_engine_instance **out, swapc_error *error);
    void (*free_instance)(swapc_engine_instance *instance);

    /* Enters an export of type () -> (). *found false and SWAPC_OK when there is none (for a shared
     * object: always, its init ran in instantiate). */
    enum swapc_status (*run_export)(swapc_engine_instance *instance, const char *name,
                                    const swapc_run *run, bool *found, swapc_error *error);

    /* Enters __guest_call(op_len, msg_len); the warm path: no allocation, no look-up by name.
     * Returns SWAPC_OK with *result as the guest gave it; TRAP, TRAP_MEMORY, TRAP_STACK, DEADLINE,
     * CANCELLED; or an import's status: then the core has the report, and the engine's, if it makes one,
     * says only in which of the guest's functions that was. The same holds for run_export and
     * instantiate. After anything but SWAPC_OK the core frees the instance. */
    enum swapc_status (*call)(swapc_engine_instance *instance, const swapc_run *run,
                              uint32_t op_len, uint32_t msg_len, int32_t *result,
                              swapc_error *error);

    /* Optional, both or neither (NULL: compiling costs little here, or its product cannot be kept):
     * hands the compiled form of a module to `take`, for deserialize of the same engine in the same
     * version on the same machine. Called once, by the thread that compiled, before instantiate.
     * Returns SWAPC_OK, NO_MEMORY, SYSTEM. */
    enum swapc_status (*serialize)(swapc_engine_module *module, swapc_compiled_fn take, void *user,
                                   swapc_error *error);

    /* Makes a module from the compiled form in the file `compiled`, which is sealed: it can change
     * no more and may be mapped. The core has checked that it is what serialize gave, byte by byte.
     * `compiled` is borrowed for the call. Blocks little. May be called from several threads.
     * Returns CORRUPT when it is of another build, NO_MEMORY, SYSTEM; the core then compiles. */
    enum swapc_status (*deserialize)(swapc_engine_state *state, const swapc_artifact *artifact,
                                     int compiled, swapc_engine_module **out, swapc_error *error);

    /* Optional (NULL: there are none): names the settings of this state that its compiled forms
     * depend on besides the version, in some 20 characters. Static. The core keeps forms of
     * different settings apart. */
    const char *(*settings)(const swapc_engine_state *state);

    /* Optional (NULL: there is none): a word with the time (CLOCK_MONOTONIC, ns), renewed each
     * millisecond while limited runs are under way, and 0 while it is not. The core reads it
     * (relaxed) before and after each import, where reading a clock would cost more than the import.
     * Valid until close. */
    const uint64_t *(*now)(const swapc_engine_state *state);

    /* Whether compile has two ways, as artifact.unoptimised says. */
    bool optimises;
} swapc_engine;

#ifdef __cplusplus
}
#endif
#endif
