/* What callers may do by mistake, or may be tempted to: chaining replies, calling back from a log
 * callback, reusing a report, NULL where none is taken. Over the fake engine. */
#define SWAPC_BUILDING /* no attributes: the compiler must not know that NULL is misuse */
#include <setjmp.h>
#include <stdio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "fake_engine.h"
#include "swapc/swapc.h"
#include "test_main.h"

static swapc_module *load_into(swapc_host *host, const struct swapci_fake_program *program) {
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_module *module = NULL;
    assert_int_equal(swapc_module_load_bytes(host, "tested", swapci_fake_bytes(program, bytes),
                                             NULL, &module, NULL),
                     SWAPC_OK);
    return module;
}

/* Answers at length before it asks for its request, then answers with that. */
static enum swapc_status answers_first(struct swapci_fake_guest *guest, uint32_t op_len,
                                       uint32_t msg_len, int32_t *result) {
    enum swapc_status status =
        swapci_fake_wapc(guest, "__guest_response", SWAPCI_FAKE_ARGS(0, SWAPCI_FAKE_MEMORY), NULL);
    if (status == SWAPC_OK)
        status = swapci_fake_wapc(guest, "__guest_request", SWAPCI_FAKE_ARGS(1000, 0), NULL);
    if (status != SWAPC_OK) return status;
    memmove(guest->memory + msg_len, guest->memory + 1000, op_len);
    *result = 1;
    return swapci_fake_wapc(guest, "__guest_response", SWAPCI_FAKE_ARGS(0, op_len + msg_len), NULL);
}

/* Views of the reply as payload, as operation, as both, and of its middle: the guest sees what they
 * were, and nothing that was freed (the sanitizers look). */
static void an_answer_can_be_the_next_call_s_payload(void **state) {
    (void)state;
    static const struct swapci_fake_program program = {.call = answers_first};
    swapc_host *host = NULL;
    swapc_reply reply = SWAPC_REPLY_INIT;
    assert_int_equal(swapc_host_new(NULL, &host, NULL), SWAPC_OK);
    swapc_module *module = load_into(host, &program);
    for (int kind = 0; kind < 4; kind++) {
        swapc_bytes other = swapc_bytes_str("op");
        assert_int_equal(swapc_reply_set(&reply, swapc_bytes_str("an earlier answer")), SWAPC_OK);
        swapc_bytes view = reply.body, middle = swapc_bytes_of(reply.body.ptr + 3, 7);
        const char *const expected[] = {"an earlier answerop", "payloadan earlier answer",
                                        "an earlier answeran earlier answer", "earlierop"};
        const swapc_bytes operation[] = {other, view, view, other};
        const swapc_bytes payload[] = {view, swapc_bytes_str("payload"), view, middle};
        assert_int_equal(
            swapc_module_call(module, operation[kind], payload[kind], NULL, &reply, NULL),
            SWAPC_OK);
        assert_true(swapc_bytes_equal(reply.body, swapc_bytes_str(expected[kind])));
    }
    swapc_reply_fini(&reply);
    swapc_module_release(module);
    swapc_host_free(host);
}

struct caller {
    swapc_host *host;
    unsigned lines, loaded;
    int inside;
};

/* A log callback that uses the library. */
static void log_and_load(enum swapc_log_level level, const char *source, const char *message,
                         void *user) {
    struct caller *caller = user;
    (void)level, (void)source, (void)message;
    caller->lines++;
    if (caller->inside || !caller->host) return;
    caller->inside = 1;
    swapc_module *module = load_into(caller->host, &swapci_fake_echo);
    caller->loaded++;
    swapc_module_release(module);
    caller->inside = 0;
}

