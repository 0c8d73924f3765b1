/* A ring between a producer, a consumer and an enemy that writes what it likes into the shared file
 * between their steps: header, records, sleepers. Either side answers with a status and never
 * leaves its memory; a record taken was put, or the enemy forged its CRC. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "ring.h"
#include "ring_impl.h"

enum {
    CAPACITY = 256,
    FILE_SIZE = SWAPCI_RING_HEADER + CAPACITY,
    STEPS_MAX = 64,
    ATTACHES_MAX = 2
};

struct scene {
    swapci_ring *sides[2];
    uint8_t *file;
    bool broken; /* a side was away: the file may be another one now */
    int attaches;
};

/* A ring as it was when both sides had just opened it. */
struct fresh {
    swapci_ring sides[2];
    uint8_t file[FILE_SIZE];
};

static swapci_ring *attach(enum swapci_ring_role role) {
    swapci_ring_config config = {.name = "fuzz", .directory = fuzz_folder(), .capacity = CAPACITY};
    swapci_ring *ring = NULL;
    enum swapc_status status = swapci_ring_open(&config, role, &ring, NULL);
    FUZZ_CHECK(status == SWAPC_OK || status == SWAPC_CORRUPT || status == SWAPC_INVALID);
    return ring;
}

/* Makes the file and opens both sides, which costs ten times what most inputs do. */
static void set_up(struct scene *s, struct fresh *fresh) {
    *s = (struct scene){.sides = {attach(SWAPCI_RING_PRODUCER), attach(SWAPCI_RING_CONSUMER)}};
    int fd = open(fuzz_path("swapc-fuzz"), O_RDWR | O_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && s->sides[0] && s->sides[1]);
    s->file = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    FUZZ_CHECK(s->file != MAP_FAILED);
    close(fd);
    memcpy(fresh->file, s->file, FILE_SIZE);
    for (int i = 0; i < 2; i++) fresh->sides[i] = *s->sides[i];
}

static void tear_down(struct scene *s) {
    swapci_ring_close(s->sides[0]);
    swapci_ring_close(s->sides[1]);
    munmap(s->file, FILE_SIZE);
    (void)swapci_ring_unlink(fuzz_folder(), "fuzz", NULL);
}

/* Puts the file's content and what the sides know back as they were; what they hold, they keep. */
static void restore(struct scene *s, const struct fresh *fresh) {
    memcpy(s->file, fresh->file, FILE_SIZE);
    s->attaches = 0;
    for (int i = 0; i < 2; i++) {
        swapci_ring held = *s->sides[i], *side = s->sides[i];
        *side = fresh->sides[i];
        side->fd = held.fd;
        side->shared = held.shared;
        side->data = held.data;
        side->guard = held.guard;
    }
}

/* Fields of the header by number, then anything anywhere. */
static void enemy(struct scene *s, struct fuzz_input *in) {
    swapci_ring_shared *shared = (swapci_ring_shared *)(void *)s->file;
    uint8_t what = fuzz_byte(in);
    uint64_t value = fuzz_number(in, what & 0x80 ? 8 : 1);
    switch (what % 8) {
    case 0:
        atomic_store(&shared->tail, value);
        break;
    case 1:
        atomic_store(&shared->head, value);
        break;
    case 2:
        atomic_store(&shared->finished, (uint32_t)value);
        break;
    case 3:
        atomic_store(&shared->consumers, (uint32_t)value);
        break;
    case 4:
        atomic_fetch_add(&shared->tail, value);
        break;
    case 5:
        atomic_fetch_sub(&shared->head, value);
        break;
    case 6:
        s->file[value % FILE_SIZE] = fuzz_byte(in);
        break;
    case 7:
        s->file[SWAPCI_RING_HEADER + value % CAPACITY] = fuzz_byte(in);
        break;
    }
}

static void produce(swapci_ring *ring, struct fuzz_input *in) {
    uint8_t record[128];
    memset(record, 0x5a, sizeof record);
    uint8_t how = fuzz_byte(in);
    swapc_bytes bytes = swapc_bytes_of(record, how % 80u);
    switch (how / 80) {
    case 0:
        (void)!swapci_ring_write(ring, bytes, 0, NULL);
        break;
    case 1:
        (void)!swapci_ring_put(ring, bytes, NULL);
        break;
    case 2:
        swapci_ring_publish(ring);
        (void)!swapci_ring_wait_drained(ring, 0, NULL);
        break;
    default:
        (void)swapci_ring_consumer_changed(ring);
        swapci_ring_finish(ring);
    }
    FUZZ_CHECK(swapci_ring_used(ring) <= CAPACITY);
}

static void consume(swapci_ring *ring, struct fuzz_input *in) {
    uint8_t how = fuzz_byte(in);
    size_t size = how & 0x40 ? 8 : CAPACITY, len = 0;
    uint8_t *out = malloc(size);
    FUZZ_CHECK(out);
    enum swapc_status status = SWAPC_EMPTY;
    switch (how % 4) {
    case 0:
        status = swapci_ring_read(ring, out, size, &len, 0, NULL);
        break;
    case 1:
        status = swapci_ring_take(ring, out, size, &len, NULL);
        break;
    case 2:
        swapci_ring_release(ring);
        break;
    case 3:
        (void)!swapci_ring_reset(ring, NULL);
        break;
    }
    if (status == SWAPC_OK) FUZZ_CHECK(len <= size && len <= swapci_ring_record_max(ring));
    FUZZ_CHECK(swapci_ring_used(ring) <= CAPACITY);
    free(out);
}

static void step(struct scene *s, struct fuzz_input *in) {
    uint8_t what = fuzz_byte(in) % 8;
    enum swapci_ring_role role = what % 2 ? SWAPCI_RING_CONSUMER : SWAPCI_RING_PRODUCER;
    if (what < 4) enemy(s, in);
    else if (what < 7 && s->sides[role]) (role ? consume : produce)(s->sides[role], in);
    else if (what == 7 && s->attaches++ < ATTACHES_MAX) {
        role = fuzz_byte(in) % 2 ? SWAPCI_RING_CONSUMER : SWAPCI_RING_PRODUCER;
        swapci_ring_close(s->sides[role]);
        s->sides[role] = attach(role);
        s->broken |= !s->sides[0] || !s->sides[1];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct scene s;
    static struct fresh fresh;
    struct fuzz_input in = fuzz_input_of(data, size);
    if (s.file) restore(&s, &fresh);
    else set_up(&s, &fresh);
    for (int i = 0; i < STEPS_MAX && fuzz_left(&in); i++) step(&s, &in);
    if (s.broken) {
        tear_down(&s);
        s = (struct scene){0};
    }
    return 0;
}
