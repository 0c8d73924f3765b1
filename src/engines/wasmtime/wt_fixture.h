/* wt_fixture.h - what the tests of this folder share: an import table, and an engine with one
 * module and one instance, closed in one call.
 */
#ifndef SWAPCI_WT_FIXTURE_H
#define SWAPCI_WT_FIXTURE_H

#include "test_main.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <wasmtime.h>

#include "clock.h"
#include "swapc/sys/engine.h"

#define FAR_NS UINT64_C(60000000000)
#define GUEST_CALL "(func (export \"__guest_call\") (param i32 i32) (result i32) "
#define MEMORY "(memory (export \"memory\") 1) "

extern const swapc_engine swapc_engine_wasmtime;
static const swapc_engine *const engine = &swapc_engine_wasmtime;

struct swapc_call {
    uint32_t seen;          /* what the imports were told */
    struct fixture *inside; /* whose instance t.enter enters */
};

static enum swapc_status import_peek(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                     uint64_t *result) {
    if (args[0] >= memory.size) return SWAPC_TRAP_MEMORY;
    call->seen = memory.base[args[0]];
    *result = memory.base[args[0]];
    return SWAPC_OK;
}

static enum swapc_status import_pages(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                      uint64_t *result) {
    (void)call;
    (void)args;
    *result = memory.size / 65536;
    return SWAPC_OK;
}

/* Every slot must arrive zero-extended or whole, in order. */
static enum swapc_status import_mix(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                    uint64_t *result) {
    (void)memory;
    call->seen = args[0] == UINT32_MAX && args[1] == UINT64_C(0xfedcba9876543210) && args[2] == 7;
    *result = UINT64_C(0x8000000000000001);
    return SWAPC_OK;
}

static enum swapc_status import_fail(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                     uint64_t *result) {
    (void)call;
    (void)memory;
    (void)args;
    (void)result;
    return SWAPC_LIMIT;
}

/* Longer than the ticker stays awake without being needed. */
static enum swapc_status import_nap(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                    uint64_t *result) {
    (void)call;
    (void)memory;
    (void)args;
    (void)result;
    const struct timespec pause = {0, 400000000};
    nanosleep(&pause, NULL);
    return SWAPC_OK;
}

static enum swapc_status import_enter(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                      uint64_t *result);

static const swapc_import imports[] = {
    {"t", "peek", "i:i", import_peek}, {"t", "pages", ":i", import_pages},
    {"t", "mix", "iIi:I", import_mix}, {"t", "fail", "", import_fail},
    {"t", "nap", "", import_nap},      {"t", "enter", ":i", import_enter},
};

struct fixture {
    uint32_t compile_ms; /* these two are what compile is told */
    bool unoptimised;
    swapc_engine_state *state;
    swapc_engine_module *module;
    swapc_engine_instance *instance;
    swapc_call call;
    swapc_limits limits;
    swapc_run run;
    swapc_error error;
    char logged[512];
};

static inline void keep_log(enum swapc_log_level level, const char *source, const char *message,
                            void *user) {
    (void)level;
    (void)source;
    struct fixture *f = user;
    snprintf(f->logged, sizeof f->logged, "%s", message);
}

/* cmocka puts its own signal handlers in place for each case, wasmtime its own once in a process:
 * with several cases in one process, wasmtime's have to be put back. */
static inline void keep_signal_handlers(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    static struct sigaction kept[4];
    static bool known;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(known ? sigaction(signals[i], &kept[i], NULL)
                               : sigaction(signals[i], NULL, &kept[i]),
                         0);
    known = true;
}

static inline void fixture_open(struct fixture *f, uint32_t instances) {
    memset(f, 0, sizeof *f);
    const swapc_engine_config config = {
        .imports = imports,
        .import_count = sizeof imports / sizeof *imports,
        .log = {keep_log, f, SWAPC_LOG_DEBUG},
        .pool_instances = instances,
    };
    f->limits = (swapc_limits)SWAPC_LIMITS_INIT;
    f->run.deadline_ns = swapci_clock_monotonic_ns() + FAR_NS;
    assert_int_equal(engine->open(&config, &f->state, &f->error), SWAPC_OK);
    keep_signal_handlers();
}

static inline void fixture_close(struct fixture *f) {
    if (f->instance) engine->free_instance(f->instance);
    if (f->module) engine->free_module(f->module);
    engine->close(f->state);
}

static inline wasm_byte_vec_t binary_of(const char *text) {
    wasm_byte_vec_t bytes;
    wasmtime_error_t *failed = wasmtime_wat2wasm(text, strlen(text), &bytes);
    assert_null(failed);
    return bytes;
}

static inline enum swapc_status compile_bytes(struct fixture *f, const void *bytes, size_t len) {
    const swapc_artifact artifact = {.bytes = swapc_bytes_of(bytes, len),
                                     .path = "test.wasm",
                                     .compile_ms = f->compile_ms,
                                     .unoptimised = f->unoptimised};
    return engine->compile(f->state, &artifact, &f->module, &f->error);
}

static inline enum swapc_status compile_text(struct fixture *f, const char *text) {
    wasm_byte_vec_t bytes = binary_of(text);
    const enum swapc_status status = compile_bytes(f, bytes.data, bytes.size);
    wasm_byte_vec_delete(&bytes);
    return status;
}

static inline enum swapc_status instantiate(struct fixture *f, swapc_engine_instance **out) {
    return engine->instantiate(f->module, &f->call, &f->limits, &f->run, out, &f->error);
}

/* Opens, compiles and instantiates. */
static inline void fixture_start(struct fixture *f, const char *text) {
    fixture_open(f, 4);
    assert_int_equal(compile_text(f, text), SWAPC_OK);
    assert_int_equal(instantiate(f, &f->instance), SWAPC_OK);
}

static inline enum swapc_status call(struct fixture *f, int32_t *result) {
    return engine->call(f->instance, &f->run, 3, 4, result, &f->error);
}

static enum swapc_status import_enter(swapc_call *call_outside, swapc_memory memory,
                                      const uint64_t *args, uint64_t *result) {
    (void)memory;
    (void)args;
    int32_t ignored;
    *result = (uint64_t)call(call_outside->inside, &ignored);
    return SWAPC_OK;
}

#endif
