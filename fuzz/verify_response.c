/* Any bytes as a response of verify_message; one that is taken is written and means the same
 * again. */
#include "fuzz.h"
#include "verify_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct swapci_verify_response in, back;
    if (!swapci_verify_response_decode(swapc_bytes_of(data, size), &in)) return 0;
    FUZZ_CHECK(strlen(swapci_verify_status_name(in.status)) > 0);
    size_t len = swapci_verify_response_encode(&in, NULL, 0);
    uint8_t *out = malloc(len);
    FUZZ_CHECK(out);
    FUZZ_CHECK(swapci_verify_response_encode(&in, out, len) == len);
    FUZZ_CHECK(swapci_verify_response_decode(swapc_bytes_of(out, len), &back));
    FUZZ_CHECK(swapc_bytes_equal(in.payload_back, back.payload_back) && in.status == back.status);
    free(out);
    return 0;
}
