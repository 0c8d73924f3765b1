/* Loading and calling modules, their instances and the host, over the fake engine. */
#include "swapc/module.h"

#include <pthread.h>
#include <stdio.h>

#include "failing_alloc.h"
#include "fake_engine.h"
#include "test_main.h"

struct bench {
    swapc_host *host;
    swapc_reply reply;
    swapc_error error;
    unsigned lines;
};

static void count_line(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    (void)module, (void)generation, (void)line;
    ((struct bench *)user)->lines++;
}

static int setup(void **state) {
    static struct bench bench;
    bench = (struct bench){.reply = SWAPC_REPLY_INIT};
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.console = count_line;
    config.console_user = &bench;
    assert_int_equal(swapc_host_new(&config, &bench.host, NULL), SWAPC_OK);
    memset(&swapci_fake, 0, sizeof swapci_fake);
    *state = &bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    swapc_reply_fini(&b->reply);
    assert_int_equal(atomic_load(&swapci_fake.modules), 0);
    assert_int_equal(atomic_load(&swapci_fake.instances), 0);
    swapc_host_free(b->host);
    assert_int_equal(atomic_load(&swapci_fake.open), 0);
    return 0;
}

static enum swapc_status try_load(struct bench *b, const struct swapci_fake_program *program,
                                  const swapc_module_options *options, swapc_module **out) {
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_error_clear(&b->error);
    return swapc_module_load_bytes(b->host, "tested", swapci_fake_bytes(program, bytes), options,
                                   out, &b->error);
}

static swapc_module *load(struct bench *b, const struct swapci_fake_program *program) {
    swapc_module *module = NULL;
    enum swapc_status status = try_load(b, program, NULL, &module);
    if (status != SWAPC_OK) fail_msg("%s", b->error.text);
    return module;
}

static enum swapc_status call_with(struct bench *b, swapc_module *module, const char *operation,
                                   const char *payload, const swapc_call_options *options) {
    swapc_error_clear(&b->error);
    return swapc_module_call(module, swapc_bytes_str(operation), swapc_bytes_str(payload), options,
                             &b->reply, &b->error);
}

static enum swapc_status call(struct bench *b, swapc_module *module, const char *operation) {
    return call_with(b, module, operation, "payload", NULL);
}

static void expect_body(const struct bench *b, const char *text) {
    assert_true(swapc_bytes_equal(b->reply.body, swapc_bytes_str(text)));
}

/* Does what its operation says; "entries" answers how often this instance was entered. */
static enum swapc_status obedient(struct swapci_fake_guest *guest, uint32_t op_len,
                                  uint32_t msg_len, int32_t *result) {
    (void)msg_len;
    char operation[32] = "", text[16];
    enum swapc_status status =
        swapci_fake_wapc(guest, "__guest_request", SWAPCI_FAKE_ARGS(0, 64), NULL);
    if (status != SWAPC_OK) return status;
    memcpy(operation, guest->memory, op_len < 31 ? op_len : 31);
    *result = strcmp(operation, "error") != 0;
    if (strcmp(operation, "trap") == 0) return SWAPC_TRAP;
    if (strcmp(operation, "outside") == 0)
        return swapci_fake_wapc(guest, "__guest_response", SWAPCI_FAKE_ARGS(SWAPCI_FAKE_MEMORY, 1),
                                NULL);
    if (strcmp(operation, "exit") == 0)
        return swapci_fake_import(guest, "wasi_snapshot_preview1", "proc_exit", SWAPCI_FAKE_ARGS(0),
                                  NULL);
    if (strcmp(operation, "silent") == 0 || strcmp(operation, "error") == 0) return SWAPC_OK;
    if (strcmp(operation, "respond_and_trap") == 0) {
        swapci_fake_respond(guest, swapc_bytes_str("not to be seen"));
        return SWAPC_TRAP;
    }
    snprintf(text, sizeof text, "%u", guest->entries);
    return swapci_fake_respond(guest, swapc_bytes_str(text));
}