static void no_lock_is_held_while_an_engine_logs_as_it_opens(void **state) {
    (void)state;
    for (unsigned lines = 1; lines <= 6; lines++) {
        struct caller caller = {0};
        swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
        config.log = (swapc_log){log_and_load, &caller, SWAPC_LOG_DEBUG};
        config.cache = "";
        memset(&swapci_fake, 0, sizeof swapci_fake);
        swapci_fake.lines_on_open = lines;
        assert_int_equal(swapc_host_new(&config, &caller.host, NULL), SWAPC_OK);
        swapc_module_release(load_into(caller.host, &swapci_fake_echo));
        assert_int_equal(caller.lines, lines <= 4 ? lines : 5); /* the fifth says what was lost */
        assert_int_equal(caller.loaded, caller.lines);
        swapci_fake.lines_on_open = 0;
        swapc_host_free(caller.host);
    }
}

static enum swapc_status traps(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)op_len, (void)msg_len, (void)result;
    return swapci_fake.fail_validate == SWAPC_OK
               ? SWAPC_TRAP
               : swapci_fake_wapc(guest, "__guest_response",
                                  SWAPCI_FAKE_ARGS(SWAPCI_FAKE_MEMORY, 1), NULL);
}

static const struct swapci_fake_program trapping = {.call = traps};

struct failing {
    swapc_host *host;
    swapc_module *module;
    swapc_slot *slot;
};

static enum swapc_status fails_host(const struct failing *f, swapc_error *error) {
    (void)f;
    swapc_host *host = NULL;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = (const char *const[]){"v8", NULL};
    return swapc_host_new(&config, &host, error);
}

static enum swapc_status fails_load(const struct failing *f, swapc_error *error) {
    swapc_module *module = NULL;
    return swapc_module_load(f->host, "/nowhere/at/all", NULL, &module, error);
}

static enum swapc_status fails_load_bytes(const struct failing *f, swapc_error *error) {
    swapc_module *module = NULL;
    return swapc_module_load_bytes(f->host, "bad", swapc_bytes_of("\0asm\1\0\0\0\xff", 9), NULL,
                                   &module, error);
}

static enum swapc_status fails_compile(const struct failing *f, swapc_error *error) {
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_module *module = NULL;
    swapci_fake.fail_compile = SWAPC_SYSTEM;
    enum swapc_status status = swapc_module_load_bytes(
        f->host, "tested", swapci_fake_bytes(&swapci_fake_echo, bytes), NULL, &module, error);
    swapci_fake.fail_compile = SWAPC_OK;
    return status;
}

static enum swapc_status fails_call(const struct failing *f, swapc_error *error) {
    swapc_reply reply = SWAPC_REPLY_INIT;
    enum swapc_status status = swapc_module_call(f->module, swapc_bytes_str("x"),
                                                 swapc_bytes_str(""), NULL, &reply, error);
    swapc_reply_fini(&reply);
    return status;
}

static enum swapc_status fails_by_import(const struct failing *f, swapc_error *error) {
    swapci_fake.fail_validate = SWAPC_TRAP; /* a switch of `traps` */
    enum swapc_status status = fails_call(f, error);
    swapci_fake.fail_validate = SWAPC_OK;
    return status;
}

static enum swapc_status fails_swap(const struct failing *f, swapc_error *error) {
    return swapc_slot_swap(f->slot, f->host, "/nowhere/at/all", NULL, NULL, error);
}

/* Every function that reports: engine NULL where the core itself refused. */
static const struct {
    enum swapc_status (*run)(const struct failing *f, swapc_error *error);
    const char *engine;
} functions[] = {
    {fails_host, NULL},      {fails_load, NULL},   {fails_load_bytes, NULL},
    {fails_compile, "fake"}, {fails_call, "fake"}, {fails_by_import, NULL},
    {fails_swap, NULL},
};

