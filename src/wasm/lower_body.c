#include "lower_impl.h"

#include <stdio.h>

#include "heap.h"
#include "stack.h"

/* Values that a block can carry in locals. More than any compiler emits. */
enum { CARRIED_MAX = 128, MVP_TYPES = 4, GROW_MOST = 65536 };
enum { VALUES_MAX = 2000, LOCALS_MAX = 50000 + SWAPCI_WASM_VALUES_MAX };

struct frame {
    struct swapci_wasm_type type;
    bool loop;
};

/* What lies on the operand stack as nothing but the name of a local: its index + 1, and the
 * instruction that put it there. 0: a value of its own. */
struct reference {
    uint32_t local;
    uint32_t place;
};

struct body {
    struct swapci_lower *l;
    struct swapci_wasm_writer w; /* of l->code */
    struct swapci_wasm_reader r;
    uint32_t function;
    const uint8_t *at; /* the instruction at hand */
    bool carry;        /* all blocks' values go by locals: no block has a type */
    bool again;        /* found to be needed: the body is to be read again so */
    uint32_t depth;    /* of open blocks; the function's own is 1 */
    uint32_t dead;     /* 0: this code runs; else 1 and the blocks open within what does not */
    uint32_t locals;   /* parameters and the body's own */
    uint32_t added;
    uint8_t added_types[MVP_TYPES * CARRIED_MAX + 1];
    uint32_t carriers[MVP_TYPES][CARRIED_MAX]; /* local index + 1 by type and position; 0: none */
    uint32_t scratch;                          /* an i32 local's index + 1 */
    struct frame frames[SWAPCI_LOWER_NESTING + 1];
    struct swapci_meter meter;
    struct swapci_wasm_stack stack; /* of the body as it is read */
    struct reference references[VALUES_MAX];
    uint16_t referred[LOCALS_MAX]; /* how many references there are to a local */
    const uint8_t *begin;          /* of the code */
    swapci_buffer copies;          /* a bit for each byte of the code: this local.get is to copy */
    bool copying;                  /* copies holds something */
};

static void put_op(struct body *b, uint32_t opcode, uint32_t index) {
    swapci_wasm_put_byte(&b->w, (uint8_t)opcode);
    swapci_wasm_put_u32(&b->w, index);
}

static void unsupported(struct body *b, const char *what) {
    swapci_lower_unsupported(b->l, b->function, b->at, what);
}

static bool going(const struct body *b) {
    return b->l->status == SWAPC_OK && b->w.status == SWAPC_OK && !b->r.bad && !b->again;
}

/* ---- locals of our own ---- */

static uint32_t add_local(struct body *b, uint8_t type) {
    b->added_types[b->added++] = type;
    return b->locals + b->added;
}

static uint32_t scratch(struct body *b) {
    if (b->scratch == 0) b->scratch = add_local(b, SWAPCI_WASM_I32);
    return b->scratch - 1;
}

/* The local that carries the value at position of a block's list. One serves all blocks: between a
 * branch, which sets it, and its label, which reads it, nothing else runs. */
static uint32_t carrier(struct body *b, uint8_t type, uint32_t position) {
    if (type < SWAPCI_WASM_F64 || type > SWAPCI_WASM_I32 || position >= CARRIED_MAX) {
        unsupported(b, position < CARRIED_MAX ? "a block of values later than the MVP"
                                              : "a block of more than 128 values");
        return 0;
    }
    uint32_t *local = &b->carriers[type - SWAPCI_WASM_F64][position];
    if (*local == 0) *local = add_local(b, type);
    return *local - 1;
}

static void put_away(struct body *b, const uint8_t *types, uint32_t count) {
    for (uint32_t i = count; i > 0 && going(b); i--)
        put_op(b, SWAPCI_WASM_OP_LOCAL_SET, carrier(b, types[i - 1], i - 1));
}

static void get_back(struct body *b, const uint8_t *types, uint32_t count) {
    for (uint32_t i = 0; i < count && going(b); i++)
        put_op(b, SWAPCI_WASM_OP_LOCAL_GET, carrier(b, types[i], i));
}

/* ---- blocks ---- */

static const struct frame *label(struct body *b, uint32_t index) {
    if (index < b->depth) return &b->frames[b->depth - 1 - index];
    b->r.bad = true;
    return NULL;
}

static void push_frame(struct body *b, const struct swapci_wasm_type *type, bool loop) {
    if (b->depth > SWAPCI_LOWER_NESTING) {
        unsupported(b, "blocks nested deeper than 2000");
        return;
    }
    b->frames[b->depth++] = (struct frame){*type, loop};
}

