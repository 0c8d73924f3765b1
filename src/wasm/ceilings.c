#include "ceilings.h"

#include <stdio.h>

#include "work_count.h"

/* Counting goes on for a while after it is too much, so that a user who vouches for the module
 * reads how much to allow. */
enum { TOLD_TIMES = 16 };

/* Which of the open blocks are loops: a bit each. */
struct body {
    const struct swapci_wasm_module *m;
    uint64_t compile_ms;           /* the most that is taken */
    struct swapci_wasm_work *work; /* of the whole module */
    uint32_t function;
    struct swapci_wasm_body_measure measure;
    struct swapci_wasm_stack stack; /* what does not fit is a validator's to tell: it stops there */
    uint32_t nesting, loops;
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
    if (b->nesting > b->measure.nesting_deepest) b->measure.nesting_deepest = b->nesting;
    b->loops += loop;
    if (b->loops > b->measure.loops_deepest) b->measure.loops_deepest = b->loops;
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

static enum swapc_status no_memory(swapc_error *error) {
    return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to look at the module's functions");
}

/* Up to the body's end, or what decides against it. */
static enum swapc_status walk(struct body *b, struct swapci_wasm_reader *r) {
    enum swapc_status status = SWAPC_OK;
    while (!swapci_wasm_at_end(r) && status == SWAPC_OK) {
        struct swapci_wasm_instruction in;
        const uint8_t *at = r->at;
        swapci_wasm_instruction_read(r, b->m, &in);
        if (!r->bad && !in.opcode) return unknown(b, at, in.code);
        if (b->measure.instructions >= SWAPCI_WASM_BODY_MAX)
            return body_too_much(b, "instructions", b->measure.instructions + 1,
                                 SWAPCI_WASM_BODY_MAX);
        if (b->nesting >= SWAPCI_WASM_NESTING_MAX)
            return body_too_much(b, "blocks in each other", b->nesting, SWAPCI_WASM_NESTING_MAX);
        if (r->bad) continue;
        b->measure.loops_around = b->loops;
        swapci_wasm_measure_step(&b->stack, &in, &b->measure, b->work);
        if (b->stack.status == SWAPC_OK && b->stack.depth > 0)
            (void)swapci_wasm_stack_step(&b->stack, &in);
        if (b->stack.status == SWAPC_NO_MEMORY) return no_memory(b->error);
        if (in.opcode->immediate == SWAPCI_WASM_IMMEDIATE_BLOCK)
            open_block(b, in.code == SWAPCI_WASM_OP_LOOP);
        else if (in.code == SWAPCI_WASM_OP_END) close_block(b);
        if (b->loops > SWAPCI_WASM_LOOP_DEPTH_MAX)
            status = body_too_much(b, "loops in each other", b->loops, SWAPCI_WASM_LOOP_DEPTH_MAX);
    }
    return status;
}

static enum swapc_status check_work(const struct body *b, bool whole) {
    uint64_t quick = swapci_wasm_work_quick_ms(b->work), best = swapci_wasm_work_best_ms(b->work);
    uint64_t ms = quick < best ? quick : best;
    enum swapci_wasm_work_kind most = swapci_wasm_work_most(b->work);
    if (ms <= b->compile_ms || (!whole && ms / TOLD_TIMES <= b->compile_ms)) return SWAPC_OK;
    return swapc_error_set(
        b->error, SWAPC_LIMIT,
        "compiling the module is estimated at %s%llu ms without optimisation, and %llu "
        "are the most that is taken, limits.compile_ms; most of them for %s (%llu): "
        "build it smaller, or allow more if you vouch for it",
        whole ? "" : "more than ", (unsigned long long)ms, (unsigned long long)b->compile_ms,
        swapci_wasm_work_name(most), (unsigned long long)b->work->counts[most]);
}

static enum swapc_status check_body(struct body *b, struct swapci_wasm_reader r) {
    const struct swapci_wasm_type *type = swapci_wasm_function_type(b->m, b->function);
    const uint8_t *from = r.at;
    struct swapci_wasm_locals locals;
    struct swapci_wasm_reader again = r;
    if (type && swapci_wasm_stack_enter(&b->stack, type, &again) == SWAPC_NO_MEMORY)
        return no_memory(b->error);
    swapci_wasm_read_locals(&r, &locals);
    b->measure =
        (struct swapci_wasm_body_measure){.locals = locals.count + (type ? type->param_count : 0)};
    b->nesting = b->loops = 0;
    enum swapc_status status = walk(b, &r);
    if (status != SWAPC_OK) return status;
    if (r.bad) return damaged(b->error, "a function", swapci_wasm_place(b->m, from));
    swapci_wasm_measure_body(&b->measure, b->work);
    return check_work(b, false);
}

static enum swapc_status check_bodies(const struct swapci_wasm_module *m, uint64_t compile_ms,
                                      struct swapci_wasm_work *work, swapc_error *error) {
    struct swapci_wasm_reader r = m->sections[SWAPCI_WASM_CODE];
    struct body b = {.m = m, .compile_ms = compile_ms, .work = work, .error = error};
    uint32_t count = r.at ? swapci_wasm_count(&r) : 0;
    enum swapc_status status = check_work(&b, false);
    swapci_wasm_stack_init(&b.stack, m);
    for (uint32_t i = 0; i < count && !r.bad && status == SWAPC_OK; i++) {
        struct swapci_wasm_reader part = swapci_wasm_part(&r, swapci_wasm_u32(&r));
        b.function = m->functions_imported + i;
        if (!part.bad) status = check_body(&b, part);
    }
    swapci_wasm_stack_fini(&b.stack);
    if (status == SWAPC_OK && r.bad) return damaged(error, "the code", swapci_wasm_place(m, r.at));
    return status == SWAPC_OK ? check_work(&b, true) : status;
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
        {SWAPCI_WASM_DATA, SWAPCI_WASM_DATA_MAX, "data segments"},
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
                                             uint64_t compile_ms, struct swapci_wasm_work *work,
                                             swapc_error *error) {
    struct swapci_wasm_work own;
    if (!work) work = &own;
    memset(work, 0, sizeof *work);
    enum swapc_status status = check_counts(module, error);
    if (status == SWAPC_OK) status = check_references(module, error);
    if (status != SWAPC_OK) return status;
    swapci_wasm_measure_sections(module, work);
    return check_bodies(module, swapci_wasm_compile_ms(compile_ms), work, error);
}
