#include "signals.h"

#include <signal.h>
#include <stddef.h>

atomic_int swapci_signals_stop;

static void on_signal(int number) {
    (void)number;
    atomic_store(&swapci_signals_stop, 1);
}

void swapci_signals_handle(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}
