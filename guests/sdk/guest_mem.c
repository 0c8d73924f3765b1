/* The few functions of the C library that compilers call by themselves, so that a wasm module links
 * no C library: wasm-ld would else wrap each export in its constructors and destructors. Copying
 * and filling compile to one instruction of the bulk-memory feature. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    return __builtin_memcpy(to, from, n);
}

void *memmove(void *to, const void *from, size_t n) {
    return __builtin_memmove(to, from, n);
}

void *memset(void *to, int byte, size_t n) {
    return __builtin_memset(to, byte, n);
}

int memcmp(const void *a, const void *b, size_t n) {
    const uint8_t *left = a;
    const uint8_t *right = b;
    for (size_t i = 0; i < n; i++)
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *text) {
    size_t n = 0;
    while (text[n]) n++;
    return n;
}
