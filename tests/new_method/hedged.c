/* A third method: ECDSA whose nonces are hedged with randomness of the moment, so that a fault while
 * signing twice gives no key away. Its signatures are judged by ecdsa's module. */
#include <secp256k1.h>
#include <sodium.h>

#include "key_pairs_impl.h"
#include "method.h"

static bool sign(const swapci_key_pairs *pairs, size_t pair, const uint8_t *digest,
                 swapci_signature *out) {
    const swapci_key_pair *key = &pairs->pairs[pair];
    secp256k1_ecdsa_signature raw;
    uint8_t random[32];
    randombytes_buf(random, sizeof random);
    out->key = swapc_bytes_of(key->compressed, sizeof key->compressed);
    out->len = sizeof out->bytes;
    return secp256k1_ecdsa_sign(pairs->context, &raw, digest, key->secret, NULL, random) == 1 &&
           secp256k1_ecdsa_signature_serialize_der(pairs->context, out->bytes, &out->len, &raw) ==
               1;
}

extern const swapci_method swapci_method_hedged;
const swapci_method swapci_method_hedged = {
    .name = "ecdsa-hedged",
    .module = "ecdsa",
    .key_form = SWAPCI_KEY_SEC1,
    .signature_min = 8,
    .signature_max = 72,
    .sign = sign,
};
