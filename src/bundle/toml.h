/* toml.h - reads the part of TOML 1.0 that our files need, statement by statement.
 *
 *     swapci_toml_open(&t, text, path, error);
 *     while ((status = swapci_toml_next(&t, &s)) == SWAPC_OK && s.kind != SWAPCI_TOML_END) …
 *
 * Read are: a UTF-8 byte order mark, comments, [tables], [[arrays of tables]], key = "string",
 * 'literal string', whole number, true or false, and arrays of strings, over several lines too.
 * Bare keys only. What TOML has beyond that is refused by its name and line. After a pair, its
 * value must be taken by one of the functions below.
 *
 * Threads: none shared. Ownership: text, path and error are borrowed while reading.
 * Returns, of all: SWAPC_OK; BUNDLE, reported with path and line; NO_MEMORY.
 */
#ifndef SWAPCI_TOML_H
#define SWAPCI_TOML_H

#include <stdbool.h>

#include "buffer.h"
#include "suggest.h"
#include "swapc/error.h"

#define SWAPCI_NAME_MAX 64 /* of a key, and of names that are values, with the NUL */

struct swapci_toml {
    const char *at, *end;
    const char *path;
    swapc_error *error;
    unsigned line; /* of what is being read, from 1 */
};

enum swapci_toml_kind { SWAPCI_TOML_END, SWAPCI_TOML_TABLE, SWAPCI_TOML_PAIR };

struct swapci_toml_statement {
    enum swapci_toml_kind kind;
    bool array; /* of a table: [[name]] */
    char name[SWAPCI_NAME_MAX];
};

void swapci_toml_open(struct swapci_toml *t, swapc_bytes text, const char *path,
                      swapc_error *error);

enum swapc_status swapci_toml_next(struct swapci_toml *t, struct swapci_toml_statement *out);

/* Reads a small file whole: each statement is handed to take, which may fail. */
typedef enum swapc_status (*swapci_toml_take)(const struct swapci_toml_statement *s, void *user);
enum swapc_status swapci_toml_each(struct swapci_toml *t, swapci_toml_take take, void *user);

/* A string as the bytes that it stands for, appended to out. */
enum swapc_status swapci_toml_text(struct swapci_toml *t, swapci_buffer *out);

/* A string of 1 to SWAPCI_NAME_MAX - 1 bytes that can be shown as it is (printable.h). */
enum swapc_status swapci_toml_name(struct swapci_toml *t, char out[SWAPCI_NAME_MAX]);

enum swapc_status swapci_toml_bool(struct swapci_toml *t, bool *out);
enum swapc_status swapci_toml_count(struct swapci_toml *t, uint32_t min, uint32_t max,
                                    uint32_t *out);

/* A string as the bytes that it stands for, or true, false or a number (whole or with a point, _
 * between digits) as it is written without its _, appended to out. */
enum swapci_toml_scalar { SWAPCI_TOML_STRING, SWAPCI_TOML_NUMBER, SWAPCI_TOML_BOOL };
enum swapc_status swapci_toml_scalar(struct swapci_toml *t, enum swapci_toml_scalar *kind,
                                     swapci_buffer *out);

/* An array of names; each is handed to add, which may fail. */
typedef enum swapc_status (*swapci_toml_add)(const char *name, void *user);
enum swapc_status swapci_toml_names(struct swapci_toml *t, swapci_toml_add add, void *user);

/* "PATH line N: sentence". */
__attribute__((format(printf, 2, 3))) enum swapc_status swapci_toml_fail(struct swapci_toml *t,
                                                                         const char *format, ...);

/* A key or table that is not known; the suggestion has been offered those that are. */
enum swapc_status swapci_toml_unknown(struct swapci_toml *t, const struct swapci_toml_statement *s,
                                      struct swapci_suggestion *suggestion);

#endif
