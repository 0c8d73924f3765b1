#include "translator.h"

#include "hex.h"
#include "verify_message.h"

enum swapc_status swapci_translator_request(const swapci_record *record, swapci_buffer *out,
                                            swapc_error *error) {
    char hex[SWAPCI_HEX_SIZE(SWAPCI_RECORD_SIGNATURE_MAX)];
    if (record->signature.len > SWAPCI_RECORD_SIGNATURE_MAX)
        return swapc_error_set(error, SWAPC_CORRUPT, "a signature of %zu bytes",
                               record->signature.len);
    swapci_hex_encode(record->signature, hex);
    struct swapci_verify_request request = {
        .message = record->message,
        .signature = swapc_bytes_of(hex, 2 * record->signature.len),
        .key = record->key,
        .id = record->id.seq,
        .oper = SWAPCI_VERIFY_ONE,
    };
    swapci_buffer_clear(out);
    size_t room =
        SWAPCI_VERIFY_REQUEST_MAX(request.message.len, request.signature.len, request.key.len);
    if (swapci_buffer_reserve(out, room) != SWAPC_OK)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a request of %zu bytes",
                               room);
    out->len = swapci_verify_request_encode(&request, out->ptr, room);
    return SWAPC_OK;
}

void swapci_translator_verdict(enum swapc_status status, swapc_bytes body, const char **verdict,
                               const char **reason) {
    struct swapci_verify_response response;
    *verdict = "Error";
    *reason = NULL;
    if (status != SWAPC_OK) {
        *reason = swapc_status_name(status);
        return;
    }
    if (!swapci_verify_response_decode(body, &response)) {
        *reason = "response";
        return;
    }
    *verdict = swapci_verify_status_name(response.status);
    if (response.status == SWAPCI_VERIFY_ERROR) *reason = "key or signature";
}
