/* ecdsa - ECDSA over secp256k1: DER signatures, SEC1 keys. */
#include <secp256k1.h>

#include "der.h"
#include "verify_guest.h"

/* The library also reads hybrid keys (06, 07), which nobody should send. */
static int parse_key(swapc_bytes key, secp256k1_pubkey *out) {
    int compressed = key.len == 33 && (key.ptr[0] == 2 || key.ptr[0] == 3);
    int uncompressed = key.len == 65 && key.ptr[0] == 4;
    return (compressed || uncompressed) &&
           secp256k1_ec_pubkey_parse(secp256k1_context_static, out, key.ptr, key.len);
}

/* The library's own parser of DER takes r and s that are out of range for 0 and goes on. */
static int parse_signature(swapc_bytes der, secp256k1_ecdsa_signature *out) {
    uint8_t compact[64];
    return swapci_der_read(der, compact) && swapci_in_range(compact, swapci_secp256k1_n) &&
           swapci_in_range(compact + 32, swapci_secp256k1_n) &&
           secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, out, compact);
}

/* A high s is well formed, and wrong to the library. */
static enum swapci_verify_status verify(swapc_bytes message, swapc_bytes signature,
                                        swapc_bytes key) {
    secp256k1_pubkey parsed_key;
    secp256k1_ecdsa_signature parsed;
    if (message.len != 32 || !parse_signature(signature, &parsed) || !parse_key(key, &parsed_key))
        return SWAPCI_VERIFY_ERROR;
    return secp256k1_ecdsa_verify(secp256k1_context_static, &parsed, message.ptr, &parsed_key)
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
