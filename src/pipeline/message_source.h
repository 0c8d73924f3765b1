/* message_source.h - where the generator's messages come from: random names, or lines of a file.
 *
 * Lines end with LF, which is not part of the message; a last line without one counts; an empty
 * line is an empty message; every other byte, NUL and CR included, is kept. Lines are streamed, so
 * a file may be of any length and a pipe may be slow.
 *
 * Threads: one at a time. Ownership: `out` is freed by swapci_source_free; a message is a view that
 *     is void after the next call.
 */
#ifndef SWAPCI_MESSAGE_SOURCE_H
#define SWAPCI_MESSAGE_SOURCE_H

#include <stdatomic.h>
#include <stdint.h>

#include "swapc/bytes.h"
#include "swapc/error.h"

typedef struct swapci_source swapci_source;

/* A pseudo-random number from *state (xorshift64*); the same seed gives the same sequence. */
uint64_t swapci_random_next(uint64_t *state);
/* A state from any seed, 0 included. */
uint64_t swapci_random_seed(uint64_t seed);

/* Endless names, the same for the same seed. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_source_names(uint64_t seed, swapci_source **out, swapc_error *error);

/* Lines of the file at path, "-" for the standard input; message_max in bytes.
 * Returns SWAPC_OK, NOT_FOUND, IO (cannot be read: `error` names it), NO_MEMORY. */
enum swapc_status swapci_source_lines(const char *path, size_t message_max, swapci_source **out,
                                      swapc_error *error);

void swapci_source_free(swapci_source *source);

/* Gives the next message. wait 0: only what is there without waiting.
 * Returns SWAPC_OK; CLOSED (no more); BUSY (nothing there now, with wait 0); TOO_LARGE (`error`
 * names line, size and limit); INTERRUPTED (stop, which may be NULL, was raised); IO; NO_MEMORY. */
enum swapc_status swapci_source_next(swapci_source *source, int wait, const atomic_int *stop,
                                     swapc_bytes *out, swapc_error *error);

#endif
