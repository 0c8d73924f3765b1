#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "cli.h"
#include "cmd_module.h"
#include "arguments.h"
#include "remote.h"

struct remote_job {
    const char *target, *json, *state_dir;
    swapci_rpc_tls tls;
};

#define TARGET_ROW(job)                                                                            \
    {"target",                                                                                     \
     SWAPCI_OPTION_STRING,                                                                         \
     &(job).target,                                                                                \
     "ADDR",                                                                                       \
     "the process: its --listen, unix:PATH or HOST:PORT",                                          \
     0,                                                                                            \
     0,                                                                                            \
     0}
#define JSON_ROW(job)                                                                              \
    {"json",                                                                                       \
     SWAPCI_OPTION_STRING,                                                                         \
     &(job).json,                                                                                  \
     "FILE|-",                                                                                     \
     "write the answer as one JSON document",                                                      \
     0,                                                                                            \
     0,                                                                                            \
     0}

static int need_target(const struct remote_job *job, const char *command) {
    const struct swapci_required required = {"--target", job->target,
                                             "the --listen of a running verifier"};
    return swapci_cli_required(command, &required, 1);
}

/* A command that asks the process at --target: `act` gets what stands behind the options. */
static int ask_target(const struct swapci_options *options, const struct remote_job *job, int argc,
                      char **argv,
                      enum swapc_status (*act)(const struct remote_job *job, char **arguments,
                                               swapc_error *error)) {
    int first;
    int stop = swapci_options_parse(options, argc, argv, &first);
    if (stop < 0) stop = need_target(job, options->command);
    if (stop >= 0) return stop;
    swapc_error error = SWAPC_ERROR_INIT;
    return act(job, argv + first, &error) == SWAPC_OK ? SWAPCI_EXIT_OK
                                                      : swapci_cli_fail(options->command, &error);
}

static void print_module(const swapci_control_module *m) {
    printf("%-10s generation %llu  %s %s  %s %s%s  sha256 %.16s...  %s\n", m->slot,
           (unsigned long long)m->generation, m->name, m->version, m->engine, m->flavour,
           swapci_control_unoptimised(m), m->digest, m->path);
}

static enum swapc_status show_module(const struct remote_job *job, const swapci_control_module *m,
                                     swapc_error *error) {
    if (job->json) return swapci_cli_write_json(job->json, swapci_remote_module_json(m), error);
    print_module(m);
    return SWAPC_OK;
}

/* ---- list ------------------------------------------------------------------------------------- */

static enum swapc_status show_list(const struct remote_job *job,
                                   const swapci_control_modules *modules, swapc_error *error) {
    json_t *rows = json_array();
    for (size_t i = 0; i < modules->count; i++) {
        json_array_append_new(rows, swapci_remote_module_json(&modules->rows[i]));
        if (!job->json) print_module(&modules->rows[i]);
    }
    if (job->json)
        return swapci_cli_write_json(job->json, json_pack("{s:o}", "modules", rows), error);
    json_decref(rows);
    return SWAPC_OK;
}

static enum swapc_status list(const struct remote_job *job, char **arguments, swapc_error *error) {
    (void)arguments;
    swapci_rpc_client *client = NULL;
    swapci_control_modules *modules = calloc(1, sizeof *modules);
    if (!modules) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the list");
    enum swapc_status status = swapci_remote_open(job->target, &job->tls, &client, error);
    if (status == SWAPC_OK)
        status = swapci_control_client_list(client, SWAPCI_REMOTE_MS, modules, error);
    swapci_remote_close(client);
    if (status == SWAPC_OK) status = show_list(job, modules, error);
    free(modules);
    return status;
}

int swapci_cmd_module_list(int argc, char **argv) {
    struct remote_job job = {0};
    const struct swapci_option rows[] = {TARGET_ROW(job), JSON_ROW(job),
                                         SWAPCI_REMOTE_TLS_ROWS(job.tls)};
    const struct swapci_options options = {
        "swapc module list",
        "",
        "Shows which module judges in each slot of a running process.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        0,
        "swapc module list --target unix:/run/verifier.sock"};
    return ask_target(&options, &job, argc, argv, list);
}

/* ---- swap ------------------------------------------------------------------------------------- */

