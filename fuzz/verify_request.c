/* Any bytes as a request of verify_message; one that is taken is written and means the same
 * again. */
#include "fuzz.h"
#include "verify_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct swapci_verify_request in, back;
    if (!swapci_verify_request_decode(swapc_bytes_of(data, size), &in)) return 0;
    FUZZ_CHECK(in.oper <= SWAPCI_VERIFY_THREE);
    if (in.key.len > SWAPCI_VERIFY_KEY_MAX) return 0;
    size_t max = SWAPCI_VERIFY_REQUEST_MAX(in.message.len, in.signature.len, in.key.len);
    uint8_t *out = malloc(max);
    FUZZ_CHECK(out);
    size_t len = swapci_verify_request_encode(&in, out, max);
    FUZZ_CHECK(len <= max);
    FUZZ_CHECK(swapci_verify_request_encode(&in, NULL, 0) == len);
    FUZZ_CHECK(swapci_verify_request_decode(swapc_bytes_of(out, len), &back));
    FUZZ_CHECK(swapc_bytes_equal(in.message, back.message));
    FUZZ_CHECK(swapc_bytes_equal(in.signature, back.signature));
    FUZZ_CHECK(swapc_bytes_equal(in.key, back.key));
    FUZZ_CHECK(in.id == back.id && in.oper == back.oper);
    free(out);
    return 0;
}
