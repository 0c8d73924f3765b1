/* The scan that keeps from wasm3 what it would not survive: modules are put together here, around
 * one function body. */
#include "test_main.h"

#include <stdlib.h>

#include "lower.h"
#include "wasm3_scan.h"
#include "wasm3_test_modules.h"

struct text {
    uint8_t at[32768];
    size_t len;
};

static void add(struct text *t, const void *bytes, size_t len) {
    assert_true(t->len + len <= sizeof t->at);
    memcpy(t->at + t->len, bytes, len);
    t->len += len;
}

static void add_many(struct text *t, const void *bytes, size_t len, unsigned times) {
    while (times-- > 0) add(t, bytes, len);
}

static void add_number(struct text *t, size_t value) {
    uint8_t byte;
    do {
        byte = (uint8_t)(value & 0x7f) | (value > 0x7f ? 0x80 : 0);
        add(t, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

/* Type 0 (i32, i32) -> i32, 1 () -> (), 2 () -> i32; function 0 is __guest_call, 1 of type 2. */
static const uint8_t head[] = {
    0, 'a', 's',  'm', 1,   0,    0,   0,   1,   14,  3,   0x60, 2,   0x7f, 0x7f, 1, 0x7f, 0x60,
    0, 0,   0x60, 0,   1,   0x7f, 3,   3,   2,   0,   2,   5,    3,   1,    0,    1, 7,    16,
    1, 12,  '_',  '_', 'g', 'u',  'e', 's', 't', '_', 'c', 'a',  'l', 'l',  0,    0,
};

/* A module whose __guest_call has these locals and instructions (with their end). */
static void assemble(struct text *module, const struct text *body) {
    static const uint8_t second[] = {4, 0, 0x41, 0, 0x0b};
    struct text code = {.len = 0};
    module->len = 0;
    add(module, head, sizeof head);
    add_number(&code, 2);
    add_number(&code, body->len);
    add(&code, body->at, body->len);
    add(&code, second, sizeof second);
    add(module, "\x0a", 1);
    add_number(module, code.len);
    add(module, code.at, code.len);
}

/* As the engine does it: lowered, then looked at. */
static enum swapc_status scan_bytes(swapc_bytes bytes, bool metered,
                                    struct swapci_wasm3_shape *shape, swapc_error *error) {
    const struct swapci_wasm_lowering how = {.metered = metered, .engine = "wasm3"};
    struct swapci_wasm_module module;
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_wasm_module_read(&module, bytes, error);
    if (status == SWAPC_OK) status = swapci_wasm_lower(&module, &how, &out, error);
    if (status == SWAPC_OK)
        status = swapci_wasm3_scan(swapci_buffer_bytes(&out), metered, shape, error);
    swapci_wasm_module_fini(&module);
    swapci_buffer_fini(&out);
    return status;
}

static enum swapc_status scan(const struct text *body, struct swapci_wasm3_shape *shape,
                              swapc_error *error) {
    static struct text module;
    assemble(&module, body);
    swapc_error_clear(error);
    return scan_bytes(swapc_bytes_of(module.at, module.len), false, shape, error);
}

static void expect(const struct text *body, enum swapc_status expected, const char *said) {
    struct swapci_wasm3_shape shape;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(scan(body, &shape, &error), expected);
    assert_non_null(strstr(error.text, said));
}

static void simple_body_passes(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    struct swapci_wasm3_shape shape;
    swapc_error error = SWAPC_ERROR_INIT;
    add(&body, "\x00\x41\x01\x0b", 4);
    assert_int_equal(scan(&body, &shape, &error), SWAPC_OK);
    assert_int_equal(shape.guest_call, 0);
    assert_int_equal(shape.loops_max, 0);
    assert_int_equal(shape.pages_min, 1);
}

static void loops_are_counted(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    struct swapci_wasm3_shape shape;
    swapc_error error = SWAPC_ERROR_INIT;
    add(&body, "\x00", 1);
    add_many(&body, "\x03\x40\x0b", 3, 500);
    add(&body, "\x41\x01\x0b", 3);
    assert_int_equal(scan(&body, &shape, &error), SWAPC_OK);
    assert_int_equal(shape.loops_max, 500);
    body.len -= 3;
    add(&body, "\x03\x40\x0b\x41\x01\x0b", 6);
    expect(&body, SWAPC_UNSUPPORTED, "501 loops");
}

static void nesting_has_a_ceiling(void **unused) {
    (void)unused;
    for (unsigned depth = 2000; depth <= 2001; depth++) {
        struct text body = {.len = 0};
        add(&body, "\x00", 1);
        add_many(&body, "\x02\x40", 2, depth);
        add_many(&body, "\x0b", 1, depth);
        add(&body, "\x41\x01\x0b", 3);
        expect(&body, depth == 2000 ? SWAPC_OK : SWAPC_UNSUPPORTED,
               depth == 2000 ? "" : "nested deeper");
    }
}

static void values_have_a_ceiling(void **unused) {
    (void)unused;
    for (unsigned count = 1700; count <= 1800; count += 100) {
        struct text body = {.len = 0};
        add(&body, "\x00", 1);
        add_many(&body, "\x41\x00", 2, count);
        add_many(&body, "\x1a", 1, count - 1);
        add(&body, "\x0b", 1);
        expect(&body, count == 1700 ? SWAPC_OK : SWAPC_UNSUPPORTED, count == 1700 ? "" : "values");
    }
}

static void locals_count_as_values(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    add(&body, "\x01\x80\x10\x7e\x41\x01\x0b", 7); /* 2048 i64 */
    expect(&body, SWAPC_UNSUPPORTED, "values");
    body.len = 0;
    add(&body, "\x01\xd0\x86\x03\x7e\x41\x01\x0b", 8);
    expect(&body, SWAPC_UNSUPPORTED, "values");
}

static void open_blocks_count_as_values(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    add(&body, "\x00", 1);
    add_many(&body, "\x02\x7f", 2, 1900);
    add(&body, "\x41\x01", 2);
    add_many(&body, "\x0b", 1, 1901);
    expect(&body, SWAPC_UNSUPPORTED, "values");
}

/* Few values, but wasm3 puts each call's result behind the one before: it would run off its table.
 * f() in one slot, then (f() + …) does not climb: the sum goes to the lowest free slot. */
static void call_results_that_climb_are_refused(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    add(&body, "\x00\x10\x01", 3);
    for (int i = 0; i < 2000; i++)
        add(&body, "\x10\x01\x10\x00", 4); /* call f, call __guest_call(before, f) */
    add(&body, "\x0b", 1);
    expect(&body, SWAPC_UNSUPPORTED, "values");
    body.len = 0;
    add(&body, "\x00\x10\x01", 3);
    for (int i = 0; i < 2000; i++) add(&body, "\x10\x01\x6a", 3); /* call f, i32.add */
    add(&body, "\x0b", 1);
    expect(&body, SWAPC_OK, "");
}

static void dead_code_does_not_underflow(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    add(&body, "\x00\x00", 2); /* unreachable, then */
    add_many(&body, "\x1a", 1, 300);
    add(&body, "\x02\x40\x00\x1a\x1a\x0b\x6a\x0b", 8);
    expect(&body, SWAPC_OK, "");
}

static void bodies_that_end_wrong_are_malformed(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    add(&body, "\x00\x41\x01", 3); /* no end */
    expect(&body, SWAPC_MODULE_MALFORMED, "function 0");
    add(&body, "\x0b\x0b", 2); /* one too many */
    expect(&body, SWAPC_MODULE_MALFORMED, "function 0");
    body.len = 0;
    add(&body, "\x00\x10\x7f\x0b", 4); /* call of a function that is not there */
    expect(&body, SWAPC_MODULE_MALFORMED, "function 0");
}

static void later_instructions_are_named(void **unused) {
    (void)unused;
    struct text body = {.len = 0};
    add(&body, "\x00\xfc\x15\x0b", 4);
    expect(&body, SWAPC_UNSUPPORTED, "wide arithmetic");
    body.len = 0;
    add(&body, "\x00\xfd\x4d\x0b", 4);
    expect(&body, SWAPC_UNSUPPORTED, "SIMD");
    body.len = 0;
    add(&body, "\x00\xd0\x70\x0b", 4); /* ref.null */
    expect(&body, SWAPC_UNSUPPORTED, "ref.null");
}

static void exports_are_found_by_index(void **unused) {
    (void)unused;
    uint32_t index = 0;
    swapc_bytes bytes = swapc_bytes_of(module_cases, sizeof module_cases);
    assert_true(swapci_wasm3_find_export(bytes, "__guest_call", &index));
    assert_int_equal(index, 8);
    assert_true(swapci_wasm3_find_export(bytes, "wapc_init", &index));
    assert_int_equal(index, 6);
    assert_false(swapci_wasm3_find_export(bytes, "memory", &index));
    assert_false(swapci_wasm3_find_export(bytes, "wapc_ini", &index));
}

/* Each byte of a module changed in four ways: the scan must answer, and read nothing outside (the
 * copy ends where its allocation ends, for the sanitizer). */
static void changed_bytes_are_survived(void **unused) {
    (void)unused;
    static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x7f};
    struct swapci_wasm3_shape shape;
    uint32_t index;
    uint8_t *copy = malloc(sizeof module_cases);
    assert_non_null(copy);
    swapc_bytes bytes = swapc_bytes_of(copy, sizeof module_cases);
    for (size_t i = 0; i < sizeof module_cases; i++) {
        for (size_t k = 0; k < sizeof changes; k++) {
            memcpy(copy, module_cases, sizeof module_cases);
            copy[i] ^= changes[k];
            swapc_error error = SWAPC_ERROR_INIT;
            enum swapc_status status = scan_bytes(bytes, true, &shape, &error);
            assert_int_equal(error.status, status);
            swapci_wasm3_find_export(bytes, "__guest_call", &index);
        }
    }
    free(copy);
}

static void truncated_modules_are_survived(void **unused) {
    (void)unused;
    struct swapci_wasm3_shape shape;
    for (size_t len = 0; len < sizeof module_cases; len++) {
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy + 1, module_cases, len);
        swapc_error error = SWAPC_ERROR_INIT;
        enum swapc_status status = scan_bytes(swapc_bytes_of(copy + 1, len), true, &shape, &error);
        assert_int_equal(error.status, status);
        free(copy);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_body_passes),
        cmocka_unit_test(loops_are_counted),
        cmocka_unit_test(nesting_has_a_ceiling),
        cmocka_unit_test(values_have_a_ceiling),
        cmocka_unit_test(locals_count_as_values),
        cmocka_unit_test(open_blocks_count_as_values),
        cmocka_unit_test(call_results_that_climb_are_refused),
        cmocka_unit_test(dead_code_does_not_underflow),
        cmocka_unit_test(bodies_that_end_wrong_are_malformed),
        cmocka_unit_test(later_instructions_are_named),
        cmocka_unit_test(exports_are_found_by_index),
        cmocka_unit_test(changed_bytes_are_survived),
        cmocka_unit_test(truncated_modules_are_survived),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
