#include "wasm3_body.h"

/* Blocks nested deeper than this would nest wasm3's compiler too deep on the C stack. */
#define NESTING_MAX 2000
/* wasm3's tables hold 2000 values and 4000 slots of a function; a value takes at most 2 slots. The
 * ceilings leave room for the results of one call, which wasm3 places before it looks. */
#define VALUES_MAX 1800
#define SLOTS_MAX 3900
#define CONSTANT_SLOTS 122 /* that wasm3 reserves at most for a function's constants */

enum immediate { NONE, ONE_NUMBER, TWO_NUMBERS, FOUR_BYTES, EIGHT_BYTES };

/* A run of instructions that take and give equally many values. */
struct plain {
    uint8_t first, last;
    uint8_t pops, pushes;
    uint8_t immediate;
};

static const struct plain plain_table[] = {
    {0x01, 0x01, 0, 0, NONE},        /* nop */
    {0x0d, 0x0d, 1, 0, ONE_NUMBER},  /* br_if */
    {0x1a, 0x1a, 1, 0, NONE},        /* drop */
    {0x1b, 0x1b, 3, 1, NONE},        /* select */
    {0x20, 0x20, 0, 1, ONE_NUMBER},  /* local.get */
    {0x21, 0x21, 1, 0, ONE_NUMBER},  /* local.set */
    {0x22, 0x22, 1, 1, ONE_NUMBER},  /* local.tee */
    {0x23, 0x23, 0, 1, ONE_NUMBER},  /* global.get */
    {0x24, 0x24, 1, 0, ONE_NUMBER},  /* global.set */
    {0x28, 0x35, 1, 1, TWO_NUMBERS}, /* loads */
    {0x36, 0x3e, 2, 0, TWO_NUMBERS}, /* stores */
    {0x3f, 0x3f, 0, 1, ONE_NUMBER},  /* memory.size */
    {0x40, 0x40, 1, 1, ONE_NUMBER},  /* memory.grow */
    {0x41, 0x42, 0, 1, ONE_NUMBER},  /* i32.const, i64.const */
    {0x43, 0x43, 0, 1, FOUR_BYTES},  /* f32.const */
    {0x44, 0x44, 0, 1, EIGHT_BYTES}, /* f64.const */
    {0x45, 0x45, 1, 1, NONE},        /* i32.eqz */
    {0x46, 0x4f, 2, 1, NONE},        /* i32 comparisons */
    {0x50, 0x50, 1, 1, NONE},        /* i64.eqz */
    {0x51, 0x66, 2, 1, NONE},        /* i64, f32, f64 comparisons */
    {0x67, 0x69, 1, 1, NONE},        /* i32 clz, ctz, popcnt */
    {0x6a, 0x78, 2, 1, NONE},        /* i32 arithmetic */
    {0x79, 0x7b, 1, 1, NONE},        /* i64 clz, ctz, popcnt */
    {0x7c, 0x8a, 2, 1, NONE},        /* i64 arithmetic */
    {0x8b, 0x91, 1, 1, NONE},        /* f32 unary */
    {0x92, 0x98, 2, 1, NONE},        /* f32 arithmetic */
    {0x99, 0x9f, 1, 1, NONE},        /* f64 unary */
    {0xa0, 0xa6, 2, 1, NONE},        /* f64 arithmetic */
    {0xa7, 0xc4, 1, 1, NONE},        /* conversions, sign extension */
};

struct block {
    uint32_t height; /* of the operand stack outside the block, its parameters taken off */
    struct swapci_wasm3_type type;
};

struct scan {
    struct swapci_wasm_reader r;
    const struct swapci_wasm3_types *types;
    swapc_error *error;
    uint32_t index;
    uint32_t loops;
    uint32_t height; /* values on the operand stack */
    uint32_t kept;   /* values that wasm3 keeps besides: locals, records of the open blocks */
    uint32_t depth;
    bool full;                            /* a ceiling was passed: nothing else counts any more */
    struct block blocks[NESTING_MAX + 1]; /* blocks[0] is the function */
    /* For each value on the operand stack, the end of the slots that it and those below it reach. */
    uint32_t reach[VALUES_MAX];
};

