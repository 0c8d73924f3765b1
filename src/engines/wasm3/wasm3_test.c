/* What this engine alone can get wrong; what every engine must do is in the conformance suite. */
#include "test_main.h"

#include <pthread.h>
#include <signal.h>

#include "swapc/sys/engine.h"
#include "wasm3_test_modules.h"

extern const swapc_engine swapc_engine_wasm3;
static const swapc_engine *const engine = &swapc_engine_wasm3;

/* What the imports saw. */
struct swapc_call {
    char logged[8];
    uint64_t args[2];
    uint64_t memory_size;
};

static enum swapc_status on_stop(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                 uint64_t *result) {
    (void)memory;
    call->args[0] = args[0];
    call->args[1] = args[1];
    *result = 3;
    return args[0] == 7 ? SWAPC_LIMIT : SWAPC_OK;
}

static enum swapc_status on_wide(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                 uint64_t *result) {
    (void)memory;
    call->args[0] = args[0];
    call->args[1] = args[1];
    *result = args[1] << 4;
    return SWAPC_OK;
}

static enum swapc_status on_log(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                uint64_t *result) {
    (void)result;
    call->memory_size = memory.size;
    if (args[1] >= sizeof call->logged || args[0] + args[1] > memory.size) return SWAPC_TRAP_MEMORY;
    memcpy(call->logged, memory.base + args[0], args[1]);
    return SWAPC_OK;
}

static const swapc_import rows[] = {
    {"t", "stop", "ii:i", on_stop},
    {"t", "wide", "iI:I", on_wide},
    {"t", "log", "ii", on_log},
};

struct fixture {
    swapc_engine_state *state;
    swapc_engine_module *module;
    swapc_engine_instance *instance;
    swapc_limits limits;
    struct swapc_call call;
    swapc_error error;
};

static const swapc_run no_run = {0};

static void start(struct fixture *f) {
    const swapc_limits limits = SWAPC_LIMITS_INIT;
    const swapc_engine_config config = {.imports = rows,
                                        .import_count = sizeof rows / sizeof *rows};
    *f = (struct fixture){.limits = limits};
    assert_int_equal(engine->open(&config, &f->state, &f->error), SWAPC_OK);
}

static enum swapc_status compile(struct fixture *f, const void *bytes, size_t len) {
    const swapc_artifact artifact = {
        .bytes = swapc_bytes_of(bytes, len), .path = "guest.wasm", .digest_hex = ""};
    return engine->compile(f->state, &artifact, &f->module, &f->error);
}

static enum swapc_status instantiate(struct fixture *f) {
    return engine->instantiate(f->module, &f->call, &f->limits, &no_run, &f->instance, &f->error);
}

#define START(f, module) start_with(f, module, sizeof module)
static void start_with(struct fixture *f, const uint8_t *bytes, size_t len) {
    start(f);
    assert_int_equal(compile(f, bytes, len), SWAPC_OK);
    assert_int_equal(instantiate(f), SWAPC_OK);
    assert_non_null(f->instance);
}

static void finish(struct fixture *f) {
    if (f->instance) engine->free_instance(f->instance);
    if (f->module) engine->free_module(f->module);
    engine->close(f->state);
}

/* The operations of module_cases. */
enum {
    ADD_ONE,
    UNREACHABLE,
    LOAD,
    FOREVER,
    FOREVER_INDIRECT,
    FOREVER_LOOPS,
    STOP,
    GROW,
    WIDE,
    DIVIDE,
    NULL_ELEMENT,
    LOG,
    RUNS
};

static enum swapc_status call(struct fixture *f, uint32_t op, uint32_t arg, int32_t *result) {
    swapc_error_clear(&f->error);
    return engine->call(f->instance, &no_run, op, arg, result, &f->error);
}

static void traps(uint32_t op, uint32_t arg, enum swapc_status expected, const char *said) {
    struct fixture f;
    int32_t result = 55;
    START(&f, module_cases);
    assert_int_equal(call(&f, op, arg, &result), expected);
    assert_int_equal(result, 55);
    assert_int_equal(f.error.status, expected);
    assert_string_equal(f.error.engine, "wasm3");
    assert_non_null(strstr(f.error.text, said));
    finish(&f);
}

