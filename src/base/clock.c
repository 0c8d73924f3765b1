#include "clock.h"

#include <time.h>

#include "swapc/log.h"

static uint64_t read_ns(clockid_t id) {
    struct timespec now;
    SWAPC_CHECK(clock_gettime(id, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t swapci_clock_monotonic_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

/* The coarse clock is behind by a tick of the kernel, 1 to 10 ms, and by more where a hypervisor holds
 * the tick up: the fiftieth covers that. */
uint64_t swapci_clock_deadline_ns(uint32_t after_ms) {
    enum { LONG_MS = 1000, PART = 50 };
    uint64_t after = (uint64_t)after_ms * 1000000u;
    if (after_ms < LONG_MS) return swapci_clock_monotonic_ns() + after;
    return read_ns(CLOCK_MONOTONIC_COARSE) + after + after / PART;
}

uint64_t swapci_clock_realtime_us(void) {
    return read_ns(CLOCK_REALTIME) / 1000u;
}

uint64_t swapci_clock_thread_cpu_ns(void) {
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t swapci_clock_process_cpu_ns(void) {
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}
