/* Any bytes as a wasm module: scanned, checked and lowered; what lowering makes of a valid module is
 * valid. */
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

static void lower(swapc_bytes bytes, bool metered) {
    const struct swapci_wasm_lowering how = {.metered = metered, .engine = "an engine"};
    struct swapci_wasm_module module;
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_wasm_module_read(&module, bytes, &error);
    if (status == SWAPC_OK) status = swapci_wasm_lower(&module, &how, &out, &error);
    FUZZ_CHECK(status == error.status);
    if (status == SWAPC_OK && valid(bytes)) FUZZ_CHECK(valid(swapci_buffer_bytes(&out)));
    swapci_wasm_module_fini(&module);
    swapci_buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    swapc_bytes module = swapc_bytes_of(data, size);
    swapc_error error = SWAPC_ERROR_INIT;
    size_t items = 0;
    enum swapc_status status = swapci_wasm_scan(module, see, &items, &error);
    FUZZ_CHECK(status == error.status);
    error = (swapc_error)SWAPC_ERROR_INIT;
    status = swapci_check_wasm(module, 0, NULL, &error);
    FUZZ_CHECK(status == error.status);
    lower(module, false);
    lower(module, true);
    return 0;
}
