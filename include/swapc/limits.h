/* swapc/limits.h - what one module may use.
 *
 * A set of ceilings that an instance lives under, in its start and init functions as well as in
 * every call. Which ceilings an engine can hold is in its caps (swapc/host.h): native code is
 * trusted code and holds only those that the host itself enforces (response, log, host calls).
 * An instance that ran into a ceiling is thrown away; the next call gets a fresh one.
 *
 * Threads and ownership: plain values. A field of 0 means "no limit", unless it says otherwise; but
 * a struct of zeros is no set of limits, it is refused for its size: start from SWAPC_LIMITS_INIT.
 */
#ifndef SWAPC_LIMITS_H
#define SWAPC_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a module may take; 0 in a field: no limit of ours, unless it says otherwise. */
typedef struct swapc_limits {
    size_t size;              /* sizeof(swapc_limits), by SWAPC_LIMITS_INIT */
    uint32_t deadline_ms;     /* wall time of one call, and of start and init together; with 0, an
                               * engine of SWAPC_CAP_METERED (wasm3) refuses a call's own deadline
                               * and cancel */
    uint64_t memory_max;      /* bytes of linear memory; rounded down to pages of 64 KiB */
    uint64_t response_max;    /* bytes of a response, an error or a host call's payload */
    uint32_t log_max;         /* bytes of one console line; the rest of the line is dropped */
    uint32_t log_lines;       /* console lines of one call; later ones are counted, not delivered */
    uint32_t host_call_depth; /* calls nested through host calls on one thread; 0, or more: 1000 */
    uint32_t host_call_count; /* host calls of one call */
    uint64_t
        compile_ms; /* what compiling the module may be estimated at, before an engine sees it: with
                          * optimisation, or else without, or else it is LIMIT; milliseconds of one core
                          * of 2024, estimated from what the module holds: no clock runs; 0: 2500 */
} swapc_limits;

/* The defaults: 10 s, 256 MiB, 16 MiB, 4 KiB, 64 lines, depth 8, 1024 host calls, compile_ms 0. */
#define SWAPC_LIMITS_INIT                                                                          \
    {sizeof(swapc_limits), 10000u, 268435456u, 16777216u, 4096u, 64u, 8u, 1024u, 0u}

/* Bytes that structs keep free for a swapc_limits inside them, so that it can grow. */
#define SWAPC_LIMITS_ROOM 128

#ifdef __cplusplus
}
#endif
#endif
