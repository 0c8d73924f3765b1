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

uint64_t swapci_clock_realtime_us(void) {
    return read_ns(CLOCK_REALTIME) / 1000u;
}

uint64_t swapci_clock_thread_cpu_ns(void) {
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t swapci_clock_process_cpu_ns(void) {
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}
