/* schnorr - BIP-340 signatures over secp256k1. */
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "batch.h"
#include "sha256.h"
#include "verify_batch.h"
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

/* Returns whether the member may be Valid at all; what it holds is for the batch to say. */
static bool take_member(const struct swapci_verify_request *request,
                        struct swapci_schnorr_member *out) {
    uint8_t signature[SWAPCI_SIGNATURE_MAX];
    if (request->oper != SWAPCI_VERIFY_ONE || request->key.len != sizeof out->key ||
        request->signature.len != 2 * sizeof out->signature ||
        !swapci_guest_signature(request, signature))
        return false;
    memcpy(out->signature, signature, sizeof out->signature);
    memcpy(out->key, request->key.ptr, sizeof out->key);
    swapci_sha256(request->message, out->digest);
    out->message = swapc_bytes_of(out->digest, sizeof out->digest);
    return true;
}

/* All members are read before anything is said, so that one that is no request is always an error. */
static int32_t verify_batch(swapc_guest *g, swapc_bytes payload) {
    struct swapci_verify_batch batch;
    bool good = true;
    if (!swapci_verify_batch_decode(payload, &batch))
        return swapc_guest_fail_text(g, "the payload is not an array of requests");
    if (batch.count > SWAPCI_SCHNORR_BATCH_MAX)
        return swapc_guest_fail_text(g, "a batch has more than 4096 members");
    size_t own = batch.count * sizeof(struct swapci_schnorr_member);
    uint8_t *memory = swapc_guest_scratch(g, own + swapci_schnorr_batch_arena(batch.count));
    if (!memory) return swapc_guest_fail_text(g, "no memory for a batch of so many members");
    struct swapci_schnorr_member *members = (void *)memory;
    for (uint32_t i = 0; i < batch.count; i++) {
        struct swapci_verify_request request;
        if (!swapci_verify_batch_next(&batch, &request))
            return swapc_guest_fail_text(
                g, "a member of the batch is not a map {rmessage, smessage, vkey, id, oper}");
        good = take_member(&request, &members[i]) && good;
    }
    good = good && swapci_schnorr_batch_valid(members, batch.count, memory + own);
    return swapci_guest_answer(g, good ? SWAPCI_VERIFY_VALID : SWAPCI_VERIFY_NOT_VALID);
}

_Static_assert(SWAPCI_SCHNORR_BATCH_MAX == 4096, "the error's text names it");

const swapc_guest_operation swapc_guest_operations[] = {
    {"verify_message", verify_message},
    {"verify_raw", verify_raw},
    {"verify_batch", verify_batch},
    {0, 0},
};
