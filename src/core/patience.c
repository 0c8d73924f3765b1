#include "patience.h"

#include "clock.h"

void swapci_patience_try(swapci_patience *patience) {
    patience->waited_ns = swapci_clock_thread_waited_ns();
    swapci_patience_call(patience);
}

void swapci_patience_call(swapci_patience *patience) {
    patience->cpu_ns = swapci_clock_thread_cpu_ns();
}

uint32_t swapci_patience_ms(const swapci_patience *patience, uint32_t deadline_ms) {
    return deadline_ms > UINT32_MAX / patience->times ? UINT32_MAX : deadline_ms * patience->times;
}

bool swapci_patience_judge(swapci_patience *patience, uint32_t deadline_ms, uint64_t had_ns,
                           uint64_t waited_ns) {
    const uint64_t half_ns = deadline_ms * UINT64_C(500000);
    bool first = !patience->tried;
    patience->tried = true;
    if (had_ns >= half_ns || waited_ns < half_ns) return first;
    if (patience->times >= SWAPCI_PATIENCE_MOST) return false;
    patience->times *= 2;
    return true;
}

bool swapci_patience_again(swapci_patience *patience, uint32_t deadline_ms) {
    return swapci_patience_judge(patience, deadline_ms,
                                 swapci_clock_thread_cpu_ns() - patience->cpu_ns,
                                 swapci_clock_thread_waited_ns() - patience->waited_ns);
}
