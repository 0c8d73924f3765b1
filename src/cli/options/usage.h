/* usage.h - how a command ends, and the sentence for who gave it something wrong.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_USAGE_H
#define SWAPCI_USAGE_H

#include <stddef.h>

enum {
    SWAPCI_EXIT_OK = 0,
    SWAPCI_EXIT_FAILED = 1,
    SWAPCI_EXIT_USAGE = 2,
    SWAPCI_EXIT_INTERRUPTED = 130
};

/* Prints "COMMAND: sentence" and where the help is; returns SWAPCI_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int swapci_cli_usage(const char *command, const char *format,
                                                           ...);

/* What a command cannot do without. */
struct swapci_required {
    const char *option, *value; /* "--keys", and what was given; NULL: nothing */
    const char *what;           /* what to give, "the signer's FILE.pub" */
};

/* Names all that are missing, in one sentence. Returns -1 when nothing is, else SWAPCI_EXIT_USAGE. */
int swapci_cli_required(const char *command, const struct swapci_required *rows, size_t count);

#endif