/* wasm3 copies the value below a float that leaves a block by a branch to a slot far outside. */
static bool needs_carrying(const struct swapci_wasm_type *type) {
    if (type->param_count > 0 || type->result_count > 1) return true;
    return type->result_count == 1 &&
           (type->results[0] == SWAPCI_WASM_F32 || type->results[0] == SWAPCI_WASM_F64);
}

static void open_block(struct body *b, const struct swapci_wasm_instruction *in) {
    const struct swapci_wasm_type *type = &in->block;
    bool loop = in->code == SWAPCI_WASM_OP_LOOP;
    if (!b->carry && needs_carrying(type)) {
        b->again = true;
        return;
    }
    push_frame(b, type, loop);
    if (!b->carry) swapci_wasm_instruction_write(&b->w, in);
    else {
        bool condition = in->code == SWAPCI_WASM_OP_IF && type->param_count > 0;
        if (condition) put_op(b, SWAPCI_WASM_OP_LOCAL_SET, scratch(b));
        put_away(b, type->params, type->param_count);
        if (condition) put_op(b, SWAPCI_WASM_OP_LOCAL_GET, scratch(b));
        put_op(b, in->code, SWAPCI_WASM_BLOCK_VOID);
    }
    if (loop && b->l->how->metered && going(b)) swapci_meter_open(&b->meter, b->depth);
    if (b->carry) get_back(b, type->params, type->param_count);
}

static void turn_to_else(struct body *b, bool live) {
    const struct frame *frame = label(b, 0);
    if (b->carry && live) put_away(b, frame->type.results, frame->type.result_count);
    swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_ELSE);
    if (b->carry) get_back(b, frame->type.params, frame->type.param_count);
}

static void close_block(struct body *b, bool live) {
    struct frame frame = *label(b, 0);
    if (b->l->how->metered) swapci_meter_close(&b->meter, b->depth);
    if (b->carry && live) put_away(b, frame.type.results, frame.type.result_count);
    swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_END);
    if (b->carry) get_back(b, frame.type.results, frame.type.result_count);
    b->depth--;
}

/* A branch of any kind: where values go by locals, they and the number on top of them go there. */
static void put_branch(struct body *b, const struct swapci_wasm_instruction *in, uint32_t target) {
    const struct frame *frame = label(b, target);
    if (!frame) return;
    const uint8_t *types = frame->loop ? frame->type.params : frame->type.results;
    uint32_t count = frame->loop ? frame->type.param_count : frame->type.result_count;
    bool number = in->code != SWAPCI_WASM_OP_BR;
    bool carried = b->carry && count > 0;
    if (carried && number) put_op(b, SWAPCI_WASM_OP_LOCAL_SET, scratch(b));
    if (carried) put_away(b, types, count);
    if (carried && number) put_op(b, SWAPCI_WASM_OP_LOCAL_GET, scratch(b));
    swapci_wasm_instruction_write(&b->w, in);
    if (carried && in->code == SWAPCI_WASM_OP_BR_IF) get_back(b, types, count);
}

/* All labels of a table take the same values, at the same positions: any of them speaks for all. */
static void put_branch_table(struct body *b, const struct swapci_wasm_instruction *in) {
    struct swapci_wasm_reader labels = in->labels;
    uint32_t target = 0;
    for (uint32_t i = 0; i < in->label_count; i++) target = swapci_wasm_u32(&labels);
    put_branch(b, in, target);
}

/* ---- references to locals ---- */

/* wasm3 puts no value on its stack for a local.get, only the local's slot, and gives the value a
 * slot of its own when the local is set or a block begins. To 64-bit values that lie there twice it
 * then gives one slot, counts its first half twice and its second once: as soon as one of the two
 * is gone, something else may be put into the half. So, where that would come about, all but the
 * first are made values of their own at once. It comes about seldom, so it is noted in a first pass
 * over the body, and the body is written again. */
static void note_copy(struct body *b, uint32_t place) {
    size_t size = (size_t)(b->r.end - b->begin) / 8 + 1;
    if (!b->copying) {
        swapci_buffer_clear(&b->copies);
        if (swapci_buffer_reserve(&b->copies, size) != SWAPC_OK) {
            b->w.status = SWAPC_NO_MEMORY;
            return;
        }
        memset(b->copies.ptr, 0, size);
        b->copying = true;
    }
    b->copies.ptr[place / 8] |= (uint8_t)(1u << place % 8);
}

static bool is_to_copy(const struct body *b) {
    size_t place = (size_t)(b->at - b->begin);
    return b->copying && b->copies.ptr[place / 8] >> place % 8 & 1;
}

