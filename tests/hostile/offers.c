#include "offers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void path_of(const struct swapci_offer *offer, unsigned file, char path[600]) {
    snprintf(path, 600, "%s/%s", offer->folder, offer->name[file]);
}

static enum swapc_status read_file(const char *path, swapci_buffer *out, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    FILE *file = fopen(path, "rb");
    size_t got = 1;
    if (!file) return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot open %s", path);
    while (status == SWAPC_OK && got > 0) {
        uint8_t block[4096];
        got = fread(block, 1, sizeof block, file);
        status = swapci_buffer_append(out, swapc_bytes_of(block, got));
    }
    fclose(file);
    return status;
}

enum swapc_status swapci_offer_write(const struct swapci_offer *offer, unsigned file,
                                     swapc_bytes content, swapc_error *error) {
    char path[600];
    path_of(offer, file, path);
    FILE *out = fopen(path, "wb");
    if (!out) return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write %s", path);
    size_t put = fwrite(content.ptr, 1, content.len, out);
    if (fclose(out) != 0 || put != content.len)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write %s", path);
    return SWAPC_OK;
}

static enum swapc_status copy_file(const char *bundle, const char *name, struct swapci_offer *out,
                                   swapc_error *error) {
    char path[600];
    unsigned file = out->count;
    if (file == SWAPCI_OFFER_FILES)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "%s holds more than %d files", bundle,
                               SWAPCI_OFFER_FILES);
    snprintf(path, sizeof path, "%s/%s", bundle, name);
    snprintf(out->name[file], sizeof out->name[file], "%s", name);
    out->count++;
    enum swapc_status status = read_file(path, &out->content[file], error);
    if (status != SWAPC_OK) return status;
    return swapci_offer_write(out, file, swapci_buffer_bytes(&out->content[file]), error);
}

enum swapc_status swapci_offer_init(const char *bundle, const char *parent, const char *name,
                                    struct swapci_offer *out, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    *out = (struct swapci_offer){.count = 0};
    snprintf(out->folder, sizeof out->folder, "%s/%s", parent, name);
    DIR *dir = opendir(bundle);
    if (!dir || mkdir(out->folder, 0700) != 0)
        status = swapc_error_set_errno(error, SWAPC_IO, errno, "cannot copy %s to %s", bundle,
                                       out->folder);
    for (struct dirent *d; status == SWAPC_OK && (d = readdir(dir));)
        if (d->d_name[0] != '.') status = copy_file(bundle, d->d_name, out, error);
    if (dir) closedir(dir);
    if (status != SWAPC_OK) swapci_offer_fini(out);
    return status;
}

void swapci_offer_fini(struct swapci_offer *offer) {
    char path[600];
    for (unsigned i = 0; i < offer->count; i++) {
        path_of(offer, i, path);
        unlink(path);
        swapci_buffer_fini(&offer->content[i]);
    }
    if (offer->folder[0] != '\0') rmdir(offer->folder);
    *offer = (struct swapci_offer){.count = 0};
}

unsigned swapci_offer_file(const struct swapci_offer *offer, const char *name) {
    unsigned i = 0;
    while (i < offer->count && strcmp(offer->name[i], name) != 0) i++;
    return i;
}
