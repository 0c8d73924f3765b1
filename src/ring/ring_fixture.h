/* ring_fixture.h - what the ring's tests share: a directory of their own, and records that tell
 * their number. */
#ifndef SWAPCI_RING_FIXTURE_H
#define SWAPCI_RING_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"
#include "test_main.h"

/* cmocka setup: *state is a fresh directory. */
static inline int fixture_setup(void **state) {
    char *path = strdup("/tmp/swapc-ring-test-XXXXXX");
    *state = path;
    return path && mkdtemp(path) ? 0 : -1;
}

/* cmocka teardown: removes the directory and its files. */
static inline int fixture_teardown(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    DIR *dir = opendir(*state);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", (char *)*state, entry->d_name);
        unlink(path);
    }
    if (dir) closedir(dir);
    rmdir(*state);
    free(*state);
    return 0;
}

/* Attaches to ring "t" of the directory; the test fails if that does. */
static inline swapci_ring *fixture_open(void **state, enum swapci_ring_role role, size_t capacity,
                                        atomic_int *stop) {
    swapci_ring_config config = {"t", *state, capacity, stop};
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_ring *ring = NULL;
    if (swapci_ring_open(&config, role, &ring, &error) != SWAPC_OK) fail_msg("%s", error.text);
    return ring;
}

/* Fills out with record number n of len bytes: no two numbers give the same 4 bytes. */
static inline void fixture_fill(uint8_t *out, size_t len, uint32_t n) {
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)((n >> 8 * (i % 4)) + i / 4);
}

#endif
