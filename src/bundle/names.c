#include "names.h"

#include <stdint.h>

#include "heap.h"

enum swapc_status swapci_names_add(struct swapci_names *names, const char *name) {
    char *copy = swapci_heap_text(name);
    const char **list =
        copy ? swapci_heap_resize(names->list, (names->count + 2) * sizeof *list) : NULL;
    if (!list) {
        swapci_heap_free(copy);
        return SWAPC_NO_MEMORY;
    }
    names->list = list;
    list[names->count++] = copy;
    list[names->count] = NULL;
    return SWAPC_OK;
}

bool swapci_names_has(const struct swapci_names *names, swapc_bytes name) {
    for (unsigned i = 0; i < names->count; i++)
        if (swapc_bytes_equal(swapc_bytes_str(names->list[i]), name)) return true;
    return false;
}

struct swapci_names swapci_names_of(const char *const *list) {
    struct swapci_names names = {.list = (const char **)(uintptr_t)list};
    while (list && list[names.count]) names.count++;
    return names;
}

char *swapci_names_text(const struct swapci_names *names, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < names->count; i++) {
        const char *between = i ? ", " : "";
        size_t need = strlen(between) + strlen(names->list[i]);
        if (used + need + sizeof "..." >= size) {
            memcpy(out + used, "...", sizeof "...");
            return out;
        }
        memcpy(out + used, between, strlen(between));
        memcpy(out + used + strlen(between), names->list[i], strlen(names->list[i]) + 1);
        used += need;
    }
    return out;
}

void swapci_names_fini(struct swapci_names *names) {
    for (unsigned i = 0; i < names->count; i++) swapci_heap_free((void *)(uintptr_t)names->list[i]);
    swapci_heap_free((void *)names->list);
    *names = (struct swapci_names){.count = 0};
}