static void each_function(const swapc_error *earlier) {
    struct failing f = {0};
    memset(&swapci_fake, 0, sizeof swapci_fake);
    assert_int_equal(swapc_host_new(NULL, &f.host, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("s", &f.slot, NULL), SWAPC_OK);
    f.module = load_into(f.host, &trapping);
    for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        if (earlier) error = *earlier;
        enum swapc_status status = functions[i].run(&f, &error);
        assert_int_not_equal(status, SWAPC_OK);
        if (earlier) {
            assert_memory_equal(&error, earlier, sizeof error);
            continue;
        }
        assert_int_equal(error.status, status);
        if (functions[i].engine) assert_non_null(error.engine);
        if (error.engine && functions[i].engine)
            assert_string_equal(error.engine, functions[i].engine);
        if (!functions[i].engine) assert_null(error.engine);
    }
    swapc_module_release(f.module);
    swapc_slot_free(f.slot);
    swapc_host_free(f.host);
}

static void the_engine_that_reported_is_named(void **state) {
    (void)state;
    each_function(NULL);
}

/* Without a log, whatever is refused: not a byte on standard output or error. */
static void the_library_prints_nothing(void **state) {
    (void)state;
    FILE *file = tmpfile();
    int kept[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    assert_non_null(file);
    assert_true(kept[0] >= 0 && kept[1] >= 0);
    fflush(NULL);
    for (int fd = 1; fd <= 2; fd++) assert_int_equal(dup2(fileno(file), fd), fd);
    each_function(NULL);
    fflush(NULL);
    for (int fd = 1; fd <= 2; fd++) assert_int_equal(dup2(kept[fd - 1], fd), fd);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    close(kept[0]);
    close(kept[1]);
    fclose(file);
}

static void an_earlier_report_is_left_as_it_is(void **state) {
    (void)state;
    swapc_error earlier = SWAPC_ERROR_INIT;
    swapc_error_set(&earlier, SWAPC_IO, "my own earlier report");
    earlier.native = 7;
    each_function(&earlier);
}

/* A handler without memory: the call ends so, whatever the guest would have made of an error. */
static enum swapc_status handler(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                 swapc_bytes payload, swapc_reply *reply, void *call_user,
                                 void *user) {
    (void)binding, (void)ns, (void)operation, (void)payload, (void)call_user, (void)user;
    return swapc_reply_set(reply, swapc_bytes_str("answer"));
}

static enum swapc_status asks_and_shrugs(struct swapci_fake_guest *guest, uint32_t op_len,
                                         uint32_t msg_len, int32_t *result) {
    uint64_t answered;
    (void)op_len, (void)msg_len;
    *result = 1;
    return swapci_fake_wapc(guest, "__host_call", SWAPCI_FAKE_ARGS(0, 0, 0, 0, 0, 0, 0, 0),
                            &answered);
}

static void no_memory_in_a_host_call_is_no_memory(void **state) {
    (void)state;
    static const struct swapci_fake_program program = {.call = asks_and_shrugs};
    for (int with_handler = 0; with_handler < 2; with_handler++) {
        swapc_host *host = NULL;
        swapc_reply reply = SWAPC_REPLY_INIT;
        swapc_error error = SWAPC_ERROR_INIT;
        swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
        if (with_handler) config.host_call = handler;
        assert_int_equal(swapc_host_new(&config, &host, NULL), SWAPC_OK);
        swapc_module *module = load_into(host, &program);
        swapci_alloc_fail_at(1);
        enum swapc_status status = swapc_module_call(module, swapc_bytes_str("x"),
                                                     swapc_bytes_str(""), NULL, &reply, &error);
        assert_true(swapci_alloc_failed());
        swapci_alloc_fail_at(0);
        assert_int_equal(status, SWAPC_NO_MEMORY);
        assert_int_equal(error.status, SWAPC_NO_MEMORY);
        swapc_reply_fini(&reply);
        swapc_module_release(module);
        swapc_host_free(host);
    }
}

static jmp_buf panicked;
static char broken[64]; /* the condition that did not hold */

static void leap(const char *file, int line, const char *condition) {
    (void)file, (void)line;
    snprintf(broken, sizeof broken, "%s", condition);
    longjmp(panicked, 1);
}

/* NULL where none is taken, and a struct to be filled that says no size: a panic, not a crash. */
static void misuse_panics(void **state) {
    (void)state;
    void *volatile null = NULL; /* the compiler would say so */
    swapc_engine_info zeros = {0};
    swapc_host *host = NULL;
    swapc_slot *slot = NULL;
    volatile int panics = 0;
    assert_int_equal(swapc_host_new(NULL, &host, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("s", &slot, NULL), SWAPC_OK);
    swapc_panic_set(leap);
    for (volatile int i = 0; i < 7; i++) {
        volatile enum swapc_status status = SWAPC_OK;
        if (setjmp(panicked) != 0) {
            panics++;
            continue;
        }
        if (i == 0) status = swapc_host_new(NULL, null, NULL);
        if (i == 1) status = swapc_module_load(host, null, NULL, null, NULL);
        if (i == 2)
            status =
                swapc_module_call(null, swapc_bytes_str(""), swapc_bytes_str(""), NULL, null, NULL);
        if (i == 3) status = swapc_slot_publish(slot, null, NULL);
        if (i == 4) status = swapc_slot_publish_pin(slot, null, null);
        if (i == 5) status = swapc_slot_new(null, &slot, NULL);
        if (i == 6) status = (enum swapc_status)swapc_engine_at(0, &zeros);
        fail_msg("%d did not panic: %d", i, (int)status);
    }
    swapc_panic_set(NULL);
    assert_int_equal(panics, 7);
    swapc_slot_free(slot);
    swapc_host_free(host);
}

/* A callback that lets go of the last reference of the module whose call it belongs to: a panic,
 * not freed memory under a running guest. */
static swapc_module *held;
static volatile int caught;

static enum swapc_status lets_go(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                 swapc_bytes payload, swapc_reply *reply, void *call_user,
                                 void *user) {
    (void)binding, (void)ns, (void)operation, (void)payload, (void)reply, (void)user;
    if (call_user) { /* once more, further in */
        swapc_reply inner = SWAPC_REPLY_INIT;
        enum swapc_status status = swapc_module_call(call_user, swapc_bytes_str("x"),
                                                     swapc_bytes_str(""), NULL, &inner, NULL);
        swapc_reply_fini(&inner);
        return status;
    }
    if (setjmp(panicked) == 0) swapc_module_release(held);
    else caught++;
    return SWAPC_OK;
}

static void the_last_reference_stays_while_a_call_of_it_is_in_a_callback(void **state) {
    (void)state;
    static const struct swapci_fake_program program = {.call = asks_and_shrugs};
    for (int nested = 0; nested < 2; nested++) {
        swapc_host *host = NULL;
        swapc_reply reply = SWAPC_REPLY_INIT;
        swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
        swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
        config.host_call = lets_go;
        memset(&swapci_fake, 0, sizeof swapci_fake);
        assert_int_equal(swapc_host_new(&config, &host, NULL), SWAPC_OK);
        held = load_into(host, &program);
        swapc_module *other = load_into(host, &program);
        if (nested) options.user = other;
        caught = 0;
        swapc_panic_set(leap);
        enum swapc_status status = swapc_module_call(held, swapc_bytes_str("x"),
                                                     swapc_bytes_str(""), &options, &reply, NULL);
        swapc_panic_set(NULL);
        assert_int_equal(status, SWAPC_OK);
        assert_int_equal(caught, 1);
        swapc_module_release(swapc_module_retain(held)); /* the panic left it without references */
        swapc_module_release(other);
        swapc_reply_fini(&reply);
        swapc_host_free(host);
    }
}

/* A handler that has a nested call answer into the reply of the outer one, which would take it
 * for its own. */
static enum swapc_status borrows_the_reply(swapc_bytes binding, swapc_bytes ns,
                                           swapc_bytes operation, swapc_bytes payload,
                                           swapc_reply *reply, void *call_user, void *user) {
    (void)binding, (void)ns, (void)operation, (void)payload, (void)user;
    volatile enum swapc_status status = SWAPC_OK;
    if (!call_user) return SWAPC_OK;
    if (setjmp(panicked) == 0)
        status = swapc_module_call(held, swapc_bytes_str("x"), swapc_bytes_str(""), NULL, call_user,
                                   NULL);
    else caught++;
    if (setjmp(panicked) == 0)
        status = swapc_reply_set(call_user, swapc_bytes_str("not what the guest says"));
    else caught++;
    if (setjmp(panicked) == 0) swapc_reply_fini(call_user);
    else caught++;
    if (status != SWAPC_OK) return status;
    return swapc_module_call(held, swapc_bytes_str("x"), swapc_bytes_str(""), NULL, reply, NULL);
}

static void a_nested_call_has_a_reply_of_its_own(void **state) {
    (void)state;
    static const struct swapci_fake_program program = {.call = asks_and_shrugs};
    swapc_host *host = NULL;
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    config.host_call = borrows_the_reply;
    options.user = &reply;
    memset(&swapci_fake, 0, sizeof swapci_fake);
    assert_int_equal(swapc_host_new(&config, &host, NULL), SWAPC_OK);
    held = load_into(host, &program);
    caught = 0;
    swapc_panic_set(leap);
    enum swapc_status status =
        swapc_module_call(held, swapc_bytes_str("x"), swapc_bytes_str(""), &options, &reply, NULL);
    swapc_panic_set(NULL);
    assert_int_equal(status, SWAPC_OK); /* the handler's own reply is one that it may use */
    assert_int_equal(caught, 3);
    swapc_module_release(held);
    swapc_reply_fini(&reply);
    swapc_host_free(host);
}

/* A coroutine that is switched away from in a callback and comes back before one that began its own
 * later: a panic with a sentence, where wasmtime would abort without one. */
enum { PANICKED = 7 };
struct strand {
    ucontext_t here;
    char stack[256 * 1024];
    swapc_module *module;
    enum swapc_status status;
};
static struct strand strands[2];
static ucontext_t conductor;

static enum swapc_status switches_away(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                       swapc_bytes payload, swapc_reply *reply, void *call_user,
                                       void *user) {
    (void)binding, (void)ns, (void)operation, (void)payload, (void)reply, (void)user;
    struct strand *strand = call_user;
    assert_int_equal(swapcontext(&strand->here, &conductor), 0);
    return SWAPC_OK;
}

static void calls_from_a_strand(int index) {
    struct strand *strand = &strands[index];
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.user = strand;
    strand->status = swapc_module_call(strand->module, swapc_bytes_str("x"), swapc_bytes_str(""),
                                       &options, &reply, NULL);
    swapc_reply_fini(&reply);
    swapcontext(&strand->here, &conductor);
}

static void goes_on(int index) {
    assert_int_equal(swapcontext(&conductor, &strands[index].here), 0);
}

static void ends_as_expected(const char *file, int line, const char *condition) {
    (void)file, (void)line;
    _exit(strstr(condition, "last_callback") ? PANICKED : 1);
}

/* In a process of its own: there is no way back from there. */
static void panics_when_the_first_returns_first(void) {
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        swapc_panic_set(ends_as_expected);
        goes_on(0);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), PANICKED);
}

