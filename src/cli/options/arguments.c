#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "suggest.h"
#include "usage.h"

/* Long options' values start above all characters, so that optopt tells which kind was wrong. */
enum {
    COMMON = 2,
    LONG_OPTION = 256,
    COMMON_OPTION = LONG_OPTION + SWAPCI_OPTIONS_MAX,
    HELP_OPTION = COMMON_OPTION + COMMON,
    SUBJECT_MAX = 4300
};

static const char *config_path, *log_format = "logfmt";
static const char *const log_formats[] = {"logfmt", "json", NULL};

const struct swapci_option swapci_options_common[COMMON + 1] = {
    {"config", SWAPCI_OPTION_STRING, &config_path, "FILE",
     "settings (default $SWAPC_CONFIG, else /etc/swapc/swapc.toml when it is there; \"\": none)", 0,
     0, 0},
    {"log-format", SWAPCI_OPTION_CHOICE, &log_format, "HOW",
     "how lines of the log are written (default logfmt)", log_formats, 0, 0},
    {.name = NULL},
};

static struct {
    swapci_options_see see; /* NULL: commands run */
    void *user;
} observer;

bool swapci_options_log_json(void) {
    return strcmp(log_format, "json") == 0;
}

void swapci_options_observe(swapci_options_see see, void *user, int (*run)(int argc, char **argv),
                            const char *name) {
    char *argv[] = {(char *)(uintptr_t)name, NULL};
    observer.see = see;
    observer.user = user;
    run(1, argv);
    observer.see = NULL;
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

/* Where a value comes from, as the beginning of a sentence: "--workers"; "FILE line 3: workers"; "$SWAPC_X". */
static const char *subject(const struct swapci_option *row, const struct swapci_setting *from,
                           char out[SUBJECT_MAX]) {
    if (!from) snprintf(out, SUBJECT_MAX, "--%s", row->name);
    else if (from->file) snprintf(out, SUBJECT_MAX, "%s: %s", from->origin, row->name);
    else snprintf(out, SUBJECT_MAX, "%s", from->origin);
    return out;
}

static int wrong_count(const struct swapci_options *o, const struct swapci_option *row,
                       const char *text, const struct swapci_setting *from) {
    char who[SUBJECT_MAX];
    subject(row, from, who);
    if (row->max == 0)
        return swapci_cli_usage(o->command,
                                "%s takes a whole number from %" PRIu64 " on, not \"%s\"", who,
                                row->min, text);
    return swapci_cli_usage(o->command,
                            "%s takes a whole number from %" PRIu64 " to %" PRIu64 ", not \"%s\"",
                            who, row->min, row->max, text);
}

static int wrong_choice(const struct swapci_options *o, const struct swapci_option *row,
                        const char *text, const struct swapci_setting *from) {
    char list[256] = "", who[SUBJECT_MAX];
    struct swapci_suggestion suggestion = {.word = text};
    for (const char *const *c = row->choices; *c; c++) {
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                 c == row->choices ? "" : ", ", *c);
        swapci_suggest_offer(&suggestion, *c);
    }
    return swapci_cli_usage(o->command, "%s takes one of %s, not \"%s\"%s", subject(row, from, who),
                            list, text, swapci_suggest_text(&suggestion));
}

static int wrong(const struct swapci_options *o, const struct swapci_option *row, const char *what,
                 const char *text, const struct swapci_setting *from) {
    char who[SUBJECT_MAX];
    return swapci_cli_usage(o->command, "%s takes %s, not \"%s\"", subject(row, from, who), what,
                            text);
}

static bool fraction_parse(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0 && *out <= 1;
}

/* Of a variable or a file: its presence alone says nothing. */
static bool flag_parse(const char *text, bool *out) {
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i % 2 != 0;
            return true;
        }
    return false;
}

/* A value of the file stands there as what it is. Returns -1, or the exit status. */
static int check_type(const struct swapci_options *o, const struct swapci_option *row,
                      const struct swapci_setting *from) {
    bool is_bool = !from->string && !from->number, wants_text = !swapci_option_is_flag(row);
    if (swapci_option_is_flag(row) && !is_bool)
        return wrong(o, row, "true or false", from->text, from);
    if (wants_text && is_bool) return wrong(o, row, "a value", from->text, from);
    if (from->number && (row->kind == SWAPCI_OPTION_STRING || row->kind == SWAPCI_OPTION_CHOICE))
        return wrong(o, row, "a \"string\" in quotes", from->text, from);
    return -1;
}

/* Returns -1 when the value fits, else the exit status. from NULL: the command line. */
static int store(const struct swapci_options *o, const struct swapci_option *row, const char *text,
                 const struct swapci_setting *from) {
    int stop = from && from->file ? check_type(o, row, from) : -1;
    if (stop >= 0) return stop;
    switch (row->kind) {
    case SWAPCI_OPTION_FLAG:
    case SWAPCI_OPTION_ACT:
        if (!from) *(bool *)row->target = true;
        return !from || flag_parse(text, row->target) ? -1
                                                      : wrong(o, row, "true or false", text, from);
    case SWAPCI_OPTION_STRING:
        *(const char **)row->target = text;
        return -1;
    case SWAPCI_OPTION_CHOICE:
        *(const char **)row->target = text;
        return is_choice(row->choices, text) ? -1 : wrong_choice(o, row, text, from);
    case SWAPCI_OPTION_OPTIONAL:
        if (!text) *(uint64_t *)row->target = row->min;
        if (!text) return -1;
        __attribute__((fallthrough));
    case SWAPCI_OPTION_COUNT:
        return swapci_count_parse(text, row->min, row->max, row->target)
                   ? -1
                   : wrong_count(o, row, text, from);
    case SWAPCI_OPTION_FRACTION:
        return fraction_parse(text, row->target)
                   ? -1
                   : wrong(o, row, "a number from 0 to 1", text, from);
    }
    return -1;
}

