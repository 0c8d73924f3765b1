/* Publish, pin, swap and roll back. What threads do to a slot at once is in slot_hammer_test.c. */
#include "swapc/slot.h"

#include <stdbool.h>
#include <stdio.h>

#include "clock.h"
#include "cohort.h"
#include "failing_alloc.h"
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
    swapc_reply reply;
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
    bench = (struct bench){.reply = SWAPC_REPLY_INIT};
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
    swapc_reply_fini(&t->reply);
    assert_int_equal(atomic_load(&swapci_fake.modules), 0);
    assert_int_equal(atomic_load(&swapci_fake.instances), 0);
    swapc_host_free(t->host);
    return 0;
}

static void expect_tag(struct bench *t, const swapc_pin *pin, const char *tag) {
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapc_pin_call(pin, swapc_bytes_str("tag"), swapc_bytes_of(NULL, 0), NULL,
                                    &t->reply, &error),
                     SWAPC_OK);
    assert_true(swapc_bytes_equal(t->reply.body, swapc_bytes_str(tag)));
}

static void an_empty_slot_has_nothing_to_pin(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    uint64_t generation;
    assert_string_equal(swapc_slot_name(t->slot), "tested");
    assert_int_equal(swapc_slot_pin(t->slot, &pin), SWAPC_EMPTY);
    assert_int_equal(swapc_slot_rollback(t->slot, &generation), SWAPC_EMPTY);
}

static void generations_rise_from_1(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    assert_int_equal(published(t->slot, t->a), 1);
    assert_int_equal(published(t->slot, t->b), 2);
    assert_int_equal(published(t->slot, t->b), 3);
    assert_int_equal(swapc_slot_pin(t->slot, &pin), SWAPC_OK);
    assert_int_equal(pin.generation, 3);
    expect_tag(t, &pin, "B");
    swapc_pin_release(&pin);
}

static void a_pin_keeps_its_generation(void **state) {
    struct bench *t = *state;
    swapc_pin old, new;
    published(t->slot, t->a);
    assert_int_equal(swapc_slot_pin(t->slot, &old), SWAPC_OK);
    published(t->slot, t->b);
    assert_int_equal(swapc_slot_pin(t->slot, &new), SWAPC_OK);
    expect_tag(t, &old, "A");
    expect_tag(t, &new, "B");
    assert_int_equal(old.generation, 1);
    assert_int_equal(new.generation, 2);
    swapc_pin_release(&old);
    swapc_pin_release(&new);
}

/* The slot and the pin are all that holds A: it lives while pinned, and no longer. */
static void the_last_pin_frees_the_module(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    assert_int_equal(swapc_slot_publish_pin(t->slot, t->a, &pin), SWAPC_OK);
    swapc_module_release(t->a);
    t->a = NULL;
    published(t->slot, t->b);
    published(t->slot, t->b);
    assert_int_equal(atomic_load(&swapci_fake.modules), 2);
    expect_tag(t, &pin, "A");
    swapc_pin_release(&pin);
    assert_int_equal(atomic_load(&swapci_fake.modules), 1);
}

static void a_pin_outlives_the_slot(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    assert_int_equal(swapc_slot_publish_pin(t->slot, t->a, &pin), SWAPC_OK);
    swapc_slot_free(t->slot);
    t->slot = NULL;
    expect_tag(t, &pin, "A");
    swapc_pin_release(&pin);
}

static void publish_pin_is_one_step(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    assert_int_equal(swapc_slot_publish_pin(t->slot, t->b, &pin), SWAPC_OK);
    assert_int_equal(pin.generation, 1);
    expect_tag(t, &pin, "B");
    swapc_pin_release(&pin);
}

static void ensure_pin_publishes_only_when_needed(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    assert_int_equal(ensured(t->slot, t->a, &pin), 1);
    assert_int_equal(pin.generation, 1);
    swapc_pin_release(&pin);
    assert_int_equal(ensured(t->slot, t->a, &pin), 0);
    assert_int_equal(pin.generation, 1);
    swapc_pin_release(&pin);
    assert_int_equal(ensured(t->slot, t->b, &pin), 1);
    assert_int_equal(pin.generation, 2);
    expect_tag(t, &pin, "B");
    swapc_pin_release(&pin);
}

