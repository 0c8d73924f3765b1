/* remotes.h - other swapc processes, whose state is asked once a second by a thread of its own, so that one
 * page shows several. One that does not answer stays there as it was, with the reason; it comes back by itself.
 *
 * Threads: start and stop by one thread; the others from any. Ownership: start gives, stop frees; addresses
 *     are copied.
 */
#ifndef SWAPCI_REMOTES_H
#define SWAPCI_REMOTES_H

#include <jansson.h>

#include "http_server.h"

enum { SWAPCI_REMOTES_MAX = 16, SWAPCI_REMOTE_ASK_MS = 2000, SWAPCI_REMOTE_CONTROL_MS = 120000 };

typedef struct swapci_remotes swapci_remotes;

/* Returns SWAPC_OK, SYSTEM, NO_MEMORY. count: 1 to SWAPCI_REMOTES_MAX. */
enum swapc_status swapci_remotes_start(const char *const *addresses, size_t count,
                                       swapci_remotes **out, swapc_error *error);

/* Appends each process as it was last seen, with "id" ("1/0": the first remote's own "0"), "address", and
 * "gone" (why) where it does not answer now. Does not wait for them. */
void swapci_remotes_append(swapci_remotes *remotes, json_t *processes);

/* Whether each answers, for metrics. */
size_t swapci_remotes_count(const swapci_remotes *remotes);
bool swapci_remotes_up(swapci_remotes *remotes, size_t index, const char **address);

/* Hands a control on to the process of that id; blocks for it. The reply is the other's. */
void swapci_remotes_control(swapci_remotes *remotes, const char *id, const char *path, json_t *body,
                            const char *authorization, swapci_http_reply *reply);

/* NULL does nothing. */
void swapci_remotes_stop(swapci_remotes *remotes);

#endif
