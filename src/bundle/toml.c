#include "toml.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "printable.h"
#include "utf8.h"

enum { SHOWN = 96 }; /* bytes of what was found that a message quotes */

static bool is_bare(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool at_char(const struct swapci_toml *t, char c) {
    return t->at < t->end && *t->at == c;
}

static bool take_char(struct swapci_toml *t, char c) {
    if (!at_char(t, c)) return false;
    t->at++;
    return true;
}

static bool at_text(const struct swapci_toml *t, const char *text) {
    size_t len = strlen(text);
    return (size_t)(t->end - t->at) >= len && memcmp(t->at, text, len) == 0;
}

static void skip_blank(struct swapci_toml *t) {
    while (at_char(t, ' ') || at_char(t, '\t')) t->at++;
}

static bool at_line_end(const struct swapci_toml *t) {
    return t->at == t->end || *t->at == '\n' || at_text(t, "\r\n");
}

enum swapc_status swapci_toml_fail(struct swapci_toml *t, const char *format, ...) {
    char text[SWAPC_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return swapc_error_set(t->error, SWAPC_BUNDLE, "%s line %u: %s", t->path, t->line, text);
}

/* What stands at the cursor, up to the end of its line, for a message. */
static const char *found(const struct swapci_toml *t, char out[SHOWN]) {
    const char *stop = t->at < t->end ? memchr(t->at, '\n', (size_t)(t->end - t->at)) : NULL;
    size_t len = (size_t)((stop ? stop : t->end) - t->at);
    while (len > 0 && (t->at[len - 1] == '\r' || t->at[len - 1] == ' ')) len--;
    if (len == 0) return strcpy(out, "the line ends");
    char shown[SHOWN - 8];
    snprintf(out, SHOWN, "found %s",
             swapci_printable(swapc_bytes_of((const uint8_t *)t->at, len), shown, sizeof shown));
    return out;
}

static enum swapc_status expected(struct swapci_toml *t, const char *what) {
    char text[SHOWN];
    return swapci_toml_fail(t, "expected %s, but %s", what, found(t, text));
}

static enum swapc_status skip_comment(struct swapci_toml *t) {
    if (!at_char(t, '#')) return SWAPC_OK;
    for (; !at_line_end(t); t->at++)
        if (((unsigned char)*t->at < 0x20 && *t->at != '\t') || *t->at == 0x7f)
            return swapci_toml_fail(t, "a control character (\\x%02x) in a comment",
                                    (unsigned char)*t->at);
    return SWAPC_OK;
}

/* Blanks, comments and ends of lines. */
static enum swapc_status skip_lines(struct swapci_toml *t) {
    for (;;) {
        skip_blank(t);
        enum swapc_status status = skip_comment(t);
        if (status != SWAPC_OK || t->at == t->end || !at_line_end(t)) return status;
        t->at += *t->at == '\r' ? 2 : 1;
        t->line++;
    }
}

static enum swapc_status end_of_statement(struct swapci_toml *t) {
    skip_blank(t);
    enum swapc_status status = skip_comment(t);
    if (status != SWAPC_OK) return status;
    return at_line_end(t) ? SWAPC_OK : expected(t, "the end of the line");
}

/* A bare key or a table's name. */
static enum swapc_status take_key(struct swapci_toml *t, char out[SWAPCI_NAME_MAX]) {
    size_t n = 0;
    skip_blank(t);
    if (at_char(t, '"') || at_char(t, '\''))
        return swapci_toml_fail(t, "keys and tables are written without quotes here");
    while (t->at < t->end && is_bare(*t->at)) {
        if (n == SWAPCI_NAME_MAX - 1)
            return swapci_toml_fail(t, "names have at most %d bytes", SWAPCI_NAME_MAX - 1);
        out[n++] = *t->at++;
    }
    out[n] = '\0';
    if (n == 0) return expected(t, "a name of letters, digits, _ and -");
    if (at_char(t, '.'))
        return swapci_toml_fail(t, "dotted names (%s. ...) are not read here: write a [table]",
                                out);
    skip_blank(t);
    return SWAPC_OK;
}

static enum swapc_status take_table(struct swapci_toml *t, struct swapci_toml_statement *out) {
    out->kind = SWAPCI_TOML_TABLE;
    out->array = take_char(t, '[');
    enum swapc_status status = take_key(t, out->name);
    if (status != SWAPC_OK) return status;
    if (!take_char(t, ']') || (out->array && !take_char(t, ']')))
        return expected(t, out->array ? "]]" : "]");
    return end_of_statement(t);
}

void swapci_toml_open(struct swapci_toml *t, swapc_bytes text, const char *path,
                      swapc_error *error) {
    const char *at = text.len ? (const char *)text.ptr : "";
    *t = (struct swapci_toml){at, at + text.len, path, error, 1};
    if (at_text(t, "\xef\xbb\xbf")) t->at += 3;
}

enum swapc_status swapci_toml_next(struct swapci_toml *t, struct swapci_toml_statement *out) {
    enum swapc_status status = skip_lines(t);
    *out = (struct swapci_toml_statement){.kind = SWAPCI_TOML_END};
    if (status != SWAPC_OK || t->at == t->end) return status;
    if (take_char(t, '[')) return take_table(t, out);
    out->kind = SWAPCI_TOML_PAIR;
    status = take_key(t, out->name);
    if (status == SWAPC_OK && !take_char(t, '=')) status = expected(t, "= and a value");
    skip_blank(t);
    return status;
}

enum swapc_status swapci_toml_each(struct swapci_toml *t, swapci_toml_take take, void *user) {
    struct swapci_toml_statement s;
    enum swapc_status status;
    while ((status = swapci_toml_next(t, &s)) == SWAPC_OK && s.kind != SWAPCI_TOML_END)
        if ((status = take(&s, user)) != SWAPC_OK) break;
    return status;
}

enum swapc_status swapci_toml_unknown(struct swapci_toml *t, const struct swapci_toml_statement *s,
                                      struct swapci_suggestion *suggestion) {
    suggestion->word = s->name;
    return swapci_toml_fail(t, "no %s is called \"%s\" here%s",
                            s->kind == SWAPCI_TOML_TABLE ? "table" : "key", s->name,
                            swapci_suggest_text(suggestion));
}

/* ---- values ---------------------------------------------------------------------------------- */

static enum swapc_status append(struct swapci_toml *t, swapci_buffer *out, const void *bytes,
                                size_t len) {
    enum swapc_status status = swapci_buffer_append(out, swapc_bytes_of(bytes, len));
    return status == SWAPC_OK ? status
                              : swapc_error_set(t->error, status, "no memory to read %s", t->path);
}

/* \uXXXX and \UXXXXXXXX, after the letter. */
static enum swapc_status take_code_point(struct swapci_toml *t, size_t digits, swapci_buffer *out) {
    uint32_t c = 0;
    uint8_t bytes[4];
    for (size_t i = 0; i < digits; i++, t->at++) {
        if (t->at == t->end || !isxdigit((unsigned char)*t->at))
            return swapci_toml_fail(t, "\\%c needs %zu hexadecimal digits", digits == 4 ? 'u' : 'U',
                                    digits);
        char digit = *t->at;
        c = c << 4 | (uint32_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return swapci_toml_fail(t, "U+%X is no character", c);
    return append(t, out, bytes, swapci_utf8_encode(c, bytes));
}

static enum swapc_status take_escape(struct swapci_toml *t, swapci_buffer *out) {
    static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
    char letter = t->at < t->end ? *t->at : '\0';
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (known) {
        t->at++;
        return append(t, out, meant + (known - letters), 1);
    }
    if (letter != 'u' && letter != 'U')
        return swapci_toml_fail(t,
                                "a backslash in a string stands before one of b t n f r u U \" \\: "
                                "double it to mean itself, or write 'a literal string'");
    t->at++;
    return take_code_point(t, letter == 'u' ? 4 : 8, out);
}

static enum swapc_status take_text(struct swapci_toml *t, swapci_buffer *out) {
    char quote = at_char(t, '\'') ? '\'' : '"';
    if (at_text(t, "\"\"\"") || at_text(t, "\'\'\'"))
        return swapci_toml_fail(t, "strings over several lines are not read here: write \\n");
    if (!take_char(t, quote)) return expected(t, "a \"string\"");
    while (!at_char(t, quote)) {
        enum swapc_status status;
        if (at_line_end(t)) return swapci_toml_fail(t, "the string has no closing %c", quote);
        unsigned char c = (unsigned char)*t->at;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return swapci_toml_fail(t, "a control character (\\x%02x) in a string", c);
        t->at++;
        if (c == '\\' && quote == '"') status = take_escape(t, out);
        else status = append(t, out, t->at - 1, 1);
        if (status != SWAPC_OK) return status;
    }
    t->at++;
    return SWAPC_OK;
}

enum swapc_status swapci_toml_text(struct swapci_toml *t, swapci_buffer *out) {
    enum swapc_status status = take_text(t, out);
    return status == SWAPC_OK ? end_of_statement(t) : status;
}

static enum swapc_status take_name(struct swapci_toml *t, char out[SWAPCI_NAME_MAX]) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status = take_text(t, &text);
    if (status == SWAPC_OK && (text.len == 0 || text.len >= SWAPCI_NAME_MAX))
        status = swapci_toml_fail(t, "this has %zu bytes; 1 to %d are accepted", text.len,
                                  SWAPCI_NAME_MAX - 1);
    if (status == SWAPC_OK && !swapci_printable_is(swapci_buffer_bytes(&text)))
        status = swapci_toml_fail(t, "this holds characters that cannot be shown");
    if (status == SWAPC_OK) {
        memcpy(out, text.ptr, text.len);
        out[text.len] = '\0';
    }
    swapci_buffer_fini(&text);
    return status;
}

enum swapc_status swapci_toml_name(struct swapci_toml *t, char out[SWAPCI_NAME_MAX]) {
    enum swapc_status status = take_name(t, out);
    return status == SWAPC_OK ? end_of_statement(t) : status;
}

static bool take_word(struct swapci_toml *t, const char *word) {
    size_t len = strlen(word);
    if (!at_text(t, word) || (t->at + len < t->end && is_bare(t->at[len]))) return false;
    t->at += len;
    return true;
}

enum swapc_status swapci_toml_bool(struct swapci_toml *t, bool *out) {
    *out = take_word(t, "true");
    return *out || take_word(t, "false") ? end_of_statement(t) : expected(t, "true or false");
}

enum swapc_status swapci_toml_count(struct swapci_toml *t, uint32_t min, uint32_t max,
                                    uint32_t *out) {
    uint64_t value = 0;
    const char *first = t->at;
    while (t->at < t->end && isdigit((unsigned char)*t->at) && value <= max)
        value = value * 10 + (uint64_t)(*t->at++ - '0');
    if (t->at == first || value < min || value > max || (t->at < t->end && is_bare(*t->at))) {
        t->at = first;
        char what[64];
        snprintf(what, sizeof what, "a whole number from %u to %u", min, max);
        return expected(t, what);
    }
    *out = (uint32_t)value;
    return end_of_statement(t);
}

/* Digits with _ between them, without the _. */
static enum swapc_status take_digits(struct swapci_toml *t, swapci_buffer *out) {
    static const char what[] = "\"a string\", a number, true or false";
    enum swapc_status status = SWAPC_OK;
    bool digit = false; /* before the cursor */
    for (; t->at < t->end && status == SWAPC_OK; t->at++) {
        if (*t->at == '_' && digit) digit = false;
        else if (isdigit((unsigned char)*t->at)) {
            digit = true;
            status = append(t, out, t->at, 1);
        } else break;
    }
    return status == SWAPC_OK && !digit ? expected(t, what) : status;
}

static enum swapc_status take_number(struct swapci_toml *t, swapci_buffer *out) {
    enum swapc_status status = take_digits(t, out);
    if (status == SWAPC_OK && take_char(t, '.')) {
        status = append(t, out, ".", 1);
        if (status == SWAPC_OK) status = take_digits(t, out);
    }
    return status;
}

enum swapc_status swapci_toml_scalar(struct swapci_toml *t, enum swapci_toml_scalar *kind,
                                     swapci_buffer *out) {
    enum swapc_status status;
    bool yes = take_word(t, "true");
    if (yes || take_word(t, "false")) {
        *kind = SWAPCI_TOML_BOOL;
        status = append(t, out, yes ? "true" : "false", yes ? 4 : 5);
    } else if (at_char(t, '"') || at_char(t, '\'')) {
        *kind = SWAPCI_TOML_STRING;
        status = take_text(t, out);
    } else {
        *kind = SWAPCI_TOML_NUMBER;
        status = take_number(t, out);
    }
    return status == SWAPC_OK ? end_of_statement(t) : status;
}

enum swapc_status swapci_toml_names(struct swapci_toml *t, swapci_toml_add add, void *user) {
    if (!take_char(t, '[')) return expected(t, "an array, [\"one\", \"two\"]");
    enum swapc_status status = skip_lines(t);
    while (status == SWAPC_OK && !at_char(t, ']')) {
        char name[SWAPCI_NAME_MAX];
        if (t->at == t->end) return expected(t, "] at the end of the array");
        status = take_name(t, name);
        if (status == SWAPC_OK) status = add(name, user);
        if (status == SWAPC_OK) status = skip_lines(t);
        if (status != SWAPC_OK) return status;
        if (!take_char(t, ',') && !at_char(t, ']')) return expected(t, ", or ]");
        status = skip_lines(t);
    }
    if (status != SWAPC_OK) return status;
    t->at++;
    return end_of_statement(t);
}
