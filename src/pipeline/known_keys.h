/* known_keys.h - the public keys that a verifier believes, as their file or folder has them now.
 *
 * Keys change while messages flow: a signer starts anew with others, a second one comes. So a key that is
 * not known is looked for once more in the file before it counts as unknown, when the file is another one
 * by its place, size and times than the one that was read. A folder stands for all its *.pub files, one
 * a signer. Keys that a file has no more count for a while longer, as records signed with them may be under
 * way: another worker has them in hand while this one meets the first of the new keys. What cannot be read any more (half written, taken away) is logged once, and the keys read
 * before stay; it is looked into again while it is so, also where it looks the same.
 *
 * Who copies a file leaves half of it there for a while. So for a moment after a change, and for
 * as long as keys that were taken away count where the files cannot be read, a key that is not known has no answer yet.
 *
 * Threads: `look` by any thread; new and free by one.
 */
#ifndef SWAPCI_KNOWN_KEYS_H
#define SWAPCI_KNOWN_KEYS_H

#include "keyring.h"
#include "swapc/log.h"

typedef struct swapci_known_keys swapci_known_keys;

/* How long a key counts that is not in the file any more, from when that was seen; and how long what
 * cannot be read is waited for. */
enum { SWAPCI_KNOWN_KEYS_GRACE_MS = 5000 };

/* Reads path, a file as of keyring.h or a folder with at least one. path and log are copied.
 * grace_ms: SWAPCI_KNOWN_KEYS_GRACE_MS, or a test's.
 * Returns what swapci_keyring_public_load returns. */
enum swapc_status swapci_known_keys_new(const char *path, uint32_t grace_ms, const swapc_log *log,
                                        swapci_known_keys **out, swapc_error *error);
void swapci_known_keys_free(swapci_known_keys *keys); /* NULL does nothing */

enum swapci_known {
    SWAPCI_UNKNOWN,
    SWAPCI_KNOWN,
    SWAPCI_UNSETTLED /* not known, of files that have just changed: ask again */
};

/* Whether key is one of them, now. Costs a look at the file's times when it is not. */
enum swapci_known swapci_known_keys_look(swapci_known_keys *keys, enum swapci_key_form form,
                                         swapc_bytes key);

#endif
