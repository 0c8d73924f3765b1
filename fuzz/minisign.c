/* Any bytes as minisign's files: a public key, an unencrypted secret key, a signature. A signature
 * that verifies under a key that was made here would be a forgery. */
#include <sodium.h>

#include "fuzz.h"
#include "minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct swapci_minisign_secret own;
    static struct swapci_minisign_public own_public;
    swapc_bytes text = swapc_bytes_of(data, size);
    if (!own.key[0] && !own.key[1]) {
        swapci_buffer made = SWAPCI_BUFFER_INIT;
        FUZZ_CHECK(sodium_init() >= 0);
        swapci_minisign_generate(&own);
        FUZZ_CHECK(swapci_minisign_public_write(&own, &made) == SWAPC_OK);
        FUZZ_CHECK(swapci_minisign_public_parse(swapci_buffer_bytes(&made), "own", &own_public,
                                                NULL) == SWAPC_OK);
        swapci_buffer_fini(&made);
    }
    struct swapci_minisign_public key;
    struct swapci_minisign_secret secret;
    struct swapci_minisign_signature signature;
    swapc_error error = SWAPC_ERROR_INIT;
    FUZZ_CHECK(swapci_minisign_public_parse(text, "file", &key, &error) == error.status);
    error = (swapc_error)SWAPC_ERROR_INIT;
    FUZZ_CHECK(swapci_minisign_secret_parse(text, "file", NULL, &secret, &error) == error.status);
    error = (swapc_error)SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_minisign_signature_parse(text, "file", &signature, &error);
    FUZZ_CHECK(status == error.status);
    if (status != SWAPC_OK) return 0;
    swapc_bytes comment = signature.trusted_comment;
    FUZZ_CHECK(comment.len == 0 ||
               (comment.ptr >= data && comment.ptr + comment.len <= data + size));
    memcpy(signature.id, own_public.id, sizeof signature.id);
    FUZZ_CHECK(!swapci_minisign_verify(&signature, &own_public, text));
    return 0;
}
