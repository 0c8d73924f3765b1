#include "opcodes.h"

#include <stddef.h>

#define IMMEDIATE(name) SWAPCI_WASM_IMMEDIATE_##name
#define FEATURE(name) SWAPCI_WASM_##name

static const struct swapci_wasm_opcode plain_table[256] = {
    [0x00] = {"unreachable", NULL, IMMEDIATE(NONE), FEATURE(MVP)},
    [0x01] = {"nop", "", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x02] = {"block", NULL, IMMEDIATE(BLOCK), FEATURE(MVP)},
    [0x03] = {"loop", NULL, IMMEDIATE(BLOCK), FEATURE(MVP)},
    [0x04] = {"if", NULL, IMMEDIATE(BLOCK), FEATURE(MVP)},
    [0x05] = {"else", NULL, IMMEDIATE(NONE), FEATURE(MVP)},
    [0x0b] = {"end", NULL, IMMEDIATE(NONE), FEATURE(MVP)},
    [0x0c] = {"br", NULL, IMMEDIATE(LABEL), FEATURE(MVP)},
    [0x0d] = {"br_if", NULL, IMMEDIATE(LABEL), FEATURE(MVP)},
    [0x0e] = {"br_table", NULL, IMMEDIATE(LABELS), FEATURE(MVP)},
    [0x0f] = {"return", NULL, IMMEDIATE(NONE), FEATURE(MVP)},
    [0x10] = {"call", NULL, IMMEDIATE(FUNCTION), FEATURE(MVP)},
    [0x11] = {"call_indirect", NULL, IMMEDIATE(TYPE_TABLE), FEATURE(MVP)},
    [0x12] = {"return_call", NULL, IMMEDIATE(FUNCTION), FEATURE(TAIL_CALL)},
    [0x13] = {"return_call_indirect", NULL, IMMEDIATE(TYPE_TABLE), FEATURE(TAIL_CALL)},
    [0x1a] = {"drop", NULL, IMMEDIATE(NONE), FEATURE(MVP)},
    [0x1b] = {"select", NULL, IMMEDIATE(NONE), FEATURE(MVP)},
    [0x1c] = {"select", NULL, IMMEDIATE(TYPES), FEATURE(REFERENCE_TYPES)},
    [0x20] = {"local.get", NULL, IMMEDIATE(LOCAL), FEATURE(MVP)},
    [0x21] = {"local.set", NULL, IMMEDIATE(LOCAL), FEATURE(MVP)},
    [0x22] = {"local.tee", NULL, IMMEDIATE(LOCAL), FEATURE(MVP)},
    [0x23] = {"global.get", NULL, IMMEDIATE(GLOBAL), FEATURE(MVP)},
    [0x24] = {"global.set", NULL, IMMEDIATE(GLOBAL), FEATURE(MVP)},
    [0x25] = {"table.get", NULL, IMMEDIATE(TABLE), FEATURE(REFERENCE_TYPES)},
    [0x26] = {"table.set", NULL, IMMEDIATE(TABLE), FEATURE(REFERENCE_TYPES)},
    [0x28] = {"i32.load", "i:i", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x29] = {"i64.load", "i:I", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x2a] = {"f32.load", "i:f", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x2b] = {"f64.load", "i:F", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x2c] = {"i32.load8_s", "i:i", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x2d] = {"i32.load8_u", "i:i", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x2e] = {"i32.load16_s", "i:i", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x2f] = {"i32.load16_u", "i:i", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x30] = {"i64.load8_s", "i:I", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x31] = {"i64.load8_u", "i:I", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x32] = {"i64.load16_s", "i:I", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x33] = {"i64.load16_u", "i:I", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x34] = {"i64.load32_s", "i:I", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x35] = {"i64.load32_u", "i:I", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x36] = {"i32.store", "ii", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x37] = {"i64.store", "iI", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x38] = {"f32.store", "if", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x39] = {"f64.store", "iF", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x3a] = {"i32.store8", "ii", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x3b] = {"i32.store16", "ii", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x3c] = {"i64.store8", "iI", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x3d] = {"i64.store16", "iI", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x3e] = {"i64.store32", "iI", IMMEDIATE(MEMORY_ARGUMENT), FEATURE(MVP)},
    [0x3f] = {"memory.size", ":i", IMMEDIATE(MEMORY), FEATURE(MVP)},
    [0x40] = {"memory.grow", "i:i", IMMEDIATE(MEMORY), FEATURE(MVP)},
    [0x41] = {"i32.const", ":i", IMMEDIATE(I32), FEATURE(MVP)},
    [0x42] = {"i64.const", ":I", IMMEDIATE(I64), FEATURE(MVP)},
    [0x43] = {"f32.const", ":f", IMMEDIATE(F32), FEATURE(MVP)},
    [0x44] = {"f64.const", ":F", IMMEDIATE(F64), FEATURE(MVP)},
    [0x45] = {"i32.eqz", "i:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x46] = {"i32.eq", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x47] = {"i32.ne", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x48] = {"i32.lt_s", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x49] = {"i32.lt_u", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x4a] = {"i32.gt_s", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x4b] = {"i32.gt_u", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x4c] = {"i32.le_s", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x4d] = {"i32.le_u", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x4e] = {"i32.ge_s", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x4f] = {"i32.ge_u", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x50] = {"i64.eqz", "I:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x51] = {"i64.eq", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x52] = {"i64.ne", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x53] = {"i64.lt_s", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x54] = {"i64.lt_u", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x55] = {"i64.gt_s", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x56] = {"i64.gt_u", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x57] = {"i64.le_s", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x58] = {"i64.le_u", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x59] = {"i64.ge_s", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x5a] = {"i64.ge_u", "II:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x5b] = {"f32.eq", "ff:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x5c] = {"f32.ne", "ff:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x5d] = {"f32.lt", "ff:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x5e] = {"f32.gt", "ff:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x5f] = {"f32.le", "ff:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x60] = {"f32.ge", "ff:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x61] = {"f64.eq", "FF:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x62] = {"f64.ne", "FF:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x63] = {"f64.lt", "FF:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x64] = {"f64.gt", "FF:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x65] = {"f64.le", "FF:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x66] = {"f64.ge", "FF:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x67] = {"i32.clz", "i:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x68] = {"i32.ctz", "i:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x69] = {"i32.popcnt", "i:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x6a] = {"i32.add", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x6b] = {"i32.sub", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x6c] = {"i32.mul", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x6d] = {"i32.div_s", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x6e] = {"i32.div_u", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x6f] = {"i32.rem_s", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x70] = {"i32.rem_u", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x71] = {"i32.and", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x72] = {"i32.or", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x73] = {"i32.xor", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x74] = {"i32.shl", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x75] = {"i32.shr_s", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x76] = {"i32.shr_u", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x77] = {"i32.rotl", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x78] = {"i32.rotr", "ii:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x79] = {"i64.clz", "I:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x7a] = {"i64.ctz", "I:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x7b] = {"i64.popcnt", "I:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x7c] = {"i64.add", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x7d] = {"i64.sub", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x7e] = {"i64.mul", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x7f] = {"i64.div_s", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x80] = {"i64.div_u", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x81] = {"i64.rem_s", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x82] = {"i64.rem_u", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x83] = {"i64.and", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x84] = {"i64.or", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x85] = {"i64.xor", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x86] = {"i64.shl", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x87] = {"i64.shr_s", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x88] = {"i64.shr_u", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x89] = {"i64.rotl", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x8a] = {"i64.rotr", "II:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x8b] = {"f32.abs", "f:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x8c] = {"f32.neg", "f:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x8d] = {"f32.ceil", "f:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x8e] = {"f32.floor", "f:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x8f] = {"f32.trunc", "f:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x90] = {"f32.nearest", "f:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x91] = {"f32.sqrt", "f:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x92] = {"f32.add", "ff:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x93] = {"f32.sub", "ff:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x94] = {"f32.mul", "ff:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x95] = {"f32.div", "ff:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x96] = {"f32.min", "ff:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x97] = {"f32.max", "ff:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x98] = {"f32.copysign", "ff:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x99] = {"f64.abs", "F:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x9a] = {"f64.neg", "F:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x9b] = {"f64.ceil", "F:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x9c] = {"f64.floor", "F:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x9d] = {"f64.trunc", "F:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x9e] = {"f64.nearest", "F:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0x9f] = {"f64.sqrt", "F:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa0] = {"f64.add", "FF:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa1] = {"f64.sub", "FF:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa2] = {"f64.mul", "FF:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa3] = {"f64.div", "FF:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa4] = {"f64.min", "FF:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa5] = {"f64.max", "FF:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa6] = {"f64.copysign", "FF:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa7] = {"i32.wrap_i64", "I:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa8] = {"i32.trunc_f32_s", "f:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xa9] = {"i32.trunc_f32_u", "f:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xaa] = {"i32.trunc_f64_s", "F:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xab] = {"i32.trunc_f64_u", "F:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xac] = {"i64.extend_i32_s", "i:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xad] = {"i64.extend_i32_u", "i:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xae] = {"i64.trunc_f32_s", "f:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xaf] = {"i64.trunc_f32_u", "f:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb0] = {"i64.trunc_f64_s", "F:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb1] = {"i64.trunc_f64_u", "F:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb2] = {"f32.convert_i32_s", "i:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb3] = {"f32.convert_i32_u", "i:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb4] = {"f32.convert_i64_s", "I:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb5] = {"f32.convert_i64_u", "I:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb6] = {"f32.demote_f64", "F:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb7] = {"f64.convert_i32_s", "i:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb8] = {"f64.convert_i32_u", "i:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xb9] = {"f64.convert_i64_s", "I:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xba] = {"f64.convert_i64_u", "I:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xbb] = {"f64.promote_f32", "f:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xbc] = {"i32.reinterpret_f32", "f:i", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xbd] = {"i64.reinterpret_f64", "F:I", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xbe] = {"f32.reinterpret_i32", "i:f", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xbf] = {"f64.reinterpret_i64", "I:F", IMMEDIATE(NONE), FEATURE(MVP)},
    [0xc0] = {"i32.extend8_s", "i:i", IMMEDIATE(NONE), FEATURE(SIGN_EXTENSION)},
    [0xc1] = {"i32.extend16_s", "i:i", IMMEDIATE(NONE), FEATURE(SIGN_EXTENSION)},
    [0xc2] = {"i64.extend8_s", "I:I", IMMEDIATE(NONE), FEATURE(SIGN_EXTENSION)},
    [0xc3] = {"i64.extend16_s", "I:I", IMMEDIATE(NONE), FEATURE(SIGN_EXTENSION)},
    [0xc4] = {"i64.extend32_s", "I:I", IMMEDIATE(NONE), FEATURE(SIGN_EXTENSION)},
    [0xd0] = {"ref.null", NULL, IMMEDIATE(HEAP_TYPE), FEATURE(REFERENCE_TYPES)},
    [0xd1] = {"ref.is_null", NULL, IMMEDIATE(NONE), FEATURE(REFERENCE_TYPES)},
    [0xd2] = {"ref.func", NULL, IMMEDIATE(FUNCTION), FEATURE(REFERENCE_TYPES)},
};

