/* Keys and signatures made by minisign 0.11, and our own; every bit of them counts. */
#include "minisign.h"

#include <sodium.h>
#include <stdio.h>

#include "test_main.h"

static const char message[] = "swap while it runs\n";

static const char public_text[] = "untrusted comment: minisign public key 5FBD94DFBD5815DF\n"
                                  "RWTfFVi935S9X69t/PkAb/+k8vp5vgHVa5LbUaIfy3FLbF3SQ/KyASDk\n";
static const char other_public_text[] =
    "untrusted comment: minisign public key 1590E97F76334D18\n"
    "RWQYTTN2f+mQFUybm3I8VzLARKamnp/0RxcJDTcnT6MHSp5YXHSWWc19\n";
/* A test's key, in no use. */
static const char secret_text[] = "untrusted comment: minisign encrypted secret key\n"
                                  "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                  "AAAAAAAA3xVYvd+UvV/R4B4EsQJN4UX4"
                                  "7Pnd/DKKSA2E/jMgeXZBarRnAF0Icq9t/PkAb/"
                                  "+k8vp5vgHVa5LbUaIfy3FLbF3SQ/KyASDkAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                  "AAAAAAAAAAAAAAA=\n";
static const char legacy_text[] =
    "untrusted comment: signature from minisign secret key\n"
    "RWTfFVi935S9X3ESBo+vpUhxUPFIJ/hb0/+pewxaIXM728Pr6CgpmYpSdg6ft0/L7VbVXF24/"
    "C57Cz58VMFWcmnVi3S0x2TJbQM="
    "\ntrusted comment: timestamp:1 file:msg\n"
    "RzNZhqBjfWF8ZBXh806GnUd8L2JAOgPSmI6hVx0HHrwRUH5d68tp5dv6HEc6xX/XqVbUURm4kIdG3zAbS88KAg==\n";
static const char prehashed_text[] =
    "untrusted comment: signature from minisign secret key\n"
    "RUTfFVi935S9X7cBwjHuTOH3s+a650Kzfv/C3Gm7GCv9oPbmHlWI8wScMYNZkB4V5SrLAdlVx8/"
    "4w2C1GV1fsxXJMfkpl+bp5QE="
    "\ntrusted comment: timestamp:1 file:msg hashed\n"
    "D7eEO4uf1DCrNP/Rh7laB86rSgAMNMd7TqnzdAM8gNw0iwHmUlTaOSPRJrf+v2XmwLiFMueepBObLlxg4ukbCA==\n";

static int setup(void **state) {
    (void)state;
    return sodium_init() < 0;
}

static struct swapci_minisign_public parse_public(const char *text) {
    struct swapci_minisign_public key;
    assert_int_equal(swapci_minisign_public_parse(swapc_bytes_str(text), "k.pub", &key, NULL),
                     SWAPC_OK);
    return key;
}

/* Whether text is a signature of the tested key over what. */
static bool accepted(swapc_bytes text, const struct swapci_minisign_public *key, swapc_bytes what) {
    struct swapci_minisign_signature signature;
    return swapci_minisign_signature_parse(text, "m.minisig", &signature, NULL) == SWAPC_OK &&
           swapci_minisign_verify(&signature, key, what);
}

static void signatures_of_minisign(void **state) {
    (void)state;
    struct swapci_minisign_public key = parse_public(public_text);
    struct swapci_minisign_signature signature;
    char id[17];
    swapci_minisign_id_text(key.id, id);
    assert_string_equal(id, "5FBD94DFBD5815DF");
    swapci_minisign_signature_parse(swapc_bytes_str(legacy_text), "m", &signature, NULL);
    assert_false(signature.prehashed);
    assert_true(swapci_minisign_verify(&signature, &key, swapc_bytes_str(message)));
    assert_true(
        swapc_bytes_equal(signature.trusted_comment, swapc_bytes_str("timestamp:1 file:msg")));
    swapci_minisign_signature_parse(swapc_bytes_str(prehashed_text), "m", &signature, NULL);
    assert_true(signature.prehashed);
    assert_true(swapci_minisign_verify(&signature, &key, swapc_bytes_str(message)));
}

static void another_key(void **state) {
    (void)state;
    struct swapci_minisign_public other = parse_public(other_public_text);
    swapc_bytes what = swapc_bytes_str(message);
    assert_false(accepted(swapc_bytes_str(legacy_text), &other, what));
    /* Even under the right id. */
    memcpy(other.id, parse_public(public_text).id, sizeof other.id);
    assert_false(accepted(swapc_bytes_str(legacy_text), &other, what));
    assert_false(accepted(swapc_bytes_str(prehashed_text), &other, what));
}

