/* reply.h - room in a reply, for who fills it piece by piece.
 *
 * Threads and ownership: as swapc_reply.
 */
#ifndef SWAPCI_REPLY_H
#define SWAPCI_REPLY_H

#include <stdbool.h>

#include "swapc/module.h"

/* Makes the body len bytes of the reply's storage, whose content is undefined. Returns false, with
 * the reply as before, when there is no memory. */
bool swapci_reply_room(swapc_reply *reply, size_t len);

#endif
