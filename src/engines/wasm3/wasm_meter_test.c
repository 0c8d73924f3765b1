/* The pass itself: what it writes, what it refuses, and that no input breaks it. That metered
 * modules do what they did is wasm3_test.c's matter, which runs them. */
#include "test_main.h"

#include <stdlib.h>

#include "wasm3_scan.h"
#include "wasm3_test_modules.h"
#include "wasm_meter.h"

struct fixture {
    swapci_buffer out;
    swapc_error error;
};

static enum swapc_status meter(struct fixture *f, const void *bytes, size_t len) {
    swapci_buffer_clear(&f->out);
    swapc_error_clear(&f->error);
    return swapci_wasm_meter(swapc_bytes_of(bytes, len), &f->out, &f->error);
}

#define HEAD 0, 'a', 's', 'm', 1, 0, 0, 0
#define SIZE(n) 0x80 | (n), 0x80, 0x80, 0x80, 0 /* as the pass writes a size it did not know */
/* Budget -= price; if (budget < 0) budget = tick(). The budget is global 0, tick function 0. */
#define PAY(price)                                                                                 \
    0x23, 0, 0x41, SIZE(price), 0x6b, 0x24, 0, 0x23, 0, 0x41, 0, 0x48, 0x04, 0x40, 0x10, 0, 0x24,  \
        0, 0x0b

/* (module (func (loop (br 0)) (call 0)) (start 0)): no imports, no globals, a custom section. */
static void writes_what_it_promises(void **unused) {
    (void)unused;
    static const uint8_t module[] = {
        HEAD, 0,  2, 1,    'x',                                        /* custom */
        1,    4,  1, 0x60, 0,   0,                                     /* types */
        3,    2,  1, 0,                                                /* functions */
        8,    1,  0,                                                   /* start */
        10,   11, 1, 9,    0,   3, 0x40, 0x0c, 0, 0x0b, 0x10, 0, 0x0b, /* code */
    };
    static const uint8_t expected[] = {
        HEAD,   1,        SIZE(8), 2,    0x60,     0,    0,        0x60, 0,       1, 0x7f,
        2,      SIZE(14), 1,       5,    's',      'w',  'a',      'p',  'c',     4, 't',
        'i',    'c',      'k',     0,    1,        3,    SIZE(2),  1,    0,       6, SIZE(11),
        2,      0x7f,     1,       0x41, 0,        0x0b, 0x7f,     1,    0x41,    0, 0x0b,
        8,      SIZE(1),  1,       10,   SIZE(61), 1,    SIZE(55), 0,    PAY(68), 3, 0x40,
        PAY(3), 0x0c,     0,       0x0b, 0x10,     1,    0x0b,
    };
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(meter(&f, module, sizeof module), SWAPC_OK);
    assert_int_equal(f.out.len, sizeof expected);
    assert_memory_equal(f.out.ptr, expected, sizeof expected);
    swapci_buffer_fini(&f.out);
}

/* A leaf function without loops is paid by its callers: its code stays as it was. */
static void short_leaf_stays_as_it_is(void **unused) {
    (void)unused;
    static const uint8_t module[] = {
        HEAD, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0x01, 0x0b,
    };
    static const uint8_t code[] = {10, SIZE(9), 1, SIZE(3), 0, 0x01, 0x0b};
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(meter(&f, module, sizeof module), SWAPC_OK);
    assert_true(f.out.len > sizeof code);
    assert_memory_equal(f.out.ptr + f.out.len - sizeof code, code, sizeof code);
    swapci_buffer_fini(&f.out);
}

static void refuses(const uint8_t *bytes, size_t len, enum swapc_status expected) {
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(meter(&f, bytes, len), expected);
    assert_int_equal(f.error.status, expected);
    swapci_buffer_fini(&f.out);
}

#define REFUSES(expected, ...)                                                                     \
    do {                                                                                           \
        static const uint8_t bytes[] = {HEAD, __VA_ARGS__};                                        \
        refuses(bytes, sizeof bytes, expected);                                                    \
    } while (0)

static void damaged_modules_are_refused(void **unused) {
    (void)unused;
    refuses(NULL, 0, SWAPC_MODULE_MALFORMED);
    refuses((const uint8_t *)"\0asm\2\0\0\0", 8, SWAPC_MODULE_MALFORMED);
    REFUSES(SWAPC_MODULE_MALFORMED, 1, 4, 1, 0x60, 0, 0, 1, 4, 1, 0x60, 0, 0); /* twice */
    REFUSES(SWAPC_MODULE_MALFORMED, 3, 2, 1, 0, 1, 4, 1, 0x60, 0, 0);          /* order */
    REFUSES(SWAPC_MODULE_MALFORMED, 1, 99, 1, 0x60);                           /* size */
    REFUSES(SWAPC_MODULE_MALFORMED, 7, 0xff, 0xff, 0xff, 0xff, 0x0f, 0);
    REFUSES(SWAPC_MODULE_MALFORMED, 10, 5, 1, 3, 0, 0x01, 0x01);       /* no end */
    REFUSES(SWAPC_MODULE_MALFORMED, 10, 6, 1, 4, 0, 0x0b, 0x01, 0x0b); /* goes on behind it */
    REFUSES(SWAPC_MODULE_MALFORMED, 8, 2, 0, 0);                       /* longer than its content */
    REFUSES(SWAPC_MODULE_MALFORMED, 8, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01); /* index */
}

