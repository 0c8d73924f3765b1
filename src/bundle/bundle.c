#include "bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "heap.h"
#include "printable.h"
#include "trust_policy.h"

static void copy_name(char *out, const char *text) {
    snprintf(out, SWAPCI_NAME_MAX, "%s", text);
}

static enum swapc_status read_all(int fd, uint8_t *at, size_t size, const char *path,
                                  swapc_error *error) {
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, at + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read %s", path);
        if (got == 0)
            return swapc_error_set(error, SWAPC_IO, "%s became shorter while it was read", path);
        done += (size_t)got;
    }
    return SWAPC_OK;
}

enum { SETTLED_NS = 1000000000 };

static int64_t whole_ns(struct timespec t) {
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct swapci_identity swapci_identity_of(const struct stat *st) {
    return (struct swapci_identity){st->st_dev, st->st_ino, st->st_size, whole_ns(st->st_mtim),
                                    whole_ns(st->st_ctim)};
}

bool swapci_identity_equal(const struct swapci_identity *a, const struct swapci_identity *b) {
    return a->inode != 0 && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

/* The file's identity, unless it had changed just before: one that is written twice within a tick
 * of the clock has the same times. */
static struct swapci_identity settled(const struct swapci_identity *identity) {
    struct timespec now;
    bool known = clock_gettime(CLOCK_REALTIME, &now) == 0 &&
                 identity->changed_ns < whole_ns(now) - SETTLED_NS;
    return known ? *identity : (struct swapci_identity){.inode = 0};
}

/* What was read must be one content, not the head of one and the tail of another. */
static enum swapc_status check_unchanged(int fd, const struct swapci_identity *before,
                                         const char *path, swapc_error *error) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read %s", path);
    struct swapci_identity after = swapci_identity_of(&st);
    return swapci_identity_equal(before, &after)
               ? SWAPC_OK
               : swapc_error_set(error, SWAPC_IO,
                                 "%s was written to while it was read: write a new file and rename "
                                 "it, or the new folder, to its place",
                                 path);
}

/* identity may be NULL. */
static enum swapc_status read_open(int fd, const char *path, size_t max, swapc_bytes *out,
                                   struct swapci_identity *identity, swapc_error *error) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read %s", path);
    if (!S_ISREG(st.st_mode))
        return swapc_error_set(error, SWAPC_IO, "%s is not a regular file", path);
    if ((uint64_t)st.st_size > max)
        return swapc_error_set(error, SWAPC_TOO_LARGE,
                               "%s has %lld bytes, and a file of its kind at most %zu: make it "
                               "smaller",
                               path, (long long)st.st_size, max);
    size_t size = (size_t)st.st_size;
    uint8_t *at = swapci_heap_alloc(size ? size : 1);
    if (!at) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to read %s", path);
    struct swapci_identity before = swapci_identity_of(&st);
    enum swapc_status status = read_all(fd, at, size, path, error);
    if (status == SWAPC_OK) status = check_unchanged(fd, &before, path, error);
    if (status != SWAPC_OK) {
        swapci_heap_free(at);
        return status;
    }
    *out = swapc_bytes_of(at, size);
    if (identity) *identity = settled(&before);
    return SWAPC_OK;
}

/* Opens `name` in the folder (AT_FDCWD: name is a path); path is for messages. */
static enum swapc_status open_file(int folder, const char *name, const char *path, int *fd,
                                   swapc_error *error) {
    *fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd >= 0) return SWAPC_OK;
    return errno == ENOENT || errno == ENOTDIR
               ? swapc_error_set(error, SWAPC_NOT_FOUND,
                                 "no module at %s: give a bundle's folder, a .wasm or a .so", path)
               : swapc_error_set_errno(error, SWAPC_IO, errno, "cannot open %s", path);
}

static void digest(struct swapci_image *image) {
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, image->bytes.ptr, image->bytes.len);
    sodium_bin2hex(image->digest_hex, sizeof image->digest_hex, hash, sizeof hash);
}

static enum swapc_status join(const char *folder, const char *file, char **out,
                              swapc_error *error) {
    *out = swapci_heap_format("%s/%s", folder, file);
    return *out ? SWAPC_OK : swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a path");
}

static enum swapc_status open_folder(const char *path, int *fd, swapc_error *error) {
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (*fd >= 0) return SWAPC_OK;
    if (errno == ENOTDIR && access(path, F_OK) == 0)
        return swapc_error_set(error, SWAPC_INVALID, "%s is a file, not a bundle's folder", path);
    return errno == ENOENT || errno == ENOTDIR
               ? swapc_error_set(error, SWAPC_NOT_FOUND,
                                 "no module at %s: give a bundle's folder, a .wasm or a .so", path)
               : swapc_error_set_errno(error, SWAPC_IO, errno, "cannot open %s", path);
}

