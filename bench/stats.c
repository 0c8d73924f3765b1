#include "stats.h"

#include <stdlib.h>

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct swapci_spread swapci_spread_of(double *samples, size_t count) {
    qsort(samples, count, sizeof *samples, compare);
    double median = (samples[(count - 1) / 2] + samples[count / 2]) / 2;
    return (struct swapci_spread){median, samples[0], samples[count - 1]};
}
