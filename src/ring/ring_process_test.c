/* Two processes and one ring, with and without SIGKILL in between. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "ring_fixture.h"

enum { RECORDS = 100000, CAPACITY = 1 << 12 };

static size_t length_of(uint32_t n) {
    return 4 + n % 97;
}

/* Writes numbers from..to; returns 0, or the status that stopped it. */
static enum swapc_status write_range(swapci_ring *ring, uint32_t from, uint32_t to) {
    uint8_t bytes[128];
    enum swapc_status status = SWAPC_OK;
    for (uint32_t n = from; n < to && status == SWAPC_OK; n++) {
        fixture_fill(bytes, length_of(n), n);
        status = swapci_ring_write(ring, swapc_bytes_of(bytes, length_of(n)), -1, NULL);
    }
    return status;
}

/* Reads one record; returns 1 and its number, or 0 when it is none that was written. */
static int number_of(const uint8_t *bytes, size_t len, uint32_t *n) {
    uint8_t want[128];
    if (len < 4 || len > sizeof want) return 0;
    *n = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
    fixture_fill(want, len, *n);
    return len == length_of(*n) && memcmp(bytes, want, len) == 0;
}

static enum swapc_status read_one(swapci_ring *ring, uint32_t *n) {
    uint8_t bytes[128];
    size_t len;
    enum swapc_status status = swapci_ring_read(ring, bytes, sizeof bytes, &len, -1, NULL);
    if (status == SWAPC_OK && !number_of(bytes, len, n)) return SWAPC_PROTOCOL;
    return status;
}

static swapci_ring *child_open(void **state, enum swapci_ring_role role) {
    swapci_ring_config config = {"t", *state, CAPACITY, NULL};
    swapci_ring *ring = NULL;
    if (swapci_ring_open(&config, role, &ring, NULL) != SWAPC_OK) _exit(99);
    if (swapci_ring_wait_peer(ring, -1, NULL) != SWAPC_OK) _exit(98);
    return ring;
}

/* A child that writes all and ends the stream. */
static pid_t start_producer(void **state) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    swapci_ring *ring = child_open(state, SWAPCI_RING_PRODUCER);
    if (write_range(ring, 0, RECORDS) != SWAPC_OK) _exit(1);
    swapci_ring_finish(ring);
    _exit(swapci_ring_wait_drained(ring, -1, NULL) == SWAPC_OK ? 0 : 2);
}

static void expect_exit(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void kill_child(pid_t pid) {
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void moves_all_in_order(void **state) {
    uint32_t n = 0;
    pid_t pid = start_producer(state);
    swapci_ring *ring = fixture_open(state, SWAPCI_RING_CONSUMER, CAPACITY, NULL);
    assert_int_equal(swapci_ring_wait_peer(ring, -1, NULL), SWAPC_OK);
    for (uint32_t want = 0; want < RECORDS; want++) {
        assert_int_equal(read_one(ring, &n), SWAPC_OK);
        assert_int_equal(n, want);
    }
    assert_int_equal(read_one(ring, &n), SWAPC_CLOSED);
    expect_exit(pid);
    swapci_ring_close(ring);
}

/* A child that reads until it is killed, and says the number of each record on the pipe. */
static pid_t start_consumer(void **state, int pipe_fd) {
    uint32_t n;
    pid_t pid = fork();
    if (pid != 0) return pid;
    swapci_ring *ring = child_open(state, SWAPCI_RING_CONSUMER);
    while (read_one(ring, &n) == SWAPC_OK)
        if (write(pipe_fd, &n, sizeof n) != sizeof n) _exit(97);
    _exit(96);
}

/* The consumer is killed in the middle, again and again; the producer notices each successor. What
 * the dead one had taken is lost to the ring and only that: at most one record a death here. */
static void killed_consumer_is_followed(void **state) {
    enum { DEATHS = 5, EACH = 200 };
    uint32_t next = 0, seen = 0, n, read_so_far = 0;
    int fds[2], changes = 0;
    signal(SIGPIPE, SIG_IGN);
    swapci_ring *ring = fixture_open(state, SWAPCI_RING_PRODUCER, CAPACITY, NULL);
    for (int death = 0; death <= DEATHS; death++) {
        assert_int_equal(pipe(fds), 0);
        pid_t pid = start_consumer(state, fds[1]);
        close(fds[1]);
        assert_int_equal(swapci_ring_wait_peer(ring, -1, NULL), SWAPC_OK);
        changes += swapci_ring_consumer_changed(ring);
        assert_int_equal(write_range(ring, next, next + EACH), SWAPC_OK);
        next += EACH;
        if (death == DEATHS) assert_int_equal(swapci_ring_wait_drained(ring, -1, NULL), SWAPC_OK);
        kill_child(pid);
        for (; read(fds[0], &n, sizeof n) == sizeof n; read_so_far++) {
            assert_true(n == seen || n == seen + 1);
            seen = n + 1;
        }
        close(fds[0]);
        assert_int_equal(swapci_ring_wait_peer(ring, 0, NULL), SWAPC_UNREACHABLE);
    }
    assert_int_equal(changes, DEATHS);
    assert_true(read_so_far >= next - DEATHS - 1);
    swapci_ring_close(ring);
}

/* A producer that is killed while it writes: what arrives is whole, in order, without a gap, and
 * the wait of the consumer ends. The next one begins behind it. */
static void killed_producer_leaves_whole_records(void **state) {
    enum { READ_FIRST = 3000 };
    uint32_t n = 0, want = 0;
    enum swapc_status status;
    swapci_ring *ring = fixture_open(state, SWAPCI_RING_CONSUMER, CAPACITY, NULL);
    pid_t pid = start_producer(state);
    assert_int_equal(swapci_ring_wait_peer(ring, -1, NULL), SWAPC_OK);
    for (; want < READ_FIRST; want++) {
        assert_int_equal(read_one(ring, &n), SWAPC_OK);
        assert_int_equal(n, want);
    }
    kill_child(pid);
    while ((status = read_one(ring, &n)) == SWAPC_OK) assert_int_equal(n, want++);
    assert_int_equal(status, SWAPC_UNREACHABLE);
    pid = start_producer(state);
    assert_int_equal(swapci_ring_wait_peer(ring, -1, NULL), SWAPC_OK);
    for (want = 0; want < RECORDS; want++) {
        assert_int_equal(read_one(ring, &n), SWAPC_OK);
        assert_int_equal(n, want);
    }
    expect_exit(pid);
    swapci_ring_close(ring);
}

/* A consumer that sleeps when its producer dies is not left asleep. */
static void death_ends_a_sleep(void **state) {
    uint32_t n;
    swapci_ring *ring = fixture_open(state, SWAPCI_RING_CONSUMER, CAPACITY, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        swapci_ring *p = child_open(state, SWAPCI_RING_PRODUCER);
        (void)write_range(p, 0, 1);
        pause();
        _exit(0);
    }
    assert_int_equal(swapci_ring_wait_peer(ring, -1, NULL), SWAPC_OK);
    assert_int_equal(read_one(ring, &n), SWAPC_OK);
    pid_t killer = fork();
    if (killer == 0) {
        usleep(20000); /* so that the consumer is most likely asleep; either way it must end */
        kill(pid, SIGKILL);
        _exit(0);
    }
    assert_int_equal(read_one(ring, &n), SWAPC_UNREACHABLE);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    expect_exit(killer);
    swapci_ring_close(ring);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(moves_all_in_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(killed_consumer_is_followed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(killed_producer_leaves_whole_records, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(death_ends_a_sleep, fixture_setup, fixture_teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