static void what_it_cannot_read_is_refused(void **unused) {
    (void)unused;
    REFUSES(SWAPC_UNSUPPORTED, 13, 1, 0);                            /* tags */
    REFUSES(SWAPC_UNSUPPORTED, 2, 6, 1, 1, 'm', 1, 'n', 4);          /* imported tag */
    REFUSES(SWAPC_UNSUPPORTED, 9, 5, 1, 1, 0, 1, 0);                 /* passive */
    REFUSES(SWAPC_UNSUPPORTED, 10, 6, 1, 4, 0, 0xfd, 0x0c, 0x0b);    /* SIMD */
    REFUSES(SWAPC_UNSUPPORTED, 10, 6, 1, 4, 0, 0x12, 0, 0x0b);       /* return_call */
    REFUSES(SWAPC_UNSUPPORTED, 10, 7, 1, 5, 0, 0xfc, 0x08, 0, 0x0b); /* memory.init */
}

static void nesting_has_a_bound(void **unused) {
    (void)unused;
    enum { DEEP = 5000 };
    static const uint8_t head[] = {HEAD, 10, SIZE(0), 1, SIZE(0), 0};
    static uint8_t module[sizeof head + 3 * DEEP + 1];
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    size_t body = 1 + 3 * DEEP + 1, section = 1 + 5 + body;
    memcpy(module, head, sizeof head);
    module[9] = (uint8_t)(0x80 | (section & 0x7f)),
    module[10] = (uint8_t)(0x80 | (section >> 7 & 0x7f));
    module[15] = (uint8_t)(0x80 | (body & 0x7f)), module[16] = (uint8_t)(0x80 | (body >> 7 & 0x7f));
    for (int i = 0; i < DEEP; i++) memcpy(module + sizeof head + 2 * i, "\x03\x40", 2);
    memset(module + sizeof head + 2 * DEEP, 0x0b, DEEP + 1);
    assert_int_equal(meter(&f, module, sizeof module), SWAPC_UNSUPPORTED);
    swapci_buffer_fini(&f.out);
}

/* Whatever it takes, the scan that guards wasm3 can read: indices and sizes are right. */
static void feed(struct fixture *f, const uint8_t *bytes, size_t len, bool valid) {
    struct swapci_wasm3_shape before, after;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status fit = swapci_wasm3_scan(swapc_bytes_of(bytes, len), &before, &error);
    enum swapc_status status = meter(f, bytes, len);
    assert_true(status == SWAPC_OK || status == SWAPC_UNSUPPORTED ||
                status == SWAPC_MODULE_MALFORMED);
    assert_true(status == SWAPC_OK || f->error.status == status);
    if (!valid) return;
    assert_int_equal(fit, SWAPC_OK);
    assert_int_equal(status, SWAPC_OK);
    swapc_error_clear(&error);
    assert_int_equal(swapci_wasm3_scan(swapci_buffer_bytes(&f->out), &after, &error), SWAPC_OK);
    assert_int_equal(after.guest_call, before.guest_call + 1);
    assert_int_equal(after.loops_max, before.loops_max);
    assert_int_equal(after.pages_min, before.pages_min);
}

static void metered_twice_is_a_module_still(void **unused) {
    (void)unused;
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    struct fixture g = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    feed(&f, module_cases, sizeof module_cases, true);
    feed(&g, f.out.ptr, f.out.len, true);
    feed(&f, module_start, sizeof module_start, true);
    feed(&g, f.out.ptr, f.out.len, true);
    swapci_buffer_fini(&f.out);
    swapci_buffer_fini(&g.out);
}

static uint32_t next_random(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Each copy is of its very length on the heap, for the sanitizer to see a step past its end. */
static void feed_copy(struct fixture *f, const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    feed(f, copy, len, false);
    free(copy);
}

static void mutations_never_break_it(void **unused) {
    (void)unused;
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    uint32_t seed = 20261124;
    for (int i = 0; i < 10000; i++) {
        uint8_t mutant[sizeof module_cases];
        memcpy(mutant, module_cases, sizeof mutant);
        for (uint32_t n = next_random(&seed) % 4 + 1; n > 0; n--) {
            uint32_t at = next_random(&seed) % sizeof mutant;
            mutant[at] = (uint8_t)next_random(&seed);
        }
        size_t cut = next_random(&seed) % 4 == 0 ? next_random(&seed) % sizeof mutant : 0;
        feed_copy(&f, mutant, sizeof mutant - cut);
    }
    swapci_buffer_fini(&f.out);
}

static void truncations_never_break_it(void **unused) {
    (void)unused;
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    for (size_t len = 0; len < sizeof module_cases; len++) feed_copy(&f, module_cases, len);
    swapci_buffer_fini(&f.out);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_promises),
        cmocka_unit_test(short_leaf_stays_as_it_is),
        cmocka_unit_test(damaged_modules_are_refused),
        cmocka_unit_test(what_it_cannot_read_is_refused),
        cmocka_unit_test(nesting_has_a_bound),
        cmocka_unit_test(metered_twice_is_a_module_still),
        cmocka_unit_test(mutations_never_break_it),
        cmocka_unit_test(truncations_never_break_it),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
