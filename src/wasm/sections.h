/* sections.h - a wasm binary read once: its sections, and what they declare.
 *
 * Not a validator: sections must be whole, in order and not twice, and what is read here must be
 * readable; indices may point nowhere (the look-ups say so). Bodies are read by instruction.h,
 * element and data segments by who needs them.
 * Source: WebAssembly Core Specification, binary format, modules.
 *
 * Threads: pure. Ownership: the struct is the caller's, its arrays the heap's (fini frees); names,
 *     types and section contents are views into the module's bytes, which must outlive it.
 */
#ifndef SWAPCI_WASM_SECTIONS_H
#define SWAPCI_WASM_SECTIONS_H

#include "reader.h"
#include "swapc/error.h"

enum swapci_wasm_section {
    SWAPCI_WASM_CUSTOM = 0,
    SWAPCI_WASM_TYPES = 1,
    SWAPCI_WASM_IMPORTS = 2,
    SWAPCI_WASM_FUNCTIONS = 3,
    SWAPCI_WASM_TABLES = 4,
    SWAPCI_WASM_MEMORIES = 5,
    SWAPCI_WASM_GLOBALS = 6,
    SWAPCI_WASM_EXPORTS = 7,
    SWAPCI_WASM_START = 8,
    SWAPCI_WASM_ELEMENTS = 9,
    SWAPCI_WASM_CODE = 10,
    SWAPCI_WASM_DATA = 11,
    SWAPCI_WASM_DATA_COUNT = 12,
    SWAPCI_WASM_TAGS = 13,
    SWAPCI_WASM_SECTIONS = 14
};

enum swapci_wasm_kind {
    SWAPCI_WASM_FUNCTION = 0,
    SWAPCI_WASM_TABLE = 1,
    SWAPCI_WASM_MEMORY = 2,
    SWAPCI_WASM_GLOBAL = 3,
    SWAPCI_WASM_TAG = 4
};

/* Value types, as they are in the binary. */
enum {
    SWAPCI_WASM_I32 = 0x7f,
    SWAPCI_WASM_I64 = 0x7e,
    SWAPCI_WASM_F32 = 0x7d,
    SWAPCI_WASM_F64 = 0x7c,
    SWAPCI_WASM_V128 = 0x7b,
    SWAPCI_WASM_FUNCREF = 0x70,
    SWAPCI_WASM_EXTERNREF = 0x6f,
    SWAPCI_WASM_FUNC_TYPE = 0x60,
    SWAPCI_WASM_BLOCK_VOID = 0x40
};

/* Engines take no more parameters or results either. */
#define SWAPCI_WASM_VALUES_MAX 1000

/* Of a function or a block: one byte a value type. */
struct swapci_wasm_type {
    const uint8_t *params;
    const uint8_t *results;
    uint16_t param_count;
    uint16_t result_count;
};

struct swapci_wasm_limits {
    uint64_t min;
    uint64_t max; /* UINT64_MAX: none */
    uint8_t flags;
};

struct swapci_wasm_table {
    uint8_t type;
    struct swapci_wasm_limits limits;
};

struct swapci_wasm_global {
    uint8_t type;
    bool mutable;
};

struct swapci_wasm_module {
    swapc_bytes bytes;
    struct swapci_wasm_reader sections[SWAPCI_WASM_SECTIONS]; /* contents; absent ones are empty */
    struct swapci_wasm_type *types;
    uint32_t *functions; /* type indices, imported ones first */
    struct swapci_wasm_table *tables;
    struct swapci_wasm_limits *memories;
    struct swapci_wasm_global *globals;
    uint32_t type_count;
    uint32_t function_count, functions_imported;
    uint32_t table_count, tables_imported;
    uint32_t memory_count, memories_imported;
    uint32_t global_count, globals_imported;
};

/* Returns true when bytes begin like a wasm core module (magic and version 1). */
bool swapci_wasm_is_module(swapc_bytes bytes);

/* Returns SWAPC_OK; MODULE_MALFORMED naming section and byte; UNSUPPORTED (types of later
 * proposals, a type of more than SWAPCI_WASM_VALUES_MAX values) naming what; NO_MEMORY. After
 * failure nothing is to be freed. */
enum swapc_status swapci_wasm_module_read(struct swapci_wasm_module *m, swapc_bytes bytes,
                                          swapc_error *error);
void swapci_wasm_module_fini(struct swapci_wasm_module *m);

/* NULL past the end. */
const struct swapci_wasm_type *swapci_wasm_type_at(const struct swapci_wasm_module *m,
                                                   uint64_t index);
const struct swapci_wasm_type *swapci_wasm_function_type(const struct swapci_wasm_module *m,
                                                         uint64_t index);

/* Where at lies in the module, for messages. */
size_t swapci_wasm_place(const struct swapci_wasm_module *m, const uint8_t *at);

/* The letter of a value type as in swapc/sys/engine.h (i I), f F (floats), v (v128), r
 * (reference). */
char swapci_wasm_letter(uint8_t type);

/* A count, of what takes a byte at least each; bad when more than is left. */
uint32_t swapci_wasm_count(struct swapci_wasm_reader *r);

struct swapci_wasm_import {
    swapc_bytes module;
    swapc_bytes name;
    uint8_t kind; /* enum swapci_wasm_kind */
    uint32_t type_index;
    struct swapci_wasm_table table; /* its limits also of a memory */
    struct swapci_wasm_global global;
};

/* Readers of one item of their sections; r is bad afterwards when it was none. */
void swapci_wasm_read_import(struct swapci_wasm_reader *r, struct swapci_wasm_import *out);
struct swapci_wasm_limits swapci_wasm_read_limits(struct swapci_wasm_reader *r);

#endif
