/* `swapc help`: of all, of a command, of the words; and the tables as a document, for what is made from them
 * (docs/man/update.py). */
#include <string.h>

#include "arguments.h"
#include "cli.h"
#include "commands.h"
#include "embedded.h"
#include "settings.h"

/* docs/WORDS.txt, by cmake/Embed.cmake. */
extern const struct swapci_embedded swapci_glossary[];

enum { HELP_WORDS_MAX = 2 };

static int help(void) {
    printf("usage: swapc COMMAND [options]\n\n"
           "Moves signed messages through hot-swappable WebAssembly modules: swapc run\n"
           "shows all of it in a second, swapc help words says what the words mean.\n\n");
    swapci_commands_list(swapci_commands);
    printf("  %-12s %s\n\nexample:\n  swapc run --messages 1024 --method random\n", "--version",
           "versions of swapc and its engines");
    return SWAPCI_EXIT_OK;
}

static json_t *option_json(const char *of, const struct swapci_option *row) {
    static const char *const kinds[] = {"string",   "choice", "count", "fraction",
                                        "optional", "flag",   "act"};
    char variable[SWAPCI_SETTINGS_NAME_MAX];
    json_t *choices = json_array();
    for (const char *const *c = row->choices; c && *c; c++)
        json_array_append_new(choices, json_string(*c));
    bool settable = swapci_settings_settable(row);
    return json_pack("{s:s, s:s, s:s?, s:s, s:o, s:b, s:s?, s:b}", "name", row->name, "kind",
                     kinds[row->kind], "meta", row->meta, "help", row->help, "choices", choices,
                     "setting", settable, "variable",
                     settable ? swapci_settings_variable(of, row->name, variable) : NULL, "shared",
                     settable && swapci_settings_shared(of, row->name));
}

static void add_command(const struct swapci_options *o, void *user) {
    json_t *rows = json_array();
    for (size_t i = 0; i < o->count; i++)
        json_array_append_new(rows, option_json(o->command, &o->rows[i]));
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        json_array_append_new(rows, option_json(o->command, row));
    json_array_append_new(user, json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", o->command,
                                          "arguments", o->arguments, "summary", o->summary,
                                          "example", o->example, "options", rows));
}

static int tables(void) {
    json_t *commands = json_array();
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_commands_each(add_command, commands);
    return swapci_cli_write_json("-", json_pack("{s:o}", "commands", commands), &error) == SWAPC_OK
               ? SWAPCI_EXIT_OK
               : swapci_cli_fail("swapc help", &error);
}

int swapci_cmd_help(int argc, char **argv) {
    static char option[] = "--help";
    char *words[HELP_WORDS_MAX + 2] = {NULL};
    if (argc == 1) return help();
    if (argc == 2 && strcmp(argv[1], "--json") == 0) return tables();
    if (argc == 2 && strcmp(argv[1], "words") == 0) {
        fwrite(swapci_glossary->bytes, 1, swapci_glossary->len, stdout);
        return SWAPCI_EXIT_OK;
    }
    if (argc > 2 && strcmp(argv[1], "words") == 0)
        return swapci_cli_usage("swapc", "help words takes nothing more, not \"%s\"", argv[2]);
    if (argc - 1 > HELP_WORDS_MAX)
        return swapci_cli_usage("swapc", "help takes the name of a command, not also \"%s\"",
                                argv[HELP_WORDS_MAX + 1]);
    for (int i = 1; i < argc; i++) words[i - 1] = argv[i];
    words[argc - 1] = option;
    return swapci_commands_run(swapci_commands, "swapc", argc, words);
}
