#include "refcount.h"

#include <pthread.h>

#include "test_main.h"

enum { THREADS = 4, ROUNDS = 20000 };

struct object {
    swapci_refcount ref;
    int payload[THREADS]; /* not atomic: the thread sanitizer proves the ordering of the last one */
    atomic_int freed;
};

struct worker {
    struct object *object;
    int index;
};

static void drop(struct object *object) {
    if (!swapci_refcount_release(&object->ref)) return;
    for (int i = 0; i < THREADS; i++) assert_int_equal(object->payload[i], ROUNDS);
    atomic_fetch_add(&object->freed, 1);
}

static void *churn(void *arg) {
    struct worker *worker = arg;
    for (int i = 0; i < ROUNDS; i++) {
        swapci_refcount_retain(&worker->object->ref);
        worker->object->payload[worker->index]++;
        assert_int_equal(swapci_refcount_release(&worker->object->ref), 0);
    }
    drop(worker->object);
    return NULL;
}

static void the_last_release_is_told_once(void **state) {
    (void)state;
    struct object object = {0};
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    swapci_refcount_init(&object.ref);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&object, i};
        swapci_refcount_retain(&object.ref);
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &workers[i]), 0);
    }
    drop(&object);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&object.freed), 1);
    assert_int_equal(swapci_refcount_read(&object.ref), 0);
}

static jmp_buf panicked;

static void leap(const char *file, int line, const char *condition) {
    (void)file;
    (void)line;
    (void)condition;
    longjmp(panicked, 1);
}

static void a_dead_object_panics(void **state) {
    (void)state;
    swapci_refcount ref;
    volatile int panics = 0;
    swapci_refcount_init(&ref);
    assert_int_equal(swapci_refcount_release(&ref), 1);
    swapc_panic_set(leap);
    if (setjmp(panicked) == 0) swapci_refcount_retain(&ref);
    else panics++;
    atomic_store(&ref.count, 0);
    if (setjmp(panicked) == 0) swapci_refcount_release(&ref);
    else panics++;
    swapc_panic_set(NULL);
    assert_int_equal(panics, 2);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_release_is_told_once),
        cmocka_unit_test(a_dead_object_panics),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
