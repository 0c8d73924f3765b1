#include "wasm3_inside.h"

#include <m3_env.h>

IM3Runtime swapci_wasm3_runtime(IM3Environment environment, uint32_t usable, void *user) {
    IM3Runtime runtime = m3_NewRuntime(environment, usable + SWAPCI_WASM3_SPARE, user);
    if (runtime) runtime->numStackSlots = usable / sizeof(m3slot_t);
    return runtime;
}

void swapci_wasm3_forget_memory(IM3Module module) {
    module->memoryInfo.initPages = 0;
    module->numDataSegments = 0;
}

void swapci_wasm3_cap_memory(IM3Runtime runtime, uint32_t pages) {
    if (runtime->memory.maxPages > pages) runtime->memory.maxPages = pages;
}

IM3Function swapci_wasm3_function(IM3Module module, uint32_t index) {
    return index < module->numFunctions ? &module->functions[index] : NULL;
}

bool swapci_wasm3_linked(IM3Module module, const char **from, const char **name) {
    for (uint32_t i = 0; i < module->numFuncImports; i++) {
        const M3Function *f = &module->functions[i];
        if (!f->compiled) {
            *from = f->import.moduleUtf8;
            *name = f->import.fieldUtf8;
            return false;
        }
    }
    return true;
}
