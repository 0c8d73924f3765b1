/* Files that are no ring, are broken, or lie: each is refused by name or emptied, none believed. */
#include "ring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ring_fixture.h"

static void path_of(void **state, char *path) {
    assert_int_equal(swapci_ring_path(*state, "t", path, SWAPCI_RING_PATH_MAX, NULL), SWAPC_OK);
}

static enum swapc_status try_open(void **state, enum swapci_ring_role role, swapc_error *error) {
    swapci_ring_config config = {"t", *state, 64, NULL};
    swapci_ring *ring = NULL;
    enum swapc_status status = swapci_ring_open(&config, role, &ring, error);
    swapci_ring_close(ring);
    return status;
}

static void expect_refused(void **state, const char *why) {
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(try_open(state, SWAPCI_RING_PRODUCER, &error), SWAPC_INVALID);
    if (!strstr(error.text, why)) fail_msg("\"%s\" is not in \"%s\"", why, error.text);
}

static void write_file(const char *path, const void *bytes, size_t len, size_t size) {
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, 0), len);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

static void poke(const char *path, size_t offset, const void *bytes, size_t len) {
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, (off_t)offset), len);
    close(fd);
}

static void names_are_checked(void **state) {
    static const char *const bad[] = {"", "a/b", "a b", "../x", "a\n"};
    char path[SWAPCI_RING_PATH_MAX], long_name[SWAPCI_RING_NAME_MAX + 2];
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(swapci_ring_path(NULL, bad[i], path, sizeof path, NULL), SWAPC_INVALID);
    memset(long_name, 'a', sizeof long_name);
    long_name[SWAPCI_RING_NAME_MAX + 1] = '\0';
    assert_int_equal(swapci_ring_path(NULL, long_name, path, sizeof path, &error), SWAPC_INVALID);
    long_name[SWAPCI_RING_NAME_MAX] = '\0';
    assert_int_equal(swapci_ring_path(NULL, long_name, path, sizeof path, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_path(NULL, "a", path, 16, NULL), SWAPC_INVALID);
    assert_int_equal(swapci_ring_path(NULL, "a", path, 17, NULL), SWAPC_OK);
    assert_string_equal(path, "/dev/shm/swapc-a");
}

static void capacities_are_checked(void **state) {
    static const size_t bad[] = {1, 32, 63, 65, 96, SWAPCI_RING_CAPACITY_MAX * (size_t)2};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        swapci_ring_config config = {"t", *state, bad[i], NULL};
        swapci_ring *ring = NULL;
        assert_int_equal(swapci_ring_open(&config, SWAPCI_RING_PRODUCER, &ring, NULL),
                         SWAPC_INVALID);
    }
}

static void symbolic_link_is_refused(void **state) {
    char path[SWAPCI_RING_PATH_MAX], target[SWAPCI_RING_PATH_MAX + 8];
    struct stat st;
    path_of(state, path);
    snprintf(target, sizeof target, "%s.target", path);
    assert_int_equal(symlink(target, path), 0);
    expect_refused(state, "symbolic link");
    assert_int_equal(stat(target, &st), -1);
}

static void other_kinds_are_refused(void **state) {
    char path[SWAPCI_RING_PATH_MAX], second[SWAPCI_RING_PATH_MAX + 8];
    path_of(state, path);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_refused(state, "not a regular file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_refused(state, "cannot be used");
    rmdir(path);
    write_file(path, "", 0, 0);
    assert_int_equal(chmod(path, 0640), 0);
    expect_refused(state, "open to other users");
    assert_int_equal(chmod(path, 0600), 0);
    snprintf(second, sizeof second, "%s.2", path);
    assert_int_equal(link(path, second), 0);
    expect_refused(state, "second name");
    unlink(second);
    assert_int_equal(try_open(state, SWAPCI_RING_PRODUCER, NULL), SWAPC_OK);
}

static void foreign_owner_is_refused(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    write_file(path, "", 0, 0);
    if (geteuid() != 0 || chown(path, 1, 1) != 0) skip(); /* only root can give a file away */
    expect_refused(state, "another user");
}

static void foreign_content_is_refused_and_kept(void **state) {
    static const char text[] = "somebody's notes, not a ring at all";
    char path[SWAPCI_RING_PATH_MAX], back[sizeof text] = {0};
    path_of(state, path);
    write_file(path, text, sizeof text, sizeof text);
    expect_refused(state, "is no ring");
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, back, sizeof back), sizeof text);
    close(fd);
    assert_memory_equal(back, text, sizeof text);
}