static void callbacks_of_coroutines_return_in_their_order(void **state) {
    (void)state;
    static const struct swapci_fake_program program = {.call = asks_and_shrugs};
    swapc_host *host = NULL;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.host_call = switches_away;
    memset(&swapci_fake, 0, sizeof swapci_fake);
    assert_int_equal(swapc_host_new(&config, &host, NULL), SWAPC_OK);
    swapc_module *module = load_into(host, &program);
    for (int i = 0; i < 2; i++) {
        struct strand *strand = &strands[i];
        assert_int_equal(getcontext(&strand->here), 0);
        strand->module = module;
        strand->status = SWAPC_BUSY;
        strand->here.uc_stack = (stack_t){.ss_sp = strand->stack, .ss_size = sizeof strand->stack};
        makecontext(&strand->here, (void (*)(void))calls_from_a_strand, 1, i);
        goes_on(i);
    }
    panics_when_the_first_returns_first();
    goes_on(1); /* the last one first is right */
    assert_int_equal(strands[1].status, SWAPC_OK);
    goes_on(0);
    assert_int_equal(strands[0].status, SWAPC_OK);
    swapc_module_release(module);
    swapc_host_free(host);
}

static void a_host_that_has_modules_is_not_freed(void **state) {
    (void)state;
    swapc_host *host = NULL;
    assert_int_equal(swapc_host_new(NULL, &host, NULL), SWAPC_OK);
    swapc_module *module = load_into(host, &swapci_fake_echo);
    volatile bool panics = false;
    swapc_panic_set(leap);
    if (setjmp(panicked) == 0) swapc_host_free(host);
    else panics = true;
    swapc_panic_set(NULL);
    assert_true(panics);
    assert_non_null(strstr(broken, "host->modules"));
    swapc_module_release(module);
    swapc_host_free(host);
}

