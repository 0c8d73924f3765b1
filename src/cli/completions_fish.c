#include <string.h>

#include "commands.h"
#include "completions.h"
#include "settings.h"

/* Text within '…'. */
static void quoted(FILE *to, const char *text) {
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') fputc('\\', to);
        fputc(*text == '\n' ? ' ' : *text, to);
    }
}

static void begin(FILE *to, const char *table) {
    fprintf(to, "complete -c swapc -n '__swapc_at \"%s\"'", table);
}

static void write_found(FILE *to, const struct swapci_candidates *c) {
    if (!*c->words && !c->modules) return;
    fprintf(to, " -a '%s%s%s'", c->words, *c->words && c->modules ? " " : "",
            c->modules ? "(__swapc_modules)" : "");
}

static void write_option(FILE *to, const char *table, const struct swapci_option *row) {
    struct swapci_candidates c;
    begin(to, table);
    fprintf(to, " -l %s", row->name);
    if (!swapci_option_is_flag(row)) {
        swapci_candidates_of_option(row, &c);
        if (row->kind != SWAPCI_OPTION_OPTIONAL) fputs(" -r", to);
        fputs(c.files ? " -F" : c.folders ? " -f -a '(__fish_complete_directories)'" : " -f", to);
        write_found(to, &c);
    }
    fputs(" -d '", to);
    quoted(to, row->help);
    fputs("'\n", to);
}

static void write_command(const struct swapci_options *o, void *user) {
    FILE *to = user;
    char table[SWAPCI_SETTINGS_NAME_MAX];
    struct swapci_candidates c;
    swapci_settings_table(o->command, table);
    for (size_t i = 0; i < o->count; i++) write_option(to, table, &o->rows[i]);
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        write_option(to, table, row);
    begin(to, table);
    fputs(" -l help -d 'this text'\n", to);
    swapci_candidates_of_arguments(o->arguments, &c);
    if (!*c.words && !c.modules && !c.files && !c.folders) return;
    begin(to, table);
    if (c.files || c.folders) fputs(" -F", to);
    write_found(to, &c);
    fputc('\n', to);
}

static void write_table(FILE *to, const char *at, const struct swapci_command *table) {
    for (; table->name; table++) {
        begin(to, at);
        fprintf(to, " -a %s -d '", table->name);
        quoted(to, table->summary);
        fputs("'\n", to);
        if (table->sub) write_table(to, table->name, table->sub);
    }
}

static void write_path(FILE *to, const struct swapci_command *table, const char *before) {
    for (; table->name; table++) {
        fprintf(to, "            case '%s/%s'\n                set at %s%s%s\n", before,
                table->name, before, *before ? "-" : "", table->name);
        if (table->sub) write_path(to, table->sub, table->name);
    }
}

void swapci_completions_fish(FILE *to) {
    fputs("# fish completion of swapc, written by `swapc completions fish`.\n\n"
          "function __swapc_at\n"
          "    set -l at ''\n"
          "    for word in (commandline -opc)[2..-1]\n"
          "        switch \"$at/$word\"\n",
          to);
    write_path(to, swapci_commands, "");
    fputs("        end\n    end\n    test \"$at\" = \"$argv[1]\"\nend\n\n"
          "function __swapc_modules\n"
          "    set -l folder (dirname (command -s swapc))/../share/swapc/modules\n"
          "    set -q SWAPC_MODULES; and set folder $SWAPC_MODULES\n"
          "    for path in $folder/*/\n"
          "        basename $path\n"
          "    end\n"
          "end\n\n"
          "complete -c swapc -f\n",
          to);
    begin(to, "");
    fputs(" -l version -d 'versions of swapc and its engines'\n", to);
    begin(to, "");
    fputs(" -a help -d 'of a command, or what the words mean'\n", to);
    write_table(to, "", swapci_commands);
    swapci_commands_each(write_command, to);
}
