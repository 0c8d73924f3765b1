#include "swapc/log.h"
#include "wasm_generator_impl.h"

enum { ANSWER_BYTES = 65536, LABELS_MOST = 6, LOCALS_MOST = 40 };

typedef struct swapci_generator generator;

static uint32_t pick(generator *g, uint32_t limit) {
    return swapci_generator_pick(g, limit);
}

static struct swapci_wasm_frame *inmost(generator *g) {
    return &g->stack.frames[g->stack.depth - 1];
}

static bool exhausted(const generator *g) {
    return g->choices.at == g->choices.end;
}

/* ---- one instruction ---- */

static void emit(generator *g, struct swapci_wasm_instruction *in) {
    if (g->w.status != SWAPC_OK) return;
    in->opcode = swapci_wasm_opcode(in->code);
    swapci_wasm_instruction_write(&g->w, in);
    enum swapc_status status = swapci_wasm_stack_step(&g->stack, in);
    SWAPC_CHECK(status == SWAPC_OK || status == SWAPC_NO_MEMORY);
    if (status != SWAPC_OK) g->w.status = status;
}

static void op(generator *g, uint32_t code) {
    struct swapci_wasm_instruction in = {.code = code};
    emit(g, &in);
}

static void op_index(generator *g, uint32_t code, uint32_t index) {
    struct swapci_wasm_instruction in = {.code = code, .index = index};
    emit(g, &in);
}

static void op_value(generator *g, uint32_t code, uint64_t value) {
    struct swapci_wasm_instruction in = {.code = code, .value = value};
    emit(g, &in);
}

/* ---- values ---- */

static uint64_t interesting(generator *g) {
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      (uint64_t)-1,
                                      0x7fffffff,
                                      0xffffffff80000000u,
                                      65536,
                                      65532,
                                      0x7fffffffffffffffu,
                                      0x8000000000000000u,
                                      0xffffffff,
                                      31};
    uint32_t which = pick(g, 24);
    if (which < sizeof values / sizeof *values) return values[which];
    uint64_t value = 0;
    for (uint32_t i = 0; i < which - 11; i++) value = value << 8 | pick(g, 256);
    return value;
}

static void constant(generator *g, uint8_t type) {
    static const uint32_t singles[] = {0,          0x3f800000, 0xbf800000, 0x7f800000,
                                       0x7fc00000, 0x80000000, 0x4f000000, 0x5f000000,
                                       0x00000001, 0x3fc00000, 0xcf000001, 0x461c4000};
    static const uint64_t doubles[] = {0,
                                       0x3ff0000000000000,
                                       0xbff8000000000000,
                                       0x7ff0000000000000,
                                       0x7ff8000000000000,
                                       0x8000000000000000,
                                       0x41e0000000000000,
                                       0x43e0000000000000,
                                       0x0000000000000001,
                                       0xc1e0000000200000,
                                       0x41dfffffffc00000,
                                       0x40c3880000000000};
    switch (type) {
    case SWAPCI_WASM_I32:
        op_value(g, SWAPCI_WASM_OP_I32_CONST, (uint64_t)(int32_t)(uint32_t)interesting(g));
        break;
    case SWAPCI_WASM_I64:
        op_value(g, SWAPCI_WASM_OP_I64_CONST, interesting(g));
        break;
    case SWAPCI_WASM_F32:
        op_value(g, SWAPCI_WASM_OP_F32_CONST, singles[pick(g, 12)]);
        break;
    default:
        op_value(g, SWAPCI_WASM_OP_F64_CONST, doubles[pick(g, 12)]);
    }
}

/* The n-th of what has this type among count, from where the choice falls on; count: none. */
static uint32_t find(generator *g, uint8_t type, uint32_t count, bool globals) {
    uint32_t from = pick(g, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (from + i) % count;
        uint8_t found = globals ? g->m.globals[at].type : g->stack.locals[at];
        if (found == type && (!globals || at != SWAPCI_GENERATOR_FUEL)) return at;
    }
    return count;
}

