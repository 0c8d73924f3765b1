#include "stack.h"

#include "heap.h"

enum { ANY = 0, ROOM_LEAST = 64 };

void swapci_wasm_stack_init(struct swapci_wasm_stack *s, const struct swapci_wasm_module *m) {
    *s = (struct swapci_wasm_stack){.m = m};
}

void swapci_wasm_stack_fini(struct swapci_wasm_stack *s) {
    swapci_heap_free(s->values);
    swapci_heap_free(s->frames);
    swapci_heap_free(s->locals);
    swapci_wasm_stack_init(s, NULL);
}

static void fail(struct swapci_wasm_stack *s, enum swapc_status status) {
    if (s->status == SWAPC_OK) s->status = status;
}

/* Room for one more than used; at stays what it was after failure. */
static void *room(struct swapci_wasm_stack *s, void *at, uint32_t used, uint32_t *rooms,
                  uint32_t most, size_t size) {
    if (used < *rooms) return at;
    if (used >= most) {
        fail(s, SWAPC_UNSUPPORTED);
        return at;
    }
    uint32_t more = *rooms < ROOM_LEAST ? ROOM_LEAST : 2 * *rooms;
    void *grown = swapci_heap_resize(at, more * size);
    if (!grown) {
        fail(s, SWAPC_NO_MEMORY);
        return at;
    }
    *rooms = more;
    return grown;
}

static void push(struct swapci_wasm_stack *s, uint8_t type) {
    s->values = room(s, s->values, s->height, &s->values_room, SWAPCI_WASM_STACK_VALUES, 1);
    if (s->status == SWAPC_OK) s->values[s->height++] = type;
}

static uint8_t pop(struct swapci_wasm_stack *s, uint8_t expected) {
    const struct swapci_wasm_frame *frame = &s->frames[s->depth - 1];
    uint8_t type = ANY;
    if (s->height > frame->height) type = s->values[--s->height];
    else if (!frame->dead) fail(s, SWAPC_MODULE_MALFORMED);
    if (s->height < s->low) s->low = s->height;
    if (type != ANY && expected != ANY && type != expected) fail(s, SWAPC_MODULE_MALFORMED);
    return type != ANY ? type : expected;
}

static void push_all(struct swapci_wasm_stack *s, const uint8_t *types, uint32_t count) {
    for (uint32_t i = 0; i < count && s->status == SWAPC_OK; i++) push(s, types[i]);
}

static void pop_all(struct swapci_wasm_stack *s, const uint8_t *types, uint32_t count) {
    for (uint32_t i = count; i > 0 && s->status == SWAPC_OK; i--) pop(s, types[i - 1]);
}

static void push_frame(struct swapci_wasm_stack *s, uint8_t opcode,
                       const struct swapci_wasm_type *type) {
    s->frames =
        room(s, s->frames, s->depth, &s->frames_room, SWAPCI_WASM_STACK_FRAMES, sizeof *s->frames);
    if (s->status != SWAPC_OK) return;
    s->frames[s->depth++] = (struct swapci_wasm_frame){*type, s->height, opcode, false};
}

static void die(struct swapci_wasm_stack *s) {
    struct swapci_wasm_frame *frame = &s->frames[s->depth - 1];
    s->height = frame->height;
    if (s->height < s->low) s->low = s->height;
    frame->dead = true;
}

/* A run of one type, as far at a time as there is room: some bytes of a module say 50 000. */
static void add_locals(struct swapci_wasm_stack *s, uint8_t type, uint32_t count) {
    while (count > 0) {
        s->locals = room(s, s->locals, s->local_count, &s->locals_room, UINT32_MAX / 4, 1);
        if (s->status != SWAPC_OK) return;
        uint32_t left = s->locals_room - s->local_count, some = count < left ? count : left;
        memset(s->locals + s->local_count, type, some);
        s->local_count += some;
        count -= some;
    }
}

enum swapc_status swapci_wasm_stack_enter(struct swapci_wasm_stack *s,
                                          const struct swapci_wasm_type *type,
                                          struct swapci_wasm_reader *body) {
    struct swapci_wasm_locals locals;
    s->height = s->depth = s->local_count = s->low = 0;
    s->status = SWAPC_OK;
    push_frame(s, SWAPCI_WASM_OP_BLOCK, type);
    for (uint32_t i = 0; i < type->param_count; i++) add_locals(s, type->params[i], 1);
    swapci_wasm_read_locals(body, &locals);
    if (body->bad) fail(s, SWAPC_MODULE_MALFORMED);
    for (uint32_t i = 0; i < locals.runs && s->status == SWAPC_OK; i++) {
        uint32_t count = swapci_wasm_u32(&locals.each);
        uint8_t local = swapci_wasm_byte(&locals.each);
        add_locals(s, local, count);
    }
    return s->status;
}

