/* Any bytes as the files of keys: the public ones, which a verifier reads, and `keys`, the
 * signer's, which has a `keys.pub` of its own beside it. */
#include "fuzz.h"
#include "keyring.h"

static void load_public(void) {
    swapci_keyring_public *keys = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_keyring_public_load(fuzz_path("public"), &keys, &error);
    FUZZ_CHECK(status == error.status && (status == SWAPC_OK) == (keys != NULL));
    if (!keys) return;
    static const size_t lengths[] = {0, 32, 33, 64, 65};
    uint8_t key[65] = {2};
    FUZZ_CHECK(swapci_keyring_public_count(keys) >= 1);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        (void)swapci_keyring_public_has(keys, SWAPCI_KEY_X_ONLY, swapc_bytes_of(key, lengths[i]));
        (void)swapci_keyring_public_has(keys, SWAPCI_KEY_SEC1, swapc_bytes_of(key, lengths[i]));
    }
    swapci_keyring_public_free(keys);
}

static void load_secret(void) {
    swapci_keyring *ring = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status =
        swapci_keyring_load(fuzz_path("keys"), SWAPCI_KEYS_PRIVATE, 0, &ring, &error);
    FUZZ_CHECK(status == error.status && (status == SWAPC_OK) == (ring != NULL));
    if (!ring) return;
    static const uint8_t zero[SWAPCI_SECRET_SIZE];
    for (size_t i = 0; i < swapci_keyring_count(ring); i++)
        FUZZ_CHECK(memcmp(swapci_keyring_secret(ring, i), zero, sizeof zero) != 0);
    swapci_keyring_free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    swapc_bytes content = swapc_bytes_of(data, size);
    fuzz_write("public", content);
    load_public();
    fuzz_write("keys", content);
    load_secret();
    return 0;
}
