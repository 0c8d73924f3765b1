#include "work_count.h"

#include <string.h>

enum {
    MANY_LOCALS =
        250,          /* of whose moves at a branch a compiler's cost is more than their number's */
    MANY_ROUNDS = 100 /* of copies around loops; fewer are in the weights of loops times locals */
};
enum { SEGMENT_PASSIVE = 1, SEGMENT_EXPLICIT = 2, SEGMENT_EXPRESSIONS = 4 };

#define ADD(kind, ...) swapci_wasm_work_add(work, SWAPCI_WASM_WORK_##kind, __VA_ARGS__)

/* ---- sections ---- */

/* Up to its end, and how many instructions it has. */
static void constant(const struct swapci_wasm_module *m, struct swapci_wasm_reader *r,
                     struct swapci_wasm_work *work) {
    struct swapci_wasm_instruction in;
    do {
        swapci_wasm_instruction_read(r, m, &in);
        ADD(CONSTANTS, 1, 1, 1);
        if (!in.opcode) r->bad = true;
    } while (!r->bad && in.code != SWAPCI_WASM_OP_END);
}

static void measure_types(const struct swapci_wasm_module *m, struct swapci_wasm_work *work) {
    ADD(TYPES, m->type_count, 1, 1);
    ADD(TYPES_SQUARED, m->type_count, m->type_count, 1);
    for (uint32_t i = 0; i < m->type_count; i++)
        ADD(TYPE_VALUES, (uint64_t)m->types[i].param_count + m->types[i].result_count, 1, 1);
}

static void measure_globals(const struct swapci_wasm_module *m, struct swapci_wasm_work *work) {
    struct swapci_wasm_reader r = m->sections[SWAPCI_WASM_GLOBALS];
    for (uint32_t n = r.at ? swapci_wasm_count(&r) : 0; n > 0 && !r.bad; n--) {
        swapci_wasm_skip(&r, 2); /* type, mutable */
        constant(m, &r, work);
    }
}

static void measure_data(const struct swapci_wasm_module *m, struct swapci_wasm_work *work) {
    struct swapci_wasm_reader r = m->sections[SWAPCI_WASM_DATA];
    for (uint32_t n = r.at ? swapci_wasm_count(&r) : 0; n > 0 && !r.bad; n--) {
        uint32_t flags = swapci_wasm_u32(&r);
        if (flags == SEGMENT_EXPLICIT) swapci_wasm_u32(&r);
        if (!(flags & SEGMENT_PASSIVE)) constant(m, &r, work);
        swapci_wasm_name(&r);
    }
}

/* Returns how many functions the segment may name. */
static uint32_t element(const struct swapci_wasm_module *m, struct swapci_wasm_reader *r,
                        struct swapci_wasm_work *work) {
    uint32_t flags = swapci_wasm_u32(r);
    bool active = !(flags & SEGMENT_PASSIVE);
    if (active && flags & SEGMENT_EXPLICIT) swapci_wasm_u32(r);
    if (active) constant(m, r, work);
    if (flags & (SEGMENT_PASSIVE | SEGMENT_EXPLICIT)) swapci_wasm_byte(r);
    uint32_t count = swapci_wasm_count(r);
    if (!active) ADD(ELEMENTS, count, 1, 1);
    if (flags & SEGMENT_EXPRESSIONS) ADD(ELEMENT_EXPRESSIONS, count, 1, 1);
    for (uint32_t i = 0; i < count && !r->bad; i++)
        if (flags & SEGMENT_EXPRESSIONS) constant(m, r, work);
        else swapci_wasm_u32(r);
    return count;
}

/* A compiler makes each of those an entry of its own; how often one is named does not matter. */
static void measure_entries(const struct swapci_wasm_module *m, struct swapci_wasm_work *work) {
    struct swapci_wasm_reader elements = m->sections[SWAPCI_WASM_ELEMENTS];
    struct swapci_wasm_reader exports = m->sections[SWAPCI_WASM_EXPORTS];
    uint64_t named = exports.at ? swapci_wasm_count(&exports) : 0;
    for (uint32_t n = elements.at ? swapci_wasm_count(&elements) : 0; n > 0 && !elements.bad; n--)
        named += element(m, &elements, work);
    ADD(ENTRIES, named < m->function_count ? named : m->function_count, 1, 1);
}

/* The custom section is not among the known ones: walked here, as it comes. */
static void measure_names(const struct swapci_wasm_module *m, struct swapci_wasm_work *work) {
    struct swapci_wasm_reader r = swapci_wasm_reader_of(m->bytes);
    swapci_wasm_skip(&r, 8);
    while (!swapci_wasm_at_end(&r)) {
        uint8_t id = swapci_wasm_byte(&r);
        struct swapci_wasm_reader part = swapci_wasm_part(&r, swapci_wasm_u32(&r));
        if (id != SWAPCI_WASM_CUSTOM || r.bad) continue;
        swapc_bytes name = swapci_wasm_name(&part);
        if (swapc_bytes_equal(name, swapc_bytes_str("name")))
            ADD(NAME_BYTES, (uint64_t)(part.end - part.at), 1, 1);
    }
}

