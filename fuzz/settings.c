/* Any bytes as swapc.toml: read, then taken by a command with one option of each kind. What is
 * taken of a file is what a command line could have said. */
#include "settings.h"

#include "fuzz.h"
#include "option_table.h"
#include "usage.h"

static int run(int argc, char **argv) {
    struct fuzz_values v;
    int first = 0;
    int exit_status = fuzz_options_parse(argc, argv, &v, &first);
    if (exit_status == -1) fuzz_options_check(&v);
    FUZZ_CHECK(!v.act);
    return exit_status;
}

static void each(swapci_options_see see, void *user) {
    swapci_options_observe(see, user, run, "fuzz");
}

/* Every pair that was read says where it stands, and is text. */
static void look_up(void) {
    static const char *const names[] = {"text",  "redis",  "swap", "messages",
                                        "maybe", "tamper", "flag", "log-format"};
    struct swapci_setting setting;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (swapci_settings_of_file("swapc fuzz", names[i], &setting)) {
            FUZZ_CHECK(setting.text && setting.file && !(setting.string && setting.number));
            FUZZ_CHECK(strncmp(setting.origin, "swapc.toml line ", 16) == 0);
        }
    FUZZ_CHECK(!swapci_settings_of_file("swapc fuzz", "act", &setting));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char command[] = "fuzz", argument[] = "x";
    char *words[] = {command, argument, NULL};
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_options_each = each;
    if (size > SWAPCI_SETTINGS_FILE_MAX) return 0;
    enum swapc_status status =
        swapci_settings_take(swapc_bytes_of(data, size), "swapc.toml", &error);
    FUZZ_CHECK(status == error.status);
    if (status == SWAPC_OK) {
        look_up();
        int exit_status = run(2, words);
        FUZZ_CHECK(exit_status == -1 || exit_status == SWAPCI_EXIT_USAGE);
    } else {
        FUZZ_CHECK(strncmp(error.text, "swapc.toml line ", 16) == 0);
    }
    return 0;
}
