/* commands.h - the commands of `swapc`, and those under them: one table a level, for dispatch, help,
 * "did you mean", completions and whatever else goes through all of them.
 *
 * Threads: the main thread's. Ownership: constants.
 */
#ifndef SWAPCI_COMMANDS_H
#define SWAPCI_COMMANDS_H

#include "arguments.h"

/* What SIGINT, SIGTERM and SIGHUP do to a command before it handles them itself. */
enum swapci_command_end {
    SWAPCI_ENDS_BY_SIGNAL,   /* it never handles them */
    SWAPCI_ENDS_INTERRUPTED, /* status 130 */
    SWAPCI_ENDS_CLEAN,       /* 0: it serves until then */
    SWAPCI_ENDS_WATCH        /* 0 where it has --watch, else as without handling */
};

struct swapci_command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
    const struct swapci_command *sub; /* ends with a row without a name; NULL: none */
    enum swapci_command_end end;
};

/* End with a row without a name. */
extern const struct swapci_command swapci_commands[];
extern const struct swapci_command swapci_module_commands[];

/* Runs the command that words begin with; of: "swapc", "swapc module". Says so when there is none. */
int swapci_commands_run(const struct swapci_command *table, const char *of, int argc, char **argv);

/* Prints the rows, then an empty line. */
void swapci_commands_list(const struct swapci_command *table);

/* Shows see the options of every command that does something itself, in the tables' order. */
void swapci_commands_each(swapci_options_see see, void *user);

#endif
