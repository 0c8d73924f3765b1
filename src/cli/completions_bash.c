#include <string.h>

#include "commands.h"
#include "completions.h"
#include "settings.h"

/* A shell's case of commands: a word after what was read so far. */
static void write_path(FILE *to, const struct swapci_command *table, const char *before) {
    for (; table->name; table++) {
        fprintf(to, "        %s/%s) command=%s%s%s ;;\n", before, table->name, before,
                *before ? "-" : "", table->name);
        if (table->sub) write_path(to, table->sub, table->name);
    }
}

static void write_names(FILE *to, const struct swapci_command *table) {
    for (const struct swapci_command *c = table; c->name; c++)
        fprintf(to, "%s%s", c == table ? "" : " ", c->name);
}

static void write_found(FILE *to, const struct swapci_candidates *c) {
    if (*c->words) fprintf(to, " words=\"%s\"", c->words);
    if (c->modules) fputs(" modules=1", to);
    if (c->files) fputs(" files=-f", to);
    else if (c->folders) fputs(" files=-d", to);
}

static void write_value(FILE *to, const char *table, const struct swapci_option *row) {
    struct swapci_candidates c;
    if (swapci_option_is_flag(row) || row->kind == SWAPCI_OPTION_OPTIONAL) return;
    swapci_candidates_of_option(row, &c);
    fprintf(to, "    %s/--%s) value=1", table, row->name);
    write_found(to, &c);
    fputs(" ;;\n", to);
}

static void write_values(const struct swapci_options *o, void *user) {
    char table[SWAPCI_SETTINGS_NAME_MAX];
    swapci_settings_table(o->command, table);
    for (size_t i = 0; i < o->count; i++) write_value(user, table, &o->rows[i]);
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        write_value(user, table, row);
}

static void write_option(FILE *to, const struct swapci_option *row) {
    fprintf(to, " --%s%s", row->name, row->kind == SWAPCI_OPTION_OPTIONAL ? " --" : "");
    if (row->kind == SWAPCI_OPTION_OPTIONAL) fprintf(to, "%s=", row->name);
}

static void write_command(const struct swapci_options *o, void *user) {
    FILE *to = user;
    char table[SWAPCI_SETTINGS_NAME_MAX];
    struct swapci_candidates c;
    fprintf(to, "    %s)\n        options=\"", swapci_settings_table(o->command, table));
    for (size_t i = 0; i < o->count; i++) write_option(to, &o->rows[i]);
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        write_option(to, row);
    fputs(" --help\"", to);
    swapci_candidates_of_arguments(o->arguments, &c);
    if (*c.words || c.files || c.folders) fputs("\n       ", to);
    write_found(to, &c);
    fputs(" ;;\n", to);
}

static void write_groups(FILE *to, const struct swapci_command *table) {
    for (; table->name; table++) {
        if (!table->sub) continue;
        fprintf(to, "    %s) words=\"", table->name);
        write_names(to, table->sub);
        fputs("\" options=--help ;;\n", to);
    }
}

void swapci_completions_bash(FILE *to) {
    fputs("# bash completion of swapc, written by `swapc completions bash`.\n\n"
          "_swapc_modules() {\n"
          "    local folder=${SWAPC_MODULES:-$(dirname -- \"$(command -v swapc)\")/../share/swapc/"
          "modules} path\n"
          "    for path in \"$folder\"/*/; do\n"
          "        [[ ! -d $path ]] || basename -- \"$path\"\n"
          "    done\n"
          "}\n\n"
          "_swapc() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local command= options= words= modules= files= value= i\n"
          "    COMPREPLY=()\n"
          "    # \"=\" is a word of its own\n"
          "    if [[ $cur == = ]]; then\n"
          "        cur=\n"
          "    elif [[ $before == = ]]; then\n"
          "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case $command/${COMP_WORDS[i]} in\n",
          to);
    write_path(to, swapci_commands, "");
    fputs("        esac\n    done\n    case $command/$before in\n", to);
    swapci_commands_each(write_values, to);
    fputs("    esac\n    [[ -n $value ]] || case $command in\n    \"\") words=\"", to);
    write_names(to, swapci_commands);
    fputs(" help\" options=\"--help --version\" ;;\n", to);
    write_groups(to, swapci_commands);
    swapci_commands_each(write_command, to);
    fputs("    esac\n"
          "    if [[ -z $value && $cur == -* ]]; then\n"
          "        words=$options modules= files=\n"
          "    fi\n"
          "    [[ -z $modules ]] || words+=\" $(_swapc_modules)\"\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"\n"
          "        [[ -z $files ]] || compgen $files -- \"$cur\")\n"
          "    [[ -z $files ]] || compopt -o filenames 2>/dev/null\n"
          "    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null\n"
          "}\n\n"
          "complete -F _swapc swapc\n",
          to);
}
