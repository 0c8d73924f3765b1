#include <stdbool.h>
#include <unistd.h>

#include "calls.h"
#include "cli.h"
#include "engines.h"
#include "options.h"
#include "pipeline_options.h"
#include "progress.h"
#include "swap.h"

static const char command[] = "swapc bench";

static void draw(unsigned done, unsigned total, void *user) {
    swapci_progress_draw(user, done, total);
}

struct bench_options {
    uint64_t rounds, requests, swaps;
    const char *json, *progress, *report;
    bool peers;
};

/* What every benchmark ends with; document is stolen. */
static int finish(enum swapc_status status, const char *json, json_t *document,
                  swapc_error *error) {
    if (status == SWAPC_OK && json) status = swapci_cli_write_json(json, document, error);
    else json_decref(document);
    return status == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail(command, error);
}

/* Tables go where they do not mix with a document on stdout. */
static FILE *table(const struct bench_options *o) {
    return o->json && strcmp(o->json, "-") == 0 ? stderr : stdout;
}

static int bench_engines(const struct bench_options *o) {
    struct swapci_module_paths paths;
    struct swapci_progress progress;
    struct swapci_bench_report report;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status =
        swapci_pipeline_modules(swapci_method_set(SWAPCI_METHOD_RANDOM), &paths, &error);
    swapci_progress_init(&progress, o->progress);
    struct swapci_bench_config config = {.rounds = (unsigned)o->rounds,
                                         .requests = (unsigned)o->requests,
                                         .log = swapci_cli_log(),
                                         .progress = draw,
                                         .progress_user = &progress};
    for (unsigned m = 0; m < swapci_method_count; m++) config.paths[m] = paths.text[m];
    if (status == SWAPC_OK) status = swapci_bench_engines(&config, &report, &error);
    swapci_progress_end(&progress);
    if (status == SWAPC_OK) swapci_bench_print(&report, table(o));
    return finish(status, o->json, status == SWAPC_OK ? swapci_bench_json(&report) : NULL, &error);
}

static int bench_swap(const struct bench_options *o) {
    char module[4096];
    struct swapci_progress progress;
    struct swapci_swap_report report;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status =
        swapci_cli_module_path(swapci_method_table[0]->module, module, sizeof module, &error);
    swapci_progress_init(&progress, o->progress);
    struct swapci_swap_config config = {.module_path = module,
                                        .swaps = (unsigned)o->swaps,
                                        .log = swapci_cli_log(),
                                        .progress = draw,
                                        .progress_user = &progress};
    if (status == SWAPC_OK) status = swapci_bench_swap(&config, &report, &error);
    swapci_progress_end(&progress);
    if (status == SWAPC_OK) swapci_swap_print(&report, table(o));
    return finish(status, o->json, status == SWAPC_OK ? swapci_swap_json(&report) : NULL, &error);
}

static int bench_calls(const struct bench_options *o) {
    char echo[4096];
    struct swapci_progress progress;
    struct swapci_calls_report report;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_cli_module_path("echo", echo, sizeof echo, &error);
    swapci_progress_init(&progress, o->progress);
    struct swapci_calls_config config = {.echo_path = echo,
                                         .rounds = (unsigned)o->rounds,
                                         .log = swapci_cli_log(),
                                         .progress = draw,
                                         .progress_user = &progress};
    if (status == SWAPC_OK) status = swapci_bench_calls(&config, &report, &error);
    swapci_progress_end(&progress);
    if (status == SWAPC_OK) swapci_calls_print(&report, table(o));
    return finish(status, o->json, status == SWAPC_OK ? swapci_calls_json(&report) : NULL, &error);
}

static const struct {
    const char *name;
    int (*run)(const struct bench_options *options); /* NULL: not built yet */
} benches[] = {
    {"engines", bench_engines}, {"swap", bench_swap}, {"calls", bench_calls},
    {"pipeline", NULL},         {"single", NULL},
};

static int bench(const char *name, const struct bench_options *o) {
    swapc_error error = SWAPC_ERROR_INIT;
    for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
        if (strcmp(name, benches[i].name) != 0) continue;
        if (!benches[i].run)
            return swapci_cli_usage(
                command, "bench %s is not built yet; bench engines, swap and calls are", name);
        return swapci_cli_json_check(o->json, &error) == SWAPC_OK
                   ? benches[i].run(o)
                   : swapci_cli_fail(command, &error);
    }
    return swapci_cli_usage(command,
                            "no benchmark is called \"%s\"; there are: engines, swap, calls", name);
}

int swapci_cmd_bench(int argc, char **argv) {
    static const char *const progress_choices[] = {"auto", "off", NULL};
    struct bench_options o = {.rounds = 21, .requests = 64, .swaps = 2000, .progress = "auto"};
    const struct swapci_option rows[] = {
        {"rounds", SWAPCI_OPTION_COUNT, &o.rounds, "N",
         "of engines and calls: interleaved rounds (default 21)", 0, 1, 10000},
        {"requests", SWAPCI_OPTION_COUNT, &o.requests, "N",
         "of engines: calls of each contender in a round (default 64)", 0, 1, 100000},
        {"swaps", SWAPCI_OPTION_COUNT, &o.swaps, "N",
         "of swap: warm ones; fewer from disk and cold (default 2000)", 0, 1, 10000000},
        {"json", SWAPCI_OPTION_STRING, &o.json, "FILE|-", "write the figures as one JSON document",
         0, 0, 0},
        {"peers", SWAPCI_OPTION_FLAG, &o.peers, NULL,
         "compare with other waPC hosts (not built yet)", 0, 0, 0},
        {"report", SWAPCI_OPTION_STRING, &o.report, "DIR",
         "write a report to the folder (not built yet)", 0, 0, 0},
        {"progress", SWAPCI_OPTION_CHOICE, &o.progress, "HOW",
         "progress line on a terminal (default auto)", progress_choices, 0, 0},
    };
    const struct swapci_options options = {
        command,
        "engines|swap|calls",
        "engines: one whole waPC call on each engine, flavour and method, against native code.\n"
        "swap: replacing a module, warm, from disk and cold, until the new one has answered.\n"
        "calls: the call itself, by payload size, on a guest that does nothing.\n"
        "(pipeline and single are not built yet.)",
        rows,
        sizeof rows / sizeof *rows,
        1,
        1,
        "swapc bench engines --rounds 21 --json figures.json"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with >= 0) return stop_with;
    if (o.peers || o.report)
        return swapci_cli_usage(command, "%s is not built yet; --json is",
                                o.peers ? "--peers" : "--report");
    return bench(argv[first], &o);
}
