/* terminal.h - what whoever reads the output can show: colours, and characters beyond ASCII.
 *
 * Texts of ours are written in UTF-8. Where the locale is another, the signs that they use (µ × … ─ │ and
 * their like) are replaced by ASCII of the same width, but for … which becomes three dots.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_TERMINAL_H
#define SWAPCI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Whether colours are wanted: a terminal that is not dumb, and no $NO_COLOR. */
bool swapci_terminal_colour(FILE *to);

/* Writes the text, with other signs where the locale (LC_ALL, LC_CTYPE, LANG) is not UTF-8. */
void swapci_terminal_put(FILE *to, const char *text);

/* What write(…, user) writes goes through swapci_terminal_put. Without memory it is written as it is. */
void swapci_terminal_print(FILE *to, void (*write)(FILE *to, const void *user), const void *user);

#endif
