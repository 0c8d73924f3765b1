#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "arguments.h"
#include "remote.h"

static void print_count(const char *name, uint64_t value) {
    printf("  %-12s %llu\n", name, (unsigned long long)value);
}

static void print_modules(const swapci_control_modules *modules) {
    for (size_t i = 0; i < modules->count; i++)
        printf("  %-12s %s %s (%s %s), generation %llu, sha256 %.16s\n", modules->rows[i].slot,
               modules->rows[i].name, modules->rows[i].version, modules->rows[i].engine,
               modules->rows[i].flavour, (unsigned long long)modules->rows[i].generation,
               modules->rows[i].digest);
}

static void print_status(const swapci_control_status *status) {
    printf("%s %s, process %u, %s for %.1f s\n", status->role, status->version, status->pid,
           status->state, (double)status->uptime_ms / 1000);
    printf("  %-12s %s%s%s\n", "serving", status->serving ? "yes" : "no",
           status->reason[0] ? ": " : "", status->reason);
    printf("  %-12s %s\n", "Redis", status->redis_up ? "answers" : "does not answer");
    printf("  %-12s %s\n", "peer", status->peer_up ? "there" : "not there");
    printf("  %-12s %.1f messages/s\n", "rate", status->rate_per_s);
    print_count("waiting", status->waiting);
    print_count("in flight", status->in_flight);
    if (strcmp(status->role, "verifier") == 0) {
        print_count("valid", status->valid);
        print_count("not valid", status->not_valid);
        print_count("errors", status->errors);
        if (status->errors > 0) printf("  %-12s %s\n", "last error", status->last_error);
    }
    for (size_t i = 0; i < status->counter_count; i++)
        print_count(status->counters[i].name, status->counters[i].value);
}

static json_t *status_json(const swapci_control_status *status,
                           const swapci_control_modules *modules) {
    json_t *counters = json_object(), *rows = json_array();
    for (size_t i = 0; i < status->counter_count; i++)
        json_object_set_new(counters, status->counters[i].name,
                            json_integer((json_int_t)status->counters[i].value));
    for (size_t i = 0; i < modules->count; i++)
        json_array_append_new(rows, swapci_remote_module_json(&modules->rows[i]));
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:o, s:b, s:s, s:b, s:b, s:f, s:o}", "role", status->role,
        "version", status->version, "state", status->state, "pid", (json_int_t)status->pid,
        "uptime_ms", (json_int_t)status->uptime_ms, "counters", counters, "serving",
        (int)status->serving, "reason", status->reason, "redis_up", (int)status->redis_up,
        "peer_up", (int)status->peer_up, "rate_per_s", status->rate_per_s, "modules", rows);
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"valid", status->valid},
                  {"not_valid", status->not_valid},
                  {"errors", status->errors},
                  {"waiting", status->waiting},
                  {"in_flight", status->in_flight}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(document, counts[i].name, json_integer((json_int_t)counts[i].value));
    json_object_set_new(document, "last_error", json_string(status->last_error));
    return document;
}

/* Asks first and drains then: a service that has nothing to finish is gone before it could answer. */
static enum swapc_status fetch(swapci_rpc_client *client, bool drain, swapci_control_status *out,
                               swapci_control_modules *modules, swapc_error *error) {
    enum swapc_status status = swapci_control_client_status(client, SWAPCI_REMOTE_MS, out, error);
    if (status == SWAPC_OK)
        status = swapci_control_client_list(client, SWAPCI_REMOTE_MS, modules, error);
    if (status != SWAPC_OK || !drain) return status;
    snprintf(out->state, sizeof out->state, "draining");
    return swapci_control_client_drain(client, SWAPCI_REMOTE_MS, error);
}

/* Out: *serving, which who has asked for a drain does not expect. */
static enum swapc_status ask(const char *address, const swapci_rpc_tls *tls, bool drain,
                             const char *json, bool *serving, swapc_error *error) {
    swapci_rpc_client *client = NULL;
    swapci_control_status got;
    swapci_control_modules *modules = calloc(1, sizeof *modules);
    if (!modules) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a status");
    enum swapc_status status = swapci_remote_open(address, tls, &client, error);
    if (status == SWAPC_OK) status = fetch(client, drain, &got, modules, error);
    swapci_remote_close(client);
    if (status == SWAPC_OK) {
        *serving = got.serving || drain;
        if (json) {
            status = swapci_cli_write_json(json, status_json(&got, modules), error);
        } else {
            print_status(&got);
            print_modules(modules);
        }
    }
    free(modules);
    return status;
}

int swapci_cmd_status(int argc, char **argv) {
    const char *json = NULL;
    bool drain = false;
    swapci_rpc_tls tls = {0};
    const struct swapci_option rows[] = {
        {"drain", SWAPCI_OPTION_ACT, &drain, NULL, "have it finish what it has, and end", 0, 0, 0},
        {"json", SWAPCI_OPTION_STRING, &json, "FILE|-", "write the answer as one JSON document", 0,
         0, 0},
        SWAPCI_REMOTE_TLS_ROWS(tls),
    };
    const struct swapci_options options = {"swapc status",
                                           "ADDR",
                                           "Asks a running signer or verifier how it is. ADDR is "
                                           "its --listen: unix:PATH or HOST:PORT.\n"
                                           "Exit status 1 when it is not serving, and then it says "
                                           "why, or does not answer.",
                                           rows,
                                           sizeof rows / sizeof *rows,
                                           1,
                                           1,
                                           "swapc status unix:/run/verifier.sock"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    swapc_error error = SWAPC_ERROR_INIT;
    bool serving = false;
    if (ask(argv[first], &tls, drain, json, &serving, &error) != SWAPC_OK)
        return swapci_cli_fail(options.command, &error);
    return serving ? SWAPCI_EXIT_OK : SWAPCI_EXIT_FAILED;
}
