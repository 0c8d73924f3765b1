/* utf8.h - is this text?
 *
 * Threads: pure. Freestanding: guests compile it too.
 */
#ifndef SWAPCI_UTF8_H
#define SWAPCI_UTF8_H

#include "swapc/bytes.h"

/* Returns 1 when bytes are well-formed UTF-8 (no overlong form, no surrogate, at most U+10FFFF). */
int swapci_utf8_valid(swapc_bytes bytes);

/* Returns how many bytes the character at the start of bytes (not empty) has; 0: it is not
 * well-formed.
 */
size_t swapci_utf8_character(swapc_bytes bytes);

/* Writes the character (no surrogate, at most U+10FFFF) into out, which has room for 4 bytes.
 * Returns how many it has. */
size_t swapci_utf8_encode(uint32_t character, uint8_t *out);

#endif
