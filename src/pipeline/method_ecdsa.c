/* ECDSA over secp256k1: SEC1 keys, low s in DER, nonces of RFC 6979. */
#include <secp256k1.h>

#include "key_pairs_impl.h"
#include "method.h"

/* The shortest DER signature is 8 bytes; whether it is one is the module's to say. */
enum { DER_MIN = 8, DER_MAX = 72 };

static bool sign(const swapci_key_pairs *pairs, size_t pair, const uint8_t *digest,
                 swapci_signature *out) {
    const swapci_key_pair *key = &pairs->pairs[pair];
    secp256k1_ecdsa_signature raw;
    out->key = swapc_bytes_of(key->compressed, sizeof key->compressed);
    out->len = sizeof out->bytes;
    return secp256k1_ecdsa_sign(pairs->context, &raw, digest, key->secret, NULL, NULL) == 1 &&
           secp256k1_ecdsa_signature_serialize_der(pairs->context, out->bytes, &out->len, &raw) ==
               1;
}

extern const swapci_method swapci_method_ecdsa;
const swapci_method swapci_method_ecdsa = {
    .name = "ecdsa",
    .module = "ecdsa",
    .key_form = SWAPCI_KEY_SEC1,
    .signature_min = DER_MIN,
    .signature_max = DER_MAX,
    .sign = sign,
};