const uint8_t *swapci_wasm_stack_label(const struct swapci_wasm_stack *s, uint32_t label,
                                       uint32_t *count) {
    *count = 0;
    if (label >= s->depth) return NULL;
    const struct swapci_wasm_frame *frame = &s->frames[s->depth - 1 - label];
    bool loop = frame->opcode == SWAPCI_WASM_OP_LOOP;
    *count = loop ? frame->type.param_count : frame->type.result_count;
    return loop ? frame->type.params : frame->type.results;
}

/* Values up to the frame's end are its results and nothing else. */
static void finish_block(struct swapci_wasm_stack *s) {
    const struct swapci_wasm_frame *frame = &s->frames[s->depth - 1];
    pop_all(s, frame->type.results, frame->type.result_count);
    if (s->height != frame->height) fail(s, SWAPC_MODULE_MALFORMED);
}

static void open_block(struct swapci_wasm_stack *s, const struct swapci_wasm_instruction *in) {
    if (in->code == SWAPCI_WASM_OP_IF) pop(s, SWAPCI_WASM_I32);
    pop_all(s, in->block.params, in->block.param_count);
    push_frame(s, (uint8_t)in->code, &in->block);
    push_all(s, in->block.params, in->block.param_count);
}

static void turn_to_else(struct swapci_wasm_stack *s) {
    struct swapci_wasm_frame *frame = &s->frames[s->depth - 1];
    if (frame->opcode != SWAPCI_WASM_OP_IF) fail(s, SWAPC_MODULE_MALFORMED);
    finish_block(s);
    frame->opcode = SWAPCI_WASM_OP_ELSE;
    frame->dead = false;
    push_all(s, frame->type.params, frame->type.param_count);
}

static void close_block(struct swapci_wasm_stack *s) {
    struct swapci_wasm_frame frame = s->frames[s->depth - 1];
    finish_block(s);
    if (frame.opcode == SWAPCI_WASM_OP_IF && frame.type.param_count != frame.type.result_count)
        fail(s, SWAPC_MODULE_MALFORMED);
    s->depth--;
    push_all(s, frame.type.results, frame.type.result_count);
}

static void branch(struct swapci_wasm_stack *s, uint32_t label, bool back) {
    uint32_t count;
    const uint8_t *types = swapci_wasm_stack_label(s, label, &count);
    if (!types && label >= s->depth) fail(s, SWAPC_MODULE_MALFORMED);
    pop_all(s, types, count);
    if (back) push_all(s, types, count);
    else die(s);
}

static void branch_table(struct swapci_wasm_stack *s, const struct swapci_wasm_instruction *in) {
    struct swapci_wasm_reader labels = in->labels;
    uint32_t first = 0, count, last = 0;
    pop(s, SWAPCI_WASM_I32);
    for (uint32_t i = 0; i < in->label_count && s->status == SWAPC_OK; i++) {
        last = swapci_wasm_u32(&labels);
        swapci_wasm_stack_label(s, last, &count);
        if (i == 0) first = count;
        if (last >= s->depth || count != first) fail(s, SWAPC_MODULE_MALFORMED);
    }
    if (s->status == SWAPC_OK) branch(s, last, false);
}

static void call(struct swapci_wasm_stack *s, const struct swapci_wasm_instruction *in) {
    bool indirect =
        in->code == SWAPCI_WASM_OP_CALL_INDIRECT || in->code == SWAPCI_WASM_OP_RETURN_CALL_INDIRECT;
    const struct swapci_wasm_type *type = indirect ? swapci_wasm_type_at(s->m, in->index)
                                                   : swapci_wasm_function_type(s->m, in->index);
    if (!type) {
        fail(s, SWAPC_MODULE_MALFORMED);
        return;
    }
    if (indirect) pop(s, SWAPCI_WASM_I32);
    pop_all(s, type->params, type->param_count);
    if (in->code == SWAPCI_WASM_OP_CALL || in->code == SWAPCI_WASM_OP_CALL_INDIRECT)
        push_all(s, type->results, type->result_count);
    else die(s);
}

static uint8_t local_type(struct swapci_wasm_stack *s, uint32_t index) {
    if (index < s->local_count) return s->locals[index];
    fail(s, SWAPC_MODULE_MALFORMED);
    return ANY;
}

static uint8_t global_type(struct swapci_wasm_stack *s, uint32_t index) {
    if (index < s->m->global_count) return s->m->globals[index].type;
    fail(s, SWAPC_MODULE_MALFORMED);
    return ANY;
}

