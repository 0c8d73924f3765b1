/* fail_point.h - places where a test has a process die as if the machine had taken it.
 *
 * SWAPC_FAIL_POINT=NAME:N in the environment: the N-th time that the process passes the place, it
 * kills itself (SIGKILL: nothing is flushed, nothing is said); NAME:N:stop stops it (SIGSTOP)
 * instead, until somebody continues it; NAME:N:hang has the thread go on no more, while the others do; NAME:=TEXT kills it each time that it passes the place with
 * a message that has TEXT in it. Without it a place costs one load and one branch. They are in
 * every build, so that what is tested is what is shipped; a program with raised privileges ignores
 * the variable.
 *
 * Threads: any.
 */
#ifndef SWAPCI_FAIL_POINT_H
#define SWAPCI_FAIL_POINT_H

#include <stdbool.h>

#include "swapc/bytes.h"

/* X(NAME): the places, in a process's and a message's order. */
#define SWAPCI_FAIL_POINTS(X)                                                                      \
    X(before_command)   /* main has begun, and nothing else */                                     \
    X(way_open)         /* to the other side, and to be taken down again */                        \
    X(document_written) /* of JSON, and not yet under its name */                                  \
    X(after_scenario)   /* of bench: its document is made */                                       \
    X(after_xreadgroup) /* entries are ours, nothing is done yet */                                \
    X(after_signing)    /* signed, not in the ring */                                              \
    X(mid_record)       /* a record's head is in the ring, its bytes are not */                    \
    X(in_call)          /* the module is about to be called */                                     \
    X(after_verify)     /* judged, the verdict is known to nobody */                               \
    X(before_script)    /* a batch of verdicts is ready to be sent */                              \
    X(after_script)     /* stored, and nobody was told */

#define SWAPCI_FAIL_POINT_ENUM(name) SWAPCI_FAIL_##name,
enum swapci_fail_point { SWAPCI_FAIL_POINTS(SWAPCI_FAIL_POINT_ENUM) SWAPCI_FAIL_POINT_COUNT };

/* Private; set before main. */
extern bool swapci_fail_point_armed;
void swapci_fail_point_reached(enum swapci_fail_point point, swapc_bytes message);

/* Passes the place: swapci_fail_point(SWAPCI_FAIL_mid_record). */
static inline void swapci_fail_point(enum swapci_fail_point point) {
    if (__builtin_expect(swapci_fail_point_armed, false))
        swapci_fail_point_reached(point, swapc_bytes_of(0, 0));
}

/* The same with the message that is at hand there. */
static inline void swapci_fail_point_with(enum swapci_fail_point point, swapc_bytes message) {
    if (__builtin_expect(swapci_fail_point_armed, false)) swapci_fail_point_reached(point, message);
}

#endif
