#include "clock.h"

#include <stdatomic.h>
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

/* The coarse clock's step, asked for once; threads that ask at the same time get the same. */
static uint64_t coarse_step_ns(void) {
    static _Atomic uint64_t known;
    uint64_t step = atomic_load_explicit(&known, memory_order_relaxed);
    if (step == 0) {
        struct timespec resolution;
        SWAPC_CHECK(clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) == 0);
        step = (uint64_t)resolution.tv_sec * 1000000000u + (uint64_t)resolution.tv_nsec;
        atomic_store_explicit(&known, step, memory_order_relaxed);
    }
    return step;
}

/* The coarse clock is behind by less than its step, hence a step later is never too early. */
uint64_t swapci_clock_deadline_ns(uint32_t after_ms) {
    enum { STEPS_AT_LEAST = 50 };
    uint64_t after = (uint64_t)after_ms * 1000000u;
    uint64_t step = coarse_step_ns();
    if (after < STEPS_AT_LEAST * step)
        return swapci_clock_monotonic_ns() + after;
    return read_ns(CLOCK_MONOTONIC_COARSE) + step + after;
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
