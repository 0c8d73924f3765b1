#include "manifest.h"

#include <string.h>

#include "manifest_values.h"

enum table { TOP, FLAVOURS, DIGESTS, SELF_TEST, TABLES };

static const char *const table_names[TABLES] = {"", "flavours", "digests", "self_test"};
static const char *const top_keys[] = {"name", "version", "operations", "expires"};

struct reader {
    struct swapci_manifest *m;
    struct swapci_toml t;
    enum table table;
    bool seen[TABLES];
};

static enum swapc_status take_flavour(struct reader *r, const char *key) {
    struct swapci_manifest *m = r->m;
    if (swapci_manifest_flavour(m, key))
        return swapci_toml_fail(&r->t, "flavour %s is named a second time", key);
    if (m->flavour_count == SWAPCI_FLAVOURS_MAX)
        return swapci_toml_fail(&r->t, "more than %d flavours", SWAPCI_FLAVOURS_MAX);
    struct swapci_flavour *flavour = &m->flavours[m->flavour_count];
    enum swapc_status status = swapci_toml_name(&r->t, flavour->file);
    if (status != SWAPC_OK) return status;
    if (flavour->file[0] == '.' || strpbrk(flavour->file, "/\\"))
        return swapci_toml_fail(&r->t,
                                "a flavour's file is in the bundle's own folder: a name without a "
                                "slash and a dot at its beginning, not \"%s\"",
                                flavour->file);
    strcpy(flavour->name, key);
    m->flavour_count++;
    return SWAPC_OK;
}

static enum swapc_status take_digest(struct reader *r, const char *key) {
    struct swapci_manifest *m = r->m;
    char text[SWAPCI_DIGEST_TEXT + 1];
    swapci_buffer hex = SWAPCI_BUFFER_INIT;
    if (swapci_manifest_digest(m, key))
        return swapci_toml_fail(&r->t, "the digest of %s is given a second time", key);
    if (m->digest_count == SWAPCI_FLAVOURS_MAX)
        return swapci_toml_fail(&r->t, "more than %d digests", SWAPCI_FLAVOURS_MAX);
    enum swapc_status status = swapci_toml_text(&r->t, &hex);
    size_t len = hex.len < sizeof text - 1 ? hex.len : sizeof text - 1;
    if (len) memcpy(text, hex.ptr, len);
    text[len] = '\0';
    swapci_buffer_fini(&hex);
    if (status != SWAPC_OK) return status;
    if (len != SWAPCI_DIGEST_TEXT - 1 || strspn(text, "0123456789abcdef") != len)
        return swapci_toml_fail(&r->t,
                                "a digest is 64 digits 0-9 and a-f: swapc module sign writes "
                                "it");
    struct swapci_digest *digest = &m->digests[m->digest_count++];
    strcpy(digest->flavour, key);
    memcpy(digest->hex, text, SWAPCI_DIGEST_TEXT);
    return SWAPC_OK;
}

struct adding {
    struct swapci_toml *t;
    struct swapci_names *names;
};

static enum swapc_status add_operation(const char *name, void *user) {
    struct adding *adding = user;
    if (swapci_names_has(adding->names, swapc_bytes_str(name)))
        return swapci_toml_fail(adding->t, "operation %s is named a second time", name);
    if (adding->names->count == SWAPCI_NAMES_MAX)
        return swapci_toml_fail(adding->t, "more than %d operations", SWAPCI_NAMES_MAX);
    return swapci_names_add(adding->names, name) == SWAPC_OK
               ? SWAPC_OK
               : swapc_error_set(adding->t->error, SWAPC_NO_MEMORY, "no memory to read %s",
                                 adding->t->path);
}

enum swapc_status swapci_operations_take(struct swapci_toml *t, const char *key,
                                         struct swapci_names *operations) {
    struct adding adding = {t, operations};
    if (operations->count) return swapci_toml_fail(t, "%s is said a second time", key);
    enum swapc_status status = swapci_toml_names(t, add_operation, &adding);
    if (status == SWAPC_OK && operations->count == 0)
        return swapci_toml_fail(t, "%s names none: leave it out, or name them", key);
    return status;
}

static bool is_expiry(const char *text) {
    int64_t seconds;
    return swapci_expiry_parse(text, &seconds);
}

struct value {
    const char *key, *what, *rule;
    bool (*valid)(const char *text);
};

static const struct value name_value = {"name", "name of a module", SWAPCI_MODULE_NAME_RULE,
                                        swapci_module_name_valid};
static const struct value version_value = {"version", "version", SWAPCI_VERSION_RULE,
                                           swapci_version_valid};
static const struct value expires_value = {"expires", "time", SWAPCI_EXPIRY_RULE, is_expiry};

/* A value that may be there once. */
static enum swapc_status take_value(struct reader *r, const struct value *value, char *out) {
    if (out[0]) return swapci_toml_fail(&r->t, "%s is said a second time", value->key);
    enum swapc_status status = swapci_toml_name(&r->t, out);
    if (status != SWAPC_OK || value->valid(out)) return status;
    return swapci_toml_fail(&r->t, "%s = \"%s\" is no %s: %s", value->key, out, value->what,
                            value->rule);
}