void swapci_wasm_measure_sections(const struct swapci_wasm_module *m,
                                  struct swapci_wasm_work *work) {
    ADD(BYTES, m->bytes.len, 1, 1);
    ADD(FUNCTIONS, m->function_count, 1, 1);
    measure_types(m, work);
    measure_globals(m, work);
    measure_entries(m, work);
    measure_data(m, work);
    measure_names(m, work);
}

/* ---- bodies ---- */

static uint64_t values_of(const struct swapci_wasm_type *type) {
    return type ? (uint64_t)type->param_count + type->result_count : 0;
}

static void block(const struct swapci_wasm_instruction *in, struct swapci_wasm_body_measure *body) {
    body->blocks++;
    body->loops += in->code == SWAPCI_WASM_OP_LOOP;
    body->value_blocks += in->block.result_count > 0;
    body->values += in->block.result_count;
    body->parameter_blocks += in->block.param_count > 0;
    body->parameters += in->block.param_count;
    if (in->code == SWAPCI_WASM_OP_LOOP) body->loop_parameters += in->block.param_count;
}

/* inner: of no import: the engine looks at the clock behind it (checkpoints.h), at a loop's
 * cost. */
static void call(const struct swapci_wasm_type *type, bool inner,
                 struct swapci_wasm_body_measure *body, struct swapci_wasm_work *work) {
    ADD(CALLS, 1, 1, 1);
    ADD(CHECKPOINTS, inner, 1, 1);
    body->checkpoints += inner;
    ADD(CALL_VALUES, values_of(type), 1, 1);
}

static uint64_t values_of_label(const struct swapci_wasm_stack *stack, uint32_t label) {
    uint32_t count = 0;
    return swapci_wasm_stack_label(stack, label, &count) ? count : 0;
}

/* Whatever of the stack a branch leaves alone is alive behind it, too. */
static void branch(const struct swapci_wasm_stack *stack, uint32_t label,
                   struct swapci_wasm_body_measure *body) {
    body->branches++;
    body->branch_values += values_of_label(stack, label);
    body->way_stack += stack->height;
}

static void branches(const struct swapci_wasm_stack *stack,
                     const struct swapci_wasm_instruction *in,
                     struct swapci_wasm_body_measure *body) {
    struct swapci_wasm_reader labels = in->labels;
    body->tables++;
    body->labels += in->label_count;
    body->way_stack += (uint64_t)in->label_count * stack->height;
    for (uint32_t i = 0; i < in->label_count && !labels.bad; i++)
        body->label_values += values_of_label(stack, swapci_wasm_u32(&labels));
}

static void helper(struct swapci_wasm_body_measure *body, struct swapci_wasm_work *work) {
    ADD(HELPERS, 1, 1, 1);
    body->helpers++;
}

static bool gives_own_value(const struct swapci_wasm_module *m,
                            const struct swapci_wasm_instruction *in) {
    const struct swapci_wasm_type *called = NULL;
    const char *given = in->opcode->type ? strchr(in->opcode->type, ':') : NULL;
    if (in->code == SWAPCI_WASM_OP_CALL) called = swapci_wasm_function_type(m, in->index);
    if (in->code == SWAPCI_WASM_OP_CALL_INDIRECT) called = swapci_wasm_type_at(m, in->index);
    return (given && given[1]) || (called && called->result_count > 0) ||
           in->code == SWAPCI_WASM_OP_SELECT || in->code == SWAPCI_WASM_OP_SELECT_TYPED ||
           in->code == SWAPCI_WASM_OP_GLOBAL_GET;
}

/* Where locals of a loop go round by copies (`local.get 1, local.set 0`), compilers follow each
 * from one to the next, again and again, through everything that branches carry. */
static void follow_copies(const struct swapci_wasm_module *m,
                          const struct swapci_wasm_instruction *in,
                          struct swapci_wasm_body_measure *body) {
    bool sets = in->code == SWAPCI_WASM_OP_LOCAL_SET || in->code == SWAPCI_WASM_OP_LOCAL_TEE;
    if (sets && !body->computed && body->loops_around > 0) body->copies++;
    body->computed = gives_own_value(m, in);
}