static void answers_and_answers_again(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_cases);
    assert_int_equal(call(&f, ADD_ONE, 41, &result), SWAPC_OK);
    assert_int_equal(result, 42);
    assert_int_equal(call(&f, ADD_ONE, UINT32_MAX - 1, &result), SWAPC_OK);
    assert_int_equal(result, -1);
    finish(&f);
}

static void unreachable_traps(void **unused) {
    (void)unused;
    traps(UNREACHABLE, 0, SWAPC_TRAP, "unreachable");
}

static void division_by_zero_traps(void **unused) {
    (void)unused;
    traps(DIVIDE, 0, SWAPC_TRAP, "divide by zero");
}

static void null_element_traps(void **unused) {
    (void)unused;
    traps(NULL_ELEMENT, 0, SWAPC_TRAP, "");
}

static void load_outside_memory_traps(void **unused) {
    (void)unused;
    traps(LOAD, 65533, SWAPC_TRAP_MEMORY, "out of bounds");
    traps(LOAD, UINT32_MAX, SWAPC_TRAP_MEMORY, "out of bounds");
}

static void recursion_traps(void **unused) {
    (void)unused;
    traps(FOREVER, 0, SWAPC_TRAP_STACK, "stack overflow");
    traps(FOREVER_INDIRECT, 0, SWAPC_TRAP_STACK, "stack overflow");
}

/* Each loop entered holds a C frame until its function returns. */
static void recursion_through_loops_traps(void **unused) {
    (void)unused;
    traps(FOREVER_LOOPS, 0, SWAPC_TRAP_STACK, "stack overflow");
}

static void *recurse_here(void *unused) {
    recursion_traps(unused);
    recursion_through_loops_traps(unused);
    return NULL;
}

static void *call_here(void *user) {
    int32_t result = 0;
    assert_int_equal(call(user, ADD_ONE, 1, &result), SWAPC_OK);
    assert_int_equal(result, 2);
    return NULL;
}

static void instance_moves_between_threads(void **unused) {
    (void)unused;
    struct fixture f;
    START(&f, module_cases);
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        call_here(&f);
        assert_int_equal(pthread_create(&thread, NULL, call_here, &f), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    finish(&f);
}

/* The switch of stacks must leave the thread's blocked signals as they are, in the call and
 * after. */
static void signal_mask_survives_a_call(void **unused) {
    (void)unused;
    struct fixture f;
    sigset_t block, before, after;
    START(&f, module_cases);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &block, &before), 0);
    call_here(&f);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, &after), 0);
    assert_int_equal(sigismember(&after, SIGUSR1), 1);
    finish(&f);
}

/* (module (memory (export "memory") 1)
 *   (func (export "__guest_call") (param i32 i32) (result i32)
 *     block … 2000 of them … end … (i32.const 1))) */
static void *nest_here(void *unused) {
    static const uint8_t head[] = {
        0,   'a', 's', 'm', 1,   0,   0,   0,   1, 7, 1,  0x60, 2,    0x7f, 0x7f, 1,    0x7f,
        3,   2,   1,   0,   5,   3,   1,   0,   1, 7, 16, 1,    12,   '_',  '_',  'g',  'u',
        'e', 's', 't', '_', 'c', 'a', 'l', 'l', 0, 0, 10, 0xf7, 0x2e, 1,    0xf4, 0x2e, 0,
    };
    enum { BLOCKS = 2000 };
    static uint8_t module[sizeof head + 3 * BLOCKS + 3];
    struct fixture f;
    int32_t result = 0;
    uint8_t *at = module + sizeof head;
    memcpy(module, head, sizeof head);
    for (int i = 0; i < BLOCKS; i++) *at++ = 0x02, *at++ = 0x40;
    memset(at, 0x0b, BLOCKS);
    memcpy(at + BLOCKS, "\x41\x01\x0b", 3);
    start_with(&f, module, sizeof module);
    assert_int_equal(call(&f, 0, 0, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    finish(&f);
    return unused;
}

static void run_on_small_thread(void *(*fn)(void *unused)) {
    pthread_t thread;
    pthread_attr_t small;
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 256 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &small, fn, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&small);
}

/* The caller's own stack does not matter. */
static void recursion_traps_on_a_small_thread(void **unused) {
    (void)unused;
    run_on_small_thread(recurse_here);
}

/* wasm3's compiler recurses with the blocks. */
static void deep_nesting_compiles_on_a_small_thread(void **unused) {
    (void)unused;
    run_on_small_thread(nest_here);
}

static void import_status_stops_the_guest(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 55;
    START(&f, module_cases);
    assert_int_equal(call(&f, STOP, 7, &result), SWAPC_LIMIT);
    assert_int_equal(result, 55);
    assert_int_equal(f.error.status, SWAPC_OK); /* the import holds the report */
    finish(&f);
}

static void import_arguments_are_zero_extended(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_cases);
    assert_int_equal(call(&f, STOP, 0x80000001u, &result), SWAPC_OK);
    assert_int_equal(result, 3);
    assert_true(f.call.args[0] == 0x80000001u);
    assert_true(f.call.args[1] == 0xffffffffu);
    assert_int_equal(call(&f, WIDE, 0x80000001u, &result), SWAPC_OK);
    assert_true(f.call.args[0] == 0x80000001u);
    assert_true(f.call.args[1] == 0x1234567800000000u);
    assert_int_equal(result, 0x23456780);
    finish(&f);
}

