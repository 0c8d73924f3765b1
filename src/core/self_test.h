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

/* The time of all the vectors of a candidate together, whoever asks them. What the thread waits for a processor in it does
 * not count, as long as it is no more than SWAPCI_VECTOR_CROWD times the whole. */
struct swapci_vector_time {
    uint32_t total_ms;
    uint64_t start_ns;  /* of the monotonic clock */
    uint64_t waited_ns; /* what this thread had waited by then */
};

enum { SWAPCI_VECTOR_CROWD = 15 };

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

/* Puts each vector to the module, on one instance after the other as calls come. Each has its deadline,
 * at most deadline_max_ms; where one passes, all are put once more, from the first one on, since a crowded
 * machine is no fault of the module, and again as long as it is one that had this thread wait. All of it is done within test->time. An engine that cannot stop a
 * call is not asked to, and held to the time between calls. Returns SWAPC_OK, or SELF_TEST naming the vector,
 * what it must answer and what came instead, with the guest's own error, or that the time was used up. */
enum swapc_status swapci_self_tests_run(const struct swapci_self_test *test, swapc_module *module,
                                        swapc_error *error);

#endif