static bool is_wide(uint8_t type) {
    return type == SWAPCI_WASM_I64 || type == SWAPCI_WASM_F64;
}

/* All references to the local become one value, which is shared. */
static void settle_local(struct body *b, uint32_t local) {
    bool shared = false;
    for (uint32_t i = 0; i < b->stack.height && b->referred[local] > 0; i++) {
        if (b->references[i].local != local + 1) continue;
        if (shared && is_wide(b->stack.locals[local])) note_copy(b, b->references[i].place);
        shared = true;
        b->references[i].local = 0;
        b->referred[local]--;
    }
}

static void settle_all(struct body *b) {
    for (uint32_t i = 0; i < b->stack.height && b->w.status == SWAPC_OK; i++)
        if (b->references[i].local > 0) settle_local(b, b->references[i].local - 1);
}

static void before_step(struct body *b, const struct swapci_wasm_instruction *in) {
    bool sets = in->code == SWAPCI_WASM_OP_LOCAL_SET || in->code == SWAPCI_WASM_OP_LOCAL_TEE;
    if (sets && in->index < b->stack.local_count) settle_local(b, in->index);
    /* memory.copy and memory.fill: a block of the meter's lies before them */
    if (in->opcode->immediate == SWAPCI_WASM_IMMEDIATE_BLOCK ||
        in->code == SWAPCI_WASM_OP_MEMORY_COPY || in->code == SWAPCI_WASM_OP_MEMORY_FILL)
        settle_all(b);
}

/* Follows the operand stack of what is read. Two instructions leave their values where they are. */
static void follow(struct body *b, const struct swapci_wasm_instruction *in) {
    bool live = b->dead == 0, get = in->code == SWAPCI_WASM_OP_LOCAL_GET;
    uint32_t before = b->stack.height;
    if (live) before_step(b, in);
    if (swapci_wasm_stack_step(&b->stack, in) != SWAPC_OK) return;
    if (in->code == SWAPCI_WASM_OP_BR_IF || in->code == SWAPCI_WASM_OP_LOCAL_TEE)
        b->stack.low = b->stack.height < before ? b->stack.height : before;
    for (uint32_t i = b->stack.low; i < before; i++)
        if (b->references[i].local > 0) b->referred[b->references[i].local - 1]--;
    if (b->stack.height > VALUES_MAX) {
        unsupported(b, "more than 2000 values at once");
        return;
    }
    for (uint32_t i = b->stack.low; i < b->stack.height; i++) b->references[i].local = 0;
    if (!live || !get || is_to_copy(b)) return;
    b->references[b->stack.height - 1] =
        (struct reference){in->index + 1, (uint32_t)(b->at - b->begin)};
    b->referred[in->index]++;
}

/* A value of its own: what comes out of an operation that changes nothing. */
static void put_copy(struct body *b, const struct swapci_wasm_instruction *in) {
    swapci_wasm_instruction_write(&b->w, in);
    if (b->stack.locals[in->index] == SWAPCI_WASM_I64) {
        put_op(b, SWAPCI_WASM_OP_I64_CONST, 0);
        swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_I64_OR);
    } else {
        swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_I64_REINTERPRET_F64);
        swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_F64_REINTERPRET_I64);
    }
}

/* ---- the rest ---- */

static void put_call(struct body *b, struct swapci_wasm_instruction *in) {
    bool recurses = swapci_wasm_may_recurse(&b->l->leaves, in);
    b->meter.calls = true;
    if (b->l->how->metered) swapci_meter_count(&b->meter, SWAPCI_METER_CALL);
    if (in->code == SWAPCI_WASM_OP_CALL) in->index = swapci_lower_function(b->l, in->index);
    else if (in->second != 0) unsupported(b, "more than one table");
    swapci_wasm_instruction_write(&b->w, in);
    if (!b->l->how->metered || !recurses) return;
    settle_all(b); /* the payment is a block */
    swapci_meter_return(&b->meter, (size_t)(b->r.end - b->r.at));
}

/* By no more pages than there can be, which no memory can grow by either unless it is empty. */
static void put_grow(struct body *b, const struct swapci_wasm_instruction *in) {
    put_op(b, SWAPCI_WASM_OP_LOCAL_SET, scratch(b));
    swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_I32_CONST);
    swapci_wasm_put_signed(&b->w, GROW_MOST);
    put_op(b, SWAPCI_WASM_OP_LOCAL_GET, scratch(b));
    put_op(b, SWAPCI_WASM_OP_LOCAL_GET, scratch(b));
    swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_I32_CONST);
    swapci_wasm_put_signed(&b->w, GROW_MOST);
    swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_I32_GT_U);
    swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_SELECT);
    swapci_wasm_instruction_write(&b->w, in);
}

