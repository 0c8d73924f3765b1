/* The ceilings: deadlines, cancelling, memory, and what happens when the pool or the address space
 * is used up. */
#include "test_main.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "c_stack.h"
#include "wt_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define NEAR_NS UINT64_C(20000000)

static void loop_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(loop (br 0)) unreachable))");
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(call(&f, &result), SWAPC_DEADLINE);
    assert_non_null(strstr(f.error.text, "deadline"));
    fixture_close(&f);
}

/* The true reason: wasmtime itself says no more than that it cannot create a memfd. */
static void a_full_descriptor_table_is_named(void **unused) {
    (void)unused;
    struct fixture f;
    struct rlimit before, none;
    fixture_open(&f, 4);
    assert_true(swapci_c_stack_suffices(0)); /* asked for now: of a main thread, it reads a file */
    assert_int_equal(compile_text(&f, "(module " MEMORY "(data (i32.const 0) \"a\") " GUEST_CALL
                                      "i32.const 1))"),
                     SWAPC_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum swapc_status status = instantiate(&f, &f.instance);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, SWAPC_SYSTEM);
    if (!strstr(f.error.text, "ulimit -n")) fail_msg("%s", f.error.text);
    fixture_close(&f);
}

static void start_loop_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_open(&f, 4);
    assert_int_equal(compile_text(&f,
                                  "(module " MEMORY "(func $s (loop (br 0))) (start $s) " GUEST_CALL
                                  "i32.const 1))"),
                     SWAPC_OK);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_DEADLINE);
    assert_null(f.instance);
    fixture_close(&f);
}

static void init_loop_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    bool found = false;
    fixture_start(&f, "(module " MEMORY "(func (export \"_initialize\") (loop (br 0))) " GUEST_CALL
                      "i32.const 1))");
    assert_int_equal(engine->run_export(f.instance, "_start", &f.run, &found, &f.error), SWAPC_OK);
    assert_false(found);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(engine->run_export(f.instance, "_initialize", &f.run, &found, &f.error),
                     SWAPC_DEADLINE);
    assert_true(found);
    fixture_close(&f);
}

/* The ticker goes to sleep while a host function blocks; it must be back when the guest goes on. */
static void loop_after_long_import_meets_deadline(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, "(module (import \"t\" \"nap\" (func $nap)) " MEMORY GUEST_CALL
                      "call $nap (loop (br 0)) unreachable))");
    f.run.deadline_ns = swapci_clock_monotonic_ns() + UINT64_C(600000000);
    assert_int_equal(call(&f, &result), SWAPC_DEADLINE);
    fixture_close(&f);
}

/* A later call finds the ticker asleep. */
static void deadline_after_a_pause(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    const struct timespec pause = {0, 400000000};
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(loop (br 0)) unreachable))");
    nanosleep(&pause, NULL);
    f.run.deadline_ns = swapci_clock_monotonic_ns() + NEAR_NS;
    assert_int_equal(call(&f, &result), SWAPC_DEADLINE);
    fixture_close(&f);
}

static void *cancel_soon(void *flag) {
    const struct timespec pause = {0, 20000000};
    nanosleep(&pause, NULL);
    __atomic_store_n((int *)flag, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void cancels_from_another_thread(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    int flag = 0;
    pthread_t thread;
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(loop (br 0)) unreachable))");
    f.run = (swapc_run){.cancel = &flag};
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &flag), 0);
    assert_int_equal(call(&f, &result), SWAPC_CANCELLED);
    pthread_join(thread, NULL);
    swapc_error_clear(&f.error);
    assert_int_equal(call(&f, &result), SWAPC_CANCELLED); /* not entered at all */
    fixture_close(&f);
}

static void memory_grows_to_its_limit(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t pages = 0;
    fixture_open(&f, 4);
    assert_int_equal(compile_text(&f, "(module " MEMORY GUEST_CALL
                                      "(loop (br_if 0 (i32.ne (i32.const -1) (memory.grow "
                                      "(i32.const 1))))) memory.size))"),
                     SWAPC_OK);
    f.limits.memory_max = 5 * 65536 + 100;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_OK);
    assert_int_equal(call(&f, &pages), SWAPC_OK);
    assert_int_equal(pages, 5);
    fixture_close(&f);
}

