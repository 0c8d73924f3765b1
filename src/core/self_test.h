/* self_test.h - putting vectors (self_test_vectors.h) to a module.
 *
 * Threads: none shared. Ownership: nothing is kept.
 */
#ifndef SWAPCI_SELF_TEST_H
#define SWAPCI_SELF_TEST_H

#include "names.h"
#include "self_test_vectors.h"
#include "swapc/contract.h"

/* Whether a response of other bytes is right as well (swapc/contract.h); same NULL: it is not. */
struct swapci_answer_rule {
    swapc_contract_same_fn same;
    void *user;
};

/* The time of all the vectors of a candidate together, whoever asks them, without what the thread
 * waited for a CPU, as long as that is no more than 16 times the whole (patience.h). */
struct swapci_vector_time {
    uint32_t total_ms;
    uint64_t start_ns,
        waited_ns; /* of the monotonic clock; that the thread had no CPU until then */
};

struct swapci_vector_time swapci_vector_time_begin(uint32_t total_ms);

struct swapci_self_test {
    const struct swapci_vectors *vectors;
    const struct swapci_names
        *optional; /* operations that are asked only of a module whose manifest
                                            * names them; NULL: none */
    const struct swapci_answer_rule *rule; /* NULL: equal bytes only */
    uint32_t deadline_max_ms;              /* of one vector */
    struct swapci_vector_time time;
};

/* Puts each vector to the module, on one instance after the other as calls come. Each has its
 * deadline, at most deadline_max_ms; where one passes, all are put again, from the first one on, as
 * patience.h says, since a crowded machine is no fault of the module. All of it is done within
 * test->time. An engine that cannot stop a call is not asked to, and held to the time between
 * calls. Returns SWAPC_OK, or SELF_TEST naming the vector, what it must answer and what came
 * instead, with the guest's own error, or that the time was used up. */
enum swapc_status swapci_self_tests_run(const struct swapci_self_test *test, swapc_module *module,
                                        swapc_error *error);

#endif
