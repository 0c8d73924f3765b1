/* arguments.h - declared command-line options: one row an option. Parsing, the help text, the keys of
 * swapc.toml, the variables of the environment (settings.h), completions and the options' part of the
 * manual pages all come from the rows.
 *
 * Every option is long ("--name VALUE" or "--name=VALUE"); getopt_long reads them. A wrong value is
 * answered by one sentence that names the option (or the line, or the variable), the value and what is
 * accepted. The command line goes before the environment, that before the file, that before the default.
 *
 * A command builds its rows, calls swapci_options_parse before anything else, and returns when it says
 * so: that is how swapci_options_observe looks at the tables of commands without running them.
 *
 * Threads: called by the main thread, before others exist.
 * Ownership: targets are the caller's; strings stored in them point into argv, into the environment, or
 *     into what was read of the file, which stays.
 */
#ifndef SWAPCI_ARGUMENTS_H
#define SWAPCI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum swapci_option_kind {
    SWAPCI_OPTION_STRING,   /* const char ** */
    SWAPCI_OPTION_CHOICE,   /* const char **, one of choices (NULL-ended) */
    SWAPCI_OPTION_COUNT,    /* uint64_t *, min to max; also 10k, 1M */
    SWAPCI_OPTION_FRACTION, /* double *, 0 to 1 */
    SWAPCI_OPTION_OPTIONAL, /* uint64_t *, as a count; --name alone is min, a value stands after "=" */
    SWAPCI_OPTION_FLAG,     /* bool * */
    SWAPCI_OPTION_ACT       /* bool *: a flag for this time, which no file and no variable sets */
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

enum { SWAPCI_OPTIONS_MAX = 48 };

/* The rows that every command has; NULL-ended by name. Their targets are this file's own. */
extern const struct swapci_option swapci_options_common[];

static inline bool swapci_option_is_flag(const struct swapci_option *row) {
    return row->kind == SWAPCI_OPTION_FLAG || row->kind == SWAPCI_OPTION_ACT;
}

/* Reads argv[1..], the environment and the settings file. Returns -1 to go on, with *first the index of
 * the first positional argument in argv (which is permuted); else the exit status to end with: 0 after
 * --help, 2 after a mistake. */
int swapci_options_parse(const struct swapci_options *options, int argc, char **argv, int *first);

/* While see is set, swapci_options_parse hands the command's options to it and returns 0. */
typedef void (*swapci_options_see)(const struct swapci_options *options, void *user);

/* Shows see each command's options, by running the commands while they are observed. main sets it; NULL:
 * no other command is known, and so no table of one. */
extern void (*swapci_options_each)(swapci_options_see see, void *user);

/* Runs run(user) while parsing shows options to see. */
void swapci_options_observe(swapci_options_see see, void *user, int (*run)(int argc, char **argv),
                            const char *name);

/* Sets the targets of rows to what file and environment say, by swapci_settings_now. skip[i]: row i is
 * only looked at, as the command line has set it. Returns -1, or SWAPCI_EXIT_USAGE after a sentence. */
int swapci_options_apply(const struct swapci_options *options, const bool *skip);

/* Reads a count with an optional suffix k or M. Returns false when it is none or out of range. */
bool swapci_count_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Whether the log is asked for as JSON (--log-format). */
bool swapci_options_log_json(void);

/* What --help prints. */
void swapci_options_help(const struct swapci_options *options, FILE *to);

/* "a|b|c", or nothing. */
void swapci_options_choices(const struct swapci_option *row, FILE *to);

#endif
