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
#include <wasm3.h>

/* wasm3 copies a call's arguments before it checks its value stack, up to this many bytes past the
 * end that it knows: runtimes are made so much larger than they are told. */
#define SWAPCI_WASM3_SPARE 16384u

/* Makes a runtime whose value stack is usable bytes and has spare room behind. NULL: no memory. */
IM3Runtime swapci_wasm3_runtime(IM3Environment environment, uint32_t usable, void *user);

/* Before loading: no memory and no data, so that a module can be compiled without its megabytes. */
void swapci_wasm3_forget_memory(IM3Module module);

/* After loading: memory.grow past pages gives -1. */
void swapci_wasm3_cap_memory(IM3Runtime runtime, uint32_t pages);

/* The function at index, imported ones first; NULL past the end. */
IM3Function swapci_wasm3_function(IM3Module module, uint32_t index);

/* Returns false and names the import when an imported function was not linked. */
bool swapci_wasm3_linked(IM3Module module, const char **from, const char **name);

#endif
