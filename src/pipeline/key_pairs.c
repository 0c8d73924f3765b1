#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "key_pairs_impl.h"
#include "swapc/log.h"

/* The keyring holds allowed secrets only, so that nothing here can fail. */
static void prepare(const secp256k1_context *context, const uint8_t *secret, swapci_key_pair *out) {
    secp256k1_pubkey point;
    size_t len = sizeof out->compressed;
    memcpy(out->secret, secret, SWAPCI_SECRET_SIZE);
    SWAPC_CHECK(secp256k1_keypair_create(context, &out->pair, secret));
    SWAPC_CHECK(secp256k1_keypair_pub(context, &point, &out->pair));
    secp256k1_ec_pubkey_serialize(context, out->compressed, &len, &point, SECP256K1_EC_COMPRESSED);
    memcpy(out->x, out->compressed + 1, sizeof out->x);
}

enum swapc_status swapci_key_pairs_new(const swapci_keyring *keys, swapci_key_pairs **out,
                                       swapc_error *error) {
    uint8_t seed[32];
    size_t count = swapci_keyring_count(keys);
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium finds no source of randomness");
    swapci_key_pairs *made = calloc(1, sizeof *made + count * sizeof *made->pairs);
    if (made) made->context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    if (!made || !made->context) {
        swapci_key_pairs_free(made);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the signing keys");
    }
    randombytes_buf(seed, sizeof seed);
    SWAPC_CHECK(secp256k1_context_randomize(made->context, seed));
    sodium_memzero(seed, sizeof seed);
    made->count = count;
    for (size_t i = 0; i < count; i++)
        prepare(made->context, swapci_keyring_secret(keys, i), &made->pairs[i]);
    *out = made;
    return SWAPC_OK;
}

void swapci_key_pairs_free(swapci_key_pairs *pairs) {
    if (!pairs) return;
    if (pairs->context) secp256k1_context_destroy(pairs->context);
    sodium_memzero(pairs, sizeof *pairs + pairs->count * sizeof *pairs->pairs);
    free(pairs);
}

size_t swapci_key_pairs_count(const swapci_key_pairs *pairs) {
    return pairs->count;
}
