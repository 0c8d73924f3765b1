/* What this engine alone can get wrong in taking modules and entering them; what every engine must
 * do is in the conformance suite. */
#include "test_main.h"

#include <pthread.h>

#include "wt_fixture.h"

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

/* The thread sanitizer leaves no address space for a pool, and that is logged. */
#if defined(__SANITIZE_THREAD__)
enum { QUIET = 0 };
#else
enum { QUIET = 1 };
#endif

static void passes_arguments(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module " MEMORY GUEST_CALL
                      "i32.const 10 local.get 0 i32.mul local.get 1 i32.add))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 34);
    if (QUIET) assert_string_equal(f.logged, "");
    fixture_close(&f);
}

/* The pool takes no third table, so that the second module runs on demand. A module that is not
 * compiled where its instances will be answers as any other. */
static void heavy_modules_run(void **unused) {
    (void)unused;
    static const char *const texts[] = {
        "(module " MEMORY GUEST_CALL "i32.const 10 local.get 0 i32.mul local.get 1 i32.add))",
        "(module (table 1 funcref) (table 1 funcref) (table 1 funcref) " MEMORY GUEST_CALL
        "i32.const 10 local.get 0 i32.mul local.get 1 i32.add))"};
    for (unsigned i = 0; i < 4; i++) {
        struct fixture f;
        int32_t result = 0;
        fixture_open(&f, 4);
        f.compile_ms = 1000;
        f.unoptimised = i >= 2;
        assert_int_equal(compile_text(&f, texts[i % 2]), SWAPC_OK);
        assert_true(i < 2 || strstr(f.logged, "test.wasm is compiled without optimisation"));
        assert_int_equal(instantiate(&f, &f.instance), SWAPC_OK);
        assert_int_equal(call(&f, &result), SWAPC_OK);
        assert_int_equal(result, 34);
        fixture_close(&f);
        fixture_open(&f, 4);
        f.compile_ms = 1000;
        f.unoptimised = i >= 2;
        assert_int_equal(compile_bytes(&f, "\0asm\1\0\0\0\1", 9), SWAPC_MODULE_MALFORMED);
        fixture_close(&f);
    }
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
    assert_string_equal(f.error.text, "in __guest_call"); /* the rest is in the core's report */
    fixture_close(&f);
}

/* The guest inside traps or runs into its deadline; the one outside goes on and keeps its own. */
static void import_enters_another_instance(void **unused) {
    (void)unused;
    static const char *const inner[] = {"(module " MEMORY GUEST_CALL "unreachable))",
                                        "(module " MEMORY GUEST_CALL "(loop (br 0)) unreachable))",
                                        "(module " MEMORY GUEST_CALL "i32.const 5))"};
    static const enum swapc_status ends[] = {SWAPC_TRAP, SWAPC_DEADLINE, SWAPC_OK};
    for (unsigned i = 0; i < 3; i++) {
        struct fixture outside, inside;
        int32_t result = 0;
        fixture_start(&inside, inner[i]);
        fixture_start(
            &outside,
            "(module (import \"t\" \"enter\" (func $enter (result i32))) " MEMORY GUEST_CALL
            "call $enter i32.const 1000 i32.add))");
        outside.call.inside = &inside;
        inside.run.deadline_ns = swapci_clock_monotonic_ns() + 20000000;
        assert_int_equal(call(&outside, &result), SWAPC_OK);
        assert_int_equal(result, 1000 + (int)ends[i]);
        fixture_close(&outside);
        fixture_close(&inside);
    }
}

static void import_gets_its_arguments(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module (import \"t\" \"mix\" (func $mix (param i32 i64 i32) (result "
                      "i64))) " MEMORY GUEST_CALL
                      "i32.const -1 i64.const 0xfedcba9876543210 i32.const 7 "
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
    fixture_start(&f,
                  "(module (import \"t\" \"pages\" (func $pages (result i32))) " MEMORY GUEST_CALL
                  "(drop (memory.grow (i32.const 9))) call $pages))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 10);
    fixture_close(&f);
}

static void import_in_start_section_sees_memory(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_start(
        &f, "(module (import \"t\" \"peek\" (func $peek (param i32) (result i32))) " MEMORY
            "(data (i32.const 9) \"\\2a\") "
            "(func $s (drop (call $peek (i32.const 9)))) (start $s) " GUEST_CALL "i32.const 1))");
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
    refuse("\x7f"
           "ELF garbage garbage",
           20, SWAPC_MODULE_MALFORMED, "not a valid");
}

static void every_truncation_is_refused(void **unused) {
    (void)unused;
    struct fixture f;
    wasm_byte_vec_t bytes = binary_of("(module " MEMORY GUEST_CALL "i32.const 1))");
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
    refuse_text("(module (memory 1) (memory 1))", SWAPC_UNSUPPORTED, "multiple memories");
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
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(local i64) "
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
    assert_int_equal(
        engine->validate(f.state, swapc_bytes_of(bytes.data, bytes.size - 1), &f.error),
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
                                      "(result i32))) " MEMORY
                                      "(data (i32.const 9) \"\\2a\") " GUEST_CALL
                                      "i32.const 9 call $peek))"),
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
        cmocka_unit_test(heavy_modules_run),
        cmocka_unit_test(unreachable_traps),
        cmocka_unit_test(division_by_zero_traps),
        cmocka_unit_test(load_outside_memory_traps),
        cmocka_unit_test(import_status_passes),
        cmocka_unit_test(import_enters_another_instance),
        cmocka_unit_test(import_gets_its_arguments),
        cmocka_unit_test(import_sees_grown_memory),
        cmocka_unit_test(import_in_start_section_sees_memory),
        cmocka_unit_test(start_section_passes_import_status),
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
