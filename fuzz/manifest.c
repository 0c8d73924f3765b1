/* Any bytes as module.toml; what is read stays inside its storage. */
#include "fuzz.h"
#include "manifest.h"

#define FUZZ_ENDS(text) FUZZ_CHECK(memchr(text, 0, sizeof text))

static void check_span(const struct swapci_vectors *vectors, struct swapci_span32 span) {
    FUZZ_CHECK((size_t)span.at + span.len <= vectors->bytes.len);
}

static void check_vectors(const struct swapci_vectors *vectors) {
    FUZZ_CHECK(vectors->count <= SWAPCI_VECTORS_MAX);
    for (unsigned i = 0; i < vectors->count; i++) {
        const struct swapci_vector *row = &vectors->rows[i];
        FUZZ_CHECK(row->kind != SWAPCI_ANSWER_NONE);
        FUZZ_ENDS(row->note);
        check_span(vectors, row->operation);
        check_span(vectors, row->request);
        check_span(vectors, row->answer);
    }
}

static void check_operations(const struct swapci_names *names) {
    FUZZ_CHECK(names->count <= SWAPCI_NAMES_MAX);
    for (unsigned i = 0; i < names->count; i++)
        FUZZ_CHECK(swapci_names_has(names, swapc_bytes_str(names->list[i])));
}

static void check(const struct swapci_manifest *m) {
    FUZZ_ENDS(m->name);
    FUZZ_ENDS(m->version);
    FUZZ_ENDS(m->expires);
    FUZZ_CHECK(m->name[0] && m->flavour_count > 0 && m->flavour_count <= SWAPCI_FLAVOURS_MAX);
    FUZZ_CHECK(m->digest_count <= SWAPCI_FLAVOURS_MAX);
    for (unsigned i = 0; i < m->flavour_count; i++) {
        FUZZ_ENDS(m->flavours[i].name);
        FUZZ_ENDS(m->flavours[i].file);
        FUZZ_CHECK(!strchr(m->flavours[i].file, '/') && m->flavours[i].file[0] != '.');
        FUZZ_CHECK(swapci_manifest_flavour(m, m->flavours[i].name));
        const char *digest = swapci_manifest_digest(m, m->flavours[i].name);
        FUZZ_CHECK(!digest || strlen(digest) == 64);
    }
    check_operations(&m->operations);
    check_vectors(&m->self_tests);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct swapci_manifest manifest;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status =
        swapci_manifest_parse(swapc_bytes_of(data, size), "module.toml", &manifest, &error);
    FUZZ_CHECK(status == error.status);
    if (status == SWAPC_OK) check(&manifest);
    else FUZZ_CHECK(error.text[0]);
    swapci_manifest_fini(&manifest);
    return 0;
}
