#include "capacity.h"

#include <math.h>

enum { PARTITIONS_AN_OWNER = 4 };

const char *swapci_capacity_bound_name(enum swapci_capacity_bound bound) {
    static const char *const names[] = {[SWAPCI_CAPACITY_CORES] = "cores",
                                        [SWAPCI_CAPACITY_SIGN] = "sign",
                                        [SWAPCI_CAPACITY_VERIFY] = "verify",
                                        [SWAPCI_CAPACITY_REDIS] = "Redis"};
    return names[bound];
}

double swapci_capacity_rate(const struct swapci_capacity_costs *costs,
                            const struct swapci_capacity_machine *machine,
                            enum swapci_capacity_bound *bound) {
    const struct {
        double threads, us;
    } parts[] = {
        [SWAPCI_CAPACITY_CORES] = {machine->cores, costs->generate_us + costs->sign_us +
                                                       costs->verify_us + costs->redis_us},
        [SWAPCI_CAPACITY_SIGN] = {machine->signers, costs->sign_us},
        [SWAPCI_CAPACITY_VERIFY] = {machine->verifiers, costs->verify_us},
        [SWAPCI_CAPACITY_REDIS] = {machine->servers, costs->redis_us},
    };
    double least = INFINITY;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        double per_s = parts[i].us > 0 ? parts[i].threads * 1e6 / parts[i].us : INFINITY;
        if (per_s >= least) continue;
        least = per_s;
        *bound = (enum swapci_capacity_bound)i;
    }
    return least;
}

/* Threads that are so full at most; a rounding error is none more. */
static uint64_t threads_of(const struct swapci_capacity_wish *wish, double us) {
    return (uint64_t)ceil(wish->per_s * us / 1e6 / wish->full - 1e-9);
}

static uint64_t most(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static uint64_t quotient_up(uint64_t a, uint64_t b) {
    return (a + b - 1) / b;
}

void swapci_capacity_plan(const struct swapci_capacity_costs *costs,
                          const struct swapci_capacity_wish *wish,
                          struct swapci_capacity_plan *plan) {
    *plan = (struct swapci_capacity_plan){.signers = threads_of(wish, costs->sign_us),
                                          .verifiers = threads_of(wish, costs->verify_us),
                                          .servers = threads_of(wish, costs->redis_us),
                                          .partitions = 1,
                                          .producers =
                                              wish->per_s * costs->generate_us / 1e6 / wish->full};
    uint64_t beside = quotient_up(plan->verifiers, most(plan->signers, 1)), pairs = UINT64_MAX;
    if (wish->ring && wish->host_cores > 1) { /* a signer, and so many verifiers with it */
        if (1 + beside > wish->host_cores) {  /* more pairs, each as large as a host */
            beside = wish->host_cores - 1;
            plan->signers = quotient_up(plan->verifiers, beside);
        }
        pairs = wish->host_cores / (1 + beside);
    }
    /* Servers, a thread each, fit in whatever room there is. */
    plan->hosts =
        most(quotient_up(plan->signers + plan->verifiers + plan->servers, wish->host_cores),
             plan->signers / pairs + (plan->signers % pairs != 0));
    if (plan->servers > 1 && !wish->ring) {
        uint64_t owners = most(most(plan->signers, plan->hosts), plan->servers);
        plan->partitions = quotient_up(PARTITIONS_AN_OWNER * owners, plan->servers) * plan->servers;
    }
}
