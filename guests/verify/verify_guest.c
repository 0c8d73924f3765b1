#include "verify_guest.h"

#include "hex.h"
#include "sha256.h"

const uint8_t swapci_secp256k1_n[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
const uint8_t swapci_secp256k1_p[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xfc, 0x2f};

/* secp256k1 calls these two only when it is misused; built in, so that it needs no C library. */
void secp256k1_default_illegal_callback_fn(const char *message, void *data);
void secp256k1_default_error_callback_fn(const char *message, void *data);

void secp256k1_default_illegal_callback_fn(const char *message, void *data) {
    (void)message;
    (void)data;
    __builtin_trap();
}

void secp256k1_default_error_callback_fn(const char *message, void *data) {
    (void)message;
    (void)data;
    __builtin_trap();
}

int swapci_in_range(const uint8_t *value, const uint8_t *bound) {
    static const uint8_t zero[32];
    return memcmp(value, zero, sizeof zero) != 0 && memcmp(value, bound, sizeof zero) < 0;
}

static int32_t respond(swapc_guest *g, const char *payload_back, enum swapci_verify_status status) {
    uint8_t bytes[64];
    struct swapci_verify_response response = {swapc_bytes_str(payload_back), status};
    size_t len = swapci_verify_response_encode(&response, bytes, sizeof bytes);
    return swapc_guest_respond(g, swapc_bytes_of(bytes, len));
}

int32_t swapci_guest_answer(swapc_guest *g, enum swapci_verify_status status) {
    return respond(g, status == SWAPCI_VERIFY_ERROR ? "Error" : "Ok", status);
}

int swapci_guest_signature(const struct swapci_verify_request *request,
                           uint8_t out[SWAPCI_SIGNATURE_MAX]) {
    return request->signature.len <= 2 * SWAPCI_SIGNATURE_MAX &&
           swapci_hex_decode(request->signature, out);
}

static enum swapci_verify_status decide(const struct swapci_verify_request *request,
                                        swapc_bytes message, swapci_verify_fn verify) {
    uint8_t signature[SWAPCI_SIGNATURE_MAX];
    if (request->key.len > SWAPCI_VERIFY_KEY_MAX || !swapci_guest_signature(request, signature))
        return SWAPCI_VERIFY_ERROR;
    return verify(message, swapc_bytes_of(signature, request->signature.len / 2), request->key);
}

static int32_t answer(swapc_guest *g, swapc_bytes payload, int hashed, swapci_verify_fn verify) {
    struct swapci_verify_request request;
    uint8_t digest[32];
    if (!swapci_verify_request_decode(payload, &request))
        return swapc_guest_fail_text(
            g, "the payload is not a map {rmessage, smessage, vkey, id, oper}");
    if (request.oper != SWAPCI_VERIFY_ONE) return respond(g, "11111", SWAPCI_VERIFY_ERROR);
    swapc_bytes message = request.message;
    if (hashed) {
        swapci_sha256(message, digest);
        message = swapc_bytes_of(digest, sizeof digest);
    }
    return swapci_guest_answer(g, decide(&request, message, verify));
}

int32_t swapci_guest_verify_message(swapc_guest *g, swapc_bytes request, swapci_verify_fn verify) {
    return answer(g, request, 1, verify);
}

int32_t swapci_guest_verify_raw(swapc_guest *g, swapc_bytes request, swapci_verify_fn verify) {
    return answer(g, request, 0, verify);
}
