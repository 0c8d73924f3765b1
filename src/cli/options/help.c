/* The help text of a command, in lines of 80 columns. */
#include <string.h>

#include "arguments.h"
#include "wrap.h"

enum { HELP_COLUMN = 28 };

void swapci_options_choices(const struct swapci_option *row, FILE *to) {
    for (const char *const *c = row->choices; c && *c; c++)
        fprintf(to, "%s%s", c == row->choices ? "" : "|", *c);
}

static void print_row(FILE *to, const struct swapci_option *row) {
    char left[80], choices[512] = ": ";
    bool optional = row->kind == SWAPCI_OPTION_OPTIONAL;
    int width = snprintf(left, sizeof left, optional ? "  --%s[=%s]" : "  --%s %s", row->name,
                         row->meta ? row->meta : "");
    fputs(left, to);
    if (width >= HELP_COLUMN) fprintf(to, "\n%*s", HELP_COLUMN, "");
    else fprintf(to, "%*s", HELP_COLUMN - width, "");
    if (row->choices) {
        FILE *list = fmemopen(choices + 2, sizeof choices - 2, "w");
        if (list) {
            swapci_options_choices(row, list);
            fclose(list);
        }
    }
    char text[1024];
    snprintf(text, sizeof text, "%s%s", row->help, row->choices ? choices : "");
    swapci_wrap(to, text, HELP_COLUMN, HELP_COLUMN);
    fputc('\n', to);
}

/* Lines that begin with blanks stay as they are (lists); the others are one paragraph. */
static void print_summary(FILE *to, const char *text) {
    size_t at = 0;
    while (*text) {
        size_t len = strcspn(text, "\n");
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)len, text);
        if (*line == ' ') {
            fprintf(to, "%s%s\n", at ? "\n" : "", line);
            at = 0;
        } else {
            at = swapci_wrap(to, line, at, 0);
        }
        text += len + (text[len] == '\n');
    }
    fputs(at ? "\n\n" : "\n", to);
}

void swapci_options_help(const struct swapci_options *o, FILE *to) {
    fprintf(to, "usage: %s [options]%s%s\n\n", o->command, *o->arguments ? " " : "", o->arguments);
    print_summary(to, o->summary);
    for (size_t i = 0; i < o->count; i++) print_row(to, &o->rows[i]);
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        print_row(to, row);
    fprintf(to, "  %-*s%s\n\nexample:\n  %s\n", HELP_COLUMN - 2, "--help", "this text", o->example);
}
