/* swapc/attributes.h - what the prototypes of these headers tell the compiler.
 *
 * Two promises are written where gcc and clang can check them in the caller's code, and are empty
 * for other compilers:
 *     SWAPC_NONNULL(2, 3)   the parameters of these numbers must not be NULL. One that is not listed
 *                           may be, and its function says what NULL means.
 *     SWAPC_WARN_UNUSED     whoever ignores the result cannot know whether the call did anything.
 * While the library itself is built (SWAPC_BUILDING) SWAPC_NONNULL is empty, so that its own checks
 * of these parameters are not optimised away: NULL where none is taken panics (swapc/log.h).
 *
 * Also the rule of the structs that begin with their size: see SWAPC_HAS.
 */
#ifndef SWAPC_ATTRIBUTES_H
#define SWAPC_ATTRIBUTES_H

#include <stddef.h>

/* Parameters, counted from 1, that may not be NULL. */
#if defined(__GNUC__) && !defined(SWAPC_BUILDING)
#define SWAPC_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#else
#define SWAPC_NONNULL(...)
#endif

/* A result that has to be looked at. */
#if defined(__GNUC__)
#define SWAPC_WARN_UNUSED __attribute__((warn_unused_result))
#else
#define SWAPC_WARN_UNUSED
#endif

/* Config, options and info structs begin with `size`, the bytes that their maker knows: later
 * versions append fields and rename none. The …_INIT macros set it. Whoever reads one reads no
 * further than its size; a size of 0 (storage of zeros) is refused, see docs/ABI.md.
 *
 * SWAPC_HAS(info, field): whether the struct at the pointer `info`, which came from the library,
 * holds `field`, for programs that may run with an older library than they were compiled for. */
#define SWAPC_HAS(info, field)                                                                     \
    ((info)->size >=                                                                               \
     (size_t)((const char *)&(info)->field - (const char *)(info)) + sizeof((info)->field))

#endif
