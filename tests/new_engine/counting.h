/* counting.h - what the engine "counting" counted: every entry into a guest and every instance.
 *
 * Threads: any; the counters are atomic.
 */
#ifndef COUNTING_H
#define COUNTING_H

#include <stdatomic.h>

struct counting {
    atomic_uint instances; /* alive */
    atomic_uint modules;   /* alive */
    atomic_ulong calls;    /* in all */
};

extern struct counting counting;

#endif
