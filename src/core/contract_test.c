/* What a slot's contract asks, who answers it, and that nobody else is published. */
#include "swapc/contract.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "failing_alloc.h"
#include "fake_engine.h"
#include "swapc/slot.h"
#include "test_main.h"

#define TEXT                                                                                       \
    "name = \"greetings\"\n"                                                                       \
    "[[self_test]]\nnote = \"a name\"\noperation = \"greet\"\nrequest_text = \"ada\"\n"            \
    "response_text = \"hello\"\n"                                                                  \
    "[[self_test]]\noperation = \"greet\"\nrequest_text = \"nobody\"\nerror_text = \"who?\"\n"

#define TEXT_OF_GREET "[[self_test]]\noperation = \"greet\"\nresponse = \"\"\n"

struct bench {
    swapc_host *host;
    swapc_slot *slot;
    swapc_contract *contract;
    swapc_reply reply;
    swapc_error error;
};

static unsigned calls;

/* Greets all but nobody. */
static enum swapc_status greets(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                                int32_t *result) {
    (void)op_len;
    calls++;
    *result = 1;
    if (msg_len != 6) return swapci_fake_respond(guest, swapc_bytes_str("hello"));
    *result = 0;
    memcpy(guest->memory, "who?", 4);
    return swapci_fake_wapc(guest, "__guest_error", SWAPCI_FAKE_ARGS(0, 4), NULL);
}

static enum swapc_status always(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                                int32_t *result) {
    (void)op_len, (void)msg_len;
    *result = 1;
    return guest->program->user ? swapci_fake_respond(guest, swapc_bytes_str(guest->program->user))
                                : SWAPC_OK;
}

static enum swapc_status traps(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)guest, (void)op_len, (void)msg_len, (void)result;
    return SWAPC_TRAP;
}

static enum swapc_status points_outside(struct swapci_fake_guest *guest, uint32_t op_len,
                                        uint32_t msg_len, int32_t *result) {
    (void)op_len, (void)msg_len, (void)result;
    return swapci_fake_wapc(guest, "__guest_response", SWAPCI_FAKE_ARGS(UINT32_MAX, 8), NULL);
}

static enum swapc_status wait_for_the_deadline(const swapc_run *run) {
    while (run->deadline_ns == 0 || swapci_clock_monotonic_ns() < run->deadline_ns) usleep(1000);
    return SWAPC_DEADLINE;
}

static enum swapc_status hangs(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)op_len, (void)msg_len, (void)result;
    return wait_for_the_deadline(&guest->run);
}

static enum swapc_status start_hangs(struct swapci_fake_guest *guest) {
    return wait_for_the_deadline(&guest->run);
}

static const struct swapci_fake_program good = {.call = greets};
static const struct swapci_fake_program hanging_start = {.call = greets, .start = start_hangs};
static const struct {
    struct swapci_fake_program program;
    const char *says;
} hostile[] = {
    {{.call = traps},
     "vector 1 (a name; operation greet) must be answered with the response \"hello\", "
     "and was answered with TRAP"},
    {{.call = always}, "and was answered with the response \"\""},
    {{.call = always, .user = "9.90"}, "and was answered with the response \"9.90\""},
    {{.call = always, .user = "hello"},
     "vector 2 (operation greet) must be answered with the error \"who?\""},
    {{.call = points_outside}, "TRAP_MEMORY"},
    {{.call = hangs}, "DEADLINE"},
};

