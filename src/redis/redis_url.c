#include "redis_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#define URL_FORMS                                                                                  \
    "redis://[user:password@]host:port/db, rediss://… for TLS, or unix:/path/to/redis.sock"

static enum swapc_status malformed(const char *why, swapc_error *error) {
    return swapc_error_set(error, SWAPC_INVALID, "the Redis URL %s; it looks like " URL_FORMS, why);
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Decimal text of exactly len digits up to max. Returns false when it is none. */
static bool read_number(const char *text, size_t len, uint32_t max, uint32_t *out) {
    uint64_t value = 0;
    if (len == 0 || len > 10) return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = (uint32_t)value;
    return value <= max;
}

/* Copies len bytes, percent-decoded, with a NUL into out. */
static enum swapc_status copy_decoded(const char *text, size_t len, char *out, size_t size,
                                      const char *part, swapc_error *error) {
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (text[i] == '%') {
            if (len - i < 3 || !swapci_hex_decode(swapc_bytes_of(text + i + 1, 2), &byte) || !byte)
                return malformed("has a wrong % escape", error);
            i += 2;
        }
        if (used + 1 >= size) {
            return swapc_error_set(error, SWAPC_TOO_LARGE,
                                   "the %s in the Redis URL is longer than %zu bytes", part,
                                   size - 1);
        }
        out[used++] = (char)byte;
    }
    out[used] = 0;
    return SWAPC_OK;
}

/* A parameter that may stand behind the ? of a URL. */
struct parameter {
    const char *name;
    char *out; /* of SWAPCI_REDIS_TEXT_MAX + 1 bytes; NULL: a number, for `number` */
    uint32_t *number;
};

/* name=value&… */
static enum swapc_status parse_query(const char *query, const struct parameter *known, size_t count,
                                     swapc_error *error) {
    while (*query) {
        size_t len = strcspn(query, "&"), i = 0, name = 0;
        for (; i < count; i++) {
            name = strlen(known[i].name);
            if (starts_with(query, known[i].name) && query[name] == '=') break;
        }
        if (i == count) return malformed("has an unknown parameter behind its ?", error);
        const char *value = query + name + 1;
        size_t value_len = len - name - 1;
        if (!known[i].out && !read_number(value, value_len, UINT32_MAX, known[i].number))
            return malformed("has a database that is no number", error);
        if (known[i].out) {
            enum swapc_status status = copy_decoded(
                value, value_len, known[i].out, SWAPCI_REDIS_TEXT_MAX + 1, known[i].name, error);
            if (status != SWAPC_OK) return status;
        }
        query += len + (query[len] == '&');
    }
    return SWAPC_OK;
}

static enum swapc_status parse_unix(const char *rest, swapci_redis_url *out, swapc_error *error) {
    const struct parameter known[] = {
        {"db", NULL, &out->db}, {"user", out->user, NULL}, {"password", out->password, NULL}};
    if (starts_with(rest, "//")) rest += 2;
    const char *query = strchr(rest, '?');
    size_t len = query ? (size_t)(query - rest) : strlen(rest);
    if (len == 0) return malformed("has no socket path", error);
    out->is_unix = true;
    enum swapc_status status =
        copy_decoded(rest, len, out->path, sizeof out->path, "socket path", error);
    if (status == SWAPC_OK && query)
        status = parse_query(query + 1, known, sizeof known / sizeof *known, error);
    snprintf(out->shown, sizeof out->shown, "unix:%s", out->path);
    return status;
}

static enum swapc_status parse_login(const char *text, size_t len, swapci_redis_url *out,
                                     swapc_error *error) {
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon ? (size_t)(colon - text) : len;
    enum swapc_status status =
        copy_decoded(text, user_len, out->user, sizeof out->user, "user", error);
    if (status == SWAPC_OK && colon) {
        status = copy_decoded(colon + 1, len - user_len - 1, out->password, sizeof out->password,
                              "password", error);
    }
    return status;
}

/* host[:port], the host maybe in brackets. */
static enum swapc_status parse_host(const char *text, size_t len, swapci_redis_url *out,
                                    swapc_error *error) {
    const char *end = text + len;
    const char *host_end;
    uint32_t port = 6379;
    if (len && text[0] == '[') {
        text++;
        host_end = memchr(text, ']', (size_t)(end - text));
        if (!host_end || (host_end + 1 < end && host_end[1] != ':'))
            return malformed("has an unfinished [host]", error);
        len = (size_t)(host_end + 1 - text);
    } else {
        host_end = memchr(text, ':', len);
        host_end = host_end ? host_end : end;
        len = (size_t)(host_end - text);
    }
    const char *colon = text + len;
    if (host_end == text) return malformed("has no host", error);
    if (colon < end && (!read_number(colon + 1, (size_t)(end - colon - 1), 65535, &port) || !port))
        return malformed("has a port that is no number from 1 to 65535", error);
    out->port = (uint16_t)port;
    return copy_decoded(text, (size_t)(host_end - text), out->host, sizeof out->host, "host",
                        error);
}

/* /db, and with TLS ?…, behind the host. */
static enum swapc_status parse_tail(const char *tail, swapci_redis_url *out, swapc_error *error) {
    const struct parameter known[] = {{"ca", out->ca, NULL},
                                      {"cert", out->cert, NULL},
                                      {"key", out->key, NULL},
                                      {"server_name", out->server_name, NULL}};
    size_t len = strcspn(tail, "?#");
    if (len > 1 && !read_number(tail + 1, len - 1, UINT32_MAX, &out->db))
        return malformed("has a database that is no number", error);
    if (!tail[len]) return SWAPC_OK;
    if (tail[len] == '#' || !out->tls)
        return malformed("has something other than /db after its host", error);
    return parse_query(tail + len + 1, known, sizeof known / sizeof *known, error);
}

static enum swapc_status parse_tcp(const char *rest, swapci_redis_url *out, swapc_error *error) {
    size_t len = strcspn(rest, "/?#");
    enum swapc_status status = parse_tail(rest + len, out, error);
    const char *at = memrchr(rest, '@', len);
    if (status == SWAPC_OK && at) {
        status = parse_login(rest, (size_t)(at - rest), out, error);
        len -= (size_t)(at + 1 - rest);
        rest = at + 1;
    }
    if (status == SWAPC_OK) status = parse_host(rest, len, out, error);
    snprintf(out->shown, sizeof out->shown,
             strchr(out->host, ':') ? "%s://[%s]:%u/%u" : "%s://%s:%u/%u",
             out->tls ? "rediss" : "redis", out->host, (unsigned)out->port, (unsigned)out->db);
    return status;
}

enum swapc_status swapci_redis_url_parse(const char *text, swapci_redis_url *out,
                                         swapc_error *error) {
    memset(out, 0, sizeof *out);
    if (starts_with(text, "unix:")) return parse_unix(text + strlen("unix:"), out, error);
    out->tls = starts_with(text, "rediss://");
    if (out->tls) return parse_tcp(text + strlen("rediss://"), out, error);
    if (starts_with(text, "redis://")) return parse_tcp(text + strlen("redis://"), out, error);
    return malformed("starts with neither redis://, rediss:// nor unix:", error);
}
