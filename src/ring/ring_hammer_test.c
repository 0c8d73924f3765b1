/* One producer thread and one consumer thread at full speed over one mapping, so that the thread
 * sanitizer sees what they share. */
#include <pthread.h>
#include <sys/mman.h>

#include "ring_fixture.h"
#include "ring_impl.h"

enum { RECORDS = 200000 };

static size_t length_of(uint32_t n) {
    return 4 + n * 7 % 120;
}

/* Makes b look through a's mapping. Handles keep their own locks and private counters. */
static void share_mapping(swapci_ring *a, swapci_ring *b) {
    munmap(b->shared, SWAPCI_RING_HEADER + (size_t)b->capacity);
    b->shared = a->shared;
    b->data = a->data;
}

static void *producer_main(void *user) {
    swapci_ring *ring = user;
    uint8_t bytes[128];
    for (uint32_t n = 0; n < RECORDS; n++) {
        fixture_fill(bytes, length_of(n), n);
        swapc_bytes record = swapc_bytes_of(bytes, length_of(n));
        /* batches of up to five, so that publish and write alternate */
        if (n % 5 == 0 || swapci_ring_put(ring, record, NULL) != SWAPC_OK) {
            if (swapci_ring_write(ring, record, -1, NULL) != SWAPC_OK) return user;
        }
    }
    swapci_ring_finish(ring);
    return NULL;
}

static void expect_all(swapci_ring *ring) {
    uint8_t bytes[128], want[128];
    size_t len;
    for (uint32_t n = 0; n < RECORDS; n++) {
        assert_int_equal(swapci_ring_read(ring, bytes, sizeof bytes, &len, -1, NULL), SWAPC_OK);
        fixture_fill(want, length_of(n), n);
        assert_int_equal(len, length_of(n));
        assert_memory_equal(bytes, want, len);
    }
    assert_int_equal(swapci_ring_read(ring, bytes, sizeof bytes, &len, -1, NULL), SWAPC_CLOSED);
}

static void hammer(void **state, size_t capacity) {
    pthread_t thread;
    void *result;
    swapci_ring *p = fixture_open(state, SWAPCI_RING_PRODUCER, capacity, NULL);
    swapci_ring *c = fixture_open(state, SWAPCI_RING_CONSUMER, capacity, NULL);
    share_mapping(p, c);
    assert_int_equal(pthread_create(&thread, NULL, producer_main, p), 0);
    expect_all(c);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    c->shared = NULL; /* the mapping is the producer's */
    swapci_ring_close(c);
    swapci_ring_close(p);
}

static void small_ring(void **state) {
    hammer(state, 512);
}

static void large_ring(void **state) {
    hammer(state, 1 << 16);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_ring, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(large_ring, fixture_setup, fixture_teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
