/* wasm3_frames.h - how much C stack this build of wasm3 takes, measured.
 *
 * A guest call and an entered loop each hold a C frame of wasm3; straight code must hold none,
 * which is so only where the compiler made tail calls of wasm3's instructions. Compilers and flags
 * differ, so a tiny module measures it once, when the engine opens.
 *
 * Threads: pure. Units: bytes.
 */
#ifndef SWAPCI_WASM3_FRAMES_H
#define SWAPCI_WASM3_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "swapc/error.h"

struct swapci_wasm3_frames {
    uint32_t call; /* with a margin for the other kinds of call */
    uint32_t loop;
};

/* Returns SWAPC_OK; UNSUPPORTED when this build of wasm3 nests a frame for each instruction;
 * NO_MEMORY. */
enum swapc_status swapci_wasm3_frames_measure(struct swapci_wasm3_frames *out, swapc_error *error);

/* Plans the two stacks of an instance whose functions have at most loops loops: *values is wasm3's
 * own stack; returned is the C stack that no recursion on it can leave. */
size_t swapci_wasm3_frames_plan(const struct swapci_wasm3_frames *frames, uint32_t loops,
                                uint32_t *values);

#endif
