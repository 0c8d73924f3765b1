#include "http_guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_token.h"

/* Writes the host without its port and brackets. Returns false when it does not fit or is none. */
static bool host_name(const char *host, char *out, size_t size) {
    const char *end = host + strlen(host);
    if (*host == '[') {
        end = strchr(host++, ']');
        if (!end || (end[1] && end[1] != ':')) return false;
    } else if (strchr(host, ':')) {
        end = strchr(host, ':');
    }
    size_t len = (size_t)(end - host);
    if (len == 0 || len >= size) return false;
    memcpy(out, host, len);
    out[len] = 0;
    return true;
}

static bool host_is_ours(const struct swapci_http_place *place, const char *host) {
    unsigned char number[16];
    char name[256];
    if (!host || !host_name(host, name, sizeof name)) return false;
    return inet_pton(AF_INET, name, number) == 1 || inet_pton(AF_INET6, name, number) == 1 ||
           strcasecmp(name, "localhost") == 0 ||
           (place->host && strcasecmp(name, place->host) == 0);
}

/* Whether Origin, if there is one, is the page that this server gave; https is a proxy's before it. */
static bool is_own_origin(const struct swapci_http_headers *h) {
    static const char *const schemes[] = {"http://", "https://"};
    if (!h->origin) return true;
    for (unsigned i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (h->host && strncasecmp(h->origin, schemes[i], len) == 0 &&
            strcasecmp(h->origin + len, h->host) == 0)
            return true;
    }
    return false;
}

static bool is_same_site(const struct swapci_http_headers *h) {
    return !h->fetch_site || strcmp(h->fetch_site, "same-origin") == 0 ||
           strcmp(h->fetch_site, "none") == 0;
}

static unsigned check_token(const struct swapci_http_place *place, const char *authorization,
                            const char **why) {
    static const char scheme[] = "Bearer ";
    if (!place->token && !place->pass_on) {
        *why = "this process takes no controls: start it with --http-token FILE";
        return 403;
    }
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        *why = "controls need the token: send \"Authorization: Bearer TOKEN\" with the content of "
               "the --http-token file";
        return 401;
    }
    if (place->pass_on) return 0;
    if (swapci_http_token_equal(place->token, authorization + sizeof scheme - 1)) return 0;
    *why = "this is not the token of this process: it is in the --http-token file";
    return 403;
}

static unsigned check_body(const struct swapci_http_headers *h, const char **why) {
    static const char json[] = "application/json";
    if (!h->content_type || strncasecmp(h->content_type, json, sizeof json - 1) != 0) {
        *why = "a control is JSON: send \"Content-Type: application/json\"";
        return 415;
    }
    if (!h->content_length) {
        *why = "say how long the body is (Content-Length)";
        return 411;
    }
    if (strlen(h->content_length) > 9 ||
        strtoul(h->content_length, NULL, 10) > SWAPCI_HTTP_BODY_MAX) {
        *why = "a control has at most 16 KiB";
        return 413;
    }
    return 0;
}

unsigned swapci_http_guard(const struct swapci_http_place *place, enum swapci_http_kind kind,
                           const struct swapci_http_headers *headers, const char **why) {
    bool any_host = place->is_unix || (kind == SWAPCI_HTTP_PROBE && !place->is_local);
    bool own_only = kind >= SWAPCI_HTTP_DATA;
    if (!any_host && !host_is_ours(place, headers->host)) {
        *why = "the Host header names another machine: use the address that the process printed";
        return 421;
    }
    if (own_only && (!is_own_origin(headers) || !is_same_site(headers))) {
        *why = "another site's page asks: only the page that this process serves may";
        return 403;
    }
    if (kind != SWAPCI_HTTP_CONTROL) return 0;
    unsigned refused = check_token(place, headers->authorization, why);
    return refused ? refused : check_body(headers, why);
}
