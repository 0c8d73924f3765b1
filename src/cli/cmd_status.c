#include "cli.h"
#include "arguments.h"
#include "remote.h"

static void print_status(const swapci_control_status *status) {
    printf("%s %s, process %u, %s for %.1f s\n", status->role, status->version, status->pid,
           status->state, (double)status->uptime_ms / 1000);
    for (size_t i = 0; i < status->counter_count; i++)
        printf("  %-12s %llu\n", status->counters[i].name,
               (unsigned long long)status->counters[i].value);
}

static json_t *status_json(const swapci_control_status *status) {
    json_t *counters = json_object();
    for (size_t i = 0; i < status->counter_count; i++)
        json_object_set_new(counters, status->counters[i].name,
                            json_integer((json_int_t)status->counters[i].value));
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "role", status->role, "version",
                     status->version, "state", status->state, "pid", (json_int_t)status->pid,
                     "uptime_ms", (json_int_t)status->uptime_ms, "counters", counters);
}

static enum swapc_status ask(const char *address, bool drain, const char *json,
                             swapc_error *error) {
    swapci_rpc_client *client = NULL;
    swapci_control_status got;
    enum swapc_status status = swapci_remote_open(address, &client, error);
    if (status == SWAPC_OK && drain)
        status = swapci_control_client_drain(client, SWAPCI_REMOTE_MS, error);
    if (status == SWAPC_OK)
        status = swapci_control_client_status(client, SWAPCI_REMOTE_MS, &got, error);
    swapci_remote_close(client);
    if (status != SWAPC_OK) return status;
    if (json) return swapci_cli_write_json(json, status_json(&got), error);
    print_status(&got);
    return SWAPC_OK;
}

int swapci_cmd_status(int argc, char **argv) {
    const char *json = NULL;
    bool drain = false;
    const struct swapci_option rows[] = {
        {"drain", SWAPCI_OPTION_FLAG, &drain, NULL, "have it finish what it has, and end", 0, 0, 0},
        {"json", SWAPCI_OPTION_STRING, &json, "FILE|-", "write the answer as one JSON document", 0,
         0, 0},
    };
    const struct swapci_options options = {"swapc status",
                                           "ADDR",
                                           "Asks a running signer or verifier how it is. ADDR is "
                                           "its --listen: unix:PATH or HOST:PORT.",
                                           rows,
                                           sizeof rows / sizeof *rows,
                                           1,
                                           1,
                                           "swapc status unix:/run/verifier.sock"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    swapc_error error = SWAPC_ERROR_INIT;
    return ask(argv[first], drain, json, &error) == SWAPC_OK
               ? SWAPCI_EXIT_OK
               : swapci_cli_fail(options.command, &error);
}
