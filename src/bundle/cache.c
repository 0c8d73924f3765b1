/* What is shared: the opened directory and the two tables, under the lock; and what is known of the
 * processor, learnt once. Files are read, digested and written outside the lock, so that a thread
 * that reads a large entry holds up nobody: names change by rename only, and what was read is
 * entered into a table with the identity it had when read. */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "cache_dir.h"
#include "build_version.h"
#include "log_held.h"

/* An entry's file: this, then the code. */
struct header {
    char magic[16];
    uint8_t digest[32]; /* BLAKE2b-256 of the key's text and the code */
};

enum { CODE_MAX = 1 << 30, KEY_MAX = 512 };

void swapci_cache_init(struct swapci_cache *cache, const char *directory, const swapc_log *log) {
    *cache = (struct swapci_cache){.asked = directory, .log = log, .directory = -1};
    for (int i = 0; i < SWAPCI_CACHE_RESIDENT; i++) cache->resident[i].code = -1;
    pthread_mutex_init(&cache->lock, NULL);
}

void swapci_cache_fini(struct swapci_cache *cache) {
    for (int i = 0; i < SWAPCI_CACHE_RESIDENT; i++)
        if (cache->resident[i].code >= 0) close(cache->resident[i].code);
    if (cache->directory >= 0) close(cache->directory);
    pthread_mutex_destroy(&cache->lock);
}

static uint32_t cpu[8]; /* the features of this machine's; const since learn_cpu */
static pthread_once_t cpu_learnt = PTHREAD_ONCE_INIT;

/* Asked for once: under a hypervisor each CPUID costs some 20 microseconds. */
static void learn_cpu(void) {
    cpu[0] = (uint32_t)getauxval(AT_HWCAP);
    cpu[1] = (uint32_t)getauxval(AT_HWCAP2);
#if defined(__x86_64__)
    uint32_t skip;
    __get_cpuid(1, &skip, &skip, &cpu[2], &cpu[3]);
    __get_cpuid_count(7, 0, &skip, &cpu[4], &cpu[5], &cpu[6]);
    __get_cpuid(0x80000001, &skip, &skip, &cpu[7], &skip);
#endif
}

static int directory_of(struct swapci_cache *cache) {
    struct swapci_log_held held;
    swapci_log_hold(&held);
    pthread_mutex_lock(&cache->lock);
    if (!cache->opened) cache->directory = swapci_cache_dir_open(cache->asked, cache->log);
    cache->opened = true;
    int directory = cache->directory;
    pthread_mutex_unlock(&cache->lock);
    swapci_log_deliver(&held);
    return directory;
}

/* Returns the key's length in text. */
static size_t key_text(const struct swapci_cache_key *key, char text[KEY_MAX]) {
    const uint32_t *f = cpu;
    pthread_once(&cpu_learnt, learn_cpu);
    int n = snprintf(text, KEY_MAX, "%s %s %s swapc %s cpu %x.%x.%x.%x.%x.%x.%x.%x",
                     key->digest_hex, key->engine, key->version, SWAPCI_VERSION, f[0], f[1], f[2],
                     f[3], f[4], f[5], f[6], f[7]);
    return n < KEY_MAX ? (size_t)n : KEY_MAX - 1;
}

static void entry_name(const char *text, size_t len, char name[SWAPCI_CACHE_NAME]) {
    uint8_t hash[(SWAPCI_CACHE_NAME - 1) / 2];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, len, NULL, 0);
    sodium_bin2hex(name, SWAPCI_CACHE_NAME, hash, sizeof hash);
}

static void entry_digest(const char *text, size_t len, swapc_bytes code, uint8_t out[32]) {
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, 32);
    crypto_generichash_update(&hash, (const uint8_t *)text, len);
    crypto_generichash_update(&hash, code.ptr, code.len);
    crypto_generichash_final(&hash, out, 32);
}

