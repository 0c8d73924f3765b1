/* hex.h - bytes to hexadecimal text and back.
 *
 * Threads: any. Writes only into the caller's storage; no heap. Encodes in lower case, decodes
 *     both.
 */
#ifndef SWAPCI_HEX_H
#define SWAPCI_HEX_H

#include <stddef.h>

#include "swapc/bytes.h"

/* Bytes of text for len bytes of data, with the NUL. */
#define SWAPCI_HEX_SIZE(len) (2 * (size_t)(len) + 1)

/* Writes data as text with a NUL into out, which has room for SWAPCI_HEX_SIZE(data.len). */
void swapci_hex_encode(swapc_bytes data, char *out);

/* Reads text (digits only, no prefix, no blanks) into out, which has room for text.len / 2 bytes.
 * Returns 1, or 0 when the length is odd or a character is no digit; out is then undefined. */
int swapci_hex_decode(swapc_bytes text, uint8_t *out);

#endif