static const struct swapci_wasm_opcode fc_table[] = {
    [0x00] = {"i32.trunc_sat_f32_s", "f:i", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x01] = {"i32.trunc_sat_f32_u", "f:i", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x02] = {"i32.trunc_sat_f64_s", "F:i", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x03] = {"i32.trunc_sat_f64_u", "F:i", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x04] = {"i64.trunc_sat_f32_s", "f:I", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x05] = {"i64.trunc_sat_f32_u", "f:I", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x06] = {"i64.trunc_sat_f64_s", "F:I", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x07] = {"i64.trunc_sat_f64_u", "F:I", IMMEDIATE(NONE), FEATURE(SATURATING)},
    [0x08] = {"memory.init", "iii", IMMEDIATE(DATA_MEMORY), FEATURE(BULK_MEMORY)},
    [0x09] = {"data.drop", "", IMMEDIATE(DATA), FEATURE(BULK_MEMORY)},
    [0x0a] = {"memory.copy", "iii", IMMEDIATE(MEMORIES), FEATURE(BULK_MEMORY)},
    [0x0b] = {"memory.fill", "iii", IMMEDIATE(MEMORY), FEATURE(BULK_MEMORY)},
    [0x0c] = {"table.init", "iii", IMMEDIATE(ELEMENT_TABLE), FEATURE(BULK_MEMORY)},
    [0x0d] = {"elem.drop", "", IMMEDIATE(ELEMENT), FEATURE(BULK_MEMORY)},
    [0x0e] = {"table.copy", "iii", IMMEDIATE(TABLES), FEATURE(BULK_MEMORY)},
    [0x0f] = {"table.grow", "ri:i", IMMEDIATE(TABLE), FEATURE(REFERENCE_TYPES)},
    [0x10] = {"table.size", ":i", IMMEDIATE(TABLE), FEATURE(REFERENCE_TYPES)},
    [0x11] = {"table.fill", "iri", IMMEDIATE(TABLE), FEATURE(REFERENCE_TYPES)},
    [0x13] = {"i64.add128", "IIII:II", IMMEDIATE(NONE), FEATURE(WIDE_ARITHMETIC)},
    [0x14] = {"i64.sub128", "IIII:II", IMMEDIATE(NONE), FEATURE(WIDE_ARITHMETIC)},
    [0x15] = {"i64.mul_wide_s", "II:II", IMMEDIATE(NONE), FEATURE(WIDE_ARITHMETIC)},
    [0x16] = {"i64.mul_wide_u", "II:II", IMMEDIATE(NONE), FEATURE(WIDE_ARITHMETIC)},
};

