/* A swap by stages: what each stage refuses, and that the slot then serves what it served. */
#include "swapc/slot.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fake_engine.h"
#include "publish.h"
#include "test_main.h"

#define HEAD "name = \"b\"\nversion = \"1.0.0\"\n[flavours]\nwide = \"wide.wasm\"\n"
#define ECHOES "[[self_test]]\noperation = \"echo\"\nrequest = \"00ff\"\nresponse = \"00ff\"\n"

struct bench {
    char folder[32];
    char logged[600];
    swapc_host *host;
    swapc_slot *slot;
    swapc_reply reply;
    swapc_error error;
    swapc_swap_report report;
};

static void keep_log(enum swapc_log_level level, const char *source, const char *message,
                     void *user) {
    (void)level, (void)source;
    snprintf(((struct bench *)user)->logged, 600, "%s", message);
}

/* Answers with its tag, or refuses. */
static enum swapc_status tagged(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                                int32_t *result) {
    (void)op_len, (void)msg_len;
    *result = guest->program->user != NULL;
    return guest->program->user ? swapci_fake_respond(guest, swapc_bytes_str(guest->program->user))
                                : SWAPC_OK;
}

static enum swapc_status traps(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)guest, (void)op_len, (void)msg_len, (void)result;
    return SWAPC_TRAP;
}

static enum swapc_status start_traps(struct swapci_fake_guest *guest) {
    (void)guest;
    return SWAPC_TRAP;
}

static const struct swapci_fake_program old = {.call = tagged, .user = "old"};
static const struct swapci_fake_program refuses = {.call = tagged};
static const struct swapci_fake_program always_traps = {.call = traps};
static const struct swapci_fake_program does_not_start = {.call = tagged, .start = start_traps};

static void write_file(const struct bench *b, const char *name, const void *bytes, size_t len) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", b->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void bundle(const struct bench *b, const struct swapci_fake_program *program,
                   const char *manifest) {
    uint8_t storage[SWAPCI_FAKE_BYTES_MAX];
    swapc_bytes bytes = swapci_fake_bytes(program, storage);
    write_file(b, "wide.wasm", bytes.ptr, bytes.len);
    write_file(b, "module.toml", manifest, strlen(manifest));
}

enum { MODULES_LIMIT_MS = 600000 };

