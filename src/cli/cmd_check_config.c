/* `swapc check-config`: what every option of every command would be, and why. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "cli.h"
#include "commands.h"
#include "settings.h"
#include "suggest.h"

static const char command[] = "swapc check-config";

struct check_config {
    const char *json;
    bool set; /* only what is set */
    json_t *commands;
    const char *shown; /* the command whose heading stands above */
    int stop;
    struct swapci_suggestion *suggestion; /* of a variable */
    bool known;
};

/* A password in a URL is nobody's to read. */
static void hide_password(char *text) {
    char *scheme = strstr(text, "://"), *at = scheme ? strrchr(scheme, '@') : NULL;
    char *colon = at ? memchr(scheme + 3, ':', (size_t)(at - scheme - 3)) : NULL;
    if (!colon) return;
    memmove(colon + 4, at, strlen(at) + 1);
    memcpy(colon + 1, "***", 3);
}

/* Room for "***" is there: *out has 4 bytes more than the text. Returns NULL without memory. */
static char *value_text(const struct swapci_option *row) {
    char number[64] = "";
    const char *text = number;
    switch (row->kind) {
    case SWAPCI_OPTION_STRING:
    case SWAPCI_OPTION_CHOICE:
        text = *(const char **)row->target;
        break;
    case SWAPCI_OPTION_COUNT:
    case SWAPCI_OPTION_OPTIONAL:
        snprintf(number, sizeof number, "%" PRIu64, *(uint64_t *)row->target);
        break;
    case SWAPCI_OPTION_FRACTION:
        snprintf(number, sizeof number, "%g", *(double *)row->target);
        break;
    case SWAPCI_OPTION_FLAG:
    case SWAPCI_OPTION_ACT:
        text = *(bool *)row->target ? "true" : "false";
        break;
    }
    /* A count's start that means something else than a count is told by the help. */
    if ((row->kind == SWAPCI_OPTION_COUNT || row->kind == SWAPCI_OPTION_OPTIONAL) &&
        (*(uint64_t *)row->target == UINT64_MAX || *(uint64_t *)row->target < row->min))
        text = NULL;
    char *out = malloc((text ? strlen(text) : 0) + 8);
    if (out) strcpy(out, text ? text : "");
    if (out) hide_password(out);
    return out;
}

static bool origin_of(const char *of, const struct swapci_option *row,
                      struct swapci_setting *from) {
    if (swapci_settings_of_environment(of, row->name, from) ||
        swapci_settings_of_file(of, row->name, from))
        return true;
    snprintf(from->origin, sizeof from->origin, "default");
    return false;
}

static void show_row(struct check_config *check, const struct swapci_options *o,
                     const struct swapci_option *row) {
    struct swapci_setting from;
    bool set = origin_of(o->command, row, &from);
    /* A seed that is drawn anew each time has no default to show. */
    char *text = !set && strcmp(row->name, "seed") == 0 ? strdup("") : value_text(row);
    if (!text || (check->set && !set)) {
        free(text);
        return;
    }
    if (check->json) {
        json_t *table = json_object_get(check->commands, o->command);
        if (!table) json_object_set_new(check->commands, o->command, table = json_object());
        json_object_set_new(table, row->name,
                            json_pack("{s:s, s:s}", "value", text, "from", from.origin));
    } else {
        if (check->shown != o->command) printf("%s\n", o->command);
        check->shown = o->command;
        printf("  %-16s %-32s %s\n", row->name, *text ? text : "-", from.origin);
    }
    free(text);
}

static void show_command(const struct swapci_options *o, void *user) {
    static const bool none[SWAPCI_OPTIONS_MAX + 8];
    struct check_config *check = user;
    int stop = swapci_options_apply(o, none);
    if (stop >= 0) check->stop = stop;
    for (size_t i = 0; i < o->count && stop < 0; i++)
        if (swapci_settings_settable(&o->rows[i])) show_row(check, o, &o->rows[i]);
    for (const struct swapci_option *row = swapci_options_common; row->name && stop < 0; row++)
        if (swapci_settings_settable(row)) show_row(check, o, row);
}

/* ---- variables that mean nothing --------------------------------------------------------------- */

static void meet_variable(struct check_config *check, const char *variable) {
    check->known |= strcmp(check->suggestion->word, variable) == 0;
    swapci_suggest_offer(check->suggestion, variable);
}