static void import_sees_memory_as_it_is_now(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_cases);
    assert_int_equal(call(&f, LOG, 0, &result), SWAPC_OK);
    assert_string_equal(f.call.logged, "data");
    assert_int_equal(f.call.memory_size, 65536);
    assert_int_equal(call(&f, GROW, 2, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    assert_int_equal(call(&f, LOG, 0, &result), SWAPC_OK);
    assert_int_equal(f.call.memory_size, 3 * 65536);
    assert_string_equal(f.call.logged, "data");
    finish(&f);
}

static void memory_grows_to_the_limit_only(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    start(&f);
    f.limits.memory_max = 3 * 65536 + 5;
    assert_int_equal(compile(&f, module_cases, sizeof module_cases), SWAPC_OK);
    assert_int_equal(instantiate(&f), SWAPC_OK);
    assert_int_equal(call(&f, GROW, 3, &result), SWAPC_OK);
    assert_int_equal(result, -1);
    assert_int_equal(call(&f, GROW, 2, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    assert_int_equal(call(&f, GROW, 1, &result), SWAPC_OK);
    assert_int_equal(result, -1);
    finish(&f);
}

static void own_maximum_of_memory_holds(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_cases);
    assert_int_equal(call(&f, GROW, 10, &result), SWAPC_OK);
    assert_int_equal(result, -1);
    assert_int_equal(call(&f, GROW, 9, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    finish(&f);
}

static void memory_of_no_pages_at_most_does_not_grow(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_no_pages);
    assert_int_equal(call(&f, 0, 1, &result), SWAPC_OK);
    assert_int_equal(result, -1);
    finish(&f);
}

/* wasm3 itself adds so many pages modulo 2^32, and takes pages away. */
static void wrapping_growth_is_refused(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_cases);
    for (uint32_t pages = UINT32_MAX; pages > 65535; pages /= 2) {
        assert_int_equal(call(&f, GROW, pages, &result), SWAPC_OK);
        assert_int_equal(result, -1);
        assert_int_equal(call(&f, GROW, 0, &result), SWAPC_OK);
        assert_int_equal(result, 1);
    }
    assert_int_equal(call(&f, LOAD, 60000, &result), SWAPC_OK);
    finish(&f);
}

static void too_big_initial_memory_is_a_limit(void **unused) {
    (void)unused;
    struct fixture f;
    start(&f);
    f.limits.memory_max = 2 * 65536;
    assert_int_equal(compile(&f, module_big_memory, sizeof module_big_memory), SWAPC_OK);
    assert_int_equal(instantiate(&f), SWAPC_MEMORY_LIMIT);
    assert_null(f.instance);
    assert_non_null(strstr(f.error.text, "memory_max"));
    swapc_error_clear(&f.error);
    f.limits.memory_max = 3 * 65536;
    assert_int_equal(instantiate(&f), SWAPC_OK);
    finish(&f);
}

static void start_section_runs_once_and_sees_memory(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_start);
    assert_string_equal(f.call.logged, "start");
    memset(f.call.logged, 0, sizeof f.call.logged);
    assert_int_equal(call(&f, 0, 0, &result), SWAPC_OK);
    assert_string_equal(f.call.logged, "");
    finish(&f);
}

#define START_FAILS(module, expected) start_fails(module, sizeof module, expected)
static void start_fails(const uint8_t *bytes, size_t len, enum swapc_status expected) {
    struct fixture f;
    start(&f);
    assert_int_equal(compile(&f, bytes, len), SWAPC_OK);
    assert_int_equal(instantiate(&f), expected);
    assert_null(f.instance);
    assert_int_equal(f.error.status, expected);
    finish(&f);
}

static void start_section_may_trap(void **unused) {
    (void)unused;
    START_FAILS(module_start_traps, SWAPC_TRAP);
    START_FAILS(module_start_recurses, SWAPC_TRAP_STACK);
}

static void data_outside_memory_traps(void **unused) {
    (void)unused;
    START_FAILS(module_data_outside, SWAPC_TRAP_MEMORY);
}

static void exports_run_by_name(void **unused) {
    (void)unused;
    struct fixture f;
    bool found = false;
    int32_t result = 0;
    START(&f, module_cases);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(engine->run_export(f.instance, "wapc_init", &no_run, &found, &f.error),
                         SWAPC_OK);
        assert_true(found);
    }
    assert_int_equal(call(&f, RUNS, 0, &result), SWAPC_OK);
    assert_int_equal(result, 2);
    assert_int_equal(engine->run_export(f.instance, "_start", &no_run, &found, &f.error), SWAPC_OK);
    assert_false(found);
    assert_int_equal(engine->run_export(f.instance, "memory", &no_run, &found, &f.error), SWAPC_OK);
    assert_false(found);
    assert_int_equal(engine->run_export(f.instance, "bad_init", &no_run, &found, &f.error),
                     SWAPC_MODULE_EXPORT);
    finish(&f);
}

