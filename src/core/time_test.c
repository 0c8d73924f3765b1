/* Deadlines and cancels: every import of the table looks at them; instances made for a call, calls
 * made by host calls, and handlers that come back late. Over the fake engine, which holds none
 * itself. */
#include <stdio.h>

#include "clock.h"
#include "fake_engine.h"
#include "imports.h"
#include "instance.h"
#include "swapc/swapc.h"
#include "test_main.h"
#include "wapc.h"

static enum swapc_status call_row(const swapc_import *row, const swapc_run *run, bool watched) {
    static swapc_host_config host;
    static const swapc_limits limits = SWAPC_LIMITS_INIT;
    static uint8_t memory[4096];
    static swapc_call call;
    swapc_reply reply = SWAPC_REPLY_INIT;
    uint64_t args[SWAPC_IMPORT_ARGS_MAX] = {0}, result;
    call = (swapc_call){.host = &host, .limits = &limits, .module_name = "m", .watched = watched};
    swapci_call_begin(&call, swapc_bytes_str("op"), swapc_bytes_str("payload"), &reply, NULL, 0);
    if (run) swapci_call_enter(&call, run);
    enum swapc_status status = row->fn(&call, (swapc_memory){memory, sizeof memory}, args, &result);
    if (status == SWAPC_DEADLINE || status == SWAPC_CANCELLED)
        assert_int_equal(call.report.status, status);
    swapci_call_fini(&call);
    swapc_reply_fini(&reply);
    return status;
}

static void expect_row(const swapc_import *row, const swapc_run *run, bool watched,
                       enum swapc_status expected) {
    enum swapc_status status = call_row(row, run, watched);
    bool stopped = status == SWAPC_DEADLINE || status == SWAPC_CANCELLED;
    if (expected == SWAPC_OK ? stopped : status != expected)
        fail_msg("%s.%s answers %s", row->module, row->name, swapc_status_name(status));
}

/* Whatever is in the table, an entry that is added tomorrow too. */
static void every_import_looks_at_deadline_and_cancel(void **state) {
    (void)state;
    size_t count;
    int flag = 1;
    const swapc_import *rows = swapci_imports(&count);
    const swapc_run late = {.deadline_ns = 1}, cancelled = {.cancel = &flag};
    const swapc_run inner = {.deadline_ns = UINT64_MAX, .outer = &cancelled};
    const swapc_run early = {.deadline_ns = swapci_clock_monotonic_ns() + 3600000000000u};
    assert_true(count > 90);
    for (size_t i = 0; i < count; i++) {
        expect_row(&rows[i], &late, true, SWAPC_DEADLINE);
        expect_row(&rows[i], &cancelled, true, SWAPC_CANCELLED);
        expect_row(&rows[i], &inner, true, SWAPC_CANCELLED);
        expect_row(&rows[i], &early, true, SWAPC_OK);
        expect_row(&rows[i], NULL, true, SWAPC_OK);
    }
}

/* The engine's word with the time is believed, and 0 in it means that it is not known. */
static void the_engine_s_clock_is_read(void **state) {
    (void)state;
    swapc_call call = {.watched = true};
    uint64_t now = 5;
    swapc_run run = {.deadline_ns = swapci_clock_monotonic_ns() + 3600000000000u};
    call.now = &now;
    swapci_call_enter(&call, &run);
    assert_int_equal(swapci_call_look(&call), SWAPC_OK);
    now = 0;
    assert_int_equal(swapci_call_look(&call), SWAPC_OK);
    now = run.deadline_ns + 1; /* the exact clock has the last word */
    assert_int_equal(swapci_call_look(&call), SWAPC_OK);
    run.deadline_ns = 2;
    call.module_name = "m";
    now = 0;
    swapci_call_enter(&call, &run);
    assert_int_equal(swapci_call_look(&call), SWAPC_DEADLINE);
}

/* It is an old one in a process that was stopped for a while, and each call has its time all the
 * same. */
