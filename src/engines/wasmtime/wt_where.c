#include "wt_where.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

enum {
    WHERE_MAX = 176,  /* bytes of the whole chain with its NUL */
    NAME_MAX = 64,    /* of one name */
    FRAMES_TOLD = 20, /* wasmtime keeps no more: then the last one is not the outermost */
    FRAMES_SHOWN = 8, /* when there are more, some of the middle are left out: */
    FRAMES_INNER = 2, /* where it happened stands inside, for a panic's own functions as well, */
    FRAMES_OUTER = 4  /* and whose call it was outside */
};

static const char between[] = " < ";
static const char omission[] = " < ...";

/* ---- Rust's names: _RNvNtCs1a_5price5guest5price is price::guest::price ---------------------- */

static void skip_base_62(swapc_bytes *rest) {
    while (rest->len > 0 && *rest->ptr != '_') *rest = swapc_bytes_of(rest->ptr + 1, rest->len - 1);
    if (rest->len > 0) *rest = swapc_bytes_of(rest->ptr + 1, rest->len - 1);
}

/* Takes "5price", or "7___rustc" whose identifier begins with _ or a digit, off rest. */
static swapc_bytes take_identifier(swapc_bytes *rest) {
    size_t len = 0, at = 0;
    for (; at < rest->len && isdigit(rest->ptr[at]); at++)
        if (len < rest->len) len = 10 * len + (size_t)(rest->ptr[at] - '0');
    if (at < rest->len && rest->ptr[at] == '_') at++;
    if (len > rest->len - at) len = rest->len - at;
    swapc_bytes identifier = swapc_bytes_of(rest->ptr + at, len);
    *rest = swapc_bytes_of(rest->ptr + at + len, rest->len - at - len);
    return identifier;
}

/* Writes the identifiers of a path in Rust's v0 form, and nothing of types and hashes, with ::
 * between. */
static void write_path(swapc_bytes mangled, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    while (mangled.len > 0 && used < size) {
        char tag = (char)*mangled.ptr;
        if (isdigit((unsigned char)tag)) {
            swapc_bytes part = take_identifier(&mangled);
            if (part.len > 0)
                used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? "::" : "",
                                         (int)part.len, (const char *)part.ptr);
            continue;
        }
        size_t taken = tag == 'N' && mangled.len > 1 ? 2 : 1;
        mangled = swapc_bytes_of(mangled.ptr + taken, mangled.len - taken);
        if (tag == 's' || tag == 'B') skip_base_62(&mangled);
    }
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void name_of(const wasm_frame_vec_t *frames, size_t at, const char *entry,
                    char name[NAME_MAX]) {
    const wasm_frame_t *frame = frames->data[at];
    const wasm_name_t *given = wasmtime_frame_func_name(frame);
    const bool outermost = at + 1 == frames->size && frames->size < FRAMES_TOLD;
    swapc_bytes text = swapc_bytes_of(NULL, 0);
    char path[4 * NAME_MAX];
    if (given) text = swapc_bytes_of((const uint8_t *)given->data, given->size);
    if (text.len > 2 && memcmp(text.ptr, "_R", 2) == 0) {
        write_path(swapc_bytes_of(text.ptr + 2, text.len - 2), path, sizeof path);
        if (*path) text = swapc_bytes_str(path);
    }
    if (entry && outermost) snprintf(name, NAME_MAX, "%s", entry);
    else if (text.len > 0) swapci_printable(text, name, NAME_MAX);
    else snprintf(name, NAME_MAX, "function %u", wasm_frame_func_index(frame));
}

struct chain {
    char names[FRAMES_TOLD][NAME_MAX]; /* innermost first */
    size_t count;
};

/* Writes the first inner and the last outer names. Returns whether there is room for all of
 * them. */
static bool write_chain(const struct chain *c, size_t inner, size_t outer, char where[WHERE_MAX]) {
    size_t used = (size_t)snprintf(where, WHERE_MAX, "in ");
    const bool cut = inner + outer < c->count;
    for (size_t i = 0; i < c->count && used < WHERE_MAX; i++) {
        if (cut && i == inner)
            used += (size_t)snprintf(where + used, WHERE_MAX - used, "%s", omission);
        if (cut && i >= inner && i < c->count - outer) continue;
        if (used >= WHERE_MAX) return false;
        used += (size_t)snprintf(where + used, WHERE_MAX - used, "%s%s", i > 0 ? between : "",
                                 c->names[i]);
    }
    return used < WHERE_MAX;
}

static void write_where(const struct chain *c, char where[WHERE_MAX]) {
    size_t inner = FRAMES_INNER, outer = FRAMES_OUTER;
    if (c->count <= FRAMES_SHOWN && write_chain(c, c->count, 0, where)) return;
    if (inner > c->count) inner = c->count;
    if (outer > c->count - inner) outer = c->count - inner;
    while (!write_chain(c, inner, outer, where)) {
        if (outer > 1) outer--;
        else if (inner > 1) inner--;
        else break;
    }
}

void swapci_wt_tell_where(const wasm_trap_t *trap, const wasmtime_error_t *failed,
                          const char *entry, enum swapc_status status, swapc_error *error) {
    wasm_frame_vec_t frames = {0, NULL};
    char where[WHERE_MAX];
    if (!error) return;
    if (trap) wasm_trap_trace(trap, &frames);
    else wasmtime_error_wasm_trace(failed, &frames);
    if (frames.size > 0) {
        struct chain c = {.count = frames.size < FRAMES_TOLD ? frames.size : FRAMES_TOLD};
        for (size_t i = 0; i < c.count; i++) name_of(&frames, i, entry, c.names[i]);
        write_where(&c, where);
        const size_t used = strlen(error->text);
        if (error->status == SWAPC_OK) swapc_error_set(error, status, "%s", where);
        else snprintf(error->text + used, sizeof error->text - used, "; %s", where);
    }
    wasm_frame_vec_delete(&frames);
}
