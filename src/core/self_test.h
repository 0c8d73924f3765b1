/* self_test.h - putting vectors (self_test_vectors.h) to a module.
 *
 * Threads: none shared. Ownership: nothing is kept.
 */
#ifndef SWAPCI_SELF_TEST_H
#define SWAPCI_SELF_TEST_H

#include "self_test_vectors.h"
#include "swapc/contract.h"

/* Whether a response of other bytes is right as well (swapc/contract.h); same NULL: it is not. */
struct swapci_answer_rule {
    swapc_contract_same_fn same;
    void *user;
};

/* Puts each vector to the module, on one instance after the other as calls come. Each has its deadline,
 * at most deadline_max_ms; where one passes, all are put once more, from the first one on, since a crowded
 * machine is no fault of the module. An engine that cannot stop a call is not asked to. rule NULL: equal
 * bytes only. Returns SWAPC_OK, or SELF_TEST naming the vector, what it must answer and what came
 * instead, with the guest's own error. */
enum swapc_status swapci_self_tests_run(const struct swapci_vectors *vectors, swapc_module *module,
                                        uint32_t deadline_max_ms,
                                        const struct swapci_answer_rule *rule, swapc_error *error);

#endif
