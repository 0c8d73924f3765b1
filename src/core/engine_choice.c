#include "engine_choice.h"

#include <stdio.h>
#include <string.h>

#include "file_kind.h"

#define NONE UINT32_MAX

/* What a module asks of its engine. */
struct wish {
    const struct swapci_manifest *manifest; /* NULL: a single file */
    const char *flavour;                    /* of the bundle; NULL: any */
    bool wasm;                              /* what the single file is */
};

static const swapc_engine *engine_at(unsigned index) {
    return swapci_engine_table[index].engine;
}

unsigned swapci_validating_engine(void) {
    for (unsigned i = 0; i < swapci_engine_count; i++)
        if (engine_at(i) && engine_at(i)->validate) return i;
    return NONE;
}

static bool runs(const swapc_engine *engine, const struct wish *wish) {
    if (!wish->manifest) return ((engine->caps & SWAPC_CAP_WASM) != 0) == wish->wasm;
    for (const char *const *f = engine->flavours; f && *f; f++)
        if (wish->flavour ? strcmp(*f, wish->flavour) == 0
                          : swapci_manifest_flavour(wish->manifest, *f) != NULL)
            return true;
    return false;
}

/* Engines that validate little take what another one has validated, or what is signed. */
static bool is_lax(const swapc_engine *engine) {
    return (engine->caps & SWAPC_CAP_WASM) && !engine->validate;
}

static bool is_served(const swapc_host *host, const swapc_engine *engine) {
    return !is_lax(engine) || host->config.trust || swapci_validating_engine() != NONE;
}

/* Whether the host allows a sandbox that validates all that it takes. */
static bool has_strict(const swapc_host *host) {
    for (unsigned i = 0; i < swapci_engine_count; i++)
        if (host->allowed[i] && engine_at(i)->validate && (engine_at(i)->caps & SWAPC_CAP_SANDBOX))
            return true;
    return false;
}

static enum swapc_status not_allowed(unsigned index, const char *path, swapc_error *error) {
    const swapc_engine *engine = engine_at(index);
    if (engine->caps & SWAPC_CAP_SANDBOX)
        return swapc_error_set(error, SWAPC_NOT_ALLOWED,
                               "%s would run on engine \"%s\", which is not on this host's list: "
                               "add it to swapc_host_config.engines",
                               path, engine->name);
    return swapc_error_set(
        error, SWAPC_NOT_ALLOWED,
        "%s would run on engine \"%s\": native code without a sandbox, which this host does not "
        "allow; if you trust it, list \"%s\" in swapc_host_config.engines (on a command line: "
        "--engine %s), else take a wasm module",
        path, engine->name, engine->name, engine->name);
}

static enum swapc_status only_lax(unsigned index, const char *path, swapc_error *error) {
    const char *name = engine_at(index)->name;
    return swapc_error_set(error, SWAPC_NOT_ALLOWED,
                           "%s runs on engine \"%s\" only, which validates too little to be chosen "
                           "for a module that nobody signed: ask for it by name (--engine %s)",
                           path, name, name);
}

/* Returns SWAPC_OK with *index NONE when no engine of the build runs it. */
static enum swapc_status choose(const swapc_host *host, const char *path, const struct wish *wish,
                                unsigned *index, swapc_error *error) {
    unsigned forbidden = NONE, lax = NONE, unserved = NONE;
    bool strict = !host->config.trust && has_strict(host);
    *index = NONE;
    for (unsigned i = swapci_engine_count; i-- > 0;) { /* backwards: the first one counts */
        const swapc_engine *engine = engine_at(i);
        if (!engine || !runs(engine, wish)) continue;
        if (!host->allowed[i]) forbidden = i;
        else if (!is_served(host, engine)) unserved = i;
        else if (is_lax(engine) && strict) lax = i;
        else *index = i;
    }
    if (*index != NONE) return SWAPC_OK;
    *index = unserved; /* whose refusal says why */
    if (unserved != NONE) return SWAPC_OK;
    if (lax != NONE) return only_lax(lax, path, error);
    return forbidden != NONE ? not_allowed(forbidden, path, error) : SWAPC_OK;
}

enum swapc_status swapci_choose_named(const swapc_host *host, const char *name, const char *path,
                                      unsigned *index, swapc_error *error) {
    enum swapc_status status = swapci_engine_find(name, index, error);
    if (status != SWAPC_OK || host->allowed[*index]) return status;
    return not_allowed(*index, path, error);
}

enum swapc_status swapci_choose_for_bundle(const swapc_host *host, const char *path,
                                           const struct swapci_manifest *manifest,
                                           const char *flavour, unsigned *index,
                                           swapc_error *error) {
    const struct wish wish = {.manifest = manifest, .flavour = flavour};
    enum swapc_status status = choose(host, path, &wish, index, error);
    if (status != SWAPC_OK || *index != NONE) return status;
    struct swapci_suggestion suggestion = {.word = flavour ? flavour : ""};
    char names[256] = "";
    for (unsigned i = 0; i < manifest->flavour_count; i++) {
        size_t len = strlen(names);
        swapci_suggest_offer(&suggestion, manifest->flavours[i].name);
        snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "",
                 manifest->flavours[i].name);
    }
    return swapc_error_set(error, SWAPC_NO_FLAVOUR,
                           "no engine in this build runs %s%s of bundle %s%s (it has: %s)",
                           flavour ? "flavour " : "a flavour", flavour ? flavour : "", path,
                           swapci_suggest_text(&suggestion), names);
}

enum swapc_status swapci_choose_for_file(const swapc_host *host, const char *path,
                                         swapc_bytes bytes, unsigned *index, swapc_error *error) {
    const char *what;
    enum swapci_file_kind kind = swapci_file_kind_of(bytes, &what);
    const struct wish wish = {.wasm = kind == SWAPCI_FILE_WASM};
    if (kind == SWAPCI_FILE_OTHER)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "%s %s", path, what);
    enum swapc_status status = choose(host, path, &wish, index, error);
    if (status != SWAPC_OK || *index != NONE) return status;
    return swapc_error_set(error, SWAPC_NO_ENGINE, "no engine in this build runs %s", path);
}
