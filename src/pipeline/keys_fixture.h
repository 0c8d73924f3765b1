/* keys_fixture.h - for tests: a folder of their own, with a signer's keys in it.
 *
 * Threads: the test's. What was made is removed by fixture_keys_remove, which a zeroed struct is fine for.
 */
#ifndef SWAPCI_KEYS_FIXTURE_H
#define SWAPCI_KEYS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "key_pairs.h"
#include "redis_fixture.h"

typedef struct fixture_keys {
    char folder[64], path[80], public_path[84];
    swapci_key_pairs *pairs;
} fixture_keys;

/* Makes folder, files and pairs. */
static inline void fixture_keys_make(fixture_keys *keys, unsigned count) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring *ring = NULL;
    snprintf(keys->folder, sizeof keys->folder, "/tmp/swapc-keys-test-XXXXXX");
    if (!mkdtemp(keys->folder)) fail_msg("no folder under /tmp");
    snprintf(keys->path, sizeof keys->path, "%s/keys", keys->folder);
    snprintf(keys->public_path, sizeof keys->public_path, "%s.pub", keys->path);
    fixture_ok(swapci_keyring_load(keys->path, SWAPCI_KEYS_PRIVATE, count, &ring, &error), &error);
    fixture_ok(swapci_key_pairs_new(ring, &keys->pairs, &error), &error);
    swapci_keyring_free(ring);
}

/* The folder must hold nothing else by then. */
static inline void fixture_keys_remove(fixture_keys *keys) {
    swapci_key_pairs_free(keys->pairs);
    unlink(keys->path);
    unlink(keys->public_path);
    rmdir(keys->folder);
}

#endif
