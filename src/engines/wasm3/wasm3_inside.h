/* wasm3_inside.h - the few things that wasm3's public header does not offer.
 *
 * This is the only file that sees wasm3's own structs; it belongs to the pinned version. Everything
 * else uses wasm3.h.
 *
 * Threads: as the runtime given: one at a time.
 */
#ifndef SWAPCI_WASM3_INSIDE_H
#define SWAPCI_WASM3_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <wasm3.h>

/* A runtime in memory of its own, out of the heap's reach: wasm3's compiler writes into the
 * runtime's tables by 16-bit numbers that it does not always check, so around the runtime lies as
 * much as such a number can span (a moat, of zeroes); behind the guest's values lies as much as a
 * slot's number can span, and around all of it pages that cannot be touched. */
struct swapci_wasm3_room {
    IM3Runtime runtime;
    void *base; /* of the mapping */
    size_t size;
};

/* Makes a runtime whose value stack is usable bytes (what lies behind is not told to wasm3: it
 * copies a call's arguments before it checks). Returns false when there is no memory. */
bool swapci_wasm3_room_init(struct swapci_wasm3_room *room, IM3Environment environment,
                            uint32_t usable, void *user);

/* Frees runtime and module, before the environment is freed. A zeroed room is fine. */
void swapci_wasm3_room_fini(struct swapci_wasm3_room *room);

/* After compiling: returns whether wasm3 kept to its tables. */
bool swapci_wasm3_room_whole(const struct swapci_wasm3_room *room);

/* Before loading: no memory and no data, so that a module can be compiled without its megabytes. */
void swapci_wasm3_forget_memory(IM3Module module);

/* After loading: memory.grow past pages gives -1. */
void swapci_wasm3_cap_memory(IM3Runtime runtime, uint32_t pages);

/* The function at index, imported ones first; NULL past the end. */
IM3Function swapci_wasm3_function(IM3Module module, uint32_t index);

/* Returns false and names the import when an imported function was not linked. */
bool swapci_wasm3_linked(IM3Module module, const char **from, const char **name);

#endif
