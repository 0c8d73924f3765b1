/* Any bytes as what our own code reads of HTTP: a request's headers, which the guard decides by;
 * the file of the token; another process's answer. What the guard lets in, a plain reading of
 * its rules lets in too. */
#include <strings.h>

#include "fuzz.h"
#include "http_client.h"
#include "http_guard.h"
#include "http_token.h"

static const char token[] = "0123456789abcdef0123456789abcdef";

static const struct swapci_http_place places[] = {
    {false, true, "127.0.0.1", token, false}, {false, false, "build.example", token, false},
    {true, true, NULL, token, false},         {false, false, "::", NULL, true},
    {false, true, "localhost", NULL, false},
};

/* A control that is let in has shown the token, is JSON, and is short. */
static void check_control(const struct swapci_http_place *place,
                          const struct swapci_http_headers *h) {
    FUZZ_CHECK(place->token || place->pass_on);
    FUZZ_CHECK(h->authorization && strncasecmp(h->authorization, "Bearer ", 7) == 0);
    FUZZ_CHECK(place->pass_on || strcmp(h->authorization + 7, token) == 0);
    FUZZ_CHECK(h->content_type && strncasecmp(h->content_type, "application/json", 16) == 0);
    FUZZ_CHECK(h->content_length);
    FUZZ_CHECK(strtoul(h->content_length, NULL, 10) <= SWAPCI_HTTP_BODY_MAX);
}

/* What a page of a third party cannot get round. */
static void check_page(const struct swapci_http_headers *h) {
    const char *origin = h->origin ? strstr(h->origin, "://") : NULL;
    FUZZ_CHECK(!h->origin || (origin && h->host && strcasecmp(origin + 3, h->host) == 0));
    FUZZ_CHECK(!h->fetch_site || strcmp(h->fetch_site, "same-origin") == 0 ||
               strcmp(h->fetch_site, "none") == 0);
}

/* A line each; one that begins with '-' is a header that is not there. */
static const char *next_line(char **rest) {
    char *line = strsep(rest, "\n");
    return line && *line != '-' ? line : NULL;
}

static void guard(uint8_t choice, char *text) {
    const struct swapci_http_place *place = &places[choice % (sizeof places / sizeof *places)];
    enum swapci_http_kind kind = choice / 8 % (SWAPCI_HTTP_CONTROL + 1);
    struct swapci_http_headers h = {0};
    const char **fields[] = {&h.host,          &h.origin,       &h.fetch_site,
                             &h.authorization, &h.content_type, &h.content_length};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *fields[i] = next_line(&text);
    const char *why = NULL;
    unsigned code = swapci_http_guard(place, kind, &h, &why);
    FUZZ_CHECK(code == 0 || (code >= 400 && code < 500 && why && *why));
    if (code) return;
    FUZZ_CHECK(place->is_unix || h.host || (kind == SWAPCI_HTTP_PROBE && !place->is_local));
    if (kind >= SWAPCI_HTTP_DATA) check_page(&h);
    if (kind == SWAPCI_HTTP_CONTROL) check_control(place, &h);
}

static void load_token(swapc_bytes content) {
    char out[SWAPCI_HTTP_TOKEN_MAX + 1];
    swapc_error error = SWAPC_ERROR_INIT;
    fuzz_write("token", content);
    enum swapc_status status = swapci_http_token_load(fuzz_path("token"), out, &error);
    FUZZ_CHECK(status == error.status);
    if (status != SWAPC_OK) return;
    size_t len = strlen(out);
    FUZZ_CHECK(len >= SWAPCI_HTTP_TOKEN_MIN && len <= SWAPCI_HTTP_TOKEN_MAX);
    FUZZ_CHECK(len <= content.len && memcmp(out, content.ptr, len) == 0);
    FUZZ_CHECK(swapci_http_token_equal(out, out));
    out[len - 1] ^= 1;
    FUZZ_CHECK(!swapci_http_token_equal(out, (const char[]){(char)(out[len - 1] ^ 1), 0}));
}

static void split(swapc_bytes answer) {
    unsigned code;
    swapc_bytes body;
    if (!swapci_http_answer_split(answer, &code, &body)) return;
    FUZZ_CHECK(code >= 100 && code <= 999);
    FUZZ_CHECK(body.ptr + body.len == answer.ptr + answer.len && body.len <= answer.len - 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    uint8_t choice = fuzz_byte(&in);
    if (choice == 255) {
        load_token(fuzz_rest(&in));
    } else if (choice == 254) {
        split(fuzz_rest(&in));
    } else {
        char *text = fuzz_text(&in);
        guard(choice, text);
        free(text);
    }
    return 0;
}
