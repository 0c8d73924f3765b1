#include "engine_names.h"

#include <assert.h>
#include <string.h>

#include "registry.h"
#include "swapc/host.h"

static_assert(SWAPCI_ENGINE_NAMES_MAX >= SWAPCI_ENGINES_MAX + 2, "room for all, also and the end");

bool swapci_engine_is_trusted_code(const char *name) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; name && swapc_engine_at(i, &info); i++)
        if (strcmp(info.name, name) == 0) return info.built && !(info.caps & SWAPC_CAP_SANDBOX);
    return false;
}

/* Returns how many built engines have these caps; names has room for two more. */
static unsigned with_caps(uint32_t caps, const char **names) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    unsigned count = 0;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (info.built && (info.caps & caps) == caps) names[count++] = info.name;
    return count;
}

const char *const *swapci_engine_names_all(const char *names[SWAPCI_ENGINE_NAMES_MAX]) {
    names[with_caps(0, names)] = NULL;
    return names;
}

const char *const *swapci_engine_names(const char *also,
                                       const char *names[SWAPCI_ENGINE_NAMES_MAX]) {
    unsigned count = with_caps(SWAPC_CAP_SANDBOX, names);
    if (swapci_engine_is_trusted_code(also)) names[count++] = also;
    names[count] = NULL;
    return names;
}
