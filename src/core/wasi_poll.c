#include <time.h>

#include "clock.h"
#include "wasi.h"
#include "wasi_memory.h"

/* struct subscription and struct event of WASI preview 1 */
enum { SUBSCRIPTION_SIZE = 48, EVENT_SIZE = 32 };
enum { TAG_CLOCK = 0, TAG_FD_READ = 1, TAG_FD_WRITE = 2 };
enum { CLOCK_IS_ABSOLUTE = 1, READ_IS_AT_ITS_END = 1, WRITABLE_BYTES = 65536 };

/* How often a sleeper looks whether its call was cancelled. */
enum { CANCEL_LOOK_NS = 1000000 };

/* Both clocks at one moment, so that every subscription of a poll is measured from the same one. */
struct moment {
    uint64_t monotonic_ns;
    uint64_t realtime_ns;
};

static struct moment moment_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct moment){swapci_clock_monotonic_ns(),
                           (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec};
}

static uint64_t add_saturated(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* When a clock's subscription is due, on the monotonic clock. */
static uint64_t clock_due(const uint8_t *subscription, const struct moment *begun) {
    uint32_t clock = swapci_wasi_load32(subscription + 16);
    uint64_t timeout = swapci_wasi_load64(subscription + 24);
    if (clock > 1) return 0;
    if (!(subscription[40] & CLOCK_IS_ABSOLUTE)) return add_saturated(begun->monotonic_ns, timeout);
    if (clock == 1) return timeout;
    return timeout <= begun->realtime_ns
               ? 0
               : add_saturated(begun->monotonic_ns, timeout - begun->realtime_ns);
}

/* Anything but a clock is due at once: with its answer, or with its errno. */
static uint64_t due(const uint8_t *subscription, const struct moment *begun) {
    return subscription[8] == TAG_CLOCK ? clock_due(subscription, begun) : 0;
}

static unsigned fd_errno(uint32_t fd, bool writes) {
    bool has = writes ? fd == 1 || fd == 2 : fd == 0;
    return has ? SWAPCI_WASI_SUCCESS : SWAPCI_WASI_BADF;
}

static void event(uint8_t *at, const uint8_t *subscription) {
    uint64_t userdata = swapci_wasi_load64(subscription);
    uint8_t tag = subscription[8];
    uint32_t id = swapci_wasi_load32(subscription + 16);
    unsigned code = SWAPCI_WASI_INVAL;
    if (tag == TAG_CLOCK && id <= 1) code = SWAPCI_WASI_SUCCESS;
    if (tag == TAG_FD_READ || tag == TAG_FD_WRITE) code = fd_errno(id, tag == TAG_FD_WRITE);
    memset(at, 0, EVENT_SIZE);
    swapci_wasi_store(at, userdata, 8);
    swapci_wasi_store(at + 8, code, 2);
    at[10] = tag;
    if (tag == TAG_FD_WRITE && code == SWAPCI_WASI_SUCCESS)
        swapci_wasi_store(at + 16, WRITABLE_BYTES, 8);
    if (tag == TAG_FD_READ && code == SWAPCI_WASI_SUCCESS) at[24] = READ_IS_AT_ITS_END;
}

/* Sleeps on the monotonic clock. An engine cannot stop a guest that is in here, so the call's
 * deadline and its cancel flag are kept here. */
static enum swapc_status sleep_until(swapc_call *call, uint64_t until) {
    const swapc_run *run = call->run;
    for (;;) {
        uint64_t now = swapci_clock_monotonic_ns(), wake = until;
        if (swapc_run_cancelled(run))
            return swapci_call_stop(call, SWAPC_CANCELLED,
                                    "module \"%s\" was stopped asleep: its call was cancelled",
                                    call->module_name);
        if (now >= until) return SWAPC_OK;
        if (run && run->deadline_ns && now >= run->deadline_ns)
            return swapci_call_stop(call, SWAPC_DEADLINE,
                                    "module \"%s\" was stopped asleep at its deadline: raise "
                                    "deadline_ms if it needs longer",
                                    call->module_name);
        if (run && run->deadline_ns && run->deadline_ns < wake) wake = run->deadline_ns;
        if (run && swapc_run_limited(run) && wake - now > CANCEL_LOOK_NS)
            wake = now + CANCEL_LOOK_NS;
        struct timespec t = {(time_t)(wake / 1000000000u), (long)(wake % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    }
}

static enum swapc_status poll_oneoff(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                     uint64_t *result) {
    uint8_t *in, *out, *count;
    if (!swapci_span(memory, args[0], args[2] * SUBSCRIPTION_SIZE, &in) ||
        !swapci_span(memory, args[1], args[2] * EVENT_SIZE, &out) ||
        !swapci_span(memory, args[3], 4, &count))
        return swapci_wasi_outside(call, "poll_oneoff");
    *result = SWAPCI_WASI_INVAL;
    if (args[2] == 0 || args[2] > SWAPCI_WASI_LIST_MAX) return SWAPC_OK;
    struct moment begun = moment_now();
    uint64_t first = UINT64_MAX;
    for (uint64_t i = 0; i < args[2]; i++) {
        uint64_t at = due(in + i * SUBSCRIPTION_SIZE, &begun);
        first = at < first ? at : first;
    }
    enum swapc_status status = sleep_until(call, first);
    if (status != SWAPC_OK) return status;
    uint64_t now = swapci_clock_monotonic_ns(), events = 0;
    for (uint64_t i = 0; i < args[2]; i++)
        if (due(in + i * SUBSCRIPTION_SIZE, &begun) <= now)
            event(out + events++ * EVENT_SIZE, in + i * SUBSCRIPTION_SIZE);
    swapci_wasi_store(count, events, 4);
    *result = SWAPCI_WASI_SUCCESS;
    return SWAPC_OK;
}

SWAPCI_LOOKED_AT_LONG(swapci_wasi_poll_oneoff, poll_oneoff)
