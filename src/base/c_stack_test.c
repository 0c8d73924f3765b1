/* What is left of a stack, and running on stacks of our own, on threads of every size. */
#include "c_stack.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "test_main.h"

#define KIB ((size_t)1024)

/* Uses size bytes of stack, from the top down, and returns a sum so that they are needed. */
static unsigned use_stack(size_t size) {
    volatile char page[2 * KIB];
    for (size_t i = 0; i < sizeof page; i++) page[i] = (char)i;
    return (unsigned char)page[7] + (size > sizeof page ? use_stack(size - sizeof page) : 0u);
}

struct seen {
    size_t need;
    unsigned calls;
    bool sufficed;  /* with need, inside */
    uintptr_t here; /* inside */
    enum swapc_status status;
    swapc_error error;
};

/* Half of it: frames of an instrumented build are larger than what is asked of them. */
static void look(void *user) {
    struct seen *seen = user;
    seen->calls++;
    seen->here = (uintptr_t)__builtin_frame_address(0);
    seen->sufficed = swapci_c_stack_suffices(seen->need - 8 * KIB);
    use_stack(seen->need / 4);
}

static void *look_with_need(void *user) {
    struct seen *seen = user;
    seen->status = swapci_c_stack_with(seen->need, look, seen, &seen->error);
    return NULL;
}

static void on_thread(size_t stack, void *(*fn)(void *), void *user) {
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, stack), 0);
    assert_int_equal(pthread_create(&thread, &attributes, fn, user), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void any_thread_has_what_is_needed(void **unused) {
    (void)unused;
    static const size_t sizes[] = {64, 128, 256, 1024, 8192};
    static const size_t needs[] = {32 * KIB, SWAPCI_C_STACK_CALL, SWAPCI_C_STACK_LOAD};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof needs / sizeof *needs; j++) {
            struct seen seen = {.need = needs[j]};
            on_thread(sizes[i] * KIB, look_with_need, &seen);
            assert_int_equal(seen.status, SWAPC_OK);
            assert_int_equal(seen.calls, 1);
            assert_true(seen.sufficed);
        }
}

static void enough_stays_here(void **unused) {
    (void)unused;
    struct seen seen = {.need = 64 * KIB};
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    look_with_need(&seen);
    assert_true(here - seen.here < 64 * KIB);
}

/* The caller's bounds are back after a run, also after one within another. */
static void run_inside(void *user) {
    struct seen *seen = user;
    struct seen inner = {.need = 400 * KIB};
    struct swapci_c_stack stack;
    if (swapci_c_stack_init(&stack, 256 * KIB) != 0) return;
    swapci_c_stack_run(&stack, look, &inner);
    seen->sufficed = !inner.sufficed && swapci_c_stack_has(seen->need - 8 * KIB);
    inner.need = SWAPCI_C_STACK_LOAD;
    look_with_need(&inner);
    seen->calls = inner.calls;
    swapci_c_stack_fini(&stack);
}

static void bounds_come_back(void **unused) {
    (void)unused;
    struct swapci_c_stack stack;
    struct seen seen = {.need = 1024 * KIB};
    assert_true(swapci_c_stack_suffices(64 * KIB));
    struct swapci_c_stack_bounds before = swapci_c_stack_now;
    assert_int_equal(swapci_c_stack_init(&stack, 1024 * KIB), 0);
    swapci_c_stack_run(&stack, run_inside, &seen);
    assert_true(seen.sufficed);
    assert_int_equal(seen.calls, 2);
    assert_true(swapci_c_stack_now.low == before.low && swapci_c_stack_now.size == before.size);
    swapci_c_stack_fini(&stack);
}

/* A coroutine's stack is one that nobody told of. */
static ucontext_t coroutine_back, coroutine;
static struct seen coroutine_seen;

static void in_coroutine(void) {
    look_with_need(&coroutine_seen);
}

static void unknown_stack_is_left(void **unused) {
    (void)unused;
    size_t size = 64 * KIB;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(stack != MAP_FAILED);
    coroutine_seen = (struct seen){.need = SWAPCI_C_STACK_CALL};
    assert_int_equal(getcontext(&coroutine), 0);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = size;
    coroutine.uc_link = &coroutine_back;
    makecontext(&coroutine, in_coroutine, 0);
    assert_int_equal(swapcontext(&coroutine_back, &coroutine), 0);
    assert_int_equal(coroutine_seen.calls, 1);
    assert_true(coroutine_seen.sufficed);
    assert_false(coroutine_seen.here - (uintptr_t)stack < size);
    munmap(stack, size);
}

/* Recursion without an end needs a stack of its own now and then, and is told at last. */
struct endless {
    enum swapc_status status;
    swapc_error error;
    unsigned depth;
};

static void hop(void *user);

/* One stack of our own, then one that is too small, so that the next needs one again. */
static void *hop_here(void *user) {
    struct endless *e = user;
    enum swapc_status status = swapci_c_stack_with(SWAPCI_C_STACK_LOAD, hop, e, &e->error);
    if (e->status == SWAPC_OK) e->status = status;
    return NULL;
}

static void hop_inside(void *user) {
    hop_here(user);
}

static void hop(void *user) {
    struct endless *e = user;
    struct swapci_c_stack stack;
    if (++e->depth > 100000 || swapci_c_stack_init(&stack, 64 * KIB) != 0) {
        e->status = SWAPC_SYSTEM;
        return;
    }
    swapci_c_stack_run(&stack, hop_inside, e);
    swapci_c_stack_fini(&stack);
}

static void nesting_has_an_end(void **unused) {
    (void)unused;
    struct endless e = {0};
    on_thread(256 * KIB, hop_here, &e);
    assert_int_equal(e.status, SWAPC_LIMIT);
    assert_non_null(strstr(e.error.text, "host_call_depth"));
    assert_true(e.depth > 100);
    struct seen seen = {.need = SWAPCI_C_STACK_LOAD};
    on_thread(256 * KIB, look_with_need, &seen); /* and nothing is left of it */
    assert_int_equal(seen.calls, 1);
}

static void *take_turns(void *user) {
    for (int i = 0; i < 200; i++) {
        struct seen seen = {.need = SWAPCI_C_STACK_CALL};
        look_with_need(&seen);
        if (seen.calls != 1 || !seen.sufficed) *(bool *)user = false;
    }
    return NULL;
}

static void threads_share_what_is_kept(void **unused) {
    (void)unused;
    enum { THREADS = 20 };
    pthread_t threads[THREADS];
    bool good[THREADS];
    pthread_attr_t attributes;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 128 * KIB), 0);
    for (int i = 0; i < THREADS; i++) {
        good[i] = true;
        assert_int_equal(pthread_create(&threads[i], &attributes, take_turns, &good[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) assert_true(good[i]);
    pthread_attr_destroy(&attributes);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_thread_has_what_is_needed),
        cmocka_unit_test(enough_stays_here),
        cmocka_unit_test(bounds_come_back),
        cmocka_unit_test(unknown_stack_is_left),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(threads_share_what_is_kept),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