static void null_does_nothing_where_it_says_so(void **state) {
    (void)state;
    swapc_contract_release(NULL);
    swapc_error_clear(NULL);
    swapc_host_free(NULL);
    swapc_module_release(NULL);
    swapc_slot_free(NULL);
    swapc_trust_free(NULL);
}

/* Every refusal says which module it means, also one whose name is a letter that any sentence
 * has. */
static void a_refusal_names_the_module_once(void **state) {
    (void)state;
    static const char *const named[][2] = {
        {"a", "a: "}, {"e", "e: "}, {"m", "m: "}, {"/a/b", "/a/b: "}, {"\033[31m", "\\x1b[31m: "}};
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_host *host = NULL;
    memset(&swapci_fake, 0, sizeof swapci_fake);
    assert_int_equal(swapc_host_new(NULL, &host, NULL), SWAPC_OK);
    swapci_fake.fail_compile = SWAPC_SYSTEM;
    for (unsigned i = 0; i < sizeof named / sizeof *named; i++) {
        swapc_module *module = NULL;
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(swapc_module_load_bytes(host, named[i][0],
                                                 swapci_fake_bytes(&swapci_fake_echo, bytes), NULL,
                                                 &module, &error),
                         SWAPC_SYSTEM);
        size_t length = strlen(named[i][1]);
        if (strncmp(error.text, named[i][1], length) != 0 ||
            strncmp(error.text + length, named[i][1], length) == 0)
            fail_msg("%s", error.text);
    }
    swapci_fake.fail_compile = SWAPC_OK;
    swapc_host_free(host);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_can_be_the_next_call_s_payload),
        cmocka_unit_test(no_lock_is_held_while_an_engine_logs_as_it_opens),
        cmocka_unit_test(the_engine_that_reported_is_named),
        cmocka_unit_test(the_library_prints_nothing),
        cmocka_unit_test(an_earlier_report_is_left_as_it_is),
        cmocka_unit_test(no_memory_in_a_host_call_is_no_memory),
        cmocka_unit_test(misuse_panics),
        cmocka_unit_test(the_last_reference_stays_while_a_call_of_it_is_in_a_callback),
        cmocka_unit_test(a_nested_call_has_a_reply_of_its_own),
        cmocka_unit_test(callbacks_of_coroutines_return_in_their_order),
        cmocka_unit_test(a_host_that_has_modules_is_not_freed),
        cmocka_unit_test(null_does_nothing_where_it_says_so),
        cmocka_unit_test(a_refusal_names_the_module_once),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
