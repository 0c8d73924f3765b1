/* swapc/allocator.h - where the library takes its memory from.
 *
 * Everything that libswapc allocates for itself (hosts, modules and their files, instances, slots,
 * replies) comes from one allocator for the whole process, malloc unless the program sets another.
 * Per process and not per host, because slots and replies belong to no host and may outlive one.
 * Not included: what the runtimes under the engines (wasmtime, wasm3), libsodium and the C library
 * take by themselves, and the linear memory of guests.
 *
 * Threads: the functions are called from any thread that uses the library, several at once.
 *     swapc_allocator_set must be called before other threads use the library.
 *     They may be called while the library holds a lock: they must not call the library.
 * Ownership: the allocator is copied; user must outlive everything that was allocated.
 * The struct carries no size: these three functions are all that an allocator is, now and later.
 */
#ifndef SWAPC_ALLOCATOR_H
#define SWAPC_ALLOCATOR_H

#include <stddef.h>

#include "swapc/attributes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* size is never 0. Memory is aligned for any type, as malloc's is. NULL means that there is none,
 * which the library answers with SWAPC_NO_MEMORY. */
typedef struct swapc_allocator {
    void *(*alloc)(size_t size, void *user); /* as malloc */
    void *(*realloc)(void *ptr, size_t size,
                     void *user);        /* ptr NULL: as alloc; on NULL ptr stays */
    void (*free)(void *ptr, void *user); /* ptr is never NULL */
    void *user;                          /* handed to each */
} swapc_allocator;

/* Takes memory from allocator from now on; NULL: from malloc again. All three functions must be
 * there, user may be NULL. Setting it while the library holds memory from the one before: panic. */
void swapc_allocator_set(const swapc_allocator *allocator);

#ifdef __cplusplus
}
#endif
#endif
