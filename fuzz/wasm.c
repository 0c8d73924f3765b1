/* Any bytes as a wasm module: scanned, checked and lowered; what lowering makes of a valid module
 * is valid. A module that cannot be read is told so once: every entry begins with the same
 * reading. */
#include "buffer.h"
#include "check.h"
#include "fuzz.h"
#include "imports.h"
#include "lower.h"
#include "swapc/sys/engine.h"
#include "wasm_scan.h"

extern const swapc_engine swapc_engine_wasmtime;

static enum swapc_status see(const struct swapci_wasm_item *item, void *user, swapc_error *error) {
    (void)error;
    size_t *items = user;
    FUZZ_CHECK(memchr(item->signature, 0, sizeof item->signature));
    FUZZ_CHECK(item->name.len == 0 || item->name.ptr);
    (*items)++;
    return SWAPC_OK;
}

static bool valid(swapc_bytes module) {
    static swapc_engine_state *wasmtime;
    swapc_engine_config config = {0};
    config.imports = swapci_imports(&config.import_count);
    if (!wasmtime) FUZZ_CHECK(swapc_engine_wasmtime.open(&config, &wasmtime, NULL) == SWAPC_OK);
    return swapc_engine_wasmtime.validate(wasmtime, module, NULL) == SWAPC_OK;
}

/* Returns whether there is a lowered form; *out is then all of it. */
static bool lower(const struct swapci_wasm_module *module, bool metered, swapci_buffer *out) {
    const struct swapci_wasm_lowering how = {.metered = metered, .engine = "an engine"};
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_wasm_lower(module, &how, out, &error);
    FUZZ_CHECK(status == error.status);
    return status == SWAPC_OK;
}

/* Plain and metered. */
static void lower_both(const struct swapci_wasm_module *module, swapc_bytes bytes) {
    swapci_buffer plain = SWAPCI_BUFFER_INIT, metered = SWAPCI_BUFFER_INIT;
    bool lowered = lower(module, false, &plain);
    bool counted = lower(module, true, &metered);
    if ((lowered || counted) && valid(bytes)) {
        if (lowered) FUZZ_CHECK(valid(swapci_buffer_bytes(&plain)));
        if (counted) FUZZ_CHECK(valid(swapci_buffer_bytes(&metered)));
    }
    swapci_buffer_fini(&plain);
    swapci_buffer_fini(&metered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    swapc_bytes bytes = swapc_bytes_of(data, size);
    struct swapci_wasm_module module;
    swapc_error error = SWAPC_ERROR_INIT;
    size_t items = 0;
    enum swapc_status status = swapci_wasm_module_read(&module, bytes, &error);
    bool read = status == SWAPC_OK;
    if (read) status = swapci_wasm_scan_module(&module, see, &items, &error);
    FUZZ_CHECK(status == error.status);
    if (!read) return 0;
    error = (swapc_error)SWAPC_ERROR_INIT;
    status = swapci_check_wasm(bytes, 0, NULL, &error);
    FUZZ_CHECK(status == error.status);
    lower_both(&module, bytes);
    swapci_wasm_module_fini(&module);
    return 0;
}
