/* Threads that call while others publish: the same promises as in slot_test.c, all at once. */
#include "swapc/slot.h"

#include <pthread.h>
#include <stdio.h>

#include "fake_engine.h"
#include "publish.h"
#include "test_main.h"

/* A program that answers with its tag. */
static enum swapc_status tagged(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                                int32_t *result) {
    (void)op_len, (void)msg_len;
    *result = 1;
    return swapci_fake_respond(guest, swapc_bytes_str(guest->program->user));
}

static const struct swapci_fake_program tag_a = {.call = tagged, .user = "A"};
static const struct swapci_fake_program tag_b = {.call = tagged, .user = "B"};

struct bench {
    swapc_host *host;
    swapc_slot *slot;
    swapc_module *a, *b;
};

static swapc_module *load(swapc_host *host, const struct swapci_fake_program *program) {
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_module *module = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapc_module_load_bytes(
        host, "tagged", swapci_fake_bytes(program, bytes), NULL, &module, &error);
    if (status != SWAPC_OK) print_error("%s\n", error.text);
    assert_int_equal(status, SWAPC_OK);
    return module;
}

static int setup(void **state) {
    static struct bench bench;
    bench = (struct bench){.host = NULL};
    assert_int_equal(swapc_host_new(NULL, &bench.host, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("tested", &bench.slot, NULL), SWAPC_OK);
    bench.a = load(bench.host, &tag_a);
    bench.b = load(bench.host, &tag_b);
    *state = &bench;
    return 0;
}

/* Everything was given back: no module and no instance is left once the slot and we let go. */
static int teardown(void **state) {
    struct bench *t = *state;
    swapc_slot_free(t->slot);
    swapc_module_release(t->a);
    swapc_module_release(t->b);
    assert_int_equal(atomic_load(&swapci_fake.modules), 0);
    assert_int_equal(atomic_load(&swapci_fake.instances), 0);
    swapc_host_free(t->host);
    return 0;
}

/* Odd generations are A's and even ones B's, whoever calls and whenever. */
enum { CALLERS = 4, PUBLISHES = 100000 };

struct hammer {
    struct bench *t;
    atomic_int done;
    atomic_ulong calls;
    atomic_ulong wrong;
};

static void *call_until_done(void *user) {
    struct hammer *h = user;
    swapc_reply reply = SWAPC_REPLY_INIT;
    while (!atomic_load(&h->done)) {
        swapc_pin pin;
        if (swapc_slot_pin(h->t->slot, &pin) != SWAPC_OK) continue;
        const char *tag = pin.generation % 2 ? "A" : "B";
        enum swapc_status status = swapc_pin_call(&pin, swapc_bytes_str("tag"),
                                                  swapc_bytes_of(NULL, 0), NULL, &reply, NULL);
        if (status != SWAPC_OK || !swapc_bytes_equal(reply.body, swapc_bytes_str(tag)))
            atomic_fetch_add(&h->wrong, 1);
        swapc_pin_release(&pin);
        atomic_fetch_add(&h->calls, 1);
    }
    swapc_reply_fini(&reply);
    return NULL;
}

static void publish_under_calls(void **state) {
    struct hammer h = {.t = *state};
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_until_done, &h), 0);
    for (int i = 0; i < PUBLISHES; i++)
        assert_int_equal(published(h.t->slot, i % 2 ? h.t->b : h.t->a), i + 1);
    while (atomic_load(&h.calls) == 0) sched_yield();
    atomic_store(&h.done, 1);
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&h.wrong), 0);
}

/* Several swappers, each in need of its own module: no call meets the other's. */
struct swapper {
    struct hammer *hammer;
    swapc_module *module;
    const char *tag;
};

static void *ensure_and_call(void *user) {
    struct swapper *s = user;
    swapc_reply reply = SWAPC_REPLY_INIT;
    for (int i = 0; i < PUBLISHES / 10; i++) {
        swapc_pin pin;
        ensured(s->hammer->t->slot, s->module, &pin);
        enum swapc_status status = swapc_pin_call(&pin, swapc_bytes_str("tag"),
                                                  swapc_bytes_of(NULL, 0), NULL, &reply, NULL);
        if (status != SWAPC_OK || !swapc_bytes_equal(reply.body, swapc_bytes_str(s->tag)))
            atomic_fetch_add(&s->hammer->wrong, 1);
        swapc_pin_release(&pin);
    }
    swapc_reply_fini(&reply);
    return NULL;
}

static void swap_and_pin(void **state) {
    struct bench *t = *state;
    struct hammer h = {.t = t};
    struct swapper swappers[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        swappers[i] = (struct swapper){&h, i % 2 ? t->a : t->b, i % 2 ? "A" : "B"};
        assert_int_equal(pthread_create(&threads[i], NULL, ensure_and_call, &swappers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&h.wrong), 0);
}

/* Modules that nobody else holds are made, published and dropped under calls. */
static void short_lived_modules(void **state) {
    struct hammer h = {.t = *state};
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_until_done, &h), 0);
    for (int i = 0; i < 2000; i++) {
        swapc_module *module = load(h.t->host, i % 2 ? &tag_b : &tag_a);
        published(h.t->slot, module);
        swapc_module_release(module);
    }
    atomic_store(&h.done, 1);
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&h.wrong), 0);
    assert_in_range(atomic_load(&swapci_fake.modules), 2, 4);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(publish_under_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(swap_and_pin, setup, teardown),
        cmocka_unit_test_setup_teardown(short_lived_modules, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