/* A run of instructions behind 0xfd that are alike; they have no names here. */
struct run {
    uint16_t first, last;
    struct swapci_wasm_opcode row;
};

#define SIMD(first, last, type, immediate)                                                         \
    {                                                                                              \
        first, last, {                                                                             \
            "a SIMD instruction", type, IMMEDIATE(immediate), SWAPCI_WASM_SIMD                     \
        }                                                                                          \
    }
#define RELAXED(first, last, type)                                                                 \
    {                                                                                              \
        first, last, {                                                                             \
            "a relaxed SIMD instruction", type, SWAPCI_WASM_IMMEDIATE_NONE,                        \
                SWAPCI_WASM_RELAXED_SIMD                                                           \
        }                                                                                          \
    }

static const struct run simd_table[] = {
    SIMD(0, 10, "i:v", MEMORY_ARGUMENT),
    SIMD(11, 11, "iv", MEMORY_ARGUMENT),
    SIMD(12, 12, ":v", SIXTEEN),
    SIMD(13, 13, "vv:v", SIXTEEN),
    SIMD(14, 14, "vv:v", NONE),
    SIMD(15, 17, "i:v", NONE),
    SIMD(18, 18, "I:v", NONE),
    SIMD(19, 19, "f:v", NONE),
    SIMD(20, 20, "F:v", NONE),
    SIMD(21, 22, "v:i", LANE),
    SIMD(23, 23, "vi:v", LANE),
    SIMD(24, 25, "v:i", LANE),
    SIMD(26, 26, "vi:v", LANE),
    SIMD(27, 27, "v:i", LANE),
    SIMD(28, 28, "vi:v", LANE),
    SIMD(29, 29, "v:I", LANE),
    SIMD(30, 30, "vI:v", LANE),
    SIMD(31, 31, "v:f", LANE),
    SIMD(32, 32, "vf:v", LANE),
    SIMD(33, 33, "v:F", LANE),
    SIMD(34, 34, "vF:v", LANE),
    SIMD(35, 76, "vv:v", NONE),
    SIMD(77, 77, "v:v", NONE),
    SIMD(78, 81, "vv:v", NONE),
    SIMD(82, 82, "vvv:v", NONE),
    SIMD(83, 83, "v:i", NONE),
    SIMD(84, 87, "iv:v", MEMORY_LANE),
    SIMD(88, 91, "iv", MEMORY_LANE),
    SIMD(92, 93, "i:v", MEMORY_ARGUMENT),
    SIMD(94, 98, "v:v", NONE),
    SIMD(99, 100, "v:i", NONE),
    SIMD(101, 102, "vv:v", NONE),
    SIMD(103, 106, "v:v", NONE),
    SIMD(107, 109, "vi:v", NONE),
    SIMD(110, 115, "vv:v", NONE),
    SIMD(116, 117, "v:v", NONE),
    SIMD(118, 121, "vv:v", NONE),
    SIMD(122, 122, "v:v", NONE),
    SIMD(123, 123, "vv:v", NONE),
    SIMD(124, 129, "v:v", NONE),
    SIMD(130, 130, "vv:v", NONE),
    SIMD(131, 132, "v:i", NONE),
    SIMD(133, 134, "vv:v", NONE),
    SIMD(135, 138, "v:v", NONE),
    SIMD(139, 141, "vi:v", NONE),
    SIMD(142, 147, "vv:v", NONE),
    SIMD(148, 148, "v:v", NONE),
    SIMD(149, 153, "vv:v", NONE),
    SIMD(155, 159, "vv:v", NONE),
    SIMD(160, 161, "v:v", NONE),
    SIMD(163, 164, "v:i", NONE),
    SIMD(167, 170, "v:v", NONE),
    SIMD(171, 173, "vi:v", NONE),
    SIMD(174, 174, "vv:v", NONE),
    SIMD(177, 177, "vv:v", NONE),
    SIMD(181, 186, "vv:v", NONE),
    SIMD(188, 191, "vv:v", NONE),
    SIMD(192, 193, "v:v", NONE),
    SIMD(195, 196, "v:i", NONE),
    SIMD(199, 202, "v:v", NONE),
    SIMD(203, 205, "vi:v", NONE),
    SIMD(206, 206, "vv:v", NONE),
    SIMD(209, 209, "vv:v", NONE),
    SIMD(213, 223, "vv:v", NONE),
    SIMD(224, 225, "v:v", NONE),
    SIMD(227, 227, "v:v", NONE),
    SIMD(228, 235, "vv:v", NONE),
    SIMD(236, 237, "v:v", NONE),
    SIMD(239, 239, "v:v", NONE),
    SIMD(240, 247, "vv:v", NONE),
    SIMD(248, 255, "v:v", NONE),
    RELAXED(256, 256, "vv:v"),
    RELAXED(257, 260, "v:v"),
    RELAXED(261, 268, "vvv:v"),
    RELAXED(269, 274, "vv:v"),
    RELAXED(275, 275, "vvv:v"),
};