static const swapci_ring_identity good = {.magic = SWAPCI_RING_MAGIC,
                                          .version = SWAPCI_RING_VERSION,
                                          .header = SWAPCI_RING_HEADER,
                                          .capacity = 64};

/* What a process leaves that died while it made the file. */
static void unfinished_file_is_made_anew(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    write_file(path, "", 0, 0);
    assert_int_equal(try_open(state, SWAPCI_RING_CONSUMER, NULL), SWAPC_OK);
    write_file(path, &good, sizeof good, sizeof good); /* no room for records yet */
    assert_int_equal(try_open(state, SWAPCI_RING_CONSUMER, NULL), SWAPC_OK);
}

/* One that begins with zeros, as a disk image does, is somebody's all the same. */
static void a_file_of_zeros_is_refused_and_kept(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    struct stat st;
    path_of(state, path);
    write_file(path, "", 0, 1000);
    expect_refused(state, "is no ring");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 1000);
}

/* Each field of the header wrong, and the size: stale rings are emptied, live ones refused. */
static size_t bad_identities(swapci_ring_identity *out) {
    size_t n = 0;
    out[n] = good, out[n++].version++;
    out[n] = good, out[n++].version = 0;
    out[n] = good, out[n++].header = 64;
    out[n] = good, out[n++].capacity = 0;
    out[n] = good, out[n++].capacity = 128;
    out[n] = good, out[n++].capacity = 63;
    out[n] = good, out[n++].capacity = UINT64_MAX;
    out[n] = good, out[n++].capacity = UINT64_C(1) << 63;
    return n;
}

static void broken_stale_ring_is_emptied(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    swapci_ring_identity bad[16];
    size_t count = bad_identities(bad);
    path_of(state, path);
    for (size_t i = 0; i < count; i++) {
        write_file(path, &bad[i], sizeof bad[i], SWAPCI_RING_HEADER + 64);
        swapci_ring *ring = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
        assert_int_equal(swapci_ring_capacity(ring), 64);
        assert_int_equal(swapci_ring_used(ring), 0);
        swapci_ring_close(ring);
    }
}

static void broken_live_ring_is_refused(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    swapci_ring_identity bad[16];
    swapc_error error = SWAPC_ERROR_INIT;
    size_t count = bad_identities(bad);
    bad[count] = good, bad[count++].magic++;
    path_of(state, path);
    swapci_ring *ring = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    for (size_t i = 0; i < count; i++) {
        poke(path, 0, &bad[i], sizeof bad[i]);
        assert_int_equal(try_open(state, SWAPCI_RING_CONSUMER, &error), SWAPC_CORRUPT);
    }
    poke(path, 0, &good, sizeof good);
    assert_int_equal(try_open(state, SWAPCI_RING_CONSUMER, NULL), SWAPC_OK);
    assert_int_equal(truncate(path, SWAPCI_RING_HEADER), 0);
    assert_int_equal(try_open(state, SWAPCI_RING_CONSUMER, NULL), SWAPC_CORRUPT);
    assert_int_equal(truncate(path, SWAPCI_RING_HEADER + 64), 0);
    swapci_ring_close(ring);
}

/* A process that dies as a producer of the ring, having written a record. */
static void die_attached(void **state, const char *name) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        swapci_ring_config config = {name, *state, 64, NULL};
        swapci_ring *p = NULL;
        int wrong = swapci_ring_open(&config, SWAPCI_RING_PRODUCER, &p, NULL) != SWAPC_OK ||
                    swapci_ring_write(p, swapc_bytes_str("old"), 0, NULL) != SWAPC_OK;
        _exit(wrong);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void stale_ring_is_emptied(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    die_attached(state, "t");
    assert_int_equal(access(path, F_OK), 0);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 1024, NULL);
    assert_int_equal(swapci_ring_used(c), 0);
    assert_int_equal(swapci_ring_capacity(c), 1024);
    swapci_ring_close(c);
}

