/* stats.h - what a few samples say: median, extremes, and how sure the median is. Threads: none
 * shared.
 *
 * The interval is the one of order statistics: it holds the true median with at least 95 % whatever
 * the samples' distribution is; below six samples it is the extremes and holds it with less.
 */
#ifndef SWAPCI_STATS_H
#define SWAPCI_STATS_H

#include <stddef.h>

struct swapci_spread {
    double median, min, max;
    double low, high; /* the 95 % interval of the median */
};

/* Sorts samples (count > 0) in place. An even count's median is the mean of the middle two. */
struct swapci_spread swapci_spread_of(double *samples, size_t count);

/* The same of samples that keep their order; all zeros when count is 0 or memory is out. */
struct swapci_spread swapci_spread_copy(const double *samples, size_t count);

/* The sample at that part (0 to 1) of sorted ones (count > 0). */
double swapci_quantile(const double *sorted, size_t count, double part);

#endif
