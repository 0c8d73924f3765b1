/* json_file.h - a document in a file, whole or not at all.
 *
 * It is written beside the file and takes its name when it is complete, so that whoever looks, and whenever this process ends,
 * finds the document of before or the new one. Where that cannot be (a pipe, a device, a file with a second name, of another
 * user, or to which standard output goes, or in a folder that cannot be written to) it is written in place. Its mode and group
 * stay what they were; one that is not to be written to stays as it is.
 *
 * Threads: one at a time for a path. Ownership: the document stays the caller's.
 */
#ifndef SWAPCI_JSON_FILE_H
#define SWAPCI_JSON_FILE_H

#include <jansson.h>
#include <stdbool.h>

/* Writes it as indented JSON and a newline; path "-": stdout. Returns false with errno; a part of a document is not left then,
 * and the one of before stays where it was not written in place. */
bool swapci_json_file_write(const char *path, const json_t *document);

#endif
