/* What is shared: which clock the coarse one is, an atomic that every thread finds out alike. */
#include "clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "swapc/log.h"

static uint64_t read_ns(clockid_t id) {
    struct timespec now;
    SWAPC_CHECK(clock_gettime(id, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t swapci_clock_monotonic_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

/* Where the kernel ticks slowly, the exact clock. */
uint64_t swapci_clock_coarse_ns(void) {
    enum { UNKNOWN, COARSE, EXACT, TICK_MOST_NS = 4000000 };
    static atomic_int which = UNKNOWN;
    int use = atomic_load_explicit(&which, memory_order_relaxed);
    if (use == UNKNOWN) {
        struct timespec tick;
        bool fine = clock_getres(CLOCK_MONOTONIC_COARSE, &tick) == 0 && tick.tv_sec == 0 &&
                    tick.tv_nsec <= TICK_MOST_NS;
        use = fine ? COARSE : EXACT;
        atomic_store_explicit(&which, use, memory_order_relaxed);
    }
    return read_ns(use == COARSE ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC);
}

#define LONG_NS 1000000000u

/* The coarse clock is behind by a tick of the kernel, 1 to 10 ms, and by more where a hypervisor
 * holds the tick up: the fiftieth covers that. */
uint64_t swapci_clock_deadline_ns(uint32_t after_ms) {
    uint64_t after = (uint64_t)after_ms * 1000000u;
    if (after < LONG_NS) return swapci_clock_monotonic_ns() + after;
    return read_ns(CLOCK_MONOTONIC_COARSE) + after + after / SWAPCI_CLOCK_PART;
}

/* Whether the deadline was a long one can be seen of what is left of it only while that is long. */
uint64_t swapci_clock_left_ms(uint64_t deadline_ns) {
    uint64_t now = swapci_clock_monotonic_ns();
    uint64_t left = now < deadline_ns ? deadline_ns - now : 0;
    if (left >= LONG_NS + LONG_NS / SWAPCI_CLOCK_PART)
        left -= (left + SWAPCI_CLOCK_PART) / (SWAPCI_CLOCK_PART + 1);
    else if (left > LONG_NS) left = LONG_NS;
    return left / 1000000u;
}

uint64_t swapci_clock_realtime_us(void) {
    return read_ns(CLOCK_REALTIME) / 1000u;
}

uint64_t swapci_clock_thread_cpu_ns(void) {
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* "ran waited slices" */
uint64_t swapci_clock_thread_waited_ns(void) {
    char text[128];
    unsigned long long waited = 0;
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[len > 0 ? len : 0] = 0;
    return sscanf(text, "%*u %llu", &waited) == 1 ? waited : 0;
}

uint64_t swapci_clock_process_cpu_ns(void) {
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}