static const struct swapci_fake_program obeys = {.call = obedient};

static void echo_answers_its_payload(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &swapci_fake_echo);
    const swapc_module_info *info = swapc_module_describe(module);
    assert_string_equal(info->name, "tested");
    assert_string_equal(info->engine, "fake");
    assert_string_equal(info->flavour, "file");
    assert_string_equal(info->version, "");
    assert_int_equal(strlen(info->digest_hex), 64);
    assert_int_equal(call_with(b, module, "echo", "hello", NULL), SWAPC_OK);
    expect_body(b, "hello");
    assert_int_equal(call_with(b, module, "echo", "", NULL), SWAPC_OK);
    expect_body(b, "");
    swapc_module_release(module);
}

static void an_instance_is_kept_warm(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &obeys);
    for (int i = 1; i <= 3; i++) {
        char text[16];
        assert_int_equal(call(b, module, "entries"), SWAPC_OK);
        snprintf(text, sizeof text, "%d", i);
        expect_body(b, text);
    }
    assert_int_equal(atomic_load(&swapci_fake.instantiated), 1);
    swapc_module_release(module);
}

/* A guest's own error is an answer: the instance serves on. */
static void an_error_keeps_the_instance(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &obeys);
    assert_int_equal(call(b, module, "error"), SWAPC_GUEST_ERROR);
    expect_body(b, "guest failed without a message");
    assert_int_equal(b->error.status, SWAPC_OK);
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    expect_body(b, "2");
    swapc_module_release(module);
}

static void a_stopped_instance_is_never_used_again(void **state) {
    struct bench *b = *state;
    static const struct {
        const char *operation;
        enum swapc_status status;
    } stops[] = {
        {"trap", SWAPC_TRAP},
        {"outside", SWAPC_TRAP_MEMORY},
        {"exit", SWAPC_EXIT},
        {"respond_and_trap", SWAPC_TRAP},
    };
    swapc_module *module = load(b, &obeys);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        assert_int_equal(call(b, module, stops[i].operation), stops[i].status);
        assert_int_equal(b->error.status, stops[i].status);
        assert_int_equal(b->reply.body.len, 0);
        assert_int_equal(atomic_load(&swapci_fake.instances), 0);
        assert_int_equal(call(b, module, "entries"), SWAPC_OK);
        expect_body(b, "1");
    }
    swapc_module_release(module);
}

static void expect_usage(const swapc_module *module, uint64_t instances, uint64_t bytes) {
    swapc_module_usage usage = SWAPC_MODULE_USAGE_INIT;
    assert_int_equal(swapc_module_measure(module, &usage, NULL), SWAPC_OK);
    assert_int_equal(usage.instances, instances);
    assert_int_equal(usage.memory_bytes, bytes);
}

static void what_instances_take_is_counted(void **state) {
    struct bench *b = *state;
    swapc_module_usage none = {.size = 0};
    swapc_module *module = load(b, &obeys);
    expect_usage(module, 1, 0); /* the one that has shown that it starts */
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    expect_usage(module, 1, SWAPCI_FAKE_MEMORY);
    assert_int_equal(call(b, module, "trap"), SWAPC_TRAP);
    expect_usage(module, 0, 0);
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    expect_usage(module, 1, SWAPCI_FAKE_MEMORY);
    assert_int_equal(swapc_module_measure(module, &none, NULL), SWAPC_INVALID);
    swapc_module_release(module);
}

static void no_response_is_not_the_one_before(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &obeys);
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    assert_int_equal(call(b, module, "silent"), SWAPC_OK);
    expect_body(b, "");
    swapc_module_release(module);
}

