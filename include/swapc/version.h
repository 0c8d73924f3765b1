/* swapc/version.h - the version: of these headers, for the preprocessor, and of the library that
 * the program runs with, which is the same or a later one with the same SONAME (docs/ABI.md).
 *
 * Threads and ownership: const and static.
 */
#ifndef SWAPC_VERSION_H
#define SWAPC_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* The version of these headers. Which library runs, swapc_version says. */
#define SWAPC_VERSION_MAJOR 0
/* Its second number. */
#define SWAPC_VERSION_MINOR 2
/* Its third number. */
#define SWAPC_VERSION_PATCH 0

/* A version as one number, to compare with: `SWAPC_VERSION_NUMBER >= SWAPC_VERSION_OF(0, 2, 0)`. */
#define SWAPC_VERSION_OF(major, minor, patch) ((major) * 1000000 + (minor) * 1000 + (patch))
/* The version of these headers as one number. */
#define SWAPC_VERSION_NUMBER                                                                       \
    SWAPC_VERSION_OF(SWAPC_VERSION_MAJOR, SWAPC_VERSION_MINOR, SWAPC_VERSION_PATCH)

/* Returns the library's version, "0.2.0". Static. */
const char *swapc_version(void);

#ifdef __cplusplus
}
#endif
#endif
