/* Deadlines and cancelling on wasm3: whatever a guest does, it ends. A guest is one function body
 * around which a module is put. A case fails by running on (CTest's time limit) or by ending
 * well. */
#include "test_main.h"

#include "clock.h"
#include "swapc/sys/engine.h"
#include "wasm_builder.h"

extern const swapc_engine swapc_engine_wasm3;
static const swapc_engine *const engine = &swapc_engine_wasm3;

#define SOON_NS UINT64_C(20000000)
#define PAGES 256u

struct swapc_call {
    int unused;
};

struct fixture {
    struct swapci_wasm_builder b;
    swapc_engine_state *state;
    swapc_engine_module *module;
    swapc_engine_instance *instance;
    swapc_limits limits;
    swapc_run run;
    struct swapc_call call;
    swapc_error error;
};

enum { CALL_FUNCTION, OTHER_FUNCTION };

static void add_body(struct fixture *f, const void *code, size_t len) {
    swapci_buffer item = SWAPCI_BUFFER_INIT;
    size_t rest = len + 1;
    for (; rest > 0x7f; rest >>= 7)
        assert_int_equal(swapci_buffer_append_u8(&item, (uint8_t)(rest | 0x80)), SWAPC_OK);
    assert_int_equal(swapci_buffer_append_u8(&item, (uint8_t)rest), SWAPC_OK);
    assert_int_equal(swapci_buffer_append_u8(&item, 0), SWAPC_OK); /* no locals */
    assert_int_equal(swapci_buffer_append(&item, swapc_bytes_of(code, len)), SWAPC_OK);
    swapci_wasm_item(&f->b, swapci_buffer_bytes(&item));
    swapci_buffer_fini(&item);
}

/* Function 0 is __guest_call, function 1 of type () -> (), exported as _start or the start
 * section. */
static void assemble(struct fixture *f, swapc_bytes call_body, swapc_bytes other_body, bool start) {
    struct swapci_wasm_builder *b = &f->b;
    swapci_wasm_begin(b);
    swapci_wasm_section(b, 1);
    swapci_wasm_type(b, "ii:i");
    swapci_wasm_type(b, "");
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 3);
    swapci_wasm_function(b, 0);
    swapci_wasm_function(b, 1);
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 5);
    swapci_wasm_memory(b, PAGES);
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 7);
    swapci_wasm_export(b, "__guest_call", 0, CALL_FUNCTION);
    swapci_wasm_export(b, "_start", 0, OTHER_FUNCTION);
    swapci_wasm_section_end(b);
    if (start)
        assert_int_equal(swapci_buffer_append(&b->bytes, swapc_bytes_of("\x08\x01\x01", 3)),
                         SWAPC_OK);
    swapci_wasm_section(b, 10);
    add_body(f, call_body.ptr, call_body.len);
    add_body(f, other_body.ptr, other_body.len);
    swapci_wasm_section_end(b);
}

static void open_module(struct fixture *f, swapc_bytes call_body, swapc_bytes other_body,
                        bool start) {
    const swapc_limits limits = SWAPC_LIMITS_INIT;
    const swapc_engine_config config = {.import_count = 0};
    *f = (struct fixture){.limits = limits};
    assemble(f, call_body, other_body, start);
    const swapc_artifact artifact = {
        .bytes = swapci_wasm_bytes(&f->b), .path = "guest.wasm", .digest_hex = ""};
    assert_int_equal(engine->open(&config, &f->state, &f->error), SWAPC_OK);
    assert_int_equal(engine->compile(f->state, &artifact, &f->module, &f->error), SWAPC_OK);
}

static enum swapc_status instantiate(struct fixture *f) {
    return engine->instantiate(f->module, &f->call, &f->limits, &f->run, &f->instance, &f->error);
}

static void finish(struct fixture *f) {
    if (f->instance) engine->free_instance(f->instance);
    engine->free_module(f->module);
    engine->close(f->state);
    swapci_wasm_builder_fini(&f->b);
}

#define BYTES(text) swapc_bytes_of(text, sizeof(text) - 1)
#define NOTHING BYTES("\x0b")
#define ENDLESS "\x03\x40\x0c\x00\x0b\x0b" /* (loop (br 0)) */

static enum swapc_status call(struct fixture *f, uint32_t arg, int32_t *result) {
    return engine->call(f->instance, &f->run, arg, 0, result, &f->error);
}

static void ends_at_deadline(swapc_bytes body) {
    struct fixture f;
    int32_t result = 55;
    open_module(&f, body, NOTHING, false);
    assert_int_equal(instantiate(&f), SWAPC_OK);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + SOON_NS;
    assert_int_equal(call(&f, 60, &result), SWAPC_DEADLINE);
    assert_true(swapci_clock_monotonic_ns() >= f.run.deadline_ns);
    assert_int_equal(result, 55);
    assert_int_equal(f.error.status, SWAPC_DEADLINE);
    assert_non_null(strstr(f.error.text, "deadline_ms"));
    finish(&f);
}

static void loop_ends(void **unused) {
    (void)unused;
    ends_at_deadline(BYTES("\x03\x40\x0c\x00\x0b\x41\x00\x0b"));
}

