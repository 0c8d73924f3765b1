/* The pass itself: what it writes, what it refuses, and that no input breaks it. That lowered
 * modules do what they did is the matter of who runs them: wasm3_test.c, the differential run. */
#include "test_main.h"

#include <stdlib.h>

#include "failing_alloc.h"
#include "lower.h"

struct fixture {
    swapci_buffer out;
    swapc_error error;
};

static enum swapc_status lower(struct fixture *f, const void *bytes, size_t len, bool metered) {
    const struct swapci_wasm_lowering how = {.metered = metered, .engine = "this engine"};
    struct swapci_wasm_module module;
    swapci_buffer_clear(&f->out);
    swapc_error_clear(&f->error);
    enum swapc_status status =
        swapci_wasm_module_read(&module, swapc_bytes_of(bytes, len), &f->error);
    if (status == SWAPC_OK) status = swapci_wasm_lower(&module, &how, &f->out, &f->error);
    swapci_wasm_module_fini(&module);
    return status;
}

static enum swapc_status meter(struct fixture *f, const void *bytes, size_t len) {
    return lower(f, bytes, len, true);
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
        PAY(2), 0x0c,     0,       0x0b, 0x10,     1,    0x0b,
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
        HEAD, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 7, 1, 5, 0, 0x41, 0, 0x1a, 0x0b,
    };
    static const uint8_t code[] = {10, SIZE(11), 1, SIZE(5), 0, 0x41, 0, 0x1a, 0x0b};
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(meter(&f, module, sizeof module), SWAPC_OK);
    assert_true(f.out.len > sizeof code);
    assert_memory_equal(f.out.ptr + f.out.len - sizeof code, code, sizeof code);
    swapci_buffer_fini(&f.out);
}

/* A host may move the whole memory to let it grow: a loop that grows and does nothing else must be
 * asked about often, and a leaf that grows is no cheap one. */
static void growing_is_dear(void **unused) {
    (void)unused;
    static const uint8_t module[] = {
        HEAD, 1, 4,  1, 0x60, 0, 0, 3,    2, 1,    0, 5,    3,    1,
        0,    1, 10, 9, 1,    7, 0, 0x41, 1, 0x40, 0, 0x1a, 0x0b,
    };
    static const uint8_t pay[] = {PAY(0)};
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(meter(&f, module, sizeof module), SWAPC_OK);
    const uint8_t *entry = memmem(f.out.ptr, f.out.len, pay, 3); /* global.get 0, i32.const */
    assert_non_null(entry);
    uint32_t price = 0;
    for (int i = 0; i < 5; i++) price |= (uint32_t)(entry[3 + i] & 0x7f) << (7 * i);
    assert_in_range(price, SWAPCI_METER_GROW, SWAPCI_METER_GROW + 64);
    swapci_buffer_fini(&f.out);
}

static void refuses(const uint8_t *bytes, size_t len, enum swapc_status expected) {
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(meter(&f, bytes, len), expected);
    assert_int_equal(f.error.status, expected);
    swapci_buffer_fini(&f.out);
}

/* Types and functions for one body of type () -> (). */
#define ONE_BODY 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0

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
    REFUSES(SWAPC_MODULE_MALFORMED, ONE_BODY, 10, 5, 1, 3, 0, 0x01, 0x01); /* no end */
    REFUSES(SWAPC_MODULE_MALFORMED, ONE_BODY, 10, 6, 1, 4, 0, 0x0b, 0x01,
            0x0b);                                         /* goes on behind */
    REFUSES(SWAPC_MODULE_MALFORMED, ONE_BODY);             /* no code */
    REFUSES(SWAPC_MODULE_MALFORMED, 10, 4, 1, 2, 0, 0x0b); /* no function */
    REFUSES(SWAPC_MODULE_MALFORMED, ONE_BODY, 10, 7, 1, 5, 0, 0x0c, 1, 0x0b, 0x0b); /* label */
    REFUSES(SWAPC_MODULE_MALFORMED, 8, 2, 0, 0); /* longer than its content */
    REFUSES(SWAPC_MODULE_MALFORMED, 8, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01); /* index */
}

