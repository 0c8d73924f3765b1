/* Any words as a command line: read against one option of each kind. A word ends at a line's
 * end. */
#include "fuzz.h"
#include "option_table.h"
#include "settings.h"
#include "usage.h"

enum { WORDS_MAX = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    char *text = fuzz_text(&in), *words[WORDS_MAX + 2] = {text}, *rest = text;
    struct fuzz_values v;
    FUZZ_CHECK(swapci_settings_open("", NULL) == SWAPC_OK); /* no file of this machine */
    int argc = 1, first = 0;
    /* --help prints; it is a fixed text, and tests hold it. */
    for (char *word; argc <= WORDS_MAX && (word = strsep(&rest, "\n"));)
        if (strncmp(word, "-h", 2) != 0 && strncmp(word, "--h", 3) != 0) words[argc++] = word;
    int exit_status = fuzz_options_parse(argc, words, &v, &first);
    FUZZ_CHECK(exit_status == -1 || exit_status == SWAPCI_EXIT_USAGE || exit_status == 0);
    if (exit_status == -1) {
        FUZZ_CHECK(first >= 1 && first <= argc && argc - first >= 1 && argc - first <= 2);
        fuzz_options_check(&v);
    }
    free(text);
    return 0;
}
