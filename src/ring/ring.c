/* What is shared: the header of ring_impl.h and the records. `tail` is stored by the producer
 * alone, `head` by the consumer alone, each after the bytes that it speaks of: a store of tail
 * publishes what was written before it, a store of head gives back what was copied out before it.
 * Each side works from its private copy of its own counter and takes the peer's only within
 * 0 <= tail - head <= capacity, so a dead or hostile peer cannot lead it outside the data. A note is the
 * consumer's, a thread a slot; `left` is filled by a consumer that attaches and emptied by the producer,
 * each slot by its `high`. Sleeping
 * is ring_wait.c's; attaching is guarded by ring_file.c's locks. */
#include "ring.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "host_lock.h"
#include "ring_file.h"
#include "swapc/log.h"

static const char default_directory[] = "/dev/shm";
static const char file_prefix[] = "swapc-";

static bool name_allowed(const char *name) {
    size_t len = name ? strlen(name) : 0;
    if (len == 0 || len > SWAPCI_RING_NAME_MAX) return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i])) return false;
    return true;
}

enum swapc_status swapci_ring_path(const char *directory, const char *name, char *out, size_t size,
                                   swapc_error *error) {
    if (!name_allowed(name)) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "\"%s\" is no name for a ring; use up to %d letters, digits, dots, "
                               "dashes and underscores",
                               name ? name : "", SWAPCI_RING_NAME_MAX);
    }
    if (!directory) directory = default_directory;
    int len = snprintf(out, size, "%s/%s%s", directory, file_prefix, name);
    if (len >= 0 && (size_t)len < size) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID, "the path of ring \"%s\" is too long", name);
}

static enum swapc_status map(swapci_ring *ring, swapc_error *error) {
    size_t size = SWAPCI_RING_HEADER + (size_t)ring->capacity;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (memory == MAP_FAILED)
        return swapc_error_set_errno(error, SWAPC_NO_MEMORY, errno, "cannot map ring \"%s\"",
                                     ring->name);
    ring->shared = memory;
    ring->data = (uint8_t *)memory + SWAPCI_RING_HEADER;
    ring->guard = swapci_ring_guard_set(memory, size);
    return SWAPC_OK;
}

static void put_note(swapci_ring_slot *slot, uint64_t high, uint64_t low) {
    atomic_store_explicit(&slot->high, 0, memory_order_release);
    if (high == 0) return;
    atomic_store_explicit(&slot->low, low, memory_order_release);
    atomic_store_explicit(&slot->high, high, memory_order_release);
}

/* What the consumer before noted and never cleared: it died of it, or near it. */
static void keep_left(swapci_ring_shared *shared) {
    unsigned free_slot = 0;
    for (unsigned i = 0; i < SWAPCI_RING_NOTES; i++) {
        uint64_t high = atomic_exchange(&shared->notes[i].high, 0);
        if (high == 0) continue;
        while (free_slot < SWAPCI_RING_NOTES && atomic_load(&shared->left[free_slot].high) != 0)
            free_slot++;
        if (free_slot < SWAPCI_RING_NOTES)
            put_note(&shared->left[free_slot], high, atomic_load(&shared->notes[i].low));
    }
}

/* Takes up the counters of a ring, still under the attach lock. A place that cannot be true means
 * that the role's last holder was broken: its successor begins where the peer stands. */
static enum swapc_status take_over(swapci_ring *ring, swapc_error *error) {
    swapci_ring_shared *shared = ring->shared;
    int producer = ring->role == SWAPCI_RING_PRODUCER;
    uint64_t tail = atomic_load(&shared->tail);
    uint64_t head = atomic_load(&shared->head);
    uint64_t theirs = producer ? head : tail;
    if (theirs % 8 != 0) return swapci_ring_explain(ring, SWAPC_CORRUPT, error);
    int sane = (producer ? tail : head) % 8 == 0 && tail - head <= ring->capacity;
    ring->theirs = theirs;
    ring->mine = sane ? (producer ? tail : head) : theirs;
    ring->visible = ring->mine;
    atomic_store(producer ? &shared->tail : &shared->head, ring->mine);
    atomic_store(&shared->waiters[ring->role].sleeping, 0);
    if (producer) {
        atomic_store(&shared->finished, 0);
    } else {
        keep_left(shared);
        atomic_fetch_add(&shared->consumers, 1);
    }
    ring->consumers = atomic_load(&shared->consumers);
    return SWAPC_OK;
}

