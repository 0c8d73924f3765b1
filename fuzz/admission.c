/* Two texts as versions, whose order must be one, and one of them as the record of what was
 * admitted. */
#include "admission.h"
#include "manifest_values.h"
#include "fuzz.h"

static void order(const char *a, const char *b) {
    int forth = swapci_version_compare(a, b), back = swapci_version_compare(b, a);
    FUZZ_CHECK((forth < 0) == (back > 0) && (forth == 0) == (back == 0));
    FUZZ_CHECK(swapci_version_compare(a, a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    const uint8_t *blank = size ? memchr(data, ' ', size) : NULL;
    swapc_bytes first = fuzz_bytes(&in, blank ? (size_t)(blank - data) : size);
    struct fuzz_input part = fuzz_input_of(first.ptr, first.len);
    char *a = fuzz_text(&part);
    (void)fuzz_byte(&in);
    char *b = fuzz_text(&in);
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_version_valid(a) && swapci_version_valid(b)) order(a, b);
    fuzz_write("demo.version", first);
    enum swapc_status status =
        swapci_admission(fuzz_folder(), "demo", "1.0.0", SWAPCI_ADMISSION_COMPARE, &error);
    FUZZ_CHECK(status == SWAPC_OK || status == SWAPC_VERSION || status == SWAPC_CORRUPT);
    FUZZ_CHECK(status == error.status);
    free(a);
    free(b);
    return 0;
}