static const struct swapci_wasm_opcode *simd(uint32_t number) {
    size_t low = 0, high = sizeof simd_table / sizeof *simd_table;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (number > simd_table[middle].last) low = middle + 1;
        else high = middle;
    }
    bool found = low < sizeof simd_table / sizeof *simd_table && number >= simd_table[low].first;
    return found ? &simd_table[low].row : NULL;
}

const struct swapci_wasm_opcode *swapci_wasm_opcode(uint32_t code) {
    const struct swapci_wasm_opcode *row = NULL;
    uint32_t number = code & 0xffff;
    if (code < 0x100) row = &plain_table[code];
    else if (code >> 16 == 0xfc && number < sizeof fc_table / sizeof *fc_table)
        row = &fc_table[number];
    else if (code >> 16 == 0xfd) row = simd(number);
    return row && row->name ? row : NULL;
}

const char *swapci_wasm_feature_name(enum swapci_wasm_feature feature) {
    static const char *const names[] = {
        [SWAPCI_WASM_MVP] = "MVP",
        [SWAPCI_WASM_SIGN_EXTENSION] = "sign extension",
        [SWAPCI_WASM_SATURATING] = "saturating conversions",
        [SWAPCI_WASM_BULK_MEMORY] = "bulk memory",
        [SWAPCI_WASM_REFERENCE_TYPES] = "reference types",
        [SWAPCI_WASM_TAIL_CALL] = "tail calls",
        [SWAPCI_WASM_SIMD] = "SIMD",
        [SWAPCI_WASM_RELAXED_SIMD] = "relaxed SIMD",
        [SWAPCI_WASM_WIDE_ARITHMETIC] = "wide arithmetic",
    };
    return names[feature];
}

const char *swapci_wasm_unknown(uint32_t code) {
    if (code >> 16 == 0xfb) return "GC";
    if (code >> 16 == 0xfe) return "threads";
    if ((code >= 0x06 && code <= 0x0a) || code == 0x18 || code == 0x19 || code == 0x1f)
        return "exceptions";
    if (code == 0x14 || code == 0x15 || (code >= 0xd3 && code <= 0xd6))
        return "typed function references";
    return "a later WebAssembly version";
}
