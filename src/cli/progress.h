/* progress.h - one line on a terminal that says how far a job is.
 *
 * Written to stderr, only where that is a terminal and the caller wants it.
 * Threads: one at a time. Ownership: plain values.
 */
#ifndef SWAPCI_PROGRESS_H
#define SWAPCI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct swapci_progress {
    bool shown;
    uint64_t started_ns;
};

/* mode: "auto" (a terminal) or "off". */
void swapci_progress_init(struct swapci_progress *progress, const char *mode);

/* Draws done of total (0: unknown) with the rate since init. */
void swapci_progress_draw(const struct swapci_progress *progress, uint64_t done, uint64_t total);

/* Draws how far `what` is, of steps that take about as long each, with the time that is left. */
void swapci_progress_draw_left(const struct swapci_progress *progress, const char *what,
                               uint64_t done, uint64_t total);

/* Wipes the line. */
void swapci_progress_end(const struct swapci_progress *progress);

#endif