/* (loop (loop (br_if 1 (i32.const 1))) …): the inner one never turns. */
static void loop_around_a_loop_ends(void **unused) {
    (void)unused;
    ends_at_deadline(BYTES("\x03\x40\x03\x40\x41\x01\x0d\x01\x0b\x0b\x41\x00\x0b"));
}

/* (loop (block (br_table 1 1 1 (local.get 0)))) */
static void br_table_to_a_loop_ends(void **unused) {
    (void)unused;
    ends_at_deadline(BYTES("\x03\x40\x02\x40\x20\x00\x0e\x02\x01\x01\x01\x0b\x0b\x41\x00\x0b"));
}

/* A loop whose value is being kept on the stack below it: (i32.add (i32.const 1) (loop … (br
 * 0))) */
static void loop_within_an_expression_ends(void **unused) {
    (void)unused;
    ends_at_deadline(BYTES("\x41\x01\x03\x7f\x0c\x00\x0b\x6a\x0b"));
}

/* call(n) = n == 0 ? 1 : call(n - 1) + call(n - 1), without a loop and no deeper than 60. */
#define RECURSION                                                                                  \
    "\x20\x00\x45\x04\x7f\x41\x01\x05\x20\x00\x41\x01\x6b\x20\x01\x10\x00"                         \
    "\x20\x00\x41\x01\x6b\x20\x01\x10\x00\x6a\x0b\x0b"
static void recursion_without_loops_ends(void **unused) {
    (void)unused;
    ends_at_deadline(BYTES(RECURSION));
}

/* 20000 times (memory.fill 0 0 16 MiB), straight: a minute. */
static void straight_filling_ends(void **unused) {
    (void)unused;
    static const uint8_t fill[] = {0x41, 0, 0x41, 0, 0x41, 0x80, 0x80, 0x80, 0x08, 0xfc, 0x0b, 0};
    swapci_buffer body = SWAPCI_BUFFER_INIT;
    for (int i = 0; i < 20000; i++)
        assert_int_equal(swapci_buffer_append(&body, swapc_bytes_of(fill, sizeof fill)), SWAPC_OK);
    assert_int_equal(swapci_buffer_append(&body, BYTES("\x41\x00\x0b")), SWAPC_OK);
    ends_at_deadline(swapci_buffer_bytes(&body));
    swapci_buffer_fini(&body);
}

static void start_section_ends(void **unused) {
    (void)unused;
    struct fixture f;
    open_module(&f, BYTES("\x41\x00\x0b"), BYTES(ENDLESS), true);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + SOON_NS;
    assert_int_equal(instantiate(&f), SWAPC_DEADLINE);
    assert_null(f.instance);
    finish(&f);
}

static void init_export_ends(void **unused) {
    (void)unused;
    struct fixture f;
    bool found = false;
    open_module(&f, BYTES("\x41\x00\x0b"), BYTES(ENDLESS), false);
    assert_int_equal(instantiate(&f), SWAPC_OK);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + SOON_NS;
    assert_int_equal(engine->run_export(f.instance, "_start", &f.run, &found, &f.error),
                     SWAPC_DEADLINE);
    assert_true(found);
    finish(&f);
}

static void cancelled_loop_ends(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    const int cancel = 1;
    open_module(&f, BYTES("\x03\x40\x0c\x00\x0b\x41\x00\x0b"), NOTHING, false);
    assert_int_equal(instantiate(&f), SWAPC_OK);
    f.run.cancel = &cancel;
    assert_int_equal(call(&f, 0, &result), SWAPC_CANCELLED);
    assert_non_null(strstr(f.error.text, "cancelled"));
    finish(&f);
}

static void answer_in_time_is_right(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    open_module(&f, BYTES(RECURSION), NOTHING, false);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + 1000 * SOON_NS;
    assert_int_equal(instantiate(&f), SWAPC_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(call(&f, 14, &result), SWAPC_OK);
        assert_int_equal(result, 1 << 14);
    }
    finish(&f);
}

/* Loaded without a deadline it runs as it came; what it then could not hold it refuses. */
static void without_a_limit_nothing_is_claimed(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    const int cancel = 0;
    open_module(&f, BYTES(RECURSION), NOTHING, false);
    f.limits.deadline_ms = 0;
    assert_int_equal(instantiate(&f), SWAPC_OK);
    assert_int_equal(call(&f, 10, &result), SWAPC_OK);
    assert_int_equal(result, 1 << 10);
    f.run.cancel = &cancel;
    assert_int_equal(call(&f, 10, &result), SWAPC_UNSUPPORTED);
    assert_non_null(strstr(f.error.text, "deadline_ms"));
    f.run = (swapc_run){.deadline_ns = swapci_clock_monotonic_ns() + SOON_NS};
    assert_int_equal(call(&f, 10, &result), SWAPC_UNSUPPORTED);
    finish(&f);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_ends),
        cmocka_unit_test(loop_around_a_loop_ends),
        cmocka_unit_test(br_table_to_a_loop_ends),
        cmocka_unit_test(loop_within_an_expression_ends),
        cmocka_unit_test(recursion_without_loops_ends),
        cmocka_unit_test(straight_filling_ends),
        cmocka_unit_test(start_section_ends),
        cmocka_unit_test(init_export_ends),
        cmocka_unit_test(cancelled_loop_ends),
        cmocka_unit_test(answer_in_time_is_right),
        cmocka_unit_test(without_a_limit_nothing_is_claimed),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
