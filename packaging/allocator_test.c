/* The library's whole life with an allocator of the program's, through libswapc.so and its engines. */
#include "swapc/allocator.h"

#include <stdbool.h>
#include <stdlib.h>

#include "swapc/swapc.h"
#include "test_main.h"

/* Counts blocks, and can have none left from the n-th on. */
struct till {
    size_t live;
    size_t asked;
    size_t last; /* the last one that is granted; 0: all are */
};

static bool granted(struct till *till) {
    return ++till->asked <= till->last || till->last == 0;
}

static void *till_alloc(size_t size, void *user) {
    struct till *till = user;
    void *ptr = granted(till) ? malloc(size) : NULL;
    till->live += ptr != NULL;
    return ptr;
}

static void *till_realloc(void *ptr, size_t size, void *user) {
    struct till *till = user;
    if (!ptr) return till_alloc(size, user);
    return granted(till) ? realloc(ptr, size) : NULL;
}

static void till_free(void *ptr, void *user) {
    struct till *till = user;
    till->live--;
    free(ptr);
}

static struct till till;

static int setup(void **state) {
    (void)state;
    till = (struct till){0};
    swapc_allocator_set(&(swapc_allocator){till_alloc, till_realloc, till_free, &till});
    return 0;
}

static int teardown(void **state) {
    (void)state;
    swapc_allocator_set(NULL);
    return 0;
}

static enum swapc_status echo(const swapc_pin *pin, swapc_reply *reply) {
    swapc_bytes payload = swapc_bytes_str("hello");
    enum swapc_status status =
        swapc_pin_call(pin, swapc_bytes_str("echo"), payload, NULL, reply, NULL);
    if (status == SWAPC_OK) assert_true(swapc_bytes_equal(reply->body, payload));
    return status;
}

/* Host, module, slot and calls on engine; returns the first status that is not OK. warm: how many
 * allocations the second call makes. */
static enum swapc_status live(const char *engine, size_t *warm) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_host *host = NULL;
    swapc_slot *slot = NULL;
    swapc_module *module = NULL;
    swapc_pin pin = {0};
    options.engine = engine;
    config.cache = "";
    config.engines = (const char *const[]){engine, NULL};
    enum swapc_status status = swapc_host_new(&config, &host, NULL);
    if (status == SWAPC_OK) status = swapc_slot_new("echo", &slot, NULL);
    if (status == SWAPC_OK)
        status = swapc_module_load(host, BUNDLES "/echo", &options, &module, NULL);
    if (status == SWAPC_OK) {
        assert_int_equal(swapc_slot_publish_pin(slot, module, &pin), SWAPC_OK);
        status = echo(&pin, &reply);
    }
    size_t before = till.asked;
    if (status == SWAPC_OK) status = echo(&pin, &reply);
    *warm = till.asked - before;
    swapc_reply_fini(&reply);
    if (pin.module) swapc_pin_release(&pin);
    swapc_module_release(module);
    swapc_slot_free(slot);
    swapc_host_free(host);
    return status;
}

static void everything_comes_from_it_and_goes_back(void **state) {
    (void)state;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) {
        size_t warm, before = till.asked;
        if (!info.built) continue;
        assert_int_equal(live(info.name, &warm), SWAPC_OK);
        assert_true(till.asked > before + 4); /* host, slot, module, its file */
        assert_int_equal(warm, 0);
        assert_int_equal(till.live, 0);
    }
}

/* Wherever memory ends, that is a status, and all that was taken goes back. */
static void none_left_is_a_status(void **state) {
    (void)state;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) {
        enum swapc_status status = info.built ? SWAPC_NO_MEMORY : SWAPC_OK;
        size_t warm, n;
        for (n = 1; status != SWAPC_OK; n++) {
            till = (struct till){.asked = 1, .last = n}; /* n - 1 are granted */
            status = live(info.name, &warm);
            assert_true(status == SWAPC_OK || status == SWAPC_NO_MEMORY);
            assert_int_equal(till.live, 0);
            assert_in_range(n, 1, 1000);
        }
        assert_true(!info.built || n > 6); /* host, slot, module, its file were refused */
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_comes_from_it_and_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(none_left_is_a_status, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