static void produce(generator *g, uint8_t type) {
    uint32_t at;
    switch (pick(g, 4)) {
    case 1:
    case 2:
        at = find(g, type, g->stack.local_count, false);
        if (at == g->stack.local_count) break;
        op_index(g, SWAPCI_WASM_OP_LOCAL_GET, at);
        return;
    case 3:
        at = find(g, type, g->m.global_count, true);
        if (at == g->m.global_count) break;
        op_index(g, SWAPCI_WASM_OP_GLOBAL_GET, at);
        return;
    default:
        break;
    }
    constant(g, type);
}

/* Do these types lie on top of the stack, as far as the block has values (all, or it is dead)? */
static bool fits(generator *g, const uint8_t *types, uint32_t count) {
    const struct swapci_wasm_frame *frame = inmost(g);
    for (uint32_t i = 0; i < count; i++) {
        if (g->stack.height < frame->height + i + 1) return frame->dead;
        uint8_t there = g->stack.values[g->stack.height - 1 - i];
        if (there != 0 && there != types[count - 1 - i]) return false;
    }
    return true;
}

/* Has them on top: what is there already, mostly, or new ones. */
static void arrange(generator *g, const uint8_t *types, uint32_t count) {
    if (fits(g, types, count) && pick(g, 4) != 0) return;
    for (uint32_t i = 0; i < count; i++) produce(g, types[i]);
}

/* Has them and nothing else in the block. */
static void settle(generator *g, const uint8_t *types, uint32_t count) {
    const struct swapci_wasm_frame *frame = inmost(g);
    uint32_t height = g->stack.height - frame->height;
    if (height <= count && fits(g, types, count) && (height == count || pick(g, 4) != 0)) return;
    while (g->stack.height > inmost(g)->height) op(g, SWAPCI_WASM_OP_DROP);
    if (inmost(g)->dead && pick(g, 2) == 1) return;
    for (uint32_t i = 0; i < count; i++) produce(g, types[i]);
}

/* A NaN on top of the stack becomes the one NaN: its bits and sign are the engine's choice. */
static void make_canonical(generator *g, bool wide) {
    uint32_t local = g->canonical[wide];
    op_index(g, SWAPCI_WASM_OP_LOCAL_SET, local);
    op_index(g, SWAPCI_WASM_OP_LOCAL_GET, local);
    op_value(g, wide ? SWAPCI_WASM_OP_F64_CONST : SWAPCI_WASM_OP_F32_CONST,
             wide ? 0x7ff8000000000000u : 0x7fc00000u);
    op_index(g, SWAPCI_WASM_OP_LOCAL_GET, local);
    op_index(g, SWAPCI_WASM_OP_LOCAL_GET, local);
    op(g, wide ? 0x61 : 0x5b); /* eq: not with a NaN */
    op(g, SWAPCI_WASM_OP_SELECT);
}

/* ---- plain instructions ---- */

static uint8_t type_of_letter(char letter) {
    return letter == 'i'   ? SWAPCI_WASM_I32
           : letter == 'I' ? SWAPCI_WASM_I64
           : letter == 'f' ? SWAPCI_WASM_F32
                           : SWAPCI_WASM_F64;
}

static uint32_t operands(const char *type, uint8_t out[4]) {
    uint32_t count = 0;
    for (; *type && *type != ':'; type++) out[count++] = type_of_letter(*type);
    return count;
}

/* Mostly inside memory. */
static void put_address(generator *g) {
    if (pick(g, 8) == 7) produce(g, SWAPCI_WASM_I32);
    else op_value(g, SWAPCI_WASM_OP_I32_CONST, pick(g, 256) * 8);
}