/* What the command line has set is looked at as well: a mistake in the file is one. */
static int apply_row(const struct swapci_options *o, const struct swapci_option *row, bool skip) {
    union {
        const char *text;
        uint64_t count;
        double fraction;
        bool flag;
    } elsewhere;
    struct swapci_option to = *row;
    struct swapci_setting setting;
    if (!swapci_settings_settable(row)) return -1;
    if (skip) to.target = &elsewhere;
    int stop = -1;
    if (swapci_settings_of_file(o->command, row->name, &setting))
        stop = store(o, &to, setting.text, &setting);
    if (stop < 0 && swapci_settings_of_environment(o->command, row->name, &setting))
        stop = store(o, &to, setting.text, &setting);
    return stop;
}

int swapci_options_apply(const struct swapci_options *o, const bool *skip) {
    int stop = -1;
    for (size_t i = 0; i < o->count && stop < 0; i++) stop = apply_row(o, &o->rows[i], skip[i]);
    for (size_t i = 0; i < COMMON && stop < 0; i++)
        stop = apply_row(o, &swapci_options_common[i], skip[o->count + i]);
    return stop;
}

static int check_positional(const struct swapci_options *o, int count, char **argv, int first) {
    if (count < o->positional_min)
        return swapci_cli_usage(o->command, "expected: %s, as in: %s", o->arguments, o->example);
    if (count > o->positional_max && o->positional_max == 0)
        return swapci_cli_usage(o->command,
                                "unexpected argument \"%s\": here are only options, which begin "
                                "with --",
                                argv[first]);
    if (count > o->positional_max)
        return swapci_cli_usage(o->command, "unexpected argument \"%s\": expected: %s",
                                argv[first + o->positional_max], o->arguments);
    return -1;
}

static const struct swapci_option *row_of(const struct swapci_options *o, int got) {
    return got >= COMMON_OPTION ? &swapci_options_common[got - COMMON_OPTION]
                                : &o->rows[got - LONG_OPTION];
}

/* "-n": those that begin so are what may be meant. */
static int wrong_letter(const struct swapci_options *o) {
    char list[512] = "";
    for (size_t i = 0; i < o->count; i++)
        if (o->rows[i].name[0] == optopt)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s--%s",
                     *list ? " or " : ": did you mean ", o->rows[i].name);
    return swapci_cli_usage(o->command, "unknown option \"-%c\"%s%s", optopt, list,
                            *list ? "?" : ": options are written out, with --");
}

/* What getopt_long answered '?' to; word is the one it stood at, for a long option. */
static int wrong_option(const struct swapci_options *o, const struct option *table,
                        const char *word) {
    if (optopt == HELP_OPTION) return swapci_cli_usage(o->command, "--help takes no value");
    if (optopt >= LONG_OPTION)
        return swapci_cli_usage(o->command, "--%s takes no value", row_of(o, optopt)->name);
    if (optopt != 0) return wrong_letter(o);
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

static struct option long_option(const struct swapci_option *row, int value) {
    int takes = row->kind == SWAPCI_OPTION_OPTIONAL ? optional_argument : required_argument;
    return (struct option){row->name, swapci_option_is_flag(row) ? no_argument : takes, NULL,
                           value};
}

static int apply_settings(const struct swapci_options *o, const bool *given) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_settings_open(config_path, &error) != SWAPC_OK)
        return swapci_cli_usage(o->command, "%s", error.text);
    return swapci_options_apply(o, given);
}

int swapci_options_parse(const struct swapci_options *o, int argc, char **argv, int *first) {
    struct option table[SWAPCI_OPTIONS_MAX + COMMON + 2] = {{0}};
    bool given[SWAPCI_OPTIONS_MAX + COMMON] = {false};
    if (observer.see) {
        observer.see(o, observer.user);
        return SWAPCI_EXIT_OK;
    }
    for (size_t i = 0; i < o->count; i++) table[i] = long_option(&o->rows[i], LONG_OPTION + (int)i);
    for (size_t i = 0; i < COMMON; i++)
        table[o->count + i] = long_option(&swapci_options_common[i], COMMON_OPTION + (int)i);
    table[o->count + COMMON] = (struct option){"help", no_argument, NULL, HELP_OPTION};
    optind = 0;
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, ":h", table, NULL)) != -1;) {
        if (got == HELP_OPTION || got == 'h') {
            swapci_options_help(o, stdout);
            return SWAPCI_EXIT_OK;
        }
        if (got == ':') return swapci_cli_usage(o->command, "%s needs a value", argv[optind - 1]);
        if (got == '?') return wrong_option(o, table, argv[optind - 1]);
        size_t index = got >= COMMON_OPTION ? o->count + (size_t)(got - COMMON_OPTION)
                                            : (size_t)(got - LONG_OPTION);
        int stop = store(o, row_of(o, got), optarg, NULL);
        if (stop >= 0) return stop;
        given[index] = true;
    }
    *first = optind;
    int stop = apply_settings(o, given);
    return stop >= 0 ? stop : check_positional(o, argc - optind, argv, optind);
}