static void every_bit_of_a_signature_counts(void **state) {
    (void)state;
    static const char *const texts[] = {legacy_text, prehashed_text};
    struct swapci_minisign_public key = parse_public(public_text);
    for (unsigned t = 0; t < 2; t++) {
        size_t len = strlen(texts[t]);
        size_t first = strcspn(texts[t], "\n"); /* the untrusted comment is what it says */
        for (size_t bit = 8 * first; bit < 8 * (len - 1); bit++) {
            char text[512];
            memcpy(text, texts[t], len);
            text[bit / 8] ^= (char)(1 << bit % 8);
            if (accepted(swapc_bytes_of(text, len), &key, swapc_bytes_str(message)))
                fail_msg("bit %zu of text %u does not count", bit, t);
        }
    }
}

static void every_bit_of_the_message_counts(void **state) {
    (void)state;
    static const char *const texts[] = {legacy_text, prehashed_text};
    struct swapci_minisign_public key = parse_public(public_text);
    for (unsigned t = 0; t < 2; t++)
        for (size_t bit = 0; bit < 8 * (sizeof message - 1); bit++) {
            char what[sizeof message];
            memcpy(what, message, sizeof what);
            what[bit / 8] ^= (char)(1 << bit % 8);
            assert_false(accepted(swapc_bytes_str(texts[t]), &key,
                                  swapc_bytes_of(what, sizeof message - 1)));
        }
}

static void a_truncated_signature(void **state) {
    (void)state;
    struct swapci_minisign_public key = parse_public(public_text);
    for (size_t len = 0; len < strlen(prehashed_text) - 1; len++)
        assert_false(accepted(swapc_bytes_of(prehashed_text, len), &key, swapc_bytes_str(message)));
    /* The last newline alone is not missed. */
    assert_true(accepted(swapc_bytes_of(prehashed_text, strlen(prehashed_text) - 1), &key,
                         swapc_bytes_str(message)));
}

static void a_signature_with_something_behind_it(void **state) {
    (void)state;
    struct swapci_minisign_public key = parse_public(public_text);
    char text[512];
    snprintf(text, sizeof text, "%s\n", prehashed_text);
    assert_true(accepted(swapc_bytes_str(text), &key, swapc_bytes_str(message)));
    snprintf(text, sizeof text, "%sx\n", prehashed_text);
    assert_false(accepted(swapc_bytes_str(text), &key, swapc_bytes_str(message)));
}

static void lines_of_another_system(void **state) {
    (void)state;
    struct swapci_minisign_public key = parse_public(public_text);
    char text[512];
    size_t n = 0;
    for (const char *at = prehashed_text; *at; at++) {
        if (*at == '\n') text[n++] = '\r';
        text[n++] = *at;
    }
    assert_true(accepted(swapc_bytes_of(text, n), &key, swapc_bytes_str(message)));
}

static void what_is_no_key(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "untrusted comment: x\n",
        "untrusted comment: x\nRWTf\n",
        "RWTfFVi935S9X69t",
        "untrusted comment: x\nRUTfFVi935S9X69t/PkAb/+k8vp5vgHVa5LbUaIfy3FLbF3SQ/KyASDk\n",
    };
    struct swapci_minisign_public key;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(
            swapci_minisign_public_parse(swapc_bytes_str(texts[i]), "k.pub", &key, &error),
            SWAPC_SIGNATURE);
        assert_non_null(strstr(error.text, "k.pub"));
    }
}

static void a_key_without_password(void **state) {
    (void)state;
    struct swapci_minisign_secret secret;
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    struct swapci_minisign_public key = parse_public(public_text);
    assert_int_equal(
        swapci_minisign_secret_parse(swapc_bytes_str(secret_text), "k.key", NULL, &secret, NULL),
        SWAPC_OK);
    assert_int_equal(swapci_minisign_public_write(&secret, &text), SWAPC_OK);
    assert_true(swapc_bytes_equal(swapci_buffer_bytes(&text), swapc_bytes_str(public_text)));
    /* Ed25519 signs the same way each time: this is minisign's own signature. */
    swapci_buffer_clear(&text);
    assert_int_equal(swapci_minisign_sign(&secret, swapc_bytes_str(message), true,
                                          "timestamp:1 file:msg hashed", &text),
                     SWAPC_OK);
    const char *ours = memchr(text.ptr, '\n', text.len);
    const char *theirs = strchr(prehashed_text, '\n');
    assert_memory_equal(ours, theirs, strlen(theirs));
    assert_true(accepted(swapci_buffer_bytes(&text), &key, swapc_bytes_str(message)));
    swapci_buffer_fini(&text);
}

