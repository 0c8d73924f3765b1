/* What is shared: the keys that were read, under `lock` (shared to look a key up, alone to replace them),
 * and those that they replaced, until when those count, with `seen`, what the files looked like when they were read. */
#include "known_keys.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"

struct swapci_known_keys {
    pthread_rwlock_t lock;
    swapci_keyring_public *keys; /* under lock */
    swapci_keyring_public *old;  /* under lock; NULL: none */
    uint64_t old_until_ns;       /* under lock */
    uint64_t grace_ns;
    uint64_t seen; /* under lock */
    bool told;     /* under lock: that the files cannot be read */
    swapc_log log;
    char path[];
};

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0xff51afd7ed558ccdu;
    return hash ^ (hash >> 33);
}

static uint64_t look_of(const struct stat *st) {
    uint64_t hash = mix(st->st_dev, st->st_ino);
    hash = mix(mix(hash, (uint64_t)st->st_size), st->st_mode);
    hash = mix(mix(hash, (uint64_t)st->st_mtim.tv_sec), (uint64_t)st->st_mtim.tv_nsec);
    return mix(mix(hash, (uint64_t)st->st_ctim.tv_sec), (uint64_t)st->st_ctim.tv_nsec);
}

/* What the file looks like, or all of a folder's, in whatever order it lists them. */
static uint64_t look(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) return 0;
    uint64_t sum = look_of(&st);
    DIR *folder = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (swapci_keyring_is_public_name(entry->d_name) &&
            fstatat(dirfd(folder), entry->d_name, &st, 0) == 0)
            sum += look_of(&st);
    if (folder) closedir(folder);
    return sum;
}

enum swapc_status swapci_known_keys_new(const char *path, uint32_t grace_ms, const swapc_log *log,
                                        swapci_known_keys **out, swapc_error *error) {
    swapci_known_keys *keys = calloc(1, sizeof *keys + strlen(path) + 1);
    if (!keys) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the keys of %s", path);
    strcpy(keys->path, path);
    keys->log = *log;
    keys->grace_ns = (uint64_t)grace_ms * 1000000u;
    keys->seen = look(path);
    pthread_rwlock_init(&keys->lock, NULL);
    enum swapc_status status = swapci_keyring_public_load(path, &keys->keys, error);
    if (status == SWAPC_OK) *out = keys;
    else swapci_known_keys_free(keys);
    return status;
}

void swapci_known_keys_free(swapci_known_keys *keys) {
    if (!keys) return;
    swapci_keyring_public_free(keys->keys);
    swapci_keyring_public_free(keys->old);
    pthread_rwlock_destroy(&keys->lock);
    free(keys);
}

static void tell(swapci_known_keys *keys, enum swapc_status status, const swapc_error *error) {
    if (status == SWAPC_OK)
        swapc_log_write(&keys->log, SWAPC_LOG_INFO, "keys", "%s was read again: %zu keys",
                        keys->path, swapci_keyring_public_count(keys->keys));
    else if (!keys->told)
        swapc_log_write(&keys->log, SWAPC_LOG_ERROR, "keys",
                        "%s; the keys that were read before stay", error->text);
    keys->told = status != SWAPC_OK;
}

/* With the lock held alone. A file that is written to meanwhile looks different the next time. */
static void read_again(swapci_known_keys *keys, uint64_t now) {
    swapci_keyring_public *fresh = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_keyring_public_load(keys->path, &fresh, &error);
    if (status == SWAPC_OK) {
        swapci_keyring_public_free(keys->old);
        keys->old = keys->keys;
        keys->old_until_ns = swapci_clock_monotonic_ns() + keys->grace_ns;
        keys->keys = fresh;
    }
    keys->seen = now;
    tell(keys, status, &error);
}

static bool has(swapci_known_keys *keys, enum swapci_key_form form, swapc_bytes key,
                uint64_t *seen) {
    pthread_rwlock_rdlock(&keys->lock);
    bool found = swapci_keyring_public_has(keys->keys, form, key) ||
                 (keys->old && swapci_clock_monotonic_ns() < keys->old_until_ns &&
                  swapci_keyring_public_has(keys->old, form, key));
    *seen = keys->seen;
    pthread_rwlock_unlock(&keys->lock);
    return found;
}

bool swapci_known_keys_has(swapci_known_keys *keys, enum swapci_key_form form, swapc_bytes key) {
    uint64_t seen;
    if (has(keys, form, key, &seen)) return true;
    uint64_t now = look(keys->path);
    if (now == seen) return false;
    pthread_rwlock_wrlock(&keys->lock);
    if (keys->seen != now) read_again(keys, now);
    pthread_rwlock_unlock(&keys->lock);
    return has(keys, form, key, &seen);
}
