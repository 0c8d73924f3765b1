#include "usage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

enum { SENTENCE_MAX = 1024 };

int swapci_cli_usage(const char *command, const char *format, ...) {
    char text[SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n%s --help says more\n", command,
            swapci_printable_line(text, sizeof text), command);
    return SWAPCI_EXIT_USAGE;
}

int swapci_cli_required(const char *command, const struct swapci_required *rows, size_t count) {
    char text[SENTENCE_MAX] = "";
    for (size_t i = 0; i < count; i++)
        if (!rows[i].value)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s is required (%s)",
                     *text ? "; " : "", rows[i].option, rows[i].what);
    return *text ? swapci_cli_usage(command, "%s", text) : -1;
}