static void meet_variables(const struct swapci_options *o, void *user) {
    char variable[SWAPCI_SETTINGS_NAME_MAX];
    for (size_t i = 0; i < o->count; i++) {
        const struct swapci_option *row = &o->rows[i];
        if (!swapci_settings_settable(row)) continue;
        meet_variable(user, swapci_settings_variable(o->command, row->name, variable));
        if (swapci_settings_shared(NULL, row->name))
            meet_variable(user, swapci_settings_variable(NULL, row->name, variable));
    }
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        meet_variable(user, swapci_settings_variable(o->command, row->name, variable));
}

/* A misspelt variable cannot be an error of every command: it may be another program's. Here it is told. */
static void warn_of_variables(struct check_config *check) {
    static const char *const others[] = {"SWAPC_CONFIG",     "SWAPC_LOG",      "SWAPC_MODULES",
                                         "SWAPC_CACHE",      "SWAPC_PEERS",    "SWAPC_FAIL_POINT",
                                         "SWAPC_LOG_FORMAT", "SWAPC_END_TIMES"};
    for (char **variable = environ; *variable; variable++) {
        char name[SWAPCI_SETTINGS_NAME_MAX];
        struct swapci_suggestion suggestion = {.word = name};
        if (strncmp(*variable, "SWAPC_", 6) != 0) continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*variable, "="), *variable);
        check->suggestion = &suggestion;
        check->known = false;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) meet_variable(check, others[i]);
        swapci_commands_each(meet_variables, check);
        if (!check->known)
            fprintf(stderr, "%s: warning: $%s is no variable of swapc%s\n", command, name,
                    swapci_suggest_text(&suggestion));
    }
}

static int finish(struct check_config *check) {
    const char *path = swapci_settings_path();
    swapc_error error = SWAPC_ERROR_INIT;
    if (check->json) {
        json_t *document = json_pack("{s:s?, s:b, s:o}", "file", path, "ok", check->stop < 0,
                                     "commands", check->commands);
        if (swapci_cli_write_json(check->json, document, &error) != SWAPC_OK)
            return swapci_cli_fail(command, &error);
    } else if (check->stop < 0) {
        printf("%s%s\n", path ? path : "no file is read",
               path ? ": every setting is one that swapc knows"
                    : ": none was named, and there is no " SWAPCI_SETTINGS_SYSTEM);
    }
    return check->stop < 0 ? SWAPCI_EXIT_OK : check->stop;
}

/* The first argument that is no option and no value of one: the file must be known before the arguments are
 * parsed, which reads it. */
static const char *file_argument(int argc, char **argv) {
    static const char *const with_values[] = {"--json", "--config", "--log-format"};
    for (int i = 1; i < argc; i++) {
        bool value = false;
        if (argv[i][0] == '-' && argv[i][1]) continue;
        for (size_t w = 0; w < sizeof with_values / sizeof *with_values; w++)
            value |= strcmp(argv[i - 1], with_values[w]) == 0;
        if (!value) return argv[i];
    }
    return NULL;
}

int swapci_cmd_check_config(int argc, char **argv) {
    struct check_config check = {.stop = -1};
    const struct swapci_option rows[] = {
        {"set", SWAPCI_OPTION_ACT, &check.set, NULL, "show only what differs from the defaults", 0,
         0, 0},
        {"json", SWAPCI_OPTION_STRING, &check.json, "FILE|-",
         "write the answer as one JSON document", 0, 0, 0},
    };
    const struct swapci_options options = {
        command,
        "[FILE]",
        "Checks FILE (default: the one that commands would read) and shows what each option of "
        "each command is, and whether that comes from a variable, from a line of the file, or is "
        "the default. The command line goes before the environment, that before the file. "
        "Passwords are not shown. Exit status 2 when something in it is wrong.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        1,
        "swapc check-config /etc/swapc/swapc.toml"};
    const char *file = file_argument(argc, argv);
    swapc_error error = SWAPC_ERROR_INIT;
    if (file && swapci_settings_open(file, &error) != SWAPC_OK)
        return swapci_cli_usage(command, "%s", error.text);
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    if (check.json) check.commands = json_object();
    swapci_commands_each(show_command, &check);
    warn_of_variables(&check);
    return finish(&check);
}
