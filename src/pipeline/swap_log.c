/* What is shared: the log, under its lock. */
#include "swap_log.h"

#include <string.h>

#include "clock.h"

const char *swapci_swap_action_name(enum swapci_swap_action action) {
    static const char *const names[] = {"swap", "rollback", "check"};
    return names[action];
}

void swapci_swap_log_add(swapci_swap_log *log, swapci_swap_event *event) {
    event->at_us = swapci_clock_realtime_us();
    pthread_mutex_lock(&log->lock);
    event->number = log->count + 1;
    log->events[log->count++ % SWAPCI_SWAP_LOG_MAX] = *event;
    log->counts[event->action][event->stage][event->status == SWAPC_OK]++;
    pthread_mutex_unlock(&log->lock);
}

void swapci_swap_log_copy(swapci_swap_log *log, swapci_swap_log *out) {
    pthread_mutex_lock(&log->lock);
    out->count = log->count;
    memcpy(out->events, log->events, sizeof out->events);
    memcpy(out->counts, log->counts, sizeof out->counts);
    pthread_mutex_unlock(&log->lock);
}
