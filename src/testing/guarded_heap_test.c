/* The guard itself: what it must end, and that ordinary use goes on. */
#include "guarded_heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_main.h"

/* Whether a child that does this to a block of that size ends badly. */
static bool dies(void (*act)(volatile char *at, size_t size), size_t size) {
    volatile char *at = calloc(size, 1);
    assert_non_null(at);
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO); /* a sanitizer's report of what is meant to happen */
        act(at, size);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    free((void *)at);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void inside(volatile char *at, size_t size) {
    at[0] = at[size - 1] = 1;
}

static void just_behind(volatile char *at, size_t size) {
    at[size] = 1;
}

static void far_behind(volatile char *at, size_t size) {
    at[size + 61 * 1024] = 1;
}

/* Through a pointer, for the compiler not to see what is wrong. */
static void (*volatile release)(void *) = free;

static void after_free(volatile char *at, size_t size) {
    (void)size;
    release((void *)at);
    at[0] = 1;
}

static void steps_outside_end_the_process(void **unused) {
    (void)unused;
    static const size_t sizes[] = {16, 4096, 11 * 1024 + 16, 100 * 1024};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_false(dies(inside, sizes[i]));
        assert_true(dies(just_behind, sizes[i]));
        assert_true(dies(far_behind, sizes[i]));
        assert_true(dies(after_free, sizes[i]));
    }
}

static void blocks_keep_their_content(void **unused) {
    (void)unused;
    size_t before = swapci_guarded_count();
    char *at = malloc(10);
    assert_non_null(at);
    memcpy(at, "0123456789", 10);
    for (size_t size = 20; size < 4 << 20; size *= 3) {
        char *grown = realloc(at, size);
        assert_non_null(grown);
        at = grown;
        assert_memory_equal(at, "0123456789", 10);
    }
    free(at);
    assert_true(swapci_guarded_count() > before);
}

/* More at once than there are places, and again once they are free. */
static void many_blocks_come_and_go(void **unused) {
    (void)unused;
    enum { MANY = 5000 };
    static char *at[MANY];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            at[i] = calloc(1, (size_t)i % 300 + 1);
            assert_non_null(at[i]);
            assert_int_equal(at[i][i % 300], 0);
            at[i][i % 300] = 1;
        }
        for (int i = 0; i < MANY; i++) free(at[i]);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_outside_end_the_process),
        cmocka_unit_test(blocks_keep_their_content),
        cmocka_unit_test(many_blocks_come_and_go),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