/* The bytes that were verified are the bytes that are parsed. */
static enum swapc_status accept(swapc_bytes text, const char *file, const swapc_trust *trust,
                                struct swapci_manifest *out, swapc_error *error) {
    enum swapc_status status = trust ? swapci_trust_verify(trust, text, file, error) : SWAPC_OK;
    if (status == SWAPC_OK) status = swapci_manifest_parse(text, file, out, error);
    if (status != SWAPC_OK || !trust) return status;
    status = swapci_trust_admissible(trust, out, file, error);
    if (status != SWAPC_OK) swapci_manifest_fini(out);
    return status;
}

/* A folder that holds a module only wants to be asked for the file itself. */
static enum swapc_status no_manifest(int folder, const char *path, swapc_error *error) {
    char module[SWAPCI_NAME_MAX] = "";
    int copy = openat(folder, ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    for (struct dirent *entry; dir && !module[0] && (entry = readdir(dir));) {
        size_t len = strlen(entry->d_name);
        swapc_bytes name = swapc_bytes_str(entry->d_name);
        if (len > 5 && len < sizeof module && swapci_printable_is(name) &&
            strcmp(entry->d_name + len - 5, ".wasm") == 0)
            copy_name(module, entry->d_name);
    }
    if (dir) closedir(dir);
    else if (copy >= 0) close(copy);
    if (module[0])
        return swapc_error_set(error, SWAPC_BUNDLE,
                               "the folder %s holds no module.toml, so it is no bundle: give the "
                               "file itself (%s/%s), or write one",
                               path, path, module);
    return swapc_error_set(
        error, SWAPC_BUNDLE,
        "the folder %s holds no module.toml, so it is no bundle: give a bundle's "
        "folder, a .wasm or a .so",
        path);
}

static enum swapc_status read_manifest(int folder, const char *path, const swapc_trust *trust,
                                       struct swapci_manifest *out, swapc_error *error) {
    char *file;
    swapc_bytes text;
    int fd;
    enum swapc_status status = join(path, "module.toml", &file, error);
    if (status != SWAPC_OK) return status;
    status = open_file(folder, "module.toml", file, &fd, error);
    if (status == SWAPC_NOT_FOUND) {
        swapc_error_clear(error);
        status = no_manifest(folder, path, error);
    } else if (status == SWAPC_OK) {
        status = read_open(fd, file, SWAPCI_MANIFEST_MAX, &text, NULL, error);
        close(fd);
        if (status == SWAPC_OK) {
            status = accept(text, file, trust, out, error);
            swapci_heap_free((void *)(uintptr_t)text.ptr);
        }
    }
    swapci_heap_free(file);
    return status;
}

enum swapc_status swapci_bundle_manifest(const char *path, struct swapci_manifest *out,
                                         swapc_error *error) {
    int folder;
    enum swapc_status status = open_folder(path, &folder, error);
    if (status != SWAPC_OK) return status;
    status = read_manifest(folder, path, NULL, out, error);
    close(folder);
    return status;
}

static enum swapc_status no_flavour(const char *path, const struct swapci_manifest *manifest,
                                    const char *const *flavours, swapc_error *error) {
    char has[256] = "", wants[256] = "";
    struct swapci_suggestion suggestion = {.word = flavours[0] && !flavours[1] ? flavours[0] : ""};
    for (unsigned i = 0; i < manifest->flavour_count; i++)
        swapci_suggest_offer(&suggestion, manifest->flavours[i].name);
    for (unsigned i = 0; i < manifest->flavour_count; i++)
        snprintf(has + strlen(has), sizeof has - strlen(has), " %s", manifest->flavours[i].name);
    for (; *flavours; flavours++)
        snprintf(wants + strlen(wants), sizeof wants - strlen(wants), " %s", *flavours);
    return swapc_error_set(error, SWAPC_NO_FLAVOUR,
                           "bundle %s has the flavours%s; wanted is one of%s%s", path, has, wants,
                           swapci_suggest_text(&suggestion));
}

/* The vectors and operations move to the image. */
static void take_manifest(struct swapci_manifest *manifest, const struct swapci_flavour *flavour,
                          struct swapci_image *out) {
    copy_name(out->name, manifest->name);
    copy_name(out->version, manifest->version);
    copy_name(out->flavour, flavour->name);
    out->self_tests = manifest->self_tests;
    manifest->self_tests = (struct swapci_vectors){.count = 0};
    out->operations = manifest->operations;
    manifest->operations = (struct swapci_names){.count = 0};
    const char *digest_hex = swapci_manifest_digest(manifest, flavour->name);
    if (digest_hex) memcpy(out->expected_hex, digest_hex, sizeof out->expected_hex);
}

static enum swapc_status open_flavour(int folder, const char *path,
                                      const struct swapci_flavour *flavour,
                                      struct swapci_image *out, swapc_error *error) {
    enum swapc_status status = open_file(folder, flavour->file, out->path, &out->file, error);
    if (status != SWAPC_NOT_FOUND) return status;
    swapc_error_clear(error);
    return swapc_error_set(error, status,
                           "flavour %s of bundle %s is missing (no %s): build or install it again",
                           flavour->name, path, flavour->file);
}

static enum swapc_status locate_in(int folder, const char *path, const char *const *flavours,
                                   const swapc_trust *trust, struct swapci_image *out,
                                   swapc_error *error) {
    struct swapci_manifest manifest;
    enum swapc_status status = read_manifest(folder, path, trust, &manifest, error);
    if (status != SWAPC_OK) return status;
    const struct swapci_flavour *flavour = NULL;
    for (const char *const *f = flavours; *f && !flavour; f++)
        flavour = swapci_manifest_flavour(&manifest, *f);
    if (!flavour) {
        status = no_flavour(path, &manifest, flavours, error);
    } else {
        take_manifest(&manifest, flavour, out);
        out->trusted = trust != NULL;
        status = join(path, flavour->file, &out->path, error);
    }
    if (status == SWAPC_OK) status = open_flavour(folder, path, flavour, out, error);
    swapci_manifest_fini(&manifest);
    return status;
}

/* Manifest and file are opened in one and the same folder, whatever stands at path meanwhile. */
static enum swapc_status locate_bundle(const char *path, const char *const *flavours,
                                       const swapc_trust *trust, struct swapci_image *out,
                                       swapc_error *error) {
    int folder;
    enum swapc_status status = open_folder(path, &folder, error);
    if (status != SWAPC_OK) return status;
    status = locate_in(folder, path, flavours, trust, out, error);
    close(folder);
    return status;
}

static enum swapc_status locate_single(const char *path, const swapc_trust *trust,
                                       struct swapci_image *out, swapc_error *error) {
    if (trust)
        return swapc_error_set(
            error, SWAPC_SIGNATURE,
            "%s is a single file, and only signed bundles are taken here: put it "
            "in a folder with a module.toml and sign that (swapc module sign)",
            path);
    const char *slash = strrchr(path, '/');
    copy_name(out->name, slash ? slash + 1 : path);
    copy_name(out->flavour, "file");
    out->path = swapci_heap_text(path);
    return out->path ? open_file(AT_FDCWD, path, path, &out->file, error)
                     : swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a path");
}

enum swapc_status swapci_image_locate(const char *path, const char *const *flavours,
                                      const swapc_trust *trust, struct swapci_image *out,
                                      swapc_error *error) {
    struct stat st;
    *out = (struct swapci_image){.file = -1};
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    enum swapc_status status = folder ? locate_bundle(path, flavours, trust, out, error)
                                      : locate_single(path, trust, out, error);
    if (status != SWAPC_OK) swapci_image_fini(out);
    return status;
}

enum swapc_status swapci_image_fill(struct swapci_image *image, swapc_error *error) {
    enum swapc_status status = read_open(image->file, image->path, SWAPCI_IMAGE_MAX, &image->bytes,
                                         &image->identity, error);
    swapci_image_close(image);
    if (status != SWAPC_OK) return status;
    digest(image);
    if (swapci_image_is_expected(image)) return SWAPC_OK;
    return swapc_error_set(error, image->trusted ? SWAPC_SIGNATURE : SWAPC_BUNDLE,
                           "%s is not the file whose digest its module.toml gives: get the bundle "
                           "anew, or sign it again (swapc module sign)",
                           image->path);
}

bool swapci_image_is_expected(const struct swapci_image *image) {
    return image->expected_hex[0] == '\0' || strcmp(image->expected_hex, image->digest_hex) == 0;
}

enum swapc_status swapci_image_read(const char *path, const char *const *flavours,
                                    struct swapci_image *out, swapc_error *error) {
    enum swapc_status status = swapci_image_locate(path, flavours, NULL, out, error);
    if (status != SWAPC_OK) return status;
    status = swapci_image_fill(out, error);
    if (status != SWAPC_OK) swapci_image_fini(out);
    return status;
}

enum swapc_status swapci_image_copy(const char *name, swapc_bytes bytes, struct swapci_image *out,
                                    swapc_error *error) {
    uint8_t *copy = swapci_heap_alloc(bytes.len ? bytes.len : 1);
    char *path = swapci_heap_text(name);
    if (!copy || !path) {
        swapci_heap_free(copy);
        swapci_heap_free(path);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for module \"%s\"", name);
    }
    if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
    *out =
        (struct swapci_image){.bytes = swapc_bytes_of(copy, bytes.len), .path = path, .file = -1};
    copy_name(out->name, name);
    copy_name(out->flavour, "file");
    digest(out);
    return SWAPC_OK;
}

void swapci_image_close(struct swapci_image *image) {
    if (image->file >= 0) close(image->file);
    image->file = -1;
}

void swapci_image_fini(struct swapci_image *image) {
    swapci_image_close(image);
    swapci_heap_free((void *)(uintptr_t)image->bytes.ptr);
    swapci_heap_free(image->path);
    swapci_names_fini(&image->operations);
    swapci_vectors_fini(&image->self_tests);
    *image = (struct swapci_image){.file = -1};
}
