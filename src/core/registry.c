#include "registry.h"

#include <stdio.h>

#include "options.h"
#include "suggest.h"

int swapc_engine_at(unsigned index, swapc_engine_info *out) {
    if (index >= swapci_engine_count) return 0;
    const swapc_engine *engine = swapci_engine_table[index].engine;
    swapc_engine_info own = SWAPC_ENGINE_INFO_INIT;
    own.name = swapci_engine_table[index].name;
    own.version = engine ? engine->version() : NULL;
    own.caps = engine ? engine->caps : 0;
    own.flavours = engine ? engine->flavours : NULL;
    own.built = engine != NULL;
    swapci_give_engine_info(&own, out);
    return 1;
}

static void list_built(char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < swapci_engine_count && used < size; i++)
        if (swapci_engine_table[i].engine)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     swapci_engine_table[i].name);
}

enum swapc_status swapci_engine_find(const char *name, unsigned *index, swapc_error *error) {
    char built[128];
    list_built(built, sizeof built);
    struct swapci_suggestion suggestion = {.word = name};
    for (unsigned i = 0; i < swapci_engine_count; i++) {
        swapci_suggest_offer(&suggestion, swapci_engine_table[i].name);
        if (strcmp(name, swapci_engine_table[i].name) != 0) continue;
        *index = i;
        if (swapci_engine_table[i].engine) return SWAPC_OK;
        return swapc_error_set(error, SWAPC_NO_ENGINE,
                               "engine \"%s\" is not in this build; it has: %s", name, built);
    }
    return swapc_error_set(error, SWAPC_NO_ENGINE,
                           "no engine is called \"%s\"%s (this build has: %s)", name,
                           swapci_suggest_text(&suggestion), built);
}
