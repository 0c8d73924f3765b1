/* `swapc completions`: what a shell completes, from the tables of commands and options. What this writes is
 * committed in packaging/completions; docs/man/update.py writes it there, and a test says when it is stale. */
#include <ctype.h>
#include <string.h>

#include "arguments.h"
#include "cli.h"
#include "commands.h"
#include "completions.h"
#include "scenario.h"
#include "settings.h"

static const char command[] = "swapc completions";

/* ---- what can stand somewhere ------------------------------------------------------------------ */

static void add_word(struct swapci_candidates *c, const char *word, size_t len) {
    size_t used = strlen(c->words);
    if (used + len + 2 > sizeof c->words) return;
    snprintf(c->words + used, sizeof c->words - used, "%s%.*s", used ? " " : "", (int)len, word);
}

static void add_engines(struct swapci_candidates *c) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) add_word(c, info.name, strlen(info.name));
}

void swapci_candidates_of_option(const struct swapci_option *row, struct swapci_candidates *out) {
    const char *meta = row->meta ? row->meta : "";
    *out = (struct swapci_candidates){.files = strstr(meta, "FILE") || strstr(meta, ".json"),
                                      .folders = strstr(meta, "DIR") != NULL};
    for (const char *const *c = row->choices; c && *c; c++) add_word(out, *c, strlen(*c));
    if (strcmp(meta, "E") == 0) add_engines(out);
    if (strcmp(meta, "native") == 0) add_word(out, meta, strlen(meta));
}

static void add_scenarios(struct swapci_candidates *c) {
    for (const struct swapci_scenario *s = swapci_scenarios; s->name; s++)
        add_word(c, s->name, strlen(s->name));
}

/* By the words of "BUNDLE|FILE OPERATION": those in small letters stand for themselves. */
void swapci_candidates_of_arguments(const char *arguments, struct swapci_candidates *out) {
    *out = (struct swapci_candidates){.files = false};
    for (const char *at = arguments; *at;) {
        size_t len = strcspn(at, " |[].");
        if (len > 0 && islower((unsigned char)*at)) add_word(out, at, len);
        if (len == 4 && strncmp(at, "FILE", 4) == 0) out->files = true;
        if (len == 3 && strncmp(at, "DIR", 3) == 0) out->folders = true;
        if (len == 6 && strncmp(at, "BUNDLE", 6) == 0) out->modules = out->files = true;
        if (len == 8 && strncmp(at, "SCENARIO", 8) == 0) add_scenarios(out);
        at += len + (at[len] != '\0');
    }
}

int swapci_cmd_completions(int argc, char **argv) {
    static const struct {
        const char *shell;
        void (*write)(FILE *to);
    } shells[] = {{"bash", swapci_completions_bash},
                  {"zsh", swapci_completions_zsh},
                  {"fish", swapci_completions_fish}};
    const struct swapci_options options = {
        command,
        "bash|zsh|fish",
        "Writes what makes the shell complete swapc's commands, options and values. Packages "
        "install it; without one: source <(swapc completions bash), or save it as _swapc in a "
        "folder of zsh's $fpath, or as ~/.config/fish/completions/swapc.fish.",
        NULL,
        0,
        1,
        1,
        "swapc completions bash > ~/.local/share/bash-completion/completions/swapc"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(argv[first], shells[i].shell) == 0) {
            shells[i].write(stdout);
            return SWAPCI_EXIT_OK;
        }
    return swapci_cli_usage(command, "there are completions for bash, zsh and fish, not for \"%s\"",
                            argv[first]);
}
