/* completions.h - what shells complete, from the tables; one writer a shell.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_COMPLETIONS_H
#define SWAPCI_COMPLETIONS_H

#include "arguments.h"

/* What can stand in a place: words (with blanks between), and what is found when it is asked for. */
struct swapci_candidates {
    char words[512];
    bool files, folders, modules; /* modules: the shipped ones */
};

void swapci_candidates_of_option(const struct swapci_option *row, struct swapci_candidates *out);
void swapci_candidates_of_arguments(const char *arguments, struct swapci_candidates *out);

void swapci_completions_bash(FILE *to);
void swapci_completions_zsh(FILE *to);
void swapci_completions_fish(FILE *to);

#endif
