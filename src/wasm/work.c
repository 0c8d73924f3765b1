#include "work.h"

enum { QUICK, BEST, COLUMNS };

#define PICOSECONDS_IN_MS 1e9

static const struct {
    const char *name;
    double ps[COLUMNS];
} kinds[] = {
#define ROW(kind, name, quick, best) {name, {quick, best}},
    SWAPCI_WASM_WORK_KINDS(ROW)
#undef ROW
};

static uint64_t times(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

void swapci_wasm_work_add(struct swapci_wasm_work *work, enum swapci_wasm_work_kind kind,
                          uint64_t a, uint64_t b, uint64_t c) {
    uint64_t *count = &work->counts[kind];
    if (__builtin_add_overflow(*count, times(times(a, b), c), count)) *count = UINT64_MAX;
}

static double picoseconds(const struct swapci_wasm_work *work, unsigned kind, unsigned column) {
    return (double)work->counts[kind] * kinds[kind].ps[column];
}

static uint32_t milliseconds(const struct swapci_wasm_work *work, unsigned column) {
    double sum = 0;
    for (unsigned i = 0; i < SWAPCI_WASM_WORK_COUNT; i++) sum += picoseconds(work, i, column);
    double ms = sum / PICOSECONDS_IN_MS;
    return ms < (double)UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

uint32_t swapci_wasm_work_quick_ms(const struct swapci_wasm_work *work) {
    return milliseconds(work, QUICK);
}

uint32_t swapci_wasm_work_best_ms(const struct swapci_wasm_work *work) {
    return milliseconds(work, BEST);
}

enum swapci_wasm_work_kind swapci_wasm_work_most(const struct swapci_wasm_work *work) {
    unsigned most = 0;
    for (unsigned i = 1; i < SWAPCI_WASM_WORK_COUNT; i++)
        if (picoseconds(work, i, QUICK) > picoseconds(work, most, QUICK)) most = i;
    return (enum swapci_wasm_work_kind)most;
}

const char *swapci_wasm_work_name(enum swapci_wasm_work_kind kind) {
    return kinds[kind].name;
}
