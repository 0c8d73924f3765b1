/* settings.h - options that are set by a file, swapc.toml, and by the environment.
 *
 *     redis = "redis://127.0.0.1:6379"     # at the top: for every command that has this option
 *     [verifier]                           # a table a command: its options by their names, without --
 *     workers = 4                          # "swapc module swap" is [module-swap]
 *
 * At the top stand only the options that mean the same everywhere (shared, below); in its table an option
 * goes before that. In the environment a shared option is $SWAPC_NAME, and any is $SWAPC_COMMAND_NAME, which
 * goes first (SWAPC_VERIFIER_WORKERS, SWAPC_MODULE_SWAP_TARGET); an empty variable is none.
 *
 * The file is the one that --config names, else $SWAPC_CONFIG (set and empty: none), else
 * /etc/swapc/swapc.toml when it is there. None is taken from the working directory: it may be a stranger's. A key that no command has is an error.
 *
 * Threads: the main thread's.
 * Ownership: what was read stays until the process ends, or another text is taken.
 */
#ifndef SWAPCI_SETTINGS_H
#define SWAPCI_SETTINGS_H

#include "arguments.h"
#include "swapc/bytes.h"
#include "swapc/error.h"

#define SWAPCI_SETTINGS_SYSTEM "/etc/swapc/swapc.toml"
#define SWAPCI_SETTINGS_VARIABLE "SWAPC_CONFIG"

enum { SWAPCI_SETTINGS_NAME_MAX = 128, SWAPCI_SETTINGS_FILE_MAX = 262144 };

struct swapci_setting {
    const char *text;
    char origin[4200]; /* "PATH line N", "$SWAPC_WORKERS" */
    bool string,
        number; /* how it stands in the file; neither: true or false, or of the environment */
    bool file;
};

/* Reads the file that is to be used: given (of --config; NULL: not given; "": none), the variable, the
 * system's; once a process, later calls give the same. Returns SWAPC_OK, IO when a file that was named cannot
 * be read, BUNDLE when it says what cannot be taken, NO_MEMORY. */
enum swapc_status swapci_settings_open(const char *given, swapc_error *error);

/* Takes text as that file's content, in place of what was read before, whose texts are freed. Returns as
 * above; after failure what came before the mistake is taken. */
enum swapc_status swapci_settings_take(swapc_bytes text, const char *path, swapc_error *error);

/* The path of what was read; NULL: no file. */
const char *swapci_settings_path(void);

/* Whether the option can be set by file and environment. */
bool swapci_settings_settable(const struct swapci_option *row);

/* Fills out with what the file (or else the environment) says of an option of a command ("swapc run").
 * Returns false when it says nothing. */
bool swapci_settings_of_file(const char *command, const char *name, struct swapci_setting *out);
bool swapci_settings_of_environment(const char *command, const char *name,
                                    struct swapci_setting *out);

/* Whether the option is one that is set for all commands at once, and this command takes it from there. */
bool swapci_settings_shared(const char *command, const char *name);

/* "swapc module swap" as its table is called, "module-swap". Returns out. */
const char *swapci_settings_table(const char *command, char out[SWAPCI_SETTINGS_NAME_MAX]);

/* The variable of an option of a command, or of all (command NULL). Returns out. */
const char *swapci_settings_variable(const char *command, const char *name,
                                     char out[SWAPCI_SETTINGS_NAME_MAX]);

/* Takes all that sets options out of the environment, so that swapc's own children are what their command
 * lines say, and nothing else. Before other threads exist. */
void swapci_settings_forget(void);

#endif
