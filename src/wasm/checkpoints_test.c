/* What the pass writes and leaves alone, and that no input breaks it. That an engine then looks on
 * the way back is the matter of tests/overshoot. */
#include "test_main.h"

#include <stdlib.h>

#include "checkpoints.h"
#include "failing_alloc.h"

#define HEAD 0, 'a', 's', 'm', 1, 0, 0, 0
#define SIZE(n) 0x80 | (n), 0x80, 0x80, 0x80, 0 /* as the pass writes a size it did not know */
#define LOAD 0x41, 0, 0x28, 2, 0, 0x1a          /* i32.const 0, i32.load, drop: weighs 10 */
#define CHECKPOINT 0x03, 0x40, 0x0b

struct fixture {
    swapci_buffer out;
    swapc_error error;
};

static enum swapc_status add(struct fixture *f, const void *bytes, size_t len) {
    struct swapci_wasm_module module;
    swapci_buffer_clear(&f->out);
    swapc_error_clear(&f->error);
    enum swapc_status status =
        swapci_wasm_module_read(&module, swapc_bytes_of(bytes, len), &f->error);
    if (status != SWAPC_OK) return status;
    status = swapci_wasm_add_checkpoints(&module, &f->out, &f->error);
    swapci_wasm_module_fini(&module);
    return status;
}

/* (func call 0, seven loads): 70 and the end weigh more than is free behind it. A custom section
 * before, one after, and a body without a call stay as they are. */
static const uint8_t heavy[] = {
    HEAD, 0,    2,    1,    'x',                                     /* custom */
    1,    4,    1,    0x60, 0,   0,                                  /* types */
    3,    3,    2,    0,    0,                                       /* functions */
    5,    3,    1,    0,    1,                                       /* memories */
    10,   51,   2,    46,   0,   0x10, 0,    LOAD, LOAD, LOAD, LOAD, /* code */
    LOAD, LOAD, LOAD, 0x0b, 2,   0,    0x0b, 0,    2,    1,    'y',  /* and custom */
};

enum { CALLED = 34 }; /* where the function that is called lies in it: 0, itself */

static void a_long_way_back_gets_one(void **unused) {
    (void)unused;
    static const uint8_t expected[] = {
        HEAD,     0,    2,        1,    'x',  1, 4,          1,    0x60, 0,    0,
        3,        3,    2,        0,    0,    5, 3,          1,    0,    1,    10,
        SIZE(58), 2,    SIZE(49), 0,    0x10, 0, CHECKPOINT, LOAD, LOAD, LOAD, LOAD,
        LOAD,     LOAD, LOAD,     0x0b, 2,    0, 0x0b,       0,    2,    1,    'y',
    };
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(add(&f, heavy, sizeof heavy), SWAPC_OK);
    assert_int_equal(f.out.len, sizeof expected);
    assert_memory_equal(f.out.ptr, expected, sizeof expected);
    swapci_buffer_fini(&f.out);
}

static void stays_as_it_is(const uint8_t *bytes, size_t len) {
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    assert_int_equal(add(&f, bytes, len), SWAPC_OK);
    assert_int_equal(f.out.len, 0);
    swapci_buffer_fini(&f.out);
}

/* What is light enough, or calls imports or leaves only, or has no code at all. */
static void others_stay_as_they_are(void **unused) {
    (void)unused;
    static const uint8_t nothing[] = {HEAD};
    static const uint8_t light[] = {
        HEAD, 1, 4, 1,  0x60, 0, 0,  3, 2,    1, 0,    5,    3,
        1,    0, 1, 10, 18,   1, 16, 0, 0x10, 0, LOAD, LOAD, 0x0b,
    };
    static const uint8_t import[] = {
        HEAD, 1, 4,    1, 0x60, 0,    0,    2,    7,    1,    1,    'm',  1,  'f',
        0,    0, 3,    2, 1,    0,    5,    3,    1,    0,    1,    10,   48, 1,
        46,   0, 0x10, 0, LOAD, LOAD, LOAD, LOAD, LOAD, LOAD, LOAD, 0x0b,
    };
    stays_as_it_is(nothing, sizeof nothing);
    stays_as_it_is(light, sizeof light);
    stays_as_it_is(import, sizeof import);
}

static void out_of_memory_is_a_status(void **unused) {
    (void)unused;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
        swapci_alloc_fail_at(n);
        enum swapc_status status = add(&f, heavy, sizeof heavy);
        done = !swapci_alloc_failed();
        swapci_alloc_fail_at(0);
        assert_int_equal(status, done ? SWAPC_OK : SWAPC_NO_MEMORY);
        swapci_buffer_fini(&f.out);
    }
}

/* A copy of its own, so that a read past its end is seen. */
static void feed_copy(struct fixture *f, const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum swapc_status status = add(f, copy, len);
    assert_true(status == SWAPC_OK || status == SWAPC_MODULE_MALFORMED ||
                status == SWAPC_UNSUPPORTED);
    free(copy);
}

static void no_input_breaks_it(void **unused) {
    (void)unused;
    struct fixture f = {SWAPCI_BUFFER_INIT, SWAPC_ERROR_INIT};
    uint8_t bytes[sizeof heavy];
    for (size_t len = 0; len <= sizeof heavy; len++) feed_copy(&f, heavy, len);
    for (size_t at = 0; at < sizeof heavy; at++)
        for (unsigned value = 0; value < 256; value++) {
            memcpy(bytes, heavy, sizeof heavy);
            bytes[at] = (uint8_t)value;
            feed_copy(&f, bytes, sizeof bytes);
        }
    swapci_buffer_fini(&f.out);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_way_back_gets_one),
        cmocka_unit_test(others_stay_as_they_are),
        cmocka_unit_test(out_of_memory_is_a_status),
        cmocka_unit_test(no_input_breaks_it),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