/* A peer's counter that cannot be true is met on every path that reads it. */
static void impossible_counters_are_corrupt(void **state) {
    static const uint64_t bad[] = {4, 72, UINT64_MAX - 7, UINT64_C(1) << 63};
    char path[SWAPCI_RING_PATH_MAX];
    uint8_t bytes[16] = {0};
    uint64_t zero = 0;
    size_t len;
    path_of(state, path);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 64, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        poke(path, offsetof(swapci_ring_shared, tail), &bad[i], 8);
        assert_int_equal(swapci_ring_read(c, bytes, 16, &len, -1, &error), SWAPC_CORRUPT);
        assert_non_null(strstr(error.text, "producer"));
        assert_int_equal(swapci_ring_reset(c, NULL), SWAPC_CORRUPT);
        assert_true(swapci_ring_used(c) <= 64);
        poke(path, offsetof(swapci_ring_shared, tail), &zero, 8);
        poke(path, offsetof(swapci_ring_shared, head), &bad[i], 8);
        assert_int_equal(swapci_ring_wait_drained(p, -1, NULL), SWAPC_CORRUPT);
        poke(path, offsetof(swapci_ring_shared, head), &zero, 8);
    }
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), 0, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_read(c, bytes, 16, &len, 0, NULL), SWAPC_OK);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void expect_corrupt_at(swapci_ring *c, const char *path, uint64_t tail) {
    uint8_t bytes[64];
    size_t len;
    poke(path, offsetof(swapci_ring_shared, tail), &tail, 8);
    assert_int_equal(swapci_ring_take(c, bytes, sizeof bytes, &len, NULL), SWAPC_CORRUPT);
}

/* A tail that is a small step on, and yet more than a ring behind what was released. */
static void overrun_is_corrupt(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    uint8_t bytes[16] = {0};
    size_t len;
    path_of(state, path);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), 0, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_take(c, bytes, 16, &len, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_put(p, swapc_bytes_of(bytes, 16), NULL), SWAPC_OK);
    expect_corrupt_at(c, path, 72);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* A sound record of which only the first 8 bytes are published. */
static void half_published_is_corrupt(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_put(p, swapc_bytes_str("12345678"), NULL), SWAPC_OK);
    expect_corrupt_at(c, path, 8);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* A producer that keeps the format and not the limit. */
static void oversized_record_is_corrupt(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    struct {
        swapci_ring_record head;
        uint8_t bytes[24];
    } record = {.head = {.len = 24}};
    path_of(state, path);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    record.head.crc = swapci_ring_record_crc(0, 24, record.bytes);
    poke(path, SWAPCI_RING_HEADER, &record, sizeof record);
    expect_corrupt_at(c, path, sizeof record);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* The successor of a side that left nonsense begins where its peer stands. */
static void successor_mends_counters(void **state) {
    static const uint64_t bad[] = {4, 128 + 8, UINT64_MAX - 7};
    char path[SWAPCI_RING_PATH_MAX];
    uint8_t bytes[16] = {0};
    size_t len;
    path_of(state, path);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 128, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        swapci_ring_close(p);
        poke(path, offsetof(swapci_ring_shared, tail), &bad[i], 8);
        p = fixture_open(state, SWAPCI_RING_PRODUCER, 0, NULL);
        (void)swapci_ring_reset(c, NULL);
        assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, 16), 0, NULL), SWAPC_OK);
        assert_int_equal(swapci_ring_read(c, bytes, 16, &len, 0, NULL), SWAPC_OK);
    }
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* Every byte of a record, its padding excepted, flipped in every bit: none comes through. */
static void every_corrupt_byte_is_detected(void **state) {
    enum { LEN = 13, SIZE = 8 + LEN };
    char path[SWAPCI_RING_PATH_MAX];
    uint8_t bytes[LEN], back[32], image[SIZE];
    size_t len;
    path_of(state, path);
    fixture_fill(bytes, LEN, 5);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 128, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    assert_int_equal(swapci_ring_write(p, swapc_bytes_of(bytes, LEN), 0, NULL), SWAPC_OK);
    int fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, image, SIZE, SWAPCI_RING_HEADER), SIZE);
    close(fd);
    for (size_t i = 0; i < SIZE * 8; i++) {
        uint8_t wrong = image[i / 8] ^ (uint8_t)(1 << i % 8);
        poke(path, SWAPCI_RING_HEADER + i / 8, &wrong, 1);
        assert_int_equal(swapci_ring_take(c, back, sizeof back, &len, NULL), SWAPC_CORRUPT);
        poke(path, SWAPCI_RING_HEADER + i / 8, &image[i / 8], 1);
    }
    assert_int_equal(swapci_ring_take(c, back, sizeof back, &len, NULL), SWAPC_OK);
    assert_memory_equal(back, bytes, LEN);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* A record of an earlier lap, whole and sound, at a place where a newer one was announced. */