static void a_warm_call_allocates_nothing(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &swapci_fake_echo);
    assert_int_equal(call(b, module, "echo"), SWAPC_OK);
    swapc_cancel cancel = SWAPC_CANCEL_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.deadline_ms = 60000;
    options.cancel = &cancel;
    size_t before = swapci_alloc_count();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(call(b, module, "echo"), SWAPC_OK);
        assert_int_equal(call_with(b, module, "echo", "payload", &options), SWAPC_OK);
    }
    assert_int_equal(swapci_alloc_count(), before);
    swapc_module_release(module);
}

/* Each init function writes its letter down. */
static char order[8];

static enum swapc_status letter(char c) {
    order[strlen(order)] = c;
    return SWAPC_OK;
}
static enum swapc_status on_section(struct swapci_fake_guest *g) {
    (void)g;
    return letter('w');
}
static enum swapc_status on_start(struct swapci_fake_guest *g) {
    (void)g;
    return letter('s');
}
static enum swapc_status on_initialize(struct swapci_fake_guest *g) {
    (void)g;
    return letter('i');
}
static enum swapc_status on_init(struct swapci_fake_guest *g) {
    (void)g;
    return letter('p');
}
static enum swapc_status on_trap(struct swapci_fake_guest *g) {
    (void)g;
    return SWAPC_TRAP;
}

static enum swapc_status exits(struct swapci_fake_guest *guest, uint32_t code) {
    return swapci_fake_import(guest, "wasi_snapshot_preview1", "proc_exit", SWAPCI_FAKE_ARGS(code),
                              NULL);
}
static enum swapc_status on_exit_0(struct swapci_fake_guest *g) {
    return exits(g, 0);
}
static enum swapc_status on_exit_1(struct swapci_fake_guest *g) {
    return exits(g, 1);
}

static void init_exports_run_in_order(void **state) {
    struct bench *b = *state;
    static const struct swapci_fake_program program = {obedient,      on_section, on_start,
                                                       on_initialize, on_init,    NULL};
    memset(order, 0, sizeof order);
    swapc_module *module = load(b, &program);
    assert_string_equal(order, "wsip");
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    assert_string_equal(order, "wsip");
    swapc_module_release(module);
}

/* Leaving by proc_exit(0) is how a command's _start ends: the others still run. */
static void exit_0_in_init_is_success(void **state) {
    struct bench *b = *state;
    static const struct swapci_fake_program program = {obedient,      NULL,      on_exit_0,
                                                       on_initialize, on_exit_0, NULL};
    memset(order, 0, sizeof order);
    swapc_module *module = load(b, &program);
    assert_string_equal(order, "i");
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    expect_body(b, "1");
    swapc_module_release(module);
}

static void failing_inits_refuse_the_module(void **state) {
    struct bench *b = *state;
    static const struct {
        struct swapci_fake_program program;
        enum swapc_status status;
    } bad[] = {
        {{.call = obedient, .start = on_exit_1}, SWAPC_EXIT},
        {{.call = obedient, .initialize = on_exit_1}, SWAPC_EXIT},
        {{.call = obedient, .wapc_init = on_exit_1}, SWAPC_EXIT},
        {{.call = obedient, .section = on_trap}, SWAPC_TRAP},
        {{.call = obedient, .start = on_trap}, SWAPC_TRAP},
        {{.call = obedient, .initialize = on_trap}, SWAPC_TRAP},
        {{.call = obedient, .wapc_init = on_trap}, SWAPC_TRAP},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        swapc_module *module = NULL;
        assert_int_equal(try_load(b, &bad[i].program, NULL, &module), bad[i].status);
        assert_null(module);
        assert_non_null(strstr(b->error.text, "tested"));
        assert_int_equal(atomic_load(&swapci_fake.modules), 0);
        assert_int_equal(atomic_load(&swapci_fake.instances), 0);
    }
}

/* An init that stops after the module was proven: the call that needed the instance reports it. */
static enum swapc_status on_second(struct swapci_fake_guest *g) {
    (void)g;
    return atomic_load(&swapci_fake.instantiated) > 1 ? SWAPC_TRAP : SWAPC_OK;
}

