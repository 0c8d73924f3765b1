/* stats.h - median and extremes of a few samples. Threads: none shared. */
#ifndef SWAPCI_STATS_H
#define SWAPCI_STATS_H

#include <stddef.h>

struct swapci_spread {
    double median, min, max;
};

/* Sorts samples (count > 0) in place. An even count's median is the mean of the middle two. */
struct swapci_spread swapci_spread_of(double *samples, size_t count);

#endif