static int setup(void **state) {
    static struct bench b;
    b = (struct bench){.reply = SWAPC_REPLY_INIT};
    assert_int_equal(swapc_host_new(NULL, &b.host, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("front", &b.slot, NULL), SWAPC_OK);
    assert_int_equal(
        swapc_contract_load_bytes("greet.toml", swapc_bytes_str(TEXT), &b.contract, NULL),
        SWAPC_OK);
    assert_int_equal(swapc_slot_set_contract(b.slot, b.contract, NULL), SWAPC_OK);
    memset(&swapci_fake, 0, sizeof swapci_fake);
    *state = &b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    swapc_slot_free(b->slot);
    swapc_contract_release(b->contract);
    swapc_reply_fini(&b->reply);
    assert_int_equal(atomic_load(&swapci_fake.modules), 0);
    swapc_host_free(b->host);
    return 0;
}

static swapc_module *load(struct bench *b, const struct swapci_fake_program *program,
                          const char *name) {
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_module *module = NULL;
    assert_int_equal(swapc_module_load_bytes(b->host, name, swapci_fake_bytes(program, bytes), NULL,
                                             &module, NULL),
                     SWAPC_OK);
    return module;
}

static void what_it_says(void **state) {
    struct bench *b = *state;
    assert_string_equal(swapc_contract_name(b->contract), "greetings");
    assert_string_equal(swapc_contract_operations(b->contract)[0], "greet");
    assert_null(swapc_contract_operations(b->contract)[1]);
    assert_null(swapc_contract_optional(b->contract)[0]);
    assert_int_equal(swapc_contract_vectors(b->contract), 2);
    assert_ptr_equal(swapc_slot_contract(b->slot), b->contract);
}

static void texts_that_are_none(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "needs nothing"},
        {"nam = \"a\"\n", "line 1: no key is called \"nam\" here: did you mean \"name\"?"},
        {"name = \"a\"\nname = \"b\"\n", "line 2: name is said a second time"},
        {"version = \"1\"\n", "line 1: no key is called \"version\""},
        {"[flavours]\n", "line 1: no table is called \"flavours\""},
        {"[self_test]\n", "line 1: this table is written [[self_test]]"},
        {"[[self_tests]]\n", "did you mean \"self_test\"?"},
        {"[[self_test]]\nresponse_text = \"\"\n", "line 1: self_test 1 lacks its operation"},
        {"operations = []\n", "line 1: operations names none"},
        {"optional = []\n", "line 1: optional names none"},
        {"optonal = [\"a\"]\n", "did you mean \"optional\"?"},
        {"optional = [\"a\"]\noptional = [\"b\"]\n", "line 2: optional is said a second time"},
        {"optional = [\"a\", \"a\"]\n", "line 1: operation a is named a second time"},
        {"optional = [\"many\"]\n" TEXT_OF_GREET, "asks nothing of the optional operation many"},
        {"operations = [\"greet\"]\noptional = [\"greet\"]\n" TEXT_OF_GREET,
         "names greet both in operations and in optional"},
        {"total_ms = 0\n", "line 1: "},
        {"total_ms = 60001\n", "line 1: "},
        {"total_ms = 5\ntotal_ms = 5\n", "line 2: total_ms is said a second time"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        swapc_contract *contract = NULL;
        swapc_error error = SWAPC_ERROR_INIT;
        enum swapc_status status =
            swapc_contract_load_bytes("c.toml", swapc_bytes_str(bad[i][0]), &contract, &error);
        if (status != SWAPC_BUNDLE || !strstr(error.text, bad[i][1]))
            fail_msg("%s: %s %s", bad[i][0], swapc_status_name(status), error.text);
        assert_null(contract);
    }
    swapc_contract *contract = NULL;
    assert_int_equal(swapc_contract_load("/nowhere/contract.toml", &contract, NULL),
                     SWAPC_NOT_FOUND);
}

/* Nothing gets in by any door without having answered. */
static void who_was_not_admitted_is_not_published(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &good, "good");
    uint64_t generation = 77;
    swapc_pin pin;
    assert_int_equal(swapc_slot_publish(b->slot, module, &generation), SWAPC_CONTRACT);
    assert_int_equal(swapc_slot_publish_pin(b->slot, module, &pin), SWAPC_CONTRACT);
    assert_int_equal(swapc_slot_ensure_pin(b->slot, module, &pin, NULL), SWAPC_CONTRACT);
    assert_int_equal(generation, 77);
    assert_int_equal(swapc_slot_generation(b->slot), 0);
    swapc_module_release(module);
}