static int setup(void **state) {
    static struct bench b;
    b = (struct bench){.reply = SWAPC_REPLY_INIT, .report = SWAPC_SWAP_REPORT_INIT};
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.log = (swapc_log){keep_log, &b, SWAPC_LOG_INFO};
    config.limits.deadline_ms = MODULES_LIMIT_MS;
    strcpy(b.folder, "/tmp/swapc-swap-test-XXXXXX");
    assert_non_null(mkdtemp(b.folder));
    assert_int_equal(swapc_host_new(&config, &b.host, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("tested", &b.slot, NULL), SWAPC_OK);
    memset(&swapci_fake, 0, sizeof swapci_fake);
    *state = &b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    char path[64];
    swapc_slot_free(b->slot);
    swapc_reply_fini(&b->reply);
    assert_int_equal(atomic_load(&swapci_fake.modules), 0);
    assert_int_equal(atomic_load(&swapci_fake.instances), 0);
    swapc_host_free(b->host);
    snprintf(path, sizeof path, "%s/wide.wasm", b->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/module.toml", b->folder);
    unlink(path);
    return rmdir(b->folder);
}

static enum swapc_status swap_as(struct bench *b, enum swapc_self_test self_test) {
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    options.module.engine = "fake";
    options.self_test = self_test;
    swapc_error_clear(&b->error);
    return swapc_slot_swap(b->slot, b->host, b->folder, &options, &b->report, &b->error);
}

static enum swapc_status swap(struct bench *b) {
    return swap_as(b, SWAPC_SELF_TEST_IF_ANY);
}

static void publish_old(struct bench *b) {
    bundle(b, &old, HEAD);
    assert_int_equal(swap(b), SWAPC_OK);
    assert_int_equal(b->report.generation, 1);
}

static void expect_serving(struct bench *b, uint64_t generation, const char *answer) {
    swapc_pin pin;
    assert_int_equal(swapc_slot_pin(b->slot, &pin), SWAPC_OK);
    assert_int_equal(pin.generation, generation);
    assert_int_equal(swapc_pin_call(&pin, swapc_bytes_str("echo"), swapc_bytes_str("new"), NULL,
                                    &b->reply, NULL),
                     SWAPC_OK);
    assert_true(swapc_bytes_equal(b->reply.body, swapc_bytes_str(answer)));
    swapc_pin_release(&pin);
}

static void expect_refused(struct bench *b, enum swapc_status status, enum swapc_swap_stage stage) {
    assert_int_equal(b->error.status, status);
    assert_int_equal(b->report.stage, stage);
    assert_int_equal(b->report.generation, 0);
    assert_non_null(strstr(b->error.text, "slot \"tested\""));
    assert_non_null(strstr(b->error.text, swapc_swap_stage_name(stage)));
    assert_non_null(strstr(b->logged, "generation 1 goes on serving"));
    expect_serving(b, 1, "old");
}

static void a_good_bundle_is_published(void **state) {
    struct bench *b = *state;
    publish_old(b);
    bundle(b, &swapci_fake_echo, HEAD ECHOES ECHOES);
    assert_int_equal(swap_as(b, SWAPC_SELF_TEST_REQUIRED), SWAPC_OK);
    assert_int_equal(b->report.stage, SWAPC_SWAP_PUBLISH);
    assert_int_equal(b->report.generation, 2);
    assert_int_equal(b->report.self_tests, 2);
    assert_non_null(strstr(b->logged, "generation 2 is b 1.0.0 on fake"));
    expect_serving(b, 2, "new");
}

static void a_missing_bundle_is_refused_at_prepare(void **state) {
    struct bench *b = *state;
    publish_old(b);
    assert_int_equal(swapc_slot_swap(b->slot, b->host, "/nowhere", NULL, &b->report, &b->error),
                     SWAPC_NOT_FOUND);
    expect_refused(b, SWAPC_NOT_FOUND, SWAPC_SWAP_PREPARE);
}

static void no_memory_is_refused_at_prepare(void **state) {
    struct bench *b = *state;
    publish_old(b);
    swapci_fake.fail_compile = SWAPC_NO_MEMORY;
    assert_int_equal(swap(b), SWAPC_NO_MEMORY);
    expect_refused(b, SWAPC_NO_MEMORY, SWAPC_SWAP_PREPARE);
}

static void a_bad_manifest_is_refused_at_check(void **state) {
    struct bench *b = *state;
    publish_old(b);
    bundle(b, &swapci_fake_echo, HEAD "what is this\n");
    assert_int_equal(swap(b), SWAPC_BUNDLE);
    expect_refused(b, SWAPC_BUNDLE, SWAPC_SWAP_CHECK);
}

static void a_malformed_module_is_refused_at_check(void **state) {
    struct bench *b = *state;
    publish_old(b);
    write_file(b, "wide.wasm", "junk", 4);
    assert_int_equal(swap(b), SWAPC_MODULE_MALFORMED);
    expect_refused(b, SWAPC_MODULE_MALFORMED, SWAPC_SWAP_CHECK);
}

static void a_module_with_what_no_engine_takes_is_refused_at_check(void **state) {
    static const uint8_t gc_type[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 3, 1, 0x5f, 0};
    struct bench *b = *state;
    publish_old(b);
    write_file(b, "wide.wasm", gc_type, sizeof gc_type);
    assert_int_equal(swap(b), SWAPC_UNSUPPORTED);
    expect_refused(b, SWAPC_UNSUPPORTED, SWAPC_SWAP_CHECK);
}

static void a_module_that_does_not_start_is_refused_at_check(void **state) {
    struct bench *b = *state;
    publish_old(b);
    bundle(b, &does_not_start, HEAD);
    assert_int_equal(swap(b), SWAPC_TRAP);
    expect_refused(b, SWAPC_TRAP, SWAPC_SWAP_CHECK);
}

static void wrong_answers_are_refused_at_self_test(void **state) {
    static const struct {
        const struct swapci_fake_program *program;
        const char *vectors, *said;
    } wrong[] = {
        {&old, ECHOES, "vector 1 (operation echo)"},
        {&refuses, ECHOES,
         "must be answered with the response 00ff, and was answered with the guest's error "
         "\"guest failed without a message\""},
        {&old, "[[self_test]]\nnote = \"why\"\noperation = \"o\"\nresponse_text = \"new\"\n",
         "vector 1 (why; operation o) must be answered with the response \"new\", and was answered "
         "with the response \"old\""},
        {&refuses, "[[self_test]]\noperation = \"o\"\nerror_text = \"no such user\"\n",
         "the error \"no such user\""},
        {&always_traps, ECHOES, "TRAP"},
        {&swapci_fake_echo, ECHOES "[[self_test]]\noperation = \"bad\"\nerror = true\n",
         "vector 2 (operation bad)"},
        {&always_traps, "[[self_test]]\noperation = \"bad\"\nerror = true\n", "TRAP"},
    };
    struct bench *b = *state;
    publish_old(b);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char manifest[512];
        snprintf(manifest, sizeof manifest, HEAD "%s", wrong[i].vectors);
        bundle(b, wrong[i].program, manifest);
        assert_int_equal(swap(b), SWAPC_SELF_TEST);
        assert_non_null(strstr(b->error.text, wrong[i].said));
        expect_refused(b, SWAPC_SELF_TEST, SWAPC_SWAP_SELF_TEST);
    }
}

/* A candidate that hangs is stopped by the vector's deadline, not by the module's, which is longer;
 * a crowded machine gets a second try. */
static enum swapc_status hangs(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)op_len, (void)msg_len, (void)result;
    while (guest->run.deadline_ns == 0 || swapci_clock_monotonic_ns() < guest->run.deadline_ns)
        usleep(1000);
    return SWAPC_DEADLINE;
}

