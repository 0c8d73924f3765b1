/* end_times.h - how long the parts of an end may take.
 *
 * An end is to come within two seconds, whatever hangs: so each part of it has its limit, after which what it would still do is
 * left undone. On a machine that is crowded beyond all measure a limit passes though nothing hangs, and a test of what an end in
 * order leaves would fail of that. SWAPC_END_TIMES=N in the environment, 1 to SWAPCI_END_TIMES_MAX, makes each limit N times as
 * long; another value counts as 1, and a program with raised privileges ignores the variable.
 *
 * Threads: any. Nothing fails.
 */
#ifndef SWAPCI_END_TIMES_H
#define SWAPCI_END_TIMES_H

#include <stdint.h>

enum { SWAPCI_END_TIMES_MAX = 100 };

/* Returns a limit of `ms` as it is here; ms: at most UINT32_MAX / SWAPCI_END_TIMES_MAX. */
uint32_t swapci_end_ms(uint32_t ms);

/* Returns the N that the text (NULL: none) of the variable stands for. */
uint32_t swapci_end_times_of(const char *text);

#endif
