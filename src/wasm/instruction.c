#include "instruction.h"

enum { LOCALS_MOST = 50000 };

static uint32_t read_code(struct swapci_wasm_reader *r) {
    uint32_t code = swapci_wasm_byte(r);
    if (code < 0xfb || code > 0xfe) return code;
    uint32_t number = swapci_wasm_u32(r);
    return code << 16 | (number < 0xffff ? number : 0xffff);
}

static void read_block(struct swapci_wasm_reader *r, const struct swapci_wasm_module *m,
                       struct swapci_wasm_instruction *out) {
    const uint8_t *at = r->at;
    out->block_code = (int64_t)swapci_wasm_leb(r, 33, true);
    if (r->bad) return;
    if (out->block_code >= 0) {
        const struct swapci_wasm_type *type = swapci_wasm_type_at(m, (uint64_t)out->block_code);
        if (type) out->block = *type;
        else r->bad = true;
        return;
    }
    r->bad = r->at != at + 1; /* a value type is one byte */
    out->block = (struct swapci_wasm_type){at, at, 0, *at != SWAPCI_WASM_BLOCK_VOID};
}

static void read_labels(struct swapci_wasm_reader *r, struct swapci_wasm_instruction *out) {
    out->label_count = swapci_wasm_count(r) + 1;
    out->labels = (struct swapci_wasm_reader){r->at, r->at, false};
    for (uint32_t i = 0; i < out->label_count && !r->bad; i++) swapci_wasm_u32(r);
    out->labels.end = r->at;
}

static void read_part(struct swapci_wasm_reader *r, uint32_t bytes,
                      struct swapci_wasm_instruction *out) {
    out->labels = swapci_wasm_part(r, bytes);
}

static void read_immediates(struct swapci_wasm_reader *r, const struct swapci_wasm_module *m,
                            struct swapci_wasm_instruction *out) {
    switch ((enum swapci_wasm_immediate)out->opcode->immediate) {
    case SWAPCI_WASM_IMMEDIATE_NONE:
        break;
    case SWAPCI_WASM_IMMEDIATE_BLOCK:
        read_block(r, m, out);
        break;
    case SWAPCI_WASM_IMMEDIATE_LABEL:
    case SWAPCI_WASM_IMMEDIATE_FUNCTION:
    case SWAPCI_WASM_IMMEDIATE_LOCAL:
    case SWAPCI_WASM_IMMEDIATE_GLOBAL:
    case SWAPCI_WASM_IMMEDIATE_TABLE:
    case SWAPCI_WASM_IMMEDIATE_MEMORY:
    case SWAPCI_WASM_IMMEDIATE_DATA:
    case SWAPCI_WASM_IMMEDIATE_ELEMENT:
        out->index = swapci_wasm_u32(r);
        break;
    case SWAPCI_WASM_IMMEDIATE_LANE:
    case SWAPCI_WASM_IMMEDIATE_HEAP_TYPE:
        out->index = swapci_wasm_byte(r);
        break;
    case SWAPCI_WASM_IMMEDIATE_TYPE_TABLE:
    case SWAPCI_WASM_IMMEDIATE_TABLES:
    case SWAPCI_WASM_IMMEDIATE_MEMORIES:
    case SWAPCI_WASM_IMMEDIATE_DATA_MEMORY:
    case SWAPCI_WASM_IMMEDIATE_ELEMENT_TABLE:
        out->index = swapci_wasm_u32(r);
        out->second = swapci_wasm_u32(r);
        break;
    case SWAPCI_WASM_IMMEDIATE_MEMORY_ARGUMENT:
    case SWAPCI_WASM_IMMEDIATE_MEMORY_LANE:
        out->index = swapci_wasm_u32(r);
        out->value = swapci_wasm_leb(r, 32, false);
        if (out->opcode->immediate == SWAPCI_WASM_IMMEDIATE_MEMORY_LANE)
            out->second = swapci_wasm_byte(r);
        break;
    case SWAPCI_WASM_IMMEDIATE_LABELS:
        read_labels(r, out);
        break;
    case SWAPCI_WASM_IMMEDIATE_TYPES:
        read_part(r, swapci_wasm_count(r), out);
        break;
    case SWAPCI_WASM_IMMEDIATE_SIXTEEN:
        read_part(r, 16, out);
        break;
    case SWAPCI_WASM_IMMEDIATE_I32:
        out->value = (uint64_t)(int64_t)swapci_wasm_s32(r);
        break;
    case SWAPCI_WASM_IMMEDIATE_I64:
        out->value = (uint64_t)swapci_wasm_s64(r);
        break;
    case SWAPCI_WASM_IMMEDIATE_F32:
        out->value = swapci_wasm_bits(r, 4);
        break;
    case SWAPCI_WASM_IMMEDIATE_F64:
        out->value = swapci_wasm_bits(r, 8);
        break;
    }
}

