/* wapc.h - the waPC protocol's host side: one call's state and the nine imports.
 *
 * A swapc_call lives as long as its instance. swapci_call_begin sets it up for one call, the
 * imports fill it while the guest runs, swapci_call_answer turns it into the caller's reply. The
 * imports work on {base, size} spans, so the same code serves wasm memory and native addresses.
 * Source: the waPC protocol, https://wapc.io/docs/spec/ ; where it is silent, the rules that
 * the conformance suite pins (see RATIONALE.md, "Why these answers where waPC is silent?").
 *
 * Threads: a call belongs to the thread that runs its instance.
 * Ownership: operation and payload are borrowed from the caller of the call; replies are the call's
 *     own, except `reply`, which is the caller's.
 */
#ifndef SWAPCI_WAPC_H
#define SWAPCI_WAPC_H

#include <stdbool.h>

#include "clock.h"
#include "swapc/module.h"
#include "swapc/sys/engine.h"

enum swapci_host_answer { SWAPCI_HOST_NONE, SWAPCI_HOST_RESPONSE, SWAPCI_HOST_ERROR };

/* A line of WASI's standard output or error that has no end yet: runtimes write them in pieces. */
struct swapci_output {
    uint64_t stream; /* the descriptor that wrote it */
    uint32_t used;
    uint8_t line[4096]; /* what is longer is dropped until the line's end */
};

struct swapc_call {
    /* Of the instance, set once. */
    const swapc_host_config *host;
    const swapc_limits *limits;
    const char *module_name;
    bool watched;        /* its engine holds deadlines: imports look at them, too */
    const uint64_t *now; /* the engine's word with the time; NULL: none */
    const swapc_call
        *around; /* while it is in swapci_around: the call that was there; NULL: none */

    /* Of the call, set by swapci_call_begin. */
    swapc_bytes operation;
    swapc_bytes payload;
    swapc_reply *reply;
    void *user;
    uint64_t generation;
    const swapc_run *run;  /* by swapci_call_enter; NULL: no limit */
    const uint64_t *clock; /* what swapci_call_look reads, and from when on it is late */
    uint64_t due;

    /* What the guest did so far; its response is in *reply. */
    bool responded; /* called __guest_response, with any number of bytes */
    bool failed;    /* called __guest_error */
    uint32_t host_calls;
    uint32_t log_lines;
    uint64_t memory_bytes; /* of the guest, when it answered last; stays from call to call */
    int32_t exit_code;
    enum swapci_host_answer host_answer;
    swapc_reply guest_error; /* kept apart: with a response it counts only when 0 is returned */
    swapc_reply host_reply;
    swapc_error report; /* why an import stopped the guest */
    struct swapci_output output;
};

/* What this thread is in: how many host calls deep (a handler may call modules in its turn, on
 * other instances, so the depth is the thread's and not the instance's), and the innermost call
 * that is in the program's hands, in a host call or a console line. Read on each call, hence the
 * model. */
struct swapci_around {
    const swapc_call *call; /* NULL: none */
    uint32_t host_calls;
};
extern _Thread_local struct swapci_around swapci_around __attribute__((tls_model("initial-exec")));

/* Whether this thread is in a callback of a call that lives under these very limits: of one
 * module. */
bool swapci_around_has(const swapc_limits *limits);
/* Whether a call that this thread is in a callback of answers into reply. */
static inline bool swapci_around_answers(const swapc_reply *reply) {
    const swapc_call *call = swapci_around.call;
    while (call && call->reply != reply) call = call->around;
    return call != NULL;
}

/* The words of SWAPCI_LOOK_ALWAYS and SWAPCI_LOOK_NEVER; see swapci_call_look. */
enum { SWAPCI_LOOK_ALWAYS, SWAPCI_LOOK_NEVER };
extern const uint64_t swapci_look_words[2];

/* After swapci_call_begin: the entry has the time of run, which lives until it returns. */
static inline void swapci_call_enter(swapc_call *call, const swapc_run *run) {
    int word = run->cancel || run->outer ? SWAPCI_LOOK_ALWAYS : SWAPCI_LOOK_NEVER;
    call->run = run;
    call->due = run->deadline_ns - 1;
    if (!call->watched) word = SWAPCI_LOOK_NEVER;
    else if (word == SWAPCI_LOOK_NEVER && run->deadline_ns) {
        word = SWAPCI_LOOK_ALWAYS;
        if (call->now) {
            call->clock = call->now;
            return;
        }
    }
    call->clock = &swapci_look_words[word];
}

/* Looks at cancel and at the clock, and reports in call that the time is up or that it was
 * cancelled. exact: by the exact clock; else by the coarse one first. */
enum swapc_status swapci_call_look_at(swapc_call *call, bool exact);

/* The look before and after every import (SWAPCI_LOOKED_AT): some 1 ns, some milliseconds late. A
 * time of 0 (unknown, or there is more to look at) wraps and is past any due. */
