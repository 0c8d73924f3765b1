#include "wasm3_body.h"

#define CONSTANT_SLOTS 122 /* that wasm3 reserves at most for a function's constants */

struct scan {
    struct swapci_wasm_stack *stack;
    uint32_t kept; /* values that wasm3 keeps besides: locals, records of the open blocks */
    uint32_t loops;
    bool full; /* a ceiling was passed */
    /* For each value on the operand stack, the end of the slots that it and those below it
     * reach. */
    uint32_t reach[SWAPCI_WASM3_VALUES];
};

static uint32_t reach_of(const struct scan *s, uint32_t height) {
    return height > 0 ? s->reach[height - 1] : CONSTANT_SLOTS + 2 * s->kept;
}

static void keep(struct scan *s, uint64_t more) {
    uint64_t kept = s->kept + more;
    s->full = s->full || kept + s->stack->height > SWAPCI_WASM3_VALUES;
    s->kept = s->full ? 0 : (uint32_t)kept;
}

/* wasm3 keeps a record of each result of an open block, and two of each parameter. */
static void keep_block(struct scan *s, const struct swapci_wasm_instruction *in,
                       const struct swapci_wasm_frame *closed) {
    if (in->code == SWAPCI_WASM_OP_END)
        s->kept -= closed->type.result_count + 2u * closed->type.param_count;
    if (in->opcode->immediate == SWAPCI_WASM_IMMEDIATE_BLOCK)
        keep(s, in->block.result_count + 2u * in->block.param_count);
    s->loops += in->code == SWAPCI_WASM_OP_LOOP;
}

/* The values that the last step gave. A plain result gets the lowest slots that are free, so no
 * more are in use than values live; a call's results lie behind everything, where `behind` says. */
static void place(struct scan *s, bool call, uint32_t behind) {
    for (uint32_t i = s->stack->low; i < s->stack->height && !s->full; i++) {
        uint32_t below = reach_of(s, i);
        uint32_t reach =
            call ? behind + 2 * (i - s->stack->low + 1) : CONSTANT_SLOTS + 2 * (s->kept + i + 1);
        s->full = s->kept + i >= SWAPCI_WASM3_VALUES || reach > SWAPCI_WASM3_SLOTS;
        if (!s->full) s->reach[i] = reach > below ? reach : below;
    }
}

static void scan_instruction(struct scan *s, struct swapci_wasm_reader *r) {
    struct swapci_wasm_instruction in;
    swapci_wasm_instruction_read(r, s->stack->m, &in);
    if (r->bad || !in.opcode) {
        r->bad = true;
        return;
    }
    struct swapci_wasm_frame frame = s->stack->frames[s->stack->depth - 1];
    uint32_t behind = reach_of(s, s->stack->height);
    if (swapci_wasm_stack_step(s->stack, &in) != SWAPC_OK) return;
    if (s->stack->depth > 0) keep_block(s, &in, &frame);
    /* These two leave what is on the stack where it is. */
    if (in.code == SWAPCI_WASM_OP_BR_IF || in.code == SWAPCI_WASM_OP_LOCAL_TEE) return;
    place(s, in.code == SWAPCI_WASM_OP_CALL || in.code == SWAPCI_WASM_OP_CALL_INDIRECT, behind);
}

enum swapc_status swapci_wasm3_body_scan(struct swapci_wasm_reader body,
                                         const struct swapci_wasm_type *type,
                                         struct swapci_wasm_stack *stack, uint32_t *loops) {
    struct scan s;
    s.stack = stack, s.kept = s.loops = 0, s.full = false;
    enum swapc_status status = swapci_wasm_stack_enter(stack, type, &body);
    keep(&s, (uint64_t)stack->local_count + type->result_count);
    while (status == SWAPC_OK && stack->depth > 0 && !body.bad && !s.full) {
        scan_instruction(&s, &body);
        status = stack->status;
    }
    *loops = s.loops;
    if (status != SWAPC_OK) return status;
    if (s.full) return SWAPC_UNSUPPORTED;
    return body.bad || body.at != body.end ? SWAPC_MODULE_MALFORMED : SWAPC_OK;
}
