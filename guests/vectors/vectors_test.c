#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test_main.h"
#include "well_formed.h"

static const char bip340_path[] = SWAPC_TEST_VECTORS "/bip340_test_vectors.csv";
static const char wycheproof_path[] =
    SWAPC_TEST_VECTORS "/ecdsa_secp256k1_sha256_bitcoin_test.json";

/* How many vectors expect each status. */
static void tally(struct swapci_vectors *vectors, size_t counts[3]) {
    struct swapci_vector vector;
    struct swapci_verify_request request;
    while (swapci_vectors_next(vectors, &vector)) {
        assert_true(swapci_verify_request_decode(vector.request, &request));
        counts[vector.expected]++;
    }
}

static void bip340_is_read_whole(void **state) {
    (void)state;
    struct swapci_vectors *vectors;
    size_t counts[3] = {0};
    assert_int_equal(swapci_vectors_bip340(bip340_path, &vectors, NULL), SWAPC_OK);
    assert_int_equal(swapci_vectors_count(vectors), 19);
    tally(vectors, counts);
    assert_int_equal(counts[SWAPCI_VERIFY_VALID], 9);
    /* 5 and 14: key; 12: r = p; 13: s = n. */
    assert_int_equal(counts[SWAPCI_VERIFY_ERROR], 4);
    assert_int_equal(counts[SWAPCI_VERIFY_NOT_VALID], 6);
    swapci_vectors_free(vectors);
}

static void wycheproof_is_read_whole(void **state) {
    (void)state;
    struct swapci_vectors *vectors;
    size_t counts[3] = {0};
    assert_int_equal(swapci_vectors_wycheproof(wycheproof_path, &vectors, NULL), SWAPC_OK);
    assert_int_equal(swapci_vectors_count(vectors), 463);
    tally(vectors, counts);
    assert_int_equal(counts[SWAPCI_VERIFY_VALID], 162);
    assert_int_equal(counts[SWAPCI_VERIFY_ERROR], 282);
    assert_int_equal(counts[SWAPCI_VERIFY_NOT_VALID], 19);
    swapci_vectors_free(vectors);
}

static void a_missing_file_is_named(void **state) {
    (void)state;
    struct swapci_vectors *vectors = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_vectors_bip340("/nowhere/x.csv", &vectors, &error), SWAPC_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nowhere/x.csv"));
    swapc_error_clear(&error);
    assert_int_equal(swapci_vectors_wycheproof("/nowhere/x.json", &vectors, &error),
                     SWAPC_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nowhere/x.json"));
    assert_null(vectors);
}

/* Returns the status of reading a file of this content. */
static enum swapc_status read_text(const char *text,
                                   enum swapc_status (*read)(const char *, struct swapci_vectors **,
                                                             swapc_error *)) {
    struct swapci_vectors *vectors = NULL;
    char path[] = "/tmp/swapc-vectors-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    enum swapc_status status = read(path, &vectors, NULL);
    unlink(path);
    assert_int_equal(vectors != NULL, status == SWAPC_OK);
    swapci_vectors_free(vectors);
    return status;
}

static void other_content_is_refused(void **state) {
    (void)state;
    static const char head[] = "index,secret key,public key,aux_rand,message,signature,"
                               "verification result,comment\n";
    char text[512];
    snprintf(text, sizeof text, "%s0,,00,,00,00,FALSE,\n", head);
    assert_int_equal(read_text(text, swapci_vectors_bip340), SWAPC_OK);
    snprintf(text, sizeof text, "%s0,,00,,00,00,MAYBE,\n", head);
    assert_int_equal(read_text(text, swapci_vectors_bip340), SWAPC_CORRUPT);
    snprintf(text, sizeof text, "%s0,,0x,,00,00,FALSE,\n", head);
    assert_int_equal(read_text(text, swapci_vectors_bip340), SWAPC_CORRUPT);
    snprintf(text, sizeof text, "%s0,,00\n", head);
    assert_int_equal(read_text(text, swapci_vectors_bip340), SWAPC_CORRUPT);
    assert_int_equal(read_text("{", swapci_vectors_wycheproof), SWAPC_CORRUPT);
    assert_int_equal(read_text("{}", swapci_vectors_wycheproof), SWAPC_CORRUPT);
    assert_int_equal(read_text("{\"testGroups\": [{}]}", swapci_vectors_wycheproof), SWAPC_CORRUPT);
    assert_int_equal(read_text("{\"testGroups\": []}", swapci_vectors_wycheproof), SWAPC_OK);
}

static void openssl_tells_der_from_ber(void **state) {
    (void)state;
    static const uint8_t der[] = {0x30, 6, 2, 1, 1, 2, 1, 1};
    static const uint8_t long_length[] = {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1};
    static const uint8_t zero[] = {0x30, 6, 2, 1, 0, 2, 1, 1};
    static const uint8_t negative[] = {0x30, 6, 2, 1, 0x81, 2, 1, 1};
    assert_int_equal(swapci_well_formed_ecdsa_signature(swapc_bytes_of(der, sizeof der)), 1);
    assert_int_equal(
        swapci_well_formed_ecdsa_signature(swapc_bytes_of(long_length, sizeof long_length)), 0);
    assert_int_equal(swapci_well_formed_ecdsa_signature(swapc_bytes_of(zero, sizeof zero)), 0);
    assert_int_equal(swapci_well_formed_ecdsa_signature(swapc_bytes_of(negative, sizeof negative)),
                     0);
    assert_int_equal(swapci_well_formed_ecdsa_signature(swapc_bytes_of(der, 7)), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip340_is_read_whole),       cmocka_unit_test(wycheproof_is_read_whole),
        cmocka_unit_test(a_missing_file_is_named),    cmocka_unit_test(other_content_is_refused),
        cmocka_unit_test(openssl_tells_der_from_ber),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