static inline enum swapc_status swapci_call_look(swapc_call *call) {
    if (__atomic_load_n(call->clock, __ATOMIC_RELAXED) - 1 < call->due) return SWAPC_OK;
    return swapci_call_look_at(call, false);
}

/* The look within a long import, between two slices of its work. */
static inline enum swapc_status swapci_call_look_now(swapc_call *call) {
    return call->run && call->watched ? swapci_call_look_at(call, true) : SWAPC_OK;
}

/* The look after an import that is done in less time than a look at a clock takes: where that is
 * all there is to look at, the look before the next one does. */
static inline enum swapc_status swapci_call_look_after(swapc_call *call) {
    if (__atomic_load_n(call->clock, __ATOMIC_RELAXED) - 1 < call->due ||
        call->clock == &swapci_look_words[SWAPCI_LOOK_ALWAYS])
        return SWAPC_OK;
    return swapci_call_look_at(call, false);
}

/* Deadline and cancel are looked at here, before and after every import, and nowhere else but
 * inside those that may take long by themselves: defines the import `name` around the function fn;
 * SLOW: one that runs the program's code or works in slices. A test goes through the whole
 * table. */
#define SWAPCI_LOOKED_AT_BY(name, fn, after)                                                       \
    enum swapc_status name(swapc_call *call, swapc_memory memory, const uint64_t *args,            \
                           uint64_t *result) {                                                     \
        enum swapc_status status = swapci_call_look(call);                                         \
        if (status == SWAPC_OK) status = fn(call, memory, args, result);                           \
        return status == SWAPC_OK ? after(call) : status;                                          \
    }
#define SWAPCI_LOOKED_AT(name, fn) SWAPCI_LOOKED_AT_BY(name, fn, swapci_call_look_after)
#define SWAPCI_LOOKED_AT_SLOW(name, fn) SWAPCI_LOOKED_AT_BY(name, fn, swapci_call_look)
/* One that may take milliseconds a time: the coarse clock after it would add as many. */
#define SWAPCI_LOOKED_AT_LONG(name, fn) SWAPCI_LOOKED_AT_BY(name, fn, swapci_call_look_now)

/* Prepares call for one entry. reply must stay valid until swapci_call_answer. */
void swapci_call_begin(swapc_call *call, swapc_bytes operation, swapc_bytes payload,
                       swapc_reply *reply, void *user, uint64_t generation);

/* After the guest returned `result`: sets reply->body. Returns SWAPC_OK (not 0; no response and no
 * error text is an empty response), GUEST_ERROR (0, without an error text a fixed one; or not 0
 * with an error text and no response) or NO_MEMORY. */
enum swapc_status swapci_call_answer(swapc_call *call, int32_t result);

/* After the guest was stopped: the text that it gave to __guest_error before; empty: none. Borrowed
 * until the next call. */
swapc_bytes swapci_call_error_text(const swapc_call *call);

/* Frees what the call owns. */
void swapci_call_fini(swapc_call *call);

/* Reports in call why an import stops the guest; returns status. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
enum swapc_status swapci_call_stop(swapc_call *call, enum swapc_status status, const char *format,
                                   ...);

/* Resolves a guest's span. Returns false when it is not wholly inside memory; a zero length accepts
 * any pointer and gives a pointer that must not be read. */
bool swapci_span(swapc_memory memory, uint64_t ptr, uint64_t len, uint8_t **out);

/* Delivers one console line: cut, counted, tagged. */
void swapci_console(swapc_call *call, swapc_bytes line);

/* Adds text to the stream's line and delivers each line that it ends. Another stream's unfinished
 * line is delivered before, so that the two never mix. Empty lines are not delivered. */
void swapci_console_write(swapc_call *call, uint64_t stream, swapc_bytes text);
/* Delivers the unfinished line: the guest has left, so nothing will end it. */
void swapci_console_flush(swapc_call *call);

/* The nine imports, swapc_import_fn each. */
#define SWAPCI_WAPC_IMPORTS(X)                                                                     \
    X("__guest_request", "ii", swapci_wapc_guest_request)                                          \
    X("__guest_response", "ii", swapci_wapc_guest_response)                                        \
    X("__guest_error", "ii", swapci_wapc_guest_error)                                              \
    X("__host_call", "iiiiiiii:i", swapci_wapc_host_call)                                          \
    X("__host_response_len", ":i", swapci_wapc_host_response_len)                                  \
    X("__host_response", "i", swapci_wapc_host_response)                                           \
    X("__host_error_len", ":i", swapci_wapc_host_error_len)                                        \
    X("__host_error", "i", swapci_wapc_host_error)                                                 \
    X("__console_log", "ii", swapci_wapc_console_log)

#define SWAPCI_IMPORT_DECLARE(name, signature, fn)                                                 \
    enum swapc_status fn(swapc_call *call, swapc_memory memory, const uint64_t *args,              \
                         uint64_t *result);
SWAPCI_WAPC_IMPORTS(SWAPCI_IMPORT_DECLARE)

#endif
