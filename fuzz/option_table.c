#include "option_table.h"

#include <stdarg.h>

#include "fuzz.h"
#include "usage.h"

/* In the program these print; what they are given is formatted all the same. */
int swapci_cli_usage(const char *command, const char *format, ...) {
    char line[1024];
    va_list list;
    (void)command;
    va_start(list, format);
    FUZZ_CHECK(vsnprintf(line, sizeof line, format, list) >= 0);
    va_end(list);
    return SWAPCI_EXIT_USAGE;
}

int fuzz_options_parse(int argc, char **argv, struct fuzz_values *v, int *first) {
    static const char *const choices[] = {"none", "warm", "disk", NULL};
    const struct swapci_option rows[] = {
        {"text", SWAPCI_OPTION_STRING, &v->text, "TEXT", "a text", 0, 0, 0},
        {"redis", SWAPCI_OPTION_STRING, &v->text, "URL", "one of all commands", 0, 0, 0},
        {"swap", SWAPCI_OPTION_CHOICE, &v->choice, "HOW", "a choice", choices, 0, 0},
        {"messages", SWAPCI_OPTION_COUNT, &v->count, "N", "a number", 0, 1, 1000000},
        {"maybe", SWAPCI_OPTION_OPTIONAL, &v->optional, "N", "a number or none", 0, 1, 9},
        {"tamper", SWAPCI_OPTION_FRACTION, &v->fraction, "P", "a fraction", 0, 0, 0},
        {"flag", SWAPCI_OPTION_FLAG, &v->flag, 0, "a flag", 0, 0, 0},
        {"act", SWAPCI_OPTION_ACT, &v->act, 0, "a flag that no file sets", 0, 0, 0},
    };
    const struct swapci_options options = {
        "swapc fuzz", "FILE", "nothing", rows, sizeof rows / sizeof *rows, 1, 2, "swapc fuzz x"};
    *v = (struct fuzz_values){.count = 7};
    return swapci_options_parse(&options, argc, argv, first);
}

void fuzz_options_check(const struct fuzz_values *v) {
    FUZZ_CHECK(v->fraction >= 0 && v->fraction <= 1);
    FUZZ_CHECK(v->count >= 1 && v->count <= 1000000);
    FUZZ_CHECK(v->optional <= 9);
    FUZZ_CHECK(!v->choice || strlen(v->choice) == 4);
}
