/* schnorr - BIP-340 signatures over secp256k1. */
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "verify_guest.h"

static int below(const uint8_t *value, const uint8_t *bound) {
    return memcmp(value, bound, 32) < 0;
}

/* The library answers "wrong" also to what is not well formed (r >= p, s >= n, s = 0), so that is
 * looked at first. An r that is no point's x is well formed. */
static enum swapci_verify_status verify(swapc_bytes message, swapc_bytes signature,
                                        swapc_bytes key) {
    secp256k1_xonly_pubkey parsed;
    if (key.len != 32 || signature.len != 64 || !below(signature.ptr, swapci_secp256k1_p) ||
        !swapci_in_range(signature.ptr + 32, swapci_secp256k1_n) ||
        !secp256k1_xonly_pubkey_parse(secp256k1_context_static, &parsed, key.ptr))
        return SWAPCI_VERIFY_ERROR;
    return secp256k1_schnorrsig_verify(secp256k1_context_static, signature.ptr, message.ptr,
                                       message.len, &parsed)
               ? SWAPCI_VERIFY_VALID
               : SWAPCI_VERIFY_NOT_VALID;
}

static int32_t verify_message(swapc_guest *g, swapc_bytes request) {
    return swapci_guest_verify_message(g, request, verify);
}

static int32_t verify_raw(swapc_guest *g, swapc_bytes request) {
    return swapci_guest_verify_raw(g, request, verify);
}

const swapc_guest_operation swapc_guest_operations[] = {
    {"verify_message", verify_message},
    {"verify_raw", verify_raw},
    {0, 0},
};
