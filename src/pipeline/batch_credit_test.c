#include "batch_credit.h"

#include <string.h>

#include "test_main.h"

/* A machine of the test's own: what is wrong, what things cost, and what was judged how often. */
enum { MESSAGES = 100000, RUN = 10000, SINGLE_NS = 40000, CHUNK = 512 };

struct machine {
    uint8_t wrong[MESSAGES];
    uint8_t judged[MESSAGES];
    double spent[MESSAGES + 1]; /* ns, up to the end of each chunk's message */
    uint32_t base;
    double total;
    double ratio;  /* a batch of 256 to as many alone */
    bool spiteful; /* the last member of each batch is wrong, whatever its place */
    uint64_t most;
};

static struct machine machine;

static bool together(uint32_t first, uint32_t count, uint64_t *cost_ns, void *user) {
    struct machine *m = user;
    double share = m->ratio + (1 - m->ratio) * 16 / count; /* 16 save nothing */
    bool good = true;
    if (m->spiteful) m->wrong[m->base + first + count - 1] = 1;
    *cost_ns = (uint64_t)(share * count * SINGLE_NS);
    m->total += (double)*cost_ns;
    if (count > m->most) m->most = count;
    for (uint32_t i = 0; i < count; i++) good = good && !m->wrong[m->base + first + i];
    for (uint32_t i = 0; i < count && good; i++) m->judged[m->base + first + i]++;
    return good;
}

static uint64_t alone(uint32_t index, void *user) {
    struct machine *m = user;
    m->total += SINGLE_NS;
    m->judged[m->base + index]++;
    return SINGLE_NS;
}

static const struct swapci_batch_judging judging = {together, alone, &machine};

static uint64_t random_state;

static uint32_t draw(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) % limit);
}

static void fresh(double ratio) {
    memset(&machine, 0, sizeof machine);
    machine.ratio = ratio;
    random_state = 88172645463325252u;
}

/* All messages, in takes of up to CHUNK; each must have been judged once. */
static void run(struct swapci_batch_credit *credit) {
    while (machine.base < MESSAGES) {
        uint32_t count = 1 + draw(CHUNK);
        if (count > MESSAGES - machine.base) count = MESSAGES - machine.base;
        double before = machine.total;
        swapci_batch_credit_judge(credit, &judging, count);
        for (uint32_t i = 1; i <= count; i++)
            machine.spent[machine.base + i] = before + (machine.total - before) * i / count;
        machine.base += count;
    }
    for (uint32_t i = 0; i < MESSAGES; i++) assert_int_equal(machine.judged[i], 1);
}

/* The dearest run of RUN messages, in messages alone. */
static double dearest(void) {
    double most = 0;
    for (uint32_t i = 0; i + RUN <= MESSAGES; i++) {
        double cost = machine.spent[i + RUN] - machine.spent[i];
        if (cost > most) most = cost;
    }
    return most / SINGLE_NS / RUN;
}

static double mean(void) {
    return machine.total / SINGLE_NS / MESSAGES;
}

static void right_messages_go_in_large_batches(void **state) {
    (void)state;
    struct swapci_batch_credit credit;
    fresh(0.5);
    swapci_batch_credit_init(&credit, 256, 0);
    run(&credit);
    assert_int_equal(machine.most, 256);
    assert_int_equal(credit.failed, 0);
    assert_true(mean() < 0.6);
}

/* Whatever an adversary does, and whatever batches save, a run of 10 000 costs at most 1.05. */
static void no_run_of_ten_thousand_costs_more_than_a_twentieth(void **state) {
    (void)state;
    static const double ratios[] = {0.35, 0.7, 0.9, 1.0, 1.5};
    enum { EVEN, RANDOM, TENTH, ALL, BURSTS, SPITE, KINDS };
    for (size_t r = 0; r < sizeof ratios / sizeof *ratios; r++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct swapci_batch_credit credit;
            fresh(ratios[r]);
            machine.spiteful = kind == SPITE;
            for (uint32_t i = 0; i < MESSAGES; i++)
                machine.wrong[i] = (kind == EVEN && i % 256 == 128) ||
                                   (kind == RANDOM && draw(256) == 0) ||
                                   (kind == TENTH && draw(10) == 0) || kind == ALL ||
                                   (kind == BURSTS && i / 3000 % 2 == 1 && i % 16 == 3);
            swapci_batch_credit_init(&credit, 256, 0);
            run(&credit);
            if (dearest() > 1.05) fail_msg("kind %d, ratio %g: %g", kind, ratios[r], dearest());
        }
}

/* A few wrong ones among many must not end batches: they still pay. */
static void one_wrong_in_a_thousand_still_saves(void **state) {
    (void)state;
    struct swapci_batch_credit credit;
    fresh(0.4);
    for (uint32_t i = 0; i < MESSAGES; i++) machine.wrong[i] = draw(1000) == 0;
    swapci_batch_credit_init(&credit, 256, 0);
    run(&credit);
    assert_true(credit.failed > 0);
    assert_true(mean() < 0.8);
}

/* After an attack batches come back by themselves. */
static void batches_return_when_the_attack_ends(void **state) {
    (void)state;
    struct swapci_batch_credit credit;
    fresh(0.4);
    memset(machine.wrong, 1, MESSAGES / 4);
    swapci_batch_credit_init(&credit, 256, 0);
    run(&credit);
    assert_true(machine.spent[MESSAGES] - machine.spent[MESSAGES / 2] <
                0.6 * SINGLE_NS * (MESSAGES / 2));
}

static void sizes_below_the_least_mean_one_by_one(void **state) {
    (void)state;
    for (uint32_t size = 0; size < SWAPCI_BATCH_LEAST; size += 5) {
        struct swapci_batch_credit credit;
        fresh(0.1);
        swapci_batch_credit_init(&credit, size, 0);
        run(&credit);
        assert_int_equal(credit.together, 0);
        assert_int_equal(credit.alone, MESSAGES);
    }
}

/* A batch is never made that would run past its time. */
static void a_time_limit_bounds_the_size(void **state) {
    (void)state;
    struct swapci_batch_credit credit;
    fresh(0.4);
    swapci_batch_credit_init(&credit, 256, (uint64_t)SINGLE_NS * 40);
    run(&credit);
    assert_in_range(machine.most, 16, 40);
    fresh(0.4);
    swapci_batch_credit_init(&credit, 256, (uint64_t)SINGLE_NS * 15);
    run(&credit);
    assert_int_equal(credit.together, 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_messages_go_in_large_batches),
        cmocka_unit_test(no_run_of_ten_thousand_costs_more_than_a_twentieth),
        cmocka_unit_test(one_wrong_in_a_thousand_still_saves),
        cmocka_unit_test(batches_return_when_the_attack_ends),
        cmocka_unit_test(sizes_below_the_least_mean_one_by_one),
        cmocka_unit_test(a_time_limit_bounds_the_size),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
