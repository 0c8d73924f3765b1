/* fake_engine.h - an engine without a runtime, to test the core.
 *
 * Its "modules" are C programs: functions that act as a guest would and reach the host only through
 * the import table that the core gave to the engine. A program is passed to the core as bytes like
 * any module: a minimal wasm binary with the program's address in a custom section, so that the
 * core's own check of wasm modules runs as well. The library also holds the table of engines that
 * its users get: "fake", and "absent", which is not built in.
 *
 * Threads: programs run on the caller's thread; the counters are atomic; the failure switches are
 *     set while nothing else runs.
 * Ownership: programs are the test's, and outlive the modules made of them.
 */
#ifndef SWAPCI_FAKE_ENGINE_H
#define SWAPCI_FAKE_ENGINE_H

#include <stdatomic.h>

#include "swapc/sys/engine.h"

/* One running program. memory is what its spans point into: offsets, as in wasm. */
#define SWAPCI_FAKE_MEMORY 65536u
struct swapci_fake_guest {
    const struct swapci_fake_program *program;
    swapc_call *call;
    swapc_run run;        /* of the entry that is running */
    unsigned entries;     /* into this instance, the running one counted */
    uint64_t memory_size; /* what the imports are told; SWAPCI_FAKE_MEMORY at first */
    uint8_t memory[SWAPCI_FAKE_MEMORY];
};

/* A guest function; a status other than SWAPC_OK is a trap, or an import's status passed on. */
typedef enum swapc_status (*swapci_fake_fn)(struct swapci_fake_guest *guest);
typedef enum swapc_status (*swapci_fake_call_fn)(struct swapci_fake_guest *guest, uint32_t op_len,
                                                 uint32_t msg_len, int32_t *result);

struct swapci_fake_program {
    swapci_fake_call_fn call;  /* __guest_call */
    swapci_fake_fn section;    /* the wasm start section; NULL: none */
    swapci_fake_fn start;      /* _start; NULL: not exported */
    swapci_fake_fn initialize; /* _initialize */
    swapci_fake_fn wapc_init;  /* wapc_init */
    const void *user;          /* for the program itself */
};

/* Calls an import as wasm would: args as the signature counts them, in C's int range or wider.
 * result may be NULL. An import that is not in the table panics. */
enum swapc_status swapci_fake_import(struct swapci_fake_guest *guest, const char *module,
                                     const char *name, const uint64_t *args, uint64_t *result);

/* The same for one of waPC's nine: swapci_fake_wapc(g, "__guest_response", ARGS(ptr, len),
 * NULL). */
#define SWAPCI_FAKE_ARGS(...) ((const uint64_t[]){__VA_ARGS__})
enum swapc_status swapci_fake_wapc(struct swapci_fake_guest *guest, const char *name,
                                   const uint64_t *args, uint64_t *result);

/* Copies text into memory at offset and responds with it. */
enum swapc_status swapci_fake_respond(struct swapci_fake_guest *guest, swapc_bytes bytes);

/* A program that answers each call with its payload. */
extern const struct swapci_fake_program swapci_fake_echo;

/* The bytes to load: written into out, the view of them returned. */
#define SWAPCI_FAKE_BYTES_MAX 96
swapc_bytes swapci_fake_bytes(const struct swapci_fake_program *program,
                              uint8_t out[SWAPCI_FAKE_BYTES_MAX]);

/* What the engine counted, and switches that make its functions fail (SWAPC_OK: do not). */
struct swapci_fake_state {
    atomic_int open;          /* 1 while open */
    atomic_int modules;       /* alive */
    atomic_int instances;     /* alive */
    atomic_uint instantiated; /* in all */
    atomic_uint compiled;
    unsigned lines_on_open; /* that opening logs */
    enum swapc_status fail_open;
    enum swapc_status fail_compile;
    enum swapc_status fail_validate;
    enum swapc_status fail_instantiate;
};
extern struct swapci_fake_state swapci_fake;

extern const swapc_engine swapci_engine_fake;

#endif