static void put_load_or_store(generator *g, uint32_t code) {
    static const uint32_t offsets[] = {0, 0, 0, 4, 9, 100, 65533, 0xffffffff};
    const struct swapci_wasm_opcode *row = swapci_wasm_opcode(code);
    struct swapci_wasm_instruction in = {.code = code, .value = offsets[pick(g, 32) % 8]};
    uint8_t types[4];
    uint32_t count = operands(row->type, types);
    if (in.value > 100 && pick(g, 4) != 3) in.value = 0; /* most would trap */
    put_address(g);
    if (count == 2) produce(g, types[1]);
    if (code == 0x38 || code == 0x39) make_canonical(g, code == 0x39);
    emit(g, &in);
}

/* What would trap mostly is made not to, mostly. */
static void tame(generator *g, uint32_t *code) {
    bool division = (*code >= 0x6d && *code <= 0x70) || (*code >= 0x7f && *code <= 0x82);
    if (division && pick(g, 8) != 7) {
        bool wide = *code >= 0x7f;
        op_value(g, wide ? SWAPCI_WASM_OP_I64_CONST : SWAPCI_WASM_OP_I32_CONST, 1);
        op(g, wide ? 0x84 : 0x72); /* or */
    }
    if (*code >= 0xa8 && *code <= 0xab && pick(g, 8) != 7) *code = 0xfc0000 + *code - 0xa8;
    if (*code >= 0xae && *code <= 0xb1 && pick(g, 8) != 7) *code = 0xfc0004 + *code - 0xae;
    if (*code == 0xbc || *code == 0xbd) make_canonical(g, *code == 0xbd);
    if (*code == 0x98 || *code == 0xa6) make_canonical(g, *code == 0xa6);
}

static void put_plain(generator *g) {
    uint32_t code = 0x45 + pick(g, 0xc5 - 0x45);
    uint8_t types[4];
    uint32_t count = operands(swapci_wasm_opcode(code)->type, types);
    arrange(g, types, count);
    tame(g, &code);
    op(g, code);
}

static void put_memory(generator *g) {
    static const uint64_t pages[] = {0, 1, (uint64_t)-1, 65536, 3, 0x7fffffff, 65535, 32768};
    uint32_t which = pick(g, 8);
    if (which < 5) {
        put_load_or_store(g, 0x28 + pick(g, 0x3f - 0x28));
    } else if (which == 5) {
        op_value(g, SWAPCI_WASM_OP_I32_CONST, (uint64_t)(int32_t)(uint32_t)pages[pick(g, 8)]);
        op(g, SWAPCI_WASM_OP_MEMORY_GROW);
    } else if (which == 6) {
        op(g, 0x3f); /* memory.size */
    } else {
        put_address(g);
        put_address(g);
        op_value(g, SWAPCI_WASM_OP_I32_CONST, pick(g, 200));
        op(g, pick(g, 2) ? SWAPCI_WASM_OP_MEMORY_COPY : SWAPCI_WASM_OP_MEMORY_FILL);
    }
}

static void put_variable(generator *g) {
    uint32_t which = pick(g, 4), count = which ? g->stack.local_count : g->m.global_count;
    uint32_t at = pick(g, count);
    if (which == 0) {
        if (at == SWAPCI_GENERATOR_FUEL || !g->m.globals[at].mutable) return;
        arrange(g, &g->m.globals[at].type, 1);
        op_index(g, SWAPCI_WASM_OP_GLOBAL_SET, at);
        return;
    }
    uint8_t type = g->stack.locals[at];
    arrange(g, &type, 1);
    op_index(g, which == 1 ? SWAPCI_WASM_OP_LOCAL_TEE : SWAPCI_WASM_OP_LOCAL_SET, at);
}

static void put_parametric(generator *g) {
    static const uint8_t of_type[] = {SWAPCI_WASM_I32, SWAPCI_WASM_I64, SWAPCI_WASM_F32,
                                      SWAPCI_WASM_F64};
    if (pick(g, 3) == 0 && (g->stack.height > inmost(g)->height || inmost(g)->dead)) {
        op(g, SWAPCI_WASM_OP_DROP);
        return;
    }
    uint8_t type = of_type[pick(g, 4)];
    arrange(g, (const uint8_t[]){type, type, SWAPCI_WASM_I32}, 3);
    op(g, SWAPCI_WASM_OP_SELECT);
}

