#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest rank k (from 1) with P(at most k - 1 of count samples are below the median) <= 2.5 %;
 * its mirror image is the other end. 0: there are too few samples. */
static size_t interval_rank(size_t count) {
    double probability = pow(0.5, (double)count), sum = 0; /* of exactly k samples below */
    size_t k = 0;
    if (count > 1000) return (size_t)((double)count / 2 - 0.98 * sqrt((double)count));
    while (k < count / 2 && sum + probability <= 0.025) {
        sum += probability;
        probability *= (double)(count - k) / (double)(k + 1);
        k++;
    }
    return k;
}

struct swapci_spread swapci_spread_of(double *samples, size_t count) {
    qsort(samples, count, sizeof *samples, compare);
    size_t rank = interval_rank(count);
    size_t low = rank > 0 ? rank - 1 : 0;
    return (struct swapci_spread){.median = (samples[(count - 1) / 2] + samples[count / 2]) / 2,
                                  .min = samples[0],
                                  .max = samples[count - 1],
                                  .low = samples[low],
                                  .high = samples[count - 1 - low]};
}

struct swapci_spread swapci_spread_copy(const double *samples, size_t count) {
    double *copy = count > 0 ? malloc(count * sizeof *copy) : NULL;
    if (!copy) return (struct swapci_spread){.median = 0};
    memcpy(copy, samples, count * sizeof *copy);
    struct swapci_spread spread = swapci_spread_of(copy, count);
    free(copy);
    return spread;
}

double swapci_quantile(const double *sorted, size_t count, double part) {
    return sorted[(size_t)((double)(count - 1) * part + 0.5)];
}
