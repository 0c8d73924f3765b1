/* Any bytes as a signed record; one that is taken is those bytes again when it is written. */
#include "fuzz.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    swapci_record record;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_record_decode(swapc_bytes_of(data, size), &record, &error);
    FUZZ_CHECK(status == error.status);
    if (status != SWAPC_OK) return 0;
    size_t len = 0;
    uint8_t *out = malloc(size);
    FUZZ_CHECK(out && swapci_record_size(&record) == size);
    FUZZ_CHECK(swapci_record_encode(&record, out, size, &len, &error) == SWAPC_OK);
    FUZZ_CHECK(len == size && memcmp(out, data, size) == 0);
    FUZZ_CHECK(record.method);
    free(out);
    return 0;
}
