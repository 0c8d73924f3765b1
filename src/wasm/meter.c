#include "lower_impl.h"

#include <string.h>

#define PRICE_MAX (1u << 20) /* keeps the budget, counted down, far from wrapping */
#define RETURN_MAX 8192      /* so that a large function with many calls is not asked at each */
#define BULK_SHIFT 4         /* memory.copy and memory.fill move 16 bytes an instruction's time */

static void put_op(struct swapci_meter *meter, uint8_t opcode, uint32_t index) {
    swapci_wasm_put_byte(meter->w, opcode);
    swapci_wasm_put_u32(meter->w, index);
}

/* What is to be paid lies on the stack, above the budget: pays, and asks when nothing is left. */
static void put_payment(struct swapci_meter *meter) {
    swapci_wasm_put_byte(meter->w, SWAPCI_WASM_OP_I32_SUB);
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_SET, meter->budget);
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_GET, meter->budget);
    put_op(meter, SWAPCI_WASM_OP_I32_CONST, 0);
    swapci_wasm_put_byte(meter->w, SWAPCI_WASM_OP_I32_LT_S);
    put_op(meter, SWAPCI_WASM_OP_IF, SWAPCI_WASM_BLOCK_VOID);
    put_op(meter, SWAPCI_WASM_OP_CALL, meter->tick);
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_SET, meter->budget);
    swapci_wasm_put_byte(meter->w, SWAPCI_WASM_OP_END);
}

static void open_scope(struct swapci_meter *meter, uint32_t depth) {
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_GET, meter->budget);
    swapci_wasm_put_byte(meter->w, SWAPCI_WASM_OP_I32_CONST);
    meter->scopes[meter->inmost] =
        (struct swapci_meter_scope){swapci_wasm_put_later(meter->w), 1, depth};
    put_payment(meter);
}

void swapci_meter_begin(struct swapci_meter *meter, struct swapci_lower *l,
                        struct swapci_wasm_writer *w) {
    meter->w = w;
    meter->tick = swapci_lower_tick(l);
    meter->budget = swapci_lower_budget(l);
    meter->calls = false;
    meter->inmost = 0;
    meter->entry = w->out->len;
    open_scope(meter, 1);
    meter->first = w->out->len;
}

void swapci_meter_open(struct swapci_meter *meter, uint32_t depth) {
    meter->inmost++;
    open_scope(meter, depth);
}

void swapci_meter_count(struct swapci_meter *meter, uint32_t price) {
    meter->scopes[meter->inmost].price += price;
}

void swapci_meter_close(struct swapci_meter *meter, uint32_t depth) {
    const struct swapci_meter_scope *scope = &meter->scopes[meter->inmost];
    if (scope->depth != depth) return;
    swapci_wasm_set_later(meter->w, scope->price_at,
                          scope->price < PRICE_MAX ? (uint32_t)scope->price : PRICE_MAX);
    if (meter->inmost > 0) meter->inmost--;
}

void swapci_meter_bulk(struct swapci_meter *meter) {
    uint32_t scratch = meter->budget + 1;
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_SET, scratch);
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_GET, meter->budget);
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_GET, scratch);
    put_op(meter, SWAPCI_WASM_OP_I32_CONST, BULK_SHIFT);
    swapci_wasm_put_byte(meter->w, SWAPCI_WASM_OP_I32_SHR_U);
    put_payment(meter);
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_GET, scratch);
}

/* What was paid at the entry was paid when the call began: while calls return, nothing would be
 * asked. */
void swapci_meter_return(struct swapci_meter *meter, size_t left) {
    if (left <= SWAPCI_METER_RETURN_FREE) return;
    put_op(meter, SWAPCI_WASM_OP_GLOBAL_GET, meter->budget);
    swapci_wasm_put_byte(meter->w, SWAPCI_WASM_OP_I32_CONST);
    swapci_wasm_put_signed(meter->w, left < RETURN_MAX ? (int64_t)left : RETURN_MAX);
    put_payment(meter);
}

void swapci_meter_end(struct swapci_meter *meter) {
    swapci_buffer *out = meter->w->out;
    if (meter->calls || meter->scopes[0].price > SWAPCI_METER_FREE || meter->w->status != SWAPC_OK)
        return;
    memmove(out->ptr + meter->entry, out->ptr + meter->first, out->len - meter->first);
    out->len -= meter->first - meter->entry;
}
