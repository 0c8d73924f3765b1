#include "imports.h"

#include "wapc.h"
#include "wasi.h"

#define WAPC_ROW(name, signature, fn) {"wapc", name, signature, fn},
#define WASI_ROW(name, signature, fn) {"wasi_snapshot_preview1", name, signature, fn},
#define WASI_OLD_ROW(name, signature, fn) {"wasi_unstable", name, signature, fn},

static const swapc_import table[] = {
    SWAPCI_WAPC_IMPORTS(WAPC_ROW) SWAPCI_WASI_IMPORTS(WASI_ROW) SWAPCI_WASI_IMPORTS(WASI_OLD_ROW){
        "wasi_snapshot_preview1", "poll_oneoff", "iiii:i", swapci_wasi_poll_oneoff},
    {"wasi_unstable", "poll_oneoff", "iiii:i", swapci_wasi_nosys},
    {"env", "abort", "iiii", swapci_wasi_abort},
    /* Emscripten tells its host that memory has grown: engines look at it anew anyway. */
    {"env", "emscripten_notify_memory_growth", "i", swapci_wasi_nothing},
};

const swapc_import *swapci_imports(size_t *count) {
    *count = sizeof table / sizeof *table;
    return table;
}

const swapc_import *swapci_imports_find(swapc_bytes module, swapc_bytes name) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (swapc_bytes_equal(module, swapc_bytes_str(table[i].module)) &&
            swapc_bytes_equal(name, swapc_bytes_str(table[i].name)))
            return &table[i];
    return NULL;
}
