/* admission.h - the highest version that was ever admitted under a bundle's name.
 *
 * One small file a name in a folder, replaced as a whole, so that it holds one version or the other
 * and never half of one; compared and raised under an exclusive lock on the folder, so that two
 * processes cannot both win. Order: see swapci_version_compare (manifest_values.h).
 *
 * Threads and processes: any number on one folder. Ownership: all borrowed.
 */
#ifndef SWAPCI_ADMISSION_H
#define SWAPCI_ADMISSION_H

#include "swapc/error.h"

enum swapci_admission_act {
    SWAPCI_ADMISSION_COMPARE, /* change nothing */
    SWAPCI_ADMISSION_RAISE,
    SWAPCI_ADMISSION_SET /* whatever the record says */
};

/* Makes the folder when it is missing. Returns SWAPC_OK, IO. */
enum swapc_status swapci_admission_open(const char *folder, swapc_error *error);

/* Returns SWAPC_OK; VERSION naming both versions (not when setting); CORRUPT, IO, NO_MEMORY. */
enum swapc_status swapci_admission(const char *folder, const char *name, const char *version,
                                   enum swapci_admission_act act, swapc_error *error);

#endif