static void rollback_is_a_new_generation(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    uint64_t generation = 0;
    published(t->slot, t->a);
    assert_int_equal(swapc_slot_rollback(t->slot, &generation), SWAPC_EMPTY);
    published(t->slot, t->b);
    assert_int_equal(swapc_slot_rollback(t->slot, &generation), SWAPC_OK);
    assert_int_equal(generation, 3);
    assert_int_equal(swapc_slot_pin(t->slot, &pin), SWAPC_OK);
    expect_tag(t, &pin, "A");
    swapc_pin_release(&pin);
    assert_int_equal(swapc_slot_rollback(t->slot, &generation), SWAPC_OK);
    assert_int_equal(generation, 4);
    assert_int_equal(swapc_slot_pin(t->slot, &pin), SWAPC_OK);
    expect_tag(t, &pin, "B");
    swapc_pin_release(&pin);
}

static void rollback_holds_the_only_reference(void **state) {
    struct bench *t = *state;
    uint64_t generation;
    published(t->slot, t->a);
    published(t->slot, t->b);
    swapc_module_release(t->a);
    t->a = NULL;
    assert_int_equal(swapc_slot_rollback(t->slot, &generation), SWAPC_OK);
    assert_int_equal(atomic_load(&swapci_fake.modules), 2);
}

/* A program whose call swaps its own slot: the call ends on the generation that it began on. */
static struct bench *swapping;

static enum swapc_status swaps_itself(struct swapci_fake_guest *guest, uint32_t op_len,
                                      uint32_t msg_len, int32_t *result) {
    published(swapping->slot, swapping->b);
    published(swapping->slot, swapping->b);
    return tagged(guest, op_len, msg_len, result);
}

static void a_call_in_flight_ends_on_the_old_generation(void **state) {
    static const struct swapci_fake_program program = {.call = swaps_itself, .user = "old"};
    struct bench *t = *state;
    swapc_module *module = load(t->host, &program);
    swapc_pin pin;
    swapping = t;
    assert_int_equal(swapc_slot_publish_pin(t->slot, module, &pin), SWAPC_OK);
    swapc_module_release(module);
    expect_tag(t, &pin, "old");
    assert_int_equal(atomic_load(&swapci_fake.modules), 3);
    swapc_pin_release(&pin);
    assert_int_equal(atomic_load(&swapci_fake.modules), 2);
    assert_int_equal(swapc_slot_pin(t->slot, &pin), SWAPC_OK);
    expect_tag(t, &pin, "B");
    swapc_pin_release(&pin);
}

static void warm_calls_and_swaps_allocate_nothing(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    for (int round = 0; round < 2; round++) {
        size_t before = swapci_alloc_count();
        for (int i = 0; i < 10; i++) {
            ensured(t->slot, i % 2 ? t->a : t->b, &pin);
            expect_tag(t, &pin, i % 2 ? "A" : "B");
            swapc_pin_release(&pin);
        }
        if (round > 0) assert_int_equal(swapci_alloc_count(), before);
    }
}

static void drain_waits_for_older_generations_only(void **state) {
    struct bench *t = *state;
    swapc_pin old, new;
    assert_int_equal(swapc_slot_drain(t->slot, 0, 0), SWAPC_OK);
    assert_int_equal(swapc_slot_drain(t->slot, 1, 0), SWAPC_INVALID);
    assert_int_equal(swapc_slot_publish_pin(t->slot, t->a, &old), SWAPC_OK);
    assert_int_equal(swapc_slot_drain(t->slot, 1, 0), SWAPC_OK);
    assert_int_equal(swapc_slot_publish_pin(t->slot, t->b, &new), SWAPC_OK);
    assert_int_equal(swapc_slot_generation(t->slot), 2);
    assert_int_equal(swapc_slot_drain(t->slot, 2, 0), SWAPC_BUSY);
    assert_int_equal(swapc_slot_drain(t->slot, 2, 5), SWAPC_BUSY);
    assert_int_equal(swapc_slot_drain(t->slot, 1, 0), SWAPC_OK);
    swapc_pin_release(&old);
    assert_int_equal(swapc_slot_drain(t->slot, 2, 0), SWAPC_OK);
    swapc_pin_release(&new);
}

