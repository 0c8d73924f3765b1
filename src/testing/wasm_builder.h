/* wasm_builder.h - writes small wasm binaries byte by byte, also wrong ones.
 *
 * For tests of what reads wasm: each call appends to a section that is open, and nothing checks
 * that the result is valid. Out of memory panics: this is for tests only.
 *
 * Threads: one at a time per builder. Ownership: the caller frees with swapci_wasm_builder_fini.
 */
#ifndef SWAPCI_WASM_BUILDER_H
#define SWAPCI_WASM_BUILDER_H

#include "buffer.h"

struct swapci_wasm_builder {
    swapci_buffer bytes;   /* the module so far */
    swapci_buffer section; /* the body of the open section */
    uint8_t id;
    uint32_t items;
};

/* Starts a module: magic and version. */
void swapci_wasm_begin(struct swapci_wasm_builder *b);
void swapci_wasm_builder_fini(struct swapci_wasm_builder *b);

/* Opens a section that is a vector of items; closes it, writing id, size and the items' number. */
void swapci_wasm_section(struct swapci_wasm_builder *b, uint8_t id);
void swapci_wasm_section_end(struct swapci_wasm_builder *b);

/* The items: a function type ("ii:i", letters as in swapc/sys/engine.h), an imported function of a
 * type index, a function of a type index, a memory, an export, and raw bytes of an item. */
void swapci_wasm_type(struct swapci_wasm_builder *b, const char *signature);
void swapci_wasm_import(struct swapci_wasm_builder *b, const char *module, const char *name,
                        uint32_t type);
void swapci_wasm_function(struct swapci_wasm_builder *b, uint32_t type);
void swapci_wasm_memory(struct swapci_wasm_builder *b, uint32_t pages);
void swapci_wasm_export(struct swapci_wasm_builder *b, const char *name, uint8_t kind,
                        uint32_t index);
void swapci_wasm_item(struct swapci_wasm_builder *b, swapc_bytes bytes);

/* The module so far; void after the next call. */
swapc_bytes swapci_wasm_bytes(const struct swapci_wasm_builder *b);

#endif
