/* log_limit.h - keeps what comes and goes from filling a log: some lines in a minute, and then one
 * for what lasts.
 *
 * Threads: one at a time per limit. Ownership: the caller's storage, zeroed. Nothing fails.
 */
#ifndef SWAPCI_LOG_LIMIT_H
#define SWAPCI_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SWAPCI_LOG_LIMIT_LINES = 6,       /* in … */
    SWAPCI_LOG_LIMIT_MS = 60000,      /* … this time */
    SWAPCI_LOG_LIMIT_LASTS_MS = 5000, /* what is so for so long is told all the same */
    SWAPCI_LOG_LIMIT_MORE = 64
};

typedef struct swapci_log_limit {
    uint64_t since_ns; /* when the lines that are counted began; 0: never */
    unsigned lines;
    unsigned left_out; /* since the last line */
} swapci_log_limit;

/* Whether one more line may be written at now_ns; what has been so since since_ns for long may
 * always. One that may not is counted as left out. */
bool swapci_log_limit_may(swapci_log_limit *limit, uint64_t now_ns, uint64_t since_ns);

/* How many lines were left out since this was last asked: to be told with one that may be
 * written. */
unsigned swapci_log_limit_left_out(swapci_log_limit *limit);

/* The same as the end of that line: " (and N times before, …)", or "" where none were. Returns
 * out. */
const char *swapci_log_limit_more(swapci_log_limit *limit, char out[SWAPCI_LOG_LIMIT_MORE]);

#endif