/* ---- control ---- */

/* The function's way out when the fuel is spent: constants, and return. */
static void spend_fuel(generator *g) {
    struct swapci_wasm_instruction in = {.code = SWAPCI_WASM_OP_IF, .block_code = -64};
    op_index(g, SWAPCI_WASM_OP_GLOBAL_GET, SWAPCI_GENERATOR_FUEL);
    op(g, 0x45); /* eqz */
    emit(g, &in);
    for (uint32_t i = 0; i < g->type->result_count; i++) constant(g, g->type->results[i]);
    op(g, SWAPCI_WASM_OP_RETURN);
    op(g, SWAPCI_WASM_OP_END);
    op_index(g, SWAPCI_WASM_OP_GLOBAL_GET, SWAPCI_GENERATOR_FUEL);
    op_value(g, SWAPCI_WASM_OP_I32_CONST, 1);
    op(g, SWAPCI_WASM_OP_I32_SUB);
    op_index(g, SWAPCI_WASM_OP_GLOBAL_SET, SWAPCI_GENERATOR_FUEL);
}

static void pick_block_type(generator *g, struct swapci_wasm_instruction *in) {
    static const uint8_t singles[] = {SWAPCI_WASM_I32, SWAPCI_WASM_I64, SWAPCI_WASM_F32,
                                      SWAPCI_WASM_F64};
    uint32_t which = pick(g, 8);
    in->block = (struct swapci_wasm_type){singles, singles, 0, 0};
    in->block_code = -64;
    if (which >= 6) {
        in->block_code = pick(g, g->m.type_count);
        in->block = g->m.types[in->block_code];
    } else if (which >= 2) {
        in->block = (struct swapci_wasm_type){singles, singles + (which - 2), 0, 1};
        in->block_code = (int64_t)singles[which - 2] - 128;
    }
}

static void open_block(generator *g) {
    static const uint32_t codes[] = {SWAPCI_WASM_OP_BLOCK, SWAPCI_WASM_OP_IF, SWAPCI_WASM_OP_LOOP};
    static const uint8_t i32 = SWAPCI_WASM_I32;
    struct swapci_wasm_instruction in = {.code = codes[pick(g, 3)]};
    if (g->stack.depth > 24) return;
    pick_block_type(g, &in);
    arrange(g, in.block.params, in.block.param_count);
    if (in.code == SWAPCI_WASM_OP_IF) {
        if (inmost(g)->dead || in.block.param_count > 0) produce(g, i32);
        else arrange(g, &i32, 1);
    }
    emit(g, &in);
    if (in.code == SWAPCI_WASM_OP_LOOP) spend_fuel(g);
}

static void close_block(generator *g) {
    const struct swapci_wasm_frame *frame = inmost(g);
    const struct swapci_wasm_type *type = &frame->type;
    bool passes = type->param_count == type->result_count &&
                  memcmp(type->params, type->results, type->param_count) == 0;
    bool turn = frame->opcode == SWAPCI_WASM_OP_IF && (!passes || pick(g, 2));
    if (g->stack.depth == 1) return; /* the function's own */
    settle(g, type->results, type->result_count);
    op(g, turn ? SWAPCI_WASM_OP_ELSE : SWAPCI_WASM_OP_END);
}

static const uint8_t *label_types(generator *g, uint32_t label, uint32_t *count) {
    return swapci_wasm_stack_label(&g->stack, label, count);
}

static bool same_types(generator *g, uint32_t label, const uint8_t *types, uint32_t count) {
    uint32_t others;
    const uint8_t *other = label_types(g, label, &others);
    return others == count && (count == 0 || memcmp(other, types, count) == 0);
}

