/* sized.h - the structs of the interface that begin with their size, read and written in one way.
 *
 * A program hands in a struct of the headers that it was compiled with; this library may know fewer
 * fields or more. Its first member says how many bytes it has. Here is the one rule for all of
 * them: a size of 0 or below the first version's is refused, missing fields count as 0 (which means
 * what the library did before they existed), and bytes beyond what is known must be 0, since a
 * field that is set and not understood cannot be obeyed.
 *
 * Threads and ownership: plain functions over the caller's storage; rows are const and static.
 */
#ifndef SWAPCI_SIZED_H
#define SWAPCI_SIZED_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "swapc/error.h"

/* One struct of the interface. */
struct swapci_sized {
    const char *name; /* "swapc_limits" */
    const char *init; /* the macro to start from: "SWAPC_LIMITS_INIT" */
    size_t known;     /* sizeof in this library */
    size_t first;     /* sizeof in the first version of this ABI number */
};

/* Defines the row of a struct. first: the last field of its first version, last: its last one now.
 * A struct must end with its last field: padding there would turn into a field of a later version,
 * and older programs would hand in whatever lies in it. */
#define SWAPCI_SIZED(row, type, macro, first_field, last_field)                                    \
    static_assert(offsetof(type, size) == 0, #type " does not begin with its size");               \
    static_assert(offsetof(type, last_field) + sizeof(((type *)0)->last_field) == sizeof(type),    \
                  #type " ends with padding: put the last field elsewhere or add a partner");      \
    static const struct swapci_sized row = {#type, macro, sizeof(type),                            \
                                            offsetof(type, first_field) +                          \
                                                sizeof(((type *)0)->first_field)}

/* Larger ones are no struct of any version, but storage that was never initialised. */
enum { SWAPCI_SIZED_MOST = 4096 };

/* Copies theirs into own (row->known bytes), and sets own's size to what is known. room: the bytes
 * that theirs may have where it lies, 0: as many as it says. Returns SWAPC_OK, or INVALID with own
 * untouched and a sentence that names the struct and the remedy. */
enum swapc_status swapci_sized_take(const struct swapci_sized *row, size_t room, const void *theirs,
                                    void *own, swapc_error *error);

/* Whether a struct to be filled says a size that some version has. */
enum swapc_status swapci_sized_check(const struct swapci_sized *row, const void *theirs,
                                     swapc_error *error);

/* Fills theirs, as far as its size goes, from own; what it has beyond own's fields becomes 0. Its
 * size stays. theirs has passed the check. */
void swapci_sized_give(const struct swapci_sized *row, const void *own, void *theirs);

#endif
