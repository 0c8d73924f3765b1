#include "wasm_meter_body.h"

#include "wasm_meter.h"

#define NESTING_MAX 2000
#define PRICE_MAX (1u << 20) /* keeps the budget, counted down, far from wrapping */
#define BULK_SHIFT 4         /* memory.copy and memory.fill move 16 bytes an instruction's time */

enum {
    OP_BLOCK = 0x02,
    OP_LOOP = 0x03,
    OP_IF = 0x04,
    OP_END = 0x0b,
    OP_BR_TABLE = 0x0e,
    OP_CALL = 0x10,
    OP_CALL_INDIRECT = 0x11,
    OP_GLOBAL_GET = 0x23,
    OP_GLOBAL_SET = 0x24,
    OP_I32_CONST = 0x41,
    OP_LESS = 0x48,
    OP_SUB = 0x6b,
    OP_SHIFT = 0x76,
    OP_EXTENDED = 0xfc,
    EXTENDED_COPY = 10,
    EXTENDED_FILL = 11,
    TYPE_NONE = 0x40
};

/* Instructions that run at most once for each time its price is paid: a function outside its loops,
 * or a turn of a loop outside the loops in it. */
struct scope {
    size_t price_at;
    uint64_t price;
    uint32_t depth;
};

struct walk {
    struct swapci_meter *m;
    struct swapci_wasm_reader *r;
    uint32_t depth;  /* of open blocks; the function's own is 1 */
    uint32_t inmost; /* index into scopes */
    bool calls;
    struct scope scopes[NESTING_MAX + 1];
};

static void put_global(struct swapci_meter *m, uint8_t opcode, uint32_t index) {
    swapci_meter_put_byte(m, opcode);
    swapci_meter_put_number(m, index);
}

/* What is to be paid lies on the stack, above the budget: pays, and asks when nothing is left. */
static void put_payment(struct swapci_meter *m) {
    static const uint8_t spent[] = {OP_I32_CONST, 0, OP_LESS, OP_IF, TYPE_NONE, OP_CALL};
    swapci_meter_put_byte(m, OP_SUB);
    put_global(m, OP_GLOBAL_SET, m->globals);
    put_global(m, OP_GLOBAL_GET, m->globals);
    swapci_meter_put(m, spent, sizeof spent);
    swapci_meter_put_number(m, m->imported);
    put_global(m, OP_GLOBAL_SET, m->globals);
    swapci_meter_put_byte(m, OP_END);
}

static void open_scope(struct walk *w) {
    struct swapci_meter *m = w->m;
    put_global(m, OP_GLOBAL_GET, m->globals);
    swapci_meter_put_byte(m, OP_I32_CONST);
    w->scopes[w->inmost] = (struct scope){swapci_meter_put_later(m), 1, w->depth};
    put_payment(m);
}

static void close_scope(struct walk *w) {
    const struct scope *s = &w->scopes[w->inmost];
    swapci_meter_set(w->m, s->price_at, s->price < PRICE_MAX ? (uint32_t)s->price : PRICE_MAX);
    if (w->inmost > 0) w->inmost--;
}

static void open_block(struct walk *w, uint8_t opcode, const uint8_t *from) {
    swapci_wasm_leb(w->r); /* its type */
    swapci_meter_put_since(w->m, w->r, from);
    if (w->depth++ > NESTING_MAX) {
        swapci_meter_unsupported(w->m, "blocks nested deeper than 2000");
        w->r->bad = true;
    } else if (opcode == OP_LOOP) {
        w->inmost++;
        open_scope(w);
    }
}

static void close_block(struct walk *w) {
    if (w->scopes[w->inmost].depth == w->depth) close_scope(w);
    w->depth--;
    swapci_meter_put_byte(w->m, OP_END);
}

static void meter_call(struct walk *w, uint8_t opcode, const uint8_t *from) {
    w->calls = true;
    w->scopes[w->inmost].price += SWAPCI_METER_CALL;
    if (opcode == OP_CALL) {
        swapci_meter_put_byte(w->m, opcode);
        swapci_meter_put_function(w->m, w->r);
        return;
    }
    swapci_wasm_leb(w->r);
    swapci_wasm_leb(w->r);
    swapci_meter_put_since(w->m, w->r, from);
}

