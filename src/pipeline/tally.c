/* What is shared: the counts, atomics; last_reason, which whoever raises reason_turn from even to odd may write or
 * read; who finds it odd passes on: another reason of the same moment is as good. */
#include "tally.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "reason.h"

static bool enter(swapci_tally *tally) {
    uint64_t turn = atomic_load(&tally->reason_turn);
    return turn % 2 == 0 && atomic_compare_exchange_strong(&tally->reason_turn, &turn, turn + 1);
}

void swapci_tally_note(swapci_tally *tally, const char *status, const char *reason) {
    if (strcmp(status, "Valid") == 0) {
        atomic_fetch_add_explicit(&tally->valid, 1, memory_order_relaxed);
    } else if (strcmp(status, "NotValid") == 0) {
        atomic_fetch_add_explicit(&tally->not_valid, 1, memory_order_relaxed);
        if (reason && strcmp(reason, SWAPCI_REASON_UNKNOWN_KEY) == 0)
            atomic_fetch_add_explicit(&tally->unknown_keys, 1, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&tally->errors, 1, memory_order_relaxed);
        if (!enter(tally)) return;
        snprintf(tally->last_reason, sizeof tally->last_reason, "%s", reason ? reason : "");
        atomic_fetch_add(&tally->reason_turn, 1);
    }
}

void swapci_tally_reason(swapci_tally *tally, char out[SWAPCI_TALLY_REASON_MAX]) {
    out[0] = 0;
    for (int i = 0; i < 1000; i++) {
        if (!enter(tally)) continue;
        memcpy(out, tally->last_reason, SWAPCI_TALLY_REASON_MAX);
        atomic_fetch_add(&tally->reason_turn, 1);
        return;
    }
}