static void instances_share_nothing(void **unused) {
    (void)unused;
    struct fixture f;
    bool found;
    int32_t result = 55;
    START(&f, module_cases);
    swapc_engine_instance *first = f.instance;
    assert_int_equal(engine->run_export(first, "wapc_init", &no_run, &found, &f.error), SWAPC_OK);
    assert_int_equal(instantiate(&f), SWAPC_OK);
    assert_int_equal(call(&f, RUNS, 0, &result), SWAPC_OK);
    assert_int_equal(result, 0);
    engine->free_instance(first);
    finish(&f);
}

static void two_hundred_instances_come_and_go(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    swapc_engine_instance *all[200];
    start(&f);
    assert_int_equal(compile(&f, module_cases, sizeof module_cases), SWAPC_OK);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(instantiate(&f), SWAPC_OK);
        all[i] = f.instance;
        assert_int_equal(call(&f, ADD_ONE, (uint32_t)i, &result), SWAPC_OK);
        assert_int_equal(result, i + 1);
    }
    for (int i = 0; i < 200; i++) engine->free_instance(all[i]);
    f.instance = NULL;
    finish(&f);
}

/* A module's name section must not decide which function __guest_call is. */
static void name_section_is_not_believed(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_false_name);
    assert_int_equal(call(&f, 0, 0, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    finish(&f);
}

#define REFUSES(module, expected, said) refuses(module, sizeof module, expected, said)
static void refuses(const uint8_t *bytes, size_t len, enum swapc_status expected,
                    const char *said) {
    struct fixture f;
    start(&f);
    assert_int_equal(compile(&f, bytes, len), expected);
    assert_null(f.module);
    assert_int_equal(f.error.status, expected);
    assert_non_null(strstr(f.error.text, said));
    finish(&f);
}

static void wrong_exports_are_refused(void **unused) {
    (void)unused;
    REFUSES(module_no_call, SWAPC_MODULE_EXPORT, "__guest_call");
    REFUSES(module_call_of_i64, SWAPC_MODULE_EXPORT, "__guest_call");
}

static void wrong_imports_are_refused(void **unused) {
    (void)unused;
    REFUSES(module_unknown_import, SWAPC_MODULE_IMPORT, "t.unheard");
    REFUSES(module_import_of_other_type, SWAPC_MODULE_IMPORT, "signature");
}

static void later_features_are_refused_with_a_remedy(void **unused) {
    (void)unused;
    REFUSES(module_simd, SWAPC_UNSUPPORTED, "mvp flavour");
    REFUSES(module_memory64, SWAPC_UNSUPPORTED, "mvp flavour");
}

/* A passive segment that nothing can reach is no reason. */
static void idle_passive_data_is_accepted(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    START(&f, module_passive_data);
    assert_int_equal(call(&f, 0, 0, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    finish(&f);
}

static void too_many_values_are_refused(void **unused) {
    (void)unused;
    REFUSES(module_many_values, SWAPC_UNSUPPORTED, "values");
}

static void garbage_is_refused(void **unused) {
    (void)unused;
    uint8_t garbage[256];
    for (size_t i = 0; i < sizeof garbage; i++) garbage[i] = (uint8_t)(i * 37 + 11);
    REFUSES(garbage, SWAPC_MODULE_MALFORMED, "wasm");
    refuses(garbage, 0, SWAPC_MODULE_MALFORMED, "wasm");
}

static void truncated_modules_are_refused(void **unused) {
    (void)unused;
    struct fixture f;
    start(&f);
    for (size_t len = 0; len < sizeof module_cases; len++) {
        swapc_error_clear(&f.error);
        enum swapc_status status = compile(&f, module_cases, len);
        /* cut between sections, the data may be missing; nothing else can be spared */
        if (status == SWAPC_OK) {
            assert_true(len > sizeof module_cases - 16);
            engine->free_module(f.module);
            f.module = NULL;
        } else {
            assert_true(status == SWAPC_MODULE_MALFORMED || status == SWAPC_MODULE_EXPORT);
        }
    }
    finish(&f);
}

static void claims_what_it_holds(void **unused) {
    (void)unused;
    assert_int_equal(engine->caps, SWAPC_CAP_WASM | SWAPC_CAP_SANDBOX | SWAPC_CAP_DEADLINE |
                                       SWAPC_CAP_CANCEL | SWAPC_CAP_MEMORY | SWAPC_CAP_STACK |
                                       SWAPC_CAP_METERED);
    assert_string_equal(engine->version(), "0.5.0");
    assert_null(engine->validate);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_answers_again),
        cmocka_unit_test(unreachable_traps),
        cmocka_unit_test(division_by_zero_traps),
        cmocka_unit_test(null_element_traps),
        cmocka_unit_test(load_outside_memory_traps),
        cmocka_unit_test(recursion_traps),
        cmocka_unit_test(recursion_through_loops_traps),
        cmocka_unit_test(recursion_traps_on_a_small_thread),
        cmocka_unit_test(deep_nesting_compiles_on_a_small_thread),
        cmocka_unit_test(instance_moves_between_threads),
        cmocka_unit_test(signal_mask_survives_a_call),
        cmocka_unit_test(import_status_stops_the_guest),
        cmocka_unit_test(import_arguments_are_zero_extended),
        cmocka_unit_test(import_sees_memory_as_it_is_now),
        cmocka_unit_test(memory_grows_to_the_limit_only),
        cmocka_unit_test(own_maximum_of_memory_holds),
        cmocka_unit_test(memory_of_no_pages_at_most_does_not_grow),
        cmocka_unit_test(wrapping_growth_is_refused),
        cmocka_unit_test(too_big_initial_memory_is_a_limit),
        cmocka_unit_test(start_section_runs_once_and_sees_memory),
        cmocka_unit_test(start_section_may_trap),
        cmocka_unit_test(data_outside_memory_traps),
        cmocka_unit_test(exports_run_by_name),
        cmocka_unit_test(instances_share_nothing),
        cmocka_unit_test(two_hundred_instances_come_and_go),
        cmocka_unit_test(name_section_is_not_believed),
        cmocka_unit_test(wrong_exports_are_refused),
        cmocka_unit_test(wrong_imports_are_refused),
        cmocka_unit_test(later_features_are_refused_with_a_remedy),
        cmocka_unit_test(idle_passive_data_is_accepted),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(truncated_modules_are_refused),
        cmocka_unit_test(claims_what_it_holds),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
