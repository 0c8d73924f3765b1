/* opcodes.h - the one table of wasm instructions: name, immediates, stack effect, feature.
 *
 * Source: WebAssembly Core Specification 3.0, binary format, instructions; the wide-arithmetic
 * proposal. It knows what the engines here can be asked to run; instructions of other proposals
 * (threads, GC, exceptions, …) are not in it and named by swapci_wasm_unknown alone.
 *
 * Threads: constant data.
 */
#ifndef SWAPCI_WASM_OPCODES_H
#define SWAPCI_WASM_OPCODES_H

#include <stdbool.h>
#include <stdint.h>

/* What follows the opcode. */
enum swapci_wasm_immediate {
    SWAPCI_WASM_IMMEDIATE_NONE,
    SWAPCI_WASM_IMMEDIATE_BLOCK,           /* block type */
    SWAPCI_WASM_IMMEDIATE_LABEL,           /* index */
    SWAPCI_WASM_IMMEDIATE_LABELS,          /* count, so many, and the default */
    SWAPCI_WASM_IMMEDIATE_FUNCTION,        /* index */
    SWAPCI_WASM_IMMEDIATE_TYPE_TABLE,      /* index, second */
    SWAPCI_WASM_IMMEDIATE_TYPES,           /* count, value types */
    SWAPCI_WASM_IMMEDIATE_LOCAL,           /* index */
    SWAPCI_WASM_IMMEDIATE_GLOBAL,          /* index */
    SWAPCI_WASM_IMMEDIATE_TABLE,           /* index */
    SWAPCI_WASM_IMMEDIATE_TABLES,          /* index, second */
    SWAPCI_WASM_IMMEDIATE_MEMORY,          /* index */
    SWAPCI_WASM_IMMEDIATE_MEMORIES,        /* index, second */
    SWAPCI_WASM_IMMEDIATE_MEMORY_ARGUMENT, /* index: alignment; value: offset */
    SWAPCI_WASM_IMMEDIATE_MEMORY_LANE,     /* the same, second: lane */
    SWAPCI_WASM_IMMEDIATE_LANE,            /* index */
    SWAPCI_WASM_IMMEDIATE_SIXTEEN,         /* bytes */
    SWAPCI_WASM_IMMEDIATE_DATA,            /* index */
    SWAPCI_WASM_IMMEDIATE_DATA_MEMORY,     /* index, second */
    SWAPCI_WASM_IMMEDIATE_ELEMENT,         /* index */
    SWAPCI_WASM_IMMEDIATE_ELEMENT_TABLE,   /* index, second */
    SWAPCI_WASM_IMMEDIATE_HEAP_TYPE,       /* index: the type's byte */
    SWAPCI_WASM_IMMEDIATE_I32,             /* value */
    SWAPCI_WASM_IMMEDIATE_I64,             /* value */
    SWAPCI_WASM_IMMEDIATE_F32,             /* value: its bits */
    SWAPCI_WASM_IMMEDIATE_F64              /* value: its bits */
};

enum swapci_wasm_feature {
    SWAPCI_WASM_MVP,
    SWAPCI_WASM_SIGN_EXTENSION,
    SWAPCI_WASM_SATURATING,
    SWAPCI_WASM_BULK_MEMORY,
    SWAPCI_WASM_REFERENCE_TYPES,
    SWAPCI_WASM_TAIL_CALL,
    SWAPCI_WASM_SIMD,
    SWAPCI_WASM_RELAXED_SIMD,
    SWAPCI_WASM_WIDE_ARITHMETIC
};

/* An opcode's number: the byte, or of a prefixed one the prefix << 16 and the number behind it. */
enum {
    SWAPCI_WASM_OP_UNREACHABLE = 0x00,
    SWAPCI_WASM_OP_NOP = 0x01,
    SWAPCI_WASM_OP_BLOCK = 0x02,
    SWAPCI_WASM_OP_LOOP = 0x03,
    SWAPCI_WASM_OP_IF = 0x04,
    SWAPCI_WASM_OP_ELSE = 0x05,
    SWAPCI_WASM_OP_END = 0x0b,
    SWAPCI_WASM_OP_BR = 0x0c,
    SWAPCI_WASM_OP_BR_IF = 0x0d,
    SWAPCI_WASM_OP_BR_TABLE = 0x0e,
    SWAPCI_WASM_OP_RETURN = 0x0f,
    SWAPCI_WASM_OP_CALL = 0x10,
    SWAPCI_WASM_OP_CALL_INDIRECT = 0x11,
    SWAPCI_WASM_OP_RETURN_CALL = 0x12,
    SWAPCI_WASM_OP_RETURN_CALL_INDIRECT = 0x13,
    SWAPCI_WASM_OP_DROP = 0x1a,
    SWAPCI_WASM_OP_SELECT = 0x1b,
    SWAPCI_WASM_OP_SELECT_TYPED = 0x1c,
    SWAPCI_WASM_OP_LOCAL_GET = 0x20,
    SWAPCI_WASM_OP_LOCAL_SET = 0x21,
    SWAPCI_WASM_OP_LOCAL_TEE = 0x22,
    SWAPCI_WASM_OP_GLOBAL_GET = 0x23,
    SWAPCI_WASM_OP_GLOBAL_SET = 0x24,
    SWAPCI_WASM_OP_TABLE_GET = 0x25,
    SWAPCI_WASM_OP_TABLE_SET = 0x26,
    SWAPCI_WASM_OP_MEMORY_GROW = 0x40,
    SWAPCI_WASM_OP_I32_CONST = 0x41,
    SWAPCI_WASM_OP_I64_CONST = 0x42,
    SWAPCI_WASM_OP_F32_CONST = 0x43,
    SWAPCI_WASM_OP_F64_CONST = 0x44,
    SWAPCI_WASM_OP_I32_LT_S = 0x48,
    SWAPCI_WASM_OP_I32_GT_U = 0x4b,
    SWAPCI_WASM_OP_I32_SUB = 0x6b,
    SWAPCI_WASM_OP_I32_SHR_U = 0x76,
    SWAPCI_WASM_OP_I64_OR = 0x84,
    SWAPCI_WASM_OP_I64_REINTERPRET_F64 = 0xbd,
    SWAPCI_WASM_OP_F64_REINTERPRET_I64 = 0xbf,
    SWAPCI_WASM_OP_REF_NULL = 0xd0,
    SWAPCI_WASM_OP_REF_IS_NULL = 0xd1,
    SWAPCI_WASM_OP_REF_FUNC = 0xd2,
    SWAPCI_WASM_OP_MEMORY_COPY = 0xfc000a,
    SWAPCI_WASM_OP_MEMORY_FILL = 0xfc000b
};

struct swapci_wasm_opcode {
    const char *name;
    /* Letters of the values taken and, after a colon, given: i I f F (i32 i64 f32 f64), v (v128),
     * r (a reference). NULL: depends on more than the opcode; the stack model knows. */
    const char *type;
    uint8_t immediate; /* enum swapci_wasm_immediate */
    uint8_t feature;   /* enum swapci_wasm_feature */
};

/* The row of an opcode's number; NULL: none is known. */
const struct swapci_wasm_opcode *swapci_wasm_opcode(uint32_t code);

/* A feature as people call it: "SIMD". */
const char *swapci_wasm_feature_name(enum swapci_wasm_feature feature);

/* Of a number that swapci_wasm_opcode does not know: the proposal it may be of. */
const char *swapci_wasm_unknown(uint32_t code);

#endif