static void initial_memory_over_limit(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_open(&f, 4);
    assert_int_equal(
        compile_text(&f, "(module (memory (export \"memory\") 100) " GUEST_CALL "i32.const 1))"),
        SWAPC_OK);
    f.limits.memory_max = 99 * 65536;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_MEMORY_LIMIT);
    assert_non_null(strstr(f.error.text, "memory_max"));
    f.limits.memory_max = 100 * 65536;
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_OK);
    fixture_close(&f);
}

static void table_bomb_is_held(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module " MEMORY "(table $t 1 funcref) " GUEST_CALL
                      "(table.grow $t (ref.null func) (i32.const 0x7fffffff))))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, -1);
    fixture_close(&f);
}

static void table_over_limit(void **unused) {
    (void)unused;
    struct fixture f;
    fixture_open(&f, 4);
    assert_int_equal(
        compile_text(&f, "(module " MEMORY "(table 9000000 funcref) " GUEST_CALL "i32.const 1))"),
        SWAPC_OK);
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_LIMIT);
    assert_null(f.instance);
    fixture_close(&f);
}

#define RECURSES                                                                                   \
    "(module " MEMORY "(func $r (param i32) (result i32) local.get 0 call $r local.get 0 "         \
    "i32.add) " GUEST_CALL "local.get 0 call $r))"

static void *call_in_thread(void *arg) {
    struct fixture *f = arg;
    int32_t result;
    return (void *)(intptr_t)call(f, &result);
}

/* What a thread with this much stack gets from a guest in endless recursion. */
static enum swapc_status recurse_with_stack(size_t bytes) {
    struct fixture f;
    pthread_attr_t attributes;
    pthread_t thread;
    void *status;
    fixture_start(&f, RECURSES);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, bytes), 0);
    assert_int_equal(pthread_create(&thread, &attributes, call_in_thread, &f), 0);
    assert_int_equal(pthread_join(thread, &status), 0);
    pthread_attr_destroy(&attributes);
    fixture_close(&f);
    return (enum swapc_status)(intptr_t)status;
}

static void recursion_traps(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, RECURSES);
    assert_int_equal(call(&f, &result), SWAPC_TRAP_STACK);
    assert_non_null(strstr(f.error.text, "recurses"));
    fixture_close(&f);
}

static void short_thread_stack_is_no_crash(void **unused) {
    (void)unused;
    assert_int_equal(recurse_with_stack((size_t)256 * 1024), SWAPC_LIMIT);
    assert_int_equal(recurse_with_stack((size_t)2048 * 1024), SWAPC_TRAP_STACK);
}

static unsigned count_lines(const char *path) {
    unsigned lines = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c = getc(file); c != EOF; c = getc(file)) lines += c == '\n';
    fclose(file);
    return lines;
}

static unsigned count_entries(const char *path) {
    unsigned entries = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir)) entries++;
    closedir(dir);
    return entries;
}

static void make_and_free(struct fixture *f, unsigned times) {
    for (unsigned i = 0; i < times; i++) {
        swapc_engine_instance *instance;
        int32_t result = 0;
        assert_int_equal(instantiate(f, &instance), SWAPC_OK);
        assert_int_equal(engine->call(instance, &f->run, 0, 0, &result, &f->error), SWAPC_OK);
        assert_int_equal(result, 1); /* the memory is fresh each time */
        engine->free_instance(instance);
    }
}

static void many_instances_leave_nothing(uint32_t pool_instances) {
    struct fixture f;
    fixture_open(&f, pool_instances);
    assert_int_equal(compile_text(&f, "(module " MEMORY GUEST_CALL
                                      "(i32.store (i32.const 8) (i32.add (i32.const 1) "
                                      "(i32.load (i32.const 8)))) (i32.load (i32.const 8))))"),
                     SWAPC_OK);
    make_and_free(&f, 100);
    const unsigned maps = count_lines("/proc/self/maps");
    const unsigned files = count_entries("/proc/self/fd");
    make_and_free(&f, 1000);
    assert_true(count_lines("/proc/self/maps") <= maps + 8); /* the allocator's own */
    assert_int_equal(count_entries("/proc/self/fd"), files);
    fixture_close(&f);
}

static void pooled_instances_leave_nothing(void **unused) {
    (void)unused;
    many_instances_leave_nothing(4);
}

static void demand_instances_leave_nothing(void **unused) {
    (void)unused;
    many_instances_leave_nothing(0);
}

