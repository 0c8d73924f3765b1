/* self_test.h - putting a bundle's vectors (self_test_vectors.h) to its module.
 *
 * Threads: none shared. Ownership: nothing is kept.
 */
#ifndef SWAPCI_SELF_TEST_H
#define SWAPCI_SELF_TEST_H

#include "self_test_vectors.h"
#include "swapc/module.h"

/* Puts each vector to the module, on one instance after the other as calls come. Returns SWAPC_OK,
 * or SELF_TEST naming the vector and what came instead. */
enum swapc_status swapci_self_tests_run(const struct swapci_self_tests *tests, swapc_module *module,
                                        swapc_error *error);

#endif
