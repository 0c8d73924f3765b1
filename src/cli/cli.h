/* cli.h - what all subcommands of `swapc` share.
 *
 * A subcommand is one file with one function (argc, argv) -> exit status, listed in main.c.
 * stdout carries results only; sentences for people go to stderr.
 *
 * Threads: the main thread's, except the log and console callbacks.
 */
#ifndef SWAPCI_CLI_H
#define SWAPCI_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "swapc/swapc.h"
#include "usage.h"

int swapci_cmd_call(int argc, char **argv);
int swapci_cmd_inspect(int argc, char **argv);
int swapci_cmd_run(int argc, char **argv);
int swapci_cmd_signer(int argc, char **argv);
int swapci_cmd_verifier(int argc, char **argv);
int swapci_cmd_process(int argc, char **argv);
int swapci_cmd_generate(int argc, char **argv);
int swapci_cmd_bench(int argc, char **argv);
int swapci_cmd_conformance(int argc, char **argv);
int swapci_cmd_module(int argc, char **argv);
int swapci_cmd_status(int argc, char **argv);
int swapci_cmd_dashboard(int argc, char **argv);
int swapci_cmd_dead(int argc, char **argv);
int swapci_cmd_help(int argc, char **argv);
int swapci_cmd_completions(int argc, char **argv);
int swapci_cmd_check_config(int argc, char **argv);
int swapci_cmd_version(int argc, char **argv);

#define SWAPCI_REDIS_WHAT "a server's URL, redis://HOST:PORT; or $SWAPC_REDIS"

/* Says so when no engine has this name, or it is not in this build. Returns -1 when all is well, else
 * SWAPCI_EXIT_USAGE. */
int swapci_cli_engine(const char *command, const char *engine);

/* Prints "COMMAND: sentence [STATUS]" of an error, a limit by the command's own option; returns SWAPCI_EXIT_FAILED, or SWAPCI_EXIT_USAGE
 * for what was given wrongly or is not built in (NO_ENGINE, INVALID). */
int swapci_cli_fail(const char *command, const swapc_error *error);

/* The option that says how long compiling a module may be estimated to take; 0 in target: the default. */
#define SWAPCI_COMPILE_MAX_ROW(target)                                                             \
    {"compile-max",                                                                                \
     SWAPCI_OPTION_COUNT,                                                                          \
     target,                                                                                       \
     "MS",                                                                                         \
     "take modules estimated to compile that long, unoptimised if need be (default 2500)",         \
     0,                                                                                            \
     1,                                                                                            \
     UINT32_MAX}

/* As a command: what a process answers to who asks it from outside. */
#define SWAPCI_CLI_REMOTE "control"

/* The same sentence with the options of the command in place of the library's words. */
void swapci_cli_name_options(const char *command, const char *text, char *out, size_t size);

/* A log sink on stderr: lines of logfmt (level=warn source=ring msg="..."), or one JSON object a line with the
 * same keys (--log-format json), from warnings on, or from $SWAPC_LOG (error, warn, info, debug) on. */
swapc_log swapci_cli_log(void);

/* The same, from info on unless $SWAPC_LOG says otherwise: for services, whose log is all they say. */
swapc_log swapci_cli_service_log(void);

/* A console sink on stderr, tagged with module and generation. */
void swapci_cli_console(const char *module, uint64_t generation, swapc_bytes line, void *user);

/* The path of what is shipped beside the program: ../share/swapc/NAME. Returns SWAPC_OK, NOT_FOUND. */
enum swapc_status swapci_cli_share_path(const char *name, char *out, size_t size,
                                        swapc_error *error);

/* Resolves a module's name: one without '/' and '.' is a shipped bundle ($SWAPC_MODULES, or
 * ../share/swapc/modules beside the program), else a path. Returns SWAPC_OK, or NOT_FOUND. */
enum swapc_status swapci_cli_module_path(const char *name, char *out, size_t size,
                                         swapc_error *error);

/* The path that a command writes to: name as it stands, and never a shipped bundle. Returns SWAPC_OK with
 * *out borrowed from name, or NOT_FOUND. */
enum swapc_status swapci_cli_own_path(const char *name, const char **out, swapc_error *error);

enum { SWAPCI_CLI_READ_MAX = 1 << 30 }; /* as module.c's limit of a payload */

/* Reads a whole file, or stdin for "-". The caller frees *out. Returns SWAPC_OK, IO, NO_MEMORY, TOO_LARGE (more than
 * SWAPCI_CLI_READ_MAX). */
enum swapc_status swapci_cli_read(const char *path, uint8_t **out, size_t *len, swapc_error *error);

/* Says before the work whether its result can be written to path (NULL and "-": always). What is there
 * is left as it is, and nothing is left where nothing was. Returns SWAPC_OK or IO. */
enum swapc_status swapci_cli_json_check(const char *path, swapc_error *error);

/* Writes document (stolen) as indented JSON and a newline to the file, whole or not at all (json_file.h), or stdout for "-".
 * Returns SWAPC_OK or IO. */
enum swapc_status swapci_cli_write_json(const char *path, json_t *document, swapc_error *error);

#endif
