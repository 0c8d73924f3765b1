/* BIP-340 over secp256k1: x-only keys, signatures of 64 bytes, fresh auxiliary randomness. */
#include <secp256k1_schnorrsig.h>
#include <sodium.h>

#include "key_pairs_impl.h"
#include "method.h"

enum { SIGNATURE_SIZE = 64 };

static bool sign(const swapci_key_pairs *pairs, size_t pair, const uint8_t *digest,
                 swapci_signature *out) {
    const swapci_key_pair *key = &pairs->pairs[pair];
    uint8_t random[32];
    randombytes_buf(random, sizeof random);
    out->key = swapc_bytes_of(key->x, sizeof key->x);
    out->len = SIGNATURE_SIZE;
    return secp256k1_schnorrsig_sign32(pairs->context, out->bytes, digest, &key->pair, random) == 1;
}

extern const swapci_method swapci_method_schnorr;
const swapci_method swapci_method_schnorr = {
    .name = "schnorr",
    .module = "schnorr",
    .key_form = SWAPCI_KEY_X_ONLY,
    .signature_min = SIGNATURE_SIZE,
    .signature_max = SIGNATURE_SIZE,
    .sign = sign,
};
