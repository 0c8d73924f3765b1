/* patience.h - how long a module has to show that it works, on a machine that is busy with other
 * things.
 *
 * Who hangs is refused soon, and nobody because his thread got no CPU. So what passed its deadline
 * is tried again: once anyway; and while the thread had less than half of the deadline as CPU time,
 * but waited for a CPU for that long or longer (schedstat of proc(5)), with twice the time each
 * time, up to SWAPCI_PATIENCE_MOST times the deadline. A guest that loops has its CPU time, and one
 * that sleeps does not wait for a CPU: neither gains by it.
 *
 * Threads: one thread's own, the one that is measured. Ownership: plain storage.
 */
#ifndef SWAPCI_PATIENCE_H
#define SWAPCI_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

enum { SWAPCI_PATIENCE_MOST = 16 };

typedef struct swapci_patience {
    uint64_t cpu_ns, waited_ns; /* of the thread: when the call, when the try began */
    uint32_t times;             /* the deadline */
    bool tried;                 /* before */
} swapci_patience;

#define SWAPCI_PATIENCE_INIT {0, 0, 1, false}

/* A try begins: one call, or several. */
void swapci_patience_try(swapci_patience *patience);
/* A call of it begins. */
void swapci_patience_call(swapci_patience *patience);

/* What its deadline is now. */
uint32_t swapci_patience_ms(const swapci_patience *patience, uint32_t deadline_ms);

/* Whether what passed its deadline, which is deadline_ms on a quiet machine, is to be tried
 * again. */
bool swapci_patience_again(swapci_patience *patience, uint32_t deadline_ms);

/* The same for CPU time that the call had, and time that the thread waited in this try. */
bool swapci_patience_judge(swapci_patience *patience, uint32_t deadline_ms, uint64_t had_ns,
                           uint64_t waited_ns);

#endif