/* Admitted once, published as often as wanted: here, and where the same contract holds. */
static void an_admitted_module_is_not_asked_again(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &good, "good"), *other = load(b, &good, "other");
    swapc_slot *second = NULL;
    calls = 0;
    assert_int_equal(swapc_slot_admit(b->slot, module, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_admit(b->slot, other, NULL), SWAPC_OK);
    assert_int_equal(calls, 4);
    assert_int_equal(swapc_slot_new("back", &second, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_set_contract(second, b->contract, NULL), SWAPC_OK);
    for (int i = 0; i < 5; i++) {
        swapc_module *next = i % 2 ? module : other;
        assert_int_equal(swapc_slot_admit(b->slot, next, NULL), SWAPC_OK);
        assert_int_equal(swapc_slot_publish(b->slot, next, NULL), SWAPC_OK);
        assert_int_equal(swapc_slot_publish(second, next, NULL), SWAPC_OK);
    }
    assert_int_equal(swapc_slot_rollback(b->slot, NULL), SWAPC_OK);
    assert_int_equal(calls, 4);
    swapc_slot_free(second);
    swapc_module_release(module);
    swapc_module_release(other);
}

/* Another contract is another question. */
static void contracts_do_not_vouch_for_each_other(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &good, "good");
    swapc_slot *second = NULL;
    swapc_contract *other = NULL;
    assert_int_equal(swapc_contract_load_bytes("x", swapc_bytes_str(TEXT), &other, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("back", &second, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_set_contract(second, other, NULL), SWAPC_OK);
    swapc_contract_release(other); /* the slot keeps its own reference */
    assert_int_equal(swapc_slot_admit(b->slot, module, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_publish(second, module, NULL), SWAPC_CONTRACT);
    assert_int_equal(swapc_slot_admit(second, module, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_publish(second, module, NULL), SWAPC_OK);
    swapc_slot_free(second);
    swapc_module_release(module);
}

static void hostile_modules_are_refused_by_name(void **state) {
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        swapc_module *module = load(b, &hostile[i].program, "evil.wasm");
        swapc_error_clear(&b->error);
        assert_int_equal(swapc_slot_admit(b->slot, module, &b->error), SWAPC_CONTRACT);
        if (!strstr(b->error.text, hostile[i].says) ||
            !strstr(b->error.text, "evil.wasm does not do what slot front needs"))
            fail_msg("%zu: %s", i, b->error.text);
        assert_int_equal(swapc_slot_publish(b->slot, module, NULL), SWAPC_CONTRACT);
        swapc_module_release(module);
    }
}

static void a_contract_comes_first(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &good, "good");
    assert_int_equal(swapc_slot_set_contract(b->slot, b->contract, NULL), SWAPC_BUSY);
    swapc_slot *late = NULL;
    assert_int_equal(swapc_slot_new("late", &late, NULL), SWAPC_OK);
    assert_null(swapc_slot_contract(late));
    assert_int_equal(swapc_slot_admit(late, module, NULL), SWAPC_OK); /* nothing to ask */
    assert_int_equal(swapc_slot_publish(late, module, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_set_contract(late, b->contract, NULL), SWAPC_BUSY);
    swapc_slot_free(late);
    swapc_module_release(module);
}

static int ends_alike(swapc_bytes operation, swapc_bytes expected, swapc_bytes came, void *user) {
    (void)user;
    return operation.len == 5 && expected.len && came.len &&
           expected.ptr[expected.len - 1] == came.ptr[came.len - 1];
}

static void answers_may_be_written_in_several_ways(void **state) {
    struct bench *b = *state;
    static const struct swapci_fake_program other_words = {.call = always, .user = "buongiorno"};
    swapc_module *module = load(b, &other_words, "other");
    assert_int_equal(swapc_contract_check(b->contract, module, &b->error), SWAPC_CONTRACT);
    assert_non_null(strstr(b->error.text, "contract greetings needs: vector 1"));
    swapc_contract_compare(b->contract, ends_alike, NULL);
    swapc_error_clear(&b->error);
    assert_int_equal(swapc_contract_check(b->contract, module, &b->error), SWAPC_CONTRACT);
    assert_non_null(strstr(b->error.text, "vector 2")); /* errors are compared byte for byte */
    swapc_module_release(module);
}

/* A swap's candidate: from a file, and its start has a deadline as well. */
static void a_candidate_that_hangs_at_its_start(void **state) {
    struct bench *b = *state;
    uint8_t storage[SWAPCI_FAKE_BYTES_MAX];
    char path[] = "/tmp/swapc-contract-test-XXXXXX";
    int fd = mkstemp(path);
    swapc_bytes bytes = swapci_fake_bytes(&hanging_start, storage);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
    close(fd);
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    swapc_limits limits = SWAPC_LIMITS_INIT;
    limits.deadline_ms = 600000;
    options.self_test = SWAPC_SELF_TEST_SKIP;
    options.module.limits = &limits;
    uint64_t start = swapci_clock_monotonic_ns();
    assert_int_equal(swapc_slot_swap(b->slot, b->host, path, &options, NULL, &b->error),
                     SWAPC_DEADLINE);
    assert_non_null(strstr(b->error.text, "at its start"));
    assert_non_null(strstr(b->error.text, path));
    assert_true((swapci_clock_monotonic_ns() - start) / 1000000 < limits.deadline_ms / 2);
    unlink(path);
}

/* Answers after 8 ms of CPU time, where its deadline is 40 ms. */
static enum swapc_status works(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    uint64_t until_ns = swapci_clock_thread_cpu_ns() + 8000000;
    while (swapci_clock_thread_cpu_ns() < until_ns)
        if (swapci_clock_monotonic_ns() >= guest->run.deadline_ns) return SWAPC_DEADLINE;
    return greets(guest, op_len, msg_len, result);
}

enum { BURNERS = 15 };

/* Those whose number is below `wanted` go on. It is read relaxed: the thread sanitizer has a lock for any other order, which fifteen
 * readers would keep from who writes. */
static atomic_uint burning, wanted;

static void *burn(void *number) {
    atomic_fetch_add(&burning, 1);
    while ((uintptr_t)number < atomic_load_explicit(&wanted, memory_order_relaxed)) continue;
    return NULL;
}

/* One CPU for all threads of this process from now on, the calling one's share of which is
 * small. */
static bool share_a_cpu(cpu_set_t *before) {
    cpu_set_t one;
    int cpu = sched_getcpu();
    CPU_ZERO(&one);
    CPU_SET(cpu < 0 ? 0 : cpu, &one);
    return sched_getaffinity(0, sizeof *before, before) == 0 &&
           sched_setaffinity(0, sizeof one, &one) == 0;
}

/* Out: whether this thread had less than a 25th of the CPU meanwhile, as others want it, too: a 64th is what is waited for. */
static enum swapc_status check_in_a_crowd(const swapc_contract *contract, swapc_module *module,
                                          swapc_error *error, bool *others) {
    uint64_t cpu_ns = swapci_clock_thread_cpu_ns(), from_ns = swapci_clock_monotonic_ns();
    swapc_error_clear(error);
    enum swapc_status status = swapc_contract_check(contract, module, error);
    cpu_ns = swapci_clock_thread_cpu_ns() - cpu_ns;
    *others = cpu_ns * 25 < swapci_clock_monotonic_ns() - from_ns;
    return status;
}

/* Fifteen other threads want the CPU: its 8 ms take this one some 130, three times its deadline,
 * which is never met. */
static void a_thread_that_hardly_gets_a_CPU_does_not_refuse_a_good_module(void **state) {
    static const struct swapci_fake_program program = {.call = works};
    struct bench *b = *state;
    swapc_contract *contract = NULL;
    pthread_t burners[BURNERS];
    cpu_set_t before;
    if (swapci_clock_thread_waited_ns() == 0) skip(); /* this kernel does not tell */
    assert_int_equal(
        swapc_contract_load_bytes(
            "c",
            swapc_bytes_str("[[self_test]]\noperation = \"greet\"\nrequest_text = \"ada\"\n"
                            "response_text = \"hello\"\ndeadline_ms = 40\n"),
            &contract, NULL),
        SWAPC_OK);
    swapc_module *module = load(b, &program, "works");
    assert_true(share_a_cpu(&before));
    atomic_store(&wanted, BURNERS);
    for (uintptr_t i = 0; i < BURNERS; i++)
        assert_int_equal(pthread_create(&burners[i], NULL, burn, (void *)i), 0);
    while (atomic_load(&burning) < BURNERS) sched_yield();
    enum swapc_status status;
    bool others;
    for (;;) {
        status = check_in_a_crowd(contract, module, &b->error, &others);
        if (status == SWAPC_OK || !others) break;
        atomic_store(&wanted, atomic_load(&wanted) / 2); /* the others do it for us */
    }
    atomic_store(&wanted, 0);
    for (unsigned i = 0; i < BURNERS; i++) pthread_join(burners[i], NULL);
    sched_setaffinity(0, sizeof before, &before);
    assert_string_equal(b->error.text, "");
    assert_int_equal(status, SWAPC_OK);
    swapc_module_release(module);
    swapc_contract_release(contract);
}

static void out_of_memory_is_a_status(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &good, "good");
    assert_int_equal(swapc_contract_check(b->contract, module, NULL), SWAPC_OK); /* warm */
    for (unsigned n = 1;; n++) {
        swapc_contract *contract = NULL;
        swapci_alloc_fail_at(n);
        enum swapc_status status =
            swapc_contract_load_bytes("x", swapc_bytes_str(TEXT), &contract, NULL);
        bool failed = swapci_alloc_failed();
        assert_int_equal(status, failed ? SWAPC_NO_MEMORY : SWAPC_OK);
        swapc_contract_release(contract);
        if (!failed) break;
    }
    swapci_alloc_fail_at(
        0); /* what the process allocates at its end is not to be the one that fails */
    swapc_module_release(module);
}

/* Answers once, then hangs: on whichever vector that falls, a fresh instance must not be let off
 * it. */
static enum swapc_status hangs_later(struct swapci_fake_guest *guest, uint32_t op_len,
                                     uint32_t msg_len, int32_t *result) {
    if (guest->memory[SWAPCI_FAKE_MEMORY - 1]++ == 0) return greets(guest, op_len, msg_len, result);
    return wait_for_the_deadline(&guest->run);
}

static void a_module_that_hangs_on_its_second_call_is_refused(void **state) {
    static const struct swapci_fake_program program = {.call = hangs_later};
    struct bench *b = *state;
    swapc_module *module = load(b, &program, "later");
    assert_int_equal(swapc_slot_admit(b->slot, module, &b->error), SWAPC_CONTRACT);
    assert_non_null(strstr(b->error.text, "vector 2"));
    assert_non_null(strstr(b->error.text, "DEADLINE"));
    assert_int_equal(swapc_slot_publish(b->slot, module, NULL), SWAPC_CONTRACT);
    swapc_module_release(module);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(who_was_not_admitted_is_not_published, setup, teardown),
        cmocka_unit_test_setup_teardown(an_admitted_module_is_not_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_module_that_hangs_on_its_second_call_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(contracts_do_not_vouch_for_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_modules_are_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_contract_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_may_be_written_in_several_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(a_candidate_that_hangs_at_its_start, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_thread_that_hardly_gets_a_CPU_does_not_refuse_a_good_module, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_is_a_status, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
