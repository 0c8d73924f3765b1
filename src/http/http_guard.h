/* http_guard.h - who may ask for what: the one place that decides, by the request's headers alone.
 *
 *   Host      names this machine by a number, as localhost, or by the name that the server was given: else
 *             a site that has its own name point here (DNS rebinding) could read and act (421). Not asked
 *             of probes unless the address is this machine's only, nor on a Unix socket.
 *   Origin, Sec-Fetch-Site   of data and controls: the page's own (403). No answer ever carries CORS headers.
 *   Authorization: Bearer    of controls: the token (401 without, 403 with another). It is in no URL and no
 *             cookie, so that no other page can have a browser send it.
 *
 * Threads: pure functions.
 */
#ifndef SWAPCI_HTTP_GUARD_H
#define SWAPCI_HTTP_GUARD_H

#include <stdbool.h>

#include "http_server.h"

struct swapci_http_place {
    bool is_unix, is_local; /* local: only this machine reaches it */
    const char *host;       /* as the user wrote it; NULL on a Unix socket */
    const char *token;      /* NULL: controls are off, unless pass_on */
    bool pass_on;
};

/* Headers; NULL: not there. */
struct swapci_http_headers {
    const char *host, *origin, *fetch_site, *authorization, *content_type, *content_length;
};

/* Returns 0 to go on, or the code of the refusal with *why (static). */
unsigned swapci_http_guard(const struct swapci_http_place *place, enum swapci_http_kind kind,
                           const struct swapci_http_headers *headers, const char **why);

#endif
