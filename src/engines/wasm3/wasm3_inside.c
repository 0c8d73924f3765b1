#include "wasm3_inside.h"

#include <m3_env.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* From the mapping's beginning: guard, moat, runtime, moat, guard, values, guard. All are multiples
 * of any page size in use. wasmStack holds 2 bytes for each of 2^16 numbers, and a slot of the
 * values is 4 bytes. */
enum {
    GUARD = 64 * 1024,
    MOAT = 192 * 1024,
    RUNTIME = 64 * 1024,
    GUARD_OF_VALUES = 256 * 1024,
    SPARE = 320 * 1024, /* as far as a 16-bit slot reaches, and a call's arguments */
    RUNTIME_AT = GUARD + MOAT,
    VALUES_AT = RUNTIME_AT + RUNTIME + MOAT + GUARD
};

_Static_assert(sizeof(M3Runtime) <= RUNTIME, "wasm3's runtime has grown");

bool swapci_wasm3_room_init(struct swapci_wasm3_room *room, IM3Environment environment,
                            uint32_t usable, void *user) {
    size_t values = ((size_t)usable + SPARE + GUARD - 1) / GUARD * GUARD;
    room->size = VALUES_AT + values + GUARD_OF_VALUES;
    void *base =
        mmap(NULL, room->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return false;
    char *at = room->base = base;
    if (mprotect(at + GUARD, 2 * MOAT + RUNTIME, PROT_READ | PROT_WRITE) != 0 ||
        mprotect(at + VALUES_AT, values, PROT_READ | PROT_WRITE) != 0) {
        swapci_wasm3_room_fini(room);
        return false;
    }
    IM3Runtime runtime = room->runtime = (void *)(at + RUNTIME_AT);
    m3_ResetErrorInfo(runtime);
    runtime->environment = environment;
    runtime->userdata = user;
    runtime->stack = at + VALUES_AT;
    runtime->numStackSlots = usable / sizeof(m3slot_t);
    return true;
}

void swapci_wasm3_room_fini(struct swapci_wasm3_room *room) {
    if (room->runtime) {
        room->runtime->stack = NULL; /* not of wasm3's heap */
        Runtime_Release(room->runtime);
    }
    if (room->base) munmap(room->base, room->size);
    *room = (struct swapci_wasm3_room){NULL, NULL, 0};
}

/* Pages that were never touched hold zeroes and need no look: asking for them takes a tenth of the
 * time of reading them. */
static bool is_zero(const char *at, size_t size) {
    static const char zero[4096];
    unsigned char there[MOAT / sizeof zero] = {0};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bool known = page == sizeof zero && mincore((void *)(uintptr_t)at, size, there) == 0;
    for (size_t i = 0; i < size / sizeof zero; i++)
        if ((!known || there[i] & 1) && memcmp(at + i * sizeof zero, zero, sizeof zero) != 0)
            return false;
    return true;
}

bool swapci_wasm3_room_whole(const struct swapci_wasm3_room *room) {
    const char *at = (const char *)room->base + GUARD;
    size_t used = (sizeof(M3Runtime) + 4095) / 4096 * 4096;
    return is_zero(at, MOAT) && is_zero(at + MOAT + used, RUNTIME - used) &&
           is_zero(at + MOAT + RUNTIME, MOAT);
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