static enum swapc_status take_top(struct reader *r, const struct swapci_toml_statement *s) {
    struct swapci_suggestion suggestion = {.word = s->name};
    if (strcmp(s->name, "name") == 0) return take_value(r, &name_value, r->m->name);
    if (strcmp(s->name, "version") == 0) return take_value(r, &version_value, r->m->version);
    if (strcmp(s->name, "expires") == 0) return take_value(r, &expires_value, r->m->expires);
    if (strcmp(s->name, "operations") == 0)
        return swapci_operations_take(&r->t, s->name, &r->m->operations);
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys; i++)
        swapci_suggest_offer(&suggestion, top_keys[i]);
    return swapci_toml_unknown(&r->t, s, &suggestion);
}

static enum swapc_status take_pair(struct reader *r, const struct swapci_toml_statement *s) {
    switch (r->table) {
    case FLAVOURS:
        return take_flavour(r, s->name);
    case DIGESTS:
        return take_digest(r, s->name);
    case SELF_TEST:
        return swapci_vectors_pair(&r->m->self_tests, &r->t, s);
    default:
        return take_top(r, s);
    }
}

static enum swapc_status take_table(struct reader *r, const struct swapci_toml_statement *s) {
    struct swapci_suggestion suggestion = {.word = s->name};
    r->table = TABLES;
    for (int i = TOP + 1; i < TABLES; i++) {
        if (strcmp(s->name, table_names[i]) == 0) r->table = (enum table)i;
        swapci_suggest_offer(&suggestion, table_names[i]);
    }
    if (r->table == TABLES) return swapci_toml_unknown(&r->t, s, &suggestion);
    if (s->array != (r->table == SELF_TEST))
        return swapci_toml_fail(&r->t, "this table is written %s",
                                s->array ? "[in single brackets]" : "[[self_test]]");
    if (r->table == SELF_TEST) return swapci_vectors_begin(&r->m->self_tests, &r->t);
    if (r->seen[r->table]) return swapci_toml_fail(&r->t, "[%s] stands there already", s->name);
    r->seen[r->table] = true;
    return SWAPC_OK;
}

static enum swapc_status take(const struct swapci_toml_statement *s, void *user) {
    return s->kind == SWAPCI_TOML_TABLE ? take_table(user, s) : take_pair(user, s);
}

static enum swapc_status complete(struct reader *r) {
    const struct swapci_manifest *m = r->m;
    if (m->name[0] == '\0' || m->version[0] == '\0')
        return swapc_error_set(r->t.error, SWAPC_BUNDLE,
                               "%s lacks name or version: name = \"...\" and version = \"1.0.0\" "
                               "stand at its top",
                               r->t.path);
    if (m->flavour_count == 0)
        return swapc_error_set(r->t.error, SWAPC_BUNDLE,
                               "%s names no flavour under [flavours]: plain = \"FILE.wasm\" is one",
                               r->t.path);
    for (unsigned i = 0; i < m->digest_count; i++) {
        struct swapci_suggestion suggestion = {.word = m->digests[i].flavour};
        if (swapci_manifest_flavour(m, suggestion.word)) continue;
        for (unsigned f = 0; f < m->flavour_count; f++)
            swapci_suggest_offer(&suggestion, m->flavours[f].name);
        return swapc_error_set(r->t.error, SWAPC_BUNDLE,
                               "%s gives a digest of \"%s\", which is no flavour of it%s",
                               r->t.path, suggestion.word, swapci_suggest_text(&suggestion));
    }
    return swapci_vectors_complete(&m->self_tests, &r->t);
}

enum swapc_status swapci_manifest_parse(swapc_bytes text, const char *path,
                                        struct swapci_manifest *out, swapc_error *error) {
    struct reader r = {.m = out, .table = TOP};
    *out = (struct swapci_manifest){.flavour_count = 0};
    if (text.len > SWAPCI_MANIFEST_MAX)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "%s has more than %u bytes", path,
                               SWAPCI_MANIFEST_MAX);
    swapci_toml_open(&r.t, text, path, error);
    enum swapc_status status = swapci_toml_each(&r.t, take, &r);
    if (status == SWAPC_OK) status = complete(&r);
    if (status != SWAPC_OK) swapci_manifest_fini(out);
    return status;
}

void swapci_manifest_fini(struct swapci_manifest *manifest) {
    swapci_names_fini(&manifest->operations);
    swapci_vectors_fini(&manifest->self_tests);
    *manifest = (struct swapci_manifest){.flavour_count = 0};
}

const struct swapci_flavour *swapci_manifest_flavour(const struct swapci_manifest *manifest,
                                                     const char *name) {
    for (unsigned i = 0; i < manifest->flavour_count; i++)
        if (strcmp(manifest->flavours[i].name, name) == 0) return &manifest->flavours[i];
    return NULL;
}

const char *swapci_manifest_digest(const struct swapci_manifest *manifest, const char *flavour) {
    for (unsigned i = 0; i < manifest->digest_count; i++)
        if (strcmp(manifest->digests[i].flavour, flavour) == 0) return manifest->digests[i].hex;
    return NULL;
}
