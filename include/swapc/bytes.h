/* swapc/bytes.h - a borrowed run of bytes.
 *
 * swapc_bytes names bytes that somebody else owns: {pointer, length}, not NUL-terminated, any
 * content. It is passed by value. It is not a buffer: it never grows and is never freed.
 *
 * Threads: plain values; no rule of their own.
 * Ownership: the view is good for as long as the call that took or gave it says.
 * Units: bytes. A length of 0 accepts any pointer, NULL included.
 */
#ifndef SWAPC_BYTES_H
#define SWAPC_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A view of bytes. */
typedef struct swapc_bytes {
    const uint8_t *ptr; /* borrowed; may be NULL when len is 0 */
    size_t len;         /* bytes */
} swapc_bytes;

/* A view of len bytes at ptr. */
static inline swapc_bytes swapc_bytes_of(const void *ptr, size_t len) {
    swapc_bytes b;
    b.ptr = (const uint8_t *)ptr;
    b.len = len;
    return b;
}

/* A view of a C string without its NUL; NULL gives the empty view. */
static inline swapc_bytes swapc_bytes_str(const char *text) {
    return swapc_bytes_of(text, text ? strlen(text) : 0);
}

/* Returns 1 when both views hold the same bytes, else 0. */
static inline int swapc_bytes_equal(swapc_bytes a, swapc_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#ifdef __cplusplus
}
#endif
#endif
