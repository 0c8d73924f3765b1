/* clock.h - the four clocks of swapc, as whole numbers.
 *
 * Threads: any. They cannot fail on Linux: a clock that is refused is a broken contract (panic).
 * Units: in the names. Cost: 20 to 200 ns; the CPU clocks are system calls.
 */
#ifndef SWAPCI_CLOCK_H
#define SWAPCI_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed point; never goes back, not moved by setting the time. */
uint64_t swapci_clock_monotonic_ns(void);

/* The same clock as of the last tick of the kernel: up to 4 ms behind, and a quarter of the
 * price. */
uint64_t swapci_clock_coarse_ns(void);

enum { SWAPCI_CLOCK_PART = 50 };

/* When after_ms from now will be, on the same clock: from a second on up to a fiftieth later, for
 * then it is counted on the kernel's coarse clock, which costs a quarter of the exact one. */
uint64_t swapci_clock_deadline_ns(uint32_t after_ms);

/* Whole milliseconds until a deadline made by the above, without what that added: never more than
 * it was given, and never more than before. 0: it has passed. */
uint64_t swapci_clock_left_ms(uint64_t deadline_ns);

/* Microseconds since 1970-01-01 UTC; jumps when the time is set. */
uint64_t swapci_clock_realtime_us(void);

/* Nanoseconds of CPU time that the calling thread has used. */
uint64_t swapci_clock_thread_cpu_ns(void);

/* Nanoseconds that the calling thread has waited for a processor while it could have run (schedstat
 * of proc(5)); 0 where the kernel does not say, or no descriptor is left to ask with. Costs some
 * 5 µs. */
uint64_t swapci_clock_thread_waited_ns(void);

/* Nanoseconds of CPU time that all threads of the process have used. */
uint64_t swapci_clock_process_cpu_ns(void);

#endif
