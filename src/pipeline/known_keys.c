/* What is shared: the keys that were read, under `lock` (shared to look a key up, alone to replace them),
 * and those that they replaced, each until it counts no more, with `seen`, what the files looked like when they were read. */
#include "known_keys.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"

/* Replacements of the keys within the grace; of more than these the first does not count any longer. */
enum { OLD_MAX = 8, SETTLE_MS = 300, AGAIN_MS = 100 };

/* Keys that were replaced. */
typedef struct old_keys {
    swapci_keyring_public *keys;
    uint64_t until_ns;
} old_keys;

struct swapci_known_keys {
    pthread_rwlock_t lock;
    swapci_keyring_public *keys; /* under lock */
    old_keys old[OLD_MAX];       /* under lock: the one that was replaced last comes last */
    size_t old_count;            /* under lock */
    uint64_t seen;               /* under lock */
    uint64_t unsettled_until_ns; /* under lock: by the files themselves; 0: they never changed */
    uint64_t again_ns;           /* under lock: when what cannot be read is looked into again */
    bool broken;                 /* under lock: the files cannot be read, and that was told */
    uint64_t grace_ns, settle_ns;
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
    keys->settle_ns = (uint64_t)(grace_ms < SETTLE_MS ? grace_ms : SETTLE_MS) * 1000000u;
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
    for (size_t i = 0; i < keys->old_count; i++) swapci_keyring_public_free(keys->old[i].keys);
    pthread_rwlock_destroy(&keys->lock);
    free(keys);
}

static void tell(swapci_known_keys *keys, enum swapc_status status, const swapc_error *error) {
    if (status == SWAPC_OK)
        swapc_log_write(&keys->log, SWAPC_LOG_INFO, "keys", "%s was read again: %zu keys",
                        keys->path, swapci_keyring_public_count(keys->keys));
    else if (!keys->broken)
        swapc_log_write(&keys->log, SWAPC_LOG_ERROR, "keys",
                        "%s; the keys that were read before stay", error->text);
}

/* Forgets the oldest that do not count any more, or have no place. */
static void forget_old(swapci_known_keys *keys, uint64_t clock_ns) {
    size_t gone = 0;
    while (gone < keys->old_count &&
           (keys->old[gone].until_ns <= clock_ns || keys->old_count - gone == OLD_MAX))
        swapci_keyring_public_free(keys->old[gone++].keys);
    keys->old_count -= gone;
    memmove(keys->old, keys->old + gone, keys->old_count * sizeof *keys->old);
}

/* With the lock held alone. */
static void replace(swapci_known_keys *keys, swapci_keyring_public *fresh, uint64_t clock_ns) {
    forget_old(keys, clock_ns);
    if (swapci_keyring_public_equal(keys->keys, fresh)) {
        swapci_keyring_public_free(fresh);
        return;
    }
    keys->old[keys->old_count++] = (old_keys){keys->keys, clock_ns + keys->grace_ns};
    keys->keys = fresh;
}

/* With the lock held alone. A file that is written to meanwhile looks different the next time. */
static void read_again(swapci_known_keys *keys, uint64_t look_now, uint64_t clock_ns) {
    swapci_keyring_public *fresh = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_keyring_public_load(keys->path, &fresh, &error);
    tell(keys, status, &error);
    if (status == SWAPC_OK) {
        replace(keys, fresh, clock_ns);
        keys->unsettled_until_ns = clock_ns + keys->settle_ns;
    } else if (!keys->broken) {
        keys->unsettled_until_ns = clock_ns + keys->grace_ns;
    }
    keys->broken = status != SWAPC_OK;
    keys->again_ns = clock_ns + AGAIN_MS * 1000000ull;
    keys->seen = look_now;
}

/* With the lock held alone, or shared, as the next two. */
static bool is_among(const swapci_known_keys *keys, enum swapci_key_form form, swapc_bytes key,
                     uint64_t clock_ns) {
    bool found = swapci_keyring_public_has(keys->keys, form, key);
    for (size_t i = keys->old_count; i-- > 0 && !found;)
        found = clock_ns < keys->old[i].until_ns &&
                swapci_keyring_public_has(keys->old[i].keys, form, key);
    return found;
}

static enum swapci_known answer(const swapci_known_keys *keys, enum swapci_key_form form,
                                swapc_bytes key, uint64_t clock_ns) {
    if (is_among(keys, form, key, clock_ns)) return SWAPCI_KNOWN;
    return clock_ns < keys->unsettled_until_ns ? SWAPCI_UNSETTLED : SWAPCI_UNKNOWN;
}

static bool is_stale(const swapci_known_keys *keys, uint64_t look_now, uint64_t clock_ns) {
    return keys->seen != look_now || (keys->broken && clock_ns >= keys->again_ns);
}

enum swapci_known swapci_known_keys_look(swapci_known_keys *keys, enum swapci_key_form form,
                                         swapc_bytes key) {
    pthread_rwlock_rdlock(&keys->lock);
    bool found = is_among(keys, form, key, keys->old_count ? swapci_clock_monotonic_ns() : 0);
    pthread_rwlock_unlock(&keys->lock);
    if (found) return SWAPCI_KNOWN;
    uint64_t look_now = look(keys->path), clock_ns = swapci_clock_monotonic_ns();
    pthread_rwlock_rdlock(&keys->lock);
    bool stale = is_stale(keys, look_now, clock_ns);
    enum swapci_known known = answer(keys, form, key, clock_ns);
    pthread_rwlock_unlock(&keys->lock);
    if (!stale) return known;
    pthread_rwlock_wrlock(&keys->lock);
    if (is_stale(keys, look_now, clock_ns)) read_again(keys, look_now, clock_ns);
    known = answer(keys, form, key, clock_ns);
    pthread_rwlock_unlock(&keys->lock);
    return known;
}
