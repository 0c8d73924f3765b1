#include <unistd.h>

#include "cli.h"
#include "suite.h"
#include "arguments.h"

static const char command[] = "swapc conformance";

static void collect(const struct swapci_conformance_result *result, void *user) {
    static const char *const names[] = {"ok", "FAILED", "n/a"};
    json_t *cases = user;
    printf("%-8s %s%s%s\n", names[result->verdict], result->name, *result->text ? ": " : "",
           result->text);
    if (result->verdict != SWAPCI_CASE_SKIPPED)
        json_array_append_new(cases, json_pack("{s:s, s:b}", "name", result->name, "passed",
                                               result->verdict == SWAPCI_CASE_PASSED));
}

static int run(const struct swapci_conformance_options *options, const char *json) {
    struct swapci_conformance_summary summary;
    swapc_error error = SWAPC_ERROR_INIT;
    json_t *cases = json_array();
    if (swapci_conformance_run(options, collect, cases, &summary, &error) != SWAPC_OK) {
        json_decref(cases);
        return swapci_cli_fail(command, &error);
    }
    printf("\n%s: %u passed, %u failed, %u not applicable\n", options->engine, summary.passed,
           summary.failed, summary.skipped);
    json_t *document = json_pack("{s:o}", "cases", cases);
    if (!json) json_decref(document);
    else if (swapci_cli_write_json(json, document, &error) != SWAPC_OK)
        return swapci_cli_fail(command, &error);
    return summary.failed > 0 ? SWAPCI_EXIT_FAILED : SWAPCI_EXIT_OK;
}

int swapci_cmd_conformance(int argc, char **argv) {
    const char *engine = "wasmtime", *json = NULL, *folder = NULL, *only = NULL;
    const struct swapci_option rows[] = {
        {"engine", SWAPCI_OPTION_STRING, &engine, "E", "engine (default wasmtime)", 0, 0, 0},
        {"case", SWAPCI_OPTION_STRING, &only, "NAME", "one case alone", 0, 0, 0},
        {"folder", SWAPCI_OPTION_STRING, &folder, "DIR", "the suite (default: the shipped one)", 0,
         0, 0},
        {"json", SWAPCI_OPTION_STRING, &json, "FILE", "write {\"cases\":[{\"name\",\"passed\"}]}",
         0, 0, 0},
    };
    const struct swapci_options options = {
        command,
        "",
        "Runs the waPC conformance suite on an engine: one line a case. n/a: the engine does not "
        "hold\n"
        "that ceiling, or the rule means nothing to native code. Exit status 1 when a case fails.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        0,
        "swapc conformance --engine wasm3 --json wasm3.json"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with >= 0) return stop_with;
    stop_with = swapci_cli_engine(command, engine);
    if (stop_with >= 0) return stop_with;
    char shipped[4096];
    swapc_error error = SWAPC_ERROR_INIT;
    if (!folder &&
        swapci_cli_share_path("conformance", shipped, sizeof shipped, &error) != SWAPC_OK)
        return swapci_cli_fail(command, &error);
    const struct swapci_conformance_options suite = {folder ? folder : shipped, engine, only};
    return run(&suite, json);
}
