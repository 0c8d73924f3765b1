/* Any text as a Redis URL: what is shown to people never holds what stands for the password. */
#include "fuzz.h"
#include "redis_url.h"

#define FUZZ_ENDS(text) FUZZ_CHECK(memchr(text, 0, sizeof text))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    char *text = fuzz_text(&in);
    static swapci_redis_url url;
    swapc_error error = SWAPC_ERROR_INIT;
    memset(&url, 0xee, sizeof url);
    enum swapc_status status = swapci_redis_url_parse(text, &url, &error);
    FUZZ_CHECK(status == error.status);
    if (status == SWAPC_OK) {
        FUZZ_ENDS(url.path);
        FUZZ_ENDS(url.host);
        FUZZ_ENDS(url.user);
        FUZZ_ENDS(url.password);
        FUZZ_ENDS(url.shown);
        FUZZ_CHECK(url.is_unix ? url.path[0] : url.host[0]);
        FUZZ_CHECK(url.is_unix || !strchr(url.shown, '@') || strchr(url.host, '@'));
    }
    free(text);
    return 0;
}
