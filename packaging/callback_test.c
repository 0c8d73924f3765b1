/* Callbacks that use the library, through libswapc.so and its engines: where a lock were held they would
 * hang, and an alarm ends the test. */
#include <unistd.h>

#include "swapc/swapc.h"
#include "test_main.h"

enum { HANGS_AFTER_S = 120, CALLS_DEEP = 3 };

struct caller {
    swapc_host *host;
    unsigned lines, loaded, deep;
    int inside;
};

static swapc_module *load(swapc_host *host, const char *engine) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_module *module = NULL;
    options.engine = engine;
    if (swapc_module_load(host, BUNDLES "/echo", &options, &module, &error) != SWAPC_OK)
        fail_msg("%s", error.text);
    return module;
}

static void log_and_load(enum swapc_log_level level, const char *source, const char *message,
                         void *user) {
    struct caller *caller = user;
    (void)level, (void)source, (void)message;
    caller->lines++;
    if (caller->inside || !caller->host) return;
    caller->inside = 1;
    swapc_module_release(load(caller->host, NULL));
    caller->loaded++;
    caller->inside = 0;
}

/* Calls the module that calls it, so that instances beyond the pool are needed. */
static enum swapc_status nest(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                              swapc_bytes payload, swapc_reply *reply, void *call_user,
                              void *user) {
    struct caller *caller = user;
    swapc_reply inner = SWAPC_REPLY_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    (void)binding, (void)ns, (void)operation, (void)payload;
    options.user = call_user;
    enum swapc_status status = SWAPC_OK;
    if (++caller->deep < CALLS_DEEP)
        status = swapc_module_call(call_user, swapc_bytes_str("host"), swapc_bytes_str("x"),
                                   &options, &inner, NULL);
    swapc_reply_fini(&inner);
    return status == SWAPC_OK ? swapc_reply_set(reply, swapc_bytes_str("ok")) : status;
}

/* A cache that cannot be used, a pool that cannot be reserved or is used up: each is logged. */
static void a_log_callback_may_load_a_module(void **state) {
    (void)state;
    static const uint32_t pools[] = {1, 1000000};
    for (unsigned i = 0; i < 2; i++) {
        struct caller caller = {0};
        swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
        swapc_reply reply = SWAPC_REPLY_INIT;
        swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
        config.cache = "/proc/nope";
        config.instances = pools[i];
        config.log = (swapc_log){log_and_load, &caller, SWAPC_LOG_DEBUG};
        config.host_call = nest;
        config.host_call_user = &caller;
        alarm(HANGS_AFTER_S);
        assert_int_equal(swapc_host_new(&config, &caller.host, NULL), SWAPC_OK);
        swapc_module *module = load(caller.host, "wasmtime");
        options.user = module;
        assert_int_equal(swapc_module_call(module, swapc_bytes_str("host"), swapc_bytes_str("x"),
                                           &options, &reply, NULL),
                         SWAPC_OK);
        alarm(0);
        assert_true(caller.lines >= 2);
        assert_true(caller.loaded >= 1);
        swapc_reply_fini(&reply);
        swapc_module_release(module);
        swapc_host_free(caller.host);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_callback_may_load_a_module),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
