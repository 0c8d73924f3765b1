/* key_file.h - the text files of the keyring: read line by line, written in one step.
 *
 * Threads: any, on different files. Ownership: a text is the caller's, freed by
 * swapci_key_text_fini, which wipes it.
 */
#ifndef SWAPCI_KEY_FILE_H
#define SWAPCI_KEY_FILE_H

#include "swapc/bytes.h"
#include <stdbool.h>

#include "swapc/error.h"

typedef struct swapci_key_text {
    const char *path; /* borrowed, for messages */
    char *bytes;
    size_t len;
    size_t at;     /* where the next line begins */
    unsigned line; /* number of the line last given, from 1 */
} swapci_key_text;

/* Who may read a file, and whose it must be. One that others can write, or a group, is refused always. */
enum swapci_key_access {
    SWAPCI_KEY_PUBLIC, /* anybody */
    SWAPCI_KEY_SECRET, /* its owner, who is this user or root */
    SWAPCI_KEY_SHARED  /* and its group, by intention */
};

/* Reads the file and its first line, which must be `title`; one whose mode or owner is not as access says
 * is refused.
 * Returns NOT_FOUND, INVALID, IO, NO_MEMORY; unless OK there is nothing to free. */
enum swapc_status swapci_key_text_read(const char *path, const char *title,
                                       enum swapci_key_access access, swapci_key_text *out,
                                       swapc_error *error);
void swapci_key_text_fini(swapci_key_text *text);

/* The next line that is neither blank nor a comment, without blanks around it. Returns
 * false at the end. */
bool swapci_key_text_next(swapci_key_text *text, swapc_bytes *line);

/* Reports the line last given: "PATH, line N, WHAT". Returns INVALID. */
enum swapc_status swapci_key_text_refuse(const swapci_key_text *text, const char *what,
                                         swapc_error *error);

/* Makes a file of bytes in one step. Without replace an existing file stays and is no failure.
 * Returns SWAPC_OK, INVALID (path too long), IO. */
enum swapc_status swapci_key_file_write(const char *path, swapc_bytes bytes, int mode, bool replace,
                                        swapc_error *error);

#endif
