/* usage.h - how a command ends, and the sentence for who gave it something wrong.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_USAGE_H
#define SWAPCI_USAGE_H

enum {
    SWAPCI_EXIT_OK = 0,
    SWAPCI_EXIT_FAILED = 1,
    SWAPCI_EXIT_USAGE = 2,
    SWAPCI_EXIT_INTERRUPTED = 130
};

/* Prints "COMMAND: sentence" and where the help is; returns SWAPCI_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int swapci_cli_usage(const char *command, const char *format,
                                                           ...);

#endif
