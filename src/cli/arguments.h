/* arguments.h - declared command-line options: one row an option, the help text made from the rows.
 *
 * Every option is long ("--name VALUE" or "--name=VALUE"); getopt_long reads them. A wrong value is
 * answered by one sentence that names the option, the value and what is accepted.
 *
 * Threads: called by the main thread, before others exist.
 * Ownership: targets are the caller's; strings stored in them point into argv.
 */
#ifndef SWAPCI_ARGUMENTS_H
#define SWAPCI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum swapci_option_kind {
    SWAPCI_OPTION_STRING,   /* const char ** */
    SWAPCI_OPTION_CHOICE,   /* const char **, one of choices (NULL-ended) */
    SWAPCI_OPTION_COUNT,    /* uint64_t *, min to max; also 10k, 1M */
    SWAPCI_OPTION_FRACTION, /* double *, 0 to 1 */
    SWAPCI_OPTION_FLAG      /* bool * */
};

struct swapci_option {
    const char *name;
    enum swapci_option_kind kind;
    void *target;
    const char *meta; /* "N", "FILE"; NULL for a flag */
    const char *help; /* one line, with the default */
    const char *const *choices;
    uint64_t min, max; /* of a count; max 0: no maximum */
};

struct swapci_options {
    const char *command;   /* "swapc call" */
    const char *arguments; /* "BUNDLE|FILE OPERATION", or "" */
    const char *summary;   /* what the command does, one sentence */
    const struct swapci_option *rows;
    size_t count;
    int positional_min, positional_max;
    const char *example; /* a whole command line that works */
};

/* Reads argv[1..]. Returns -1 to go on, with *first the index of the first positional argument in
 * argv (which is permuted); else the exit status to end with: 0 after --help, 2 after a mistake. */
int swapci_options_parse(const struct swapci_options *options, int argc, char **argv, int *first);

/* Reads a count with an optional suffix k or M. Returns false when it is none or out of range. */
bool swapci_count_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);

#endif
