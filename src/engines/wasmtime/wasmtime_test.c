/* What this engine alone can get wrong; what every engine must do is in the conformance suite. */
#include "test_main.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <wasmtime.h>

#include "clock.h"
#include "swapc/sys/engine.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define FAR_NS UINT64_C(60000000000)
#define NEAR_NS UINT64_C(20000000)
#define GUEST_CALL "(func (export \"__guest_call\") (param i32 i32) (result i32) "
#define MEMORY "(memory (export \"memory\") 1) "

extern const swapc_engine swapc_engine_wasmtime;
static const swapc_engine *const engine = &swapc_engine_wasmtime;

struct swapc_call {
    uint32_t seen; /* what the imports were told */
};

static enum swapc_status import_peek(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                     uint64_t *result) {
    if (args[0] >= memory.size)
        return SWAPC_TRAP_MEMORY;
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

static const swapc_import imports[] = {
    {"t", "peek", "i:i", import_peek}, {"t", "pages", ":i", import_pages},
    {"t", "mix", "iIi:I", import_mix}, {"t", "fail", "", import_fail},
    {"t", "nap", "", import_nap},
};

struct fixture {
    swapc_engine_state *state;
    swapc_engine_module *module;
    swapc_engine_instance *instance;
    swapc_call call;
    swapc_limits limits;
    swapc_run run;
    swapc_error error;
    char logged[512];
};

static void keep_log(enum swapc_log_level level, const char *source, const char *message,
                     void *user) {
    (void)level;
    (void)source;
    struct fixture *f = user;
    snprintf(f->logged, sizeof f->logged, "%s", message);
}

static void fixture_open(struct fixture *f, uint32_t instances) {
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
}

static void fixture_close(struct fixture *f) {
    if (f->instance)
        engine->free_instance(f->instance);
    if (f->module)
        engine->free_module(f->module);
    engine->close(f->state);
}

static wasm_byte_vec_t binary_of(const char *text) {
    wasm_byte_vec_t bytes;
    wasmtime_error_t *failed = wasmtime_wat2wasm(text, strlen(text), &bytes);
    assert_null(failed);
    return bytes;
}

static enum swapc_status compile_bytes(struct fixture *f, const void *bytes, size_t len) {
    const swapc_artifact artifact = {swapc_bytes_of(bytes, len), "test.wasm", NULL};
    return engine->compile(f->state, &artifact, &f->module, &f->error);
}

static enum swapc_status compile_text(struct fixture *f, const char *text) {
    wasm_byte_vec_t bytes = binary_of(text);
    const enum swapc_status status = compile_bytes(f, bytes.data, bytes.size);
    wasm_byte_vec_delete(&bytes);
    return status;
}

static enum swapc_status instantiate(struct fixture *f, swapc_engine_instance **out) {
    return engine->instantiate(f->module, &f->call, &f->limits, &f->run, out, &f->error);
}

/* Opens, compiles and instantiates. */
static void fixture_start(struct fixture *f, const char *text) {
    fixture_open(f, 4);
    assert_int_equal(compile_text(f, text), SWAPC_OK);
    assert_int_equal(instantiate(f, &f->instance), SWAPC_OK);
}

static enum swapc_status call(struct fixture *f, int32_t *result) {
    return engine->call(f->instance, &f->run, 3, 4, result, &f->error);
}

/* One call of a module's __guest_call must end in this status, with a text of one line. */
static void expect_call(const char *text, enum swapc_status expected, const char *said) {
    struct fixture f;
    int32_t result = -1;
    fixture_start(&f, text);
    assert_int_equal(call(&f, &result), expected);
    assert_int_equal(f.error.status, expected);
    assert_non_null(strstr(f.error.text, said));
    assert_null(strchr(f.error.text, '\n'));
    fixture_close(&f);
}

static void passes_arguments(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module " MEMORY GUEST_CALL
                      "i32.const 10 local.get 0 i32.mul local.get 1 i32.add))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 34);
    assert_string_equal(f.logged, "");
    fixture_close(&f);
}

static void loop_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(loop (br 0)) unreachable))");
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(call(&f, &result), SWAPC_DEADLINE);
    assert_non_null(strstr(f.error.text, "deadline"));
    fixture_close(&f);
}

static void start_loop_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_open(&f, 4);
    assert_int_equal(compile_text(&f, "(module " MEMORY "(func $s (loop (br 0))) (start $s) "
                                      GUEST_CALL "i32.const 1))"),
                     SWAPC_OK);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_DEADLINE);
    assert_null(f.instance);
    fixture_close(&f);
}

