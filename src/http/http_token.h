/* http_token.h - the secret that lets controls in, in a file that only its owner can read.
 *
 * Threads: load by one; equal by any. Ownership: the caller's storage.
 */
#ifndef SWAPCI_HTTP_TOKEN_H
#define SWAPCI_HTTP_TOKEN_H

#include <stdbool.h>

#include "swapc/error.h"

enum { SWAPCI_HTTP_TOKEN_MIN = 32, SWAPCI_HTTP_TOKEN_MAX = 256 };

/* Reads the first line of the file, or makes the file, mode 0600, with a random token of 64 hexadecimal
 * digits. Returns SWAPC_OK; NOT_ALLOWED (others can read it), INVALID (too short, too long, or with
 * characters other than printable ASCII without spaces), IO, SYSTEM. */
enum swapc_status swapci_http_token_load(const char *path, char out[SWAPCI_HTTP_TOKEN_MAX + 1],
                                         swapc_error *error);

/* Compares in a time that does not tell where they differ. */
bool swapci_http_token_equal(const char *token, const char *given);

#endif
