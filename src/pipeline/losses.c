#include "losses.h"

static bool another_stream(const swapci_counts *before, const swapci_counts *now) {
    return now->added < before->added || now->verdicts < before->verdicts;
}

/* By the group: beyond what was told of it. */
static uint64_t more_gone(swapci_losses *losses, const swapci_counts *now) {
    uint64_t gone = now->gone > 0 ? (uint64_t)now->gone : 0;
    uint64_t more = gone > losses->gone_told ? gone - losses->gone_told : 0;
    if (now->gone >= 0) losses->gone_told = gone;
    return more;
}

/* By the two looks: what came, less what was answered and what is open. */
static uint64_t more_missing(const swapci_counts *before, const swapci_counts *now) {
    uint64_t came = now->added - before->added + before->open;
    uint64_t known = now->verdicts - before->verdicts + now->open;
    return came > known ? came - known : 0;
}

uint64_t swapci_losses_begin(swapci_losses *losses, const swapci_counts *now) {
    losses->before = *now;
    losses->looked = true;
    return more_gone(losses, now);
}

uint64_t swapci_losses_more(swapci_losses *losses, const swapci_counts *now) {
    bool comparable = losses->looked && !losses->renewed && !another_stream(&losses->before, now);
    uint64_t missing = comparable ? more_missing(&losses->before, now) : 0;
    uint64_t gone = more_gone(losses, now);
    losses->before = *now;
    losses->looked = true;
    return missing > gone ? missing : gone;
}