static void init_loop_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    bool found = false;
    fixture_start(&f, "(module " MEMORY "(func (export \"_initialize\") (loop (br 0))) "
                      GUEST_CALL "i32.const 1))");
    assert_int_equal(engine->run_export(f.instance, "_start", &f.run, &found, &f.error), SWAPC_OK);
    assert_false(found);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(engine->run_export(f.instance, "_initialize", &f.run, &found, &f.error),
                     SWAPC_DEADLINE);
    assert_true(found);
    fixture_close(&f);
}

/* The ticker goes to sleep while a host function blocks; it must be back when the guest goes on. */
static void loop_after_long_import_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, "(module (import \"t\" \"nap\" (func $nap)) " MEMORY GUEST_CALL
                      "call $nap (loop (br 0)) unreachable))");
    f.run.deadline_ns = swapci_clock_monotonic_ns() + UINT64_C(600000000);
    assert_int_equal(call(&f, &result), SWAPC_DEADLINE);
    fixture_close(&f);
}

/* A later call finds the ticker asleep. */
static void deadline_after_a_pause(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    const struct timespec pause = {0, 400000000};
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(loop (br 0)) unreachable))");
    nanosleep(&pause, NULL);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(call(&f, &result), SWAPC_DEADLINE);
    fixture_close(&f);
}

static void *cancel_soon(void *flag) {
    const struct timespec pause = {0, 20000000};
    nanosleep(&pause, NULL);
    __atomic_store_n((int *)flag, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void cancels_from_another_thread(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    int flag = 0;
    pthread_t thread;
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(loop (br 0)) unreachable))");
    f.run = (swapc_run){0, &flag};
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &flag), 0);
    assert_int_equal(call(&f, &result), SWAPC_CANCELLED);
    pthread_join(thread, NULL);
    swapc_error_clear(&f.error);
    assert_int_equal(call(&f, &result), SWAPC_CANCELLED); /* not entered at all */
    fixture_close(&f);
}

static void memory_grows_to_its_limit(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t pages = 0;
    fixture_open(&f, 4);
    assert_int_equal(compile_text(&f, "(module " MEMORY GUEST_CALL
                                      "(loop (br_if 0 (i32.ne (i32.const -1) (memory.grow "
                                      "(i32.const 1))))) memory.size))"),
                     SWAPC_OK);
    f.limits.memory_max = 5 * 65536 + 100;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_OK);
    assert_int_equal(call(&f, &pages), SWAPC_OK);
    assert_int_equal(pages, 5);
    fixture_close(&f);
}

static void initial_memory_over_limit(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_open(&f, 4);
    assert_int_equal(compile_text(&f, "(module (memory (export \"memory\") 100) " GUEST_CALL
                                      "i32.const 1))"),
                     SWAPC_OK);
    f.limits.memory_max = 99 * 65536;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_MEMORY_LIMIT);
    assert_non_null(strstr(f.error.text, "memory_max"));
    f.limits.memory_max = 100 * 65536;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_OK);
    fixture_close(&f);
}

static void table_bomb_is_held(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module " MEMORY "(table $t 1 funcref) " GUEST_CALL
                      "(table.grow $t (ref.null func) (i32.const 0x7fffffff))))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, -1);
    fixture_close(&f);
}

static void recursion_traps(void **unused) {
    (void)unused;
    expect_call("(module " MEMORY "(func $r (param i32) (result i32) local.get 0 call $r "
                "local.get 0 i32.add) " GUEST_CALL "local.get 0 call $r))",
                SWAPC_TRAP_STACK, "recurses");
}

static void unreachable_traps(void **unused) {
    (void)unused;
    expect_call("(module " MEMORY GUEST_CALL "unreachable))", SWAPC_TRAP, "unreachable");
}

static void division_by_zero_traps(void **unused) {
    (void)unused;
    expect_call("(module " MEMORY GUEST_CALL "local.get 0 i32.const 0 i32.div_u))", SWAPC_TRAP,
                "divide by zero");
}

static void load_outside_memory_traps(void **unused) {
    (void)unused;
    expect_call("(module " MEMORY GUEST_CALL "i32.const 65536 i32.load))", SWAPC_TRAP_MEMORY,
                "outside its memory");
    expect_call("(module " MEMORY GUEST_CALL "i32.const -1 i32.load offset=0xffffffff))",
                SWAPC_TRAP_MEMORY, "outside its memory");
}