void swapci_wasm_instruction_read(struct swapci_wasm_reader *r, const struct swapci_wasm_module *m,
                                  struct swapci_wasm_instruction *out) {
    out->code = read_code(r);
    out->opcode = r->bad ? NULL : swapci_wasm_opcode(out->code);
    out->index = out->second = out->label_count = 0;
    out->value = 0;
    if (out->opcode) read_immediates(r, m, out);
}

static void write_code(struct swapci_wasm_writer *w, uint32_t code) {
    if (code < 0x100) {
        swapci_wasm_put_byte(w, (uint8_t)code);
        return;
    }
    swapci_wasm_put_byte(w, (uint8_t)(code >> 16));
    swapci_wasm_put_u32(w, code & 0xffff);
}

static void write_labels(struct swapci_wasm_writer *w, const struct swapci_wasm_instruction *in) {
    struct swapci_wasm_reader labels = in->labels;
    swapci_wasm_put_u32(w, in->label_count - 1);
    for (uint32_t i = 0; i < in->label_count; i++) swapci_wasm_put_u32(w, swapci_wasm_u32(&labels));
}

static void write_part(struct swapci_wasm_writer *w, const struct swapci_wasm_instruction *in) {
    size_t len = (size_t)(in->labels.end - in->labels.at);
    if (in->opcode->immediate == SWAPCI_WASM_IMMEDIATE_TYPES) swapci_wasm_put_u32(w, (uint32_t)len);
    swapci_wasm_put(w, in->labels.at, len);
}

void swapci_wasm_instruction_write(struct swapci_wasm_writer *w,
                                   const struct swapci_wasm_instruction *in) {
    write_code(w, in->code);
    switch ((enum swapci_wasm_immediate)in->opcode->immediate) {
    case SWAPCI_WASM_IMMEDIATE_NONE:
        break;
    case SWAPCI_WASM_IMMEDIATE_BLOCK:
        swapci_wasm_put_signed(w, in->block_code);
        break;
    case SWAPCI_WASM_IMMEDIATE_LABEL:
    case SWAPCI_WASM_IMMEDIATE_FUNCTION:
    case SWAPCI_WASM_IMMEDIATE_LOCAL:
    case SWAPCI_WASM_IMMEDIATE_GLOBAL:
    case SWAPCI_WASM_IMMEDIATE_TABLE:
    case SWAPCI_WASM_IMMEDIATE_MEMORY:
    case SWAPCI_WASM_IMMEDIATE_DATA:
    case SWAPCI_WASM_IMMEDIATE_ELEMENT:
        swapci_wasm_put_u32(w, in->index);
        break;
    case SWAPCI_WASM_IMMEDIATE_LANE:
    case SWAPCI_WASM_IMMEDIATE_HEAP_TYPE:
        swapci_wasm_put_byte(w, (uint8_t)in->index);
        break;
    case SWAPCI_WASM_IMMEDIATE_TYPE_TABLE:
    case SWAPCI_WASM_IMMEDIATE_TABLES:
    case SWAPCI_WASM_IMMEDIATE_MEMORIES:
    case SWAPCI_WASM_IMMEDIATE_DATA_MEMORY:
    case SWAPCI_WASM_IMMEDIATE_ELEMENT_TABLE:
        swapci_wasm_put_u32(w, in->index);
        swapci_wasm_put_u32(w, in->second);
        break;
    case SWAPCI_WASM_IMMEDIATE_MEMORY_ARGUMENT:
    case SWAPCI_WASM_IMMEDIATE_MEMORY_LANE:
        swapci_wasm_put_u32(w, in->index);
        swapci_wasm_put_u32(w, (uint32_t)in->value);
        if (in->opcode->immediate == SWAPCI_WASM_IMMEDIATE_MEMORY_LANE)
            swapci_wasm_put_byte(w, (uint8_t)in->second);
        break;
    case SWAPCI_WASM_IMMEDIATE_LABELS:
        write_labels(w, in);
        break;
    case SWAPCI_WASM_IMMEDIATE_TYPES:
    case SWAPCI_WASM_IMMEDIATE_SIXTEEN:
        write_part(w, in);
        break;
    case SWAPCI_WASM_IMMEDIATE_I32:
    case SWAPCI_WASM_IMMEDIATE_I64:
        swapci_wasm_put_signed(w, (int64_t)in->value);
        break;
    case SWAPCI_WASM_IMMEDIATE_F32:
        swapci_wasm_put_bits(w, in->value, 4);
        break;
    case SWAPCI_WASM_IMMEDIATE_F64:
        swapci_wasm_put_bits(w, in->value, 8);
        break;
    }
}

void swapci_wasm_read_locals(struct swapci_wasm_reader *r, struct swapci_wasm_locals *out) {
    out->runs = swapci_wasm_count(r);
    out->count = 0;
    out->each = (struct swapci_wasm_reader){r->at, r->at, false};
    for (uint32_t i = 0; i < out->runs && !r->bad; i++) {
        out->count += swapci_wasm_u32(r);
        swapci_wasm_byte(r);
    }
    out->each.end = r->at;
    if (out->count > LOCALS_MOST) r->bad = true;
}