static void an_instance_that_cannot_start_is_reported(void **state) {
    struct bench *b = *state;
    static const struct swapci_fake_program program = {.call = obedient, .wapc_init = on_second};
    swapc_module *module = load(b, &program);
    assert_int_equal(call(b, module, "trap"), SWAPC_TRAP);
    assert_int_equal(call(b, module, "entries"), SWAPC_TRAP);
    assert_int_equal(b->error.status, SWAPC_TRAP);
    assert_int_equal(b->reply.body.len, 0);
    swapc_module_release(module);
}

static enum swapc_status on_chatter(struct swapci_fake_guest *guest) {
    swapci_fake_wapc(guest, "__console_log", SWAPCI_FAKE_ARGS(0, 1), NULL);
    swapci_fake_wapc(guest, "__guest_request", SWAPCI_FAKE_ARGS(0, 0), NULL);
    return swapci_fake_respond(guest, swapc_bytes_str("leak"));
}

static void init_can_log_and_not_answer(void **state) {
    struct bench *b = *state;
    static const struct swapci_fake_program program = {.call = obedient, .wapc_init = on_chatter};
    swapc_module *module = load(b, &program);
    assert_int_equal(b->lines, 1);
    assert_int_equal(call(b, module, "silent"), SWAPC_OK);
    expect_body(b, "");
    swapc_module_release(module);
}

static void an_engine_s_failure_is_passed_on(void **state) {
    struct bench *b = *state;
    enum swapc_status *switches[] = {&swapci_fake.fail_open, &swapci_fake.fail_compile,
                                     &swapci_fake.fail_instantiate};
    for (size_t i = 0; i < 3; i++) {
        swapc_module *module = NULL;
        *switches[i] = SWAPC_SYSTEM;
        assert_int_equal(try_load(b, &obeys, NULL, &module), SWAPC_SYSTEM);
        assert_null(module);
        assert_non_null(strstr(b->error.text, "tested: fake:"));
        *switches[i] = SWAPC_OK;
    }
    swapc_module *module = load(b, &obeys);
    swapc_module_release(module);
}

static void what_is_no_module_is_refused(void **state) {
    struct bench *b = *state;
    swapc_module *module = NULL;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = "fake";
    const char *texts[] = {"", "(module)", "\177ELF and so on"};
    for (size_t i = 0; i < 3; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        enum swapc_status status = swapc_module_load_bytes(
            b->host, "bad", swapc_bytes_str(texts[i]), NULL, &module, &error);
        assert_int_equal(status, i < 2 ? SWAPC_MODULE_MALFORMED : SWAPC_NO_ENGINE);
        assert_non_null(strstr(error.text, "bad"));
        swapc_error_clear(&error);
        status = swapc_module_load_bytes(b->host, "bad", swapc_bytes_str(texts[i]), &options,
                                         &module, &error);
        assert_int_equal(status, SWAPC_MODULE_MALFORMED);
    }
    assert_null(module);
}

static void engines_that_are_not_there(void **state) {
    struct bench *b = *state;
    swapc_module *module = NULL;
    swapc_module_options absent = SWAPC_MODULE_OPTIONS_INIT, unknown = SWAPC_MODULE_OPTIONS_INIT;
    absent.engine = "absent";
    unknown.engine = "v8";
    assert_int_equal(try_load(b, &obeys, &absent, &module), SWAPC_NO_ENGINE);
    assert_non_null(strstr(b->error.text, "not in this build"));
    assert_int_equal(try_load(b, &obeys, &unknown, &module), SWAPC_NO_ENGINE);
    assert_non_null(strstr(b->error.text, "no engine is called \"v8\" (this build has: fake"));
}