static void what_it_cannot_read_is_refused(void **unused) {
    (void)unused;
    REFUSES(SWAPC_UNSUPPORTED, 13, 1, 0);                         /* tags */
    REFUSES(SWAPC_UNSUPPORTED, 2, 8, 1, 1, 'm', 1, 'n', 4, 0, 0); /* imported tag */
    REFUSES(SWAPC_UNSUPPORTED, ONE_BODY, 10, 22, 1, 20, 0, 0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0x0b);                                              /* v128.const */
    REFUSES(SWAPC_UNSUPPORTED, ONE_BODY, 10, 6, 1, 4, 0, 0x12, 0, 0x0b);          /* return_call */
    REFUSES(SWAPC_UNSUPPORTED, ONE_BODY, 10, 8, 1, 6, 0, 0xfc, 0x08, 0, 0, 0x0b); /* memory.init */
    REFUSES(SWAPC_UNSUPPORTED, ONE_BODY, 10, 6, 1, 4, 0, 0xfe, 0x03, 0x0b);       /* atomic.fence */
    REFUSES(SWAPC_UNSUPPORTED, ONE_BODY, 10, 6, 1, 4, 1, 1, 0x7b, 0x0b);          /* v128 local */
    REFUSES(SWAPC_UNSUPPORTED, 4, 7, 2, 0x70, 0, 1, 0x70, 0, 1);                  /* two tables */
    REFUSES(SWAPC_UNSUPPORTED, 6, 6, 1, 0x6f, 0, 0xd0, 0x6f, 0x0b);               /* externref */
    REFUSES(SWAPC_UNSUPPORTED, 6, 9, 1, 0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b);   /* extended */
}

static void nesting_has_a_bound(void **unused) {
    (void)unused;
    enum { DEEP = 5000 };
    static const uint8_t head[] = {HEAD, ONE_BODY, 10, SIZE(0), 1, SIZE(0), 0};
    static uint8_t module[sizeof head + 3 * DEEP + 1];
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    size_t body = 1 + 3 * DEEP + 1, section = 1 + 5 + body;
    memcpy(module, head, sizeof head);
    module[19] = (uint8_t)(0x80 | (section & 0x7f)),
    module[20] = (uint8_t)(0x80 | (section >> 7 & 0x7f));
    module[25] = (uint8_t)(0x80 | (body & 0x7f)), module[26] = (uint8_t)(0x80 | (body >> 7 & 0x7f));
    for (int i = 0; i < DEEP; i++) memcpy(module + sizeof head + 2 * i, "\x03\x40", 2);
    memset(module + sizeof head + 2 * DEEP, 0x0b, DEEP + 1);
    assert_int_equal(meter(&f, module, sizeof module), SWAPC_UNSUPPORTED);
    swapci_buffer_fini(&f.out);
}

/* One of everything that lowering reads:
   (module
     (type $pair (func (param i32 i64) (result i64 i32)))
     (import "t" "log" (func $log (param i32 i32)))
     (memory (export "memory") 1 10)
     (table 4 4 funcref)
     (elem (i32.const 0) $carry $log)
     (elem (i32.const 2) funcref (ref.func $carry))
     (elem declare func $leaf)
     (data (i32.const 16) "data")
     (data "passive")
     (global $g (mut i32) (i32.const 7))
     (global $h f64 (f64.const 1.5))
     (func $leaf (result i32) (global.get $g))
     (func $carry (param i32 i64) (result i64 i32)
       (local.get 0) (local.get 1)
       (loop (type $pair)
         (drop) (drop)
         (br_if 1 (i64.const 5) (i32.const 6) (call $leaf))
         (drop) (drop)
         (br_table 1 1 (i64.const 3) (i32.const 4) (i32.const 0))
         (i32.add) (drop)))
     (func (export "__guest_call") (param i32 i32) (result i32)
       (local f32)
       (block $out (result i32)
         (if (local.get 0) (then (unreachable) (loop (result f32) (f32.const 1)) (drop))
           (else (br $out (memory.grow (local.get 1))) (i32.add) (drop)))
         (memory.copy (i32.const 0) (i32.const 16) (i32.const 4))
         (memory.fill (i32.const 0) (i32.const 16) (i32.const 4))
         (local.set 2 (f32.load offset=8 (i32.const 8)))
         (drop (call_indirect (type $pair) (i32.const 1) (i64.const 2) (i32.const 0))) (drop)
         (return (i32.trunc_sat_f32_s (local.get 2)))))) */