static void no_deadline_is_counted_from_an_old_word(void **state) {
    (void)state;
    const uint64_t word = 1;
    struct swapci_blueprint blueprint = {.limits = SWAPC_LIMITS_INIT, .now = &word};
    for (blueprint.limits.deadline_ms = 100; blueprint.limits.deadline_ms < 1000000;
         blueprint.limits.deadline_ms *= 10) {
        uint64_t from = swapci_clock_monotonic_ns();
        swapc_run run = swapci_run_for(&blueprint, NULL);
        assert_true(run.deadline_ns >= from + blueprint.limits.deadline_ms * UINT64_C(1000000));
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

struct scene {
    swapc_host *host;
    swapc_module *inner;
    unsigned sleep_ms, calls;
    uint32_t inner_deadline_ms, remaining_ms;
    void *call_user;
    enum swapc_status inner_status;
    bool cancel_inside;
    swapc_cancel cancel;
};

static struct scene *scene;
static swapc_run seen_run, seen_init_run;

static void pause_ms(unsigned ms) {
    uint64_t until = swapci_clock_monotonic_ns() + ms * 1000000u;
    while (swapci_clock_monotonic_ns() < until) {
    }
}

static enum swapc_status handler(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                 swapc_bytes payload, swapc_reply *reply, void *call_user,
                                 void *user) {
    (void)binding, (void)ns, (void)operation, (void)payload, (void)user;
    scene->calls++;
    scene->call_user = call_user;
    scene->remaining_ms = swapc_call_remaining_ms();
    if (scene->cancel_inside) swapc_cancel_request(&scene->cancel);
    if (scene->inner) {
        swapc_reply inner = SWAPC_REPLY_INIT;
        swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
        options.deadline_ms = scene->inner_deadline_ms;
        scene->inner_status = swapc_module_call(scene->inner, swapc_bytes_str("x"),
                                                swapc_bytes_str(""), &options, &inner, NULL);
        swapc_reply_fini(&inner);
    }
    if (scene->sleep_ms) pause_ms(scene->sleep_ms);
    return swapc_reply_set(reply, swapc_bytes_str("answer"));
}

static enum swapc_status host_call(struct swapci_fake_guest *guest) {
    uint64_t answered;
    return swapci_fake_wapc(guest, "__host_call", SWAPCI_FAKE_ARGS(0, 0, 0, 0, 0, 0, 0, 0),
                            &answered);
}

static enum swapc_status asks(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                              int32_t *result) {
    (void)op_len, (void)msg_len;
    *result = 1;
    return host_call(guest);
}

static enum swapc_status notes(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)op_len, (void)msg_len;
    seen_run = guest->run;
    *result = 1;
    return swapc_run_cancelled(&guest->run) ? SWAPC_CANCELLED : SWAPC_OK;
}

static enum swapc_status notes_init(struct swapci_fake_guest *guest) {
    seen_init_run = guest->run;
    return host_call(guest);
}

static enum swapc_status traps(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    (void)guest, (void)op_len, (void)msg_len, (void)result;
    return SWAPC_TRAP;
}

static const struct swapci_fake_program asking = {.call = asks}, noting = {.call = notes},
                                        starting = {.call = traps, .wapc_init = notes_init};

static swapc_module *load(const struct swapci_fake_program *program) {
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_module *module = NULL;
    assert_int_equal(swapc_module_load_bytes(scene->host, "m", swapci_fake_bytes(program, bytes),
                                             NULL, &module, NULL),
                     SWAPC_OK);
    return module;
}

static int setup(void **state) {
    static struct scene one;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.host_call = handler;
    one = (struct scene){.cancel = SWAPC_CANCEL_INIT};
    scene = &one;
    memset(&swapci_fake, 0, sizeof swapci_fake);
    assert_int_equal(swapc_host_new(&config, &one.host, NULL), SWAPC_OK);
    *state = &one;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    swapc_module_release(scene->inner);
    swapc_host_free(scene->host);
    return 0;
}

static enum swapc_status call(swapc_module *module, uint32_t deadline_ms, bool cancel, void *user,
                              swapc_error *error) {
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    swapc_reply reply = SWAPC_REPLY_INIT;
    options.deadline_ms = deadline_ms;
    options.cancel = cancel ? &scene->cancel : NULL;
    options.user = user;
    enum swapc_status status = swapc_module_call(module, swapc_bytes_str("x"), swapc_bytes_str(""),
                                                 &options, &reply, error);
    swapc_reply_fini(&reply);
    return status;
}

/* A call that is in time, once the machine lets it. */
static void call_in_time(swapc_module *module, uint32_t deadline_ms) {
    enum swapc_status status;
    do status = call(module, deadline_ms, false, NULL, NULL);
    while (status == SWAPC_DEADLINE);
    assert_int_equal(status, SWAPC_OK);
}

static void a_handler_that_comes_back_late_is_a_deadline(void **state) {
    (void)state;
    swapc_module *module = load(&asking);
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(call(module, 60000, false, NULL, NULL), SWAPC_OK);
    scene->sleep_ms = 20;
    assert_int_equal(call(module, 5, false, NULL, &error), SWAPC_DEADLINE);
    assert_non_null(strstr(error.text, "may have happened"));
    assert_int_equal(scene->calls, 2);
    scene->cancel_inside = true;
    assert_int_equal(call(module, 60000, true, NULL, NULL), SWAPC_CANCELLED);
    swapc_module_release(module);
}

static void a_handler_can_ask_what_is_left(void **state) {
    (void)state;
    swapc_module *module = load(&asking);
    assert_int_equal(swapc_call_remaining_ms(), UINT32_MAX);
    assert_int_equal(call(module, 3600000, false, NULL, NULL), SWAPC_OK);
    assert_in_range(scene->remaining_ms, 1800000, 3600000);
    for (uint32_t ms = 900; ms < 20000; ms += 100 + ms / 10) {
        call_in_time(module, ms);
        assert_in_range(scene->remaining_ms, 1, ms);
    }
    scene->inner = load(&noting);
    call_in_time(module, 3000);
    assert_true(scene->remaining_ms <= 3000);
    assert_int_equal(swapc_call_remaining_ms(), UINT32_MAX);
    scene->cancel_inside = true;
    call(module, 60000, true, NULL, NULL);
    swapc_module_release(module);
}

/* The smaller of the two, and the cancel of both. */
static void a_nested_call_has_what_is_left_of_the_one_around_it(void **state) {
    (void)state;
    swapc_module *module = load(&asking);
    scene->inner = load(&noting);
    uint64_t before = swapci_clock_monotonic_ns();
    scene->inner_deadline_ms = 3600000;
    assert_int_equal(call(module, 300000, false, NULL, NULL), SWAPC_OK);
    assert_true(seen_run.deadline_ns < before + 3000000000000u);
    scene->inner_deadline_ms = 60000;
    before = swapci_clock_monotonic_ns();
    assert_int_equal(call(module, 3600000, false, NULL, NULL), SWAPC_OK);
    assert_true(seen_run.deadline_ns < before + 3000000000000u);
    assert_int_equal(scene->inner_status, SWAPC_OK);
    scene->cancel_inside = true;
    assert_int_equal(call(module, 3600000, true, NULL, NULL), SWAPC_CANCELLED);
    assert_int_equal(scene->inner_status, SWAPC_CANCELLED);
    swapc_module_release(module);
}

static void an_instance_made_for_a_call_obeys_its_options(void **state) {
    (void)state;
    char user[] = "tenant";
    swapc_module *module = load(&starting);
    assert_null(scene->call_user);
    assert_int_equal(call(module, 30000, true, user, NULL), SWAPC_TRAP); /* the warm one */
    assert_int_equal(scene->calls, 1);
    uint64_t before = swapci_clock_monotonic_ns();
    assert_int_equal(call(module, 3600000, true, user, NULL), SWAPC_TRAP);
    assert_int_equal(scene->calls, 2);
    assert_ptr_equal(scene->call_user, user);
    assert_true(seen_init_run.deadline_ns > before + 3000000000000u);
    assert_non_null(seen_init_run.cancel);
    scene->sleep_ms = 20;
    assert_int_equal(call(module, 5, false, user, NULL), SWAPC_DEADLINE);
    swapc_module_release(module);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_import_looks_at_deadline_and_cancel),
        cmocka_unit_test(the_engine_s_clock_is_read),
        cmocka_unit_test(no_deadline_is_counted_from_an_old_word),
        cmocka_unit_test_setup_teardown(a_handler_that_comes_back_late_is_a_deadline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_handler_can_ask_what_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(a_nested_call_has_what_is_left_of_the_one_around_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_instance_made_for_a_call_obeys_its_options, setup,
                                        teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