static void the_list_of_engines(void **state) {
    (void)state;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    assert_int_equal(swapc_engine_at(0, &info), 1);
    assert_string_equal(info.name, "fake");
    assert_string_equal(info.version, "1");
    assert_int_equal(info.built, 1);
    assert_string_equal(info.flavours[0], "wide");
    assert_int_equal(swapc_engine_at(1, &info), 1);
    assert_string_equal(info.name, "absent");
    assert_null(info.version);
    assert_int_equal(info.built, 0);
    assert_int_equal(swapc_engine_at(2, &info), 0);
}

static void sizes_of_a_call_are_bounded(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &swapci_fake_echo);
    static uint8_t big[65537];
    swapc_bytes nothing = swapc_bytes_of(NULL, 0);
    assert_int_equal(
        swapc_module_call(module, swapc_bytes_of(big, 65537), nothing, NULL, &b->reply, &b->error),
        SWAPC_TOO_LARGE);
    assert_int_equal(
        swapc_module_call(module, swapc_bytes_of(big, 65536), nothing, NULL, &b->reply, NULL),
        SWAPC_OK);
    assert_int_equal(swapc_module_call(module, nothing, swapc_bytes_of(big, (1u << 30) + 1u), NULL,
                                       &b->reply, NULL),
                     SWAPC_TOO_LARGE);
    swapc_module_release(module);
}

/* Reports what deadline and cancel flag the engine was given. */
static enum swapc_status answers_run(struct swapci_fake_guest *guest, uint32_t op_len,
                                     uint32_t msg_len, int32_t *result) {
    (void)op_len, (void)msg_len;
    *result = 1;
    bool cancelled = guest->run.cancel && __atomic_load_n(guest->run.cancel, __ATOMIC_ACQUIRE);
    const char *text = cancelled ? "cancelled" : guest->run.deadline_ns ? "deadline" : "free";
    return swapci_fake_respond(guest, swapc_bytes_str(text));
}

static void deadlines_reach_the_engine(void **state) {
    struct bench *b = *state;
    static const struct swapci_fake_program program = {.call = answers_run};
    swapc_limits limits = SWAPC_LIMITS_INIT;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.limits = &limits;
    swapc_module *module = NULL;
    limits.deadline_ms = 0;
    assert_int_equal(try_load(b, &program, &options, &module), SWAPC_OK);
    assert_int_equal(call(b, module, "run"), SWAPC_OK);
    expect_body(b, "free");
    swapc_call_options timed = SWAPC_CALL_OPTIONS_INIT;
    timed.deadline_ms = 5000;
    assert_int_equal(call_with(b, module, "run", "", &timed), SWAPC_OK);
    expect_body(b, "deadline");
    swapc_module_release(module);
}

static void a_cancelled_call_does_not_start(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &obeys);
    swapc_cancel cancel = SWAPC_CANCEL_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.cancel = &cancel;
    assert_int_equal(call_with(b, module, "entries", "", &options), SWAPC_OK);
    swapc_cancel_request(&cancel);
    assert_int_equal(call_with(b, module, "entries", "", &options), SWAPC_CANCELLED);
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    expect_body(b, "2");
    swapc_module_release(module);
}

/* The engine sized its pool by the host's ceiling: no module may be promised more. */
static void memory_above_the_host_s_is_refused(void **state) {
    struct bench *b = *state;
    swapc_limits limits = SWAPC_LIMITS_INIT;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.limits = &limits;
    swapc_module *module = NULL;
    limits.memory_max *= 2;
    assert_int_equal(try_load(b, &obeys, &options, &module), SWAPC_INVALID);
    assert_non_null(strstr(b->error.text, "memory"));
    limits.memory_max = 0;
    assert_int_equal(try_load(b, &obeys, &options, &module), SWAPC_INVALID);
    assert_null(module);
}

static void references_are_counted(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &obeys);
    assert_ptr_equal(swapc_module_retain(module), module);
    swapc_module_release(module);
    assert_int_equal(call(b, module, "entries"), SWAPC_OK);
    swapc_module_release(module);
    swapc_module_release(NULL);
    assert_int_equal(atomic_load(&swapci_fake.modules), 0);
}

