/* swapc/version.h - the version: of these headers, for the preprocessor, and of the library that the
 * program runs with, which is the same or a later one with the same SONAME (docs/ABI.md).
 *
 * Threads and ownership: const and static.
 */
#ifndef SWAPC_VERSION_H
#define SWAPC_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define SWAPC_VERSION_MAJOR 0
#define SWAPC_VERSION_MINOR 2
#define SWAPC_VERSION_PATCH 0

/* To compare with: #if SWAPC_VERSION_NUMBER >= SWAPC_VERSION_OF(0, 2, 0) */
#define SWAPC_VERSION_OF(major, minor, patch) ((major) * 1000000 + (minor) * 1000 + (patch))
#define SWAPC_VERSION_NUMBER                                                                       \
    SWAPC_VERSION_OF(SWAPC_VERSION_MAJOR, SWAPC_VERSION_MINOR, SWAPC_VERSION_PATCH)

/* Returns the library's version, "0.2.0". Static. */
const char *swapc_version(void);

#ifdef __cplusplus
}
#endif
#endif