static uint8_t table_type(struct swapci_wasm_stack *s, uint32_t index) {
    if (index < s->m->table_count) return s->m->tables[index].type;
    fail(s, SWAPC_MODULE_MALFORMED);
    return ANY;
}

static void select_one(struct swapci_wasm_stack *s, uint8_t type) {
    pop(s, SWAPCI_WASM_I32);
    type = pop(s, type);
    push(s, pop(s, type));
}

static uint8_t type_of_letter(char letter) {
    switch (letter) {
    case 'i':
        return SWAPCI_WASM_I32;
    case 'I':
        return SWAPCI_WASM_I64;
    case 'f':
        return SWAPCI_WASM_F32;
    case 'F':
        return SWAPCI_WASM_F64;
    case 'v':
        return SWAPCI_WASM_V128;
    default:
        return ANY;
    }
}

static void plain(struct swapci_wasm_stack *s, const char *type) {
    const char *colon = type;
    while (*colon && *colon != ':') colon++;
    for (const char *at = colon; at > type; at--) pop(s, type_of_letter(at[-1]));
    while (*colon && *++colon) push(s, type_of_letter(*colon));
}

static void special(struct swapci_wasm_stack *s, const struct swapci_wasm_instruction *in) {
    switch (in->code) {
    case SWAPCI_WASM_OP_UNREACHABLE:
        die(s);
        break;
    case SWAPCI_WASM_OP_BLOCK:
    case SWAPCI_WASM_OP_LOOP:
    case SWAPCI_WASM_OP_IF:
        open_block(s, in);
        break;
    case SWAPCI_WASM_OP_ELSE:
        turn_to_else(s);
        break;
    case SWAPCI_WASM_OP_END:
        close_block(s);
        break;
    case SWAPCI_WASM_OP_BR_IF:
        pop(s, SWAPCI_WASM_I32);
        branch(s, in->index, true);
        break;
    case SWAPCI_WASM_OP_BR:
        branch(s, in->index, false);
        break;
    case SWAPCI_WASM_OP_BR_TABLE:
        branch_table(s, in);
        break;
    case SWAPCI_WASM_OP_RETURN:
        branch(s, s->depth - 1, false);
        break;
    case SWAPCI_WASM_OP_CALL:
    case SWAPCI_WASM_OP_CALL_INDIRECT:
    case SWAPCI_WASM_OP_RETURN_CALL:
    case SWAPCI_WASM_OP_RETURN_CALL_INDIRECT:
        call(s, in);
        break;
    case SWAPCI_WASM_OP_DROP:
        pop(s, ANY);
        break;
    case SWAPCI_WASM_OP_SELECT:
        select_one(s, ANY);
        break;
    case SWAPCI_WASM_OP_SELECT_TYPED:
        select_one(s, in->labels.at < in->labels.end ? *in->labels.at : ANY);
        break;
    case SWAPCI_WASM_OP_LOCAL_GET:
        push(s, local_type(s, in->index));
        break;
    case SWAPCI_WASM_OP_LOCAL_SET:
        pop(s, local_type(s, in->index));
        break;
    case SWAPCI_WASM_OP_LOCAL_TEE:
        push(s, pop(s, local_type(s, in->index)));
        break;
    case SWAPCI_WASM_OP_GLOBAL_GET:
        push(s, global_type(s, in->index));
        break;
    case SWAPCI_WASM_OP_GLOBAL_SET:
        pop(s, global_type(s, in->index));
        break;
    case SWAPCI_WASM_OP_TABLE_GET:
        pop(s, SWAPCI_WASM_I32);
        push(s, table_type(s, in->index));
        break;
    case SWAPCI_WASM_OP_TABLE_SET:
        pop(s, table_type(s, in->index));
        pop(s, SWAPCI_WASM_I32);
        break;
    case SWAPCI_WASM_OP_REF_NULL:
        push(s, (uint8_t)in->index);
        break;
    case SWAPCI_WASM_OP_REF_IS_NULL:
        pop(s, ANY);
        push(s, SWAPCI_WASM_I32);
        break;
    case SWAPCI_WASM_OP_REF_FUNC:
        push(s, SWAPCI_WASM_FUNCREF);
        break;
    default:
        fail(s, SWAPC_MODULE_MALFORMED);
    }
}

enum swapc_status swapci_wasm_stack_step(struct swapci_wasm_stack *s,
                                         const struct swapci_wasm_instruction *in) {
    if (s->depth == 0) fail(s, SWAPC_MODULE_MALFORMED);
    if (s->status != SWAPC_OK) return s->status;
    s->low = s->height;
    if (in->opcode->type) plain(s, in->opcode->type);
    else special(s, in);
    return s->status;
}
