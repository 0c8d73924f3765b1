/* swapc/swapc.h - all of libswapc for an embedder: include this one.
 *
 * Start with swapc/host.h, then swapc/module.h; swapc/slot.h is for those who swap. What holds for
 * all of them is said here once, and repeated by none:
 *
 * Arguments: the object itself, out, in; a length is in the swapc_bytes; a callback, then its user
 *     pointer, which may always be NULL; swapc_error last, NULL drops the report.
 * NULL: a parameter may be NULL only where its function says what that means. Everything else is
 *     marked for the compiler (SWAPC_NONNULL, swapc/attributes.h), and NULL there panics or
 *     crashes.
 * Sizes: config, options and info structs begin with their size. Start from the …_INIT macro;
 *     storage of zeros is refused with INVALID, and with a panic where a function cannot answer so.
 * Failure: unless a function says otherwise, one that does not return SWAPC_OK has left its *out
 *     untouched and holds nothing.
 * Threads: each header says which calls need exclusion. No function may be called from a signal
 *     handler but swapc_cancel_request and the pure ones of swapc/error.h. None is a pthread
 *     cancellation point that may be used as one: do not cancel threads inside the library.
 * Callbacks: they run on the thread that called the library, in the middle of that call, and no
 *     lock of the library is held: they may call the library. They must return, on the thread that
 *     they were called on, the last one first: no longjmp, no C++ exception leaves them, and a
 *     coroutine that is switched away from in one goes on before any that began one later (else:
 *     panic).
 * Stacks: a thread of any size may call anything of this, if 16 KiB of its stack are left; so may a
 *     coroutine, and a callback whose guest has used most of a stack. Where less is left than the
 *     work needs (4 MiB to load or swap, 704 KiB to call or free) the library does it on a stack of
 *     its own, which costs some 20 ns; without memory for one it answers NO_MEMORY. So a callback
 *     may find itself on another stack than the thread's: it has 128 KiB there (on the engine
 *     native, what the module's own code has left of them). Guests that recurse end in TRAP_STACK
 *     everywhere, and host calls nest at most 1000 deep whatever limits.host_call_depth is.
 *     docs/ABI.md has the table.
 * Signals: wasmtime installs process-wide handlers of SIGSEGV, SIGBUS, SIGILL and SIGFPE when it is
 *     opened; they hand on what is not theirs. The library changes no signal mask of yours.
 * fork: a host does not survive into a child: its threads and locks do not. Fork before the first
 *     host is made, or exec after forking; in the child between the two, call nothing of this.
 */
#ifndef SWAPC_SWAPC_H
#define SWAPC_SWAPC_H

#include "swapc/allocator.h"
#include "swapc/attributes.h"
#include "swapc/bytes.h"
#include "swapc/contract.h"
#include "swapc/error.h"
#include "swapc/host.h"
#include "swapc/limits.h"
#include "swapc/log.h"
#include "swapc/module.h"
#include "swapc/slot.h"
#include "swapc/version.h"
#include "swapc/trust.h"

#endif