/* Each generation is known by itself, however many are held, in whatever order they are let go. */
static void drain_with_many_generations_held(void **state) {
    enum { HELD = 40 };
    struct bench *t = *state;
    swapc_pin pins[HELD];
    bool held[HELD];
    for (int i = 0; i < HELD; i++) {
        assert_int_equal(swapc_slot_publish_pin(t->slot, i % 2 ? t->b : t->a, &pins[i]), SWAPC_OK);
        assert_int_equal(pins[i].generation, i + 1);
        held[i] = true;
    }
    for (unsigned n = 0; n < HELD; n++) {
        unsigned oldest = 0;
        unsigned i = (n * 17 + 5) % HELD; /* 17 and 40 have no divisor in common: each once */
        swapc_pin_release(&pins[i]);
        held[i] = false;
        while (oldest < HELD && !held[oldest]) oldest++;
        for (unsigned generation = 1; generation <= HELD; generation++)
            assert_int_equal(swapc_slot_drain(t->slot, generation, 0),
                             oldest + 1 < generation ? SWAPC_BUSY : SWAPC_OK);
    }
}

/* Only the current generation is held: nothing older is. */
/* A counter that is found held, let go, and given to the next generation before the one who found
 * it waits: the pins of that generation are none of his. */
static void a_counter_that_moved_on_is_not_waited_for(void **state) {
    (void)state;
    struct swapci_cohorts *set = swapci_cohorts_new();
    struct swapci_cohort *pinned[64];
    unsigned pins = 0;
    uint64_t generation = 1;
    uint32_t seen = 0;
    assert_non_null(set);
    assert_true(swapci_cohorts_move(set, generation));
    struct swapci_cohort *old = swapci_cohorts_enter(set);
    assert_true(swapci_cohorts_move(set, ++generation));
    assert_ptr_equal(swapci_cohorts_held(set, generation, &seen), old);
    swapci_cohort_leave(old);
    while ((pinned[pins++] = swapci_cohorts_enter(set)) != old)
        assert_true(pins < 64 && swapci_cohorts_move(set, ++generation));
    assert_true(swapci_cohort_wait(old, seen, swapci_clock_monotonic_ns() + 100000000));
    while (pins > 0) swapci_cohort_leave(pinned[--pins]);
    swapci_cohorts_close(set);
}

static void drain_does_not_wait_for_the_current_generation(void **state) {
    enum { HELD = 9 };
    struct bench *t = *state;
    swapc_pin pins[HELD], newest;
    for (int i = 0; i < HELD; i++)
        assert_int_equal(swapc_slot_publish_pin(t->slot, t->a, &pins[i]), SWAPC_OK);
    for (int i = 0; i < HELD - 1; i++) swapc_pin_release(&pins[i]);
    assert_int_equal(swapc_slot_drain(t->slot, HELD, 0), SWAPC_OK);
    uint64_t generation = published(t->slot, t->b);
    assert_int_equal(swapc_slot_drain(t->slot, generation, 0), SWAPC_BUSY);
    swapc_pin_release(&pins[HELD - 1]);
    assert_int_equal(swapc_slot_pin(t->slot, &newest), SWAPC_OK);
    assert_int_equal(swapc_slot_drain(t->slot, generation, 0), SWAPC_OK);
    swapc_pin_release(&newest);
}

