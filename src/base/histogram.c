#include "histogram.h"

#include <string.h>

enum { SUB_BITS = SWAPCI_HISTOGRAM_SUB_BITS, SUB_COUNT = 1 << SUB_BITS };

/* A value keeps its top SUB_BITS + 1 bits; shift is the number of bits dropped. */
static unsigned bucket_of(uint64_t value) {
    if (value < 2 * SUB_COUNT) return (unsigned)value;
    unsigned shift = 63u - SUB_BITS - (unsigned)__builtin_clzll(value);
    return (shift << SUB_BITS) + (unsigned)(value >> shift);
}

/* The largest value that falls into the bucket. */
static uint64_t bucket_top(unsigned bucket) {
    if (bucket < 2 * SUB_COUNT) return bucket;
    unsigned shift = (bucket >> SUB_BITS) - 1;
    uint64_t head = (bucket & (SUB_COUNT - 1)) + SUB_COUNT;
    return (head << shift) + ((UINT64_C(1) << shift) - 1);
}

void swapci_histogram_init(swapci_histogram *h) {
    memset(h, 0, sizeof *h);
    h->min = UINT64_MAX;
}

void swapci_histogram_record(swapci_histogram *h, uint64_t value) {
    h->count++;
    h->sum += value;
    if (value < h->min) h->min = value;
    if (value > h->max) h->max = value;
    h->buckets[bucket_of(value)]++;
}

void swapci_histogram_merge(swapci_histogram *h, const swapci_histogram *from) {
    h->count += from->count;
    h->sum += from->sum;
    if (from->min < h->min) h->min = from->min;
    if (from->max > h->max) h->max = from->max;
    for (unsigned i = 0; i < SWAPCI_HISTOGRAM_BUCKETS; i++) h->buckets[i] += from->buckets[i];
}

/* The rank, counted from 1, of the value asked for: percent of count, rounded up. */
static uint64_t rank_of(const swapci_histogram *h, double percent) {
    if (!(percent > 0)) return 1;
    if (percent >= 100) return h->count;
    double exact = percent / 100 * (double)h->count;
    uint64_t rank = (uint64_t)exact;
    /* 99.9 % of 1000 must be rank 999, although the product is 999.0000000000001 */
    if (exact - (double)rank > 1e-9 * exact) rank++;
    return rank < 1 ? 1 : rank > h->count ? h->count : rank;
}

uint64_t swapci_histogram_percentile(const swapci_histogram *h, double percent) {
    if (h->count == 0) return 0;
    uint64_t rank = rank_of(h, percent);
    uint64_t seen = 0;
    unsigned i = 0;
    while (i < SWAPCI_HISTOGRAM_BUCKETS - 1 && (seen += h->buckets[i]) < rank) i++;
    uint64_t top = bucket_top(i);
    return top > h->max ? h->max : top;
}

double swapci_histogram_mean(const swapci_histogram *h) {
    return h->count ? (double)h->sum / (double)h->count : 0;
}
