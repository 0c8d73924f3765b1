/* capacity.h - how much of what a rate of messages needs, and what a machine can do: the arithmetic
 * of `swapc bench capacity`, pure.
 *
 * The model: a message costs each part its CPU time, whatever else happens, so a part that has n
 * threads moves at most n / cost, and a machine at most cores / sum of all costs. A signer is one
 * thread (of each of its partitions), a redis-server, too; a verifier is as many as it has workers.
 * What is planned is filled to `full` at most, so that there is something left for peaks, for the
 * share of one that died, and for what lies behind after a pause.
 *
 * What it leaves out: networks, memory, and that costs fall with the batches' size (under load
 * batches are full).
 *
 * Threads: pure functions. Ownership: the caller's storage.
 */
#ifndef SWAPCI_CAPACITY_H
#define SWAPCI_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

/* CPU time a message, microseconds; 0: that part is not there. */
struct swapci_capacity_costs {
    double generate_us, sign_us, verify_us, redis_us;
};

/* What there is on one machine: threads of each part, and the cores that they share. */
struct swapci_capacity_machine {
    unsigned cores, signers, verifiers, servers;
};

enum swapci_capacity_bound {
    SWAPCI_CAPACITY_CORES,
    SWAPCI_CAPACITY_SIGN,
    SWAPCI_CAPACITY_VERIFY,
    SWAPCI_CAPACITY_REDIS
};

const char *swapci_capacity_bound_name(enum swapci_capacity_bound bound); /* "cores", "sign", … */

/* Messages a second at most, and what bounds them. In: at least one cost above 0, every count at
 * least 1. */
double swapci_capacity_rate(const struct swapci_capacity_costs *costs,
                            const struct swapci_capacity_machine *machine,
                            enum swapci_capacity_bound *bound);

struct swapci_capacity_wish {
    double per_s;        /* above 0 */
    double full;         /* how full a core may be: above 0, up to 1 */
    unsigned host_cores; /* at least 1 */
    bool ring;           /* signer and verifiers share a host, and a ring */
};

/* Of a role without costs: 0. */
struct swapci_capacity_plan {
    uint64_t signers;    /* threads: a process has one, or one for each of its partitions */
    uint64_t verifiers;  /* worker threads */
    uint64_t servers;    /* redis-server, a thread each */
    uint64_t partitions; /* 1: one server and no need of more; over the ring always */
    uint64_t hosts;      /* for signers, verifiers and servers together */
    double producers;    /* cores that whoever adds the messages uses, on hosts of their own */
};

/* Partitions: with several servers a partition lies on one of them, and each has one owner at a
 * time, so there are a multiple of the servers, and at least four times as many as owners of a role
 * (signers; verifiers, one process a host): the owner that has one partition more than another is
 * then a quarter fuller at most. A ring is one stream on one server: several servers are as many
 *     pipelines of their own. */
void swapci_capacity_plan(const struct swapci_capacity_costs *costs,
                          const struct swapci_capacity_wish *wish,
                          struct swapci_capacity_plan *plan);

#endif