static bool has_feature(const struct swapci_wasm_instruction *in) {
    switch ((enum swapci_wasm_feature)in->opcode->feature) {
    case SWAPCI_WASM_MVP:
    case SWAPCI_WASM_SIGN_EXTENSION:
    case SWAPCI_WASM_SATURATING:
        return true;
    default:
        return in->code == SWAPCI_WASM_OP_MEMORY_COPY || in->code == SWAPCI_WASM_OP_MEMORY_FILL;
    }
}

static void refuse_feature(struct body *b, const struct swapci_wasm_instruction *in) {
    char what[96];
    snprintf(what, sizeof what, "%s (%s)", in->opcode->name,
             swapci_wasm_feature_name((enum swapci_wasm_feature)in->opcode->feature));
    unsupported(b, what);
}

static void lower_live(struct body *b, struct swapci_wasm_instruction *in) {
    if (b->l->how->metered) swapci_meter_count(&b->meter, 1);
    switch (in->code) {
    case SWAPCI_WASM_OP_BLOCK:
    case SWAPCI_WASM_OP_LOOP:
    case SWAPCI_WASM_OP_IF:
        open_block(b, in);
        break;
    case SWAPCI_WASM_OP_ELSE:
        turn_to_else(b, true);
        break;
    case SWAPCI_WASM_OP_END:
        close_block(b, true);
        break;
    case SWAPCI_WASM_OP_BR:
    case SWAPCI_WASM_OP_BR_IF:
        put_branch(b, in, in->index);
        b->dead = in->code == SWAPCI_WASM_OP_BR;
        break;
    case SWAPCI_WASM_OP_BR_TABLE:
        put_branch_table(b, in);
        b->dead = 1;
        break;
    case SWAPCI_WASM_OP_UNREACHABLE:
    case SWAPCI_WASM_OP_RETURN:
        swapci_wasm_instruction_write(&b->w, in);
        b->dead = 1;
        break;
    case SWAPCI_WASM_OP_CALL:
    case SWAPCI_WASM_OP_CALL_INDIRECT:
        put_call(b, in);
        break;
    case SWAPCI_WASM_OP_MEMORY_GROW:
        if (b->l->how->metered) swapci_meter_count(&b->meter, SWAPCI_METER_GROW);
        put_grow(b, in);
        break;
    case SWAPCI_WASM_OP_MEMORY_COPY:
    case SWAPCI_WASM_OP_MEMORY_FILL:
        if (b->l->how->metered) swapci_meter_bulk(&b->meter);
        swapci_wasm_instruction_write(&b->w, in);
        break;
    case SWAPCI_WASM_OP_LOCAL_GET:
        if (is_to_copy(b)) put_copy(b, in);
        else swapci_wasm_instruction_write(&b->w, in);
        break;
    case SWAPCI_WASM_OP_NOP:
        break;
    default:
        swapci_wasm_instruction_write(&b->w, in);
    }
}

/* Nothing is written but the end of the block whose rest is dead. */
static void lower_dead(struct body *b, const struct swapci_wasm_instruction *in) {
    switch (in->code) {
    case SWAPCI_WASM_OP_BLOCK:
    case SWAPCI_WASM_OP_LOOP:
    case SWAPCI_WASM_OP_IF:
        b->dead++;
        break;
    case SWAPCI_WASM_OP_ELSE:
        if (b->dead > 1) break;
        b->dead = 0;
        turn_to_else(b, false);
        break;
    case SWAPCI_WASM_OP_END:
        if (--b->dead == 0) close_block(b, false);
        break;
    default:
        break;
    }
}

static void lower_instruction(struct body *b) {
    struct swapci_wasm_instruction in;
    b->at = b->r.at;
    swapci_wasm_instruction_read(&b->r, b->l->m, &in);
    if (b->r.bad) return;
    if (!in.opcode) unsupported(b, swapci_wasm_unknown(in.code));
    else if (!b->dead && !has_feature(&in)) refuse_feature(b, &in);
    else {
        follow(b, &in);
        if (b->stack.status == SWAPC_NO_MEMORY) b->w.status = SWAPC_NO_MEMORY;
        else if (b->stack.status != SWAPC_OK) b->r.bad = true;
        if (!going(b)) return;
        if (b->dead) lower_dead(b, &in);
        else lower_live(b, &in);
    }
}