static enum swapc_status unsupported(struct scan *s, unsigned opcode, const char *feature) {
    return swapc_error_set(
        s->error, SWAPC_UNSUPPORTED,
        "function %u uses instruction %#x (%s), which wasm3 does not have; build "
        "an mvp flavour of the module",
        s->index, opcode, feature);
}

static enum swapc_status ends_early(struct scan *s) {
    return swapc_error_set(s->error, SWAPC_MODULE_MALFORMED,
                           "the body of function %u is damaged; build the module again", s->index);
}

static uint32_t reach_of_stack(const struct scan *s) {
    return s->height > 0 ? s->reach[s->height - 1] : CONSTANT_SLOTS + 2 * s->kept;
}

/* A value in slots that end at reach. */
static void push(struct scan *s, uint32_t reach) {
    if (s->kept + s->height >= VALUES_MAX || reach > SLOTS_MAX) {
        s->full = true;
        return;
    }
    uint32_t below = reach_of_stack(s);
    s->reach[s->height++] = reach > below ? reach : below;
}

/* wasm3 gives a plain result the lowest slots that are free: no more are in use than values live. */
static void push_plain(struct scan *s, uint32_t count) {
    for (; count > 0 && !s->full; count--) push(s, CONSTANT_SLOTS + 2 * (s->kept + s->height + 1));
}

/* Code behind an unconditional branch may take more than is there: then the block's own floor
 * holds, as in the validator. */
static void pop(struct scan *s, uint32_t count) {
    uint32_t floor = s->blocks[s->depth].height;
    s->height = s->height - floor >= count ? s->height - count : floor;
}

static void keep(struct scan *s, uint64_t count) {
    uint64_t kept = s->kept + count;
    s->full = s->full || kept + s->height > VALUES_MAX;
    s->kept = s->full ? 0 : (uint32_t)kept;
}

static struct swapci_wasm3_type type_at(struct scan *s, uint64_t index) {
    if (index < s->types->type_count) return s->types->types[index];
    s->r.bad = true;
    return (struct swapci_wasm3_type){0, 0};
}

static struct swapci_wasm3_type read_block_type(struct scan *s) {
    if (s->r.at < s->r.end && *s->r.at >= 0x40 && *s->r.at < 0x80) {
        uint16_t results = *s->r.at++ == 0x40 ? 0 : 1;
        return (struct swapci_wasm3_type){0, results};
    }
    return type_at(s, swapci_wasm_leb(&s->r));
}

static enum swapc_status open_block(struct scan *s, unsigned opcode) {
    struct swapci_wasm3_type type = read_block_type(s);
    if (s->depth == NESTING_MAX)
        return swapc_error_set(s->error, SWAPC_UNSUPPORTED,
                               "function %u nests blocks deeper than %d; split it or use another "
                               "engine",
                               s->index, NESTING_MAX);
    s->loops += opcode == 0x03;
    pop(s, (opcode == 0x04) + (uint32_t)type.params);
    s->blocks[++s->depth] = (struct block){s->height, type};
    keep(s, type.results + 2u * type.params);
    push_plain(s, type.params);
    return SWAPC_OK;
}

static void restart_block(struct scan *s) {
    s->height = s->blocks[s->depth].height;
    push_plain(s, s->blocks[s->depth].type.params);
}

static void close_block(struct scan *s) {
    const struct block *b = &s->blocks[s->depth--];
    s->kept -= b->type.results + 2u * b->type.params;
    s->height = b->height;
    push_plain(s, b->type.results);
}

static void skip_br_table(struct scan *s) {
    for (uint64_t n = swapci_wasm_leb(&s->r); n > 0 && !s->r.bad; n--) swapci_wasm_leb(&s->r);
    swapci_wasm_leb(&s->r);
}

static void scan_call(struct scan *s, bool indirect) {
    uint64_t index = swapci_wasm_leb(&s->r);
    if (indirect) swapci_wasm_leb(&s->r);
    else if (index < s->types->function_count) index = s->types->functions[index];
    else s->r.bad = true;
    struct swapci_wasm3_type type = type_at(s, index);
    uint32_t behind = reach_of_stack(s);
    pop(s, type.params + (uint32_t)indirect);
    for (uint32_t i = 1; i <= type.results && !s->full; i++) push(s, behind + 2 * i);
}

