/* runner [--folder DIR] ENGINE [CASE]: the shared suite against one engine, or one case of it.
 * Exit status: 0 all passed (or were not applicable), 1 some failed, 2 it could not run, 77 the one
 * case asked for was skipped. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

enum { EXIT_SKIPPED = 77 };

static void print(const struct swapci_conformance_result *result, void *user) {
    static const char *const names[] = {"ok", "FAILED", "skipped"};
    (void)user;
    printf("%-8s %s%s%s\n", names[result->verdict], result->name, *result->text ? ": " : "",
           result->text);
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct swapci_conformance_options options = {.folder = "."};
    struct swapci_conformance_summary summary;
    swapc_error error = SWAPC_ERROR_INIT;
    if (argc > 2 && strcmp(argv[1], "--folder") == 0) {
        options.folder = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: runner [--folder DIR] ENGINE [CASE]\n");
        return 2;
    }
    options.engine = argv[1];
    options.only = argv[2];
    if (swapci_conformance_run(&options, print, NULL, &summary, &error) != SWAPC_OK) {
        fprintf(stderr, "runner: %s\n", error.text);
        return 2;
    }
    printf("%u passed, %u failed, %u not applicable\n", summary.passed, summary.failed,
           summary.skipped);
    if (options.only && summary.skipped > 0) return EXIT_SKIPPED;
    return summary.failed > 0;
}
