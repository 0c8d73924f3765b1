#include "method.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "swapc/log.h"

_Static_assert(crypto_hash_sha256_BYTES == SWAPCI_DIGEST_SIZE, "what is signed is SHA-256");

unsigned swapci_method_number(const swapci_method *method) {
    unsigned number = 0;
    while (number < swapci_method_count && swapci_method_table[number] != method) number++;
    SWAPC_CHECK(number < swapci_method_count);
    return number;
}

const swapci_method *swapci_method_find(swapc_bytes name) {
    for (unsigned i = 0; i < swapci_method_count; i++)
        if (swapc_bytes_equal(name, swapc_bytes_str(swapci_method_table[i]->name)))
            return swapci_method_table[i];
    return NULL;
}

unsigned swapci_method_set(const char *text) {
    SWAPC_CHECK(swapci_method_count <= SWAPCI_METHODS_MAX);
    if (strcmp(text, SWAPCI_METHOD_RANDOM) == 0) return (1u << swapci_method_count) - 1;
    const swapci_method *method = swapci_method_find(swapc_bytes_str(text));
    return method ? 1u << swapci_method_number(method) : 0;
}

const swapci_method *swapci_method_draw(uint64_t random) {
    return swapci_method_table[(random >> 32) * swapci_method_count >> 32];
}

const char *swapci_method_list(char *out, size_t size) {
    size_t len = 0;
    for (unsigned i = 0; i < swapci_method_count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? ", " : "",
                                swapci_method_table[i]->name);
    if (len < size) snprintf(out + len, size - len, " or " SWAPCI_METHOD_RANDOM);
    return out;
}

enum swapc_status swapci_method_sign(const swapci_method *method, const swapci_key_pairs *pairs,
                                     size_t pair, swapc_bytes message, swapci_signature *out,
                                     swapc_error *error) {
    SWAPC_CHECK(pair < swapci_key_pairs_count(pairs));
    uint8_t digest[SWAPCI_DIGEST_SIZE];
    crypto_hash_sha256(digest, message.ptr, message.len);
    if (method->sign(pairs, pair, digest, out)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_SYSTEM, "libsecp256k1 made no %s signature", method->name);
}
