#include "failing_alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local size_t count;
static _Thread_local size_t fail_at; /* value of count at which to fail; 0: never */

size_t swapci_alloc_count(void) {
    return count;
}

void swapci_alloc_fail_at(size_t n) {
    fail_at = n ? count + n : 0;
}

int swapci_alloc_failed(void) {
    return fail_at != 0 && count >= fail_at;
}

static int fails(void) {
    count++;
    if (fail_at == 0 || count != fail_at) return 0;
    errno = ENOMEM;
    return 1;
}

/* The linker's --wrap gives these names: calls of malloc arrive at __wrap_malloc, and
 * __real_malloc is the one that was called before. */
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
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size) {
    return fails() ? NULL : __real_realloc(at, size);
}

char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

int __wrap_asprintf(char **out, const char *format, ...) {
    va_list args;
    if (fails()) return -1;
    va_start(args, format);
    int n = vasprintf(out, format, args);
    va_end(args);
    return n;
}

int __wrap___asprintf_chk(char **out, int flag, const char *format, ...) {
    va_list args;
    (void)flag;
    if (fails()) return -1;
    va_start(args, format);
    int n = vasprintf(out, format, args);
    va_end(args);
    return n;
}
