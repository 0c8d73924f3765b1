/* wasm_generator.h - valid waPC modules out of any bytes.
 *
 * Each byte is a choice, and zeroes follow the last one, so that a fuzzer's small change of the
 * input is a small change of the module, and a shorter input a smaller module. What comes out is
 * valid by construction (the stack model of src/wasm says at each instruction what may follow),
 * ends (each loop and each call costs one of a number that runs out), and answers the same on every
 * engine that keeps to the specification: no NaN's bits reach memory or an integer. It is rich in
 * what engines get wrong: code behind branches, blocks with parameters and several results, tables
 * of branches, floats on top of the stack, values of locals that are set while they lie on the
 * stack.
 *
 * The guest answers any operation with its first 64 KiB of memory, its globals among them; or it
 * traps.
 *
 * Threads: pure. Ownership: the caller's buffer.
 */
#ifndef SWAPCI_WASM_GENERATOR_H
#define SWAPCI_WASM_GENERATOR_H

#include "buffer.h"

/* Appends a module to out. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_wasm_generate(swapc_bytes choices, swapci_buffer *out);

/* Fills len bytes with the choices of a seed: the same on any machine. */
void swapci_wasm_choices(uint64_t seed, uint8_t *bytes, size_t len);

#endif