static void put_table(generator *g, uint32_t label) {
    uint8_t labels[LABELS_MOST + 1];
    uint32_t count, used = 0;
    const uint8_t *types = label_types(g, label, &count);
    for (uint32_t n = pick(g, LABELS_MOST + 1); n > 0; n--) {
        uint32_t other = pick(g, g->stack.depth);
        if (same_types(g, other, types, count)) labels[used++] = (uint8_t)other;
    }
    labels[used++] = (uint8_t)label;
    arrange(g, types, count);
    produce(g, SWAPCI_WASM_I32);
    struct swapci_wasm_instruction in = {.code = SWAPCI_WASM_OP_BR_TABLE,
                                         .labels = {labels, labels + used, false},
                                         .label_count = used};
    emit(g, &in);
}

static void put_branch(generator *g) {
    uint32_t label = pick(g, g->stack.depth), count, which = pick(g, 16);
    const uint8_t *types = label_types(g, label, &count);
    if (which < 9) {
        arrange(g, types, count);
        produce(g, SWAPCI_WASM_I32);
        op_index(g, SWAPCI_WASM_OP_BR_IF, label);
    } else if (which < 12) {
        arrange(g, types, count);
        op_index(g, SWAPCI_WASM_OP_BR, label);
    } else if (which < 15) {
        put_table(g, label);
    } else if (g->stack.depth > 2 && pick(g, 4) == 3) {
        op(g, SWAPCI_WASM_OP_UNREACHABLE);
    } else {
        arrange(g, g->type->results, g->type->result_count);
        op(g, SWAPCI_WASM_OP_RETURN);
    }
}

/* A table entry of that type; SWAPCI_GENERATOR_ENTRIES: none. Now and then any place, also
 * outside. */
static uint32_t find_entry(generator *g, uint32_t type) {
    uint32_t count = (uint32_t)g->m.tables[0].limits.min, from = pick(g, count);
    if (pick(g, 16) == 15) return pick(g, count + 1);
    for (uint32_t i = 0; i < count; i++)
        if (g->m.functions[g->entries[(from + i) % count]] == type) return (from + i) % count;
    return SWAPCI_GENERATOR_ENTRIES;
}

/* Of any function but main. */
static void put_call(generator *g) {
    if (g->m.function_count <= SWAPCI_GENERATOR_MAIN + 1) return;
    uint32_t function = 2 + pick(g, g->m.function_count - 2), entry = SWAPCI_GENERATOR_ENTRIES;
    const struct swapci_wasm_type *type = swapci_wasm_function_type(&g->m, function);
    arrange(g, type->params, type->param_count);
    if (pick(g, 3) == 2) entry = find_entry(g, g->m.functions[function]);
    if (entry == SWAPCI_GENERATOR_ENTRIES) {
        op_index(g, SWAPCI_WASM_OP_CALL, function);
        return;
    }
    op_value(g, SWAPCI_WASM_OP_I32_CONST, entry);
    op_index(g, SWAPCI_WASM_OP_CALL_INDIRECT, g->m.functions[function]);
}

static void put_anything(generator *g) {
    switch (pick(g, 16)) {
    case 0:
    case 1:
        close_block(g);
        break;
    case 2:
    case 3:
        open_block(g);
        break;
    case 4:
        put_branch(g);
        break;
    case 5:
        put_call(g);
        break;
    case 6:
    case 7:
        put_memory(g);
        break;
    case 8:
    case 9:
    case 10:
        put_variable(g);
        break;
    case 11:
        put_parametric(g);
        break;
    default:
        put_plain(g);
    }
}

/* ---- functions ---- */

