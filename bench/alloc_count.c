#include "alloc_count.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t count;

uint64_t swapci_alloc_counted(void) {
    return count;
}

/* The linker's --wrap gives these names. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);
char *__wrap_strdup(const char *text);
__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **out, const char *format, ...);
/* What asprintf is called in a build with _FORTIFY_SOURCE. */
__attribute__((format(printf, 3, 4))) int __wrap___asprintf_chk(char **out, int flag,
                                                                const char *format, ...);

void *__wrap_malloc(size_t size) {
    count++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
    count++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size) {
    count++;
    return __real_realloc(at, size);
}

char *__wrap_strdup(const char *text) {
    count++;
    return __real_strdup(text);
}

int __wrap_asprintf(char **out, const char *format, ...) {
    va_list args;
    count++;
    va_start(args, format);
    int n = vasprintf(out, format, args);
    va_end(args);
    return n;
}

int __wrap___asprintf_chk(char **out, int flag, const char *format, ...) {
    va_list args;
    (void)flag;
    count++;
    va_start(args, format);
    int n = vasprintf(out, format, args);
    va_end(args);
    return n;
}
