/* utf8.h - is this text?
 *
 * Threads: pure. Freestanding.
 */
#ifndef SWAPCI_UTF8_H
#define SWAPCI_UTF8_H

#include "swapc/bytes.h"

/* Returns 1 when bytes are well-formed UTF-8 (no overlong form, no surrogate, at most U+10FFFF). */
int swapci_utf8_valid(swapc_bytes bytes);

#endif