/* Everything that happens under the attach lock. */
static enum swapc_status attach(swapci_ring *ring, swapc_error *error) {
    enum swapci_ring_role peer = 1 - ring->role;
    enum swapc_status status = swapci_ring_file_claim(ring->fd, ring->role, ring->name, error);
    if (status != SWAPC_OK) return status;
    bool attached = swapci_ring_file_held(ring->fd, peer);
    status = swapci_ring_file_settle(ring->fd, ring->path, attached, &ring->capacity, error);
    if (status == SWAPC_OK) status = map(ring, error);
    if (status == SWAPC_OK) status = take_over(ring, error);
    if (status == SWAPC_OK) swapci_ring_wait_wake(&ring->shared->waiters[peer]);
    else if (!attached && swapci_ring_file_is_ours_or_empty(ring->fd))
        unlink(ring->path); /* half made, and nobody's */
    return status;
}

enum swapc_status swapci_ring_open(const swapci_ring_config *config, enum swapci_ring_role role,
                                   swapci_ring **out, swapc_error *error) {
    uint64_t capacity = config->capacity ? config->capacity : SWAPCI_RING_CAPACITY;
    if (capacity < SWAPCI_RING_CAPACITY_MIN || capacity > SWAPCI_RING_CAPACITY_MAX ||
        (capacity & (capacity - 1))) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "a ring of %llu bytes cannot be: use a power of two from %u to %u",
                               (unsigned long long)capacity, SWAPCI_RING_CAPACITY_MIN,
                               SWAPCI_RING_CAPACITY_MAX);
    }
    swapci_ring *ring = calloc(1, sizeof *ring);
    if (!ring) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a ring");
    ring->role = role;
    ring->fd = ring->guard = -1;
    ring->capacity = capacity;
    ring->stop = config->stop;
    enum swapc_status status =
        swapci_ring_path(config->directory, config->name, ring->path, sizeof ring->path, error);
    if (status == SWAPC_OK) {
        snprintf(ring->name, sizeof ring->name, "%s", config->name);
        status = swapci_ring_file_open(ring->path, 1, &ring->fd, error);
    }
    if (status == SWAPC_OK) status = attach(ring, error);
    if (status == SWAPC_OK) {
        ring->attached = 1;
        swapci_ring_file_unlock(ring->fd);
        *out = ring;
    } else {
        swapci_ring_close(ring);
    }
    return status;
}

void swapci_ring_close(swapci_ring *ring) {
    if (!ring) return;
    if (ring->attached) swapci_ring_file_leave(ring->fd, ring->path, 1 - ring->role);
    /* The peer looks at the lock only when its sleep ends: end it once the lock is gone. */
    if (ring->fd >= 0) close(ring->fd);
    if (ring->shared) {
        swapci_ring_wait_wake(&ring->shared->waiters[1 - ring->role]);
        swapci_ring_guard_clear(ring->guard);
        munmap(ring->shared, SWAPCI_RING_HEADER + (size_t)ring->capacity);
    }
    free(ring);
}

void swapci_ring_abandon(const swapci_ring *ring) {
    swapci_ring_file_leave(ring->fd, ring->path, 1 - ring->role);
}

