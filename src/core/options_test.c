/* Every struct of the interface that begins with its size, handed in wrong: zeros, no version's
 * size, fields of a newer header; and right: older, newer with a tail of zeros, NULL. */
#include "options.h"

#include <stdint.h>

#include "fake_engine.h"
#include "test_main.h"

/* A struct with bytes of a later version behind it. */
#define NEWER(type)                                                                                \
    struct {                                                                                       \
        type known;                                                                                \
        uint64_t later;                                                                            \
    }

typedef enum swapc_status (*take_fn)(const void *theirs, swapc_error *error);

static enum swapc_status take_host(const void *theirs, swapc_error *error) {
    swapc_host *host = NULL;
    enum swapc_status status = swapc_host_new(theirs, &host, error);
    swapc_host_free(host);
    return status;
}

static enum swapc_status take_limits_of_host(const void *theirs, swapc_error *error) {
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    size_t size;
    memcpy(&size, theirs, sizeof size);
    memcpy(config.limits_room, theirs, size < SWAPC_LIMITS_ROOM ? size + sizeof size : sizeof size);
    return take_host(&config, error);
}

static enum swapc_status load(const swapc_module_options *options, swapc_module **module,
                              swapc_error *error) {
    static swapc_host *host;
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    if (!host) assert_int_equal(swapc_host_new(NULL, &host, NULL), SWAPC_OK);
    return swapc_module_load_bytes(host, "m", swapci_fake_bytes(&swapci_fake_echo, bytes), options,
                                   module, error);
}

static enum swapc_status take_module(const void *theirs, swapc_error *error) {
    swapc_module *module = NULL;
    enum swapc_status status = load(theirs, &module, error);
    swapc_module_release(module);
    return status;
}

static enum swapc_status take_limits_of_module(const void *theirs, swapc_error *error) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.limits = theirs;
    return take_module(&options, error);
}

static enum swapc_status take_call(const void *theirs, swapc_error *error) {
    swapc_module *module = NULL;
    swapc_reply reply = SWAPC_REPLY_INIT;
    assert_int_equal(load(NULL, &module, NULL), SWAPC_OK);
    enum swapc_status status = swapc_module_call(module, swapc_bytes_str("echo"),
                                                 swapc_bytes_str("x"), theirs, &reply, error);
    swapc_reply_fini(&reply);
    swapc_module_release(module);
    return status;
}

static enum swapc_status take_swap(const void *theirs, swapc_error *error) {
    swapc_swap_options own;
    return swapci_take_swap_options(theirs, &own, error);
}

static enum swapc_status take_module_of_swap(const void *theirs, swapc_error *error) {
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    size_t size;
    memcpy(&size, theirs, sizeof size);
    memcpy(options.module_room, theirs,
           size < SWAPC_MODULE_OPTIONS_ROOM ? size + sizeof size : sizeof size);
    return take_swap(&options, error);
}

static enum swapc_status take_report(const void *theirs, swapc_error *error) {
    return swapci_check_swap_report(theirs, error);
}

static const NEWER(swapc_host_config) host_config = {SWAPC_HOST_CONFIG_INIT, 0};
static const NEWER(swapc_limits) limits = {SWAPC_LIMITS_INIT, 0};
static const NEWER(swapc_module_options) module_options = {SWAPC_MODULE_OPTIONS_INIT, 0};
static const NEWER(swapc_call_options) call_options = {SWAPC_CALL_OPTIONS_INIT, 0};
static const NEWER(swapc_swap_options) swap_options = {SWAPC_SWAP_OPTIONS_INIT, 0};
static const NEWER(swapc_swap_report) swap_report = {SWAPC_SWAP_REPORT_INIT, 0};

