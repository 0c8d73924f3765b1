#include "contract_file.h"

struct reader {
    struct swapci_contract_file *file;
    struct swapci_toml t;
    bool vectors; /* past the first [[self_test]] */
};

static enum swapc_status take_table(struct reader *r, const struct swapci_toml_statement *s) {
    struct swapci_suggestion suggestion = {.word = s->name};
    swapci_suggest_offer(&suggestion, "self_test");
    if (strcmp(s->name, "self_test") != 0) return swapci_toml_unknown(&r->t, s, &suggestion);
    if (!s->array) return swapci_toml_fail(&r->t, "this table is written [[self_test]]");
    r->vectors = true;
    return swapci_vectors_begin(&r->file->vectors, &r->t);
}

static enum swapc_status take_pair(struct reader *r, const struct swapci_toml_statement *s) {
    struct swapci_suggestion suggestion = {.word = s->name};
    if (r->vectors) return swapci_vectors_pair(&r->file->vectors, &r->t, s);
    if (strcmp(s->name, "operations") == 0)
        return swapci_operations_take(&r->t, s->name, &r->file->operations);
    if (strcmp(s->name, "optional") == 0)
        return swapci_operations_take(&r->t, s->name, &r->file->optional);
    if (strcmp(s->name, "total_ms") == 0)
        return r->file->total_ms
                   ? swapci_toml_fail(&r->t, "total_ms is said a second time")
                   : swapci_toml_count(&r->t, 1, SWAPCI_VECTORS_TOTAL_MAX_MS, &r->file->total_ms);
    if (strcmp(s->name, "name") == 0)
        return r->file->name[0] ? swapci_toml_fail(&r->t, "name is said a second time")
                                : swapci_toml_name(&r->t, r->file->name);
    static const char *const keys[] = {"name", "operations", "optional", "total_ms"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        swapci_suggest_offer(&suggestion, keys[i]);
    return swapci_toml_unknown(&r->t, s, &suggestion);
}

static enum swapc_status take(const struct swapci_toml_statement *s, void *user) {
    return s->kind == SWAPCI_TOML_TABLE ? take_table(user, s) : take_pair(user, s);
}

/* Without a list the operations are those of the vectors that are answered, but for the optional
 * ones. */
static enum swapc_status derive_operations(struct reader *r) {
    const struct swapci_vectors *vectors = &r->file->vectors;
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < vectors->count && status == SWAPC_OK; i++) {
        char name[SWAPCI_NAME_MAX];
        swapc_bytes operation = swapci_vectors_view(vectors, vectors->rows[i].operation);
        if (vectors->rows[i].kind != SWAPCI_ANSWER_RESPONSE || operation.len >= sizeof name ||
            swapci_names_has(&r->file->operations, operation) ||
            swapci_names_has(&r->file->optional, operation))
            continue;
        memcpy(name, operation.ptr, operation.len);
        name[operation.len] = '\0';
        status = swapci_names_add(&r->file->operations, name);
    }
    return status == SWAPC_OK
               ? status
               : swapc_error_set(r->t.error, status, "no memory to read %s", r->t.path);
}

static bool has_vector(const struct swapci_vectors *vectors, swapc_bytes operation) {
    unsigned i = 0;
    while (i < vectors->count &&
           !swapc_bytes_equal(swapci_vectors_view(vectors, vectors->rows[i].operation), operation))
        i++;
    return i < vectors->count;
}

/* That a module may leave an operation out says nothing of one that offers it: vectors do. */
static enum swapc_status check_optional(struct reader *r) {
    const struct swapci_names *optional = &r->file->optional;
    for (unsigned i = 0; i < optional->count; i++) {
        swapc_bytes name = swapc_bytes_str(optional->list[i]);
        if (swapci_names_has(&r->file->operations, name))
            return swapc_error_set(r->t.error, SWAPC_BUNDLE,
                                   "%s names %s both in operations and in optional: leave it out "
                                   "of one",
                                   r->t.path, optional->list[i]);
        if (!has_vector(&r->file->vectors, name))
            return swapc_error_set(
                r->t.error, SWAPC_BUNDLE,
                "%s asks nothing of the optional operation %s: add [[self_test]] "
                "tables of it",
                r->t.path, optional->list[i]);
    }
    return SWAPC_OK;
}

static enum swapc_status complete(struct reader *r) {
    enum swapc_status status = swapci_vectors_complete(&r->file->vectors, &r->t);
    if (status == SWAPC_OK) status = check_optional(r);
    if (status == SWAPC_OK && r->file->operations.count == 0) status = derive_operations(r);
    if (r->file->total_ms == 0)
        r->file->total_ms =
            swapci_vectors_total_ms(&r->file->vectors, SWAPCI_VECTOR_DEADLINE_MAX_MS);
    if (status != SWAPC_OK || r->file->vectors.count || r->file->operations.count) return status;
    return swapc_error_set(r->t.error, SWAPC_BUNDLE,
                           "%s needs nothing: name operations = [\"...\"], or add [[self_test]] "
                           "tables",
                           r->t.path);
}

enum swapc_status swapci_contract_file_parse(swapc_bytes text, const char *path,
                                             struct swapci_contract_file *out, swapc_error *error) {
    struct reader r = {.file = out};
    *out = (struct swapci_contract_file){.name = ""};
    if (text.len > SWAPCI_MANIFEST_MAX)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "%s has more than %u bytes", path,
                               SWAPCI_MANIFEST_MAX);
    swapci_toml_open(&r.t, text, path, error);
    enum swapc_status status = swapci_toml_each(&r.t, take, &r);
    if (status == SWAPC_OK) status = complete(&r);
    if (status != SWAPC_OK) swapci_contract_file_fini(out);
    return status;
}

void swapci_contract_file_fini(struct swapci_contract_file *file) {
    swapci_names_fini(&file->operations);
    swapci_names_fini(&file->optional);
    swapci_vectors_fini(&file->vectors);
    *file = (struct swapci_contract_file){.name = ""};
}