enum swapc_status swapci_ring_unlink(const char *directory, const char *name, swapc_error *error) {
    char path[SWAPCI_RING_PATH_MAX];
    int fd;
    enum swapc_status status = swapci_ring_path(directory, name, path, sizeof path, error);
    if (status != SWAPC_OK) return status;
    status = swapci_ring_file_look(path, 0, &fd, error);
    if (status == SWAPC_NOT_FOUND) {
        swapc_error_clear(error);
        return SWAPC_OK;
    }
    if (status != SWAPC_OK) return status;
    if (!swapci_ring_file_is_ours(fd)) {
        status = swapc_error_set(error, SWAPC_INVALID,
                                 "%s is no ring that swapc made: it is left as it is", path);
    } else if (unlink(path) != 0 && errno != ENOENT) {
        status = swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot remove ring %s", path);
    }
    close(fd);
    return status;
}

/* Removes one ring that is ours unless somebody is attached. Returns whether it is gone. */
static bool sweep_one(const char *directory, const char *name) {
    char path[SWAPCI_RING_PATH_MAX];
    int fd;
    bool removed = false;
    if (swapci_ring_path(directory, name, path, sizeof path, NULL) != SWAPC_OK) return false;
    if (swapci_ring_file_open(path, 0, &fd, NULL) != SWAPC_OK) return false;
    if (swapci_ring_file_is_ours(fd) && !swapci_ring_file_held(fd, SWAPCI_RING_PRODUCER) &&
        !swapci_ring_file_held(fd, SWAPCI_RING_CONSUMER))
        removed = unlink(path) == 0;
    close(fd);
    return removed;
}

size_t swapci_ring_sweep(const char *directory, const char *prefix) {
    SWAPC_CHECK(prefix && *prefix);
    size_t removed = 0, skip = strlen(file_prefix);
    DIR *dir = opendir(directory ? directory : default_directory);
    if (!dir) return 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strncmp(entry->d_name, file_prefix, skip) != 0) continue;
        const char *name = entry->d_name + skip;
        if (strncmp(name, prefix, strlen(prefix)) == 0) removed += sweep_one(directory, name);
    }
    closedir(dir);
    return removed;
}

void swapci_ring_place(const swapci_ring *ring, char *out, size_t size) {
    char boot[64], folder[SWAPCI_RING_PATH_MAX];
    struct stat st;
    int len = -1;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(ring->path, '/') - ring->path),
             ring->path);
    if (swapci_host_boot_id(boot, sizeof boot) && stat(folder[0] ? folder : "/", &st) == 0)
        len = snprintf(out, size, "%s/%llx/%llx/%s", boot, (unsigned long long)st.st_dev,
                       (unsigned long long)st.st_ino, ring->name);
    if (len < 0 || (size_t)len >= size) out[0] = '\0';
}

size_t swapci_ring_capacity(const swapci_ring *ring) {
    return (size_t)ring->capacity;
}

size_t swapci_ring_record_max(const swapci_ring *ring) {
    return (size_t)ring->capacity / 4;
}

size_t swapci_ring_used(const swapci_ring *ring) {
    uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
    uint64_t used = tail - head;
    return used <= ring->capacity ? (size_t)used : (size_t)ring->capacity;
}

bool swapci_ring_peer_alive(const swapci_ring *ring) {
    return swapci_ring_file_held(ring->fd, 1 - ring->role);
}

void swapci_ring_wake_self(swapci_ring *ring) {
    swapci_ring_wait_wake(&ring->shared->waiters[ring->role]);
}

void swapci_ring_note(swapci_ring *ring, unsigned slot, uint64_t high, uint64_t low) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_CONSUMER && slot < SWAPCI_RING_NOTES);
    put_note(&ring->shared->notes[slot], high, low);
}

size_t swapci_ring_take_left(swapci_ring *ring, swapci_ring_left *out, size_t max) {
    size_t count = 0;
    for (unsigned i = 0; i < SWAPCI_RING_NOTES && count < max; i++) {
        swapci_ring_slot *slot = &ring->shared->left[i];
        uint64_t high = atomic_load(&slot->high);
        if (high == 0) continue;
        out[count++] = (swapci_ring_left){high, atomic_load(&slot->low)};
        atomic_store(&slot->high, 0);
    }
    return count;
}

swapci_ring_stats swapci_ring_stats_get(const swapci_ring *ring) {
    return ring->stats;
}