/* In: reads what is in it. A report is filled, so nothing behind it is looked at. */
static const struct row {
    const char *name, *init;
    const void *good;
    size_t size;
    take_fn take;
    int in;
} rows[] = {
    {"swapc_host_config", "SWAPC_HOST_CONFIG_INIT", &host_config, sizeof(swapc_host_config),
     take_host, 1},
    {"swapc_limits", "SWAPC_LIMITS_INIT", &limits, sizeof(swapc_limits), take_limits_of_host, 1},
    {"swapc_limits", "SWAPC_LIMITS_INIT", &limits, sizeof(swapc_limits), take_limits_of_module, 1},
    {"swapc_module_options", "SWAPC_MODULE_OPTIONS_INIT", &module_options,
     sizeof(swapc_module_options), take_module, 1},
    {"swapc_module_options", "SWAPC_MODULE_OPTIONS_INIT", &module_options,
     sizeof(swapc_module_options), take_module_of_swap, 1},
    {"swapc_call_options", "SWAPC_CALL_OPTIONS_INIT", &call_options, sizeof(swapc_call_options),
     take_call, 1},
    {"swapc_swap_options", "SWAPC_SWAP_OPTIONS_INIT", &swap_options, sizeof(swapc_swap_options),
     take_swap, 1},
    {"swapc_swap_report", "SWAPC_SWAP_REPORT_INIT", &swap_report, sizeof(swapc_swap_report),
     take_report, 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

static union {
    size_t size;
    unsigned char bytes[8192];
} storage;

/* Hands the row's struct in with this size and this byte behind what is known. */
static enum swapc_status hand_in(const struct row *row, size_t size, unsigned char behind,
                                 swapc_error *error) {
    memset(&storage, 0, sizeof storage);
    memcpy(&storage, row->good, row->size);
    storage.size = size;
    storage.bytes[row->size] = behind;
    *error = (swapc_error)SWAPC_ERROR_INIT;
    return row->take(&storage, error);
}

static void expect_refused(const struct row *row, enum swapc_status status,
                           const swapc_error *error, const char *text) {
    if (status != SWAPC_INVALID || !strstr(error->text, row->name) || !strstr(error->text, text))
        fail_msg("%s: %s \"%s\"", row->name, swapc_status_name(status), error->text);
}

static void what_the_macros_make_is_taken(void **state) {
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        swapc_error error;
        assert_int_equal(hand_in(&rows[i], rows[i].size, 0, &error), SWAPC_OK);
    }
}

static void zeros_are_an_error_and_not_no_limits(void **state) {
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        swapc_error error;
        expect_refused(&rows[i], hand_in(&rows[i], 0, 0, &error), &error, rows[i].init);
    }
}

static void sizes_of_no_version_are_refused(void **state) {
    (void)state;
    const size_t wrong[] = {1, sizeof(size_t), 4097, SIZE_MAX};
    for (int i = 0; i < ROWS; i++)
        for (unsigned w = 0; w < sizeof wrong / sizeof *wrong; w++) {
            swapc_error error;
            expect_refused(&rows[i], hand_in(&rows[i], wrong[w], 0, &error), &error, "no version");
        }
}

static void a_newer_one_is_taken_only_when_its_tail_is_zero(void **state) {
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        swapc_error error;
        assert_int_equal(hand_in(&rows[i], rows[i].size + 8, 0, &error), SWAPC_OK);
        enum swapc_status status = hand_in(&rows[i], rows[i].size + 8, 1, &error);
        if (rows[i].in) expect_refused(&rows[i], status, &error, "newer header");
        else assert_int_equal(status, SWAPC_OK);
    }
}

static void a_report_is_filled_as_far_as_it_goes(void **state) {
    (void)state;
    struct {
        swapc_swap_report known;
        uint64_t later;
    } theirs = {SWAPC_SWAP_REPORT_INIT, 7};
    swapc_swap_report own = SWAPC_SWAP_REPORT_INIT;
    own.generation = 5;
    own.self_test_us = 6;
    swapci_give_swap_report(&own, &theirs.known);
    assert_int_equal(theirs.known.self_test_us, 6);
    assert_int_equal(theirs.later, 7);
    theirs.known.size = sizeof theirs;
    swapci_give_swap_report(&own, &theirs.known);
    assert_int_equal(theirs.known.generation, 5);
    assert_int_equal(theirs.known.size, sizeof theirs);
    assert_int_equal(theirs.later, 0);
}

static void info_says_what_it_holds(void **state) {
    (void)state;
    swapc_module *module = NULL;
    swapc_engine_info engine = SWAPC_ENGINE_INFO_INIT;
    assert_int_equal(load(NULL, &module, NULL), SWAPC_OK);
    const swapc_module_info *info = swapc_module_describe(module);
    assert_int_equal(info->size, sizeof *info);
    assert_true(SWAPC_HAS(info, digest_hex));
    assert_int_equal(swapc_engine_at(0, &engine), 1);
    assert_int_equal(engine.size, sizeof engine);
    assert_string_equal(engine.name, "fake");
    swapc_module_release(module);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_macros_make_is_taken),
        cmocka_unit_test(zeros_are_an_error_and_not_no_limits),
        cmocka_unit_test(sizes_of_no_version_are_refused),
        cmocka_unit_test(a_newer_one_is_taken_only_when_its_tail_is_zero),
        cmocka_unit_test(a_report_is_filled_as_far_as_it_goes),
        cmocka_unit_test(info_says_what_it_holds),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
