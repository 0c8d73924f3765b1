#include "sized.h"

#include <string.h>

#include "build_version.h"

static size_t size_of(const void *theirs) {
    size_t size;
    memcpy(&size, theirs, sizeof size);
    return size;
}

static bool all_zero(const unsigned char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0) return false;
    return true;
}

enum swapc_status swapci_sized_check(const struct swapci_sized *row, const void *theirs,
                                     swapc_error *error) {
    size_t size = size_of(theirs);
    if (size == 0)
        return swapc_error_set(error, SWAPC_INVALID,
                               "the size of a %s is 0: start from %s, storage of zeros is not the "
                               "defaults",
                               row->name, row->init);
    if (size < row->first || size > SWAPCI_SIZED_MOST)
        return swapc_error_set(error, SWAPC_INVALID,
                               "the size of a %s is %zu, which no version has: start from %s",
                               row->name, size, row->init);
    return SWAPC_OK;
}

enum swapc_status swapci_sized_take(const struct swapci_sized *row, size_t room, const void *theirs,
                                    void *own, swapc_error *error) {
    enum swapc_status status = swapci_sized_check(row, theirs, error);
    if (status != SWAPC_OK) return status;
    size_t size = size_of(theirs);
    size_t taken = size < row->known ? size : row->known;
    if ((room != 0 && size > room) ||
        !all_zero((const unsigned char *)theirs + taken, size - taken))
        return swapc_error_set(error, SWAPC_INVALID,
                               "a %s of %zu bytes sets a field that libswapc " SWAPCI_VERSION
                               " does not know (it knows %zu bytes): the program was compiled with "
                               "a newer header; update the library, or leave that field 0",
                               row->name, size, row->known);
    memset(own, 0, row->known);
    memcpy(own, theirs, taken);
    memcpy(own, &row->known, sizeof row->known);
    return SWAPC_OK;
}

void swapci_sized_give(const struct swapci_sized *row, const void *own, void *theirs) {
    size_t size = size_of(theirs);
    size_t given = size < row->known ? size : row->known;
    memcpy((unsigned char *)theirs + sizeof size, (const unsigned char *)own + sizeof size,
           given - sizeof size);
    memset((unsigned char *)theirs + given, 0, size - given);
}