void swapci_wasm_measure_step(const struct swapci_wasm_stack *stack,
                              const struct swapci_wasm_instruction *in,
                              struct swapci_wasm_body_measure *body,
                              struct swapci_wasm_work *work) {
    const struct swapci_wasm_module *m = stack->m;
    body->instructions++;
    follow_copies(m, in, body);
    if (in->opcode->feature == SWAPCI_WASM_SIMD || in->opcode->feature == SWAPCI_WASM_RELAXED_SIMD)
        ADD(VECTORS, 1, 1, 1);
    if (in->opcode->feature == SWAPCI_WASM_WIDE_ARITHMETIC) ADD(WIDES, 1, 1, 1);
    switch ((enum swapci_wasm_immediate)in->opcode->immediate) {
    case SWAPCI_WASM_IMMEDIATE_BLOCK:
        block(in, body);
        body->way_stack += stack->height;
        break;
    case SWAPCI_WASM_IMMEDIATE_LABEL:
        branch(stack, in->index, body);
        break;
    case SWAPCI_WASM_IMMEDIATE_LABELS:
        branches(stack, in, body);
        break;
    case SWAPCI_WASM_IMMEDIATE_FUNCTION:
        if (in->code == SWAPCI_WASM_OP_REF_FUNC) helper(body, work);
        else
            call(swapci_wasm_function_type(m, in->index), in->index >= m->functions_imported, body,
                 work);
        break;
    case SWAPCI_WASM_IMMEDIATE_TYPE_TABLE:
        helper(body, work);
        call(swapci_wasm_type_at(m, in->index), true, body, work);
        break;
    case SWAPCI_WASM_IMMEDIATE_MEMORY_ARGUMENT:
    case SWAPCI_WASM_IMMEDIATE_MEMORY_LANE:
        ADD(ACCESSES, 1, 1, 1);
        break;
    case SWAPCI_WASM_IMMEDIATE_TABLE:
    case SWAPCI_WASM_IMMEDIATE_TABLES:
    case SWAPCI_WASM_IMMEDIATE_MEMORY:
    case SWAPCI_WASM_IMMEDIATE_MEMORIES:
    case SWAPCI_WASM_IMMEDIATE_DATA:
    case SWAPCI_WASM_IMMEDIATE_DATA_MEMORY:
    case SWAPCI_WASM_IMMEDIATE_ELEMENT:
    case SWAPCI_WASM_IMMEDIATE_ELEMENT_TABLE:
        helper(body, work);
        break;
    default:
        if (in->code == SWAPCI_WASM_OP_RETURN && stack->depth > 0)
            branch(stack, stack->depth - 1, body);
        break;
    }
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static void measure_copies(const struct swapci_wasm_body_measure *b, uint64_t ways,
                           struct swapci_wasm_work *work) {
    uint64_t taken =
        b->loop_parameters ? b->loop_parameters + b->branch_values + b->label_values : 0;
    uint64_t rounds = least(b->copies, b->loops * b->locals) + b->loop_parameters;
    uint64_t going_round = least(b->copies, b->locals) * ways + taken;
    ADD(COPIES_SQUARED, going_round, going_round, 1);
    ADD(ROUNDS, rounds > MANY_ROUNDS ? rounds - MANY_ROUNDS : 0, ways * b->locals + taken, 1);
}

void swapci_wasm_measure_body(const struct swapci_wasm_body_measure *b,
                              struct swapci_wasm_work *work) {
    uint64_t ways = b->blocks + b->branches + b->labels + b->checkpoints;
    uint64_t span = b->locals * b->loops_deepest;
    uint64_t many = b->locals > MANY_LOCALS ? b->locals - MANY_LOCALS : 0;
    ADD(LOCALS, b->locals, 1, 1);
    ADD(INSTRUCTIONS, b->instructions, 1, 1);
    ADD(BLOCKS, b->blocks, 1, 1);
    ADD(LOOPS, b->loops, 1, 1);
    ADD(BRANCHES, b->branches, 1, 1);
    ADD(LABELS, b->labels, 1, 1);
    ADD(LOOP_LOCALS, b->loops, b->locals, 1);
    ADD(WAY_LOCALS, ways, b->locals, 1);
    ADD(WAY_WAY_LOCALS, ways, ways, b->locals);
    ADD(WAY_MANY_LOCALS, b->branches + b->labels, many, many);
    ADD(WAY_STACK, b->way_stack, 1, 1);
    ADD(BRANCH_VALUES, b->branch_values, 1, 1);
    ADD(LABEL_VALUES, b->label_values, 1, 1);
    ADD(LOOPS_SQUARED, b->loops, b->loops, 1);
    ADD(HELPERS_SQUARED, b->helpers, b->helpers, 1);
    ADD(TABLE_LABEL_LOCALS, b->tables, b->labels, b->locals);
    ADD(VALUE_BLOCKS, b->value_blocks, b->values, 1);
    ADD(PARAMETER_BLOCKS, b->parameter_blocks, b->parameters, 1);
    ADD(NESTING_SQUARED, b->nesting_deepest, b->nesting_deepest, 1);
    ADD(SPANS, span, span, 1);
    measure_copies(b, ways, work);
    ADD(LENGTHS_SQUARED, b->instructions, b->instructions, 1);
}
