/* histogram.h - percentiles of any number of uint64 values in fixed memory.
 *
 * Log-linear: values below 256 are counted exactly; above, each power of two is split into 128
 * buckets, so that a percentile is at most 1 / 128 (0.8 %) above the true value and never below it.
 * 58 KiB whatever is recorded; recording is some nanoseconds and allocates nothing.
 *
 * Threads: one at a time per histogram: give each thread its own and merge them at the end.
 * Ownership: the caller's storage (put it on the heap or in a static), no heap of its own.
 * Units: the caller's; all values of one histogram in the same.
 */
#ifndef SWAPCI_HISTOGRAM_H
#define SWAPCI_HISTOGRAM_H

#include <stdint.h>

enum {
    SWAPCI_HISTOGRAM_SUB_BITS = 7,
    SWAPCI_HISTOGRAM_BUCKETS = (64 - SWAPCI_HISTOGRAM_SUB_BITS + 1) << SWAPCI_HISTOGRAM_SUB_BITS
};

typedef struct swapci_histogram {
    uint64_t count;
    uint64_t sum; /* modulo 2^64 */
    uint64_t min; /* UINT64_MAX while count is 0 */
    uint64_t max; /* 0 while count is 0 */
    uint64_t buckets[SWAPCI_HISTOGRAM_BUCKETS];
} swapci_histogram;

/* Makes it empty. Must be called before the first use: zeroed storage is not enough. */
void swapci_histogram_init(swapci_histogram *h);

/* Counts one value. */
void swapci_histogram_record(swapci_histogram *h, uint64_t value);

/* Adds all values of from to h. */
void swapci_histogram_merge(swapci_histogram *h, const swapci_histogram *from);

/* Returns the smallest value that at least percent % of the values do not exceed, within the error
 * above; 0 when it is empty. percent below 0 counts as 0, above 100 as 100. */
uint64_t swapci_histogram_percentile(const swapci_histogram *h, double percent);

/* Returns the mean, 0 when it is empty. */
double swapci_histogram_mean(const swapci_histogram *h);

#endif