static enum swapc_status scan_plain(struct scan *s, unsigned opcode) {
    for (size_t i = 0; i < sizeof plain_table / sizeof *plain_table; i++) {
        const struct plain *p = &plain_table[i];
        if (opcode < p->first || opcode > p->last) continue;
        if (p->immediate == ONE_NUMBER || p->immediate == TWO_NUMBERS) swapci_wasm_leb(&s->r);
        if (p->immediate == TWO_NUMBERS) swapci_wasm_leb(&s->r);
        if (p->immediate == FOUR_BYTES || p->immediate == EIGHT_BYTES)
            swapci_wasm_skip(&s->r, p->immediate == FOUR_BYTES ? 4 : 8);
        pop(s, p->pops);
        push_plain(s, p->pushes);
        return SWAPC_OK;
    }
    return unsupported(s, opcode, opcode == 0xfd ? "SIMD" : "of a later WebAssembly version");
}

static enum swapc_status scan_extended(struct scan *s) {
    uint64_t opcode = swapci_wasm_leb(&s->r);
    if (opcode == 10 || opcode == 11) {
        swapci_wasm_skip(&s->r, opcode == 10 ? 2 : 1); /* memory.copy, memory.fill */
        pop(s, 3);
        return SWAPC_OK;
    }
    if (opcode >= 8)
        return unsupported(s, 0xfc00u + (unsigned)(opcode & 0xff),
                           opcode >= 19 && opcode <= 22 ? "wide arithmetic"
                                                        : "bulk memory, tables");
    pop(s, 1); /* saturating conversions */
    push_plain(s, 1);
    return SWAPC_OK;
}

static enum swapc_status scan_instruction(struct scan *s, unsigned opcode) {
    switch (opcode) {
    case 0x00: /* unreachable */
    case 0x0f: /* return */
        s->height = s->blocks[s->depth].height;
        return SWAPC_OK;
    case 0x02:
    case 0x03:
    case 0x04:
        return open_block(s, opcode);
    case 0x05:
        restart_block(s);
        return SWAPC_OK;
    case 0x0c: /* br */
        swapci_wasm_leb(&s->r);
        s->height = s->blocks[s->depth].height;
        return SWAPC_OK;
    case 0x0e:
        skip_br_table(s);
        s->height = s->blocks[s->depth].height;
        return SWAPC_OK;
    case 0x10:
    case 0x11:
        scan_call(s, opcode == 0x11);
        return SWAPC_OK;
    case 0xfc:
        return scan_extended(s);
    default:
        return scan_plain(s, opcode);
    }
}

static void scan_locals(struct scan *s) {
    for (uint64_t n = swapci_wasm_leb(&s->r); n > 0 && !s->r.bad; n--) {
        keep(s, swapci_wasm_leb(&s->r) & UINT32_MAX);
        swapci_wasm_byte(&s->r);
    }
}

/* Up to the function's end, or the first thing that decides against it. */
static enum swapc_status scan_instructions(struct scan *s) {
    enum swapc_status status = SWAPC_OK;
    while (!s->r.bad && !s->full && status == SWAPC_OK) {
        unsigned opcode = swapci_wasm_byte(&s->r);
        if (opcode == 0x0b && s->depth == 0) break;
        if (opcode == 0x0b) close_block(s);
        else if (!s->r.bad) status = scan_instruction(s, opcode);
    }
    return status;
}

enum swapc_status swapci_wasm3_body_scan(struct swapci_wasm_reader body, uint32_t index,
                                         const struct swapci_wasm3_types *types, uint32_t *loops,
                                         swapc_error *error) {
    struct scan s;
    s.r = body, s.types = types, s.error = error, s.index = index;
    s.loops = 0, s.height = 0, s.kept = 0, s.depth = 0, s.full = false;
    struct swapci_wasm3_type type =
        type_at(&s, index < types->function_count ? types->functions[index] : UINT32_MAX);
    s.blocks[0] = (struct block){0, type};
    keep(&s, (uint64_t)type.params + type.results);
    scan_locals(&s);
    enum swapc_status status = scan_instructions(&s);
    if (status != SWAPC_OK) return status;
    if (s.full)
        return swapc_error_set(error, SWAPC_UNSUPPORTED,
                               "function %u keeps more values at once than wasm3 holds (%d); split "
                               "it or use another engine",
                               index, VALUES_MAX);
    *loops = s.loops;
    return s.r.bad || s.r.at != s.r.end ? ends_early(&s) : SWAPC_OK;
}
