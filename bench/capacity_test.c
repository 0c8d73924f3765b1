#include "capacity.h"

#include <math.h>

#include "test_main.h"

static const struct swapci_capacity_costs costs = {
    .generate_us = 2, .sign_us = 10, .verify_us = 40, .redis_us = 20};

static void expect_rate(struct swapci_capacity_machine machine, double per_s,
                        enum swapci_capacity_bound wanted) {
    enum swapci_capacity_bound bound = SWAPCI_CAPACITY_CORES;
    double rate = swapci_capacity_rate(&costs, &machine, &bound);
    assert_true(fabs(rate - per_s) < 1e-6 * per_s);
    assert_string_equal(swapci_capacity_bound_name(bound), swapci_capacity_bound_name(wanted));
}

static void each_part_bounds_where_it_is_the_narrowest(void **state) {
    (void)state;
    expect_rate((struct swapci_capacity_machine){1, 1, 1, 1}, 1e6 / 72, SWAPCI_CAPACITY_CORES);
    expect_rate((struct swapci_capacity_machine){64, 1, 1, 1}, 25000, SWAPCI_CAPACITY_VERIFY);
    expect_rate((struct swapci_capacity_machine){64, 1, 2, 1}, 50000, SWAPCI_CAPACITY_VERIFY);
    expect_rate((struct swapci_capacity_machine){64, 1, 9, 1}, 50000, SWAPCI_CAPACITY_REDIS);
    expect_rate((struct swapci_capacity_machine){64, 1, 9, 9}, 100000, SWAPCI_CAPACITY_SIGN);
}

static struct swapci_capacity_plan plan_of(const struct swapci_capacity_costs *of,
                                           struct swapci_capacity_wish wish) {
    struct swapci_capacity_plan plan;
    swapci_capacity_plan(of, &wish, &plan);
    return plan;
}

static void what_is_planned_is_as_full_as_wished_at_most(void **state) {
    (void)state;
    for (double per_s = 10; per_s < 1e7; per_s *= 1.37)
        for (double full = 0.1; full <= 1; full += 0.1) {
            struct swapci_capacity_plan p = plan_of(
                &costs,
                (struct swapci_capacity_wish){.per_s = per_s, .full = full, .host_cores = 8});
            const struct {
                uint64_t threads;
                double us;
            } parts[] = {{p.signers, 10}, {p.verifiers, 40}, {p.servers, 20}};
            for (int i = 0; i < 3; i++) { /* and one fewer would be too full */
                double need = per_s * parts[i].us / 1e6;
                assert_true(need <= (double)parts[i].threads * full * (1 + 1e-6));
                assert_true(need > (double)(parts[i].threads - 1) * full * (1 - 1e-6));
            }
            assert_true(p.hosts * 8 >= p.signers + p.verifiers + p.servers);
            assert_true((p.hosts - 1) * 8 < p.signers + p.verifiers + p.servers);
            assert_true(fabs(p.producers - per_s * 2e-6 / full) < 1e-6 * per_s);
        }
}

static void partitions_are_even_over_servers_and_nearly_over_owners(void **state) {
    (void)state;
    for (double per_s = 10; per_s < 1e7; per_s *= 1.37) {
        struct swapci_capacity_plan p =
            plan_of(&costs, (struct swapci_capacity_wish){per_s, 0.7, 4, false});
        if (p.servers == 1) {
            assert_int_equal(p.partitions, 1);
            continue;
        }
        assert_int_equal(p.partitions % p.servers, 0);
        const uint64_t owners[] = {p.signers, p.hosts, p.servers};
        for (int i = 0; i < 3; i++) {
            uint64_t fullest = (p.partitions + owners[i] - 1) / owners[i];
            assert_true((double)(fullest * owners[i]) <= 1.25 * (double)p.partitions);
        }
    }
}

/* Each host has room for whole pairs only, and none is without a signer or a verifier. */
static void over_the_ring_a_signer_and_its_verifiers_share_a_host(void **state) {
    (void)state;
    for (unsigned cores = 1; cores <= 64; cores++)
        for (double per_s = 10; per_s < 1e7; per_s *= 2.9) {
            struct swapci_capacity_plan ring =
                plan_of(&costs, (struct swapci_capacity_wish){per_s, 0.7, cores, true});
            struct swapci_capacity_plan free_ones =
                plan_of(&costs, (struct swapci_capacity_wish){per_s, 0.7, cores, false});
            assert_true(ring.hosts >= free_ones.hosts);
            assert_true(ring.signers >= free_ones.signers);
            assert_int_equal(ring.verifiers, free_ones.verifiers);
            assert_int_equal(ring.partitions, 1);
            if (cores == 1) continue;
            uint64_t beside = (ring.verifiers + ring.signers - 1) / ring.signers;
            assert_true(1 + beside <= cores);
            assert_true(ring.hosts * (cores / (1 + beside)) >= ring.signers);
        }
    struct swapci_capacity_plan small =
        plan_of(&costs, (struct swapci_capacity_wish){1000, 0.7, 4, true});
    assert_int_equal(small.hosts, 1);
}

static void a_part_without_costs_is_not_there(void **state) {
    (void)state;
    const struct swapci_capacity_costs process = {.verify_us = 0.5, .redis_us = 4};
    struct swapci_capacity_plan p =
        plan_of(&process, (struct swapci_capacity_wish){1e6, 0.8, 4, false});
    assert_int_equal(p.signers, 0);
    assert_int_equal(p.verifiers, 1);
    assert_int_equal(p.servers, 5);
    assert_true(p.producers == 0);
    enum swapci_capacity_bound bound;
    swapci_capacity_rate(&process, &(struct swapci_capacity_machine){2, 1, 1, 1}, &bound);
    assert_int_equal(bound, SWAPCI_CAPACITY_REDIS);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_bounds_where_it_is_the_narrowest),
        cmocka_unit_test(what_is_planned_is_as_full_as_wished_at_most),
        cmocka_unit_test(partitions_are_even_over_servers_and_nearly_over_owners),
        cmocka_unit_test(over_the_ring_a_signer_and_its_verifiers_share_a_host),
        cmocka_unit_test(a_part_without_costs_is_not_there),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