static const uint8_t everything[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x17, 0x04, 0x60, 0x02, 0x7f, 0x7e, 0x02,
    0x7e, 0x7f, 0x60, 0x02, 0x7f, 0x7f, 0x00, 0x60, 0x00, 0x01, 0x7f, 0x60, 0x02, 0x7f, 0x7f, 0x01,
    0x7f, 0x02, 0x09, 0x01, 0x01, 0x74, 0x03, 0x6c, 0x6f, 0x67, 0x00, 0x01, 0x03, 0x04, 0x03, 0x02,
    0x00, 0x03, 0x04, 0x05, 0x01, 0x70, 0x01, 0x04, 0x04, 0x05, 0x04, 0x01, 0x01, 0x01, 0x0a, 0x06,
    0x12, 0x02, 0x7f, 0x01, 0x41, 0x07, 0x0b, 0x7c, 0x00, 0x44, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xf8, 0x3f, 0x0b, 0x07, 0x19, 0x02, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x0c,
    0x5f, 0x5f, 0x67, 0x75, 0x65, 0x73, 0x74, 0x5f, 0x63, 0x61, 0x6c, 0x6c, 0x00, 0x03, 0x09, 0x14,
    0x03, 0x00, 0x41, 0x00, 0x0b, 0x02, 0x02, 0x00, 0x04, 0x41, 0x02, 0x0b, 0x01, 0xd2, 0x02, 0x0b,
    0x03, 0x00, 0x01, 0x01, 0x0a, 0x72, 0x03, 0x04, 0x00, 0x23, 0x00, 0x0b, 0x21, 0x00, 0x20, 0x00,
    0x20, 0x01, 0x03, 0x00, 0x1a, 0x1a, 0x42, 0x05, 0x41, 0x06, 0x10, 0x01, 0x0d, 0x01, 0x1a, 0x1a,
    0x42, 0x03, 0x41, 0x04, 0x41, 0x00, 0x0e, 0x01, 0x01, 0x01, 0x6a, 0x1a, 0x0b, 0x0b, 0x49, 0x01,
    0x01, 0x7d, 0x02, 0x7f, 0x20, 0x00, 0x04, 0x40, 0x00, 0x03, 0x7d, 0x43, 0x00, 0x00, 0x80, 0x3f,
    0x0b, 0x1a, 0x05, 0x20, 0x01, 0x40, 0x00, 0x0c, 0x01, 0x6a, 0x1a, 0x0b, 0x41, 0x00, 0x41, 0x10,
    0x41, 0x04, 0xfc, 0x0a, 0x00, 0x00, 0x41, 0x00, 0x41, 0x10, 0x41, 0x04, 0xfc, 0x0b, 0x00, 0x41,
    0x08, 0x2a, 0x02, 0x08, 0x21, 0x02, 0x41, 0x01, 0x42, 0x02, 0x41, 0x00, 0x11, 0x00, 0x00, 0x1a,
    0x1a, 0x20, 0x02, 0xfc, 0x00, 0x0f, 0x0b, 0x0b, 0x0b, 0x13, 0x02, 0x00, 0x41, 0x10, 0x0b, 0x04,
    0x64, 0x61, 0x74, 0x61, 0x01, 0x07, 0x70, 0x61, 0x73, 0x73, 0x69, 0x76, 0x65};

static void every_form_is_taken(void **unused) {
    (void)unused;
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(lower(&f, everything, sizeof everything, false), SWAPC_OK);
    assert_int_equal(meter(&f, everything, sizeof everything), SWAPC_OK);
    swapci_buffer_fini(&f.out);
}

/* What was lowered is in the simplest form: lowering it again changes next to nothing. */
static void lowered_twice_is_the_same(void **unused) {
    (void)unused;
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    struct fixture g = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(lower(&f, everything, sizeof everything, false), SWAPC_OK);
    assert_int_equal(lower(&g, f.out.ptr, f.out.len, false), SWAPC_OK);
    /* but for memory.grow, whose clamp is clamped: one local and some instructions more */
    assert_in_range(g.out.len - f.out.len, 0, 24);
    swapci_buffer_fini(&f.out);
    swapci_buffer_fini(&g.out);
}

