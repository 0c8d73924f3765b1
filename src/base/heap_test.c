#include "heap.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "swapc/allocator.h"
#include "swapc/log.h"
#include "test_main.h"

/* An allocator that counts what it gave, has none left when empty, and is asked as allocator.h
 * says. */
struct till {
    size_t allocs, reallocs, frees;
    int empty;
};

static void *till_alloc(size_t size, void *user) {
    struct till *till = user;
    assert_true(size > 0);
    till->allocs++;
    void *ptr = till->empty ? NULL : malloc(size);
    return ptr ? memset(ptr, 0xa5, size) : NULL;
}

static void *till_realloc(void *ptr, size_t size, void *user) {
    struct till *till = user;
    assert_true(size > 0);
    till->reallocs++;
    return till->empty ? NULL : realloc(ptr, size);
}

static void till_free(void *ptr, void *user) {
    struct till *till = user;
    assert_non_null(ptr);
    till->frees++;
    free(ptr);
}

static struct till till;

static int setup(void **state) {
    (void)state;
    till = (struct till){0};
    swapc_allocator_set(&(swapc_allocator){till_alloc, till_realloc, till_free, &till});
    return 0;
}

static int teardown(void **state) {
    (void)state;
    swapc_allocator_set(NULL);
    return 0;
}

static void memory_comes_from_the_allocator(void **state) {
    (void)state;
    char *text = swapci_heap_text("abc");
    char *formatted = swapci_heap_format("%s-%d", text, 7);
    unsigned char *zeroed = swapci_heap_zeroed(3, 5);
    assert_string_equal(text, "abc");
    assert_string_equal(formatted, "abc-7");
    for (int i = 0; i < 15; i++) assert_int_equal(zeroed[i], 0);
    text = swapci_heap_resize(text, 100);
    assert_string_equal(text, "abc");
    assert_int_equal(till.allocs, 3);
    assert_int_equal(till.reallocs, 1);
    swapci_heap_free(text);
    swapci_heap_free(formatted);
    swapci_heap_free(zeroed);
    swapci_heap_free(NULL);
    assert_int_equal(till.frees, 3);
}

static void no_memory_is_null(void **state) {
    (void)state;
    char *kept = swapci_heap_text("kept");
    till.empty = 1;
    assert_null(swapci_heap_alloc(1));
    assert_null(swapci_heap_zeroed(1, 1));
    assert_null(swapci_heap_text("x"));
    assert_null(swapci_heap_format("x"));
    assert_null(swapci_heap_resize(NULL, 1));
    assert_null(swapci_heap_resize(kept, 100));
    assert_string_equal(kept, "kept");
    swapci_heap_free(kept);
    assert_int_equal(till.frees, 1);
}

static void sizes_do_not_overflow_and_are_never_0(void **state) {
    (void)state;
    assert_null(swapci_heap_zeroed(SIZE_MAX / 2, 3));
    assert_int_equal(till.allocs, 0);
    char *empty = swapci_heap_alloc(0);
    assert_non_null(empty);
    empty = swapci_heap_resize(empty, 0);
    assert_non_null(empty);
    swapci_heap_free(empty);
}

static void null_is_malloc_again(void **state) {
    (void)state;
    swapc_allocator_set(NULL);
    swapci_heap_free(swapci_heap_alloc(8));
    assert_int_equal(till.allocs + till.frees, 0);
}

static jmp_buf panicked;

static void leap(const char *file, int line, const char *condition) {
    (void)file, (void)line, (void)condition;
    longjmp(panicked, 1);
}

static int set_panics(const swapc_allocator *allocator) {
    volatile int panics = 1;
    swapc_panic_set(leap);
    if (setjmp(panicked) == 0) {
        swapc_allocator_set(allocator);
        panics = 0;
    }
    swapc_panic_set(NULL);
    return panics;
}

static void misuse_panics(void **state) {
    (void)state;
    void *block = swapci_heap_resize(NULL, 1);
    assert_true(set_panics(NULL));
    swapci_heap_free(block);
    assert_true(set_panics(&(swapc_allocator){till_alloc, NULL, till_free, NULL}));
    assert_false(set_panics(NULL));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_comes_from_the_allocator, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_is_null, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_do_not_overflow_and_are_never_0, setup, teardown),
        cmocka_unit_test_setup_teardown(null_is_malloc_again, setup, teardown),
        cmocka_unit_test_setup_teardown(misuse_panics, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
