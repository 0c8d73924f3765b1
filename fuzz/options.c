/* Any words as a command line: read against one option of each kind. A word ends at a line's end. */
#include <stdarg.h>

#include "arguments.h"
#include "fuzz.h"
#include "settings.h"
#include "usage.h"

enum { WORDS_MAX = 12 };

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

struct values {
    const char *text, *choice;
    uint64_t count;
    double fraction;
    bool flag;
};

static const char *const choices[] = {"none", "warm", "disk", NULL};

static int parse(int argc, char **argv, struct values *v, int *first) {
    const struct swapci_option rows[] = {
        {"text", SWAPCI_OPTION_STRING, &v->text, "TEXT", "a text", 0, 0, 0},
        {"swap", SWAPCI_OPTION_CHOICE, &v->choice, "HOW", "a choice", choices, 0, 0},
        {"messages", SWAPCI_OPTION_COUNT, &v->count, "N", "a number", 0, 1, 1000000},
        {"tamper", SWAPCI_OPTION_FRACTION, &v->fraction, "P", "a fraction", 0, 0, 0},
        {"flag", SWAPCI_OPTION_FLAG, &v->flag, 0, "a flag", 0, 0, 0},
    };
    const struct swapci_options options = {
        "swapc fuzz", "FILE", "nothing", rows, sizeof rows / sizeof *rows, 1, 2, "swapc fuzz x"};
    return swapci_options_parse(&options, argc, argv, first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    char *text = fuzz_text(&in), *words[WORDS_MAX + 2] = {text}, *rest = text;
    struct values v = {.count = 7};
    FUZZ_CHECK(swapci_settings_open("", NULL) == SWAPC_OK); /* no file of this machine */
    int argc = 1, first = 0;
    /* --help prints; it is a fixed text, and tests hold it. */
    for (char *word; argc <= WORDS_MAX && (word = strsep(&rest, "\n"));)
        if (strncmp(word, "-h", 2) != 0 && strncmp(word, "--h", 3) != 0) words[argc++] = word;
    int exit_status = parse(argc, words, &v, &first);
    FUZZ_CHECK(exit_status == -1 || exit_status == SWAPCI_EXIT_USAGE || exit_status == 0);
    if (exit_status == -1) {
        FUZZ_CHECK(first >= 1 && first <= argc && argc - first >= 1 && argc - first <= 2);
        FUZZ_CHECK(v.fraction >= 0 && v.fraction <= 1);
        FUZZ_CHECK(v.count >= 1 && v.count <= 1000000);
        FUZZ_CHECK(!v.choice || strlen(v.choice) == 4);
    }
    free(text);
    return 0;
}
