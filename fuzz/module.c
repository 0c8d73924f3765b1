/* Any bytes as a module of each engine that runs wasm: loaded, called with a short deadline, freed.
 * Whatever it is, the host answers with a status and outlives it. Behind a 'G' the bytes are
 * choices of the generator of valid modules instead, which every engine takes, or says why not. */
#include "clock.h"
#include "fuzz.h"
#include "swapc/swapc.h"
#include "wasm_generator.h"

enum { DEADLINE_MS = 20, LATE_MS = 5000 };

static const char *const engines[] = {"wasmtime", "wasm3"};

static swapc_host *host_of_all(void) {
    static swapc_host *host;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    if (host) return host;
    config.cache = "";
    config.instances = 4;
    config.limits.deadline_ms = DEADLINE_MS;
    config.limits.memory_max = 16u << 20;
    config.limits.response_max = 1u << 20;
    FUZZ_CHECK(swapc_host_new(&config, &host, NULL) == SWAPC_OK);
    return host;
}

/* Twice: the second call meets what the first one left in a warm instance. */
static void call(swapc_module *module) {
    swapc_reply reply = SWAPC_REPLY_INIT;
    for (int i = 0; i < 2; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        uint64_t from = swapci_clock_monotonic_ns();
        enum swapc_status status = swapc_module_call(
            module, swapc_bytes_str("echo"), swapc_bytes_str("payload"), NULL, &reply, &error);
        uint64_t ms = (swapci_clock_monotonic_ns() - from) / 1000000;
        FUZZ_CHECK(status == SWAPC_OK || status >= SWAPC_GUEST_ERROR);
        FUZZ_CHECK(ms < LATE_MS);
    }
    swapc_reply_fini(&reply);
}

static void load(const char *engine, swapc_bytes bytes, bool valid) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_module *module = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    options.engine = engine;
    enum swapc_status status =
        swapc_module_load_bytes(host_of_all(), "fuzz", bytes, &options, &module, &error);
    FUZZ_CHECK((status == SWAPC_OK) == (module != NULL));
    FUZZ_CHECK(status == SWAPC_OK || (error.status == status && error.text[0]));
    FUZZ_CHECK(!valid || status != SWAPC_MODULE_MALFORMED);
    if (module) call(module);
    swapc_module_release(module);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    swapci_buffer made = SWAPCI_BUFFER_INIT;
    swapc_bytes bytes = swapc_bytes_of(data, size);
    bool valid = size > 0 && data[0] == 'G';
    if (valid) {
        FUZZ_CHECK(swapci_wasm_generate(swapc_bytes_of(data + 1, size - 1), &made) == SWAPC_OK);
        bytes = swapci_buffer_bytes(&made);
    }
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) load(engines[i], bytes, valid);
    swapci_buffer_fini(&made);
    return 0;
}
