#include "leaves.h"

#include "heap.h"

static bool is_call(uint32_t code) {
    return code == SWAPCI_WASM_OP_CALL_INDIRECT || code == SWAPCI_WASM_OP_RETURN_CALL ||
           code == SWAPCI_WASM_OP_RETURN_CALL_INDIRECT;
}

static bool is_leaf(const struct swapci_wasm_module *m, struct swapci_wasm_reader body) {
    struct swapci_wasm_locals locals;
    struct swapci_wasm_instruction in;
    swapci_wasm_read_locals(&body, &locals);
    while (!swapci_wasm_at_end(&body)) {
        swapci_wasm_instruction_read(&body, m, &in);
        if (body.bad || !in.opcode || is_call(in.code)) return false;
        if (in.code == SWAPCI_WASM_OP_CALL && in.index >= m->functions_imported) return false;
    }
    return !body.bad;
}

enum swapc_status swapci_wasm_leaves_find(const struct swapci_wasm_module *m,
                                          struct swapci_wasm_leaves *out) {
    struct swapci_wasm_reader r = m->sections[SWAPCI_WASM_CODE];
    uint32_t bodies = r.at ? swapci_wasm_count(&r) : 0;
    out->leaf = swapci_heap_zeroed((size_t)m->function_count + 1, sizeof *out->leaf);
    if (!out->leaf) return SWAPC_NO_MEMORY;
    out->count = m->function_count;
    for (uint32_t f = 0; f < m->functions_imported; f++) out->leaf[f] = true;
    for (uint32_t f = m->functions_imported; f < m->function_count && bodies-- > 0 && !r.bad; f++) {
        struct swapci_wasm_reader body = swapci_wasm_part(&r, swapci_wasm_u32(&r));
        out->leaf[f] = !r.bad && is_leaf(m, body);
    }
    return SWAPC_OK;
}

void swapci_wasm_leaves_fini(struct swapci_wasm_leaves *leaves) {
    swapci_heap_free(leaves->leaf);
    *leaves = (struct swapci_wasm_leaves)SWAPCI_WASM_LEAVES_INIT;
}
