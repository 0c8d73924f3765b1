/* printable.h - bytes that somebody else wrote, as one line of text that is safe to show.
 *
 * A guest's error, its console lines, the names in a module, a message from a peer: any bytes.
 * Shown as they come they would move the cursor, colour the terminal, forge a line of the log, or
 * turn text around. Well-formed UTF-8 stays as it is, except what acts instead of showing: control
 * characters, line and paragraph separators, marks of direction and of no width. Those, bytes that
 * are no UTF-8, and the backslash are written as \n \r \t \\ \xNN or \u{NNNN}, so that the bytes
 * can be read back.
 *
 * Threads: pure. Ownership: the caller's storage, no heap.
 */
#ifndef SWAPCI_PRINTABLE_H
#define SWAPCI_PRINTABLE_H

#include <stdbool.h>

#include "swapc/bytes.h"

enum {
    SWAPCI_PRINTABLE_PIECE = 16,    /* room for one character or escape, with its NUL */
    SWAPCI_PRINTABLE_LINE_MAX = 640 /* bytes of a line of ours; longer ones are cut */
};

/* Takes the first character off *rest (not empty) and writes it, or its escape, with a NUL into
 * piece.
 * Returns whether it is an escape. */
bool swapci_printable_next(swapc_bytes *rest, char piece[SWAPCI_PRINTABLE_PIECE]);

/* Writes bytes into out, size bytes with the NUL (at least 4); what does not fit is cut and ends in
 * "...". Returns out. */
char *swapci_printable(swapc_bytes bytes, char *out, size_t size);

/* Writes bytes as a value to compare: "text" in quotes when it is text, line ends and tabs
 * included, else hexadecimal digits; cut as above. Returns out. */
char *swapci_printable_value(swapc_bytes bytes, char *out, size_t size);

/* Makes the text in storage of size bytes one line that is safe to show: as swapci_printable, but
 * text that is shown as it is, and backslashes, stay, so that doing it again changes nothing. For
 * texts of ours with pieces of somebody else's in them. Returns text. */
char *swapci_printable_line(char *text, size_t size);

/* Whether nothing in bytes needs an escape, a backslash apart: such text is shown as it is. */
bool swapci_printable_is(swapc_bytes bytes);

#endif
