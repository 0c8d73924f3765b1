#include "wt_where.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

enum {
    WHERE_MAX = 176, /* bytes of the whole chain with its NUL */
    NAME_MAX = 64,   /* of one name */
    FRAMES_SHOWN = 6
};

static const char between[] = " < ";
static const char more[] = " < ...";

static void name_of(const wasm_frame_t *frame, const char *entry, char name[NAME_MAX]) {
    const wasm_name_t *given = wasmtime_frame_func_name(frame);
    if (given && given->size > 0)
        swapci_printable(swapc_bytes_of((const uint8_t *)given->data, given->size), name, NAME_MAX);
    else if (entry) snprintf(name, NAME_MAX, "%s", entry);
    else snprintf(name, NAME_MAX, "function %u", wasm_frame_func_index(frame));
}

/* Innermost first, as far as there is room. */
static void chain(const wasm_frame_vec_t *frames, const char *entry, char where[WHERE_MAX]) {
    size_t used = (size_t)snprintf(where, WHERE_MAX, "in ");
    for (size_t i = 0; i < frames->size; i++) {
        char name[NAME_MAX];
        name_of(frames->data[i], i + 1 == frames->size ? entry : NULL, name);
        const char *joint = i > 0 ? between : "";
        if (i == FRAMES_SHOWN || used + strlen(joint) + strlen(name) + sizeof more > WHERE_MAX) {
            snprintf(where + used, WHERE_MAX - used, "%s", more);
            return;
        }
        used += (size_t)snprintf(where + used, WHERE_MAX - used, "%s%s", joint, name);
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
        chain(&frames, entry, where);
        const size_t used = strlen(error->text);
        if (error->status == SWAPC_OK) swapc_error_set(error, status, "%s", where);
        else snprintf(error->text + used, sizeof error->text - used, "; %s", where);
    }
    wasm_frame_vec_delete(&frames);
}
