#include "manifest.h"

#include <ctype.h>

#include "hex.h"

/* One line being read. */
struct line {
    const char *at;
    const char *end;
};

static void skip_space(struct line *l) {
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\r')) l->at++;
}

static bool at_end(struct line *l) {
    skip_space(l);
    return l->at == l->end || *l->at == '#';
}

static bool take_char(struct line *l, char c) {
    skip_space(l);
    if (l->at == l->end || *l->at != c) return false;
    l->at++;
    return true;
}

static bool key_char(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* A bare key or a table's name. */
static bool take_key(struct line *l, char *out) {
    size_t n = 0;
    skip_space(l);
    while (l->at < l->end && key_char(*l->at) && n < SWAPCI_NAME_MAX - 1) out[n++] = *l->at++;
    out[n] = '\0';
    return n > 0 && (l->at == l->end || !key_char(*l->at));
}

static bool control(char c) {
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* A basic string; escapes other than \" and \\ are not needed in a manifest and refused, and so are
 * control characters (a NUL would make what is checked differ from what is opened). out may be
 * NULL to skip; a string longer than a name is only good for skipping. */
static bool take_text(struct line *l, char *out, size_t size) {
    size_t n = 0;
    if (!take_char(l, '"')) return false;
    while (l->at < l->end && *l->at != '"') {
        if (*l->at == '\\' && (++l->at == l->end || (*l->at != '"' && *l->at != '\\')))
            return false;
        if (control(*l->at) || (out && n == size - 1)) return false;
        if (out) out[n] = *l->at;
        n++;
        l->at++;
    }
    if (out) out[n] = '\0';
    return take_char(l, '"');
}

static bool take_string(struct line *l, char *out) {
    return take_text(l, out, SWAPCI_NAME_MAX);
}

static bool skip_array(struct line *l) {
    if (!take_char(l, '[')) return false;
    while (!take_char(l, ']')) {
        if (!take_string(l, NULL)) return false;
        if (!take_char(l, ',')) {
            if (take_char(l, ']')) return true;
            return false;
        }
    }
    return true;
}

/* An integer or a boolean. */
static bool skip_scalar(struct line *l) {
    char word[SWAPCI_NAME_MAX];
    skip_space(l);
    if (l->at < l->end && (*l->at == '-' || *l->at == '+')) l->at++;
    return take_key(l, word) && (isdigit((unsigned char)word[0]) || strcmp(word, "true") == 0 ||
                                 strcmp(word, "false") == 0);
}

static bool skip_value(struct line *l) {
    skip_space(l);
    if (l->at < l->end && *l->at == '"') return take_string(l, NULL);
    if (l->at < l->end && *l->at == '[') return skip_array(l);
    return skip_scalar(l);
}

static bool add_flavour(struct swapci_manifest *m, const char *key, struct line *l) {
    if (m->flavour_count == SWAPCI_FLAVOURS_MAX || swapci_manifest_flavour(m, key)) return false;
    struct swapci_flavour *flavour = &m->flavours[m->flavour_count];
    strcpy(flavour->name, key);
    if (!take_string(l, flavour->file) || flavour->file[0] == '.' || flavour->file[0] == '\0' ||
        strchr(flavour->file, '/'))
        return false;
    m->flavour_count++;
    return true;
}

static bool add_digest(struct swapci_manifest *m, const char *key, struct line *l) {
    if (m->digest_count == SWAPCI_FLAVOURS_MAX || swapci_manifest_digest(m, key)) return false;
    struct swapci_digest *digest = &m->digests[m->digest_count];
    strcpy(digest->flavour, key);
    if (!take_text(l, digest->hex, sizeof digest->hex) ||
        strspn(digest->hex, "0123456789abcdef") != sizeof digest->hex - 1)
        return false;
    m->digest_count++;
    return true;
}

/* Text, or hexadecimal as the bytes that it stands for, into the storage of the vectors. */
static bool take_vector(struct swapci_self_tests *tests, bool hex, struct line *l,
                        struct swapci_span16 *out) {
    char *at = (char *)tests->bytes + tests->used;
    size_t room = sizeof tests->bytes - tests->used;
    if (room == 0 || !take_text(l, at, room)) return false;
    swapc_bytes text = swapc_bytes_str(at);
    if (hex && !swapci_hex_decode(text, (uint8_t *)at)) return false;
    *out = (struct swapci_span16){tests->used, (uint16_t)(hex ? text.len / 2 : text.len)};
    tests->used = (uint16_t)(tests->used + out->len);
    return true;
}

static bool take_true(struct line *l) {
    char word[SWAPCI_NAME_MAX];
    return take_key(l, word) && strcmp(word, "true") == 0;
}

static bool add_self_test(struct swapci_self_tests *tests) {
    if (tests->count == SWAPCI_SELF_TESTS_MAX) return false;
    tests->tests[tests->count++] = (struct swapci_self_test){.refuses = false};
    return true;
}

/* A pair of the last [[self_test]]; keys that are not known are skipped. */
static bool take_self_test(struct swapci_self_tests *tests, const char *key, struct line *l) {
    struct swapci_self_test *test = &tests->tests[tests->count - 1];
    if (strcmp(key, "operation") == 0)
        return test->operation.len == 0 && take_vector(tests, false, l, &test->operation) &&
               test->operation.len > 0;
    if (strcmp(key, "request") == 0) {
        bool first = !test->has_request;
        test->has_request = true;
        return first && take_vector(tests, true, l, &test->request);
    }
    if (strcmp(key, "response") == 0) {
        bool first = !test->has_response && !test->refuses;
        test->has_response = true;
        return first && take_vector(tests, true, l, &test->response);
    }
    if (strcmp(key, "error") == 0) {
        bool first = !test->has_response && !test->refuses;
        test->refuses = true;
        return first && take_true(l);
    }
    return skip_value(l);
}

/* A key that may be there once. */
static bool take_once(struct line *l, char *out) {
    return out[0] == '\0' && take_string(l, out);
}

static bool take_pair(struct swapci_manifest *m, const char *table, struct line *l) {
    char key[SWAPCI_NAME_MAX];
    if (!take_key(l, key) || !take_char(l, '=')) return false;
    if (strcmp(table, "flavours") == 0) return add_flavour(m, key, l);
    if (strcmp(table, "digests") == 0) return add_digest(m, key, l);
    if (strcmp(table, "self_test") == 0) return take_self_test(&m->self_tests, key, l);
    if (table[0] == '\0' && strcmp(key, "name") == 0) return take_once(l, m->name);
    if (table[0] == '\0' && strcmp(key, "version") == 0) return take_once(l, m->version);
    if (table[0] == '\0' && strcmp(key, "expires") == 0) return take_once(l, m->expires);
    return skip_value(l);
}

static bool take_table(struct swapci_manifest *m, char *table, struct line *l) {
    bool array = take_char(l, '[') && l->at < l->end && *l->at == '[';
    if (array) l->at++;
    if (!take_key(l, table) || !take_char(l, ']') || (array && !take_char(l, ']'))) return false;
    return strcmp(table, "self_test") != 0 || (array && add_self_test(&m->self_tests));
}

static bool take_line(struct swapci_manifest *m, char *table, struct line *l) {
    if (at_end(l)) return true;
    bool good = *l->at == '[' ? take_table(m, table, l) : take_pair(m, table, l);
    return good && at_end(l);
}

static enum swapc_status complete(const struct swapci_manifest *m, const char *path,
                                  swapc_error *error) {
    if (m->name[0] == '\0' || m->version[0] == '\0')
        return swapc_error_set(error, SWAPC_BUNDLE, "%s lacks name or version", path);
    if (m->flavour_count == 0)
        return swapc_error_set(error, SWAPC_BUNDLE, "%s names no flavour under [flavours]", path);
    for (unsigned i = 0; i < m->self_tests.count; i++) {
        const struct swapci_self_test *test = &m->self_tests.tests[i];
        if (test->operation.len == 0 || test->has_response == test->refuses)
            return swapc_error_set(error, SWAPC_BUNDLE,
                                   "self_test %u of %s needs an operation, and a response or "
                                   "error = true",
                                   i + 1, path);
    }
    return SWAPC_OK;
}

enum swapc_status swapci_manifest_parse(swapc_bytes text, const char *path,
                                        struct swapci_manifest *out, swapc_error *error) {
    char table[SWAPCI_NAME_MAX] = "";
    const char *at = (const char *)text.ptr;
    const char *end = at + text.len;
    *out = (struct swapci_manifest){.flavour_count = 0};
    for (unsigned number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct line l = {at, stop ? stop : end};
        if (!take_line(out, table, &l))
            return swapc_error_set(error, SWAPC_BUNDLE,
                                   "%s line %u is not understood: expected [table] or key = "
                                   "\"text\" (names at most %d bytes, files without a slash)",
                                   path, number, SWAPCI_NAME_MAX - 1);
        at = stop ? stop + 1 : end;
    }
    return complete(out, path, error);
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