/* A body of type (i32, i32) -> i32, and the same lowered; local 2 is the first of ours. */
static void becomes(const uint8_t *body, size_t len, const uint8_t *expected, size_t expected_len) {
    static const uint8_t head[] = {HEAD, 1, 11,   2, 0x60, 2, 0x7f, 0x7f, 1, 0x7f,
                                   0x60, 1, 0x7f, 0, 3,    2, 1,    0,    10};
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    uint8_t module[256];
    memcpy(module, head, sizeof head);
    module[sizeof head] = (uint8_t)(len + 2);
    module[sizeof head + 1] = 1;
    module[sizeof head + 2] = (uint8_t)len;
    memcpy(module + sizeof head + 3, body, len);
    assert_int_equal(lower(&f, module, sizeof head + 3 + len, false), SWAPC_OK);
    assert_true(f.out.len > expected_len);
    assert_memory_equal(f.out.ptr + f.out.len - expected_len, expected, expected_len);
    assert_int_equal(f.out.ptr[f.out.len - expected_len - 5], 0x80 | expected_len);
    swapci_buffer_fini(&f.out);
}

#define BYTES(...)                                                                                 \
    (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]) {                                      \
        __VA_ARGS__                                                                                \
    }

static void dead_code_is_left_out(void **unused) {
    (void)unused;
    /* unreachable, then block (param) (drop) end, loop (result f32) … end, drop */
    becomes(BYTES(0, 0x00, 0x02, 1, 0x1a, 0x0b, 0x03, 0x7d, 0x43, 0, 0, 0, 0, 0x0b, 0x1a, 0x0b),
            BYTES(0, 0x00, 0x0b));
    /* block br 0 drop end, i32.const 1 */
    becomes(BYTES(0, 0x02, 0x40, 0x0c, 0, 0x1a, 0x0b, 0x41, 1, 0x0b),
            BYTES(0, 0x02, 0x40, 0x0c, 0, 0x0b, 0x41, 1, 0x0b));
    /* if return else unreachable end: both sides are dead at their ends, what follows is not */
    becomes(
        BYTES(0, 0x20, 0, 0x04, 0x40, 0x41, 2, 0x0f, 0x01, 0x05, 0x00, 0x1a, 0x0b, 0x41, 1, 0x0b),
        BYTES(0, 0x20, 0, 0x04, 0x40, 0x41, 2, 0x0f, 0x05, 0x00, 0x0b, 0x41, 1, 0x0b));
}

static void parameters_of_blocks_go_by_locals(void **unused) {
    (void)unused;
    /* local.get 0, block (param i32) drop end, i32.const 1 */
    becomes(BYTES(0, 0x20, 0, 0x02, 1, 0x1a, 0x0b, 0x41, 1, 0x0b),
            BYTES(1, 1, 0x7f, 0x02, 0x40, 0x20, 0, 0x21, 2, 0x02, 0x40, 0x20, 2, 0x1a, 0x0b, 0x41,
                  1, 0x21, 2, 0x0b, 0x20, 2, 0x0b));
}

/* local 2, an i64, twice on the stack when it is set: the second becomes a value of its own. */
static void pairs_of_wide_references_are_parted(void **unused) {
    (void)unused;
    becomes(BYTES(1, 1, 0x7e, 0x20, 2, 0x20, 2, 0x20, 2, 0x42, 1, 0x21, 2, 0x1a, 0x1a, 0xa7, 0x0b),
            BYTES(1, 1, 0x7e, 0x20, 2, 0x20, 2, 0x42, 0, 0x84, 0x20, 2, 0x42, 0, 0x84, 0x42, 1,
                  0x21, 2, 0x1a, 0x1a, 0xa7, 0x0b));
    /* at a block's beginning; of an f64 */
    becomes(BYTES(1, 1, 0x7c, 0x20, 2, 0x20, 2, 0x02, 0x40, 0x0b, 0x1a, 0x1a, 0x41, 0, 0x0b),
            BYTES(1, 1, 0x7c, 0x20, 2, 0x20, 2, 0xbd, 0xbf, 0x02, 0x40, 0x0b, 0x1a, 0x1a, 0x41, 0,
                  0x0b));
    /* a pair that is used up before, and pairs of 32 bits, stay as they are */
    becomes(BYTES(1, 1, 0x7e, 0x20, 2, 0x20, 2, 0x7c, 0x21, 2, 0x41, 0, 0x0b),
            BYTES(1, 1, 0x7e, 0x20, 2, 0x20, 2, 0x7c, 0x21, 2, 0x41, 0, 0x0b));
    becomes(BYTES(0, 0x20, 0, 0x20, 0, 0x20, 0, 0x21, 0, 0x6a, 0x0b),
            BYTES(0, 0x20, 0, 0x20, 0, 0x20, 0, 0x21, 0, 0x6a, 0x0b));
}

