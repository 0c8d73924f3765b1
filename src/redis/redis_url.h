/* redis_url.h - where a Redis server is, as a URL says it.
 *
 * Understood: redis://[user[:password]@]host[:port][/db], unix:PATH and unix:///PATH, both with an
 * optional ?db=N. User and password are percent-decoded; an IPv6 host stands in brackets.
 *
 * Threads: any; pure functions.
 * Ownership: the caller's struct, no heap. It holds the password: never log it, log `shown`.
 */
#ifndef SWAPCI_REDIS_URL_H
#define SWAPCI_REDIS_URL_H

#include <stdint.h>

#include "swapc/error.h"

enum {
    SWAPCI_REDIS_PATH_MAX = 107, /* bytes of a Unix socket's path, without its NUL */
    SWAPCI_REDIS_TEXT_MAX = 255  /* bytes of host, user and password each */
};

typedef struct swapci_redis_url {
    int is_unix; /* 1: path; 0: host and port */
    char path[SWAPCI_REDIS_PATH_MAX + 1];
    char host[SWAPCI_REDIS_TEXT_MAX + 1];
    uint16_t port; /* 6379 when the URL names none */
    uint32_t db;
    char user[SWAPCI_REDIS_TEXT_MAX + 1];
    char password[SWAPCI_REDIS_TEXT_MAX + 1];
    char shown[2 * SWAPCI_REDIS_TEXT_MAX]; /* the URL without user and password, for people */
} swapci_redis_url;

/* Reads text. Returns SWAPC_OK; INVALID (not such a URL: `error` shows what one looks like);
 * TOO_LARGE (a part is too long); UNSUPPORTED (rediss://: not built yet). */
enum swapc_status swapci_redis_url_parse(const char *text, swapci_redis_url *out,
                                         swapc_error *error);

#endif