/* The process has another working directory: it gets the whole path. */
static enum swapc_status whole_path(const char *bundle, char out[PATH_MAX], swapc_error *error) {
    char path[PATH_MAX];
    enum swapc_status status = swapci_cli_module_path(bundle, path, sizeof path, error);
    if (status == SWAPC_OK && !realpath(path, out))
        status = swapc_error_set_errno(error, SWAPC_NOT_FOUND, errno, "no bundle at %s", path);
    return status;
}

/* SLOT BUNDLE */
static enum swapc_status swap(const struct remote_job *job, char **arguments, swapc_error *error) {
    swapci_rpc_client *client = NULL;
    swapci_control_module module;
    char path[PATH_MAX];
    enum swapc_status status = whole_path(arguments[1], path, error);
    if (status != SWAPC_OK) return status;
    status = swapci_remote_open(job->target, &job->tls, &client, error);
    if (status == SWAPC_OK)
        status = swapci_control_client_swap(client, arguments[0], path, SWAPCI_REMOTE_SWAP_MS,
                                            &module, error);
    swapci_remote_close(client);
    return status == SWAPC_OK ? show_module(job, &module, error) : status;
}

int swapci_cmd_module_swap(int argc, char **argv) {
    struct remote_job job = {0};
    const struct swapci_option rows[] = {TARGET_ROW(job), JSON_ROW(job),
                                         SWAPCI_REMOTE_TLS_ROWS(job.tls)};
    const struct swapci_options options = {
        "swapc module swap",
        "SLOT BUNDLE",
        "Has a running process load a bundle, check it under its own trust policy, self-test it "
        "and\n"
        "publish it in the slot. Calls in flight finish on the old module; a failure changes "
        "nothing.",
        rows,
        sizeof rows / sizeof *rows,
        2,
        2,
        "swapc module swap schnorr ./schnorr-1.2 --target unix:/run/verifier.sock"};
    return ask_target(&options, &job, argc, argv, swap);
}

/* ---- rollback --------------------------------------------------------------------------------- */

static enum swapc_status rollback(const struct remote_job *job, const char *slot,
                                  swapc_error *error) {
    swapci_rpc_client *client = NULL;
    swapci_control_module module;
    enum swapc_status status = swapci_remote_open(job->target, &job->tls, &client, error);
    if (status == SWAPC_OK)
        status = swapci_control_client_rollback(client, slot, SWAPCI_REMOTE_MS, &module, error);
    swapci_remote_close(client);
    return status == SWAPC_OK ? show_module(job, &module, error) : status;
}

static enum swapc_status allow_version(const struct remote_job *job, const char *name,
                                       const char *version, swapc_error *error) {
    swapc_log log = swapci_cli_log();
    enum swapc_status status =
        swapc_trust_allow_version(job->state_dir, name, version, &log, error);
    if (status == SWAPC_OK) printf("%s is admitted from version %s on\n", name, version);
    return status;
}

int swapci_cmd_module_rollback(int argc, char **argv) {
    struct remote_job job = {0};
    const struct swapci_option rows[] = {
        TARGET_ROW(job),
        {"state-dir", SWAPCI_OPTION_STRING, &job.state_dir, "DIR",
         "instead of --target: where admitted versions are remembered", 0, 0, 0},
        JSON_ROW(job),
        SWAPCI_REMOTE_TLS_ROWS(job.tls)};
    const struct swapci_options options = {
        "swapc module rollback",
        "SLOT | NAME VERSION",
        "With --target, has a running process go back to the module before, as a new generation.\n"
        "With --state-dir, admits the bundle NAME from VERSION on again, also a lower one than "
        "before.",
        rows,
        sizeof rows / sizeof *rows,
        1,
        2,
        "swapc module rollback schnorr --target unix:/run/verifier.sock"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    if (!job.target == !job.state_dir || (argc - first == 2) != (job.state_dir != NULL))
        return swapci_cli_usage(options.command,
                                "expected: SLOT --target ADDR, or NAME VERSION --state-dir DIR");
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = job.target
                                   ? rollback(&job, argv[first], &error)
                                   : allow_version(&job, argv[first], argv[first + 1], &error);
    return status == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail(options.command, &error);
}
