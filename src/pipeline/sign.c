#include "sign.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>
#include <stdlib.h>

#include "swapc/log.h"

enum { X_SIZE = 32, COMPRESSED_SIZE = 33 };

struct key {
    secp256k1_keypair pair; /* made once: it costs half a signature */
    uint8_t secret[SWAPCI_SECRET_SIZE];
    uint8_t compressed[COMPRESSED_SIZE];
    uint8_t x[X_SIZE];
};

struct swapci_sign {
    secp256k1_context *context;
    size_t count;
    struct key keys[];
};

/* The keyring holds allowed secrets only, so that nothing here can fail. */
static void prepare(const secp256k1_context *context, const uint8_t *secret, struct key *out) {
    secp256k1_pubkey point;
    size_t len = COMPRESSED_SIZE;
    memcpy(out->secret, secret, SWAPCI_SECRET_SIZE);
    SWAPC_CHECK(secp256k1_keypair_create(context, &out->pair, secret));
    SWAPC_CHECK(secp256k1_keypair_pub(context, &point, &out->pair));
    secp256k1_ec_pubkey_serialize(context, out->compressed, &len, &point, SECP256K1_EC_COMPRESSED);
    memcpy(out->x, out->compressed + 1, X_SIZE);
}

enum swapc_status swapci_sign_new(const swapci_keyring *keys, swapci_sign **out,
                                  swapc_error *error) {
    uint8_t seed[32];
    size_t count = swapci_keyring_count(keys);
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium finds no source of randomness");
    swapci_sign *sign = calloc(1, sizeof *sign + count * sizeof(struct key));
    if (sign) sign->context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    if (!sign || !sign->context) {
        swapci_sign_free(sign);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the signing keys");
    }
    randombytes_buf(seed, sizeof seed);
    SWAPC_CHECK(secp256k1_context_randomize(sign->context, seed));
    sodium_memzero(seed, sizeof seed);
    sign->count = count;
    for (size_t i = 0; i < count; i++)
        prepare(sign->context, swapci_keyring_secret(keys, i), &sign->keys[i]);
    *out = sign;
    return SWAPC_OK;
}

void swapci_sign_free(swapci_sign *sign) {
    if (!sign) return;
    if (sign->context) secp256k1_context_destroy(sign->context);
    sodium_memzero(sign, sizeof *sign + sign->count * sizeof(struct key));
    free(sign);
}

size_t swapci_sign_keys(const swapci_sign *sign) {
    return sign->count;
}

static int sign_schnorr(const swapci_sign *sign, const struct key *key, const uint8_t *digest,
                        swapci_signature *out) {
    uint8_t random[32];
    randombytes_buf(random, sizeof random);
    out->key = swapc_bytes_of(key->x, X_SIZE);
    out->len = 64;
    return secp256k1_schnorrsig_sign32(sign->context, out->bytes, digest, &key->pair, random);
}

static int sign_ecdsa(const swapci_sign *sign, const struct key *key, const uint8_t *digest,
                      swapci_signature *out) {
    secp256k1_ecdsa_signature raw;
    out->key = swapc_bytes_of(key->compressed, COMPRESSED_SIZE);
    out->len = sizeof out->bytes;
    return secp256k1_ecdsa_sign(sign->context, &raw, digest, key->secret, NULL, NULL) &&
           secp256k1_ecdsa_signature_serialize_der(sign->context, out->bytes, &out->len, &raw);
}

enum swapc_status swapci_sign_message(const swapci_sign *sign, size_t key,
                                      enum swapci_method method, swapc_bytes message,
                                      swapci_signature *out, swapc_error *error) {
    SWAPC_CHECK(key < sign->count);
    SWAPC_CHECK((unsigned)method < SWAPCI_METHODS);
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, message.ptr, message.len);
    int good = method == SWAPCI_METHOD_SCHNORR ? sign_schnorr(sign, &sign->keys[key], digest, out)
                                               : sign_ecdsa(sign, &sign->keys[key], digest, out);
    if (good) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_SYSTEM, "libsecp256k1 made no %s signature",
                           swapci_method_name(method));
}

enum swapc_status swapci_sign_tamper(swapc_bytes message, uint64_t random, swapci_buffer *out) {
    swapci_buffer_clear(out);
    if (message.len == 0) return swapci_buffer_append_u8(out, (uint8_t)random);
    enum swapc_status status = swapci_buffer_append(out, message);
    if (status != SWAPC_OK) return status;
    uint64_t bit = random % ((uint64_t)message.len * 8);
    out->ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    return SWAPC_OK;
}