static void publishing_without_memory_changes_nothing(void **state) {
    enum { COUNTERS = 8 };
    struct bench *t = *state;
    swapc_pin pins[COUNTERS], pin = {0};
    uint64_t generation = 77;
    int published_now = 77;
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(swapc_slot_publish_pin(t->slot, t->a, &pins[i]), SWAPC_OK);
    for (int kind = 0; kind < 4; kind++) {
        swapci_alloc_fail_at(1);
        if (kind == 0)
            assert_int_equal(swapc_slot_publish(t->slot, t->b, &generation), SWAPC_NO_MEMORY);
        if (kind == 1)
            assert_int_equal(swapc_slot_publish_pin(t->slot, t->b, &pin), SWAPC_NO_MEMORY);
        if (kind == 2)
            assert_int_equal(swapc_slot_ensure_pin(t->slot, t->b, &pin, &published_now),
                             SWAPC_NO_MEMORY);
        if (kind == 3) assert_int_equal(swapc_slot_rollback(t->slot, &generation), SWAPC_NO_MEMORY);
        assert_true(swapci_alloc_failed());
        swapci_alloc_fail_at(0);
        assert_int_equal(swapc_slot_generation(t->slot), COUNTERS);
    }
    assert_int_equal(generation, 77);
    assert_int_equal(published_now, 77);
    assert_null(pin.module);
    assert_int_equal(published(t->slot, t->b), COUNTERS + 1);
    for (int i = 0; i < COUNTERS; i++) swapc_pin_release(&pins[i]);
}

static void many_pins_outlive_the_slot(void **state) {
    enum { HELD = 20 };
    struct bench *t = *state;
    swapc_pin pins[HELD];
    for (int i = 0; i < HELD; i++)
        assert_int_equal(swapc_slot_publish_pin(t->slot, i % 2 ? t->b : t->a, &pins[i]), SWAPC_OK);
    swapc_slot_free(t->slot);
    t->slot = NULL;
    for (int i = 0; i < HELD; i++) {
        expect_tag(t, &pins[i], i % 2 ? "B" : "A");
        swapc_pin_release(&pins[i]);
    }
}

static void a_released_pin_is_void(void **state) {
    struct bench *t = *state;
    swapc_pin pin;
    assert_int_equal(swapc_slot_publish_pin(t->slot, t->a, &pin), SWAPC_OK);
    swapc_pin_release(&pin);
    swapc_pin_release(&pin);
    assert_int_equal(published(t->slot, t->b), 2);
    assert_int_equal(swapc_slot_drain(t->slot, 2, 0), SWAPC_OK);
}

static void out_of_memory_is_a_status(void **state) {
    (void)state;
    for (size_t n = 1; n <= 3; n++) {
        swapc_slot *slot = NULL;
        swapc_error error = SWAPC_ERROR_INIT;
        swapci_alloc_fail_at(n);
        assert_int_equal(swapc_slot_new("tested", &slot, &error), SWAPC_NO_MEMORY);
        assert_true(swapci_alloc_failed());
        assert_null(slot);
        swapci_alloc_fail_at(0);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_slot_has_nothing_to_pin, setup, teardown),
        cmocka_unit_test_setup_teardown(generations_rise_from_1, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pin_keeps_its_generation, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_pin_frees_the_module, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pin_outlives_the_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(publish_pin_is_one_step, setup, teardown),
        cmocka_unit_test_setup_teardown(ensure_pin_publishes_only_when_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(rollback_is_a_new_generation, setup, teardown),
        cmocka_unit_test_setup_teardown(rollback_holds_the_only_reference, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_in_flight_ends_on_the_old_generation, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(warm_calls_and_swaps_allocate_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(drain_waits_for_older_generations_only, setup, teardown),
        cmocka_unit_test_setup_teardown(drain_with_many_generations_held, setup, teardown),
        cmocka_unit_test(a_counter_that_moved_on_is_not_waited_for),
        cmocka_unit_test_setup_teardown(drain_does_not_wait_for_the_current_generation, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(publishing_without_memory_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(many_pins_outlive_the_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(a_released_pin_is_void, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_is_a_status, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
