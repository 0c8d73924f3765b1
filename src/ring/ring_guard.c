/* What is shared: the guards, of which each is taken by setting `size` last and given back by clearing it
 * first; the handler, which may run in any thread at any access, reads them and calls mmap alone. `before`
 * is written once, before the first guard is set. */
#include "ring_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

static struct guard {
    atomic_bool taken;
    atomic_bool lost;
    _Atomic uintptr_t memory;
    _Atomic size_t size; /* 0: guards nothing */
} guards[SWAPCI_RING_GUARDS];

static struct sigaction before;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Replaces the memory that `address` is in. Returns false when it is nobody's. */
static bool replace(uintptr_t address) {
    for (int i = 0; i < SWAPCI_RING_GUARDS; i++) {
        size_t size = atomic_load(&guards[i].size);
        uintptr_t memory = atomic_load(&guards[i].memory);
        if (size == 0 || address < memory || address - memory >= size) continue;
        atomic_store(&guards[i].lost, true);
        return mmap((void *)memory, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
    }
    return false;
}

static void on_bus_error(int number, siginfo_t *info, void *context) {
    int saved = errno;
    bool replaced = replace((uintptr_t)info->si_addr);
    errno = saved;
    if (replaced) return;
    if (before.sa_flags & SA_SIGINFO) before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(number);
    else signal(number, SIG_DFL); /* the access raises it again, and ends the process */
}

static void install(void) {
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, NULL, &before);
    sigaction(SIGBUS, &action, NULL);
}

int swapci_ring_guard_set(void *memory, size_t size) {
    pthread_once(&once, install);
    for (int i = 0; i < SWAPCI_RING_GUARDS; i++) {
        if (atomic_exchange(&guards[i].taken, true)) continue;
        atomic_store(&guards[i].lost, false);
        atomic_store(&guards[i].memory, (uintptr_t)memory);
        atomic_store(&guards[i].size, size);
        return i;
    }
    return -1;
}

void swapci_ring_guard_clear(int guard) {
    if (guard < 0) return;
    atomic_store(&guards[guard].size, 0);
    atomic_store(&guards[guard].taken, false);
}

bool swapci_ring_guard_lost(int guard) {
    return guard >= 0 && atomic_load_explicit(&guards[guard].lost, memory_order_relaxed);
}
