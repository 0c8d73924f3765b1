/* descriptors.h - whether a library that aborts without file descriptors can be started.
 *
 * Threads: any; what others open meanwhile is not counted.
 */
#ifndef SWAPCI_DESCRIPTORS_H
#define SWAPCI_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "swapc/error.h"

enum { SWAPCI_DESCRIPTORS_MAX = 64 };

/* Whether `count` more, at most SWAPCI_DESCRIPTORS_MAX, can be had now; who: needs them. Returns
 * SWAPC_OK, SYSTEM. */
static inline enum swapc_status swapci_descriptors_need(const char *who, int count,
                                                        swapc_error *error) {
    int fds[SWAPCI_DESCRIPTORS_MAX], had = 0;
    while (had < count && (fds[had] = eventfd(0, EFD_CLOEXEC)) >= 0) had++;
    bool enough = had == count;
    while (had > 0) close(fds[--had]);
    if (enough) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_SYSTEM,
                           "%s needs %d more file descriptors than are open: raise the limit "
                           "(ulimit -n)",
                           who, count);
}

#endif