/* A little scrypt, so that the test does not take a second and a gigabyte. */
static void a_key_with_a_password(void **state) {
    (void)state;
    uint8_t blob[158], stream[104];
    char text[512], base64[256];
    struct swapci_minisign_secret secret, again;
    size_t got;
    swapci_buffer plain = SWAPCI_BUFFER_INIT;
    crypto_generichash_state hash;
    swapci_minisign_generate(&secret);
    assert_int_equal(swapci_minisign_secret_write(&secret, &plain), SWAPC_OK);
    const char *line = memchr(plain.ptr, '\n', plain.len);
    assert_int_equal(sodium_base642bin(blob, sizeof blob, line + 1, 212, NULL, &got, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    swapci_buffer_fini(&plain);
    memcpy(blob + 2, "Sc", 2);
    memset(blob + 6, 7, 32);
    blob[38 + 2] = 1;    /* operations 65536 */
    blob[46 + 2] = 0x10; /* memory 1 MiB */
    crypto_generichash_init(&hash, NULL, 0, 32);
    crypto_generichash_update(&hash, blob, 2);
    crypto_generichash_update(&hash, blob + 54, 72);
    crypto_generichash_final(&hash, blob + 126, 32);
    assert_int_equal(crypto_pwhash_scryptsalsa208sha256(stream, sizeof stream, "secret", 6,
                                                        blob + 6, 65536, 1 << 20),
                     0);
    for (size_t i = 0; i < sizeof stream; i++) blob[54 + i] ^= stream[i];
    sodium_bin2base64(base64, sizeof base64, blob, sizeof blob, sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, sizeof text, "untrusted comment: x\n%s\n", base64);
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_bytes file = swapc_bytes_str(text);
    assert_int_equal(swapci_minisign_secret_parse(file, "k", NULL, &again, &error),
                     SWAPC_SIGNATURE);
    assert_non_null(strstr(error.text, "encrypted"));
    swapc_error_clear(&error);
    assert_int_equal(swapci_minisign_secret_parse(file, "k", "wrong", &again, &error),
                     SWAPC_SIGNATURE);
    assert_non_null(strstr(error.text, "wrong password"));
    assert_int_equal(swapci_minisign_secret_parse(file, "k", "secret", &again, NULL), SWAPC_OK);
    assert_memory_equal(&again, &secret, sizeof secret);
}

static void a_damaged_secret_key(void **state) {
    (void)state;
    char text[sizeof secret_text];
    struct swapci_minisign_secret secret;
    memcpy(text, secret_text, sizeof text);
    char *at = strstr(text, "47Pnd");
    *at = '5';
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(
        swapci_minisign_secret_parse(swapc_bytes_str(text), "k.key", NULL, &secret, &error),
        SWAPC_SIGNATURE);
    assert_non_null(strstr(error.text, "damaged"));
}

static void our_own_in_both_forms(void **state) {
    (void)state;
    struct swapci_minisign_secret secret;
    struct swapci_minisign_public key;
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    swapci_minisign_generate(&secret);
    assert_int_equal(swapci_minisign_public_write(&secret, &text), SWAPC_OK);
    assert_int_equal(swapci_minisign_public_parse(swapci_buffer_bytes(&text), "k.pub", &key, NULL),
                     SWAPC_OK);
    for (int prehashed = 0; prehashed < 2; prehashed++) {
        swapci_buffer_clear(&text);
        assert_int_equal(
            swapci_minisign_sign(&secret, swapc_bytes_of(NULL, 0), prehashed, "", &text), SWAPC_OK);
        assert_true(accepted(swapci_buffer_bytes(&text), &key, swapc_bytes_of(NULL, 0)));
        assert_false(accepted(swapci_buffer_bytes(&text), &key, swapc_bytes_str("x")));
    }
    swapci_buffer_fini(&text);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(signatures_of_minisign, setup),
        cmocka_unit_test_setup(another_key, setup),
        cmocka_unit_test_setup(every_bit_of_a_signature_counts, setup),
        cmocka_unit_test_setup(every_bit_of_the_message_counts, setup),
        cmocka_unit_test_setup(a_truncated_signature, setup),
        cmocka_unit_test_setup(a_signature_with_something_behind_it, setup),
        cmocka_unit_test_setup(lines_of_another_system, setup),
        cmocka_unit_test_setup(what_is_no_key, setup),
        cmocka_unit_test_setup(a_key_without_password, setup),
        cmocka_unit_test_setup(a_key_with_a_password, setup),
        cmocka_unit_test_setup(a_damaged_secret_key, setup),
        cmocka_unit_test_setup(our_own_in_both_forms, setup),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
