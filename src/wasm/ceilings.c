#include "ceilings.h"

#include <stdio.h>

#include "instruction.h"

/* Which of the open blocks are loops: a bit each. */
struct body {
    const struct swapci_wasm_module *m;
    uint32_t function;
    uint64_t locals, instructions, ways; /* blocks and branches */
    uint64_t blocks;
    uint32_t nesting, nesting_deepest, loops, loops_deepest;
    uint8_t is_loop[SWAPCI_WASM_NESTING_MAX / 8 + 1];
    swapc_error *error;
};

static enum swapc_status too_much(swapc_error *error, const char *who, const char *what,
                                  uint64_t count, uint64_t ceiling) {
    return swapc_error_set(error, SWAPC_LIMIT,
                           "%s: the number of its %s is %llu, and %llu is the most that is taken: "
                           "split it",
                           who, what, (unsigned long long)count, (unsigned long long)ceiling);
}

static enum swapc_status too_many(swapc_error *error, const char *what, uint64_t count,
                                  uint64_t ceiling) {
    return too_much(error, "the module", what, count, ceiling);
}

static enum swapc_status body_too_much(struct body *b, const char *what, uint64_t count,
                                       uint64_t ceiling) {
    char who[32];
    snprintf(who, sizeof who, "function %u", b->function);
    return too_much(b->error, who, what, count, ceiling);
}

static enum swapc_status damaged(swapc_error *error, const char *what, size_t place) {
    return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                           "%s is damaged at byte %zu: build or copy the module again", what,
                           place);
}

static void open_block(struct body *b, bool loop) {
    uint8_t bit = (uint8_t)(1u << b->nesting % 8);
    if (loop) b->is_loop[b->nesting / 8] |= bit;
    else b->is_loop[b->nesting / 8] &= (uint8_t)~bit;
    b->nesting++;
    b->blocks++;
    if (b->nesting > b->nesting_deepest) b->nesting_deepest = b->nesting;
    b->loops += loop;
    if (b->loops > b->loops_deepest) b->loops_deepest = b->loops;
}

static void close_block(struct body *b) {
    if (b->nesting == 0) return; /* the function's own */
    b->nesting--;
    b->loops -= b->is_loop[b->nesting / 8] >> b->nesting % 8 & 1;
}

static enum swapc_status unknown(struct body *b, const uint8_t *at, uint32_t code) {
    return swapc_error_set(b->error, SWAPC_UNSUPPORTED,
                           "function %u uses instruction %#x at byte %zu (%s), which no engine "
                           "here has: build it without",
                           b->function, code, swapci_wasm_place(b->m, at),
                           swapci_wasm_unknown(code));
}

static uint32_t ways_of(const struct swapci_wasm_instruction *in) {
    switch (in->opcode->immediate) {
    case SWAPCI_WASM_IMMEDIATE_BLOCK:
    case SWAPCI_WASM_IMMEDIATE_LABEL:
        return 1;
    case SWAPCI_WASM_IMMEDIATE_LABELS:
        return in->label_count;
    default:
        return 0;
    }
}

/* Up to the body's end, or what decides against it. */
static enum swapc_status walk(struct body *b, struct swapci_wasm_reader *r) {
    enum swapc_status status = SWAPC_OK;
    while (!swapci_wasm_at_end(r) && status == SWAPC_OK) {
        struct swapci_wasm_instruction in;
        const uint8_t *at = r->at;
        swapci_wasm_instruction_read(r, b->m, &in);
        if (!r->bad && !in.opcode) return unknown(b, at, in.code);
        if (++b->instructions > SWAPCI_WASM_BODY_MAX)
            return body_too_much(b, "instructions", b->instructions, SWAPCI_WASM_BODY_MAX);
        if (b->nesting >= SWAPCI_WASM_NESTING_MAX)
            return body_too_much(b, "blocks in each other", b->nesting, SWAPCI_WASM_NESTING_MAX);
        if (r->bad) continue;
        b->ways += ways_of(&in);
        if (in.opcode->immediate == SWAPCI_WASM_IMMEDIATE_BLOCK)
            open_block(b, in.code == SWAPCI_WASM_OP_LOOP);
        else if (in.code == SWAPCI_WASM_OP_END) close_block(b);
        if (b->loops > SWAPCI_WASM_LOOP_DEPTH_MAX)
            status = body_too_much(b, "loops in each other", b->loops, SWAPCI_WASM_LOOP_DEPTH_MAX);
    }
    return status;
}

/* What is bounded over all functions together: see the ceilings of these names. */
struct totals {
    uint64_t spans, nestings, meetings, changes;
};

static enum swapc_status add_to(struct totals *t, const struct body *b) {
    uint64_t span = b->locals * b->loops_deepest;
    t->spans += span * span;
    t->nestings += (uint64_t)b->nesting_deepest * b->nesting_deepest;
    t->meetings += b->locals * b->ways;
    t->changes += b->locals * b->blocks * b->blocks;
    if (t->spans > SWAPCI_WASM_SPANS_MAX)
        return too_many(b->error,
                        "locals times loops in each other, squared and summed over functions",
                        t->spans, SWAPCI_WASM_SPANS_MAX);
    if (t->nestings > SWAPCI_WASM_NESTINGS_MAX)
        return too_many(b->error, "blocks in each other, squared and summed over functions",
                        t->nestings, SWAPCI_WASM_NESTINGS_MAX);
    if (t->meetings > SWAPCI_WASM_MEETINGS_MAX)
        return too_many(b->error, "locals times blocks and branches, summed over functions",
                        t->meetings, SWAPCI_WASM_MEETINGS_MAX);
    if (t->changes > SWAPCI_WASM_CHANGES_MAX)
        return too_many(b->error, "locals times the square of blocks, summed over functions",
                        t->changes, SWAPCI_WASM_CHANGES_MAX);
    return SWAPC_OK;
}