static void import_status_passes(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, "(module (import \"t\" \"fail\" (func $fail)) " MEMORY GUEST_CALL
                      "call $fail i32.const 1))");
    assert_int_equal(call(&f, &result), SWAPC_LIMIT);
    assert_int_equal(f.error.status, SWAPC_OK); /* the core has the report */
    fixture_close(&f);
}

static void import_gets_its_arguments(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module (import \"t\" \"mix\" (func $mix (param i32 i64 i32) (result i64))) "
                      MEMORY GUEST_CALL "i32.const -1 i64.const 0xfedcba9876543210 i32.const 7 "
                      "call $mix i64.const 0x8000000000000001 i64.eq))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    assert_int_equal(f.call.seen, 1);
    fixture_close(&f);
}

static void import_sees_grown_memory(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module (import \"t\" \"pages\" (func $pages (result i32))) " MEMORY
                      GUEST_CALL "(drop (memory.grow (i32.const 9))) call $pages))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 10);
    fixture_close(&f);
}

static void import_in_start_section_sees_memory(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_start(&f, "(module (import \"t\" \"peek\" (func $peek (param i32) (result i32))) "
                      MEMORY "(data (i32.const 9) \"\\2a\") "
                      "(func $s (drop (call $peek (i32.const 9)))) (start $s) "
                      GUEST_CALL "i32.const 1))");
    assert_int_equal(f.call.seen, 42);
    fixture_close(&f);
}

static void start_section_passes_import_status(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_open(&f, 4);
    assert_int_equal(compile_text(&f, "(module (import \"t\" \"fail\" (func $fail)) " MEMORY
                                      "(start $fail) " GUEST_CALL "i32.const 1))"),
                     SWAPC_OK);
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_LIMIT);
    assert_null(f.instance);
    fixture_close(&f);
}

static unsigned count_lines(const char *path) {
    unsigned lines = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c = getc(file); c != EOF; c = getc(file))
        lines += c == '\n';
    fclose(file);
    return lines;
}

static unsigned count_entries(const char *path) {
    unsigned entries = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir))
        entries++;
    closedir(dir);
    return entries;
}

static void make_and_free(struct fixture *f, unsigned times) {
    for (unsigned i = 0; i < times; i++) {
        swapc_engine_instance *instance;
        int32_t result = 0;
        assert_int_equal(instantiate(f, &instance), SWAPC_OK);
        assert_int_equal(engine->call(instance, &f->run, 0, 0, &result, &f->error), SWAPC_OK);
        assert_int_equal(result, 1); /* the memory is fresh each time */
        engine->free_instance(instance);
    }
}

static void many_instances_leave_nothing(uint32_t pool_instances) {
    struct fixture f;
    fixture_open(&f, pool_instances);
    assert_int_equal(compile_text(&f, "(module " MEMORY GUEST_CALL
                                      "(i32.store (i32.const 8) (i32.add (i32.const 1) "
                                      "(i32.load (i32.const 8)))) (i32.load (i32.const 8))))"),
                     SWAPC_OK);
    make_and_free(&f, 100);
    const unsigned maps = count_lines("/proc/self/maps");
    const unsigned files = count_entries("/proc/self/fd");
    make_and_free(&f, 1000);
    assert_true(count_lines("/proc/self/maps") <= maps + 8); /* the allocator's own */
    assert_int_equal(count_entries("/proc/self/fd"), files);
    fixture_close(&f);
}

static void pooled_instances_leave_nothing(void **unused) {
    (void)unused;
    many_instances_leave_nothing(4);
}

static void demand_instances_leave_nothing(void **unused) {
    (void)unused;
    many_instances_leave_nothing(0);
}

static void more_instances_than_the_pool_holds(void **unused) {
    (void)unused;
    struct fixture f;
    swapc_engine_instance *instances[9];
    fixture_open(&f, 3);
    assert_int_equal(compile_text(&f, "(module (import \"t\" \"pages\" (func $pages (result i32))) "
                                      MEMORY GUEST_CALL "call $pages))"),
                     SWAPC_OK);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 9; i++)
            assert_int_equal(instantiate(&f, &instances[i]), SWAPC_OK);
        assert_non_null(strstr(f.logged, "pool of 3 instances"));
        for (unsigned i = 0; i < 9; i++) {
            int32_t result = 0;
            assert_int_equal(engine->call(instances[i], &f.run, 0, 0, &result, &f.error), SWAPC_OK);
            assert_int_equal(result, 1);
            engine->free_instance(instances[i]);
        }
    }
    fixture_close(&f);
}

