/* What is shared: the flag and the count that the struct points at, atomics of the caller's. */
#include "settle.h"

#include "redis.h"

enum { AGAIN_MS = 50, AGAIN_MOST_MS = 1000 };

static bool ends(const swapci_settling *how) {
    return atomic_load(how->stop) != 0;
}

/* Returns whether it has a verdict. */
static bool try_once(const swapci_settling *how, bool alone, const char **why) {
    enum swapci_outcome outcome = how->call(how->user, alone, why);
    if (outcome == SWAPCI_OUTCOME_ONCE_MORE && !ends(how))
        outcome = how->call(how->user, true, why);
    return outcome == SWAPCI_OUTCOME_VERDICT || (outcome == SWAPCI_OUTCOME_ONCE_MORE && !ends(how));
}

bool swapci_settle(const swapci_settling *how, bool alone) {
    bool hindered = false, done;
    const char *why = "";
    for (uint32_t pause = AGAIN_MS; !(done = try_once(how, alone, &why));
         pause = pause < AGAIN_MOST_MS / 2 ? 2 * pause : AGAIN_MOST_MS) {
        if (!ends(how) && pause == AGAIN_MS)
            swapc_log_write(&how->log, SWAPC_LOG_WARN, how->role,
                            "a message could not be judged (%s): it is tried again", why);
        if (pause == AGAIN_MOST_MS && !hindered) {
            hindered = true;
            atomic_fetch_add(how->hindered, 1);
        }
        if (swapci_redis_sleep(how->stop, pause, NULL) != SWAPC_OK) break;
    }
    if (hindered) atomic_fetch_sub(how->hindered, 1);
    return done;
}