static void begin(generator *g) {
    static const uint8_t types[] = {SWAPCI_WASM_I32, SWAPCI_WASM_I64, SWAPCI_WASM_F32,
                                    SWAPCI_WASM_F64};
    uint32_t runs = pick(g, 5), given = g->type->param_count;
    swapci_wasm_put_u32(&g->w, runs + 2);
    for (uint32_t i = 0; i < runs; i++) {
        uint32_t count = pick(g, 8) == 7 ? pick(g, LOCALS_MOST) : 1;
        swapci_wasm_put_u32(&g->w, count);
        swapci_wasm_put_byte(&g->w, types[pick(g, 4)]);
        given += count;
    }
    swapci_wasm_put(&g->w, (const uint8_t[]){1, SWAPCI_WASM_F32, 1, SWAPCI_WASM_F64}, 4);
    g->canonical[0] = given, g->canonical[1] = given + 1;
    struct swapci_wasm_reader r = swapci_wasm_reader_of(swapci_buffer_bytes(&g->body));
    if (g->w.status != SWAPC_OK) return;
    enum swapc_status status = swapci_wasm_stack_enter(&g->stack, g->type, &r);
    SWAPC_CHECK(status == SWAPC_OK || status == SWAPC_NO_MEMORY);
    g->w.status = status;
}

/* Calls each function once and keeps what globals can hold of its results. */
static void call_all(generator *g) {
    for (uint32_t i = SWAPCI_GENERATOR_MAIN + 1; i < g->m.function_count; i++) {
        const struct swapci_wasm_type *type = swapci_wasm_function_type(&g->m, i);
        for (uint32_t k = 0; k < type->param_count; k++) produce(g, type->params[k]);
        op_index(g, SWAPCI_WASM_OP_CALL, i);
        for (uint32_t k = type->result_count; k > 0; k--) {
            uint32_t at = find(g, type->results[k - 1], g->m.global_count, true);
            bool kept = at < g->m.global_count && g->m.globals[at].mutable;
            if (kept) op_index(g, SWAPCI_WASM_OP_GLOBAL_SET, at);
            else op(g, SWAPCI_WASM_OP_DROP);
        }
    }
}

/* Every global to memory, and the first page is the answer. */
static void answer(generator *g) {
    static const uint32_t stores[] = {0x36, 0x37, 0x38, 0x39}; /* by type, from i32 down */
    for (uint32_t i = 0; i < g->m.global_count; i++) {
        uint8_t type = g->m.globals[i].type;
        struct swapci_wasm_instruction in = {.code = stores[SWAPCI_WASM_I32 - type], .value = 16};
        op_value(g, SWAPCI_WASM_OP_I32_CONST, 8 * i);
        op_index(g, SWAPCI_WASM_OP_GLOBAL_GET, i);
        if (type <= SWAPCI_WASM_F32) make_canonical(g, type == SWAPCI_WASM_F64);
        emit(g, &in);
    }
    op_value(g, SWAPCI_WASM_OP_I32_CONST, 0);
    op_value(g, SWAPCI_WASM_OP_I32_CONST, ANSWER_BYTES);
    op_index(g, SWAPCI_WASM_OP_CALL, SWAPCI_GENERATOR_RESPONSE);
}

static void put_code(generator *g) {
    spend_fuel(g);
    for (uint32_t n = 20 + pick(g, 200); n > 0 && !exhausted(g) && g->w.status == SWAPC_OK; n--)
        put_anything(g);
    while (g->stack.depth > 1 && g->w.status == SWAPC_OK) close_block(g);
}

/* Main calls the others and answers; the others do what comes. */
void swapci_generator_body(generator *g, uint32_t function) {
    swapci_buffer_clear(&g->body);
    g->w = (struct swapci_wasm_writer){&g->body, SWAPC_OK};
    g->type = swapci_wasm_function_type(&g->m, function);
    begin(g);
    if (g->w.status != SWAPC_OK) return;
    if (function == SWAPCI_GENERATOR_MAIN) {
        call_all(g);
        answer(g);
        op_value(g, SWAPCI_WASM_OP_I32_CONST, 1);
    } else {
        put_code(g);
        if (g->w.status == SWAPC_OK) settle(g, g->type->results, g->type->result_count);
    }
    op(g, SWAPCI_WASM_OP_END);
}