static enum swapc_status slow_at_first(struct swapci_fake_guest *guest, uint32_t op_len,
                                       uint32_t msg_len, int32_t *result) {
    static bool tried;
    if (!tried) {
        tried = true;
        return hangs(guest, op_len, msg_len, result);
    }
    return tagged(guest, op_len, msg_len, result);
}

static void a_candidate_that_hangs_is_refused_soon(void **state) {
    static const struct swapci_fake_program hang = {.call = hangs};
    static const struct swapci_fake_program slow = {.call = slow_at_first, .user = "slow"};
    struct bench *b = *state;
    publish_old(b);
    bundle(b, &hang, HEAD "[[self_test]]\noperation = \"o\"\nresponse = \"\"\n");
    uint64_t start = swapci_clock_monotonic_ns();
    assert_int_equal(swap(b), SWAPC_SELF_TEST);
    assert_non_null(strstr(b->error.text, "DEADLINE"));
    expect_refused(b, SWAPC_SELF_TEST, SWAPC_SWAP_SELF_TEST);
    assert_true((swapci_clock_monotonic_ns() - start) / 1000000 < MODULES_LIMIT_MS / 2);
    bundle(b, &slow,
           HEAD "[[self_test]]\noperation = \"o\"\nresponse_text = \"slow\"\ndeadline_ms = 5\n");
    assert_int_equal(swap(b), SWAPC_OK);
}

