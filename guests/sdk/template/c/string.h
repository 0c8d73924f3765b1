/* The part of the C library that a guest has; sdk/guest_mem.c implements it. */
#ifndef SWAPC_GUEST_STRING_H
#define SWAPC_GUEST_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);

#endif