/* Values of the function's own block are carried too, in a block around it. */
static void open_function(struct body *b, const struct swapci_wasm_type *type,
                          struct swapci_wasm_reader body) {
    b->w = (struct swapci_wasm_writer){&b->l->code, SWAPC_OK};
    b->r = body;
    if (swapci_wasm_stack_enter(&b->stack, type, &b->r) == SWAPC_NO_MEMORY)
        b->w.status = SWAPC_NO_MEMORY;
    b->begin = b->r.at;
    memset(b->referred, 0, b->locals * sizeof *b->referred);
    swapci_buffer_clear(&b->l->code);
    b->depth = b->dead = b->added = b->scratch = 0;
    b->again = false;
    memset(b->carriers, 0, sizeof b->carriers);
    if (b->l->how->metered) swapci_meter_begin(&b->meter, b->l, &b->w);
    push_frame(b, type, false);
    if (b->carry) put_op(b, SWAPCI_WASM_OP_BLOCK, SWAPCI_WASM_BLOCK_VOID);
}

static void lower_code(struct body *b, const struct swapci_wasm_type *type,
                       struct swapci_wasm_reader body) {
    open_function(b, type, body);
    while (b->depth > 0 && going(b)) lower_instruction(b);
    if (b->carry) swapci_wasm_put_byte(&b->w, SWAPCI_WASM_OP_END);
    if (b->depth == 0 && b->r.at != b->r.end) b->r.bad = true;
    if (b->l->how->metered && going(b)) swapci_meter_end(&b->meter);
}

static void put_locals(struct body *b, const struct swapci_wasm_locals *locals) {
    struct swapci_wasm_writer *w = &b->l->w;
    struct swapci_wasm_reader each = locals->each;
    swapci_wasm_put_u32(w, locals->runs + b->added);
    for (uint32_t i = 0; i < locals->runs; i++) {
        b->at = each.at;
        swapci_wasm_put_u32(w, swapci_wasm_u32(&each));
        uint8_t type = swapci_wasm_byte(&each);
        if (type < SWAPCI_WASM_F64 || type > SWAPCI_WASM_I32)
            unsupported(b, type == SWAPCI_WASM_V128 ? "a v128 local (SIMD)"
                                                    : "a local that is a reference");
        swapci_wasm_put_byte(w, type);
    }
    for (uint32_t i = 0; i < b->added; i++) {
        swapci_wasm_put_u32(w, 1);
        swapci_wasm_put_byte(w, b->added_types[i]);
    }
}

static void write_body(struct body *b, const struct swapci_wasm_locals *locals) {
    struct swapci_lower *l = b->l;
    if (b->w.status != SWAPC_OK) l->w.status = b->w.status;
    if (b->r.bad) swapci_lower_damaged(l, b->function, b->at);
    if (l->status != SWAPC_OK || l->w.status != SWAPC_OK) return;
    size_t size = swapci_wasm_put_later(&l->w);
    put_locals(b, locals);
    swapci_wasm_put(&l->w, l->code.ptr, l->code.len);
    swapci_wasm_end_section(&l->w, size);
}

static struct body *body_of(struct swapci_lower *l) {
    if (l->body) return l->body;
    struct body *b = l->body = swapci_heap_alloc(sizeof *b);
    if (!b) {
        l->w.status = SWAPC_NO_MEMORY;
        return NULL;
    }
    b->l = l;
    b->copies = (swapci_buffer)SWAPCI_BUFFER_INIT;
    swapci_wasm_stack_init(&b->stack, l->m);
    return b;
}

void swapci_lower_body_fini(struct swapci_lower *l) {
    struct body *b = l->body;
    if (!b) return;
    swapci_wasm_stack_fini(&b->stack);
    swapci_buffer_fini(&b->copies);
    swapci_heap_free(b);
}

/* Once as it is; again when its blocks' values have to be carried; again when copies are needed. */
void swapci_lower_body(struct swapci_lower *l, uint32_t function, struct swapci_wasm_reader body) {
    const struct swapci_wasm_type *type = swapci_wasm_function_type(l->m, function);
    struct swapci_wasm_locals locals;
    struct swapci_wasm_reader code = body;
    struct body *b = body_of(l);
    if (!b) return;
    swapci_wasm_read_locals(&code, &locals);
    if (!type || code.bad) {
        swapci_lower_damaged(l, function, body.at);
        return;
    }
    b->function = function, b->at = body.at;
    b->carry = b->copying = false;
    b->locals = type->param_count + (uint32_t)locals.count;
    lower_code(b, type, body);
    if (b->again) {
        b->carry = true;
        lower_code(b, type, body);
    }
    if (b->copying) lower_code(b, type, body);
    write_body(b, &locals);
}
