/* What is shared: the list of free places and the sizes of used ones, behind one lock; counters are
 * atomics. A place belongs to whoever took it. */
#include "guarded_heap.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PLACES 4096u
#define PLACE_BYTES ((size_t)1 << 20)
#define GUARDED_MOST (PLACE_BYTES / 2)
#define PAGE 4096u
#define ALIGNMENT 16u

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void __real_free(void *at);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void __wrap_free(void *at);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *arena;
static uint32_t sizes[PLACES];     /* of what lies at the place; under the lock */
static uint32_t free_list[PLACES]; /* under the lock, as the two below */
static uint32_t free_count, taken_ever;
static size_t guarded;

/* Leak checkers look for pointers in what is kept here, too. */
#if defined(__SANITIZE_ADDRESS__)
void __lsan_register_root_region(const void *at, size_t size);
void __lsan_unregister_root_region(const void *at, size_t size);
#else
#define __lsan_register_root_region(at, size) ((void)0)
#define __lsan_unregister_root_region(at, size) ((void)0)
#endif

size_t swapci_guarded_count(void) {
    return __atomic_load_n(&guarded, __ATOMIC_RELAXED);
}

static bool reserve(void) {
    if (arena) return true;
    void *at = mmap(NULL, PLACES * PLACE_BYTES, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    arena = at;
    return true;
}

/* Returns PLACES when there is none. */
static uint32_t take_place(size_t size) {
    uint32_t place = PLACES;
    pthread_mutex_lock(&lock);
    if (reserve()) {
        if (taken_ever < PLACES) place = taken_ever++;
        else if (free_count > 0) place = free_list[--free_count];
        if (place < PLACES) sizes[place] = (uint32_t)size;
    }
    pthread_mutex_unlock(&lock);
    return place;
}

static size_t pages_of(size_t size) {
    return (size + PAGE - 1) / PAGE * PAGE;
}

static char *start_of(uint32_t place, size_t size) {
    size_t used = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return arena + place * PLACE_BYTES + pages_of(used) - used;
}

/* Zeroed memory; NULL: not of this heap. */
static void *take(size_t size) {
    if (size == 0 || size > GUARDED_MOST) return NULL;
    uint32_t place = take_place(size);
    if (place == PLACES) return NULL;
    char *base = arena + place * PLACE_BYTES;
    if (mprotect(base, pages_of(size), PROT_READ | PROT_WRITE) != 0) return NULL;
    __lsan_register_root_region(base, pages_of(size));
    __atomic_fetch_add(&guarded, 1, __ATOMIC_RELAXED);
    return start_of(place, size);
}

/* Returns PLACES for what is not of this heap. */
static uint32_t place_of(const void *at) {
    uintptr_t distance = (uintptr_t)at - (uintptr_t)arena;
    return arena && distance < PLACES * PLACE_BYTES ? (uint32_t)(distance / PLACE_BYTES) : PLACES;
}

static void give_back(uint32_t place) {
    char *base = arena + place * PLACE_BYTES;
    size_t size = pages_of(sizes[place]);
    __lsan_unregister_root_region(base, size);
    madvise(base, size, MADV_DONTNEED);
    mprotect(base, size, PROT_NONE);
    pthread_mutex_lock(&lock);
    free_list[free_count++] = place;
    pthread_mutex_unlock(&lock);
}

void *__wrap_malloc(size_t size) {
    void *at = take(size);
    return at ? at : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    size_t bytes;
    void *at = __builtin_mul_overflow(count, size, &bytes) ? NULL : take(bytes);
    return at ? at : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size) {
    uint32_t place = place_of(at);
    if (!at) return __wrap_malloc(size);
    if (place == PLACES) return __real_realloc(at, size);
    void *grown = __wrap_malloc(size);
    if (!grown) return NULL;
    memcpy(grown, at, size < sizes[place] ? size : sizes[place]);
    give_back(place);
    return grown;
}

void __wrap_free(void *at) {
    uint32_t place = at ? place_of(at) : PLACES;
    if (place == PLACES) __real_free(at);
    else give_back(place);
}
