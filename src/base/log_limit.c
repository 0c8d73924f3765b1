#include "log_limit.h"

#include <stdio.h>

#define MS_NS UINT64_C(1000000)

bool swapci_log_limit_may(swapci_log_limit *limit, uint64_t now_ns, uint64_t since_ns) {
    if (limit->since_ns == 0 || now_ns - limit->since_ns >= SWAPCI_LOG_LIMIT_MS * MS_NS) {
        limit->since_ns = now_ns;
        limit->lines = 0;
    }
    if (limit->lines < SWAPCI_LOG_LIMIT_LINES) {
        limit->lines++;
        return true;
    }
    if (now_ns > since_ns && now_ns - since_ns >= SWAPCI_LOG_LIMIT_LASTS_MS * MS_NS) return true;
    limit->left_out++;
    return false;
}

unsigned swapci_log_limit_left_out(swapci_log_limit *limit) {
    unsigned count = limit->left_out;
    limit->left_out = 0;
    return count;
}

const char *swapci_log_limit_more(swapci_log_limit *limit, char out[SWAPCI_LOG_LIMIT_MORE]) {
    unsigned count = swapci_log_limit_left_out(limit);
    out[0] = '\0';
    if (count > 0)
        snprintf(out, SWAPCI_LOG_LIMIT_MORE, " (and %u times before, not told each time)", count);
    return out;
}
