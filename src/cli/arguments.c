#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "suggest.h"

/* Long options' values start above all characters, so that optopt tells which kind was wrong. */
enum {
    OPTIONS_MAX = 40,
    HELP_COLUMN = 28,
    LONG_OPTION = 256,
    HELP_OPTION = LONG_OPTION + OPTIONS_MAX
};

static void print_choices(FILE *to, const char *const *choices) {
    for (const char *const *c = choices; *c; c++) fprintf(to, "%s%s", c == choices ? "" : "|", *c);
}

static void print_row(FILE *to, const struct swapci_option *row) {
    char left[80];
    snprintf(left, sizeof left, "--%s %s", row->name, row->meta ? row->meta : "");
    fprintf(to, "  %-*s %s", HELP_COLUMN - 3, left, row->help);
    if (row->choices) {
        fprintf(to, ": ");
        print_choices(to, row->choices);
    }
    fputc('\n', to);
}

static void print_help(const struct swapci_options *o) {
    printf("usage: %s [options] %s\n\n%s\n\n", o->command, o->arguments, o->summary);
    for (size_t i = 0; i < o->count; i++) print_row(stdout, &o->rows[i]);
    printf("  %-*s %s\n\nexample:\n  %s\n", HELP_COLUMN - 3, "--help", "this text", o->example);
}

bool swapci_count_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out) {
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9') return false;
    uint64_t value = strtoull(text, &end, 10);
    uint64_t unit = *end == 'k' ? 1000 : *end == 'M' ? 1000000 : 1;
    if (unit != 1) end++;
    if (errno != 0 || *end != '\0' || value > UINT64_MAX / unit) return false;
    value *= unit;
    if (value < min || (max != 0 && value > max)) return false;
    *out = value;
    return true;
}

static bool is_choice(const char *const *choices, const char *text) {
    for (; *choices; choices++)
        if (strcmp(*choices, text) == 0) return true;
    return false;
}

static int wrong_count(const struct swapci_options *o, const struct swapci_option *row,
                       const char *text) {
    if (row->max == 0)
        return swapci_cli_usage(o->command,
                                "--%s takes a whole number from %" PRIu64 " on, not \"%s\"",
                                row->name, row->min, text);
    return swapci_cli_usage(o->command,
                            "--%s takes a whole number from %" PRIu64 " to %" PRIu64 ", not \"%s\"",
                            row->name, row->min, row->max, text);
}

static int wrong_choice(const struct swapci_options *o, const struct swapci_option *row,
                        const char *text) {
    char list[256] = "";
    struct swapci_suggestion suggestion = {.word = text};
    for (const char *const *c = row->choices; *c; c++) {
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                 c == row->choices ? "" : ", ", *c);
        swapci_suggest_offer(&suggestion, *c);
    }
    return swapci_cli_usage(o->command, "--%s takes one of %s, not \"%s\"%s", row->name, list, text,
                            swapci_suggest_text(&suggestion));
}

static bool fraction_parse(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0 && *out <= 1;
}

/* Returns -1 when the value fits, else the exit status. */
static int store(const struct swapci_options *o, const struct swapci_option *row,
                 const char *text) {
    switch (row->kind) {
    case SWAPCI_OPTION_FLAG:
        *(bool *)row->target = true;
        return -1;
    case SWAPCI_OPTION_STRING:
        *(const char **)row->target = text;
        return -1;
    case SWAPCI_OPTION_CHOICE:
        *(const char **)row->target = text;
        return is_choice(row->choices, text) ? -1 : wrong_choice(o, row, text);
    case SWAPCI_OPTION_COUNT:
        return swapci_count_parse(text, row->min, row->max, row->target)
                   ? -1
                   : wrong_count(o, row, text);
    case SWAPCI_OPTION_FRACTION:
        return fraction_parse(text, row->target)
                   ? -1
                   : swapci_cli_usage(o->command, "--%s takes a number from 0 to 1, not \"%s\"",
                                      row->name, text);
    }
    return -1;
}

static int check_positional(const struct swapci_options *o, int count, char **argv, int first) {
    if (count < o->positional_min)
        return swapci_cli_usage(o->command, "expected: %s", o->arguments);
    if (count > o->positional_max)
        return swapci_cli_usage(o->command, "unexpected argument \"%s\"",
                                argv[first + o->positional_max]);
    return -1;
}

/* What getopt_long answered '?' to; word is the one it stood at, for a long option. */
static int wrong_option(const struct swapci_options *o, const struct option *table,
                        const char *word) {
    if (optopt == HELP_OPTION) return swapci_cli_usage(o->command, "--help takes no value");
    if (optopt >= LONG_OPTION)
        return swapci_cli_usage(o->command, "--%s takes no value",
                                o->rows[optopt - LONG_OPTION].name);
    if (optopt != 0) return swapci_cli_usage(o->command, "unknown option \"-%c\"", optopt);
    char list[256] = "", name[SWAPCI_SUGGEST_MAX];
    size_t given = strcspn(word, "=");
    snprintf(name, sizeof name, "%.*s", (int)(given > 2 ? given - 2 : 0), word + 2);
    struct swapci_suggestion suggestion = {.word = name};
    for (const struct option *row = table; row->name; row++)
        swapci_suggest_offer(&suggestion, row->name);
    for (; given > 2 && table->name; table++)
        if (strncmp(table->name, word + 2, given - 2) == 0)
            snprintf(list + strlen(list), sizeof list - strlen(list), " --%s", table->name);
    if (*list)
        return swapci_cli_usage(o->command, "%.*s could be any of%s", (int)given, word, list);
    if (suggestion.best[0])
        return swapci_cli_usage(o->command, "unknown option \"%s\": did you mean \"--%s\"?", word,
                                suggestion.best);
    return swapci_cli_usage(o->command, "unknown option \"%s\"", word);
}

int swapci_options_parse(const struct swapci_options *o, int argc, char **argv, int *first) {
    struct option table[OPTIONS_MAX + 2] = {{0}};
    for (size_t i = 0; i < o->count; i++)
        table[i] =
            (struct option){o->rows[i].name,
                            o->rows[i].kind == SWAPCI_OPTION_FLAG ? no_argument : required_argument,
                            NULL, LONG_OPTION + (int)i};
    table[o->count] = (struct option){"help", no_argument, NULL, HELP_OPTION};
    optind = 0;
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, ":h", table, NULL)) != -1;) {
        if (got == HELP_OPTION || got == 'h') {
            print_help(o);
            return 0;
        }
        if (got == ':') return swapci_cli_usage(o->command, "%s needs a value", argv[optind - 1]);
        if (got == '?') return wrong_option(o, table, argv[optind - 1]);
        int stop = store(o, &o->rows[got - LONG_OPTION], optarg);
        if (stop >= 0) return stop;
    }
    *first = optind;
    return check_positional(o, argc - optind, argv, optind);
}