/* A well-made module of another trade is refused by the operations that it names. */
static void a_module_of_another_trade_is_refused_by_name(void **state) {
    struct bench *b = *state;
    swapc_contract *contract = NULL;
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    options.self_test = SWAPC_SELF_TEST_SKIP; /* a contract is never skipped */
    assert_int_equal(
        swapc_contract_load_bytes(
            "c", swapc_bytes_str("[[self_test]]\noperation = \"echo\"\nresponse_text = \"old\"\n"),
            &contract, NULL),
        SWAPC_OK);
    assert_int_equal(swapc_slot_set_contract(b->slot, contract, NULL), SWAPC_OK);
    swapc_contract_release(contract);
    publish_old(b);
    bundle(b, &old, "operations = [\"price\"]\n" HEAD);
    swapc_error_clear(&b->error);
    assert_int_equal(swapc_slot_swap(b->slot, b->host, b->folder, &options, &b->report, &b->error),
                     SWAPC_CONTRACT);
    assert_non_null(strstr(b->error.text, "b offers: price; slot tested needs: echo"));
    expect_refused(b, SWAPC_CONTRACT, SWAPC_SWAP_SELF_TEST);
    bundle(b, &swapci_fake_echo, HEAD);
    swapc_error_clear(&b->error);
    assert_int_equal(swapc_slot_swap(b->slot, b->host, b->folder, &options, &b->report, &b->error),
                     SWAPC_CONTRACT);
    expect_refused(b, SWAPC_CONTRACT, SWAPC_SWAP_SELF_TEST);
    bundle(b, &old, "operations = [\"other\", \"echo\"]\n" HEAD);
    assert_int_equal(swap(b), SWAPC_OK);
}

static void a_guest_that_must_refuse_and_does_passes(void **state) {
    struct bench *b = *state;
    publish_old(b);
    bundle(b, &refuses, HEAD "[[self_test]]\noperation = \"bad\"\nerror = true\n");
    assert_int_equal(swap(b), SWAPC_OK);
    assert_int_equal(b->report.self_tests, 1);
}

static void a_bundle_without_vectors(void **state) {
    struct bench *b = *state;
    publish_old(b);
    bundle(b, &swapci_fake_echo, HEAD);
    assert_int_equal(swap_as(b, SWAPC_SELF_TEST_REQUIRED), SWAPC_SELF_TEST);
    expect_refused(b, SWAPC_SELF_TEST, SWAPC_SWAP_SELF_TEST);
    assert_int_equal(swap(b), SWAPC_OK);
    assert_int_equal(b->report.self_tests, 0);
}

static void self_tests_can_be_skipped(void **state) {
    struct bench *b = *state;
    bundle(b, &old, HEAD ECHOES);
    assert_int_equal(swap_as(b, SWAPC_SELF_TEST_SKIP), SWAPC_OK);
    assert_int_equal(b->report.self_tests, 0);
    expect_serving(b, 1, "old");
}

static void rollback_is_logged(void **state) {
    struct bench *b = *state;
    uint64_t generation = 0;
    publish_old(b);
    bundle(b, &swapci_fake_echo, HEAD);
    assert_int_equal(swap(b), SWAPC_OK);
    assert_int_equal(swapc_slot_rollback(b->slot, &generation), SWAPC_OK);
    assert_non_null(strstr(b->logged, "generation 3 rolls back to b 1.0.0"));
    expect_serving(b, 3, "old");
}

/* While one thread swaps, another waits for each old generation to be left. */
struct leaver {
    swapc_pin pin;
    atomic_int let_go;
};

static void *hold_a_while(void *user) {
    struct leaver *leaver = user;
    while (!atomic_load(&leaver->let_go)) usleep(100);
    usleep(2000);
    swapc_pin_release(&leaver->pin);
    return NULL;
}

