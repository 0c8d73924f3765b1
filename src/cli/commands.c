#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "suggest.h"

const struct swapci_command swapci_commands[] = {
    {"run", "the whole pipeline in one command", swapci_cmd_run, NULL, SWAPCI_ENDS_INTERRUPTED},
    {"signer", "reads messages, signs them, sends them to verifiers", swapci_cmd_signer, NULL,
     SWAPCI_ENDS_CLEAN},
    {"verifier", "takes signed messages from signers and stores verdicts", swapci_cmd_verifier,
     NULL, SWAPCI_ENDS_CLEAN},
    {"process", "has a module work on the entries of a stream, any operation", swapci_cmd_process,
     NULL, SWAPCI_ENDS_CLEAN},
    {"generate", "adds messages to the stream", swapci_cmd_generate, NULL, SWAPCI_ENDS_INTERRUPTED},
    {"bench", "measures engines against native code", swapci_cmd_bench, NULL,
     SWAPCI_ENDS_INTERRUPTED},
    {"call", "calls one operation of a module", swapci_cmd_call, NULL, SWAPCI_ENDS_BY_SIGNAL},
    {"inspect", "shows what a module is and imports", swapci_cmd_inspect, NULL,
     SWAPCI_ENDS_BY_SIGNAL},
    {"module", "makes, checks, signs, lists, swaps and rolls back modules", swapci_cmd_module,
     swapci_module_commands, SWAPCI_ENDS_BY_SIGNAL},
    {"dead", "lists, gives back or drops messages that were given up", swapci_cmd_dead, NULL,
     SWAPCI_ENDS_INTERRUPTED},
    {"status", "asks a running process how it is", swapci_cmd_status, NULL, SWAPCI_ENDS_WATCH},
    {"dashboard", "one page for several running processes", swapci_cmd_dashboard, NULL,
     SWAPCI_ENDS_CLEAN},
    {"conformance", "runs the waPC conformance suite on an engine", swapci_cmd_conformance, NULL,
     SWAPCI_ENDS_BY_SIGNAL},
    {"check-config", "checks swapc.toml, and shows each value and its origin",
     swapci_cmd_check_config, NULL, SWAPCI_ENDS_BY_SIGNAL},
    {"completions", "writes completions for a shell", swapci_cmd_completions, NULL,
     SWAPCI_ENDS_BY_SIGNAL},
    {.name = NULL},
};

int swapci_commands_run(const struct swapci_command *table, const char *of, int argc, char **argv) {
    struct swapci_suggestion suggestion = {.word = argv[0]};
    for (; table->name; table++) {
        if (strcmp(argv[0], table->name) == 0) return table->run(argc, argv);
        swapci_suggest_offer(&suggestion, table->name);
    }
    return swapci_cli_usage(of, "no command is called \"%s\"%s", argv[0],
                            swapci_suggest_text(&suggestion));
}

void swapci_commands_list(const struct swapci_command *table) {
    for (; table->name; table++) printf("  %-12s %s\n", table->name, table->summary);
}

static void each(const struct swapci_command *table, swapci_options_see see, void *user) {
    for (; table->name; table++) {
        if (table->sub) each(table->sub, see, user);
        else swapci_options_observe(see, user, table->run, table->name);
    }
}

void swapci_commands_each(swapci_options_see see, void *user) {
    each(swapci_commands, see, user);
}
