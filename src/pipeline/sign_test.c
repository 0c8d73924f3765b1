#include "sign.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test_main.h"

enum { KEYS = 3 };

static swapci_sign *sign;
static secp256k1_context *context;

static int setup(void **state) {
    char dir[] = "/tmp/swapc-sign-test-XXXXXX", keys[64], pub[64];
    swapci_keyring *ring = NULL;
    (void)state;
    if (!mkdtemp(dir)) return -1;
    snprintf(keys, sizeof keys, "%s/keys", dir);
    snprintf(pub, sizeof pub, "%s/keys.pub", dir);
    if (swapci_keyring_load(keys, KEYS, &ring, NULL) != SWAPC_OK) return -1;
    unlink(keys);
    unlink(pub);
    rmdir(dir);
    context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    enum swapc_status status = swapci_sign_new(ring, &sign, NULL);
    swapci_keyring_free(ring); /* not needed any more */
    return status == SWAPC_OK && context ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    swapci_sign_free(sign);
    secp256k1_context_destroy(context);
    return 0;
}

/* The verifier's side, written with the library alone. */
static int verifies(enum swapci_method method, const swapci_signature *s, swapc_bytes message) {
    uint8_t digest[32];
    secp256k1_xonly_pubkey x;
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature raw;
    crypto_hash_sha256(digest, message.ptr, message.len);
    if (method == SWAPCI_METHOD_SCHNORR) {
        assert_int_equal(s->key.len, 32);
        assert_int_equal(s->len, 64);
        assert_int_equal(secp256k1_xonly_pubkey_parse(context, &x, s->key.ptr), 1);
        return secp256k1_schnorrsig_verify(context, s->bytes, digest, 32, &x);
    }
    assert_int_equal(s->key.len, 33);
    assert_int_equal(secp256k1_ec_pubkey_parse(context, &key, s->key.ptr, s->key.len), 1);
    assert_int_equal(secp256k1_ecdsa_signature_parse_der(context, &raw, s->bytes, s->len), 1);
    return secp256k1_ecdsa_verify(context, &raw, digest, &key); /* refuses a high s */
}

static void signatures_verify(void **state) {
    uint8_t message[300];
    swapci_signature s;
    (void)state;
    assert_int_equal(swapci_sign_keys(sign), KEYS);
    for (size_t i = 0; i < sizeof message; i++) message[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len < sizeof message; len += 13) {
        for (int method = 0; method < SWAPCI_METHODS; method++) {
            swapc_bytes m = swapc_bytes_of(message, len);
            assert_int_equal(
                swapci_sign_message(sign, len % KEYS, (enum swapci_method)method, m, &s, NULL),
                SWAPC_OK);
            assert_int_equal(verifies((enum swapci_method)method, &s, m), 1);
            /* and over nothing else */
            m.len++;
            assert_int_equal(verifies((enum swapci_method)method, &s, m), 0);
        }
    }
}

static void keys_differ(void **state) {
    swapci_signature a, b;
    swapc_bytes m = swapc_bytes_str("message");
    (void)state;
    for (int method = 0; method < SWAPCI_METHODS; method++) {
        swapci_sign_message(sign, 0, (enum swapci_method)method, m, &a, NULL);
        swapci_sign_message(sign, 1, (enum swapci_method)method, m, &b, NULL);
        assert_false(swapc_bytes_equal(a.key, b.key));
        a.key = b.key;
        assert_int_equal(verifies((enum swapci_method)method, &a, m), 0);
    }
}

static void schnorr_nonces_are_fresh(void **state) {
    swapci_signature a, b;
    (void)state;
    swapci_sign_message(sign, 0, SWAPCI_METHOD_SCHNORR, swapc_bytes_str("m"), &a, NULL);
    swapci_sign_message(sign, 0, SWAPCI_METHOD_SCHNORR, swapc_bytes_str("m"), &b, NULL);
    assert_memory_not_equal(a.bytes, b.bytes, 64);
}

/* What is signed fits a record, whatever length DER has. */
static void signatures_fit_records(void **state) {
    uint8_t out[256];
    size_t len;
    (void)state;
    for (uint32_t n = 0; n < 200; n++) {
        swapci_signature s;
        swapci_record r = {.method = (enum swapci_method)(n % SWAPCI_METHODS),
                           .message = {(const uint8_t *)&n, sizeof n}};
        assert_int_equal(swapci_sign_message(sign, 0, r.method, r.message, &s, NULL), SWAPC_OK);
        r.key = s.key;
        r.signature = swapc_bytes_of(s.bytes, s.len);
        assert_int_equal(swapci_record_encode(&r, out, sizeof out, &len, NULL), SWAPC_OK);
    }
}

static void tamper_changes_one_bit(void **state) {
    static const uint8_t message[3] = {0x00, 0xFF, 0x5A};
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    unsigned seen = 0;
    (void)state;
    for (uint64_t random = 0; random < 24; random++) {
        assert_int_equal(swapci_sign_tamper(swapc_bytes_of(message, 3), random, &out), SWAPC_OK);
        assert_int_equal(out.len, 3);
        unsigned diff = 0;
        for (int i = 0; i < 3; i++) diff |= (unsigned)(out.ptr[i] ^ message[i]) << 8 * i;
        assert_int_equal(__builtin_popcount(diff), 1);
        seen |= diff;
    }
    assert_int_equal(seen, 0xFFFFFF); /* every bit has its turn */
    assert_int_equal(swapci_sign_tamper(swapc_bytes_of(message, 3), UINT64_MAX, &out), SWAPC_OK);
    assert_int_equal(swapci_sign_tamper(swapc_bytes_of(NULL, 0), 77, &out), SWAPC_OK);
    assert_int_equal(out.len, 1);
    swapci_buffer_fini(&out);
}

static void tampered_message_is_not_valid(void **state) {
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    swapc_bytes messages[] = {swapc_bytes_str("a message"), swapc_bytes_of(NULL, 0)};
    (void)state;
    for (int i = 0; i < 4; i++) {
        swapci_signature s;
        enum swapci_method method = (enum swapci_method)(i % 2);
        swapci_sign_message(sign, 0, method, messages[i / 2], &s, NULL);
        assert_int_equal(swapci_sign_tamper(messages[i / 2], 123456789, &out), SWAPC_OK);
        assert_int_equal(verifies(method, &s, messages[i / 2]), 1);
        assert_int_equal(verifies(method, &s, swapci_buffer_bytes(&out)), 0);
    }
    swapci_buffer_fini(&out);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signatures_verify, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(schnorr_nonces_are_fresh, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_fit_records, setup, teardown),
        cmocka_unit_test_setup_teardown(tamper_changes_one_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(tampered_message_is_not_valid, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
