/* What is shared: the flags of signals.h. */
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "cli.h"
#include "front.h"
#include "pipeline_options.h"
#include "redis.h"
#include "rpc_address.h"
#include "signals.h"

static const char command[] = "swapc dashboard";

/* Before a forced end. */
static void remove_socket(void *path) {
    unlink(path);
}

static enum swapc_status serve(const char *http, const char *const *addresses, size_t count,
                               swapc_error *error) {
    const swapci_front_config config = {.address = http,
                                        .role = "dashboard",
                                        .log = swapci_cli_service_log(),
                                        .remotes = addresses,
                                        .remote_count = count};
    const swapci_front_health health = {.serving = true, .redis_up = true, .peer_up = true};
    char socket[SWAPCI_RPC_PATH_MAX + 1] = "";
    swapci_front *front = NULL;
    swapci_signals_making();
    enum swapc_status status = swapci_front_start(&config, &front, error);
    if (status == SWAPC_OK && swapci_front_socket(front)) {
        snprintf(socket, sizeof socket, "%s", swapci_front_socket(front));
        swapci_signals_leftover(remove_socket, socket);
    }
    swapci_signals_made();
    if (status != SWAPC_OK) return status;
    swapci_signals_working(SWAPCI_SIGNALS_FORCE_MS);
    swapci_front_tell(front, &health);
    printf("the page is at %s%s%s\n", *socket ? "" : "http://", swapci_front_address(front),
           *socket ? "" : "/");
    fflush(stdout);
    while (swapci_redis_sleep(&swapci_signals_stop, 1000, NULL) == SWAPC_OK);
    swapci_front_stop(front);
    if (*socket) swapci_signals_leftover_gone(socket);
    return SWAPC_OK;
}

/* Out: *count. Returns -1, or the exit status. */
static int gather(const char *first, int argc, char **argv, const char **addresses, size_t *count) {
    if (!first) return swapci_cli_usage(command, "--connect ADDR is required");
    addresses[(*count)++] = first;
    for (int i = 0; i < argc && *count < SWAPCI_REMOTES_MAX; i++) addresses[(*count)++] = argv[i];
    for (size_t i = 0; i < *count; i++) {
        swapci_rpc_address parsed; /* a process that is not there yet may come */
        swapc_error error = SWAPC_ERROR_INIT;
        if (swapci_rpc_address_parse(addresses[i], &parsed, &error) != SWAPC_OK)
            return swapci_cli_fail(command, &error);
    }
    return -1;
}

int swapci_cmd_dashboard(int argc, char **argv) {
    const char *connect = NULL, *http = "127.0.0.1:0", *addresses[SWAPCI_REMOTES_MAX];
    size_t count = 0;
    const struct swapci_option rows[] = {
        {"connect", SWAPCI_OPTION_STRING, &connect, "ADDR",
         "the --http of a process, unix:PATH or HOST:PORT (required)", 0, 0, 0},
        {"http", SWAPCI_OPTION_STRING, &http, "ADDR",
         "where the page is (default: a free port of this machine)", 0, 0, 0},
    };
    const struct swapci_options options = {
        command,
        "[ADDR...]",
        "Shows several running processes on one page. It needs no rights of its own: what is done "
        "on\n"
        "the page is handed on to the process it is meant for, with the token given to the page.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        SWAPCI_REMOTES_MAX - 1,
        "swapc dashboard --connect unix:/run/signer.http 127.0.0.1:9464"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with < 0) stop_with = gather(connect, argc - first, argv + first, addresses, &count);
    if (stop_with < 0) stop_with = swapci_http_check(command, http, NULL);
    if (stop_with >= 0) return stop_with;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_signals_handle(SWAPCI_EXIT_OK);
    enum swapc_status status = serve(http, addresses, count, &error);
    return status == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail(command, &error);
}
