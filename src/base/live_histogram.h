/* live_histogram.h - durations that one thread counts while others look.
 *
 * Each power of two of nanoseconds from 1 us on is split into four buckets, so that a percentile is
 * read within 25 %, and better by interpolation: coarser than histogram.h, 1 KiB, and readable at
 * any time. What a reader sees is each bucket as of some moment of its reading.
 *
 * Threads: one writer at a time; any number of readers beside it. Neither waits.
 * Ownership: the caller's storage; zeroed it is ready.
 * Cost: a writer's two relaxed stores, a few nanoseconds.
 */
#ifndef SWAPCI_LIVE_HISTOGRAM_H
#define SWAPCI_LIVE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    SWAPCI_LIVE_FIRST_BIT = 10, /* below 2^10 ns all is one bucket */
    SWAPCI_LIVE_OCTAVES = 26,   /* up to 2^36 ns, 69 s; what is longer is in the last bucket */
    SWAPCI_LIVE_BUCKETS = 1 + 4 * SWAPCI_LIVE_OCTAVES + 1
};

typedef struct swapci_live_histogram {
    _Atomic uint64_t sum_ns;
    _Atomic uint64_t buckets[SWAPCI_LIVE_BUCKETS];
} swapci_live_histogram;

/* What a reader got: plain numbers. */
typedef struct swapci_live_counts {
    uint64_t sum_ns, count;
    uint64_t buckets[SWAPCI_LIVE_BUCKETS];
} swapci_live_counts;

/* Counts one duration. */
void swapci_live_record(swapci_live_histogram *h, uint64_t ns);

/* Adds what h holds to out. */
void swapci_live_add(const swapci_live_histogram *h, swapci_live_counts *out);

/* The first value that bucket does not hold any more, in ns; UINT64_MAX for the last. */
uint64_t swapci_live_upper_ns(unsigned bucket);

/* The value that at least percent % (0 to 100) do not exceed, interpolated in its bucket; 0 when
 * empty. */
uint64_t swapci_live_percentile(const swapci_live_counts *counts, double percent);

#endif
