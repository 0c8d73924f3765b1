/* lower_impl.h - what lower.c, lower_body.c and meter.c share: the module being written.
 *
 * Writing never fails on the spot: the first failure stays in status, and nothing is written after.
 *
 * Threads: one at a time.
 */
#ifndef SWAPCI_WASM_LOWER_IMPL_H
#define SWAPCI_WASM_LOWER_IMPL_H

#include "leaves.h"
#include "lower.h"

#define SWAPCI_LOWER_NESTING 2000 /* blocks in each other */
#define SWAPCI_LOWER_NO_FUNCTION UINT32_MAX

struct swapci_lower {
    const struct swapci_wasm_module *m;
    const struct swapci_wasm_lowering *how;
    struct swapci_wasm_writer w;
    struct swapci_wasm_leaves leaves; /* found when metered */
    swapci_buffer code;               /* of the function at hand, without its locals */
    void *body; /* of the heap: lower_body.c's, kept from one body to the next */
    swapc_error *error;
    enum swapc_status status;
};

/* Of the metered module: the indices of tick, of its budget and of a scratch global. */
static inline uint32_t swapci_lower_tick(const struct swapci_lower *l) {
    return l->m->functions_imported;
}
static inline uint32_t swapci_lower_budget(const struct swapci_lower *l) {
    return l->m->global_count;
}

/* A function index as it is in the module written. */
uint32_t swapci_lower_function(const struct swapci_lower *l, uint32_t index);

/* Refusals; the first one stays. A function of SWAPCI_LOWER_NO_FUNCTION: not inside one. */
void swapci_lower_unsupported(struct swapci_lower *l, uint32_t function, const uint8_t *at,
                              const char *what);
void swapci_lower_damaged(struct swapci_lower *l, uint32_t function, const uint8_t *at);

/* Writes a function's body with its size. */
void swapci_lower_body(struct swapci_lower *l, uint32_t function, struct swapci_wasm_reader body);
/* Frees what bodies needed. */
void swapci_lower_body_fini(struct swapci_lower *l);

/* ---- the meter: what a body pays, and where ---- */

/* Instructions that run at most once for each time its price is paid: a function outside its loops,
 * or a turn of a loop outside the loops in it. */
struct swapci_meter_scope {
    size_t price_at;
    uint64_t price;
    uint32_t depth;
};

struct swapci_meter {
    struct swapci_wasm_writer *w;
    uint32_t tick;
    uint32_t budget;
    bool calls;          /* the function calls: always worth counting */
    size_t entry, first; /* where the function's payment lies */
    uint32_t inmost;     /* index into scopes */
    struct swapci_meter_scope scopes[SWAPCI_LOWER_NESTING + 2];
};

void swapci_meter_begin(struct swapci_meter *meter, struct swapci_lower *l,
                        struct swapci_wasm_writer *w);
/* Behind a loop's head, which made depth blocks be open. */
void swapci_meter_open(struct swapci_meter *meter, uint32_t depth);
/* Before the end of a block: depth as it was then. */
void swapci_meter_close(struct swapci_meter *meter, uint32_t depth);
void swapci_meter_count(struct swapci_meter *meter, uint32_t price);
/* Before memory.copy and memory.fill, whose length is on top of the stack. */
void swapci_meter_bulk(struct swapci_meter *meter);
/* Behind a call that may recurse, with so many bytes of the function still to come. */
void swapci_meter_return(struct swapci_meter *meter, size_t left);
/* The function ends: takes its payment out where it is not worth it. */
void swapci_meter_end(struct swapci_meter *meter);

#endif