static void floats_of_blocks_go_by_locals(void **unused) {
    (void)unused;
    /* block (result f64) i32.const 7, f64.const 0, i32.const 1, br_if 0, drop … end, drop */
    becomes(BYTES(0, 0x02, 0x7c, 0x41, 7, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 1, 0x0d, 0, 0x00,
                  0x0b, 0x1a, 0x41, 1, 0x0b),
            BYTES(3, 1, 0x7f, 1, 0x7c, 1, 0x7f, 0x02, 0x40, 0x02, 0x40, 0x41, 7, 0x44, 0, 0, 0, 0,
                  0, 0, 0, 0, 0x41, 1, 0x21, 2, 0x21, 3, 0x20, 2, 0x0d, 0, 0x20, 3, 0x00, 0x0b,
                  0x20, 3, 0x1a, 0x41, 1, 0x21, 4, 0x0b, 0x20, 4, 0x0b));
}

static void numbers_become_short(void **unused) {
    (void)unused;
    becomes(BYTES(0x80, 0, 0x41, 0x80, 0x80, 0, 0x41, 0xff, 0xff, 0x7f, 0x1a, 0x0b),
            BYTES(0, 0x41, 0, 0x41, 0x7f, 0x1a, 0x0b));
}

static void growing_is_clamped(void **unused) {
    (void)unused;
    becomes(BYTES(0, 0x41, 0x7f, 0x40, 0, 0x0b),
            BYTES(1, 1, 0x7f, 0x41, 0x7f, 0x21, 2, 0x41, 0x80, 0x80, 4, 0x20, 2, 0x20, 2, 0x41,
                  0x80, 0x80, 4, 0x4b, 0x1b, 0x40, 0, 0x0b));
}

static void refusals_name_function_and_byte(void **unused) {
    (void)unused;
    static const uint8_t module[] = {HEAD, ONE_BODY, 10, 7, 1, 5, 0, 0xfc, 0x16, 0x0b, 0x0b};
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(meter(&f, module, sizeof module), SWAPC_UNSUPPORTED);
    assert_non_null(strstr(f.error.text, "function 0 uses i64.mul_wide_u (wide arithmetic)"));
    assert_non_null(strstr(f.error.text, "byte 23"));
    swapci_buffer_fini(&f.out);
}

static void out_of_memory_is_a_status(void **unused) {
    (void)unused;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
        swapci_alloc_fail_at(n);
        enum swapc_status status = meter(&f, everything, sizeof everything);
        done = !swapci_alloc_failed();
        swapci_alloc_fail_at(0);
        assert_int_equal(status, done ? SWAPC_OK : SWAPC_NO_MEMORY);
        assert_int_equal(f.error.status, status);
        swapci_buffer_fini(&f.out);
    }
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
    for (int metered = 0; metered < 2; metered++) {
        enum swapc_status status = lower(f, copy, len, metered);
        assert_true(status == SWAPC_OK || status == SWAPC_UNSUPPORTED ||
                    status == SWAPC_MODULE_MALFORMED);
        assert_int_equal(f->error.status, status);
    }
    free(copy);
}

static void mutations_never_break_it(void **unused) {
    (void)unused;
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    uint32_t seed = 20261124;
    for (int i = 0; i < 10000; i++) {
        uint8_t mutant[sizeof everything];
        memcpy(mutant, everything, sizeof mutant);
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
    for (size_t len = 0; len < sizeof everything; len++) feed_copy(&f, everything, len);
    swapci_buffer_fini(&f.out);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_promises),
        cmocka_unit_test(short_leaf_stays_as_it_is),
        cmocka_unit_test(growing_is_dear),
        cmocka_unit_test(damaged_modules_are_refused),
        cmocka_unit_test(what_it_cannot_read_is_refused),
        cmocka_unit_test(nesting_has_a_bound),
        cmocka_unit_test(every_form_is_taken),
        cmocka_unit_test(lowered_twice_is_the_same),
        cmocka_unit_test(dead_code_is_left_out),
        cmocka_unit_test(parameters_of_blocks_go_by_locals),
        cmocka_unit_test(pairs_of_wide_references_are_parted),
        cmocka_unit_test(floats_of_blocks_go_by_locals),
        cmocka_unit_test(numbers_become_short),
        cmocka_unit_test(growing_is_clamped),
        cmocka_unit_test(refusals_name_function_and_byte),
        cmocka_unit_test(out_of_memory_is_a_status),
        cmocka_unit_test(mutations_never_break_it),
        cmocka_unit_test(truncations_never_break_it),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