static bool read_whole(int fd, void *to, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t got = read(fd, (uint8_t *)to + done, len - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

static bool write_whole(int fd, const void *from, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t put = write(fd, (const uint8_t *)from + done, len - done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        done += (size_t)put;
    }
    return true;
}

/* Reads len bytes of code from file straight into a memory file. Returns its descriptor or -1. */
static int copy_code(int file, size_t len, uint8_t digest[32], const char *text, size_t text_len) {
    int code = memfd_create("swapc-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (code < 0 || ftruncate(code, (off_t)len) != 0) goto failed;
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, code, 0);
    if (at == MAP_FAILED) goto failed;
    bool whole = read_whole(file, at, len);
    if (whole) entry_digest(text, text_len, swapc_bytes_of(at, len), digest);
    munmap(at, len);
    if (whole &&
        fcntl(code, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return code;
failed:
    if (code >= 0) close(code);
    return -1;
}

/* Reads and checks an entry. Returns the code's descriptor, or -1 and *why. */
static int read_entry(int file, const struct stat *st, const char *text, size_t text_len,
                      const char **why) {
    struct header header;
    uint8_t digest[32];
    *why = "it is not private to this user";
    if (!S_ISREG(st->st_mode) || !swapci_cache_dir_private(st)) return -1;
    *why = "it is no entry of this version";
    if (st->st_size <= (off_t)sizeof header || st->st_size > CODE_MAX ||
        !read_whole(file, &header, sizeof header) ||
        memcmp(header.magic, swapci_cache_magic, sizeof swapci_cache_magic) != 0)
        return -1;
    *why = "it cannot be read";
    int code = copy_code(file, (size_t)st->st_size - sizeof header, digest, text, text_len);
    if (code >= 0 && memcmp(digest, header.digest, sizeof digest) != 0) {
        *why = "its digest is wrong";
        close(code);
        return -1;
    }
    return code;
}

/* A descriptor of its own for the caller: the table may let go of its one at any time. */
static int resident_find(struct swapci_cache *cache, const char *name,
                         const struct swapci_identity *identity) {
    int code = -1;
    pthread_mutex_lock(&cache->lock);
    for (int i = 0; i < SWAPCI_CACHE_RESIDENT && code < 0; i++)
        if (cache->resident[i].code >= 0 && strcmp(cache->resident[i].name, name) == 0 &&
            swapci_identity_equal(&cache->resident[i].identity, identity))
            code = fcntl(cache->resident[i].code, F_DUPFD_CLOEXEC, 3);
    pthread_mutex_unlock(&cache->lock);
    return code;
}

static void resident_add(struct swapci_cache *cache, const char *name,
                         const struct swapci_identity *identity, int code) {
    int kept = fcntl(code, F_DUPFD_CLOEXEC, 3);
    if (kept < 0) return;
    pthread_mutex_lock(&cache->lock);
    unsigned i = cache->next_resident++ % SWAPCI_CACHE_RESIDENT;
    int dropped = cache->resident[i].code;
    memcpy(cache->resident[i].name, name, SWAPCI_CACHE_NAME);
    cache->resident[i].identity = *identity;
    cache->resident[i].code = kept;
    pthread_mutex_unlock(&cache->lock);
    if (dropped >= 0) close(dropped);
}

static void drop(struct swapci_cache *cache, int directory, const char *name, const char *why) {
    bool deleted = unlinkat(directory, name, 0) == 0 || errno == ENOENT;
    swapc_log_write(cache->log, SWAPC_LOG_WARN, "cache",
                    deleted ? "the compiled module %s is deleted and made anew: %s"
                            : "what is called %s among the compiled modules is no file of ours and "
                              "is not used, delete it: %s",
                    name, why);
}

bool swapci_cache_find(struct swapci_cache *cache, const struct swapci_cache_key *key, int *code) {
    char text[KEY_MAX], name[SWAPCI_CACHE_NAME];
    struct stat st;
    const char *why;
    int directory = directory_of(cache);
    if (directory < 0) return false;
    size_t len = key_text(key, text);
    entry_name(text, len, name);
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 || fstat(file, &st) != 0) {
        if (file >= 0) close(file);
        else if (errno == ELOOP) drop(cache, directory, name, "it is a link");
        return false;
    }
    struct swapci_identity identity = swapci_identity_of(&st);
    *code = resident_find(cache, name, &identity);
    if (*code < 0) {
        *code = read_entry(file, &st, text, len, &why);
        if (*code >= 0) resident_add(cache, name, &identity, *code);
        else drop(cache, directory, name, why);
    }
    close(file);
    return *code >= 0;
}

static bool write_entry(int directory, const char *temporary, const struct header *header,
                        swapc_bytes code) {
    int file =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool written =
        write_whole(file, header, sizeof *header) && write_whole(file, code.ptr, code.len);
    return close(file) == 0 && written;
}

void swapci_cache_store(struct swapci_cache *cache, const struct swapci_cache_key *key,
                        swapc_bytes code) {
    static atomic_uint number;
    char text[KEY_MAX], name[SWAPCI_CACHE_NAME], temporary[64];
    struct header header;
    int directory = directory_of(cache);
    if (directory < 0) return;
    size_t len = key_text(key, text);
    entry_name(text, len, name);
    memcpy(header.magic, swapci_cache_magic, sizeof swapci_cache_magic);
    entry_digest(text, len, code, header.digest);
    snprintf(temporary, sizeof temporary, ".%d-%u", (int)getpid(), atomic_fetch_add(&number, 1));
    if (write_entry(directory, temporary, &header, code) &&
        renameat(directory, temporary, directory, name) == 0) {
        swapci_cache_dir_prune(directory);
        return;
    }
    swapc_log_write(cache->log, SWAPC_LOG_INFO, "cache", "a compiled module cannot be kept: %s",
                    strerror(errno));
    unlinkat(directory, temporary, 0);
}

void swapci_cache_drop(struct swapci_cache *cache, const struct swapci_cache_key *key,
                       const char *why) {
    char text[KEY_MAX], name[SWAPCI_CACHE_NAME];
    int directory = directory_of(cache);
    if (directory < 0) return;
    entry_name(text, key_text(key, text), name);
    drop(cache, directory, name, why);
}

bool swapci_cache_digest(struct swapci_cache *cache, int file, char digest_hex[65]) {
    struct stat st;
    bool found = false;
    if (fstat(file, &st) != 0) return false;
    struct swapci_identity identity = swapci_identity_of(&st);
    pthread_mutex_lock(&cache->lock);
    for (int i = 0; i < SWAPCI_CACHE_FILES && !found; i++) {
        found = swapci_identity_equal(&cache->files[i].identity, &identity);
        if (found)
            memcpy(digest_hex, cache->files[i].digest_hex, sizeof cache->files[i].digest_hex);
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

void swapci_cache_remember(struct swapci_cache *cache, const struct swapci_image *image) {
    if (image->identity.inode == 0) return;
    pthread_mutex_lock(&cache->lock);
    unsigned i = cache->next_file++ % SWAPCI_CACHE_FILES;
    cache->files[i].identity = image->identity;
    memcpy(cache->files[i].digest_hex, image->digest_hex, sizeof image->digest_hex);
    pthread_mutex_unlock(&cache->lock);
}