static void module_too_big_for_a_slot_runs(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module " MEMORY "(table 30000 funcref) " GUEST_CALL "i32.const 7))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 7);
    fixture_close(&f);
}

static void impossible_pool_falls_back(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_open(&f, 1000000); /* 4 PiB */
    assert_non_null(strstr(f.logged, "made on demand"));
    assert_int_equal(compile_text(&f, "(module " MEMORY GUEST_CALL "i32.const 7))"), SWAPC_OK);
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_OK);
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 7);
    fixture_close(&f);
}

static int run_in_little_space(void) {
    const struct rlimit limit = {UINT64_C(2) << 30, UINT64_C(2) << 30};
    struct fixture f;
    int32_t result = 0;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 2;
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(drop (memory.grow (i32.const 20))) "
                      "i32.const 1300000 i32.load))");
    if (!strstr(f.logged, "address space is short"))
        return 3;
    if (call(&f, &result) != SWAPC_OK || result != 0)
        return 4;
    fixture_close(&f);
    return 0;
}

static void little_address_space_falls_back(void **unused) {
    (void)unused;
    if (SANITIZED)
        skip(); /* the sanitizer's own shadow is terabytes */
    int status = -1;
    const pid_t child = fork();
    if (child == 0)
        _exit(run_in_little_space());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void refuse(const void *bytes, size_t len, enum swapc_status expected, const char *said) {
    struct fixture f;
    fixture_open(&f, 4);
    assert_int_equal(compile_bytes(&f, bytes, len), expected);
    assert_null(f.module);
    assert_non_null(strstr(f.error.text, "test.wasm"));
    assert_non_null(strstr(f.error.text, said));
    assert_null(strchr(f.error.text, '\n'));
    fixture_close(&f);
}

static void refuse_text(const char *text, enum swapc_status expected, const char *said) {
    wasm_byte_vec_t bytes = binary_of(text);
    refuse(bytes.data, bytes.size, expected, said);
    wasm_byte_vec_delete(&bytes);
}

static void garbage_is_refused(void **unused) {
    (void)unused;
    refuse("", 0, SWAPC_MODULE_MALFORMED, "not a valid");
    refuse("(module)", 8, SWAPC_MODULE_MALFORMED, "not a valid");
    refuse("\x7f" "ELF garbage garbage", 20, SWAPC_MODULE_MALFORMED, "not a valid");
}

static void every_truncation_is_refused(void **unused) {
    (void)unused;
    struct fixture f;
    wasm_byte_vec_t bytes = binary_of("(module " MEMORY GUEST_CALL
                                      "i32.const 1))");
    fixture_open(&f, 4);
    for (size_t len = 0; len < bytes.size; len++) {
        swapc_error_clear(&f.error);
        const enum swapc_status status = compile_bytes(&f, bytes.data, len);
        assert_true(status == SWAPC_MODULE_MALFORMED || status == SWAPC_MODULE_EXPORT);
        assert_null(f.module);
    }
    assert_int_equal(compile_bytes(&f, bytes.data, bytes.size), SWAPC_OK);
    wasm_byte_vec_delete(&bytes);
    fixture_close(&f);
}

static void features_that_are_off_are_named(void **unused) {
    (void)unused;
    refuse_text("(module (memory (export \"memory\") i64 1))", SWAPC_UNSUPPORTED, "memory64");
    refuse_text("(module (memory (export \"memory\") 1 2 shared))", SWAPC_UNSUPPORTED, "threads");
    refuse_text("(module (memory 1) (memory 1))", SWAPC_UNSUPPORTED, "multi");
}

static void wrong_shapes_are_refused(void **unused) {
    (void)unused;
    refuse_text("(module " MEMORY ")", SWAPC_MODULE_EXPORT, "__guest_call");
    refuse_text("(module " MEMORY "(func (export \"__guest_call\") (param i64 i32) (result i32) "
                "i32.const 1))",
                SWAPC_MODULE_EXPORT, "__guest_call");
    refuse_text("(module " GUEST_CALL "i32.const 1))", SWAPC_MODULE_EXPORT, "memory");
    refuse_text("(module (import \"t\" \"nothing\" (func)) " MEMORY GUEST_CALL "i32.const 1))",
                SWAPC_MODULE_IMPORT, "nothing");
    refuse_text("(module (import \"t\" \"fail\" (func (param i32))) " MEMORY GUEST_CALL
                "i32.const 1))",
                SWAPC_MODULE_IMPORT, "fail");
}

static void wide_arithmetic_and_simd_run(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module " MEMORY GUEST_CALL
                      "(local i64) "
                      "(i64.mul_wide_u (i64.const -1) (i64.const 3)) local.set 2 drop "
                      "(i32x4.extract_lane 1 (i32x4.splat (i32.wrap_i64 (local.get 2))))))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 2);
    fixture_close(&f);
}

static void validates_alone(void **unused) {
    (void)unused;
    struct fixture f;
    wasm_byte_vec_t bytes = binary_of("(module (func))");
    fixture_open(&f, 0);
    assert_int_equal(engine->validate(f.state, swapc_bytes_of(bytes.data, bytes.size), &f.error),
                     SWAPC_OK);
    assert_int_equal(engine->validate(f.state, swapc_bytes_of(bytes.data, bytes.size - 1), &f.error),
                     SWAPC_MODULE_MALFORMED);
    assert_non_null(strstr(f.error.text, "offset"));
    wasm_byte_vec_delete(&bytes);
    fixture_close(&f);
}

static void bad_signature_is_refused(void **unused) {
    (void)unused;
    static const swapc_import bad[] = {{"t", "bad", "if:i", import_fail}};
    const swapc_engine_config config = {.imports = bad, .import_count = 1};
    swapc_engine_state *state = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(engine->open(&config, &state, &error), SWAPC_INVALID);
    assert_null(state);
}

struct worker {
    struct fixture *f;
    pthread_t thread;
    bool right;
};

static void *work(void *arg) {
    struct worker *w = arg;
    swapc_error error = SWAPC_ERROR_INIT;
    w->right = true;
    for (unsigned i = 0; i < 200; i++) {
        swapc_engine_instance *instance;
        swapc_call own = {0};
        int32_t result = 0;
        if (engine->instantiate(w->f->module, &own, &w->f->limits, &w->f->run, &instance, &error))
            return w->right = false, NULL;
        w->right &= !engine->call(instance, &w->f->run, 0, 0, &result, &error) && own.seen == 42;
        engine->free_instance(instance);
    }
    return NULL;
}

static void threads_share_a_module(void **unused) {
    (void)unused;
    struct fixture f;
    struct worker workers[4];
    fixture_open(&f, 2); /* fewer slots than threads */
    assert_int_equal(compile_text(&f, "(module (import \"t\" \"peek\" (func $peek (param i32) "
                                      "(result i32))) " MEMORY "(data (i32.const 9) \"\\2a\") "
                                      GUEST_CALL "i32.const 9 call $peek))"),
                     SWAPC_OK);
    for (unsigned i = 0; i < 4; i++) {
        workers[i].f = &f;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].right);
    }
    fixture_close(&f);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_arguments),
        cmocka_unit_test(loop_meets_deadline),
        cmocka_unit_test(start_loop_meets_deadline),
        cmocka_unit_test(init_loop_meets_deadline),
        cmocka_unit_test(loop_after_long_import_meets_deadline),
        cmocka_unit_test(deadline_after_a_pause),
        cmocka_unit_test(cancels_from_another_thread),
        cmocka_unit_test(memory_grows_to_its_limit),
        cmocka_unit_test(initial_memory_over_limit),
        cmocka_unit_test(table_bomb_is_held),
        cmocka_unit_test(recursion_traps),
        cmocka_unit_test(unreachable_traps),
        cmocka_unit_test(division_by_zero_traps),
        cmocka_unit_test(load_outside_memory_traps),
        cmocka_unit_test(import_status_passes),
        cmocka_unit_test(import_gets_its_arguments),
        cmocka_unit_test(import_sees_grown_memory),
        cmocka_unit_test(import_in_start_section_sees_memory),
        cmocka_unit_test(start_section_passes_import_status),
        cmocka_unit_test(pooled_instances_leave_nothing),
        cmocka_unit_test(demand_instances_leave_nothing),
        cmocka_unit_test(more_instances_than_the_pool_holds),
        cmocka_unit_test(module_too_big_for_a_slot_runs),
        cmocka_unit_test(impossible_pool_falls_back),
        cmocka_unit_test(little_address_space_falls_back),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(features_that_are_off_are_named),
        cmocka_unit_test(wrong_shapes_are_refused),
        cmocka_unit_test(wide_arithmetic_and_simd_run),
        cmocka_unit_test(validates_alone),
        cmocka_unit_test(bad_signature_is_refused),
        cmocka_unit_test(threads_share_a_module),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