static void drain_wakes_when_the_last_call_has_left(void **state) {
    struct bench *b = *state;
    publish_old(b);
    bundle(b, &swapci_fake_echo, HEAD);
    for (int i = 0; i < 20; i++) {
        struct leaver leaver = {.let_go = 0};
        pthread_t thread;
        assert_int_equal(swapc_slot_pin(b->slot, &leaver.pin), SWAPC_OK);
        assert_int_equal(pthread_create(&thread, NULL, hold_a_while, &leaver), 0);
        assert_int_equal(swap(b), SWAPC_OK);
        assert_int_equal(swapc_slot_drain(b->slot, b->report.generation, 0), SWAPC_BUSY);
        atomic_store(&leaver.let_go, 1);
        assert_int_equal(swapc_slot_drain(b->slot, b->report.generation, 60000), SWAPC_OK);
        assert_null(leaver.pin.module);
        pthread_join(thread, NULL);
    }
}

/* Each caller says which generation it is in, under its pin. */
enum { CALLERS = 3, DRAINS = 2000 };

struct caller {
    struct bench *bench;
    atomic_bool *done;
    _Atomic uint64_t inside; /* 0: in none */
    unsigned long wrong;
};

static void *call_until_done(void *user) {
    struct caller *caller = user;
    swapc_reply reply = SWAPC_REPLY_INIT;
    while (!atomic_load(caller->done)) {
        swapc_pin pin;
        if (swapc_slot_pin(caller->bench->slot, &pin) != SWAPC_OK) continue;
        atomic_store(&caller->inside, pin.generation);
        caller->wrong += swapc_pin_call(&pin, swapc_bytes_str("echo"), swapc_bytes_str("x"), NULL,
                                        &reply, NULL) != SWAPC_OK;
        atomic_store(&caller->inside, 0);
        swapc_pin_release(&pin);
    }
    swapc_reply_fini(&reply);
    return NULL;
}

static void after_drain_nobody_is_in_an_old_generation(void **state) {
    struct bench *b = *state;
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    atomic_bool done = false;
    swapc_module *module;
    uint8_t storage[SWAPCI_FAKE_BYTES_MAX];
    assert_int_equal(swapc_module_load_bytes(b->host, "echo",
                                             swapci_fake_bytes(&swapci_fake_echo, storage), NULL,
                                             &module, NULL),
                     SWAPC_OK);
    published(b->slot, module);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.bench = b, .done = &done};
        assert_int_equal(pthread_create(&threads[i], NULL, call_until_done, &callers[i]), 0);
    }
    for (int i = 0; i < DRAINS; i++) {
        uint64_t generation = published(b->slot, module);
        assert_int_equal(swapc_slot_drain(b->slot, generation, 60000), SWAPC_OK);
        for (int c = 0; c < CALLERS; c++) {
            uint64_t inside = atomic_load(&callers[c].inside);
            assert_true(inside == 0 || inside >= generation);
        }
    }
    atomic_store(&done, true);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    swapc_module_release(module);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_bundle_is_published, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_bundle_is_refused_at_prepare, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_is_refused_at_prepare, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_manifest_is_refused_at_check, setup, teardown),
        cmocka_unit_test_setup_teardown(a_malformed_module_is_refused_at_check, setup, teardown),
        cmocka_unit_test_setup_teardown(a_module_with_what_no_engine_takes_is_refused_at_check,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_module_that_does_not_start_is_refused_at_check, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(wrong_answers_are_refused_at_self_test, setup, teardown),
        cmocka_unit_test_setup_teardown(a_guest_that_must_refuse_and_does_passes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bundle_without_vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(a_candidate_that_hangs_is_refused_soon, setup, teardown),
        cmocka_unit_test_setup_teardown(a_module_of_another_trade_is_refused_by_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(self_tests_can_be_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(rollback_is_logged, setup, teardown),
        cmocka_unit_test_setup_teardown(drain_wakes_when_the_last_call_has_left, setup, teardown),
        cmocka_unit_test_setup_teardown(after_drain_nobody_is_in_an_old_generation, setup,
                                        teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
