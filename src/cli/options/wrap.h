/* wrap.h - text in lines of a terminal's usual width.
 *
 * Threads: pure. Ownership: texts are borrowed.
 */
#ifndef SWAPCI_WRAP_H
#define SWAPCI_WRAP_H

#include <stddef.h>
#include <stdio.h>

enum { SWAPCI_WRAP_WIDTH = 79 };

/* Columns that the text of UTF-8 takes, of characters that take one each. */
size_t swapci_wrap_columns(const char *text, size_t len);

/* Writes the words of text from column at on; further lines begin at column indent. Ends of lines in it count
 * as blanks. Returns the column after the last word. */
size_t swapci_wrap(FILE *to, const char *text, size_t at, size_t indent);

#endif