static void more_instances_than_the_pool_holds(void **unused) {
    (void)unused;
    struct fixture f;
    swapc_engine_instance *instances[9];
    fixture_open(&f, 3);
    assert_int_equal(
        compile_text(
            &f, "(module (import \"t\" \"pages\" (func $pages (result i32))) " MEMORY GUEST_CALL
                "call $pages))"),
        SWAPC_OK);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 9; i++) assert_int_equal(instantiate(&f, &instances[i]), SWAPC_OK);
        assert_non_null(strstr(f.logged, "pool of 3 instances"));
        for (unsigned i = 0; i < 9; i++) {
            int32_t result = 0;
            assert_int_equal(engine->call(instances[i], &f.run, 0, 0, &result, &f.error), SWAPC_OK);
            assert_int_equal(result, 1);
            engine->free_instance(instances[i]);
        }
    }
    fixture_close(&f);
}

static void module_too_big_for_a_slot_runs(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_start(&f, "(module " MEMORY "(table 30000 funcref) " GUEST_CALL "i32.const 7))");
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 7);
    fixture_close(&f);
}

static void impossible_pool_falls_back(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    fixture_open(&f, 1000000); /* 4 PiB */
    assert_non_null(strstr(f.logged, "made on demand"));
    assert_string_equal(swapc_engine_wasmtime.settings(f.state), "guards, checkpoints");
    assert_int_equal(compile_text(&f, "(module " MEMORY GUEST_CALL "i32.const 7))"), SWAPC_OK);
    assert_int_equal(instantiate(&f, &f.instance), SWAPC_OK);
    assert_int_equal(call(&f, &result), SWAPC_OK);
    assert_int_equal(result, 7);
    fixture_close(&f);
}

static int run_in_little_space(void) {
    const struct rlimit limit = {UINT64_C(2) << 30, UINT64_C(2) << 30};
    struct fixture f;
    int32_t result = 0;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 2;
    fixture_start(&f, "(module " MEMORY GUEST_CALL "(drop (memory.grow (i32.const 20))) "
                      "i32.const 1300000 i32.load))");
    if (!strstr(f.logged, "address space is short")) return 3;
    if (call(&f, &result) != SWAPC_OK || result != 0) return 4;
    if (strcmp(swapc_engine_wasmtime.settings(f.state), "bounds, checkpoints") != 0) return 5;
    fixture_close(&f);
    return 0;
}

static void little_address_space_falls_back(void **unused) {
    (void)unused;
    if (SANITIZED) skip(); /* the sanitizer's own shadow is terabytes */
    int status = -1;
    const pid_t child = fork();
    if (child == 0) _exit(run_in_little_space());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Compiling in less than it may take: wasmtime would end the process. */
static int compile_in_no_space(void) {
    struct fixture f;
    char line[64] = "";
    fixture_open(&f, 0);
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || !fgets(line, sizeof line, file)) return 2;
    fclose(file);
    const rlim_t size = strtoull(line, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) + (3u << 20);
    const struct rlimit limit = {size, size};
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 3;
    if (compile_text(&f, "(module " MEMORY GUEST_CALL "i32.const 7))") != SWAPC_NO_MEMORY) return 4;
    return strstr(f.error.text, "ulimit -v") ? 0 : 5;
}

static void no_space_to_compile_is_said(void **unused) {
    (void)unused;
    if (SANITIZED) skip();
    int status = -1;
    const pid_t child = fork();
    if (child == 0) _exit(compile_in_no_space());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_meets_deadline),
        cmocka_unit_test(a_full_descriptor_table_is_named),
        cmocka_unit_test(start_loop_meets_deadline),
        cmocka_unit_test(init_loop_meets_deadline),
        cmocka_unit_test(loop_after_long_import_meets_deadline),
        cmocka_unit_test(deadline_after_a_pause),
        cmocka_unit_test(cancels_from_another_thread),
        cmocka_unit_test(memory_grows_to_its_limit),
        cmocka_unit_test(initial_memory_over_limit),
        cmocka_unit_test(table_bomb_is_held),
        cmocka_unit_test(table_over_limit),
        cmocka_unit_test(recursion_traps),
        cmocka_unit_test(short_thread_stack_is_no_crash),
        cmocka_unit_test(pooled_instances_leave_nothing),
        cmocka_unit_test(demand_instances_leave_nothing),
        cmocka_unit_test(more_instances_than_the_pool_holds),
        cmocka_unit_test(module_too_big_for_a_slot_runs),
        cmocka_unit_test(impossible_pool_falls_back),
        cmocka_unit_test(little_address_space_falls_back),
        cmocka_unit_test(no_space_to_compile_is_said),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
