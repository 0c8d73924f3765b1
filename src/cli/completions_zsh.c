#include <string.h>

#include "commands.h"
#include "completions.h"
#include "settings.h"

/* Text within '…', in which zsh's _arguments and _describe take [ ] and : for their own. */
static void quoted(FILE *to, const char *text) {
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\''", to);
        else if (strchr("[]:\\", *text)) fprintf(to, "\\%c", *text);
        else fputc(*text == '\n' ? ' ' : *text, to);
    }
}

static void write_action(FILE *to, const struct swapci_candidates *c) {
    if (c->modules) fputs("_swapc_modules", to);
    else if (c->files && !*c->words) fputs("_files", to);
    else if (c->folders && !*c->words) fputs("_files -/", to);
    else if (*c->words) fprintf(to, "(%s)", c->words);
}

static void write_option(FILE *to, const struct swapci_option *row) {
    struct swapci_candidates c;
    bool optional = row->kind == SWAPCI_OPTION_OPTIONAL, flag = swapci_option_is_flag(row);
    fprintf(to, " \\\n      '--%s%s[", row->name, flag ? "" : optional ? "=-" : "=");
    quoted(to, row->help);
    fputc(']', to);
    if (!flag) {
        swapci_candidates_of_option(row, &c);
        fprintf(to, "%s", optional ? "::" : ":");
        quoted(to, row->meta);
        fputc(':', to);
        write_action(to, &c);
    }
    fputc('\'', to);
}

static void write_command(const struct swapci_options *o, void *user) {
    FILE *to = user;
    char table[SWAPCI_SETTINGS_NAME_MAX];
    struct swapci_candidates c;
    fprintf(to, "  %s)\n    _arguments -s", swapci_settings_table(o->command, table));
    for (size_t i = 0; i < o->count; i++) write_option(to, &o->rows[i]);
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        write_option(to, row);
    fputs(" \\\n      '--help[this text]'", to);
    swapci_candidates_of_arguments(o->arguments, &c);
    if (*o->arguments) {
        fputs(" \\\n      '*:", to);
        quoted(to, o->arguments);
        fputc(':', to);
        write_action(to, &c);
        fputc('\'', to);
    }
    fputs("\n    ;;\n", to);
}

static void write_table(FILE *to, const char *name, const struct swapci_command *table) {
    fprintf(to, "  %s)\n    names=(\n", name);
    for (; table->name; table++) {
        fprintf(to, "      '%s:", table->name);
        quoted(to, table->summary);
        fputs("'\n", to);
    }
    if (strcmp(name, "''") == 0) fputs("      'help:of a command, or what the words mean'\n", to);
    fputs("    )\n    _describe -t commands 'command of swapc' names\n    ;;\n", to);
}

static void write_path(FILE *to, const struct swapci_command *table, const char *before) {
    for (; table->name; table++) {
        fprintf(to, "    %s/%s) command=%s%s%s at=i ;;\n", before, table->name, before,
                *before ? "-" : "", table->name);
        if (table->sub) write_path(to, table->sub, table->name);
    }
}

void swapci_completions_zsh(FILE *to) {
    fputs("#compdef swapc\n# zsh completion of swapc, written by `swapc completions zsh`.\n\n"
          "_swapc_modules() {\n"
          "  local folder=${SWAPC_MODULES:-${commands[swapc]:h}/../share/swapc/modules}\n"
          "  local -a modules=($folder/*(N/:t))\n"
          "  _describe -t modules 'shipped module' modules\n"
          "  _files\n"
          "}\n\n"
          "_swapc() {\n"
          "  local command= i\n  integer at=1\n  local -a names\n"
          "  for ((i = 2; i < CURRENT; i++)); do\n"
          "    case $command/$words[i] in\n",
          to);
    write_path(to, swapci_commands, "");
    fputs("    esac\n  done\n"
          "  # what stands behind the command is all that its options see\n"
          "  if ((at > 1)); then\n"
          "    shift $((at - 1)) words\n"
          "    ((CURRENT -= at - 1))\n"
          "  fi\n"
          "  case $command in\n",
          to);
    write_table(to, "''", swapci_commands);
    for (const struct swapci_command *c = swapci_commands; c->name; c++)
        if (c->sub) write_table(to, c->name, c->sub);
    swapci_commands_each(write_command, to);
    fputs("  esac\n}\n\n_swapc \"$@\"\n", to);
}
