/* self_test_vectors.h - what a bundle says its module must answer, as its manifest holds it.
 *
 * In module.toml, any number of:
 *
 *     [[self_test]]
 *     operation = "verify_message"
 *     request = "85a8726d…"          # hexadecimal; left out: empty
 *     response = "82ac7061…"         # hexadecimal; or, where the guest must refuse:
 *     error = true                   # a guest error, with any text
 *
 * A bundle should name right and wrong input alike: a module that finds everything valid must fail.
 *
 * Threads: none shared. Ownership: plain storage, no heap; spans are into `bytes`.
 */
#ifndef SWAPCI_SELF_TEST_VECTORS_H
#define SWAPCI_SELF_TEST_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SWAPCI_SELF_TESTS_MAX = 16,
    SWAPCI_SELF_TEST_BYTES = 8192 /* of all operations, requests and responses together */
};

struct swapci_span16 {
    uint16_t at, len;
};

struct swapci_self_test {
    struct swapci_span16 operation, request, response;
    bool has_request, has_response, refuses;
};

struct swapci_self_tests {
    struct swapci_self_test tests[SWAPCI_SELF_TESTS_MAX];
    unsigned count;
    uint16_t used;
    uint8_t bytes[SWAPCI_SELF_TEST_BYTES];
};

#endif
