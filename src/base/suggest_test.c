/* What counts as near. */
#include "suggest.h"

#include <string.h>

#include "test_main.h"

static const char *nearest(const char *word) {
    static const char *const known[] = {"run",     "signer", "verifier", "generate", "bench",
                                        "inspect", "module", "status",   "x",        "operation"};
    static struct swapci_suggestion s;
    s = (struct swapci_suggestion){.word = word};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) swapci_suggest_offer(&s, known[i]);
    return s.best;
}

static void slips_are_seen(void **state) {
    (void)state;
    static const char *const slips[][2] = {
        {"rum", "run"},
        {"ru", "run"},
        {"verifer", "verifier"},
        {"verifeir", "verifier"},
        {"moduel", "module"},
        {"modul", "module"},
        {"statuss", "status"},
        {"inspekt", "inspect"},
        {"gen", "generate"},
        {"ver", "verifier"},
        {"operaton", "operation"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
        assert_string_equal(nearest(slips[i][0]), slips[i][1]);
}

static void strangers_are_not_guessed_at(void **state) {
    (void)state;
    static const char *const strangers[] = {
        "",
        "y",
        "zz",
        "frobnicate",
        "no_such_command_that_is_longer_than_any_that_could_be_meant_x",
        "ab"};
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        assert_string_equal(nearest(strangers[i]), "");
}

static void the_sentence(void **state) {
    (void)state;
    struct swapci_suggestion s = {.word = "wasmtim"};
    assert_string_equal(swapci_suggest_text(&s), "");
    swapci_suggest_offer(&s, "wasm3");
    swapci_suggest_offer(&s, "wasmtime");
    assert_string_equal(swapci_suggest_text(&s), ": did you mean \"wasmtime\"?");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_are_seen),
        cmocka_unit_test(strangers_are_not_guessed_at),
        cmocka_unit_test(the_sentence),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
