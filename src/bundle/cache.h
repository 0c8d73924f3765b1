/* cache.h - compiled modules kept on disk, so that loading one again does not compile it again.
 *
 * What is kept is machine code, so it is believed only when this user made it on this machine: the
 * directory must be the user's own and closed to others (0700), an entry too (0600), and its
 * digest, which covers its key as well, must be right. The key is the module's digest, the engine,
 * the engine's version, ours, and the features of the CPU. An entry that fails any of this is
 * deleted, logged, and counts as not there: the cache never makes loading fail.
 *
 * Code is handed out as a sealed memory file, read and checked once: whatever happens to the entry
 * afterwards, what an engine has mapped does not change. The checked copies of the last few entries
 * are kept; one serves as long as the entry on disk is the same file, unchanged. Beside them the
 * digests of the last few module files are kept, so that an unchanged file is not read again; as in
 * git's index, a file is unchanged when device, inode, size and both times are.
 *
 * Threads: every function but init and fini may be called from several threads at once.
 * Ownership: a descriptor handed out is the caller's to close.
 */
#ifndef SWAPCI_CACHE_H
#define SWAPCI_CACHE_H

#include <pthread.h>
#include <stdbool.h>

#include "bundle.h"
#include "swapc/log.h"

enum {
    SWAPCI_CACHE_RESIDENT = 8,     /* checked copies kept */
    SWAPCI_CACHE_FILES = 16,       /* digests of module files kept */
    SWAPCI_CACHE_NAME = 33,        /* an entry's file name with its NUL */
    SWAPCI_CACHE_ENTRIES_MAX = 256 /* on disk; the oldest go first */
};

struct swapci_cache {
    const char *asked;    /* the directory that the host's config names, or NULL */
    const swapc_log *log; /* of the host */
    pthread_mutex_t lock; /* all below */
    bool opened;
    int directory; /* -1: there is no cache */
    unsigned next_resident, next_file;
    struct {
        char name[SWAPCI_CACHE_NAME];
        struct swapci_identity identity; /* of the entry's file */
        int code;
    } resident[SWAPCI_CACHE_RESIDENT];
    struct {
        struct swapci_identity identity;
        char digest_hex[65];
    } files[SWAPCI_CACHE_FILES];
};

struct swapci_cache_key {
    const char *digest_hex; /* of the module's file */
    const char *engine;
    const char *version; /* of the engine */
};

/* directory: where, borrowed; NULL: $SWAPC_CACHE, $XDG_CACHE_HOME/swapc or ~/.cache/swapc; "":
 * there is no cache. Opens nothing yet. */
void swapci_cache_init(struct swapci_cache *cache, const char *directory, const swapc_log *log);
void swapci_cache_fini(struct swapci_cache *cache);

/* Returns true and a descriptor of the compiled form, or false when there is none to be used. */
bool swapci_cache_find(struct swapci_cache *cache, const struct swapci_cache_key *key, int *code);

/* Keeps a compiled form. What cannot be kept is logged and no failure. */
void swapci_cache_store(struct swapci_cache *cache, const struct swapci_cache_key *key,
                        swapc_bytes code);

/* Deletes an entry that its engine would not take. */
void swapci_cache_drop(struct swapci_cache *cache, const struct swapci_cache_key *key,
                       const char *why);

/* Returns true and the digest of the open file when it is known and unchanged. */
bool swapci_cache_digest(struct swapci_cache *cache, int file, char digest_hex[65]);

/* Remembers the digest of a file that was read just now. */
void swapci_cache_remember(struct swapci_cache *cache, const struct swapci_image *image);

#endif
