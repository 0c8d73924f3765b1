#include "bundle_sign.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "bundle.h"
#include "heap.h"
#include "small_file.h"
#include "trust_policy.h"
#include "manifest_values.h"

static swapc_bytes take_line(swapc_bytes *text) {
    const uint8_t *end = memchr(text->ptr, '\n', text->len);
    size_t len = end ? (size_t)(end - text->ptr) + 1 : text->len;
    swapc_bytes line = swapc_bytes_of(text->ptr, len);
    *text = swapc_bytes_of(text->ptr + len, text->len - len);
    return line;
}

static swapc_bytes trimmed(swapc_bytes line) {
    while (line.len && isspace(line.ptr[0])) line = swapc_bytes_of(line.ptr + 1, line.len - 1);
    while (line.len && isspace(line.ptr[line.len - 1])) line.len--;
    return line;
}

static bool begins(swapc_bytes line, const char *with) {
    size_t len = strlen(with);
    return line.len >= len && memcmp(line.ptr, with, len) == 0;
}

/* Whether the line is `expires = …`. */
static bool is_expiry(swapc_bytes line) {
    if (!begins(line, "expires")) return false;
    swapc_bytes rest = trimmed(swapc_bytes_of(line.ptr + 7, line.len - 7));
    return begins(rest, "=");
}

/* Copies the manifest without what is written anew. */
static enum swapc_status copy_kept(swapc_bytes text, bool drop_expiry, swapci_buffer *out) {
    bool digests = false, top = true;
    enum swapc_status status = SWAPC_OK;
    /* A byte order mark stands at the beginning or nowhere, and it is not needed. */
    if (begins(text, "\xef\xbb\xbf")) text = swapc_bytes_of(text.ptr + 3, text.len - 3);
    while (text.len && status == SWAPC_OK) {
        swapc_bytes line = take_line(&text), inner = trimmed(line);
        if (begins(inner, "[")) {
            top = false;
            digests = begins(inner, "[digests]");
        }
        if (!digests && !(top && drop_expiry && is_expiry(inner)))
            status = swapci_buffer_append(out, line);
    }
    while (out->len && isspace(out->ptr[out->len - 1])) out->len--;
    return status;
}

static enum swapc_status add_digests(const char *folder, const struct swapci_manifest *manifest,
                                     swapci_buffer *out, swapc_error *error) {
    enum swapc_status status = swapci_buffer_printf(out, "\n\n[digests]\n");
    for (unsigned i = 0; i < manifest->flavour_count && status == SWAPC_OK; i++) {
        const char *const wanted[] = {manifest->flavours[i].name, NULL};
        struct swapci_image image;
        status = swapci_image_locate(folder, wanted, NULL, &image, error);
        if (status != SWAPC_OK) return status;
        image.expected_hex[0] = '\0'; /* what it says is about to change */
        status = swapci_image_fill(&image, error);
        if (status == SWAPC_OK)
            status = swapci_buffer_printf(out, "%s = \"%s\"\n", wanted[0], image.digest_hex);
        swapci_image_fini(&image);
    }
    return status;
}

/* The new module.toml. */
static enum swapc_status compose(const char *folder, swapc_bytes old,
                                 const struct swapci_manifest *manifest, const char *expires,
                                 swapci_buffer *out, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    if (expires && *expires) status = swapci_buffer_printf(out, "expires = \"%s\"\n", expires);
    if (status == SWAPC_OK) status = copy_kept(old, expires != NULL, out);
    if (status == SWAPC_OK) status = add_digests(folder, manifest, out, error);
    return status == SWAPC_NO_MEMORY
               ? swapc_error_set(error, status, "no memory to sign %s", folder)
               : status;
}

static enum swapc_status write_signature(const char *path, swapc_bytes text,
                                         const struct swapci_signing *signing,
                                         const struct swapci_manifest *manifest,
                                         swapc_error *error) {
    swapci_buffer signature = SWAPCI_BUFFER_INIT;
    char comment[256];
    char *file = swapci_heap_format("%s%s", path, SWAPCI_SIGNATURE_SUFFIX);
    snprintf(comment, sizeof comment, "timestamp:%" PRId64 "\tfile:module.toml\tbundle:%s %s",
             (int64_t)time(NULL), manifest->name, manifest->version);
    enum swapc_status status =
        file ? swapci_minisign_sign(signing->secret, text, !signing->legacy, comment, &signature)
             : SWAPC_NO_MEMORY;
    if (status == SWAPC_OK)
        status = swapci_small_file_replace(file, swapci_buffer_bytes(&signature), 0644, error);
    swapci_buffer_fini(&signature);
    swapci_heap_free(file);
    return status == SWAPC_NO_MEMORY ? swapc_error_set(error, status, "no memory to sign %s", path)
                                     : status;
}

static enum swapc_status check_expires(const char *expires, swapc_error *error) {
    int64_t seconds;
    if (!expires || !*expires || swapci_expiry_parse(expires, &seconds)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID, "\"%s\" is no time: " SWAPCI_EXPIRY_RULE, expires);
}

static enum swapc_status sign_manifest(const char *folder, const char *path,
                                       const struct swapci_signing *signing, swapci_buffer *old,
                                       swapci_buffer *fresh, swapc_error *error) {
    struct swapci_manifest manifest = {.flavour_count = 0};
    enum swapc_status status = swapci_small_file_read(path, SWAPCI_MANIFEST_MAX, old, error);
    if (status == SWAPC_OK)
        status = swapci_manifest_parse(swapci_buffer_bytes(old), path, &manifest, error);
    if (status == SWAPC_OK)
        status =
            compose(folder, swapci_buffer_bytes(old), &manifest, signing->expires, fresh, error);
    swapci_manifest_fini(&manifest);
    if (status == SWAPC_OK)
        status = swapci_manifest_parse(swapci_buffer_bytes(fresh), path, &manifest, error);
    if (status == SWAPC_OK)
        status = swapci_small_file_replace(path, swapci_buffer_bytes(fresh), 0644, error);
    if (status == SWAPC_OK)
        status = write_signature(path, swapci_buffer_bytes(fresh), signing, &manifest, error);
    swapci_manifest_fini(&manifest);
    return status;
}

enum swapc_status swapci_bundle_sign(const char *folder, const struct swapci_signing *signing,
                                     swapc_error *error) {
    swapci_buffer old = SWAPCI_BUFFER_INIT, fresh = SWAPCI_BUFFER_INIT;
    enum swapc_status status = check_expires(signing->expires, error);
    if (status != SWAPC_OK) return status;
    char *path = swapci_heap_format("%s/module.toml", folder);
    if (!path) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a path");
    status = sign_manifest(folder, path, signing, &old, &fresh, error);
    swapci_buffer_fini(&old);
    swapci_buffer_fini(&fresh);
    swapci_heap_free(path);
    return status;
}