static void earlier_lap_is_no_record(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    uint8_t back[16];
    uint64_t tail = 64 + 16;
    size_t len;
    path_of(state, path);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 0, NULL);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(swapci_ring_write(p, swapc_bytes_str("12345678"), 0, NULL), SWAPC_OK);
        assert_int_equal(swapci_ring_read(c, back, 16, &len, 0, NULL), SWAPC_OK);
    }
    poke(path, offsetof(swapci_ring_shared, tail), &tail, 8);
    assert_int_equal(swapci_ring_take(c, back, 16, &len, NULL), SWAPC_CORRUPT);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

/* posix_fallocate's failure, as on a full tmpfs. */
static void no_room_is_an_error(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    struct rlimit before, small;
    struct stat st;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_ring_config config = {"t", *state, 1u << 20, NULL};
    swapci_ring *ring = NULL;
    path_of(state, path);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 64 << 10;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum swapc_status status = swapci_ring_open(&config, SWAPCI_RING_PRODUCER, &ring, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, SWAPC_IO);
    assert_non_null(strstr(error.text, "no room for ring"));
    assert_int_equal(stat(path, &st), -1); /* nothing is left behind */
}

static bool is_there(void **state, const char *name) {
    char path[SWAPCI_RING_PATH_MAX];
    swapci_ring_path(*state, name, path, sizeof path, NULL);
    return access(path, F_OK) == 0;
}

