/* What a new engine's own test has to be: the shared suite, and what is the engine's own. */
#include <stdio.h>

#include "suite.h"
#include "counting.h"
#include "test_main.h"

static void note(const struct swapci_conformance_result *result, void *user) {
    (void)user;
    if (result->verdict == SWAPCI_CASE_FAILED) print_error("%s: %s\n", result->name, result->text);
}

static struct swapci_conformance_summary run(const char *engine) {
    struct swapci_conformance_options options = {.folder = CONFORMANCE_SUITE, .engine = engine};
    struct swapci_conformance_summary summary;
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_conformance_run(&options, note, NULL, &summary, &error) != SWAPC_OK)
        fail_msg("%s", error.text);
    return summary;
}

static void passes_what_its_inner_engine_passes(void **state) {
    (void)state;
    struct swapci_conformance_summary inner = run("wasmtime");
    assert_int_equal(counting.calls, 0);
    struct swapci_conformance_summary own = run("counting");
    assert_int_equal(own.failed, 0);
    assert_int_equal(own.passed, inner.passed);
    assert_true(own.passed > 60);
}

static void counts_and_leaves_nothing_behind(void **state) {
    (void)state;
    unsigned long before = counting.calls;
    struct swapci_conformance_summary own = run("counting");
    assert_true(counting.calls - before > own.passed / 2);
    assert_int_equal(counting.instances, 0);
    assert_int_equal(counting.modules, 0);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_what_its_inner_engine_passes),
        cmocka_unit_test(counts_and_leaves_nothing_behind),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
