#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

enum { BAR_WIDTH = 30 };

void swapci_progress_init(struct swapci_progress *progress, const char *mode) {
    const char *term = getenv("TERM");
    progress->shown =
        strcmp(mode, "off") != 0 && isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
    progress->started_ns = swapci_clock_monotonic_ns();
}

/* A bar of BAR_WIDTH characters and a NUL. */
static void fill_bar(char *bar, uint64_t done, uint64_t total) {
    uint64_t filled = total ? done * BAR_WIDTH / total : 0;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled > BAR_WIDTH ? BAR_WIDTH : filled);
    bar[BAR_WIDTH] = '\0';
}

void swapci_progress_draw_left(const struct swapci_progress *progress, const char *what,
                               uint64_t done, uint64_t total) {
    char bar[BAR_WIDTH + 1];
    if (!progress->shown) return;
    double seconds = (double)(swapci_clock_monotonic_ns() - progress->started_ns) / 1e9;
    fill_bar(bar, done, total);
    fprintf(stderr, "\r[%s] %s", bar, what);
    if (done > 0 && done <= total)
        fprintf(stderr, "  %.0f s left", seconds * (double)(total - done) / (double)done);
    fputs("\033[K", stderr);
    fflush(stderr);
}

void swapci_progress_draw(const struct swapci_progress *progress, uint64_t done, uint64_t total) {
    char bar[BAR_WIDTH + 1];
    if (!progress->shown) return;
    double seconds = (double)(swapci_clock_monotonic_ns() - progress->started_ns) / 1e9;
    fill_bar(bar, done, total);
    fprintf(stderr, "\r[%s] %" PRIu64 " / %" PRIu64 "  %.0f/s\033[K", bar, done, total,
            seconds > 0 ? (double)done / seconds : 0);
    fflush(stderr);
}

void swapci_progress_end(const struct swapci_progress *progress) {
    if (progress->shown) fprintf(stderr, "\r\033[K");
}