static void sweep_removes_only_the_abandoned(void **state) {
    swapci_ring_config config = {"run-2", *state, 64, NULL};
    swapci_ring *ring = NULL;
    die_attached(state, "run-1");
    die_attached(state, "other");
    assert_int_equal(swapci_ring_open(&config, SWAPCI_RING_PRODUCER, &ring, NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_sweep(*state, "run-"), 1);
    assert_false(is_there(state, "run-1"));
    assert_true(is_there(state, "run-2"));
    assert_true(is_there(state, "other"));
    swapci_ring_close(ring);
    assert_int_equal(swapci_ring_unlink(*state, "run-2", NULL), SWAPC_OK);
    assert_int_equal(swapci_ring_unlink(*state, "other", NULL), SWAPC_OK);
    assert_false(is_there(state, "other"));
    assert_int_equal(swapci_ring_unlink(*state, "other", NULL), SWAPC_OK);
}

/* Of a name that a sweep looks for, and yet a user's: text, nothing at all, a ring's header without a
 * ring, and the copy of a ring that was kept to look at. */
/* As by a process that ends at once: its ring, and by name what it has made. */
static void what_was_abandoned_beside_its_peer_can_be_removed(void **state) {
    swapci_ring *producer = fixture_open(state, SWAPCI_RING_PRODUCER, 65536, NULL);
    swapci_ring *consumer = fixture_open(state, SWAPCI_RING_CONSUMER, 65536, NULL);
    swapci_ring_abandon(consumer);
    assert_int_equal(swapci_ring_unlink(*state, "t", NULL), SWAPC_OK);
    swapci_ring_close(consumer); /* its end gives up the lock, for which the producer's waits */
    swapci_ring_close(producer);
}

static void what_swapc_did_not_make_is_neither_swept_nor_unlinked(void **state) {
    static const char *const names[] = {"run-notes", "run-flag", "run-header", "run-copy"};
    char path[SWAPCI_RING_PATH_MAX];
    uint8_t bytes[SWAPCI_RING_HEADER + 64];
    die_attached(state, "run-1");
    swapci_ring_path(*state, "run-1", path, sizeof path, NULL);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    const struct {
        const void *bytes;
        size_t len;
    } contents[] = {{"precious", 8}, {"", 0}, {&good, sizeof good}, {bytes, sizeof bytes}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        swapci_ring_path(*state, names[i], path, sizeof path, NULL);
        write_file(path, contents[i].bytes, contents[i].len, contents[i].len);
    }
    assert_int_equal(swapci_ring_sweep(*state, "run-"), 1);
    assert_false(is_there(state, "run-1"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(is_there(state, names[i]));
        assert_int_equal(swapci_ring_unlink(*state, names[i], NULL), SWAPC_INVALID);
        assert_true(is_there(state, names[i]));
    }
}

/* A file that is unlinked while somebody waits for its attach lock is not used. */
static void unlinked_file_is_not_used(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    assert_int_equal(swapci_ring_unlink(*state, "t", NULL), SWAPC_OK);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, 64, NULL);
    assert_int_equal(swapci_ring_peer_alive(c), 0); /* a ring of its own */
    assert_int_equal(swapci_ring_peer_alive(p), 0);
    swapci_ring_close(p);
    swapci_ring_close(c);
}

static void the_last_to_close_removes_the_file(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    for (int last = 0; last < 2; last++) {
        swapci_ring *sides[2];
        for (int i = 0; i < 2; i++)
            sides[i] = fixture_open(state, (enum swapci_ring_role)i, 64, NULL);
        /* what is refused leaves the others alone */
        assert_int_equal(try_open(state, SWAPCI_RING_PRODUCER, NULL), SWAPC_BUSY);
        assert_int_equal(swapci_ring_write(sides[0], swapc_bytes_str("x"), 0, NULL), SWAPC_OK);
        swapci_ring_close(sides[1 - last]);
        assert_int_equal(access(path, F_OK), 0);
        swapci_ring_close(sides[last]);
        assert_int_equal(access(path, F_OK), -1);
    }
}

/* A file of the name that is not ours is not removed. */
static void a_successor_of_the_name_stays(void **state) {
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    swapci_ring *old = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    assert_int_equal(swapci_ring_unlink(*state, "t", NULL), SWAPC_OK);
    swapci_ring *new = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
    swapci_ring_close(old);
    assert_int_equal(access(path, F_OK), 0);
    swapci_ring_close(new);
    assert_int_equal(access(path, F_OK), -1);
}

/* Attaches and leaves again and again; returns 0, or 1 when attaching failed. */
static int come_and_go(void **state, enum swapci_ring_role role, int times) {
    int failed = 0;
    for (int i = 0; i < times && !failed; i++) failed = try_open(state, role, NULL) != SWAPC_OK;
    return failed;
}

/* Who attaches while the other removes the file gets one that has its name: a peer that stays is
 * met by whoever attaches then. */
static void leaving_and_attaching_at_once(void **state) {
    enum { ROUNDS = 20, TIMES = 50 };
    char path[SWAPCI_RING_PATH_MAX];
    path_of(state, path);
    for (int round = 0; round < ROUNDS; round++) {
        int status, fd;
        pid_t pid = fork();
        if (pid == 0) _exit(come_and_go(state, SWAPCI_RING_CONSUMER, TIMES));
        for (int i = 0; i < TIMES; i++) {
            struct stat st, named;
            swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, 64, NULL);
            assert_int_equal(swapci_ring_file_open(path, 0, &fd, NULL), SWAPC_OK);
            assert_int_equal(swapci_ring_file_held(fd, SWAPCI_RING_PRODUCER), 1);
            assert_int_equal(fstat(fd, &st), 0);
            assert_int_equal(stat(path, &named), 0);
            assert_int_equal(st.st_ino, named.st_ino);
            close(fd);
            swapci_ring_close(p);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(access(path, F_OK), -1);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_to_close_removes_the_file, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_successor_of_the_name_stays, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(leaving_and_attaching_at_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test_setup_teardown(capacities_are_checked, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(symbolic_link_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(other_kinds_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(foreign_owner_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(foreign_content_is_refused_and_kept, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(unfinished_file_is_made_anew, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(broken_stale_ring_is_emptied, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(broken_live_ring_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(stale_ring_is_emptied, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(impossible_counters_are_corrupt, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(overrun_is_corrupt, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(half_published_is_corrupt, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(oversized_record_is_corrupt, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(successor_mends_counters, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_corrupt_byte_is_detected, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(earlier_lap_is_no_record, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_room_is_an_error, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(sweep_removes_only_the_abandoned, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_was_abandoned_beside_its_peer_can_be_removed,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_swapc_did_not_make_is_neither_swept_nor_unlinked,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_file_of_zeros_is_refused_and_kept, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(unlinked_file_is_not_used, fixture_setup, fixture_teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
