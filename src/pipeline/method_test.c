#include "method.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "record.h"
#include "tamper.h"
#include "test_main.h"

extern const swapci_method swapci_method_schnorr;

enum { KEYS = 3 };

static swapci_key_pairs *pairs;
static secp256k1_context *context;

static int setup(void **state) {
    char dir[] = "/tmp/swapc-sign-test-XXXXXX", keys[64], pub[64];
    swapci_keyring *ring = NULL;
    (void)state;
    if (!mkdtemp(dir)) return -1;
    snprintf(keys, sizeof keys, "%s/keys", dir);
    snprintf(pub, sizeof pub, "%s/keys.pub", dir);
    if (swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, KEYS, &ring, NULL) != SWAPC_OK) return -1;
    unlink(keys);
    unlink(pub);
    rmdir(dir);
    context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    enum swapc_status status = swapci_key_pairs_new(ring, &pairs, NULL);
    swapci_keyring_free(ring); /* not needed any more */
    return status == SWAPC_OK && context ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    swapci_key_pairs_free(pairs);
    secp256k1_context_destroy(context);
    return 0;
}

/* The verifier's side, written with the library alone. */
static int verifies(const swapci_method *method, const swapci_signature *s, swapc_bytes message) {
    uint8_t digest[32];
    secp256k1_xonly_pubkey x;
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature raw;
    crypto_hash_sha256(digest, message.ptr, message.len);
    if (method == &swapci_method_schnorr) {
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
    assert_int_equal(swapci_key_pairs_count(pairs), KEYS);
    for (size_t i = 0; i < sizeof message; i++) message[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len < sizeof message; len += 13) {
        for (unsigned m = 0; m < swapci_method_count; m++) {
            const swapci_method *method = swapci_method_table[m];
            swapc_bytes text = swapc_bytes_of(message, len);
            assert_int_equal(swapci_method_sign(method, pairs, len % KEYS, text, &s, NULL),
                             SWAPC_OK);
            assert_int_equal(verifies(method, &s, text), 1);
            /* and over nothing else */
            text.len++;
            assert_int_equal(verifies(method, &s, text), 0);
        }
    }
}

static void keys_differ(void **state) {
    swapci_signature a, b;
    swapc_bytes text = swapc_bytes_str("message");
    (void)state;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        const swapci_method *method = swapci_method_table[m];
        swapci_method_sign(method, pairs, 0, text, &a, NULL);
        swapci_method_sign(method, pairs, 1, text, &b, NULL);
        assert_false(swapc_bytes_equal(a.key, b.key));
        a.key = b.key;
        assert_int_equal(verifies(method, &a, text), 0);
    }
}

static void schnorr_nonces_are_fresh(void **state) {
    swapci_signature a, b;
    (void)state;
    swapci_method_sign(&swapci_method_schnorr, pairs, 0, swapc_bytes_str("m"), &a, NULL);
    swapci_method_sign(&swapci_method_schnorr, pairs, 0, swapc_bytes_str("m"), &b, NULL);
    assert_memory_not_equal(a.bytes, b.bytes, 64);
}

/* What is signed fits a record, whatever length DER has. */
static void signatures_fit_records(void **state) {
    uint8_t out[256];
    size_t len;
    (void)state;
    for (uint32_t n = 0; n < 200; n++) {
        swapci_signature s;
        swapci_record r = {.method = swapci_method_table[n % swapci_method_count],
                           .message = {(const uint8_t *)&n, sizeof n}};
        assert_int_equal(swapci_method_sign(r.method, pairs, 0, r.message, &s, NULL), SWAPC_OK);
        r.key = s.key;
        r.signature = swapc_bytes_of(s.bytes, s.len);
        assert_int_equal(swapci_record_encode(&r, out, sizeof out, &len, NULL), SWAPC_OK);
    }
}

static void tampered_message_is_not_valid(void **state) {
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    swapc_bytes messages[] = {swapc_bytes_str("a message"), swapc_bytes_of(NULL, 0)};
    (void)state;
    for (int i = 0; i < 4; i++) {
        swapci_signature s;
        const swapci_method *method = swapci_method_table[i % 2];
        swapci_method_sign(method, pairs, 0, messages[i / 2], &s, NULL);
        assert_int_equal(swapci_tamper(messages[i / 2], 123456789, &out), SWAPC_OK);
        assert_int_equal(verifies(method, &s, messages[i / 2]), 1);
        assert_int_equal(verifies(method, &s, swapci_buffer_bytes(&out)), 0);
    }
    swapci_buffer_fini(&out);
}

/* What a row promises to the bytes and arrays of others. */
static void rows_keep_the_bounds(void **state) {
    (void)state;
    assert_in_range(swapci_method_count, 1, SWAPCI_METHODS_MAX);
    for (unsigned m = 0; m < swapci_method_count; m++) {
        const swapci_method *method = swapci_method_table[m];
        assert_in_range(method->signature_min, 1, method->signature_max);
        assert_in_range(method->signature_max, 1, SWAPCI_SIGNATURE_SIZE_MAX);
        assert_int_equal(swapci_method_number(method), m);
        assert_ptr_equal(swapci_method_find(swapc_bytes_str(method->name)), method);
        assert_int_equal(swapci_method_set(method->name), 1u << m);
        assert_string_not_equal(method->name, SWAPCI_METHOD_RANDOM);
    }
}

static void other_names_are_no_methods(void **state) {
    static const char *const none[] = {"", "Schnorr", "ecds", "schnorr ", "none"};
    char list[64];
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_null(swapci_method_find(swapc_bytes_str(none[i])));
        assert_int_equal(swapci_method_set(none[i]), 0);
    }
    assert_null(swapci_method_find(swapc_bytes_of(NULL, 0)));
    assert_int_equal(swapci_method_set("random"), (1u << swapci_method_count) - 1);
    assert_string_equal(swapci_method_list(list, sizeof list), "schnorr, ecdsa or random");
}

/* The whole range of random numbers falls to the methods in equal parts. */
static void drawing_is_fair_and_whole(void **state) {
    enum { DRAWS = 1200 };
    unsigned drawn[SWAPCI_METHODS_MAX] = {0};
    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++)
        drawn[swapci_method_number(swapci_method_draw(UINT64_MAX / DRAWS * i))]++;
    for (unsigned m = 0; m < swapci_method_count; m++)
        assert_in_range(drawn[m], DRAWS / swapci_method_count - 2, DRAWS / swapci_method_count + 2);
    assert_ptr_equal(swapci_method_draw(UINT64_MAX), swapci_method_table[swapci_method_count - 1]);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_keep_the_bounds),
        cmocka_unit_test(other_names_are_no_methods),
        cmocka_unit_test(drawing_is_fair_and_whole),
        cmocka_unit_test_setup_teardown(signatures_verify, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(schnorr_nonces_are_fresh, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_fit_records, setup, teardown),
        cmocka_unit_test_setup_teardown(tampered_message_is_not_valid, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
