#include "checkpoints.h"

#include "leaves.h"

struct pass {
    const struct swapci_wasm_module *m;
    struct swapci_wasm_leaves leaves;
    struct swapci_wasm_writer w;
    bool added; /* a checkpoint, anywhere */
    swapc_error *error;
    enum swapc_status status;
};

static bool going(const struct pass *p) {
    return p->status == SWAPC_OK && p->w.status == SWAPC_OK;
}

static void damaged(struct pass *p, const uint8_t *at) {
    p->status = swapc_error_set(p->error, SWAPC_MODULE_MALFORMED,
                                "truncated or damaged at byte %zu: build or copy it again",
                                swapci_wasm_place(p->m, at));
}

/* Reads the next instruction; false when there is none, or none that is known. */
static bool next(struct pass *p, struct swapci_wasm_reader *r, struct swapci_wasm_instruction *in) {
    const uint8_t *at = r->at;
    if (!going(p) || swapci_wasm_at_end(r)) return false;
    swapci_wasm_instruction_read(r, p->m, in);
    if (r->bad) damaged(p, at);
    else if (!in->opcode)
        p->status = swapc_error_set(p->error, SWAPC_UNSUPPORTED,
                                    "no engine here runs the instruction at byte %zu: %s",
                                    swapci_wasm_place(p->m, at), swapci_wasm_unknown(in->code));
    return going(p);
}

static uint64_t weight(const struct swapci_wasm_instruction *in) {
    bool memory = in->opcode->immediate == SWAPCI_WASM_IMMEDIATE_MEMORY_ARGUMENT ||
                  in->opcode->immediate == SWAPCI_WASM_IMMEDIATE_MEMORY_LANE;
    return memory ? SWAPCI_CHECKPOINT_MEMORY : 1;
}

/* What the code weighs in all; *calls: whether there is anything to do for it. */
static uint64_t weigh(struct pass *p, struct swapci_wasm_reader code, bool *calls) {
    struct swapci_wasm_instruction in;
    uint64_t total = 0;
    *calls = false;
    while (next(p, &code, &in)) {
        total += weight(&in);
        *calls = *calls || swapci_wasm_may_recurse(&p->leaves, &in);
    }
    return total;
}

/* The size comes later: a body grows by what is written into it. */
static void put_body(struct pass *p, struct swapci_wasm_reader body, struct swapci_wasm_reader code,
                     uint64_t left) {
    static const uint8_t checkpoint[] = {SWAPCI_WASM_OP_LOOP, SWAPCI_WASM_BLOCK_VOID,
                                         SWAPCI_WASM_OP_END};
    struct swapci_wasm_instruction in;
    const uint8_t *written = body.at;
    size_t size = swapci_wasm_put_later(&p->w);
    while (next(p, &code, &in)) {
        left -= weight(&in);
        if (!swapci_wasm_may_recurse(&p->leaves, &in) || left <= SWAPCI_CHECKPOINT_FREE) continue;
        swapci_wasm_put(&p->w, written, (size_t)(code.at - written));
        swapci_wasm_put(&p->w, checkpoint, sizeof checkpoint);
        written = code.at;
        p->added = true;
    }
    swapci_wasm_put(&p->w, written, (size_t)(body.end - written));
    swapci_wasm_end_section(&p->w, size);
}

static void body_of(struct pass *p, struct swapci_wasm_reader body) {
    struct swapci_wasm_locals locals;
    struct swapci_wasm_reader code = body;
    bool calls;
    swapci_wasm_read_locals(&code, &locals);
    if (code.bad) damaged(p, body.at);
    uint64_t total = weigh(p, code, &calls);
    if (!going(p)) return;
    if (calls && total > SWAPCI_CHECKPOINT_FREE) {
        put_body(p, body, code, total);
        return;
    }
    swapci_wasm_put_u32(&p->w, (uint32_t)(body.end - body.at));
    swapci_wasm_put(&p->w, body.at, (size_t)(body.end - body.at));
}

static void bodies(struct pass *p, struct swapci_wasm_reader r) {
    uint32_t count = swapci_wasm_count(&r);
    size_t size = swapci_wasm_begin_section(&p->w, SWAPCI_WASM_CODE);
    swapci_wasm_put_u32(&p->w, count);
    for (uint32_t i = 0; i < count && going(p) && !r.bad; i++) {
        struct swapci_wasm_reader body = swapci_wasm_part(&r, swapci_wasm_u32(&r));
        if (!body.bad) body_of(p, body);
    }
    if (going(p) && (r.bad || r.at != r.end)) damaged(p, r.at);
    if (going(p)) swapci_wasm_end_section(&p->w, size);
}

/* All else stays as it is, byte for byte. */
static void sections(struct pass *p) {
    struct swapci_wasm_reader r = swapci_wasm_reader_of(p->m->bytes);
    swapci_wasm_put(&p->w, r.at, 8); /* magic and version */
    swapci_wasm_skip(&r, 8);
    while (!swapci_wasm_at_end(&r) && going(p)) {
        const uint8_t *at = r.at;
        uint8_t id = swapci_wasm_byte(&r);
        struct swapci_wasm_reader content = swapci_wasm_part(&r, swapci_wasm_u32(&r));
        if (r.bad) damaged(p, at);
        else if (id == SWAPCI_WASM_CODE) bodies(p, content);
        else swapci_wasm_put(&p->w, at, (size_t)(r.at - at));
    }
}

enum swapc_status swapci_wasm_add_checkpoints(const struct swapci_wasm_module *module,
                                              swapci_buffer *out, swapc_error *error) {
    struct pass p = {.m = module, .w = {out, SWAPC_OK}, .error = error};
    size_t before = out->len;
    if (!module->sections[SWAPCI_WASM_CODE].at) return SWAPC_OK;
    p.w.status = swapci_wasm_leaves_find(module, &p.leaves);
    sections(&p);
    swapci_wasm_leaves_fini(&p.leaves);
    if (p.status == SWAPC_OK && p.w.status != SWAPC_OK)
        p.status = swapc_error_set(error, p.w.status, "no memory to rewrite the module");
    if (p.status == SWAPC_OK && !p.added) out->len = before;
    return p.status;
}
