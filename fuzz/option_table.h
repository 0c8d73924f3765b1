/* option_table.h - a command with one option of each kind, for the targets that read words and
 * settings.
 *
 * Threads: libFuzzer calls from one thread.
 */
#ifndef SWAPCI_FUZZ_OPTION_TABLE_H
#define SWAPCI_FUZZ_OPTION_TABLE_H

#include "arguments.h"

struct fuzz_values {
    const char *text, *choice;
    uint64_t count, optional;
    double fraction;
    bool flag, act;
};

/* Reads the words of a command line: `swapc fuzz`, which takes one or two arguments. Returns what
 * swapci_options_parse does, with v filled in. */
int fuzz_options_parse(int argc, char **argv, struct fuzz_values *v, int *first);

/* What must hold of v after it was read without a mistake. */
void fuzz_options_check(const struct fuzz_values *v);

#endif