static enum swapc_status check_body(struct body *b, struct swapci_wasm_reader r,
                                    struct totals *totals) {
    const struct swapci_wasm_type *type = swapci_wasm_function_type(b->m, b->function);
    const uint8_t *from = r.at;
    struct swapci_wasm_locals locals;
    swapci_wasm_read_locals(&r, &locals);
    b->locals = locals.count + (type ? type->param_count : 0);
    b->instructions = b->ways = b->blocks = 0;
    b->nesting = b->nesting_deepest = b->loops = b->loops_deepest = 0;
    enum swapc_status status = walk(b, &r);
    if (status != SWAPC_OK) return status;
    if (r.bad) return damaged(b->error, "a function", swapci_wasm_place(b->m, from));
    uint64_t span = b->locals * b->loops_deepest;
    if (span > SWAPCI_WASM_SPAN_MAX)
        return body_too_much(b, "locals times that of its loops in each other", span,
                             SWAPCI_WASM_SPAN_MAX);
    return add_to(totals, b);
}

static enum swapc_status check_bodies(const struct swapci_wasm_module *m, swapc_error *error) {
    struct swapci_wasm_reader r = m->sections[SWAPCI_WASM_CODE];
    struct body b = {.m = m, .error = error};
    uint32_t count = r.at ? swapci_wasm_count(&r) : 0;
    struct totals totals = {0, 0, 0, 0};
    enum swapc_status status = SWAPC_OK;
    for (uint32_t i = 0; i < count && !r.bad && status == SWAPC_OK; i++) {
        struct swapci_wasm_reader part = swapci_wasm_part(&r, swapci_wasm_u32(&r));
        b.function = m->functions_imported + i;
        if (!part.bad) status = check_body(&b, part, &totals);
    }
    if (status == SWAPC_OK && r.bad) return damaged(error, "the code", swapci_wasm_place(m, r.at));
    return status;
}

static enum swapc_status check_counts(const struct swapci_wasm_module *m, swapc_error *error) {
    static const struct {
        uint8_t section;
        uint32_t ceiling;
        const char *what;
    } rows[] = {
        {SWAPCI_WASM_TYPES, SWAPCI_WASM_TYPES_MAX, "types"},
        {SWAPCI_WASM_IMPORTS, SWAPCI_WASM_FUNCTIONS_MAX, "imports"},
        {SWAPCI_WASM_FUNCTIONS, SWAPCI_WASM_FUNCTIONS_MAX, "functions"},
        {SWAPCI_WASM_TABLES, SWAPCI_WASM_TABLES_MAX, "tables"},
        {SWAPCI_WASM_GLOBALS, SWAPCI_WASM_GLOBALS_MAX, "globals"},
        {SWAPCI_WASM_EXPORTS, SWAPCI_WASM_FUNCTIONS_MAX, "exports"},
        {SWAPCI_WASM_ELEMENTS, SWAPCI_WASM_SEGMENTS_MAX, "element segments"},
        {SWAPCI_WASM_DATA, SWAPCI_WASM_SEGMENTS_MAX, "data segments"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct swapci_wasm_reader r = m->sections[rows[i].section];
        uint32_t count = r.at ? swapci_wasm_u32(&r) : 0;
        if (count > rows[i].ceiling) return too_many(error, rows[i].what, count, rows[i].ceiling);
    }
    uint64_t elements = 0;
    for (uint32_t i = 0; i < m->table_count; i++) {
        uint64_t min = m->tables[i].limits.min;
        elements += min < UINT32_MAX ? min : UINT32_MAX;
    }
    if (elements > SWAPCI_WASM_TABLE_ELEMENTS_MAX)
        return too_many(error, "elements in its tables", elements, SWAPCI_WASM_TABLE_ELEMENTS_MAX);
    return SWAPC_OK;
}

static bool has_externref(const struct swapci_wasm_type *type) {
    return memchr(type->params, SWAPCI_WASM_EXTERNREF, type->param_count) ||
           memchr(type->results, SWAPCI_WASM_EXTERNREF, type->result_count);
}

/* Engines here would say "GC" of it, to which it does not belong. */
static enum swapc_status check_references(const struct swapci_wasm_module *m, swapc_error *error) {
    const char *where = NULL;
    for (uint32_t i = 0; i < m->global_count && !where; i++)
        if (m->globals[i].type == SWAPCI_WASM_EXTERNREF) where = "a global";
    for (uint32_t i = 0; i < m->table_count && !where; i++)
        if (m->tables[i].type == SWAPCI_WASM_EXTERNREF) where = "a table";
    for (uint32_t i = 0; i < m->type_count && !where; i++)
        if (has_externref(&m->types[i])) where = "a function type";
    if (!where) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_UNSUPPORTED,
                           "the module uses externref (reference types) in %s, which no engine "
                           "here has: build it without",
                           where);
}

enum swapc_status swapci_wasm_check_ceilings(const struct swapci_wasm_module *module,
                                             swapc_error *error) {
    enum swapc_status status = check_counts(module, error);
    if (status == SWAPC_OK) status = check_references(module, error);
    return status == SWAPC_OK ? check_bodies(module, error) : status;
}
