/* redis_url.h - where a Redis server is, as a URL says it.
 *
 * Understood: redis://[user[:password]@]host[:port][/db]; rediss://, the same over TLS, and then
 * ?ca=FILE (of the authority that signed the server's certificate; without it the system's), cert=FILE
 * and key=FILE (ours, where the server wants one; without key it is in the same file) and
 * server_name=NAME (which the certificate is for, when it is not for the host), joined by &; unix:PATH
 * and unix:///PATH, with ?db=N, user=NAME and password=WORD. All parts are percent-decoded; an IPv6
 * host stands in brackets.
 *
 * Threads: any; pure functions.
 * Ownership: the caller's struct, no heap. It holds the password: never log it, log `shown`.
 */
#ifndef SWAPCI_REDIS_URL_H
#define SWAPCI_REDIS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "swapc/error.h"

enum {
    SWAPCI_REDIS_PATH_MAX = 107, /* bytes of a Unix socket's path, without its NUL */
    SWAPCI_REDIS_TEXT_MAX = 255  /* bytes of host, user, password and each file's path */
};

typedef struct swapci_redis_url {
    bool is_unix; /* path; else host and port */
    bool tls;
    char path[SWAPCI_REDIS_PATH_MAX + 1];
    char host[SWAPCI_REDIS_TEXT_MAX + 1];
    uint16_t port; /* 6379 when the URL names none */
    uint32_t db;
    char user[SWAPCI_REDIS_TEXT_MAX + 1];
    char password[SWAPCI_REDIS_TEXT_MAX + 1];
    char ca[SWAPCI_REDIS_TEXT_MAX + 1]; /* of TLS; each "": none */
    char cert[SWAPCI_REDIS_TEXT_MAX + 1];
    char key[SWAPCI_REDIS_TEXT_MAX + 1];
    char server_name[SWAPCI_REDIS_TEXT_MAX + 1];
    char shown[2 * SWAPCI_REDIS_TEXT_MAX]; /* the URL without user and password, for people */
} swapci_redis_url;

/* Reads text. Returns SWAPC_OK; INVALID (not such a URL: `error` shows what one looks like);
 * TOO_LARGE (a part is too long). */
enum swapc_status swapci_redis_url_parse(const char *text, swapci_redis_url *out,
                                         swapc_error *error);

#endif
