/* What is shared: the counts, atomics with one writer: it loads and stores, relaxed, since no
 * bucket says anything of another. */
#include "live_histogram.h"

static unsigned bucket_of(uint64_t ns) {
    if (ns >> SWAPCI_LIVE_FIRST_BIT == 0) return 0;
    unsigned top = 63 - (unsigned)__builtin_clzll(ns);
    unsigned bucket = 1 + 4 * (top - SWAPCI_LIVE_FIRST_BIT) + (unsigned)(ns >> (top - 2) & 3);
    return bucket < SWAPCI_LIVE_BUCKETS - 1 ? bucket : SWAPCI_LIVE_BUCKETS - 1;
}

static void raise_by(_Atomic uint64_t *count, uint64_t by) {
    uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, now + by, memory_order_relaxed);
}

void swapci_live_record(swapci_live_histogram *h, uint64_t ns) {
    raise_by(&h->buckets[bucket_of(ns)], 1);
    raise_by(&h->sum_ns, ns);
}

void swapci_live_add(const swapci_live_histogram *h, swapci_live_counts *out) {
    out->sum_ns += atomic_load_explicit(&h->sum_ns, memory_order_relaxed);
    for (unsigned i = 0; i < SWAPCI_LIVE_BUCKETS; i++) {
        uint64_t count = atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
        out->buckets[i] += count;
        out->count += count;
    }
}

uint64_t swapci_live_upper_ns(unsigned bucket) {
    if (bucket >= SWAPCI_LIVE_BUCKETS - 1) return UINT64_MAX;
    unsigned octave = bucket / 4, quarter = bucket % 4;
    return (4 + (uint64_t)quarter) << (octave + SWAPCI_LIVE_FIRST_BIT - 2);
}

uint64_t swapci_live_percentile(const swapci_live_counts *counts, double percent) {
    double wanted = (double)counts->count * percent / 100, below = 0;
    uint64_t lower = 0;
    for (unsigned i = 0; i < SWAPCI_LIVE_BUCKETS && counts->count > 0; i++) {
        double here = (double)counts->buckets[i];
        uint64_t upper = swapci_live_upper_ns(i);
        if (here > 0 && below + here >= wanted) {
            double part = wanted > below ? (wanted - below) / here : 0;
            return upper == UINT64_MAX ? lower : lower + (uint64_t)(part * (double)(upper - lower));
        }
        below += here;
        lower = upper;
    }
    return 0;
}