/* A guest that waits until all callers are inside: each needs an instance of its own. */
enum { CALLERS = 8 };
static pthread_barrier_t inside;

static enum swapc_status meets(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)guest, (void)op_len, (void)msg_len;
    *result = 1;
    pthread_barrier_wait(&inside);
    return SWAPC_OK;
}

static void *call_once(void *module) {
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_bytes nothing = swapc_bytes_of(NULL, 0);
    enum swapc_status status = swapc_module_call(module, nothing, nothing, NULL, &reply, NULL);
    swapc_reply_fini(&reply);
    return (void *)(uintptr_t)status;
}

static void callers_at_once_have_their_own_instances(void **state) {
    struct bench *b = *state;
    static const struct swapci_fake_program program = {.call = meets};
    swapc_module *module = load(b, &program);
    pthread_t threads[CALLERS];
    pthread_barrier_init(&inside, NULL, CALLERS);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CALLERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, call_once, module), 0);
        for (int i = 0; i < CALLERS; i++) {
            void *status;
            pthread_join(threads[i], &status);
            assert_null(status);
        }
        assert_int_equal(atomic_load(&swapci_fake.instances), CALLERS);
    }
    assert_int_equal(atomic_load(&swapci_fake.instantiated), CALLERS);
    pthread_barrier_destroy(&inside);
    swapc_module_release(module);
}

/* Wherever memory ends, the answer is a status and nothing is left behind. */
static void out_of_memory_while_loading(void **state) {
    struct bench *b = *state;
    swapc_module *module = NULL;
    enum swapc_status status;
    size_t n = 0;
    do {
        swapci_alloc_fail_at(++n);
        status = try_load(b, &obeys, NULL, &module);
        int failed = swapci_alloc_failed();
        swapci_alloc_fail_at(0);
        assert_int_equal(status, failed ? SWAPC_NO_MEMORY : SWAPC_OK);
        assert_int_equal(atomic_load(&swapci_fake.instances), failed ? 0 : 1);
    } while (status != SWAPC_OK);
    assert_true(n > 5);
    swapc_module_release(module);
}

static void out_of_memory_while_calling(void **state) {
    struct bench *b = *state;
    swapc_module *module = load(b, &obeys);
    call(b, module, "trap");
    enum swapc_status status;
    size_t n = 0;
    do {
        swapci_alloc_fail_at(++n);
        status = call(b, module, "entries");
        int failed = swapci_alloc_failed();
        swapci_alloc_fail_at(0);
        assert_int_equal(status, failed ? SWAPC_NO_MEMORY : SWAPC_OK);
    } while (status != SWAPC_OK);
    expect_body(b, "1");
    assert_true(n > 2);
    swapc_module_release(module);
}

static void out_of_memory_for_a_host(void **state) {
    (void)state;
    swapc_host *host = NULL;
    swapci_alloc_fail_at(1);
    assert_int_equal(swapc_host_new(NULL, &host, NULL), SWAPC_NO_MEMORY);
    swapci_alloc_fail_at(0);
    assert_null(host);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echo_answers_its_payload, setup, teardown),
        cmocka_unit_test_setup_teardown(an_instance_is_kept_warm, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_keeps_the_instance, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_instance_is_never_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_instances_take_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(no_response_is_not_the_one_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_warm_call_allocates_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(init_exports_run_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(exit_0_in_init_is_success, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_inits_refuse_the_module, setup, teardown),
        cmocka_unit_test_setup_teardown(an_instance_that_cannot_start_is_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(init_can_log_and_not_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(an_engine_s_failure_is_passed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_module_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(engines_that_are_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(the_list_of_engines, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_of_a_call_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(deadlines_reach_the_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancelled_call_does_not_start, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_above_the_host_s_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(references_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(callers_at_once_have_their_own_instances, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_while_loading, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_while_calling, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_for_a_host, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