/* Their length is on top of the stack. */
static void meter_bulk(struct walk *w, const uint8_t *from) {
    static const uint8_t scaled[] = {OP_I32_CONST, BULK_SHIFT, OP_SHIFT};
    struct swapci_meter *m = w->m;
    put_global(m, OP_GLOBAL_SET, m->globals + 1);
    put_global(m, OP_GLOBAL_GET, m->globals);
    put_global(m, OP_GLOBAL_GET, m->globals + 1);
    swapci_meter_put(m, scaled, sizeof scaled);
    put_payment(m);
    put_global(m, OP_GLOBAL_GET, m->globals + 1);
    swapci_meter_put_since(m, w->r, from);
}

static void meter_extended(struct walk *w, const uint8_t *from) {
    uint64_t opcode = swapci_wasm_leb(w->r);
    if (opcode == EXTENDED_COPY || opcode == EXTENDED_FILL) {
        swapci_wasm_skip(w->r, opcode == EXTENDED_COPY ? 2 : 1);
        meter_bulk(w, from);
    } else if (opcode < 8) {
        swapci_meter_put_since(w->m, w->r, from);
    } else {
        swapci_meter_unsupported(w->m, "bulk instructions later than memory.copy");
        w->r->bad = true;
    }
}

/* How many numbers follow an instruction, or bytes for the floating constants; -1: not in the MVP. */
static int operands_of(uint8_t opcode) {
    static const struct {
        uint8_t first, last;
        int8_t operands;
    } table[] = {
        {0x00, 0x01, 0}, {0x05, 0x05, 0}, {0x0c, 0x0d, 1}, {0x0f, 0x0f, 0},
        {0x1a, 0x1b, 0}, {0x20, 0x24, 1}, {0x28, 0x3e, 2}, {0x3f, 0x42, 1},
        {0x43, 0x43, 4}, {0x44, 0x44, 8}, {0x45, 0xc4, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (opcode >= table[i].first && opcode <= table[i].last) return table[i].operands;
    return -1;
}

static void copy_plain(struct walk *w, uint8_t opcode, const uint8_t *from) {
    int operands = operands_of(opcode);
    if (operands < 0) {
        swapci_meter_unsupported(w->m, "instructions later than the MVP");
        w->r->bad = true;
        return;
    }
    if (operands >= 4) swapci_wasm_skip(w->r, (uint64_t)operands);
    else
        for (; operands > 0; operands--) swapci_wasm_leb(w->r);
    swapci_meter_put_since(w->m, w->r, from);
}

static void copy_table(struct walk *w, const uint8_t *from) {
    for (uint64_t n = swapci_wasm_leb(w->r); n > 0 && !w->r->bad; n--) swapci_wasm_leb(w->r);
    swapci_wasm_leb(w->r);
    swapci_meter_put_since(w->m, w->r, from);
}

static void meter_instruction(struct walk *w) {
    const uint8_t *from = w->r->at;
    uint8_t opcode = swapci_wasm_byte(w->r);
    w->scopes[w->inmost].price++;
    switch (opcode) {
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF:
        open_block(w, opcode, from);
        break;
    case OP_END:
        close_block(w);
        break;
    case OP_BR_TABLE:
        copy_table(w, from);
        break;
    case OP_CALL:
    case OP_CALL_INDIRECT:
        meter_call(w, opcode, from);
        break;
    case OP_EXTENDED:
        meter_extended(w, from);
        break;
    default:
        copy_plain(w, opcode, from);
    }
}

static void copy_locals(struct walk *w) {
    const uint8_t *from = w->r->at;
    for (uint64_t n = swapci_wasm_leb(w->r); n > 0 && !w->r->bad; n--) {
        swapci_wasm_leb(w->r);
        swapci_wasm_byte(w->r);
    }
    swapci_meter_put_since(w->m, w->r, from);
}

static void take_out(struct swapci_meter *m, size_t from, size_t to) {
    if (m->status != SWAPC_OK) return;
    memmove(m->out->ptr + from, m->out->ptr + to, m->out->len - to);
    m->out->len -= to - from;
}

void swapci_meter_body(struct swapci_meter *m, struct swapci_wasm_reader *r) {
    struct walk w;
    w.m = m, w.r = r, w.depth = 1, w.inmost = 0, w.calls = false;
    copy_locals(&w);
    size_t entry = m->out->len;
    open_scope(&w);
    size_t first = m->out->len;
    while (w.depth > 0 && !r->bad && m->status == SWAPC_OK) meter_instruction(&w);
    r->bad = r->bad || r->at != r->end;
    if (!w.calls && w.scopes[0].price <= SWAPCI_METER_FREE) take_out(m, entry, first);
}
