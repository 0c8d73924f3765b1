#include <unistd.h>

#include "cli.h"
#include "engines.h"
#include "options.h"
#include "progress.h"

static const char command[] = "swapc bench";

static void draw(unsigned done, unsigned total, void *user) {
    swapci_progress_draw(user, done, total);
}

static int bench_engines(unsigned rounds, unsigned requests, const char *json,
                         const char *progress_mode) {
    char schnorr[4096], ecdsa[4096];
    struct swapci_progress progress;
    struct swapci_bench_report report;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_cli_module_path("schnorr", schnorr, sizeof schnorr, &error);
    if (status == SWAPC_OK)
        status = swapci_cli_module_path("ecdsa", ecdsa, sizeof ecdsa, &error);
    swapci_progress_init(&progress, progress_mode);
    struct swapci_bench_config config = {.schnorr_path = schnorr,
                                         .ecdsa_path = ecdsa,
                                         .rounds = rounds,
                                         .requests = requests,
                                         .log = swapci_cli_log(),
                                         .progress = draw,
                                         .progress_user = &progress};
    if (status == SWAPC_OK)
        status = swapci_bench_engines(&config, &report, &error);
    swapci_progress_end(&progress);
    if (status != SWAPC_OK)
        return swapci_cli_fail(command, &error);
    swapci_bench_print(&report, json && strcmp(json, "-") == 0 ? stderr : stdout);
    if (json && swapci_cli_write_json(json, swapci_bench_json(&report), &error) != SWAPC_OK)
        return swapci_cli_fail(command, &error);
    return SWAPCI_EXIT_OK;
}

int swapci_cmd_bench(int argc, char **argv) {
    static const char *const progress_choices[] = {"auto", "off", NULL};
    const char *json = NULL, *progress = "auto";
    uint64_t rounds = 21, requests = 64;
    const struct swapci_option rows[] = {
        {"rounds", SWAPCI_OPTION_COUNT, &rounds, "N", "interleaved rounds (default 21)", 0, 1, 10000},
        {"requests", SWAPCI_OPTION_COUNT, &requests, "N", "calls of each contender in a round (default 64)", 0, 1, 100000},
        {"json", SWAPCI_OPTION_STRING, &json, "FILE|-", "write the figures as one JSON document", 0, 0, 0},
        {"progress", SWAPCI_OPTION_CHOICE, &progress, "HOW", "progress line on a terminal (default auto)", progress_choices, 0, 0},
    };
    const struct swapci_options options = {
        command, "engines",
        "Measures one whole waPC call on each engine, flavour and method, against native code.\n"
        "(swap, calls, pipeline and single are not built yet.)",
        rows, sizeof rows / sizeof *rows, 1, 1, "swapc bench engines --rounds 21 --json figures.json"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with >= 0)
        return stop_with;
    const char *what = argv[first];
    if (strcmp(what, "swap") == 0 || strcmp(what, "calls") == 0 || strcmp(what, "pipeline") == 0 ||
        strcmp(what, "single") == 0)
        return swapci_cli_usage(command, "bench %s is not built yet; bench engines is", what);
    if (strcmp(what, "engines") != 0)
        return swapci_cli_usage(command, "no benchmark is called \"%s\"; there is: engines", what);
    return bench_engines((unsigned)rounds, (unsigned)requests, json, progress);
}
