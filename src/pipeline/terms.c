#include "terms.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 100 };

void swapci_terms_add(swapci_terms *terms, const char *option, const char *value) {
    size_t len = strlen(terms->text);
    snprintf(terms->text + len, sizeof terms->text - len, "%s %s\n", option, value);
}

/* Takes a line off the front. */
static swapc_bytes take_line(swapc_bytes *text) {
    const uint8_t *end = text->len ? memchr(text->ptr, '\n', text->len) : NULL;
    size_t len = end ? (size_t)(end - text->ptr) : text->len;
    swapc_bytes line = swapc_bytes_of(text->ptr, len);
    *text = swapc_bytes_of(text->ptr + len + (end != NULL), text->len - len - (end != NULL));
    return line;
}

static swapc_bytes or_nothing(swapc_bytes line) {
    return line.len > 0 ? line : swapc_bytes_str("nothing");
}

static int shown(swapc_bytes line) {
    return (int)(line.len < SHOWN_MAX ? line.len : SHOWN_MAX);
}

enum swapc_status swapci_terms_check(const swapci_terms *ours, swapc_bytes theirs,
                                     swapc_error *error) {
    swapc_bytes mine = swapc_bytes_str(ours->text);
    if (mine.len == 0 || theirs.len == 0 || swapc_bytes_equal(mine, theirs)) return SWAPC_OK;
    swapc_bytes a, b;
    do {
        a = or_nothing(take_line(&mine));
        b = or_nothing(take_line(&theirs));
    } while (swapc_bytes_equal(a, b) && (mine.len > 0 || theirs.len > 0));
    return swapc_error_set(
        error, SWAPC_NOT_ALLOWED,
        "others work on %s with %.*s, and this process has %.*s: give it the same, or a --group of "
        "its own, or end the others first",
        ours->what, shown(b), (const char *)b.ptr, shown(a), (const char *)a.ptr);
}
