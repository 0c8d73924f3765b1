/* What is shared: the allocator, written before other threads use the library and const from then
 * on; and the count of live blocks, relaxed, since it is only compared with 0 while nothing
 * runs. */
#include "heap.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swapc/allocator.h"
#include "swapc/log.h"

static void *system_alloc(size_t size, void *user) {
    (void)user;
    return malloc(size);
}

static void *system_realloc(void *ptr, size_t size, void *user) {
    (void)user;
    return realloc(ptr, size);
}

static void system_free(void *ptr, void *user) {
    (void)user;
    free(ptr);
}

static const swapc_allocator system_allocator = {system_alloc, system_realloc, system_free, NULL};
static swapc_allocator current = {system_alloc, system_realloc, system_free, NULL};
static atomic_size_t live;

void swapc_allocator_set(const swapc_allocator *allocator) {
    SWAPC_CHECK(!allocator || (allocator->alloc && allocator->realloc && allocator->free));
    SWAPC_CHECK(atomic_load_explicit(&live, memory_order_relaxed) == 0);
    current = allocator ? *allocator : system_allocator;
}

static void *counted(void *ptr) {
    if (ptr) atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return ptr;
}

void *swapci_heap_alloc(size_t size) {
    return counted(current.alloc(size ? size : 1, current.user));
}

void *swapci_heap_zeroed(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    void *ptr = swapci_heap_alloc(count * size);
    if (ptr) memset(ptr, 0, count * size);
    return ptr;
}

void *swapci_heap_resize(void *ptr, size_t size) {
    void *moved = current.realloc(ptr, size ? size : 1, current.user);
    return ptr ? moved : counted(moved);
}

char *swapci_heap_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = swapci_heap_alloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

char *swapci_heap_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = need < 0 ? NULL : swapci_heap_alloc((size_t)need + 1);
    if (!text) return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)need + 1, format, args);
    va_end(args);
    return text;
}

void swapci_heap_free(void *ptr) {
    if (!ptr) return;
    current.free(ptr, current.user);
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
}
